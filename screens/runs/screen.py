"""The runs screen: every run with its figures, what was set otherwise, and two or more over each other."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import DataTable, Static

from screens.keys import bindings
from screens.navigation import CloneRun
from screens.runs.actions import Keeping
from screens.widgets.columns import heads as short_heads
from screens.widgets.run_chart import RunChart
from screens.widgets.run_panel import STATES, fields_table
from storage import runs as run_store
from storage.exceptions import RunProblem
from storage.records import Run
from workbench.evaluation import charts, comparison
from workbench.evaluation.comparison import Measured
from workbench.runs import progress
from workbench.runs.config import draft as drafts
from workbench.runs.config import files as config_files
from workbench.runs.cost import cost, duration
from workbench.runs.progress import Progress
from workbench.runs.watch import RunUpdate

RUNS = [
    ("compare.mark", "space", "mark", "Mark the run, to compare it with others"),
    ("compare.none", "escape", "unmark", "Unmark all"),
    ("compare.chart", "c", "chart", "Next curve, or the bars of the fields"),
    ("compare.draw", "b", "charting", "Text or chart, in a narrow terminal"),
    ("compare.picture", "w", "picture", "Write the chart to a PNG or SVG file"),
    ("run.clone", "enter", "clone", "A new run with these settings, to be changed"),
    ("run.stop", "x", "act('stop')", "Stop the run well: checkpoint, evaluate, keep the model"),
    ("run.kill", "K", "kill", "End the run at once"),
    ("run.resume", "r", "act('resume')", "Go on from the last checkpoint"),
    ("run.name", "N", "name", "Give it a name"),
    ("run.note", "n", "note", "Write a note"),
    ("run.tags", "t", "tags", "Tag it"),
    ("run.pin", "p", "pin", "Pin it: it cannot be deleted"),
    ("run.delete", "D", "delete", "Delete it with its folder"),
    ("run.export", "e", "export", "Give its model away: a folder with a model card"),
    ("run.import", "i", "import", "Take a run folder from another machine in"),
]


@dataclass(frozen=True, slots=True)
class RunsView:
    """What the screen shows."""

    runs: tuple[Run, ...] = ()
    marked: tuple[str, ...] = ()  # in the order they were marked
    seen: dict[str, Progress] = field(default_factory=dict)
    measured: Measured = field(default_factory=dict)  # the documents behind every run's F1
    compared: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    kind: str = "f1"  # of charts.KINDS, or "fields"

    def run(self, run_id: str) -> Run | None:
        """The run of this id."""
        return next((run for run in self.runs if run.id == run_id), None)


class FoldersRead(Message):
    """What runs' folders say of them."""

    def __init__(self, seen: dict[str, Progress], measured: Measured) -> None:
        super().__init__()
        self.seen, self.measured = seen, measured


class Compared(Message):
    """A comparison was made."""

    def __init__(self, pair: tuple[str, str], found: dict[str, Any]) -> None:
        super().__init__()
        self.pair, self.found = pair, found


