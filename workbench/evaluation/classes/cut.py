"""Where to cut between two classes, chosen on documents that nothing was learned from.

numpy is imported where it is used, so that the terminal's start stays light.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def best(odds: "NDArray[Any]", is_first: "NDArray[Any]", by: str) -> float:
    """The log-odds of the first class from which on it is best to decide for it.

    Args:
        odds: log-odds of the first class, by document.
        is_first: whether a document is of the first class.
        by: "f1" (mean over both classes) or "recall" (mean over both classes, however often each occurs).

    Returns:
        Half-way between two documents, or 0 (a probability of a half) where nothing is better; of cuts that are as
        good as each other, the one nearest to 0.
    """
    import numpy as np

    order = np.argsort(odds, kind="stable")
    values, first = np.asarray(odds, float)[order], np.asarray(is_first)[order]
    between = np.flatnonzero(np.diff(values) > 0)
    cuts = np.append((values[between] + values[between + 1]) / 2, 0.0)
    below = np.searchsorted(values, cuts, side="right")  # documents that a cut takes for the second class
    passed = np.append(0, np.cumsum(first))  # of the first class, among the lowest so many
    firsts, seconds = int(first.sum()), int((~first).sum())
    right_first = firsts - passed[below]
    right_second = below - passed[below]
    if by == "recall":
        figures = right_first / max(1, firsts) + right_second / max(1, seconds)
    else:
        figures = 2 * right_first / np.maximum(1, firsts + len(values) - below)
        figures = figures + 2 * right_second / np.maximum(1, seconds + below)
    good = np.flatnonzero(figures >= figures.max() - 1e-12)
    return float(cuts[good[np.abs(cuts[good]).argmin()]])
