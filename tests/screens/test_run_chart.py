import re
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.widgets import Static

from screens.widgets.bars import spark
from screens.widgets.run_chart import RunChart
from screens.widgets.run_panel import _log
from workbench.evaluation.charts import Series


class ChartApp(App[None]):
    """A chart alone."""

    def compose(self) -> ComposeResult:
        yield RunChart()


async def test_curves_are_told_apart_by_letters_where_there_are_no_colours(monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        chart = app.query_one(RunChart)
        curves = [Series("validation", ((1, 0.2), (9, 0.3))), Series("train", ((1, 0.7), (9, 0.8)))]
        chart.curves("F1", curves)
        await pilot.pause()
        assert str(chart.query_one(Static).render()) == "F1  a validation  b train"
        drawn = chart._chart.plt.build()
        assert "aaa" in drawn and "bbb" in drawn


def test_a_small_curve_goes_from_the_first_to_the_last_value() -> None:
    assert spark([0.0, 0.0, 0.45], span=(0.0, 1.0)) == "▁▁▄"
    assert spark([3.0, 2.0, 1.0])[0] == "▇"
    assert spark([1.0] * 3) == "▁▁▁"
    assert spark(range(100), 5) == "▁▃▄▅▇"
    assert spark([], 4) == "····"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.integers(1, 20))
def test_a_small_curve_is_as_wide_as_it_may_be(values: list[float], width: int) -> None:
    assert len(spark(values, width)) == min(width, len(values))


@pytest.mark.parametrize("value", [0.0, 0.287, 1.0])
async def test_no_tick_of_an_f1_is_above_1_or_below_0(value: float) -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        chart = app.query_one(RunChart)
        chart.curves("Best F1 so far", [Series("a run", ((0.5, value),), joined=False)], "minutes", of_shares=True)
        await pilot.pause()
        rows = re.sub(r"\x1b\[[\d;]*m", "", chart._chart.plt.build()).splitlines()
        ticks = [float(found[1]) for row in rows if (found := re.match(r"\s*(-?\d+\.\d+)\s*┤", row))]
        assert len(ticks) > 1 and all(0 <= tick <= 1 for tick in ticks), rows


def test_a_note_of_a_run_is_whole_in_a_narrow_panel() -> None:
    note = "box: the environment of version 0.1.0 is made there, once; it takes minutes."
    lines = _log(("an older one", note), "the end of a log that is long", 28)
    assert " ".join(lines[1:-1]) == note and lines[-1] == "the end of a log that is lon"
    assert lines[0] == "an older one" and all(len(line) <= 28 for line in lines)
    assert _log(("an older one " * 9, note), "", 28) == textwrap.wrap(note, 28), "the last one is more of use"
