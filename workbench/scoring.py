"""Strict figures of a model's outcomes: spans in words, IOB2. [worker]"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from workbench.encoding import decode
from workbench.predicting import Outcome


def figures(outcomes: Sequence[Outcome], labels: Sequence[str]) -> dict[str, Any]:
    """`documents`, `loss` (of a word, nats), micro `precision`, `recall`, `f1`, `support`, and `fields` with the same.

    Only documents with labels count; a span counts when its field and all of its words are right.
    """
    index = {label: i for i, label in enumerate(labels)}
    gold, predicted, losses = [], [], []
    for outcome in outcomes:
        tags = outcome.row.tags
        if tags is None:
            continue
        tags = [tag if tag in index else "O" for tag in tags]
        gold.append(tags)
        predicted.append(decode(labels, outcome.probabilities)[0])
        if tags:
            right = outcome.probabilities[np.arange(len(tags)), [index[tag] for tag in tags]]
            losses.append(-np.log(np.clip(right, 1e-9, 1)))
    loss = float(np.concatenate(losses).mean()) if losses else 0.0
    report: dict[str, Any] = {}
    if any(tag != "O" for tags in (*gold, *predicted) for tag in tags):
        report = classification_report(gold, predicted, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
    micro = _row(report.get("micro avg", {}))
    fields = {name: _row(row) for name, row in report.items() if not name.endswith(" avg")}
    return {"documents": len(gold), "loss": loss, **micro, "fields": fields}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "precision": float(row.get("precision", 0.0)), "recall": float(row.get("recall", 0.0)),
        "f1": float(row.get("f1-score", 0.0)), "support": int(row.get("support", 0)),
    }  # fmt: skip
