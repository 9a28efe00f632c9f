"""Strict figures of a model's predictions: a value counts when its field and all of its words are right. [worker]

They are seqeval's of the values' tags, by its strict reading of IOB2.
"""

from collections.abc import Sequence, Set
from typing import Any

import numpy as np

from workbench.fields import chunks_of
from workbench.fields.schema import BioChunk, tags_of_chunks
from workbench.predictions.cases import Stored, decode
from workbench.training.predictor import DocumentPrediction


def figures(
    predictions: Sequence[DocumentPrediction],
    labels: Sequence[str],
    once: Set[str] = frozenset(),
    labelled: Set[str] | None = None,
) -> dict[str, Any]:
    """`documents`, `loss` (of a word, nats), micro `precision`, `recall`, `f1`, `support`, and `fields` with the same.

    Only documents with labels count; `once` are the fields of which a document has one value. `labelled` are those
    with a label on some document of the run: predictions of others are neither right nor wrong, as for
    `workbench evaluate` (None: every field is judged).
    """
    index = {label: i for i, label in enumerate(labels)}
    gold: list[list[BioChunk]] = []
    stored = []
    losses = []
    for prediction in predictions:
        if prediction.row.tags is None:
            continue
        tags = [tag if tag in index else "O" for tag in prediction.row.tags]
        gold.append(chunks_of(tags))  # as people meant it
        stored.append(Stored(prediction.probabilities.astype("<f2").tobytes(), tags, prediction.row.pages))
        right = prediction.probabilities[np.arange(len(tags)), [index[tag] for tag in tags]]
        losses.append(-np.log(np.clip(right, 1e-9, 1)))
    predicted = [
        [(v.field, v.start, v.stop) for v in decoded.values if labelled is None or v.field in labelled]
        for decoded in decode(stored, labels, once)
    ]
    words = np.concatenate(losses) if losses else np.empty(0)
    return {"documents": len(gold), "loss": float(words.mean()) if len(words) else 0.0, **spans(gold, predicted)}


def spans(gold: Sequence[Sequence[BioChunk]], predicted: Sequence[Sequence[BioChunk]]) -> dict[str, Any]:
    """Micro figures over all documents' values, and those of each `fields` entry.

    Args:
        gold: of each document; no word is in two values.
        predicted: the like.
    """
    from seqeval.metrics import classification_report  # loads scikit-learn: nothing that only predicts waits for it
    from seqeval.scheme import IOB2

    if not any(gold) and not any(predicted):
        return {**_row({}), "fields": {}}
    pairs = [_compact(*document) for document in zip(gold, predicted, strict=True)]
    report = classification_report(
        [tags for tags, _ in pairs], [tags for _, tags in pairs],
        mode="strict", scheme=IOB2, output_dict=True, zero_division=0,
    )  # fmt: skip
    fields = sorted({field for document in (*gold, *predicted) for field, *_ in document})
    return {**_row(report["micro avg"]), "fields": {field: _row(report[field]) for field in fields}}


def _compact(gold: Sequence[BioChunk], predicted: Sequence[BioChunk]) -> tuple[list[str], list[str]]:
    """The tags of a document, without the words that are in no value: seqeval looks at every one, slowly."""
    length = max((stop for *_, stop in (*gold, *predicted)), default=0)
    pairs = zip(tags_of_chunks(gold, length), tags_of_chunks(predicted, length), strict=True)
    kept = [pair for pair in pairs if pair != ("O", "O")]
    return [tag for tag, _ in kept], [tag for _, tag in kept]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "precision": float(row.get("precision", 0)),
        "recall": float(row.get("recall", 0)),
        "f1": float(row.get("f1-score", 0)),
        "support": int(row.get("support", 0)),
    }
