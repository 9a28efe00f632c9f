"""Strict figures of a model's outcomes: a value counts when its field and all of its words are right. [worker]

They are seqeval's strict IOB2 figures of the values' tags. Counted here because seqeval loads scikit-learn, which would
add seconds to the start of every run; a test holds that the figures are the same.
"""

from collections import Counter
from collections.abc import Sequence, Set
from typing import Any

import numpy as np

from workbench.predictions.cases import Stored, decode, lenient_chunks
from workbench.training.predictor import DocumentPrediction

Span = tuple[str, int, int]
"""Field, first word, the word after the last."""


def figures(
    outcomes: Sequence[DocumentPrediction], labels: Sequence[str], once: Set[str] = frozenset()
) -> dict[str, Any]:
    """`documents`, `loss` (of a word, nats), micro `precision`, `recall`, `f1`, `support`, and `fields` with the same.

    Only documents with labels count; `once` are the fields of which a document has one value.
    """
    index = {label: i for i, label in enumerate(labels)}
    gold: list[list[Span]] = []
    stored = []
    losses = []
    for outcome in outcomes:
        if outcome.row.tags is None:
            continue
        tags = [tag if tag in index else "O" for tag in outcome.row.tags]
        gold.append(lenient_chunks(tags))  # as people meant it
        stored.append(Stored(outcome.probabilities.astype("<f2").tobytes(), tags, outcome.row.pages))
        right = outcome.probabilities[np.arange(len(tags)), [index[tag] for tag in tags]]
        losses.append(-np.log(np.clip(right, 1e-9, 1)))
    predicted = [
        [(chunk.field, chunk.start, chunk.stop) for chunk in read.values] for read in decode(stored, labels, once)
    ]
    words = np.concatenate(losses) if losses else np.empty(0)
    return {"documents": len(gold), "loss": float(words.mean()) if len(words) else 0.0, **spans(gold, predicted)}


def spans(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> dict[str, Any]:
    """Micro figures over all documents' spans, and those of each `fields` entry."""
    right, found, asked = Counter[str](), Counter[str](), Counter[str]()
    for wanted, given in zip(map(set, gold), map(set, predicted), strict=True):
        right.update(field for field, *_ in wanted & given)
        found.update(field for field, *_ in given)
        asked.update(field for field, *_ in wanted)
    fields = {name: _row(right[name], found[name], asked[name]) for name in sorted({*found, *asked})}
    return {**_row(right.total(), found.total(), asked.total()), "fields": fields}


def _row(right: int, found: int, asked: int) -> dict[str, Any]:
    return {
        "precision": right / found if found else 0.0,
        "recall": right / asked if asked else 0.0,
        "f1": 2 * right / (found + asked) if found + asked else 0.0,
        "support": asked,
    }
