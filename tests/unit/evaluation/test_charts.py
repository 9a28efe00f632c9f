from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from storage.exceptions import UsageProblem
from workbench.evaluation import charts
from workbench.evaluation.charts import Series
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
    progress = Progress().after(EVENTS)
    assert charts.series(progress, "loss") == [Series("train", ((1, 3.0),)), Series("validation", ((2, 1.0),))]
    assert [s.name for s in charts.series(progress, "f1", "run a")] == ["run a validation", "run a train"]
    assert charts.series(progress, "learning_rate", "run a")[0].points == ((1, 1e-3), (2, 1e-4))
    for kind in charts.KINDS:
        charts.series(progress, kind)


points = st.lists(st.tuples(st.integers(0, 10**6), st.floats(-1e9, 1e9)), max_size=20).map(tuple)


def texts(chart: charts.Chart) -> list[str]:
    """What is written in a chart, in the order in which it is drawn."""
    root = ElementTree.fromstring(charts.svg(chart))
    return ["".join(node.itertext()) for node in root.iter() if node.tag.endswith("}text")]


@settings(deadline=None, max_examples=10)  # matplotlib draws each
@given(st.lists(st.tuples(st.text(max_size=8), points), max_size=4))
def test_any_curves_give_a_whole_svg_with_their_names(
    lines: list[tuple[str, tuple[tuple[int, float], ...]]],
) -> None:
    written = texts(charts.Curves("<Loss> & $more$", [Series(name, points) for name, points in lines]))
    assert "<Loss> & $more$" in written
    for name, points in lines:
        assert not points or not name.strip() or not name.isprintable() or name in written
    assert ("nothing to draw" in written) is not any(points for _, points in lines)


def test_no_sign_of_a_name_is_a_command_to_a_terminal_or_a_page() -> None:
    evil = "\x1b]0;owned\x07\x9b\u202e<script>&"
    series = [Series(evil, ((0, 1.0), (1, 2.0)))]
    for chart in (charts.Curves(evil, series), charts.Curves(evil, []), charts.Bars(evil, [evil], [(evil, [0.5])])):
        written = charts.svg(chart)
        assert "script" in written and "<script" not in written
        assert not any(sign in written for sign in "\x1b\x07\x9b\u202e")


def drawn(chart: charts.Chart) -> Figure:
    """The chart in a figure that is laid out."""
    width, height = chart.size
    figure = Figure(figsize=(width / 100, height / 100), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    chart.draw(figure)
    figure.canvas.draw()
    return figure


def test_a_legend_covers_no_curve_and_no_bar_and_all_names_are_on_the_picture() -> None:
    names = [f"_20261126-17{n:04} validation" for n in range(8)]
    curves = charts.Curves("F1", [Series(name, ((0, 1.0), (9, 0.0))) for name in names])
    bars = charts.Bars("F1", ["amount_total", "date"], [(name, [1.0, 0.5]) for name in names])
    for chart in (curves, bars):
        figure = drawn(chart)
        (legend,), (axes,) = figure.legends, figure.axes
        assert [text.get_text() for text in legend.get_texts()] == names
        box, plot = legend.get_window_extent(), axes.get_window_extent()
        assert box.y0 >= plot.y1 and box.x0 >= 0 and box.x1 <= chart.size[0]


def test_curves_are_told_apart_without_colours() -> None:
    axes = drawn(charts.Curves("F1", [Series(str(n), ((0, 1.0), (9, 0.0))) for n in range(30)])).axes[0]
    assert len({(line.get_linestyle(), line._dash_pattern[1] and tuple(line._dash_pattern[1]), line.get_marker())
                for line in axes.lines}) == 30  # fmt: skip


def test_intervals_stand_beside_each_other_and_inside_the_picture() -> None:
    spread = ((10, 0.2, 0.9), (20, 0.3, 0.8))
    lines = [Series(name, ((10, 0.5), (20, 0.6)), spread=spread) for name in "ab"]
    axes = drawn(charts.Curves("F1", lines, "labels")).axes[0]
    first, second = (bars.get_transform().transform((10, 0.2))[0] for bars in axes.collections)
    assert first < second
    low, high = axes.get_ylim()
    assert low <= 0.2 and high >= 0.9


def test_a_name_stands_beside_its_bars_the_first_at_the_top() -> None:
    axes = drawn(charts.Bars("F1", ["total", "date"], [("a", [0.5, 1.0]), ("b", [0.2, 0.25])])).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["total", "date"]
    rows = [[round(bar.get_y() + bar.get_height() / 2) for bar in bars] for bars in axes.containers]
    assert rows == [[0, 1], [0, 1]] and axes.yaxis_inverted()
    assert {"0.50", "1.00", "0.20", "0.25"} <= {text.get_text() for text in axes.texts}


@pytest.mark.skipif(not charts._families()[1:], reason="this machine has no Chinese font")
def test_chinese_names_are_written_in_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where matplotlib wrote its list of fonts before that font was installed."""
    own = [font for font in font_manager.fontManager.ttflist if font.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    one, other = (charts.png(charts.Bars("F1", ["total"], [(name, [0.5])])) for name in ("发票", "模型"))
    assert one != other, "boxes instead of signs look alike"


def test_files_by_their_ending(tmp_path: Path) -> None:
    chart = charts.Bars("F1", ["total", "date"], [("a", [0.5, 1.0]), ("b", [0.0, 0.25])])
    charts.save(chart, tmp_path / "bars.svg")
    assert ElementTree.parse(tmp_path / "bars.svg").getroot().tag.endswith("svg")
    charts.save(charts.Curves("F1", [Series("a", ((0, 1.0), (9, 0.0)))]), tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.size == (2 * charts.WIDTH, 2 * charts.HEIGHT)
        assert len(picture.getcolors(1 << 20) or []) > 3
    with pytest.raises(UsageProblem, match="neither"):
        charts.save(chart, tmp_path / "bars.gif")


def test_the_same_chart_is_the_same_file() -> None:
    chart = charts.Curves("F1", [Series("a", ((0, 1.0), (9, 0.0)))])
    assert charts.svg(chart) == charts.svg(chart) and charts.png(chart) == charts.png(chart)
