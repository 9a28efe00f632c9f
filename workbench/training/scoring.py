"""Strict figures of a model's predictions: a value counts when its field and all of its words are right. [worker]

They are seqeval's, of IOB2 tags. seqeval loads scikit-learn and pandas, so the
terminal process counts instead (`workbench.evaluation.metrics`), and a test holds both to the same figures.
"""

from collections.abc import Sequence, Set
from typing import Any

import numpy as np

from storage.records import FieldScore
from workbench.evaluation.metrics import Scores, values
from workbench.fields import chunks_of
from workbench.fields.schema import tags_of_chunks
from workbench.predictions.cases import Case, Stored, Value, decode, values_of
from workbench.training.predictor import DocumentPrediction

_AVERAGES = {"micro avg", "macro avg", "weighted avg"}
"""seqeval's rows beside those of the fields."""


def figures(
    predictions: Sequence[DocumentPrediction],
    labels: Sequence[str],
    once: Set[str] = frozenset(),
    labelled: Set[str] | None = None,
    in_pieces: Set[str] = frozenset(),
) -> dict[str, Any]:
    """`documents`, `loss` (of a word, nats), micro `precision`, `recall`, `f1`, `support`, and `fields` with the same.

    Only documents with labels count; `once` are the fields of which a document has one value. `labelled` are those
    with a label on some document of the run: predictions of others are neither right nor wrong, as for
    `workbench evaluate` (None: every field is judged). `in_pieces` are those whose values may be printed in pieces.
    """
    index = {label: i for i, label in enumerate(labels)}
    gold: list[set[Value]] = []
    rows = []
    stored = []
    losses = []
    for prediction in predictions:
        if prediction.row.tags is None:
            continue
        tags = [tag if tag in index else "O" for tag in prediction.row.tags]
        row = prediction.row
        gold.append(values_of(chunks_of(tags), row.lines, row.pages, in_pieces))  # as people meant it
        rows.append(row)
        stored.append(Stored(prediction.probabilities.astype("<f2").tobytes(), tags, prediction.row.pages))
        right = prediction.probabilities[np.arange(len(tags)), [index[tag] for tag in tags]]
        losses.append(-np.log(np.clip(right, 1e-9, 1)))
    predicted = []
    for row, decoded in zip(rows, decode(stored, labels, once), strict=True):
        chunks = [(v.field, v.start, v.stop) for v in decoded.values if labelled is None or v.field in labelled]
        predicted.append(values_of(chunks, row.lines, row.pages, in_pieces))
    words = np.concatenate(losses) if losses else np.empty(0)
    return {"documents": len(gold), "loss": float(words.mean()) if len(words) else 0.0, **spans(gold, predicted)}


def spans(gold: Sequence[Set[Value]], predicted: Sequence[Set[Value]]) -> dict[str, Any]:
    """Micro figures over the values of all documents, and those of each `fields` entry."""
    rows = _classification_report(gold, predicted)
    fields = sorted(rows.keys() - _AVERAGES)
    return {**_row(rows.get("micro avg", {})), "fields": {field: _row(rows[field]) for field in fields}}


def strict_scores(cases: Sequence[Case]) -> Scores:
    """The strict scores of report.json; `workbench.evaluation.metrics.strict_scores` counts the same."""
    rows = _classification_report(
        [values(case, case.gold) for case in cases], [values(case, case.predicted) for case in cases]
    )

    def score(row: str, name: str) -> FieldScore:
        return FieldScore(field=name, **_row(rows.get(row, {})))

    fields = {field: score(field, field) for field in sorted(rows.keys() - _AVERAGES)}
    return Scores(fields, score("micro avg", "micro"), score("macro avg", "macro"))


def _classification_report(gold: Sequence[Set[Value]], predicted: Sequence[Set[Value]]) -> dict[str, dict[str, Any]]:
    """seqeval's rows, by field and average; none where no document has a value."""
    from seqeval.metrics import classification_report  # loads scikit-learn: nothing that only predicts waits for it
    from seqeval.scheme import IOB2

    if not any(gold) and not any(predicted):  # seqeval fails without any value
        return {}
    pairs = [_as_tags(*document) for document in zip(gold, predicted, strict=True)]
    rows: dict[str, dict[str, Any]] = classification_report(
        [tags for tags, _ in pairs], [tags for _, tags in pairs],
        mode="strict", scheme=IOB2, output_dict=True, zero_division=0,
    )  # fmt: skip
    return rows


def _as_tags(gold: Set[Value], predicted: Set[Value]) -> tuple[list[str], list[str]]:
    """A document's tags, without the words that are in no value: seqeval looks at every one, slowly.

    A value in pieces is no stretch of words, so each has a position of its own behind them.
    """
    in_pieces = sorted(value for value in gold | predicted if len(value) > 1)
    stretches = [[value[0] for value in side if len(value) == 1] for side in (gold, predicted)]
    length = max((stop for side in stretches for *_, stop in side), default=0)
    words = zip(*(tags_of_chunks(side, length) for side in stretches), strict=True)
    kept = [pair for pair in words if pair != ("O", "O")]
    kept += [tuple(f"B-{value[0][0]}" if value in side else "O" for side in (gold, predicted)) for value in in_pieces]
    return [tag for tag, _ in kept], [tag for _, tag in kept]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "precision": float(row.get("precision", 0)),
        "recall": float(row.get("recall", 0)),
        "f1": float(row.get("f1-score", 0)),
        "support": int(row.get("support", 0)),
    }
