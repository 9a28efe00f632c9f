from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from storage.exceptions import UsageProblem
from workbench import charts
from workbench.charts import Series
from workbench.progress import Progress

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
