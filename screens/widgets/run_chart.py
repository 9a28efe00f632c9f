"""Curves and bars of runs in the terminal."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static
from textual_plotext import PlotextPlot

from workbench.evaluation.charts import KINDS, Series
from workbench.fields.colours import GREY, LIGHT_GREEN, ON_DARK, SKY_BLUE
from workbench.search.charts import Axis, Line

_LETTERS = "abcdefghijklmnopqrstuvwxyz"  # of curves where there are no colours (NO_COLOR)
_THICK = 0.4  # of what there is for a name's bars: more, and the bars of two names touch


class RunChart(Vertical):
    """Curves over steps, or a bar chart of fields; the legend stands above, where it covers nothing."""

    DEFAULT_CSS = """
    RunChart { min-height: 6; }
    RunChart Static { height: auto; padding: 0 1; background: $surface; }
    RunChart PlotextPlot { height: 1fr; }
    """

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._legend, self._chart = Static(), PlotextPlot()
        self._titles: tuple[str, Sequence[tuple[str, str]], str, str] = ("", (), "", "")

    def compose(self) -> ComposeResult:
        yield self._legend
        yield self._chart

    def on_resize(self) -> None:
        self._explain(*self._titles)

    def _explain(self, title: str, named: Sequence[tuple[str, str]], note: str = "", signs: str = "") -> None:
        """The title, and every curve's or bar's colour where there are several, with a square or a curve's own sign; no
        sign apart from its name.
        """
        self._titles = (title, named, note, signs)
        parts, at, space = [(title, "bold")], cell_len(title), self.size.width - 2
        for number, (name, colour) in enumerate(named if len(named) > 1 else ()):
            sign = signs[number % len(signs)] if signs else "■"
            width = cell_len(f"  ■ {name}")
            breaks = at + width > space > 0
            at = width - 2 if breaks else at + width
            parts += [(f"\n{sign} " if breaks else f"  {sign} ", colour), (name, "")]
        if note:
            parts.append((f"\n{note}", "$text-muted"))
        self._legend.update(Content.assemble(*parts))

    def curves(self, title: str, lines: Sequence[Series], unit: str = "step", *, of_shares: bool = False) -> None:
        """Draw curves over each other; those without points are left out.

        Args:
            title: above them.
            lines: the curves.
            unit: what is counted to the right.
            of_shares: none of their values can be below 0 or above 1, and so no tick is.
        """
        plot = self._chart.plt
        plot.clear_figure()
        drawn = [line for line in lines if line.points]
        colours = [line.colour or ON_DARK[number % len(ON_DARK)] for number, line in enumerate(drawn)]
        named = [(line.name, colour) for line, colour in zip(drawn, colours, strict=True)]
        signs = _LETTERS if self.app.no_color and len(drawn) > 1 else ""
        self._explain(title if drawn else f"{title}: nothing yet", named, signs=signs)
        if title == KINDS["f1"]:
            plot.ylim(0, 1)  # two runs, or two moments, are to be compared by eye
            plot.yticks([0, 0.25, 0.5, 0.75, 1])
        for number, (line, colour) in enumerate(zip(drawn, colours, strict=True)):
            x, y = zip(*line.points, strict=True)
            sign = signs[number % len(signs)] if signs else ""
            if line.joined:
                plot.plot(list(x), list(y), marker=sign or ("braille" if len(x) > 1 else "dot"), color=_rgb(colour))
            else:
                plot.scatter(list(x), list(y), marker=sign or "dot", color=_rgb(colour))
        if drawn:
            steps = [x for line in drawn for x, _ in line.points]
            values = [y for line in drawn for _, y in line.points]
            places = _ticks(min(steps), max(steps), 4, whole=unit == "step")
            plot.xticks(places, [f"{place:.3g}" if unit != "step" else str(place) for place in places])
            plot.xlabel("" if unit == "step" else unit)
            if of_shares:
                aside = max(0.02, 0.1 * (max(values) - min(values)))
                plot.ylim(max(0.0, min(values) - aside), min(1.0, max(values) + aside))
            if title == KINDS["learning_rate"]:
                places = _ticks(min(values), max(values), 4)
                plot.yticks(places, [f"{place:.0e}" for place in places])
        self._chart.refresh()

    def parallel(self, title: str, axes: Sequence[Axis], lines: Sequence[Line]) -> None:
        """Draw a line for each run over its settings and F1: the best, those that ran to their end, the others."""
        plot = self._chart.plt
        plot.clear_figure()
        signed = [(str(number) if axis is not axes[-1] else "", axis) for number, axis in enumerate(axes, 1)]
        kinds = [("the best", LIGHT_GREEN), ("a run", SKY_BLUE), ("a run that fell behind", GREY)]
        ranges = [f"{sign} {axis.name} {'…'.join(text for _, text in axis.marks)}".strip() for sign, axis in signed]
        self._explain(
            title if lines else f"{title}: nothing yet",
            kinds if lines else (),
            "  ".join(text.replace(" ", "\N{NO-BREAK SPACE}") for text in ranges),
        )
        for line in lines:
            _, colour = kinds[0 if line.is_best else 1 if line.is_whole else 2]
            plot.plot([*range(len(line.places))], [*line.places], marker="braille", color=_rgb(colour))
        if lines:
            plot.xlim(-0.1, len(axes) - 0.9)
            plot.ylim(-0.05, 1.05)
            plot.xlabel("")
            plot.yticks([])
            plot.xticks([*range(len(axes))], [sign or axis.name for sign, axis in signed])
            for place in range(len(axes)):
                plot.vline(place, color="gray")
        self._chart.refresh()

    def bars(self, title: str, names: Sequence[str], runs: Sequence[tuple[str, Sequence[float]]]) -> None:
        """Draw horizontal bars, one group a name, one bar a run; the first of either on top."""
        plot = self._chart.plt
        plot.clear_figure()
        colours = [ON_DARK[i % len(ON_DARK)] for i in range(len(runs))]
        self._explain(title, [(run, colour) for (run, _), colour in zip(runs, colours, strict=True)])
        plot.xlabel("")
        if names and runs:
            plot.multiple_bar(
                list(reversed(names)), [list(reversed(row)) for _, row in reversed(runs)], orientation="horizontal",
                width=_THICK, color=[_rgb(colour) for colour in reversed(colours)],
            )  # fmt: skip
        self._chart.refresh()


def _ticks(low: float, high: float, count: int, whole: bool = False) -> list[float]:
    places = [low + (high - low) * i / count for i in range(count + 1)]
    return sorted({round(place) for place in places} if whole else set(places))


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
