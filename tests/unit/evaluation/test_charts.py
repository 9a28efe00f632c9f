from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from storage.exceptions import UsageProblem
from workbench.evaluation import charts
from workbench.evaluation.charts import Series
from workbench.fonts import chinese_font
from workbench.runs.progress import Progress

EVENTS = [
    {"type": "started", "time": 1.0},
    {"type": "step", "time": 2.0, "step": 1, "total_steps": 2, "loss": 3.0, "learning_rate": 1e-3},
    {"type": "step", "time": 3.0, "step": 2, "total_steps": 2, "loss": None, "learning_rate": 1e-4},
    {
        "type": "evaluated", "time": 4.0, "step": 2,
        "train": {"f1": 0.9, "loss": 0.5}, "validation": {"f1": 0.8, "loss": 1.0},
    },
]  # fmt: skip


def test_curves_of_a_run() -> None:
    seen = Progress().after(EVENTS)
    assert charts.series(seen, "loss") == [Series("train", ((1, 3.0),)), Series("validation", ((2, 1.0),))]
    assert [s.name for s in charts.series(seen, "f1", "run a")] == ["run a validation", "run a train"]
    assert charts.series(seen, "learning_rate", "run a")[0].points == ((1, 1e-3), (2, 1e-4))
    for kind in charts.KINDS:
        charts.series(seen, kind)


points = st.lists(st.tuples(st.integers(0, 10**6), st.floats(-1e9, 1e9)), max_size=20).map(tuple)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.text(max_size=8), points), max_size=4))
def test_every_mark_lies_on_the_picture_and_the_svg_is_whole(
    lines: list[tuple[str, tuple[tuple[int, float], ...]]],
) -> None:
    marks = charts.curves("<Loss> & more", [Series(name, found) for name, found in lines])
    for mark in marks:
        assert all(0 <= x <= charts.WIDTH and 0 <= y <= charts.HEIGHT for x, y in mark.points)
    try:
        ElementTree.fromstring(charts.svg(marks))
    except ElementTree.ParseError:
        assert any(ord(c) < 32 or c in "\ufffe\uffff" for name, _ in lines for c in name)  # what XML cannot hold


def _reach(marks: list[charts.Mark], top: float) -> float:
    """The lowest end of the legend, which stands above what is drawn."""
    return max(
        y for mark in marks if mark.kind == "text" and mark.colour == "#222222" for _, y in mark.points if y < top
    )


def test_a_legend_covers_no_curve_and_no_bar_and_all_names_are_on_the_picture() -> None:
    names = [f"20261126-17{n:04} validation" for n in range(8)]
    lines = [Series(name, ((0, 1.0), (9, 0.0))) for name in names]
    marks = charts.curves("F1", lines)
    drawn = [mark for mark in marks if mark.kind == "line"]
    assert _reach(marks, 200) < min(y for mark in drawn for _, y in mark.points)
    bars = charts.bars("F1", ["amount_total", "date"], [(name, [1.0, 0.5]) for name in names])
    for listed in (marks, bars):
        placed = {mark.text: mark.points[0] for mark in listed if mark.text in names}
        assert set(placed) == set(names)
        assert all(x + 7 * len(name) < charts.WIDTH for name, (x, _) in placed.items())


def test_curves_stand_between_round_numbers() -> None:
    assert [f"{one:g}" for one in charts.ticks(0.362, 0.781)] == ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8"]
    assert [f"{one:g}" for one in charts.ticks(0, 1e-4)] == ["0", "2e-05", "4e-05", "6e-05", "8e-05", "0.0001"]
    marks = charts.curves("F1", [Series("a", ((0, 0.362), (10, 0.781)))])
    assert {"0.3", "0.8"} <= {mark.text for mark in marks if mark.kind == "text"}


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_all_of_a_curve_is_between_the_first_and_the_last_number(low: float, spread: float) -> None:
    found = charts.ticks(low, low + spread)
    slack = 1e-9 * max(1, abs(low), spread)
    assert found[0] <= low + slack and found[-1] >= low + spread - slack and 2 <= len(found) <= 7


def test_a_name_stands_beside_its_bars() -> None:
    marks = charts.bars("F1", ["total", "date"], [("a", [0.5, 1.0]), ("b", [0.2, 0.25])])
    value = [mark for mark in marks if mark.kind == "box"][2:]  # the first two are the legend's
    for number, name in enumerate(("total", "date")):
        (y,) = (mark.points[0][1] for mark in marks if mark.text == name)
        rows = [edge for mark in value[2 * number : 2 * number + 2] for _, edge in mark.points]
        assert min(rows) <= y <= max(rows)


@pytest.mark.skipif(chinese_font() is None, reason="this machine has no Chinese font")
def test_chinese_names_are_written_in_a_picture() -> None:
    one, other = (charts.png(charts.bars("F1", ["total"], [(name, [0.5])])) for name in ("发票", "模型"))
    assert one != other, "boxes instead of signs look alike"


def test_files_by_their_ending(tmp_path: Path) -> None:
    marks = charts.bars("F1", ["total", "date"], [("a", [0.5, 1.0]), ("b", [0.0, 0.25])])
    charts.save(marks, tmp_path / "bars.svg")
    assert ElementTree.parse(tmp_path / "bars.svg").getroot().tag.endswith("svg")
    charts.save(marks, tmp_path / "bars.png")
    with Image.open(tmp_path / "bars.png") as picture:
        assert picture.size == (2 * charts.WIDTH, 2 * charts.HEIGHT)
        assert len(picture.getcolors(1 << 20) or []) > 3
    with pytest.raises(UsageProblem, match="neither"):
        charts.save(marks, tmp_path / "bars.gif")
