"""A search in pictures: the best so far over time, parallel coordinates, and how much each setting matters.

Made of the search's runs and of what the driver wrote; Optuna is not loaded.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage.exceptions import UsageProblem, WorkbenchError
from storage.records import Run, RunState
from workbench.evaluation import charts
from workbench.evaluation.charts import Chart, Series
from workbench.fields import colours
from workbench.runs.config.files import from_dict
from workbench.search.plan import PRESET_RUN, WORKING, SearchFolder
from workbench.search.space import Dimension

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS: dict[str, str] = {
    "search-progress": "Best F1 so far",
    "parallel": "Settings and F1 of each run",
    "importance": "Importance of each setting",
}
"""What can be drawn of a search."""
TOO_FEW = "too few runs that ended, or too much alike, to say"
_HOURS_FROM = 180.0  # minutes
_COMPLETE = "complete"  # Optuna's word for a trial that ran to its end
_EARLY = "early"  # a trial of a share of the documents


@dataclass(frozen=True, slots=True)
class Trial:
    """A run of a search that has ended with a model."""

    name: str
    minutes: float  # from the search's first run to its end
    value: float  # F1 on validation
    is_whole: bool  # not stopped because it fell behind, and of all documents
    places: tuple[float, ...] | None  # its settings, 0..1 of what each may be; None: outside of what is searched


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search knows so far."""

    name: str
    planned: int  # runs, without the preset's where that lies outside of what is searched
    ended: int  # of these
    dimensions: tuple[Dimension, ...]
    trials: tuple[Trial, ...]  # in the order of their ends
    importance: dict[str, float]  # setting -> its share, by Optuna; empty where there are too few trials
    sentences: tuple[str, ...] = ()  # what the best gained over the preset, once the search has ended

    @property
    def best(self) -> Trial | None:
        """The first of the best that ran to their end."""
        return max((trial for trial in self.trials if trial.is_whole), key=lambda trial: trial.value, default=None)

    @property
    def unit(self) -> str:
        return "hours" if self.trials and self.trials[-1].minutes > _HOURS_FROM else "minutes"


def outcome(folder: SearchFolder, runs: Sequence[Run]) -> Outcome:
    """What a search knows so far.

    Args:
        folder: of the search.
        runs: the workspace's runs; those of other groups are left out.

    Raises:
        InputProblem: its plan is gone or damaged.
    """
    plan, known = folder.read_plan(), folder.read_progress()
    dimensions = plan.dimensions
    mine = [run for run in runs if run.batch == plan.name]
    began = min((run.created for run in mine), default=None)
    states = {row["run"]: _EARLY if row.get("documents") else row["state"] for row in known.get("trials", ())}
    trials = []
    for run in mine:
        if began is None or run.ended is None or run.f1 is None or run.state in WORKING:
            continue
        is_whole = states.get(run.id, _COMPLETE) == _COMPLETE and run.state is RunState.FINISHED
        minutes = (run.ended - began).total_seconds() / 60
        trials.append(Trial(run.name, max(0.0, minutes), run.f1, is_whole, _places(run, dimensions)))
    gains = (known.get("gain"), (known.get("test") or {}).get("gain"))
    sentences = tuple(gain["sentence"] for gain in gains if gain)
    return Outcome(
        plan.name, plan.trials, plan.ended(mine), dimensions, tuple(sorted(trials, key=lambda trial: trial.minutes)),
        dict(known.get("importance", {})), sentences,
    )  # fmt: skip


def _places(run: Run, dimensions: Sequence[Dimension]) -> tuple[float, ...] | None:
    places = []
    with suppress(WorkbenchError):  # a configuration of another version
        config = from_dict(run.config)
        for dimension in dimensions:
            value = dimension.place_of(config)
            if value is None:
                return None
            places.append(_share(dimension, value))
        return tuple(places)
    return None


def _share(dimension: Dimension, value: Any) -> float:
    """Where a value stands between the ends of its dimension, 0..1."""
    if dimension.choices:
        return dimension.choices.index(str(value)) / (len(dimension.choices) - 1)
    low, high = dimension.low, dimension.high
    if dimension.log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return min(1.0, max(0.0, float(value - low) / (high - low)))


def progress(search: Outcome) -> list[Series]:
    """The best so far as steps, the preset's F1 as a line, and every run as a point."""
    scale = 60.0 if search.unit == "hours" else 1.0
    whole = [(trial.minutes / scale, trial.value) for trial in search.trials if trial.is_whole]
    behind = [(trial.minutes / scale, trial.value) for trial in search.trials if not trial.is_whole]
    steps: list[tuple[float, float]] = []
    for minutes, value in whole:
        best = max(value, steps[-1][1]) if steps else value
        steps += [(minutes, steps[-1][1]), (minutes, best)] if steps else [(minutes, best)]
    end = search.trials[-1].minutes / scale if search.trials else 0.0
    if steps:
        steps.append((end, steps[-1][1]))
    preset = next((trial.value for trial in search.trials if trial.name == f"{search.name} {PRESET_RUN}"), None)
    return [
        Series("best so far", tuple(steps), colours.GREEN),
        Series("the preset", () if preset is None else ((0.0, preset), (end, preset)), colours.ORANGE),
        Series("a run", tuple(whole), colours.SKY_BLUE, joined=False),
        Series("fell behind, or of a share", tuple(behind), colours.GREY, joined=False),
    ]


