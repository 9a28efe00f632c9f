"""How well the probabilities of each class order documents: areas under its curves, and its threshold for a precision.

numpy is imported where it is used, so that the terminal's start stays light.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

WISHED_PRECISION = 0.95
POINTS = 101
"""Of a curve, at most."""


def by_class(
    gold: Sequence[int], probabilities: "NDArray[Any]", labels: Sequence[str], wished: float = WISHED_PRECISION
) -> dict[str, dict[str, Any]]:
    """Each class against the rest.

    Args:
        gold: of each document, the index of its class.
        probabilities: documents × classes.
        labels: the classes' names.
        wished: the precision that the threshold is for, 0..1.

    Returns:
        {class: roc_auc, average_precision, threshold {precision, at, recall}, roc [[false positive rate, recall]],
        precision_recall [[recall, precision]]}; of classes that some documents have and some have not. `threshold` is
        None where no probability is high enough for the precision. The areas are of all points of the curves, of
        which at most `POINTS` are given.
    """
    import numpy as np

    own = np.asarray(gold)
    rows = {}
    for i, label in enumerate(labels):
        is_so = own == i
        if len(own) and 0 < is_so.sum() < len(own):
            right, wrong, limits = _steps(is_so, probabilities[:, i])
            rows[label] = {
                "roc_auc": _roc_auc(right, wrong),
                "average_precision": _average_precision(right, wrong),
                "threshold": _threshold(right, wrong, limits, wished),
                "roc": [[0.0, 0.0], *_points(wrong / wrong[-1], right / right[-1])],
                "precision_recall": _points(right / right[-1], right / (right + wrong)),
            }
    return rows


def _steps(is_so: "NDArray[Any]", shares: "NDArray[Any]") -> tuple["NDArray[Any]", "NDArray[Any]", "NDArray[Any]"]:
    """Documents above each different probability, the highest first: (of the class, of others, the probability)."""
    import numpy as np

    order = np.argsort(-shares, kind="stable")
    sorted_shares = shares[order]
    last = np.append(np.flatnonzero(np.diff(sorted_shares)), len(shares) - 1)  # equal ones are taken together
    return np.cumsum(is_so[order])[last], np.cumsum(~is_so[order])[last], sorted_shares[last]


def _points(across: "NDArray[Any]", up: "NDArray[Any]") -> list[list[float]]:
    """The points of a curve; of a long one so many, evenly drawn, with both ends."""
    import numpy as np

    at = np.unique(np.linspace(0, len(across) - 1, min(len(across), POINTS - 1)).round().astype(int))
    return [[round(float(x), 4), round(float(y), 4)] for x, y in zip(across[at], up[at], strict=True)]


def _roc_auc(right: "NDArray[Any]", wrong: "NDArray[Any]") -> float:
    """The area under recall over false positive rate, by trapezoids."""
    import numpy as np

    recall, false = np.append(0, right) / right[-1], np.append(0, wrong) / wrong[-1]
    return float(((recall[1:] + recall[:-1]) / 2 * np.diff(false)).sum())


def _average_precision(right: "NDArray[Any]", wrong: "NDArray[Any]") -> float:
    """The area under precision over recall as a sum of steps, without interpolation."""
    import numpy as np

    return float((np.diff(np.append(0, right)) / right[-1] * (right / (right + wrong))).sum())


def _threshold(right: "NDArray[Any]", wrong: "NDArray[Any]", limits: "NDArray[Any]", wished: float) -> Any:
    """The lowest probability from which on the precision is as wished."""
    enough = (right / (right + wrong) >= wished).nonzero()[0]
    if not enough.size:
        return None
    at = int(enough[-1])
    precision = float(right[at] / (right[at] + wrong[at]))
    return {"precision": precision, "at": float(limits[at]), "recall": float(right[at] / right[-1])}
