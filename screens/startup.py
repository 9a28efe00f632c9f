"""The code of the other screens, loaded while nothing is typed: entering one then takes no longer than drawing it."""

import sys
from functools import partial
from importlib import import_module
from time import monotonic

from textual import events
from textual.app import App
from textual.timer import Timer

from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

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
        "screens.errors.browser",
        "screens.errors.screen",
        "textual_plotext",
        "screens.widgets.run_chart",
    ),
    *("screens.runs.screen", "screens.queue.screen", "screens.tune.screen"),
)
"""Modules, each after what it imports, so that no step takes long: a key shares the processor with one at most."""
READING = ("numpy", "pyarrow.lib", "pyarrow", "pyarrow.parquet")
"""What reads a run's folder; it takes 40 MB, so that it is loaded where there is a run to read."""

_REST = 1.0  # seconds without a key
_EVERY = 0.05


class Preloading(App[None]):
    """Loads what other screens need, a step at a time."""

    workspace: Workspace
    _touched = 0.0
    _steps: list[str]
    _preloading: Timer

    def preload(self) -> None:
        """Begin to; the first screen is there."""
        self._touched = monotonic()
        is_run_there = any(RunFolder(path).predictions.is_file() for path in self.workspace.files.runs.glob("*"))
        self._steps = [*STEPS, *(READING if is_run_there else ())]
        self._preloading = self.set_interval(_EVERY, self._step)

    async def on_event(self, event: events.Event) -> None:
        """Whatever is typed or clicked comes first."""
        if isinstance(event, events.InputEvent):
            self._touched = monotonic()
        await super().on_event(event)

    def _step(self) -> None:
        if monotonic() - self._touched < _REST or any(w.group == "preload" and w.is_running for w in self.workers):
            return
        while self._steps and self._steps[0] in sys.modules:
            del self._steps[0]
        if not self._steps:
            self._preloading.stop()
            return
        load = partial(import_module, self._steps.pop(0))
        # what cannot be loaded says so when its screen is entered
        self.run_worker(load, group="preload", thread=True, exit_on_error=False)