@dataclass(frozen=True, slots=True)
class Line:
    """A run in parallel coordinates: its place on each axis, 0..1, the last of which is the F1."""

    name: str
    places: tuple[float, ...]
    is_whole: bool
    is_best: bool


@dataclass(frozen=True, slots=True)
class Axis:
    name: str
    marks: tuple[tuple[float, str], ...]  # (0..1, what stands there)


def coordinates(search: Outcome) -> tuple[list[Axis], list[Line]]:
    """The axes, the F1's last, and a line for each run inside of what is searched; the best run's is the last."""
    trials = [trial for trial in search.trials if trial.places is not None]
    low, high = min((trial.value for trial in trials), default=0.0), max((trial.value for trial in trials), default=1.0)
    axes = [Axis(_short(dimension.key), _marks(dimension)) for dimension in search.dimensions]
    axes.append(Axis("F1", ((0.0, f"{low:.3f}"), (1.0, f"{high:.3f}"))))
    lines = [
        Line(trial.name, (*(trial.places or ()), (trial.value - low) / ((high - low) or 1.0)), trial.is_whole,
             trial is search.best)
        for trial in sorted(trials, key=lambda trial: trial.value)
    ]  # fmt: skip
    return axes, sorted(lines, key=lambda line: line.is_best)


def _marks(dimension: Dimension) -> tuple[tuple[float, str], ...]:
    if dimension.choices:
        return tuple((_share(dimension, choice), choice) for choice in dimension.choices)
    return (0.0, f"{dimension.low:g}"), (1.0, f"{dimension.high:g}")


def shares(search: Outcome) -> tuple[list[str], list[float]]:
    """The settings' names and their importance, the most important first."""
    ordered = sorted(search.importance.items(), key=lambda row: -row[1])
    return [_short(key) for key, _ in ordered], [share for _, share in ordered]


def _short(key: str) -> str:
    return key.rpartition(".")[2]


# --- pictures ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parallel:
    """Parallel coordinates: a line a run; the best is drawn last and thick."""

    title: str
    axes: Sequence[Axis]
    lines: Sequence[Line]
    size: tuple[int, int] = (charts.WIDTH, charts.HEIGHT)

    def draw(self, figure: "Figure") -> None:
        """Draw the better runs darker, and those that fell behind dotted."""
        charts.write_title(figure, self.title)
        plot = figure.add_subplot(xlim=(-0.35, len(self.axes) - 0.65), ylim=(-0.06, 1.06))
        places = range(len(self.axes))
        for line in self.lines:
            colour = colours.VERMILION if line.is_best else colours.BLUE
            strength = 1.0 if line.is_best else 0.15 + 0.6 * line.places[-1]
            plot.plot(
                places, line.places, color=colour, alpha=strength, linewidth=2.6 if line.is_best else 1.2,
                linestyle="-" if line.is_whole else ":",
            )  # fmt: skip
        for place, axis in enumerate(self.axes):
            plot.axvline(place, color="#777777", linewidth=0.8)
            for height, text in axis.marks:
                plot.text(place + 0.03, height, charts.printable(text, 24), fontsize=8, va="center",
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8})  # fmt: skip
        plot.set_xticks([*places], [charts.printable(axis.name, 24) for axis in self.axes])
        plot.set_yticks([])
        plot.grid(visible=False)
        plot.spines["left"].set_visible(False)


@dataclass(frozen=True)
class Noted:
    """A chart with a sentence below it."""

    chart: Chart
    notes: Sequence[str]

    @property
    def size(self) -> tuple[int, int]:
        """As high as the sentences need."""
        width, height = self.chart.size
        return width, height + 20 * len(self.notes)

    def draw(self, figure: "Figure") -> None:
        """Draw the chart, and write below it."""
        self.chart.draw(figure)
        text = "\n".join(charts.printable(note, 150) for note in self.notes)
        figure.supxlabel(text, fontsize=8, x=0.01, ha="left", color="#555555")


def picture(search: Outcome, kind: str) -> Chart:
    """A chart of a search, to be saved; below it what the best gained.

    Args:
        search: with a run that ended.
        kind: of `KINDS`.

    Raises:
        UsageProblem: there is nothing to draw yet.
    """
    if search.best is None:
        raise UsageProblem(f"No run of search {search.name!r} has ended yet.", "Wait until one has.")
    title = f"Search {search.name}: {KINDS[kind][0].lower()}{KINDS[kind][1:]}"
    chart: Chart
    if kind == "search-progress":
        chart = charts.Curves(title, progress(search), search.unit)
    elif kind == "parallel":
        chart = Parallel(title, *coordinates(search))
    elif search.importance:
        names, values = shares(search)
        chart = charts.Bars(title, names, [("", values)])
    else:
        raise UsageProblem(f"There is no importance of the settings of {search.name!r}: {TOO_FEW}.", "Try more runs.")
    return Noted(chart, search.sentences)
