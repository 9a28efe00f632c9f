"""Curves of runs as data, and pictures of them: SVG and PNG files, and SVG for the HTML report.

matplotlib draws; it is imported only when a picture is made.
"""

import logging
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from storage.exceptions import UsageProblem
from storage.files import write_atomic
from workbench.fields import colours
from workbench.runs.progress import Progress

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (colours.BLUE, colours.VERMILION, colours.GREEN, colours.PURPLE, colours.ORANGE, colours.SKY_BLUE)
"""Of Okabe and Ito: told apart by the colour-blind, and dark enough for white paper."""

BARS = "F1 of fields on validation"
"""What the bar chart shows."""

WIDTH, HEIGHT = 900, 420
"""Of a picture, in hundredths of an inch; the pixels of a PNG are twice as many."""

_DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (2, 1)))
_MARKERS = ("o", "s", "^", "D", "v")
_HATCHES = ("", "///", "...", "xxx", "\\\\\\", "+++")
"""With a colour goes a way of drawing, for paper without colours."""

_NAMED, _ACROSS = 30, 3  # of the legend: names at most, names in a row
_FONTS = (
    "DejaVu Sans",  # comes with matplotlib; the others have Chinese signs
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Noto Sans CJK SC",
    "Droid Sans Fallback",
    "AR PL UMing CN",
    "Arial Unicode MS",
    "PingFang SC",
    "Microsoft YaHei",
    "SimSun",
)


@dataclass(frozen=True, slots=True)
class Series:
    """A curve, or points: (step, value) in order, and (step, low, high) where an interval is known."""

    name: str
    points: tuple[tuple[float, float], ...]
    colour: str = ""
    joined: bool = True  # by a line; else there are points alone
    spread: tuple[tuple[float, float, float], ...] = ()


KINDS: dict[str, str] = {
    "loss": "Loss",
    "f1": "F1",
    "learning_rate": "Learning rate",
    "grad_norm": "Gradient norm",
    "tokens_per_second": "Tokens a second",
    "memory_mb": "Memory, MiB",
}
"""What can be drawn of a run."""


def series(progress: Progress, kind: str, name: str = "") -> list[Series]:
    """A run's curves of one kind; a name goes before each (to tell runs apart)."""
    before = f"{name} " if name else ""
    if kind == "f1":
        return [
            Series(f"{before}validation", _evaluated(progress, "validation", "f1")),
            Series(f"{before}train", _evaluated(progress, "train", "f1")),
        ]
    steps = tuple((step.step, value) for step in progress.steps if (value := getattr(step, kind)) is not None)
    if kind == "loss":
        return [
            Series(f"{before}train", steps),
            Series(f"{before}validation", _evaluated(progress, "validation", "loss")),
        ]
    return [Series(name or KINDS[kind].lower(), steps)]


def _evaluated(progress: Progress, side: str, figure: str) -> tuple[tuple[float, float], ...]:
    sides = ((e.step, e.validation if side == "validation" else e.train) for e in progress.evaluations)
    return tuple((step, value) for step, figures in sides if (value := figures.get(figure)) is not None)


# --- charts -----------------------------------------------------------------------------------------------------


class Chart(Protocol):
    """What can be drawn into a figure."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in hundredths of an inch."""

    def draw(self, figure: "Figure") -> None:
        """Draw it into an empty figure of that size."""


@dataclass(frozen=True)
class Curves:
    """Curves over each other; `unit` is what is counted to the right, from 0."""

    title: str
    lines: Sequence[Series]
    unit: str = "step"
    size: tuple[int, int] = (WIDTH, HEIGHT)

    def draw(self, figure: "Figure") -> None:
        """Draw the curves that have points."""
        lines = [line for line in self.lines if line.points]
        if not lines:
            write_title(figure, self.title)
            figure.text(0.5, 0.5, "nothing to draw", color="#777777", ha="center")
            return
        axes = figure.add_subplot(xlabel=self.unit)
        handles = [_curve(figure, axes, number, len(lines), line) for number, line in enumerate(lines)]
        axes.set_xlim(left=0)
        axes.locator_params(axis="x", integer=self.unit == "step")  # there is no half a step
        axes.locator_params(axis="y", nbins=6)
        _legend(figure, self.title, handles, [line.name for line in lines])


