"""Every unit is decided once, by a window that holds it, whatever the lengths."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from workbench.runs.windows import count, plan

LENGTHS = st.lists(st.integers(1, 40), max_size=80)


@given(LENGTHS, st.integers(1, 50), st.integers(0, 60))
def test_every_unit_is_decided_exactly_once(lengths: list[int], capacity: int, overlap: int) -> None:
    windows = plan(lengths, capacity, overlap)
    assert [u for w in windows for u in range(w.decides, w.until)] == list(range(len(lengths)))
    for window in windows:
        assert window.start <= window.decides <= window.until <= window.end
        assert sum(min(n, capacity) for n in lengths[window.start : window.end]) <= capacity
    for before, after in itertools.pairwise(windows):
        assert before.start < after.start and before.end < after.end
        shared = lengths[after.start : before.end]
        assert sum(min(n, capacity) for n in shared) <= overlap


@given(st.integers(1, 300), st.integers(4, 50), st.data())
def test_the_window_with_the_unit_furthest_from_an_edge_decides(units: int, capacity: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, capacity - 1))
    windows = plan([1] * units, capacity, overlap)
    for unit in range(units):
        screen = {
            w: min(unit - w.start if w.start else units, w.end - 1 - unit if w.end < units else units)
            for w in windows
            if w.start <= unit < w.end
        }
        chosen = next(w for w in windows if w.decides <= unit < w.until)
        if overlap <= capacity // 2:  # beyond it, three windows share a unit and neighbours settle it between them
            assert screen[chosen] >= max(screen.values()) - 1


def test_one_window_is_enough_for_a_page_that_fits() -> None:
    assert len(plan([3] * 10, 30, 8)) == 1
    assert plan([], 30, 8) == []
    assert (count(0, 30, 8), count(30, 30, 8), count(31, 30, 8)) == (0, 1, 2)
