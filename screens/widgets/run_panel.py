"""A run as it goes: progress with the time left, curves, figures of the fields, the end of its log."""

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from screens.widgets.dialogs import Confirm
from screens.widgets.run_chart import RunChart, spark
from storage.records import Run, RunState
from storage.runs import ACTIVE
from workbench.evaluation.charts import KINDS, series
from workbench.runs.cost import duration
from workbench.runs.progress import Progress
from workbench.runs.watch import ActiveRun

SHOWN = ("loss", "f1", "learning_rate")
"""The curves of the panel: one at a time, or side by side where there is space."""

STATES = {
    RunState.QUEUED: "$text-muted",
    RunState.RUNNING: "bold $success",
    RunState.PAUSED: "bold $warning",
    RunState.FINISHED: "$success",
    RunState.STOPPED: "$success",
    RunState.FAILED: "bold $error",
    RunState.CRASHED: "bold $error",
    RunState.KILLED: "$warning",
}


def bar(share: float, width: int) -> str:
    """A progress bar of so many cells."""
    full = round(share * width)
    return "━" * full + "─" * (width - full)


def ending(run: Run) -> Confirm:
    """The question before a run is ended at once."""
    lost = "The work since the last checkpoint is lost; from there it can be resumed."
    return Confirm(f"End {run.name} at once?", lost, final=True)


