"""Strict figures of a model's outcomes: spans in words, as seqeval counts them for IOB2. [worker]

Counted here because seqeval loads scikit-learn, which would add seconds to the start of every run; a test holds
that the figures are the same.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.cases import lenient_chunks, strict_chunks
from workbench.predicting import Outcome


def figures(outcomes: Sequence[Outcome], labels: Sequence[str]) -> dict[str, Any]:
    """`documents`, `loss` (of a word, nats), micro `precision`, `recall`, `f1`, `support`, and `fields` with the same.

    Only documents with labels count; a span counts when its field and all of its words are right.
    """
    index = {label: i for i, label in enumerate(labels)}
    gold: list[list[str]] = []
    predicted: list[list[str]] = []
    losses = []
    for outcome in outcomes:
        if outcome.row.tags is None:
            continue
        tags = [tag if tag in index else "O" for tag in outcome.row.tags]
        gold.append(tags)
        predicted.append([labels[i] for i in outcome.probabilities.argmax(axis=1)] if tags else [])
        right = outcome.probabilities[np.arange(len(tags)), [index[tag] for tag in tags]]
        losses.append(-np.log(np.clip(right, 1e-9, 1)))
    words = np.concatenate(losses) if losses else np.empty(0)
    return {"documents": len(gold), "loss": float(words.mean()) if len(words) else 0.0, **spans(gold, predicted)}


def spans(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Micro figures over all documents' tags, and those of each `fields` entry."""
    right, found, asked = Counter[str](), Counter[str](), Counter[str]()
    for truth, guess in zip(gold, predicted, strict=True):
        # as the stored predictions are evaluated later: gold is read as people meant it, a prediction to the letter
        wanted, given = set(lenient_chunks(truth)), set(strict_chunks(guess))
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