def _curve(figure: "Figure", axes: "Axes", number: int, of: int, line: Series) -> "Artist":
    from matplotlib.transforms import ScaledTranslation

    colour = line.colour or COLOURS[number % len(COLOURS)]
    many = len(line.points) > 40
    (drawn,) = axes.plot(
        *zip(*line.points, strict=True),
        color=colour,
        linestyle=_DASHES[number % len(_DASHES)] if line.joined else "",
        marker=_MARKERS[number // len(_DASHES) % len(_MARKERS) if line.joined else number % len(_MARKERS)],
        markersize=4 if line.joined else 6,
        markevery=len(line.points) // 8 if many and line.joined else 1,
    )
    if line.spread:
        steps, low, high = zip(*line.spread, strict=True)
        aside = (number - (of - 1) / 2) * 0.03  # inches: the bars of several curves stand beside each other
        beside = axes.transData + ScaledTranslation(aside, 0, figure.dpi_scale_trans)
        axes.vlines(steps, low, high, color=colour, transform=beside)
        axes.update_datalim([*zip(steps, low, strict=True), *zip(steps, high, strict=True)])
        axes.autoscale_view()
    return drawn


@dataclass(frozen=True)
class Bars:
    """Bars of names, a colour for each run: values 0..1, with the intervals of the first run where they are known."""

    title: str
    names: Sequence[str]
    runs: Sequence[tuple[str, Sequence[float]]]
    intervals: Sequence[Sequence[float] | None] = ()

    @property
    def size(self) -> tuple[int, int]:
        """As high as the names need."""
        return WIDTH, max(HEIGHT // 2, 100 + len(self.names) * (16 * len(self.runs) + 8))

    def draw(self, figure: "Figure") -> None:
        """Draw the first name at the top, and of each name the first run."""
        axes = figure.add_subplot(xlim=(0, 1.1))
        thick = 0.8 / max(1, len(self.runs))
        handles = []
        for number, (_, values) in enumerate(self.runs):
            places = [row - 0.4 + (number + 0.5) * thick for row in range(len(self.names))]
            intervals = self.intervals if not number else ()
            bars = axes.barh(
                places,
                values,
                0.9 * thick,
                color=COLOURS[number % len(COLOURS)],
                hatch=_HATCHES[number % len(_HATCHES)],
                edgecolor="white",
                linewidth=0,
            )
            handles.append(bars)
            ends = [max(value, *(ci95 or ())) if ci95 else value for value, ci95 in _paired(values, intervals)]
            for place, value, end in zip(places, values, ends, strict=True):
                axes.text(end + 0.008, place, f"{value:.2f}", va="center", fontsize=8, color="#555555")
            for place, ci95 in zip(places, intervals, strict=False):
                if ci95:
                    axes.hlines(place, ci95[0], ci95[1], color="black", linewidth=1.2)
        axes.set_yticks(range(len(self.names)), [printable(name, 40) for name in self.names])
        axes.set_ylim(len(self.names) - 0.5, -0.5)
        axes.set_xticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        if any(name for name, _ in self.runs):
            _legend(figure, self.title, handles, [name for name, _ in self.runs])
        else:
            write_title(figure, self.title)


def _paired(
    values: Sequence[float], intervals: Sequence[Sequence[float] | None]
) -> list[tuple[float, Sequence[float] | None]]:
    return list(zip(values, intervals or [None] * len(values), strict=True))


@dataclass(frozen=True)
class Reliability:
    """The share that was right by confidence: (low, high, share) of every bar, all 0..1.

    Confidences that can be trusted lie on the diagonal.
    """

    title: str
    bars: Sequence[tuple[float, float, float]]
    size: tuple[int, int] = (360, 320)

    def draw(self, figure: "Figure") -> None:
        """Draw the bars behind the diagonal."""
        write_title(figure, self.title)
        axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1.02), xlabel="confidence", ylabel="share right")
        for low, high, share in self.bars:
            axes.bar(low, share, high - low, align="edge", color=COLOURS[0], edgecolor="white")
        axes.plot((0, 1), (0, 1), color="black", linestyle="--", linewidth=1)