class RunPanel(Vertical):
    """Shows one run; several runs as a list of small curves above it."""

    DEFAULT_CSS = """
    RunPanel {
        #several { height: auto; max-height: 6; display: none; }
        #head { height: auto; max-height: 6; }
        #charts { height: 1fr; min-height: 6; }
        #charts RunChart { display: none; }
        #charts RunChart.-shown { display: block; }
        #fields { height: auto; max-height: 40%; }
        #log { height: 3; color: $text-muted; }
    }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._kind = SHOWN[0]
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static(id="several")
        yield Static(id="head")
        with Horizontal(id="charts"):
            for kind in SHOWN:
                yield RunChart(id=f"chart-{kind}", classes="-shown" if kind == self._kind else "")
        yield Static(id="fields")
        yield Static(id="log")

    def next_chart(self) -> None:
        """Another curve."""
        self._kind = SHOWN[(SHOWN.index(self._kind) + 1) % len(SHOWN)]
        self._arrange()

    def _arrange(self) -> None:
        wide = self.size.width >= 90
        for kind in SHOWN:
            self.query_one(f"#chart-{kind}").set_class(wide or kind == self._kind, "-shown")

    def on_resize(self) -> None:
        """All curves side by side where there is space."""
        self._arrange()

    def show(
        self,
        run: Run,
        progress: Progress,
        names: Mapping[str, str],
        log: Sequence[str],
        others: Sequence[ActiveRun] = (),
    ) -> None:
        """Show a run as it is now.

        Args:
            run: the row of the list.
            progress: what its events say.
            names: field id -> name.
            log: the end of what its process printed.
            others: all runs that are queued or at work.
        """
        several = self.query_one("#several", Static)
        several.display = len(others) > 1
        if len(others) > 1:
            several.update(_several(run, others))
        self.query_one("#head", Static).update(_head(run, progress, max(10, self.size.width - 2)))
        now = (run.id, len(progress.steps), len(progress.evaluations), self.app.theme, self.size.width)
        if now != self._drawn:  # drawing takes ten milliseconds a curve
            self._drawn = now
            for kind in SHOWN:
                self.query_one(f"#chart-{kind}", RunChart).curves(KINDS[kind], series(progress, kind))
            self.query_one("#fields", Static).update(fields_table(progress, names, self.size.width - 2))
        told = [*progress.notes[-2:], *log]
        lines = [line[: max(10, self.size.width - 1)] for line in told[-3:]]
        self.query_one("#log", Static).update(Content("\n".join(lines)))


def _several(run: Run, others: Sequence[ActiveRun]) -> Content:
    rows: list[Content] = []
    for one in others[:6]:
        losses = [s.loss for s in one.progress.steps if s.loss is not None]
        here = "▸ " if one.run.id == run.id else "  "
        rows.append(
            Content.assemble(
                here, (f"{one.run.state.value:<8}", STATES[one.run.state]), f"{spark(losses)} ", one.run.name[:40]
            )
        )
    return Content("\n").join(rows)


def _head(run: Run, seen: Progress, width: int) -> Content:
    parts: list[Content | str | tuple[str, str]] = [
        (run.name, "bold"), "  ", (run.state.value, STATES[run.state]),
        (f"  {run.family}, {run.preset or 'own settings'}", "$text-muted"),
    ]  # fmt: skip
    if run.reason:
        parts.append((f"\n{run.reason}", "$error" if run.state in (RunState.FAILED, RunState.CRASHED) else ""))
    if seen.total_steps:
        goes_on = run.state in ACTIVE and not seen.finished
        left = f" {duration(seen.seconds_left)} left" if seen.seconds_left is not None and goes_on else ""
        count = f" {seen.step}/{seen.total_steps}{left}"
        parts.append(f"\n{bar(seen.share, max(5, min(40, width - len(count) - 1)))}{count}")
    elif run.state is RunState.RUNNING:
        parts.append("\nReading the documents, loading the model …")
    if seen.predicting and run.state in ACTIVE and not seen.finished:
        done, total = seen.predicting
        parts.append(f"\nPredicting {done} of {total} documents for suggestions and the report")
    if seen.steps:
        last = seen.steps[-1]
        facts = [f"epoch {last.epoch:.2f}", seen.device]
        if last.tokens_per_second is not None:
            facts.append(f"{last.tokens_per_second:,.0f} tokens/s")
        if last.memory_mb is not None:
            facts.append(f"{last.memory_mb / 1024:.1f} GiB")
        if last.device_memory_mb:
            facts.append(f"{last.device_memory_mb / 1024:.1f} GiB on the device")
        facts.append(f"for {duration(seen.seconds)}")
        parts.append(("\n" + " · ".join(fact for fact in facts if fact), "$text-muted"))
    return Content.assemble(*parts)


def fields_table(seen: Progress, names: Mapping[str, str], width: int = 60) -> Content:
    """F1 of every field with labels, how it came there where there is space, and of all.

    At the last evaluation; of a run that has ended, of the model that was kept.
    """
    if not seen.evaluations:
        return Content.styled("The fields' figures come with the first evaluation.", "$text-muted")
    best = seen.best
    last = best if seen.finished and best is not None else seen.evaluations[-1]
    found: Mapping[str, Mapping[str, float]] = last.validation.get("fields") or last.train.get("fields") or {}
    found = {field: row for field, row in found.items() if row.get("support", 1)} or found
    side = "validation" if last.validation.get("fields") else "train"
    micro = last.validation.get("f1")
    space = max(8, min(16, width - 23))  # of a name
    curve = width - space - 25 >= 12
    head = f"{'field':<{space}} {'P':>5} {'R':>5} {'F1':>5} {'n':>4}" + ("  over time" if curve else "")
    rows: list[Content | str | tuple[str, str]] = [(head, "bold $primary")]
    for field, row in found.items():
        past = [(getattr(e, side).get("fields") or {}).get(field, {}).get("f1", 0.0) for e in seen.evaluations]
        rows.append(
            f"\n{names.get(field, field)[:space]:<{space}} {row['precision']:5.2f} {row['recall']:5.2f}"
            f" {row['f1']:5.2f} {row['support']:4.0f}" + (f"  {spark(past, span=(0.0, 1.0))}" if curve else "")
        )
    if micro is not None:
        train = last.train.get("f1")
        told = f"\nall: validation {micro:.3f}"
        told += f", train {train:.3f}" if train is not None else ""
        if last is best:
            told += f" at step {last.step}, the best"
        elif best is not None and best.validation.get("f1") is not None:
            told += f"; best {best.validation['f1']:.3f} at step {best.step}"
        rows.append((told, "bold"))
    return Content.assemble(*rows)
