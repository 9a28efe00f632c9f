"""How a page that is longer than the model takes becomes overlapping windows. Pure, and without tensors."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise


@dataclass(frozen=True, slots=True)
class Window:
    """Units [start, end) of a page; the predictions for units [decides, until) are taken from this window."""

    start: int
    end: int
    decides: int
    until: int


def plan(lengths: Sequence[int], capacity: int, overlap: int) -> list[Window]:
    """Windows over units of so many tokens each.

    Every unit is decided by exactly one window: the one in which it stands furthest from an edge, where the page's
    own beginning and end are no edges. A unit longer than `capacity` counts as `capacity` (it is cut to fit).

    Args:
        lengths: tokens of each unit, at least 1.
        capacity: tokens that fit into a window, at least 1.
        overlap: tokens that neighbouring windows share, where the units allow it.
    """
    sizes = [min(length, capacity) for length in lengths]
    before = [0, *accumulate(sizes)]
    count = len(sizes)
    ranges: list[tuple[int, int]] = []
    start = 0
    while start < count:
        end = start + 1
        while end < count and before[end + 1] - before[start] <= capacity:
            end += 1
        ranges.append((start, end))
        if end == count:
            break
        # As much overlap as asked for, but the next window must go on by at least one unit on either side.
        following = end
        while (
            following - 1 > start
            and before[end] - before[following - 1] <= overlap
            and before[end + 1] - before[following - 1] <= capacity
        ):
            following -= 1
        start = following
    return _decide(ranges, before)


def _decide(ranges: list[tuple[int, int]], before: list[int]) -> list[Window]:
    """Draw the border between neighbouring windows where a unit is equally far from both edges."""
    borders = [0]
    for (_, end), (start, _) in pairwise(ranges):
        middle = (before[start] + before[end]) / 2
        border = max(start, borders[-1])
        while border < end and (before[border] + before[border + 1]) / 2 < middle:
            border += 1
        borders.append(border)
    borders.append(len(before) - 1)
    return [Window(start, end, borders[i], borders[i + 1]) for i, (start, end) in enumerate(ranges)]


def count(tokens: int, capacity: int, overlap: int) -> int:
    """About how many windows a page of so many tokens becomes (for estimates)."""
    if tokens <= capacity:
        return 1 if tokens else 0
    step = max(1, capacity - overlap)
    return 1 + -(-(tokens - capacity) // step)