class RunsScreen(Keeping):
    """Follow and compare runs."""

    mode = "runs"
    CSS_PATH = "runs.tcss"
    BINDINGS = bindings(RUNS)

    def __init__(self) -> None:
        super().__init__()
        self.view = RunsView()
        self._comparing: set[tuple[str, str]] = set()
        self._on = ""  # the run under the cursor: it stays there when others come and go

    def body(self) -> ComposeResult:
        with Vertical(id="work"):
            yield DataTable(cursor_type="row", zebra_stripes=False)
            yield Static("No runs yet. F4 sets one up; `i` takes a run folder from another machine in.", id="empty")
            with Horizontal(id="below"):
                with VerticalScroll(id="told", can_focus=False):
                    yield Static(id="facts")
                yield RunChart()

    def on_mount(self) -> None:
        """List the runs."""
        self._table.focus()
        self.read_list()

    @property
    def _table(self) -> DataTable[Any]:
        return self.query_one(DataTable)

    @property
    def current(self) -> Run:
        """The run under the cursor.

        Raises:
            RunProblem: there is none.
        """
        at = self._table.cursor_row
        if not 0 <= at < len(self.view.runs):
            raise RunProblem("There is no run here.", "Start one in the tune screen (F4).")
        return self.view.runs[at]

    def on_resize(self) -> None:
        """Columns fit the width."""
        if self.is_mounted:
            self._fill()

    def runs_changed(self, news: RunUpdate) -> None:
        """Read the list again."""
        if self.is_mounted:
            self.read_list()

    def read_list(self, on: str = "") -> None:
        self._on = on or self._on
        with self.workspace.db.read() as connection:
            listed = tuple(run_store.listed(connection))
        ids = {run.id for run in listed}
        active = {one.run.id: one.progress for one in self.workbench.news.active}
        seen = {run_id: p for run_id, p in self.view.seen.items() if run_id in ids and run_id not in active}
        # a run that ended since is read once more
        old = {run.id: run.state for run in self.view.runs}
        seen = {run_id: p for run_id, p in seen.items() if old.get(run_id) not in run_store.ACTIVE}
        self.view = replace(
            self.view, runs=listed, marked=tuple(m for m in self.view.marked if m in ids), seen={**seen, **active}
        )
        self.set_class(not listed, "-empty")
        self._fill()
        self._read_folders()

    def _read_folders(self) -> None:
        """In the background: what the list says of runs that have not been read yet."""
        view = self.view
        unread = [run for run in view.runs if run.id not in view.seen]
        rated = [run for run in view.runs if run.f1 is not None and run.id not in view.measured]
        if not unread and not rated:
            return

        def work() -> None:
            seen = {run.id: progress.of(self.workspace.files.run(run.id)) for run in unread}
            self.post_message(FoldersRead(seen, comparison.measured(self.workspace, rated)))

        self.in_background(work, "folders")

    def on_folders_read(self, message: FoldersRead) -> None:
        """Show it."""
        view = self.view
        self.view = replace(view, seen={**message.seen, **view.seen}, measured={**view.measured, **message.measured})
        self._fill()

    def _fill(self) -> None:
        table, view = self._table, self.view
        at = next((row for row, run in enumerate(view.runs) if run.id == self._on), table.cursor_row)
        best = comparison.best(view.runs, view.measured)
        fields = comparison.weakest(view.runs, best)
        shown = fields[: max(0, (self.size.width - 90) // 10)] if self._is_wide else []
        named = short_heads(shown, self.workspace.schema)
        heads = ["", "run", "state", "F1", *named, "time", "cost", *self._family("family"), "unlike the best"]
        rows = [[Content(head) for head in heads], *(self._cells(run, best, shown) for run in view.runs)]
        table.clear(columns=True)
        widths = [max(row[column].cell_length for row in rows) for column in range(len(heads))]
        space = self.size.width - 3 - sum(width + 2 for width in widths[:-1])
        widths[-1] = max(8, min(widths[-1], space))
        for column, head in enumerate(heads):
            table.add_column(head, key=f"{column} {head}", width=widths[column])
        for run, row in zip(view.runs, rows[1:], strict=True):
            table.add_row(*row[:-1], row[-1].truncate(widths[-1], ellipsis=True), key=run.id)
        if view.runs:
            table.move_cursor(row=min(max(at, 0), len(view.runs) - 1), animate=False)
        self._show()

    def _cells(self, run: Run, best: Run | None, fields: list[str]) -> list[Content]:
        mark = f"{self.view.marked.index(run.id) + 1}" if run.id in self.view.marked else " "
        per = comparison.fields_f1(run)
        seen = self.view.seen.get(run.id, Progress())
        first = best is not None and best.id == run.id
        unlike = "the best" if first else ""
        if best is not None and not first:
            others = "" if self._alike(best, run) else "other validation"
            told = (others, comparison.trained(best, run), _short(comparison.differences(best, run)))
            unlike = ", ".join(filter(None, told))
        return [
            Content.styled(mark + ("⚑" if run.pinned else ""), "bold $accent"),
            Content(run.name[:24]),
            Content.styled(run.state.value, STATES[run.state]),
            Content.styled("–" if run.f1 is None else f"{run.f1:.3f}", "bold $success" if first else ""),
            *(Content(f"{per[name]:.2f}" if name in per else "") for name in fields),
            Content(duration(seen.seconds) if seen.seconds else ""),
            Content(cost(seen)),
            *(Content(family) for family in self._family(run.family)),
            Content(unlike),
        ]

    @property
    def _is_wide(self) -> bool:
        return self.size.width >= 100

    def _family(self, name: str) -> tuple[str, ...]:
        """The family's column: where it is narrow, what is unlike the best names another family."""
        return (name,) if self._is_wide else ()

    def _alike(self, a: Run, b: Run) -> bool:
        """Whether their F1s compare: they are of the same documents, or one has none."""
        measured = self.view.measured
        return b.f1 is None or measured.get(a.id) == measured.get(b.id)

    def _progress(self, run: Run) -> Progress:
        if run.id not in self.view.seen:
            seen = progress.of(self.workspace.files.run(run.id))
            self.view = replace(self.view, seen={**self.view.seen, run.id: seen})
        return self.view.seen[run.id]

    def _show(self) -> None:
        view = self.view
        if not view.runs:
            self.hint("", (self.key_of("run.import"), "take a run in"))
            self.facts("no runs")
            return
        chosen = [run for name in view.marked if (run := view.run(name))]
        many = len(chosen) > 1
        runs = chosen if many else [self.current]
        self.query_one("#facts", Static).update(self._compared(chosen) if many else self._one(runs[0]))
        chart = self.query_one(RunChart)
        if view.kind == "fields":
            names = comparison.fields_of(runs)
            shown = [self.workspace.schema.name(name) for name in names]
            chart.bars(charts.BARS, shown, comparison.bars(runs, names))
        else:
            chart.curves(charts.KINDS[view.kind], comparison.curves(runs, view.kind, self._progress))
        key = self.key_of
        narrow = [(key("compare.draw"), "text or chart")] if self.size.width < 100 else []
        drawing = [*narrow, (key("compare.chart"), "next curve"), (key("compare.picture"), "picture")]
        keeping = [(key(f"run.{act}"), act) for act in ("export", "note", "pin", "delete")]
        mark, clone = (key("compare.mark"), "mark"), (key("run.clone"), "clone")
        if many:
            self.hint("", *drawing, mark, (key("compare.none"), "unmark all"), clone)
        else:
            state = runs[0].state
            going = [(key("run.stop"), "stop"), (key("run.kill"), "kill")] if state in run_store.ACTIVE else []
            resume = [(key("run.resume"), "resume")] if state in run_store.RESUMABLE else []
            self.hint("", *going, *resume, mark, clone, *drawing, *keeping)
        self.facts(f"{len(view.runs)} runs", f"{len(view.marked)} marked" if view.marked else "")

    def _one(self, run: Run) -> Content:
        names = {f.id: f.name for f in self.workspace.schema.active}
        seen = self._progress(run)
        parts: list[Content | str | tuple[str, str]] = [
            (run.name, "bold"), "  ", (run.state.value, STATES[run.state]),
            (f"  {run.id}" if run.name != run.id else "", "$text-muted"),
            f"\n{run.family}, {run.preset or 'own settings'}, {run.created.astimezone():%Y-%m-%d %H:%M}",
        ]  # fmt: skip
        if run.tags:
            parts.append(("  " + " ".join(f"#{tag}" for tag in run.tags), "$accent"))
        if run.reason:
            parts.append(f"\n{run.reason}")
        if run.note:
            parts.append((f"\n“{run.note}”", "italic"))
        report = run.report or {}
        if report:
            counts = ", ".join(f"{name} {number}" for name, number in (report.get("documents") or {}).items() if number)
            parts.append(
                f"\n{report.get('steps')} steps, {report.get('tokens_per_second', 0):,.0f} tokens/s on "
                f"{report.get('device')} in {report.get('precision')}; documents: {counts}"
            )
        parts += ["\n\n", fields_table(seen, names)]
        best = comparison.best(self.view.runs, self.view.measured)
        if best is not None and best.id != run.id:
            if not self._alike(best, run):
                parts.append((f"\n\nIts F1 is of other validation documents than {best.name}'s: mark both", "$warning"))
                parts.append((" to compare them on those that both read.", "$warning"))
            parts += [
                (f"\n\nUnlike the best ({best.name})\n", "bold $primary"),
                _table(comparison.differences(best, run)),
            ]
        for note in seen.notes[-4:]:
            parts.append((f"\n· {note}", "$text-muted"))
        return Content.assemble(*parts)

    def _compared(self, runs: list[Run]) -> Content:
        first, parts = runs[0], []
        for other in runs[1:]:
            pair = (first.id, other.id)
            found = self.view.compared.get(pair)
            parts.append(Content.styled(f"{first.name} → {other.name}\n", "bold $primary"))
            if found is None:
                self._compare(first, other)
                parts.append(Content("Drawing documents with replacement …\n"))
            else:
                parts.append(Content(comparison.sentence(found, (first.name, other.name)) + "\n"))
                for name, one in found["differences"].items():
                    if name != "micro":
                        sign = "✓" if one["certain"] else " "
                        field_name = self.workspace.schema.name(name)[:16]
                        told = f"{sign} {field_name:<16} {one['a']:.3f} → {one['b']:.3f}  {one['difference']:+.3f}\n"
                        parts.append(Content.styled(told, "bold" if one["certain"] else ""))
            if trained := comparison.trained(first, other):
                parts.append(Content(trained + "\n"))
            parts.append(_table(comparison.differences(first, other)))
            parts.append(Content("\n"))
        return Content("").join(parts)

    def _compare(self, a: Run, b: Run) -> None:
        pair = (a.id, b.id)
        if pair in self._comparing:
            return
        self._comparing.add(pair)

        def work() -> None:
            self.post_message(Compared(pair, comparison.compare(self.workspace, a, b)))

        self.in_background(work, f"compare {pair}")

    def on_compared(self, message: Compared) -> None:
        """Show it."""
        self._comparing.discard(message.pair)
        self.view = replace(self.view, compared={**self.view.compared, message.pair: message.found})
        self._show()

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        if self.view.runs:
            self._on = self.current.id
            self._show()

    @on(DataTable.RowSelected)
    async def _selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        await self.run_action("screen.clone")

    def help_signs(self) -> list[tuple[str, str]]:
        """What the columns mean."""
        return [
            (
                "F1",
                "on the run's validation documents, strictly; green: the best of those measured on the same documents",
            ),
            ("time", "at work: not waiting for its turn, not paused"),
            ("cost", "that time × the processor cores (core-h) or the graphics cards (GPU-h) that it kept"),
            (
                "other validation",
                "measured on other documents than the best: the two F1s do not compare; mark both instead",
            ),
        ]

    # acts

    def action_mark(self) -> None:
        """Mark or unmark."""
        name, marked = self.current.id, self.view.marked
        now = tuple(m for m in marked if m != name) if name in marked else (*marked, name)
        self.view = replace(self.view, marked=now)
        self._fill()

    def action_unmark(self) -> None:
        """All."""
        self.view = replace(self.view, marked=())
        self._fill()

    def action_chart(self) -> None:
        """Another one."""
        kinds = [*charts.KINDS, "fields"]
        self.view = replace(self.view, kind=kinds[(kinds.index(self.view.kind) + 1) % len(kinds)])
        self._show()

    def action_charting(self) -> None:
        """Only where there is no screen for both."""
        self.toggle_class("-charting")

    async def action_clone(self) -> None:
        """Take its settings to the tune screen."""
        run = self.current
        await self.workbench.visit("tune", CloneRun(config_files.from_dict(run.config), run.preset, run.id))

    def action_picture(self) -> None:
        """Ask for the file."""
        chosen = [run for name in self.view.marked if (run := self.view.run(name))]
        runs = chosen if len(chosen) > 1 else [self.current]
        chart = comparison.picture(runs, self.view.kind, self._progress, self.workspace.schema.name)

        def take(text: str) -> None:
            path = Path(text).expanduser().absolute()
            charts.check(path)

            def draw() -> None:  # matplotlib takes a moment to load
                charts.save(chart, path)
                self.app.call_from_thread(self.notify, f"Written: {path}", markup=False)

            self.in_background(draw, "picture")

        self.prompt("Write the chart to", f"{self.view.kind}.png", "A file that ends in .png or .svg", take)


def _short(changed: dict[str, tuple[Any, Any]]) -> str:
    told = [f"{key.partition('.')[2]} {drafts.shown(b) or '–'}" for key, (_, b) in changed.items()]
    return ", ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")


def _table(changed: dict[str, tuple[Any, Any]]) -> Content:
    if not changed:
        return Content.styled("the same settings\n", "$text-muted")
    rows = [f"{key}: {drafts.shown(a) or '–'} → {drafts.shown(b) or '–'}" for key, (a, b) in changed.items()]
    return Content("\n".join(rows) + "\n")
