"""The figures of a classifier: per class, accuracy, macro and weighted F1, confusion, with intervals over documents.

numpy is imported where it is used, so that the terminal's start stays light.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.evaluation.classes import curves

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 1000
"""Of the bootstrap over documents, for 95 % intervals."""


def brief(gold: Sequence[int], probabilities: "NDArray[Any]", labels: Sequence[str]) -> dict[str, Any]:
    """What a run reports at an evaluation.

    Args:
        gold: of each document, the index of its class.
        probabilities: documents × classes.
        labels: the classes' names.

    Returns:
        documents, loss (nats), accuracy, precision, recall and f1 (means over the classes that occur in gold or
        prediction), support, fields: the same for each of these classes.
    """
    import numpy as np

    counts = confusion(gold, probabilities, len(labels))
    rows = _per_class(counts)
    used = [i for i in range(len(labels)) if counts[i].sum() or counts[:, i].sum()]
    right = probabilities[np.arange(len(gold)), list(gold)] if len(gold) else np.empty(0)
    return {
        "documents": len(gold),
        "loss": float(-np.log(np.clip(right, 1e-9, 1)).mean()) if len(gold) else 0.0,
        "accuracy": _share(counts.trace(), counts.sum()),
        **{name: _mean([rows[i][name] for i in used]) for name in ("precision", "recall", "f1")},
        "support": len(gold),
        "fields": {labels[i]: rows[i] for i in used},
    }


def full(gold: Sequence[int], probabilities: "NDArray[Any]", labels: Sequence[str], *, seed: int = 0) -> dict[str, Any]:
    """All figures of one side, as `workbench evaluate` shows them.

    Returns:
        task, documents, loss, accuracy, accuracy_ci95, macro, weighted (precision, recall, f1 and its ci95),
        classes {name: precision, recall, f1, support, ci95}, confusion {labels, counts: rows are the labels,
        columns the predictions}, calibration {ece, bins}, coverage [{threshold, share, accuracy}], curves (see
        `curves.by_class`), micro {f1}.
    """
    import numpy as np

    counts = confusion(gold, probabilities, len(labels))
    rows = _per_class(counts)
    used = [i for i in range(len(labels)) if counts[i].sum() or counts[:, i].sum()]
    support = [rows[i]["support"] for i in used]
    sampled = _resampled(gold, probabilities, len(labels), seed)  # resamples × classes × classes
    f1 = _f1_of(sampled)
    macro = f1[:, used].mean(axis=1) if used else np.zeros(len(sampled))
    weights = np.array(support, float) / max(1, sum(support))
    weighted = f1[:, used] @ weights if used else np.zeros(len(sampled))
    accuracy = sampled.trace(axis1=1, axis2=2) / np.maximum(1, sampled.sum(axis=(1, 2)))
    means = {name: [rows[i][name] for i in used] for name in ("precision", "recall", "f1")}
    return {
        "task": "classes",
        "documents": len(gold),
        "loss": brief(gold, probabilities, labels)["loss"],
        "accuracy": _share(counts.trace(), counts.sum()),
        "accuracy_ci95": _interval(accuracy),
        "micro": {"f1": _share(counts.trace(), counts.sum())},  # one class a document: it is the accuracy
        "macro": {**{name: _mean(row) for name, row in means.items()}, "ci95": _interval(macro)},
        "weighted": {
            **{name: float(np.dot(row, weights)) if used else 0.0 for name, row in means.items()},
            "ci95": _interval(weighted),
        },
        "classes": {labels[i]: {**rows[i], "ci95": _interval(f1[:, i])} for i in used},
        "confusion": {"labels": list(labels), "counts": counts.tolist()},
        "calibration": {
            "ece": calibration_error(gold, probabilities),
            "bins": calibration_bins(gold, probabilities),
        },
        "coverage": coverage(gold, probabilities),
        "curves": curves.by_class(gold, probabilities, labels),
    }


def confusion(gold: Sequence[int], probabilities: "NDArray[Any]", size: int) -> "NDArray[Any]":
    """size × size counts: rows are the labels, columns the likeliest classes."""
    import numpy as np

    counts = np.zeros((size, size), np.int64)
    if len(gold):
        np.add.at(counts, (np.asarray(gold), probabilities.argmax(axis=1)), 1)
    return counts


def calibration_bins(gold: Sequence[int], probabilities: "NDArray[Any]", bins: int = 10) -> list[dict[str, float]]:
    """Documents by how sure the model is: of each bin that has some low, high, share, confidence and accuracy."""
    import numpy as np

    if not len(gold):
        return []
    sure = probabilities.max(axis=1).astype(float)
    right = probabilities.argmax(axis=1) == np.asarray(gold)
    bin_of = np.minimum((sure * bins).astype(int), bins - 1)
    return [
        {
            "low": i / bins,
            "high": (i + 1) / bins,
            "share": float((bin_of == i).mean()),
            "confidence": float(sure[bin_of == i].mean()),
            "accuracy": float(right[bin_of == i].mean()),
        }
        for i in range(bins)
        if (bin_of == i).any()
    ]


def calibration_error(gold: Sequence[int], probabilities: "NDArray[Any]") -> float:
    """The expected calibration error (Naeini et al. 2015): how far confidence and accuracy lie apart, 0..1."""
    rows = calibration_bins(gold, probabilities)
    return sum(abs(row["confidence"] - row["accuracy"]) * row["share"] for row in rows)


def coverage(gold: Sequence[int], probabilities: "NDArray[Any]") -> list[dict[str, float]]:
    """For a few thresholds: the share of documents that are at least so sure, and how many of these are right."""
    import numpy as np

    if not len(gold):
        return []
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == np.asarray(gold)
    rows = []
    for threshold in (0.5, 0.7, 0.8, 0.9, 0.95, 0.99):
        kept = sure >= threshold
        rows.append(
            {"threshold": threshold, "share": float(kept.mean()), "accuracy": _share(right[kept].sum(), kept.sum())}
        )
    return rows


def _per_class(counts: "NDArray[Any]") -> list[dict[str, Any]]:
    rows = []
    for i in range(len(counts)):
        right, labelled, predicted = int(counts[i, i]), int(counts[i].sum()), int(counts[:, i].sum())
        rows.append(
            {
                "precision": _share(right, predicted),
                "recall": _share(right, labelled),
                "f1": _share(2 * right, labelled + predicted),
                "support": labelled,
            }
        )
    return rows


def _f1_of(sampled: "NDArray[Any]") -> "NDArray[Any]":
    import numpy as np

    right = np.diagonal(sampled, axis1=1, axis2=2)
    f1: NDArray[Any] = 2 * right / np.maximum(1, sampled.sum(axis=1) + sampled.sum(axis=2))
    return f1


def _resampled(gold: Sequence[int], probabilities: "NDArray[Any]", size: int, seed: int) -> "NDArray[Any]":
    """Confusions of bootstrap samples over documents: drawn from the multinomial that resampling them amounts to."""
    import numpy as np

    counts = confusion(gold, probabilities, size)
    total = int(counts.sum())
    if not total:
        return np.zeros((1, size, size), np.int64)
    draws = np.random.default_rng(seed).multinomial(total, counts.ravel() / total, RESAMPLES)
    return draws.reshape(RESAMPLES, size, size)


def _interval(values: "NDArray[Any]") -> list[float]:
    import numpy as np

    low, high = np.percentile(values, [2.5, 97.5])
    return [float(low), float(high)]


def _share(part: Any, whole: Any) -> float:
    return float(part) / float(whole) if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
