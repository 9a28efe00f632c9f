"""The runs screen: every run with its figures, what was set otherwise, and two or more over each other."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import DataTable, Static

from screens.base import ModeScreen
from screens.keys import bindings
from screens.navigation import CloneRun
from screens.run_actions import RunActions
from screens.runs import details
from screens.runs.details import Pair, RunsView
from screens.widgets.columns import heads as short_heads
from screens.widgets.dialogs import Prompt
from screens.widgets.run_chart import RunChart
from screens.widgets.run_panel import FIGURES
from storage import runs as run_store
from storage.exceptions import RunProblem, WorkbenchError
from storage.records import Run, RunState
from workbench.evaluation import charts, comparison
from workbench.evaluation.comparison import Figures
from workbench.fields.plain_text import counted
from workbench.runs import progress
from workbench.runs.config import files as config_files
from workbench.runs.progress import Progress, untouched
from workbench.runs.state import RunFolder
from workbench.runs.watch import RunUpdate
from workbench.search import charts as search_charts
from workbench.search import plan as searches
from workbench.search.charts import Outcome

RUNS = [
    ("compare.mark", "space", "mark", "Mark the run, to compare it with others"),
    ("compare.none", "escape", "unmark", "Unmark all"),
    ("compare.chart", "c", "chart", "Next curve, the bars of the fields, or a search's charts"),
    ("compare.draw", "b", "charting", "Text or chart, in a narrow terminal"),
    ("compare.picture", "w", "picture", "Write the chart to a PNG or SVG file"),
    ("run.clone", "enter", "clone", "A new run with these settings, to be changed"),
    ("run.stop", "x", "run('stop')", "Stop the run well: checkpoint, evaluate, keep the model"),
    ("run.pause", "P", "run('pause')", "Pause the run, or go on"),
    ("run.kill", "K", "run('kill')", "End the run at once"),
    ("run.resume", "r", "run('resume')", "Go on from the last checkpoint"),
    ("run.name", "N", "run('name')", "Name it"),
    ("run.note", "n", "run('note')", "Write a note"),
    ("run.tags", "t", "run('tags')", "Tag it"),
    ("run.pin", "p", "run('pin')", "Pin it: it cannot be deleted"),
    ("run.delete", "D", "run('delete')", "Delete it with its folder"),
    ("run.aside", "u", "run('aside')", "Put its model aside, so that suggestions come from another, or use it again"),
    ("run.export", "e", "run('export')", "Export its model: a folder with a model card"),
    ("run.import", "i", "take_in", "Import a run folder from another machine"),
]


_SHORTEST_NAME = 10  # columns: a run's name is cut to them before the table is wider than the terminal


class FoldersRead(Message):
    """What runs' folders say of them."""

    def __init__(self, progress: dict[str, Progress], figures: Figures) -> None:
        super().__init__()
        self.progress, self.figures = progress, figures


class Compared(Message):
    def __init__(self, pair: Pair, comparison: dict[str, Any]) -> None:
        super().__init__()
        self.pair, self.comparison = pair, comparison