@dataclass(frozen=True)
class Shares:
    """Curves of shares over shares, both 0..1."""

    title: str
    lines: Sequence[Series]
    across: str
    up: str
    size: tuple[int, int] = (420, 380)

    def draw(self, figure: "Figure") -> None:
        axes = figure.add_subplot(xlim=(0, 1.01), ylim=(0, 1.02), xlabel=self.across, ylabel=self.up)
        lines = [line for line in self.lines if line.points]
        handles = [_curve(figure, axes, number, len(lines), line) for number, line in enumerate(lines)]
        if any(line.name for line in lines):
            _legend(figure, self.title, handles, [line.name for line in lines])
        else:
            write_title(figure, self.title)


def write_title(figure: "Figure", text: str) -> None:
    figure.suptitle(printable(text, 110), x=0.01, ha="left", fontsize=11)


def _legend(figure: "Figure", title: str, handles: Sequence[Any], names: Sequence[str]) -> None:
    """The title and below it the names in rows, above the axes: they cover nothing."""
    handles = handles[:_NAMED]
    legend = figure.legend(
        handles,
        list(map(str, range(len(handles)))),  # a label that begins with "_" would be left out
        loc="outside upper left",
        ncols=_ACROSS,
        frameon=False,
        fontsize=9,
        title=printable(title, 110),
        title_fontsize=11,
        alignment="left",
    )
    for text, name in zip(legend.get_texts(), names, strict=False):
        text.set_text(printable(name, 34))


def printable(name: str, most: int) -> str:
    """A name as it can be written into a picture: short, and without signs that XML cannot hold."""
    plain = "".join(sign if sign.isprintable() else " " for sign in name)
    return plain if len(plain) <= most else plain[: most - 1] + "…"


# --- pictures ---------------------------------------------------------------------------------------------------


def svg(chart: Chart) -> str:
    """The chart as an SVG file; texts stay texts."""
    return _render(chart, "svg").decode()


def png(chart: Chart) -> bytes:
    return _render(chart, "png")


def _render(chart: Chart, kind: str) -> bytes:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    width, height = chart.size
    out = BytesIO()
    with rc_context(_style()), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a sign that no font of this machine has is drawn as a box
        figure = Figure(figsize=(width / 100, height / 100), dpi=200, layout="constrained")
        chart.draw(figure)
        # without a date, the same chart is the same file
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(out, format=kind, metadata=nothing if kind == "svg" else None)
    return out.getvalue()


def _style() -> Any:
    from matplotlib import font_manager

    logging.getLogger(font_manager.__name__).setLevel(logging.ERROR)  # that a font has no weight "normal" is no matter
    return {
        "font.family": _families(),
        "font.size": 10,
        "text.parse_math": False,  # a name may have a "$"
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#DDDDDD",
        "hatch.color": "white",
        "lines.linewidth": 1.6,
        "svg.fonttype": "none",
        "svg.hashsalt": "workbench",
    }


def _families() -> list[str]:
    """The fonts to look for a sign in.

    matplotlib keeps a list of the fonts that this machine had when it was first used: where none of them has Chinese
    signs, those are added that were installed since.
    """
    from matplotlib.font_manager import findSystemFonts, fontManager

    if not _present(_FONTS[1:]):
        for path in {*findSystemFonts()} - {font.fname for font in fontManager.ttflist}:
            with suppress(OSError, RuntimeError):  # no font, or of a kind that matplotlib does not read
                fontManager.addfont(path)
    return _present(_FONTS)


def _present(families: Sequence[str]) -> list[str]:
    from matplotlib.font_manager import fontManager

    names = {font.name for font in fontManager.ttflist}
    return [family for family in families if family in names]


_WRITERS: dict[str, Callable[[Chart], str | bytes]] = {".svg": svg, ".png": png}


def check(path: Path) -> None:
    """See that a chart can be written into a file of this name, before work is spent on it.

    Raises:
        UsageProblem: it ends neither in .svg nor in .png.
    """
    if path.suffix.lower() not in _WRITERS:
        raise UsageProblem(f"{path.name} is neither .svg nor .png.", "Name the file with one of these endings.")


def save(chart: Chart, path: Path) -> None:
    """Write a chart to a file; its ending decides the format.

    Raises:
        UsageProblem: neither .svg nor .png.
        WorkspaceProblem: it cannot be written.
    """
    check(path)
    write_atomic(path, _WRITERS[path.suffix.lower()](chart), outside=True)
