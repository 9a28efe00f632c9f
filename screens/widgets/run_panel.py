"""A run as it goes: progress with the time left, curves, figures of the fields, the end of its log."""

import textwrap
from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import ProgressBar, Static

from screens.widgets.bars import spark
from screens.widgets.run_chart import RunChart
from storage import runs as run_store
from storage.exceptions import RunProblem
from storage.records import Run, RunState
from storage.runs import ACTIVE
from workbench.evaluation.charts import KINDS, series
from workbench.fields.plain_text import counted
from workbench.runs import progress
from workbench.runs.cost import duration
from workbench.runs.progress import Progress
from workbench.runs.state import RunFolder
from workbench.runs.watch import ActiveRun
from workbench.workspace import Workspace

SHOWN = ("loss", "f1", "learning_rate")
"""The curves of the panel: one at a time, or side by side where there is space."""

STATES = {
    RunState.PREPARED: "$text-muted",
    RunState.QUEUED: "$text-muted",
    RunState.RUNNING: "bold $success",
    RunState.PAUSED: "bold $warning",
    RunState.FINISHED: "$success",
    RunState.STOPPED: "$success",
    RunState.FAILED: "bold $error",
    RunState.CRASHED: "bold $error",
    RunState.KILLED: "$warning",
}


FIGURES = (
    (
        "P R F1 n",
        "of a field: how many of the values found are right, how many of those there are were found, both in one, "
        "and how many there are",
    ),
)
"""For the help of a screen with this panel."""


_LOG_LINES = 5
"""So many at most: the curves need the space."""


class RunPanel(Vertical):
    """Shows one run; several runs as a list of small curves above it."""

    DEFAULT_CSS = """
    RunPanel {
        #several { height: auto; max-height: 6; display: none; }
        #head, #facts { height: auto; max-height: 3; }
        #progress { height: 1; }
        #progress ProgressBar { width: auto; }
        #progress Bar { width: 20; }
        #step { width: 1fr; padding-left: 1; }
        #charts { height: 1fr; min-height: 6; }
        #charts RunChart { display: none; }
        #charts RunChart.-shown { display: block; }
        #fields { height: auto; max-height: 40%; }
        #log { height: auto; min-height: 3; color: $text-muted; }
    }
    """

    def __init__(self, workspace: Workspace, id: str | None = None) -> None:
        super().__init__(id=id)
        self._workspace = workspace
        self._kind = SHOWN[0]
        self._drawn: tuple[object, ...] = ()
        self.run_id: str | None = None  # the run that is shown

    def compose(self) -> ComposeResult:
        yield Static(id="several")
        yield Static(id="head")
        with Horizontal(id="progress"):
            yield ProgressBar(total=1.0, show_percentage=False, show_eta=False)
            yield Static(id="step")
        yield Static(id="facts")
        with Horizontal(id="charts"):
            for kind in SHOWN:
                yield RunChart(id=f"chart-{kind}", classes="-shown" if kind == self._kind else "")
        yield Static(id="fields")
        yield Static(id="log")

    def next_chart(self) -> None:
        self._kind = SHOWN[(SHOWN.index(self._kind) + 1) % len(SHOWN)]
        self._arrange()

    def _arrange(self) -> None:
        wide = self.size.width >= 90
        for kind in SHOWN:
            self.query_one(f"#chart-{kind}").set_class(wide or kind == self._kind, "-shown")

    def on_resize(self) -> None:
        self._arrange()

    @property
    def run(self) -> Run | None:
        """The run as the database has it; None where none is shown, or it was deleted."""
        if self.run_id is None:
            return None
        with self._workspace.db.read() as connection:
            try:
                return run_store.get(connection, self.run_id)
            except RunProblem:
                return None

    def show(self, run: Run, active: Sequence[ActiveRun]) -> None:
        """Show a run as it is now; `active` are all that are queued or at work."""
        folder = self._workspace.files.run(run.id)
        known = next((other.progress for other in active if other.run.id == run.id), None) or progress.of(folder)
        several = self.query_one("#several", Static)
        several.display = len(active) > 1
        if len(active) > 1:
            several.update(_several(run, active))
        self.query_one("#head", Static).update(_head(run))
        self.query_one("#progress").display = bool(known.total_steps)
        self.query_one(ProgressBar).progress = known.share
        self.query_one("#step", Static).update(_step(run, known))
        facts = self.query_one("#facts", Static)
        facts.update(content := _facts(run, known))
        facts.display = bool(content)
        state = (run.id, len(known.steps), len(known.evaluations), self.app.theme, self.size.width)
        if state != self._drawn:  # drawing takes ten milliseconds a curve
            self._drawn = state
            for kind in SHOWN:
                self.query_one(f"#chart-{kind}", RunChart).curves(KINDS[kind], series(known, kind))
            names = {field.id: field.name for field in self._workspace.schema.spans}
            self.query_one("#fields", Static).update(fields_table(known, names, self.size.width - 2))
        lines = _log(known.notes, RunFolder(folder).log_tail(), max(10, self.size.width - 1))
        self.query_one("#log", Static).update(Content("\n".join(lines)))