class RunsScreen(ModeScreen):
    mode = "runs"
    CSS_PATH = "runs.tcss"
    BINDINGS = bindings(RUNS)

    def __init__(self) -> None:
        super().__init__()
        self.view = RunsView()
        self._actions = RunActions(self, self.read_list)
        self._comparing: set[Pair] = set()
        self._on = ""  # the run under the cursor: it stays there when others come and go

    def body(self) -> ComposeResult:
        with Vertical(id="work"):
            yield DataTable(cursor_type="row", zebra_stripes=False)
            yield Static("No runs yet. F4 sets one up; i imports a run folder from another machine.", id="empty")
            with Horizontal(id="below"):
                with VerticalScroll(id="details", can_focus=False):
                    yield Static(id="facts")
                yield RunChart()

    def on_mount(self) -> None:
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

    @property
    def _chosen(self) -> list[Run]:
        """The marked runs where there are several, else the run under the cursor."""
        marked = self.view.marked_runs
        return marked if len(marked) > 1 else [self.current]

    # reading

    def runs_changed(self, news: RunUpdate) -> None:
        if self.is_mounted:
            self.read_list()

    def on_screen_resume(self) -> None:
        """The newest of the runs that began while another screen was in view is under the cursor."""
        before = {run.id for run in self.view.runs}
        super().on_screen_resume()
        if before and (new := [run.id for run in self.view.runs if run.id not in before]):
            self.read_list(new[0])

    def read_list(self, on: str = "") -> None:
        """List the runs anew; the cursor goes to the run of this id, or stays on the run where it is."""
        self._on = on or self._on
        with self.workspace.db.read() as connection:
            listed = tuple(run_store.listed(connection))
        active = {run.run.id: run.progress for run in self.workbench.news.active}
        # of a run that ended since, the folder is read once more
        ended = {run.id for run in self.view.runs if run.state not in run_store.ACTIVE}
        ids = {run.id for run in listed}
        kept = {name: known for name, known in self.view.progress.items() if name in ids & ended}
        marked = tuple(name for name in self.view.marked if name in ids)
        aside = frozenset(name for name in ids if RunFolder(self.workspace.files.run(name)).put_aside.exists())
        self.view = replace(
            self.view, runs=listed, marked=marked, progress={**kept, **active}, searches=self._searches(listed),
            aside=aside,
        )  # fmt: skip
        self.set_class(not listed, "-empty")
        self._fill()
        self._read_folders()

    def _searches(self, runs: Sequence[Run]) -> dict[str, Outcome]:
        """What the searches know whose runs these are."""
        known = {}
        groups = {run.batch for run in runs if run.batch}
        for folder in searches.listed(self.workspace) if groups else ():
            if folder.path.name in groups:
                with suppress(WorkbenchError):  # damaged: its runs are listed all the same
                    known[folder.path.name] = search_charts.outcome(folder, runs)
        return known

    @property
    def _search(self) -> Outcome | None:
        """The search of the first of the chosen runs."""
        return self.view.searches.get(self._chosen[0].batch or "")

    def _read_folders(self) -> None:
        """In the background: what the list says of runs that have not been read yet."""
        view = self.view
        unread = [run for run in view.runs if run.id not in view.progress]
        rated = [run for run in view.runs if run.f1 is not None and run.id not in view.figures]
        if not unread and not rated:
            return

        def work() -> None:
            known = {run.id: progress.of(self.workspace.files.run(run.id)) for run in unread}
            self.post_message(FoldersRead(known, comparison.on_validation(self.workspace, rated)))

        self.read_in_background(work, "folders")

    def on_folders_read(self, message: FoldersRead) -> None:
        known, figures = {**message.progress, **self.view.progress}, {**self.view.figures, **message.figures}
        self.view = replace(self.view, progress=known, figures=figures)
        self._fill()

    def _progress(self, run: Run) -> Progress:
        if run.id not in self.view.progress:
            known = progress.of(self.workspace.files.run(run.id))
            self.view = replace(self.view, progress={**self.view.progress, run.id: known})
        return self.view.progress[run.id]

    def _compare(self, a: Run, b: Run) -> None:
        """In the background, once: compare two runs on the documents that both read."""
        pair = (a.id, b.id)
        if pair not in self.view.compared and pair not in self._comparing:
            self._comparing.add(pair)
            self.in_background(
                lambda: self.post_message(Compared(pair, comparison.compare(self.workspace, a, b))), f"compare {pair}"
            )

    def on_compared(self, message: Compared) -> None:
        self._comparing.discard(message.pair)
        self.view = replace(self.view, compared={**self.view.compared, message.pair: message.comparison})
        self._show()

    # what is shown

    def on_resize(self) -> None:
        if self.is_mounted:
            self._fill()

    def _fill(self) -> None:
        """Fill the list, and show what is under its cursor."""
        table, view = self._table, self.view
        at = next((row for row, run in enumerate(view.runs) if run.id == self._on), table.cursor_row)
        is_wide = self.size.width >= 100  # where it is not, what is unlike the best names another family
        fields = comparison.weakest(view.runs, view.best)[: max(0, (self.size.width - 102) // 10)] if is_wide else []
        family, took = (["family"], ["cost"]) if is_wide else ([], [])
        touched = ["all right"] if any(untouched(run.report) for run in view.runs) else []
        named = short_heads(fields, self.workspace.schema)
        heads = ["", "run", "state", *touched, "F1 val.", *named, "time", *took, *family, "unlike the best"]

        def row_of(run: Run, space: int) -> list[Content]:
            return details.cells(view, run, fields, is_wide, bool(touched), space)

        rows = [[Content(head) for head in heads], *(row_of(run, 0) for run in view.runs)]
        widths = [max(row[column].cell_length for row in rows) for column in range(len(heads))]
        space = self.size.width - 3 - sum(width + 2 for width in widths[:-1])
        widths[1] -= max(0, min(len(heads[-1]) - space, widths[1] - _SHORTEST_NAME))
        space = max(space, len(heads[-1]))
        cells = [row_of(run, space) for run in view.runs]
        for row in cells:
            row[1] = row[1].truncate(widths[1], ellipsis=True)
        widths[-1] = max([len(heads[-1]), *(row[-1].cell_length for row in cells)])
        table.clear(columns=True)
        for column, head in enumerate(heads):
            table.add_column(head, key=f"{column} {head}", width=widths[column])
        for run, row in zip(view.runs, cells, strict=True):
            table.add_row(*row, key=run.id)
        if view.runs:
            table.move_cursor(row=min(max(at, 0), len(view.runs) - 1), animate=False)
        self._show()

    def _show(self) -> None:
        """Show the run under the cursor, or the marked runs beside each other."""
        if self.view.runs:
            self._show_text(self._chosen)
            self._show_chart(self._chosen)
        self.refresh_status()

    def _show_text(self, runs: list[Run]) -> None:
        schema = self.workspace.schema
        if len(runs) > 1:
            text = details.comparison_text(self.view, runs, schema)
            for other in runs[1:]:
                self._compare(runs[0], other)
        else:
            text = details.run_text(self.view, runs[0], self._progress(runs[0]), schema)
        self.query_one("#facts", Static).update(text)

    def _show_chart(self, runs: list[Run]) -> None:
        chart, kind, search = self.query_one(RunChart), self.view.kind, self._search
        if search is None and kind in search_charts.KINDS:
            kind = "f1"
        if search is not None and kind in search_charts.KINDS:
            self._show_search(chart, kind, search)
        elif kind == "fields":
            names = comparison.fields_of(runs)
            chart.bars(charts.BARS, [self.workspace.schema.name(name) for name in names], comparison.bars(runs, names))
        else:
            chart.curves(charts.KINDS[kind], comparison.curves(runs, kind, self._progress))

    def _show_search(self, chart: RunChart, kind: str, search: Outcome) -> None:
        title = f"Search {search.name}: {search_charts.KINDS[kind]}"
        if kind == "search-progress":
            chart.curves(title, search_charts.progress(search), search.unit, of_shares=True)
        elif kind == "parallel":
            chart.parallel(title, *search_charts.coordinates(search))
        else:
            names, shares = search_charts.shares(search)
            chart.bars(title if names else f"{title}: {search_charts.TOO_FEW}", names, [("", shares)] if names else [])

    def refresh_status(self) -> None:
        view, key = self.view, self.key_of
        if not view.runs:
            self.hint("", (key("run.import"), "import a run"))
            self.facts("no runs")
            return
        runs = self._chosen
        narrow = [(key("compare.draw"), "text or chart")] if self.size.width < 100 else []
        drawing = [*narrow, (key("compare.chart"), "next curve"), (key("compare.picture"), "picture")]
        mark, clone = (key("compare.mark"), "mark"), (key("run.clone"), "clone")
        if len(runs) > 1:
            self.hint("", *drawing, mark, (key("compare.none"), "unmark all"), clone)
        else:
            state = runs[0].state
            pause = (key("run.pause"), "go on" if state is RunState.PAUSED else "pause")
            at_work = [(key("run.stop"), "stop"), pause, (key("run.kill"), "kill")]
            at_work = at_work if state in run_store.ACTIVE else []
            resume = [(key("run.resume"), "resume")] if state in run_store.RESUMABLE else []
            others = [(key(f"run.{act}"), act) for act in ("export", "note", "pin", "delete")]
            self.hint("", *at_work, *resume, mark, clone, *drawing, *others)
        count = len(view.runs)
        self.facts(counted(count, "run"), f"{len(view.marked)} marked" if view.marked else "")

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
        return [
            ("all right", "test documents (else validation) of which every value is right, of those measured"),
            (
                "F1 val.",
                "on the run's validation documents, strictly; green: the best of those measured on the same documents; "
                "grey: its best so far, while it is at work",
            ),
            *FIGURES,
            ("time", "at work: not waiting for its turn, not paused"),
            ("cost", "that time × the processor cores (core-h) or the graphics cards (GPU-h) that it kept"),
            (
                "other validation",
                "measured on other documents than the best: the two F1s do not compare; mark both instead",
            ),
        ]

    # acts

    def action_run(self, act: str) -> None:
        """Do something with the run under the cursor."""
        self._actions.act(act, self.current)

    def action_take_in(self) -> None:
        self._actions.take_in()

    async def action_clone(self) -> None:
        run = self.current
        await self.workbench.visit("tune", CloneRun(config_files.from_dict(run.config), run.preset, run.id))

    def action_mark(self) -> None:
        run_id, marked = self.current.id, self.view.marked
        now = tuple(name for name in marked if name != run_id) if run_id in marked else (*marked, run_id)
        self.view = replace(self.view, marked=now)
        self._fill()

    def action_unmark(self) -> None:
        self.view = replace(self.view, marked=())
        self._fill()

    def action_chart(self) -> None:
        kinds = [*charts.KINDS, "fields", *(search_charts.KINDS if self._search else ())]
        at = kinds.index(self.view.kind) if self.view.kind in kinds else -1
        self.view = replace(self.view, kind=kinds[(at + 1) % len(kinds)])
        self._show()

    def action_charting(self) -> None:
        self.toggle_class("-charting")

    def action_picture(self) -> None:
        kind, search = self.view.kind, self._search
        if kind in search_charts.KINDS and search is None:
            kind = "f1"
        if search is not None and kind in search_charts.KINDS:
            chart = search_charts.picture(search, kind)
        else:
            chart = comparison.picture(self.workspace, self._chosen, kind, self._progress)

        def take(path: Path) -> None:
            charts.check(path)

            def draw() -> None:  # matplotlib takes a moment to load
                charts.save(chart, path)
                self.app.call_from_thread(self.notify, f"Written: {path}", markup=False)

            self.in_background(draw, "picture")

        self.target(Prompt("Write the chart to", f"{kind}.png", "A file that ends in .png or .svg"), take)
