"""The way to the first screen, and what is done for the others while nothing is typed."""

import gc
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from time import monotonic

from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from screens.modes import available, named
from screens.widgets.status_lines import HintLine, StatusLine
from workbench.runs import state

GC_THRESHOLDS = (10_000, 10, 20)
"""Of the garbage collector: an opened document makes some 50,000 objects, and a whole collection takes tens of ms."""
SWITCH_SECONDS = 0.0005
"""For how long a thread that looks ahead may hold up the one that draws, each time that one has waited for the disk.
With Python's own 0.005 opening a long document took a third longer while places were looked for on another."""

STEPS = (
    *(
        "yaml",
        "pydantic.main",
        "pydantic.fields",
        "pydantic",
        "workbench.runs.config.tune",
        "workbench.runs.config.files",
        "workbench.runs.jobs",
    ),
    *(
        "workbench.evaluation.metrics",
        "workbench.evaluation.error_analysis",
        "workbench.evaluation.report",
        "workbench.evaluation.doctor.findings",
        "workbench.evaluation.doctor.consultation",
    ),
    *(
        "workbench.evaluation.error_review",
        "screens.errors.tables_pane",
        "screens.errors.screen",
        "textual_plotext",
        "screens.widgets.run_chart",
    ),
    *("screens.runs.screen", "screens.queue.screen", "screens.tune.screen"),
)
"""Modules, each after what it imports, so that no step takes long: a key waits for one step at most. Screens that are
not named here follow."""
READING = ("numpy", "pyarrow.lib", "pyarrow", "pyarrow.parquet")
"""What reads a run's folder; it takes 40 MB, so that it is loaded where there is a run to read."""

_REST = 1.0  # seconds without a key
_EVERY = 0.05  # seconds between steps


class OpeningScreen(Screen[None]):
    """The frame of the first screen, painted while the database is opened in a thread."""

    DEFAULT_CSS = "OpeningScreen { background: $background; } OpeningScreen Static { height: 1fr; }"

    def __init__(self, workspace: str, mode: str) -> None:
        super().__init__()
        self._workspace, self._mode = workspace, mode

    def compose(self) -> ComposeResult:
        yield Static()
        yield HintLine()
        yield StatusLine(named(has_classes=False), self._mode)

    def on_mount(self) -> None:
        self.query_one(HintLine).show(f"Opening {self._workspace} …")
        self.query_one(StatusLine).show((), (self._workspace,))


def tune_interpreter() -> None:
    """Have no key wait for Python itself.

    Called when all that the first screen needs is loaded; `workbench/cli.py` had the collector rest until then.
    """
    gc.freeze()  # what is loaded by now stays: no later collection walks it
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()
    sys.setswitchinterval(SWITCH_SECONDS)


def steps(reading: bool) -> list[str]:
    """The modules to import, in their order; `reading`: whether there is a run's folder to read."""
    others = (mode.module for mode in available() if mode.module not in STEPS)
    return [*STEPS, *others, *(READING if reading else ())]


class Preloader:
    """Imports what other screens need, a step at a time: entering one then takes no longer than drawing it."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._touched = 0.0
        self._steps: list[str] = []
        self._timer: Timer | None = None

    def start(self, runs: Path) -> None:
        """Begin, as the first screen is there; what reads predictions is loaded where a run has some."""
        self._touched = monotonic()
        self._steps = steps(reading=state.any_predictions(runs))
        self._timer = self._app.set_interval(_EVERY, self._step)

    def touch(self) -> None:
        """A key or the mouse was used, which comes first."""
        self._touched = monotonic()

    def _step(self) -> None:
        loading = any(worker.group == "preload" and worker.is_running for worker in self._app.workers)
        if loading or monotonic() - self._touched < _REST:
            return
        while self._steps and self._steps[0] in sys.modules:
            del self._steps[0]
        if self._steps:
            # a module that cannot be loaded is reported when its screen is entered
            load = partial(import_module, self._steps.pop(0))
            self._app.run_worker(load, group="preload", thread=True, exit_on_error=False)
        elif self._timer is not None:
            self._timer.stop()