def _log(notes: Sequence[str], tail: str, width: int) -> list[str]:
    """The last two notes, whole where there is space, and the end of the log in a line."""
    ends = [tail[:width]] if tail else []
    latest = [textwrap.wrap(note, width) for note in notes[-2:]]
    while len(latest) > 1 and sum(map(len, latest)) + len(ends) > _LOG_LINES:
        latest = latest[1:]
    return [line for note in latest for line in note][: _LOG_LINES - len(ends)] + ends


def _several(run: Run, others: Sequence[ActiveRun]) -> Content:
    rows: list[Content] = []
    for other in others[:6]:
        losses = [step.loss for step in other.progress.steps if step.loss is not None]
        here = "▸ " if other.run.id == run.id else "  "
        rows.append(
            Content.assemble(
                here,
                (f"{other.run.state.value:<8}", STATES[other.run.state]),
                f"{spark(losses)} ",
                other.run.name[:40],
            )
        )
    return Content("\n").join(rows)


def _head(run: Run) -> Content:
    parts: list[Content | str | tuple[str, str]] = [
        (run.name, "bold"), "  ", (run.state.value, STATES[run.state]),
        (f"  {run.family}, {run.preset or 'own settings'}", "$text-muted"),
    ]  # fmt: skip
    if run.reason:
        parts.append((f"\n{run.reason}", "$error" if run.state in (RunState.FAILED, RunState.CRASHED) else ""))
    return Content.assemble(*parts)


def _step(run: Run, known: Progress) -> str:
    """How far the training is, and the time left."""
    goes_on = run.state in ACTIVE and not known.finished
    left = f" {duration(known.seconds_left)} left" if known.seconds_left is not None and goes_on else ""
    return f"{known.step}/{known.total_steps}{left}"


def _facts(run: Run, known: Progress) -> Content:
    lines: list[Content] = []
    if run.state is RunState.RUNNING and not known.total_steps:
        lines.append(Content("Reading the documents, loading the model …"))
    if known.predicting and run.state in ACTIVE and not known.finished:
        done, total = known.predicting
        lines.append(Content(f"Predicting {done} of {counted(total, 'document')} for suggestions and the report"))
    if known.steps:
        last = known.steps[-1]
        facts = [f"epoch {last.epoch:.2f}", known.device]
        if last.tokens_per_second is not None:
            facts.append(f"{last.tokens_per_second:,.0f} tokens/s")
        if last.memory_mb is not None:
            facts.append(f"{last.memory_mb / 1024:.1f} GiB")
        if last.device_memory_mb:
            facts.append(f"{last.device_memory_mb / 1024:.1f} GiB on the device")
        facts.append(f"for {duration(known.seconds)}")
        lines.append(Content.styled(" · ".join(fact for fact in facts if fact), "$text-muted"))
    return Content("\n").join(lines)


def fields_table(known: Progress, names: Mapping[str, str], width: int = 60) -> Content:
    """F1 of every field with labels, how it came there where there is space, and of all.

    At the last evaluation; of a run that has ended, of the model that was kept.
    """
    if not known.evaluations:
        return Content.styled("The fields' figures come with the first evaluation.", "$text-muted")
    best = known.best
    last = best if known.finished and best is not None else known.evaluations[-1]
    by_field: Mapping[str, Mapping[str, float]] = last.validation.get("fields") or last.train.get("fields") or {}
    by_field = {field: row for field, row in by_field.items() if row.get("support", 1)} or by_field
    side = "validation" if last.validation.get("fields") else "train"
    micro = last.validation.get("f1")
    space = max(8, min(16, width - 23))  # of a name
    curve = width - space - 25 >= 12
    head = f"{'field':<{space}} {'P':>5} {'R':>5} {'F1':>5} {'n':>4}" + ("  over time" if curve else "")
    rows: list[Content | str | tuple[str, str]] = [(head, "bold $primary")]
    for field, row in by_field.items():
        past = [(getattr(e, side).get("fields") or {}).get(field, {}).get("f1", 0.0) for e in known.evaluations]
        rows.append(
            f"\n{names.get(field, field)[:space]:<{space}} {row['precision']:5.2f} {row['recall']:5.2f}"
            f" {row['f1']:5.2f} {row['support']:4.0f}" + (f"  {spark(past, span=(0.0, 1.0))}" if curve else "")
        )
    if micro is not None:
        train = last.train.get("f1")
        total = f"\nall: validation {micro:.3f}"
        total += f", train {train:.3f}" if train is not None else ""
        if last is best:
            total += f" at step {last.step}, the best"
        elif best is not None and best.validation.get("f1") is not None:
            total += f"; best {best.validation['f1']:.3f} at step {best.step}"
        rows.append((total, "bold"))
    return Content.assemble(*rows)
