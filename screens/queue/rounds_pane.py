"""The rounds: what each cost and brought, F1 against labels with the forecast, and whether to go on."""

import math
from collections.abc import Mapping
from typing import Any

from textual.app import ComposeResult
from textual.color import Color
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static
from textual_plotext import PlotextPlot

from screens.queue import hints
from screens.queue.choice_list import MUTED, Rows, fit, sentence
from screens.queue.pane import Pane
from screens.widgets.status_lines import Hint
from storage.records import Round, Run
from workbench.active_learning.overview import RoundHistory
from workbench.active_learning.round_figures import Chart
from workbench.evaluation import comparison
from workbench.evaluation.comparison import Figure
from workbench.evaluation.learning_curve_fit import Forecast
from workbench.fields import colours

MEASURED_ANEW = "≠: measured on other validation documents than the model before; the two figures do not compare."


class RoundsPane(Pane, can_focus=True):
    DEFAULT_CSS = """
    RoundsPane {
        #advice { padding: 0 1; height: auto; background: $surface; }
        #head { padding: 0 1; height: 1; color: $text-muted; }
        Rows { height: auto; max-height: 35%; min-height: 2; }
        #charted { height: 1fr; }
        #fields { width: 34; padding: 1 1; }
        PlotextPlot { width: 1fr; background: $background; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="rounds")
        self._history: RoundHistory | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="advice")
        yield Static("round  strategy              labelled   minutes    kept  F1 on val.  by it", id="head")
        yield Rows()
        with Horizontal(id="charted"):
            with VerticalScroll(id="fields", can_focus=False):
                yield Static(id="by-field")
            yield PlotextPlot()

    def hint(self) -> Hint:
        return hints.rounds()

    def show(self, history: RoundHistory) -> None:
        self._history = history
        advice = history.chart.advice
        lead = ("Stop labelling: ", "bold $warning") if advice.stop else ("Go on: ", "bold $success")
        if history.chart.forecast.gain is None and not advice.stop:
            lead = ("Too early for a forecast: ", "bold")
        self.query_one("#advice", Static).update(Content.assemble(lead, sentence(advice.reason)))
        before = history.first
        lines = []
        for round_, size, run in history.rounds:
            gain = comparison.difference(history.f1.get(before.id) if before else None, _f1(history, run))
            lines.append((str(round_.id), _line(round_, size, run, gain, measured_anew(history, before, run))))
            before = run or before
        self.query_one(Rows).show(lines[::-1])
        self.pass_focus_on()
        self.query_one("#head").display = bool(lines)
        self._draw(history.chart)
        self.explain()

    def explain(self) -> None:
        """Per field, for the round under the cursor."""
        rounds = self._history.rounds if self._history else ()
        at = self.query_one(Rows).at
        text = Content("No rounds yet. The first begins with a batch: 1, then c.")
        before = self._history.first if self._history else None
        for round_, _, run in rounds:
            if str(round_.id) == at:
                text = self._by_field(round_, run)
                if self._history and measured_anew(self._history, before, run):
                    text += Content.styled(f"\n{MEASURED_ANEW}", MUTED)
            before = run or before
        self.query_one("#by-field", Static).update(text)

    def _by_field(self, round_: Round, run: Run | None) -> Content:
        scores = field_scores(run)
        suggested = round_.figures.get("fields") or {}
        parts: list[Content | str | tuple[str, str]] = [(f"{fit(f'Round {round_.id}', 18)} F1   kept\n", MUTED)]
        for name in [field.id for field in self.schema.spans if field.id in scores or field.id in suggested]:
            row = suggested.get(name)
            f1 = f"{scores[name]:.2f}" if name in scores else "  – "
            kept = f"{row['kept']}/{row['suggested']}" if row and row["suggested"] else "–"
            parts.append(f"{fit(self.schema.name(name), 17)} {f1} {kept:>6}\n")
        if len(parts) == 1:
            parts.append("Its figures come when it is closed and the next model is trained.")
        return Content.assemble(*parts)

    def _draw(self, chart: Chart) -> None:
        points = sorted(chart.points, key=lambda p: p.labels)
        plot = self.query_one(PlotextPlot)
        plt = plot.plt
        plt.clear_figure()
        plt.title("F1 by labelled documents" if points else "F1 appears here after the first model")
        plt.ylim(0, 1)
        if points:
            theme = self.app.current_theme
            own, ahead = (Color.parse(c or colours.GREY).rgb for c in (theme.primary, theme.accent))
            expected = forecast_curve(chart.forecast)
            labels = [p.labels for p in points]
            last = max([*labels, *(math.ceil(x) for x, *_ in expected)]) + 1
            plt.xlim(0, last)
            plt.xticks(range(0, last + 1, max(1, math.ceil(last / 6))))
            plt.yticks([0, 0.25, 0.5, 0.75, 1])
            if expected:
                xs = [x for x, *_ in expected]
                plt.plot(xs, [low for _, low, _, _ in expected], marker="dot", color=ahead)
                plt.plot(xs, [high for *_, high in expected], marker="dot", color=ahead)
                plt.plot(xs, [mid for _, _, mid, _ in expected], marker="braille", color=ahead)
                plt.title("F1 by labelled documents, with the forecast")
            if len(points) > 1:
                plt.plot(labels, [p.f1 for p in points], marker="braille", color=own)
            plt.scatter(labels, [p.f1 for p in points], marker="●", color=own)
        plot.refresh()


def forecast_curve(forecast: Forecast, steps: int = 24) -> list[tuple[float, float, float, float]]:
    """(labels, low, middle, high) of the forecast, from the first labels to the end of the next batch."""
    if not forecast.curves or not forecast.labels:
        return []
    first, last = max(1.0, forecast.labels / 4), forecast.labels + forecast.more
    curve = []
    for step in range(steps + 1):
        at = first + (last - first) * step / steps
        values = sorted(fitted.at(at) for fitted in forecast.curves)
        curve.append((at, values[0], values[len(values) // 2], values[-1]))
    return curve


def field_scores(run: Run | None) -> dict[str, float]:
    """Field -> F1 on validation, from a run's report."""
    report: Mapping[str, Any] = (run.report if run else None) or {}
    rows = ((report.get("figures") or {}).get("validation") or {}).get("fields") or {}
    return {name: row["f1"] for name, row in rows.items() if row.get("f1") is not None}


def _f1(history: RoundHistory, run: Run | None) -> Figure | None:
    return history.f1.get(run.id) if run else None


def measured_anew(history: RoundHistory, before: Run | None, run: Run | None) -> bool:
    """Whether both models have an F1, but on different documents: there is no gain then."""
    now, then = _f1(history, run), _f1(history, before)
    return now is not None and then is not None and not now.compares_with(then)


def _line(round_: Round, size: int, run: Run | None, gain: float | None, anew: bool) -> Content:
    figures = round_.figures
    kept = figures.get("agreement")
    f1 = run.f1 if run else None
    done = figures.get("documents")
    return Content.assemble(
        (f"{round_.id:>5}  ", MUTED),
        (fit(round_.strategy, 20), "bold"),
        f"{f'{done}/{size}' if done is not None else f'open, {size}':>10}",
        f"{figures['seconds'] / 60:>10.1f}" if "seconds" in figures else " " * 10,
        f"{'–' if kept is None else f'{kept:.0%}':>8}",
        (f"{'–' if f1 is None else f'{f1:.3f}':>11}", "bold"),
        (
            f"{f'{gain:+.3f}' if gain is not None else '≠' if anew else '':>8}",
            "$success" if gain and gain > 0 else "$warning",
        ),
    )
