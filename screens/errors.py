"""The errors room: what a run gets wrong, field by field, down to the place on the document; and what to do next."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from screens import error_tables
from screens.base import ModeScreen
from screens.error_tables import ALL_KINDS
from screens.keys import bindings
from screens.widgets.dialogs import Choice, Prompt
from screens.widgets.doctor_panel import DoctorPanel
from screens.widgets.error_list import ErrorDetail, ErrorList
from screens.widgets.heat_grid import HeatGrid
from storage import runs as run_store
from storage.exceptions import RunProblem
from storage.files import write_atomic
from storage.records import Run
from workbench import consulting, jobs, survey
from workbench.config import from_dict
from workbench.consulting import ENDED, Consultation
from workbench.doctor import Target
from workbench.metrics import Kind
from workbench.survey import Item, Survey, Verdict
from workbench.watching import News

VIEWS = {
    "matrix": "Fields",
    "confusion": "Confusion",
    "piles": "Groups",
    "rules": "Repair rules",
    "doctor": "Doctor",
}
TOGETHER = ("matrix", "confusion", "piles")
"""Views that stand below each other on wide terminals."""
ERRORS = [
    ("view.matrix", "m", "view('matrix')", "Fields and kinds of error"),
    ("view.confusion", "c", "view('confusion')", "Which field is taken for which"),
    ("view.piles", "g", "view('piles')", "Groups: where errors pile up"),
    ("view.rules", "r", "view('rules')", "What the repair rules repaired and broke"),
    ("view.doctor", "d", "view('doctor')", "The Doctor: what to change next"),
    ("error.doubts", "l", "doubts", "Labels to doubt, the most doubtful first"),
    ("view.sort", "o", "sort", "Order the fields by the column under the cursor"),
    ("view.other-side", "tab,shift+tab", "other_side", "Into the list, and back to the table"),
    ("error.next", "n", "step(1)", "Next error that nothing was done about"),
    ("error.previous", "p", "step(-1)", "Previous such error"),
    ("error.open", "e", "open", "Open the document there, to fix the label"),
    ("error.confirm", "y", "confirm", "The label is right, the model is wrong"),
    ("error.queue", "q", "enqueue", "Put the document into the relabel queue"),
    ("run.choose", "R", "choose_run", "Another run"),
    ("run.split", "s", "split", "Test, validation or training documents"),
    ("run.export", "H", "export", "Write an HTML report for colleagues"),
    ("error.back", "escape", "back", "Back to the table"),
]


def _selector(view: str) -> str:
    return "DoctorPanel" if view == "doctor" else f"#{view}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the room shows; one snapshot drives its widgets."""

    run: Run
    survey: Survey
    verdicts: dict[int, Verdict | None]
    evaluation: dict[str, Any]


class Looked(Message):
    """A run's errors were read, or what people did about them was looked up again."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self.shown = shown


class Consulted(Message):
    """The Doctor has spoken."""

    def __init__(self, told: Consultation) -> None:
        super().__init__()
        self.told = told


class ErrorsScreen(ModeScreen):
    """Read a model's errors, field by field."""

    mode = "errors"
    CSS_PATH = "errors.tcss"
    BINDINGS = bindings(ERRORS)

    def __init__(self) -> None:
        super().__init__()
        self._shown: Shown | None = None
        self._wanted = ""  # the run that was chosen; "" is the newest that ended
        self._view = "matrix"
        self._order = "errors"
        self._items: tuple[Item, ...] = ()
        self._title = ""
        self._told: Consultation | None = None

    def body(self) -> ComposeResult:
        with Horizontal(id="work"):
            with Vertical(id="left"):
                yield Static(id="views")
                yield HeatGrid("matrix")
                yield HeatGrid("confusion")
                yield OptionList(id="piles")
                yield HeatGrid("rules")
                yield DoctorPanel()
            with Vertical(id="right"):
                yield Static(id="title")
                yield ErrorList(lambda: self.workspace.schema)
                yield ErrorDetail()

    def on_mount(self) -> None:
        """Read the newest run that ended."""
        self._arrange()
        self._look()

    def on_screen_resume(self) -> None:
        """Labels may have been fixed in the meantime."""
        super().on_screen_resume()
        if self._shown is not None:
            self._look()

    def runs_changed(self, news: News) -> None:
        """A run that ended is read, where none was chosen by hand."""
        if self.is_mounted and news.ended and not self._wanted:
            self._look()

    def on_resize(self) -> None:
        """On wide terminals the two tables stand below each other."""
        self.call_after_refresh(self._arrange)

    # reading

    def _look(self, run_id: str = "", split: str | None = None) -> None:
        before = self._shown
        run_id = run_id or self._wanted

        def work() -> None:
            with self.workspace.db.read() as connection:
                ended = run_store.listed(connection, ENDED)
            run = next((one for one in ended if run_id in ("", one.id)), None)
            if run is None:
                self.app.call_from_thread(self._nothing)
                return
            known = before is not None and before.run.id == run.id and split in (None, before.survey.split)
            if known and before is not None:
                found, evaluation = before.survey, before.evaluation
            else:
                folder = jobs.folder_of(self.workspace, run.id)
                found, evaluation = survey.look(folder, split), consulting.evaluation_of(folder)
            self.post_message(Looked(Shown(run, found, survey.verdicts(self.workspace, found), evaluation)))

        if before is None or run_id not in ("", before.run.id):
            self.query_one("#title", Static).update("Reading the run …")
        self.in_background(work, "look")

    def _nothing(self) -> None:
        self.query_one("#title", Static).update("")
        self.query_one("#views", Static).update("No run has ended with predictions yet.")
        self.hint("Train a model first.", ("F4", "set up a run"), ("F5", "follow the runs"))
        self.facts("no run")

    def on_looked(self, message: Looked) -> None:
        """Show a run; the cell and the error in view stay where the run is the same."""
        before, self._shown = self._shown, message.shown
        same = before is not None and before.survey is message.shown.survey
        self._tables()
        if same:
            self.query_one(ErrorList).show(self._items, message.shown.verdicts)
            self._head()
        else:
            self._told = None
            self.query_one(DoctorPanel).show(None)
            self._list(message.shown.survey.items, "All errors")
            self._ask_doctor()
            if self.focused is None:
                self.query_one("#matrix").focus()
        self._say()

    # the tables

    def _tables(self) -> None:
        assert self._shown is not None
        found, schema = self._shown.survey, self.workspace.schema
        self.query_one("#matrix", HeatGrid).show(error_tables.matrix(found, schema, self._order))
        self.query_one("#confusion", HeatGrid).show(error_tables.confusion(found, schema))
        effects = self._shown.evaluation.get("postprocess") or {}
        self.query_one("#rules", HeatGrid).show(error_tables.rules(effects, self.workspace.settings.postprocess))
        piles = self.query_one("#piles", OptionList)
        piles.clear_options()
        options = [Option(Content(error_tables.pile(one, schema)), id=str(n)) for n, one in enumerate(found.piles)]
        piles.add_options(options or [Option("Errors are spread evenly: no group stands out.", disabled=True)])

    def _arrange(self) -> None:
        """Show the widgets of the view, and name the views."""
        shown = TOGETHER if self.has_class("-wide") and self._view in TOGETHER else (self._view,)
        for name in VIEWS:
            self.query_one(_selector(name)).display = name in shown
        parts: list[tuple[str, str] | str] = []
        for name, title in VIEWS.items():
            style = "bold $foreground" if name in shown else "$text-muted"
            parts += [(self.key_of(f"view.{name}"), "bold $accent"), (f" {title}  ", style)]
        self.query_one("#views", Static).update(Content.assemble(*parts))

    def action_view(self, name: str) -> None:
        """Another view on the left."""
        self._view = name
        self.remove_class("-listing")
        self._arrange()
        self.query_one(_selector(name)).focus()
        self._say()

    def action_sort(self) -> None:
        """Order the fields by the column under the cursor."""
        pointed = self.query_one("#matrix", HeatGrid).pointed
        if pointed is not None:
            self._sort(pointed[1])

    def _sort(self, column: str) -> None:
        if self._shown is not None:
            self._order = column if column != self._order else "field"
            self.query_one("#matrix", HeatGrid).show(
                error_tables.matrix(self._shown.survey, self.workspace.schema, self._order)
            )

    @on(HeatGrid.Sorted, "#matrix")
    def _head_clicked(self, event: HeatGrid.Sorted) -> None:
        self._sort(event.column)

    @on(HeatGrid.Pointed, "#matrix")
    def _cell_pointed(self, event: HeatGrid.Pointed) -> None:
        if self._shown is not None:
            kind = None if event.column in ALL_KINDS else Kind(event.column)
            listed = self._shown.survey.of_cell(event.row, kind)
            what = "all errors" if kind is None else error_tables.KINDS[kind]
            self._list(listed, f"{self._shown_name(event.row)} · {what}")

    @on(HeatGrid.Pointed, "#confusion")
    def _pair_pointed(self, event: HeatGrid.Pointed) -> None:
        if self._shown is not None:
            listed = self._shown.survey.of_pair(event.row, event.column)
            title = f"{self._shown_name(event.row)} taken for {self._shown_name(event.column)}"
            self._list(listed, f"{self._shown_name(event.row)} · boundary" if event.row == event.column else title)

    @on(HeatGrid.Chosen, "#matrix,#confusion")
    def _cell_chosen(self, event: HeatGrid.Chosen) -> None:
        (self._cell_pointed if event.grid.id == "matrix" else self._pair_pointed)(event)
        self._into_list()

    @on(OptionList.OptionHighlighted, "#piles")
    def _pile_pointed(self, event: OptionList.OptionHighlighted) -> None:
        if self._shown is not None and event.option_id is not None and self._view == "piles":
            pile = self._shown.survey.piles[int(event.option_id)]
            self._list(self._shown.survey.of_pile(pile), error_tables.pile(pile, self.workspace.schema))

    @on(OptionList.OptionSelected, "#piles")
    def _pile_chosen(self, event: OptionList.OptionSelected) -> None:
        self._into_list()

    def _shown_name(self, field: str) -> str:
        return {survey.TOTAL: "All fields", "none": "nothing"}.get(field, self.workspace.schema.name(field))

    @on(HeatGrid.Chosen, "#rules")
    def _rule_switched(self, event: HeatGrid.Chosen) -> None:
        """On, off, as measured, in turn."""
        own = dict(self.workspace.settings.postprocess)
        order: list[bool | None] = [None, True, False]
        now = order[(order.index(own.pop(event.row, None)) + 1) % 3]
        self._switch({**own, **({} if now is None else {event.row: now})})

    def _switch(self, rules: dict[str, bool]) -> None:
        self.workspace.change_settings(postprocess=rules)
        self._tables()
        self.notify("Kept in workbench.toml; the next suggestions follow it.")

    # the list

    def _list(self, items: tuple[Item, ...], title: str) -> None:
        assert self._shown is not None
        self._items, self._title = items, title
        self.query_one(ErrorList).show(items, self._shown.verdicts)
        self._head()

    def _head(self) -> None:
        assert self._shown is not None
        done = [self._shown.verdicts.get(id(item)) for item in self._items]
        counts = [
            (f" · {done.count(verdict)} {text}", colour)
            for verdict, text, colour in (
                (Verdict.FIXED, "label errors", "$success"),
                (Verdict.CONFIRMED, "confirmed", "$text-muted"),
                (Verdict.QUEUED, "queued", "$text-muted"),
            )
            if verdict in done
        ]
        self.query_one("#title", Static).update(
            Content.assemble((self._title, "bold"), (f" · {len(self._items)}", ""), *counts)
        )

    @on(ErrorList.Pointed)
    def _error_pointed(self) -> None:
        listed = self.query_one(ErrorList)
        verdict = self._shown.verdicts.get(id(listed.item)) if self._shown is not None else None
        self.query_one(ErrorDetail).tell(listed.item, verdict, self.workspace.schema, listed.place)

    def _into_list(self) -> None:
        self.add_class("-listing")
        self.query_one(ErrorList).focus()
        self._say()

    def action_doubts(self) -> None:
        """The labels that the model confidently disagrees with."""
        if self._shown is not None:
            self._list(self._shown.survey.doubts, "Labels to doubt")
            self._into_list()

    def action_other_side(self) -> None:
        """From the table into the list, and back."""
        if self.query_one(ErrorList).has_focus:
            self.action_view(self._view)
        else:
            self._into_list()

    def action_back(self) -> None:
        """Back to the table."""
        self.action_view(self._view)

    def action_step(self, by: int) -> None:
        """The next error that nothing was done about."""
        if not self.query_one(ErrorList).step(by, only_open=True):
            self.notify("No further open error in this list.")

    # what is done about an error

    @property
    def _item(self) -> Item:
        item = self.query_one(ErrorList).item
        if item is None or self._shown is None:
            raise RunProblem("No error is chosen.", "Choose a cell with errors first.")
        if self._shown.verdicts.get(id(item), Verdict.OPEN) is None:
            problem = f"{item.name} is not a document of this workspace."
            raise RunProblem(problem, "The run was made elsewhere: its errors can be read.")
        return item

    @on(ErrorList.Chosen)
    async def _error_chosen(self) -> None:
        with self.guarded():
            await self.action_open()

    async def action_open(self) -> None:
        """Open the document in the annotate room at the error, the prediction beside the label."""
        item = self._item
        assert self._shown is not None
        survey.propose(self.workspace, self._shown.survey, item)
        self.workbench.errand = self
        lead, pairs = error_tables.task(item, self.workspace.schema)
        await self.workbench.open_document(item.document, tokens=item.tokens, task=(lead, pairs))

    def action_confirm(self) -> None:
        """The label is right."""
        assert self._shown is not None or self._item
        survey.confirm(self.workspace, self._shown.survey, self._item)  # type: ignore[union-attr]
        self._mark(Verdict.CONFIRMED)

    def action_enqueue(self) -> None:
        """Into the relabel queue."""
        item = self._item
        assert self._shown is not None
        number = survey.enqueue(self.workspace, self._shown.survey, item)
        self.workbench.count_progress()
        self.notify(f"{item.name} waits in round {number}.", markup=False)
        self._mark(Verdict.QUEUED)

    def _mark(self, verdict: Verdict) -> None:
        """Show what was done at once, and go on."""
        assert self._shown is not None
        listed = self.query_one(ErrorList)
        self._shown.verdicts[id(listed.item)] = verdict
        listed.show(self._items, self._shown.verdicts)
        self._head()
        self._say()
        listed.step(1, only_open=True)

    # from the annotate room

    async def next_error(self) -> None:
        """Open the next open error's document."""
        if self._shown is not None:
            found = survey.verdicts(self.workspace, self._shown.survey)
            self._shown.verdicts.update(found)
        if self.query_one(ErrorList).step(1, only_open=True):
            await self.action_open()
        else:
            self.workbench.notify("That was the last open error of the list.")
            await self.workbench.action_room("errors")

    async def confirm_error(self) -> None:
        """The label is right; the next error."""
        self.action_confirm()
        await self.action_open()

    async def queue_error(self) -> None:
        """The document into the relabel queue; the next error."""
        self.action_enqueue()
        await self.action_open()

    # the Doctor

    def _ask_doctor(self) -> None:
        assert self._shown is not None
        run = self._shown.run
        self.in_background(lambda: self.post_message(Consulted(consulting.consult(self.workspace, run))), "doctor")

    def on_consulted(self, message: Consulted) -> None:
        """Show what the Doctor says."""
        if self._shown is not None and message.told.run == self._shown.run.id:
            self._told = message.told
            self.query_one(DoctorPanel).show(message.told)
            self._say()

    @on(DoctorPanel.Taken)
    async def _action_taken(self, event: DoctorPanel.Taken) -> None:
        assert self._shown is not None
        run, action = self._shown.run, event.action
        with self.guarded():
            if action.target is Target.CONFIG:
                config = from_dict(run.config)
                await self.workbench.propose_run(config, consulting.proposed(config, action), run.preset, run.id)
                self.workbench.notify(f"{event.finding.symptom}. The change is marked; s starts it.", markup=False)
            elif action.target is Target.POSTPROCESS:
                self._switch({**self.workspace.settings.postprocess, **consulting.switches(action)})
            else:
                self.notify(f"{action.title}. A task for people: the annotate room is the place.", markup=False)

    # runs and the report

    def action_choose_run(self) -> None:
        """Another run that ended."""
        with self.workspace.db.read() as connection:
            ended = run_store.listed(connection, ENDED)
        options = [
            (run.id, f"{run.name}  {'' if run.f1 is None else f'F1 {run.f1:.3f}'}  {run.family}", "") for run in ended
        ]
        self.app.push_screen(Choice("Errors of the run", options), self._chosen)

    def _chosen(self, run_id: str | None) -> None:
        if run_id is not None:
            self._wanted = run_id
            self._look(run_id)

    def action_split(self) -> None:
        """Another side of the split."""
        if self._shown is not None:
            names = self._shown.survey.splits
            at = names.index(self._shown.survey.split)
            self._look(self._shown.run.id, names[(at + 1) % len(names)])

    def action_export(self) -> None:
        """Ask where the report goes."""
        if self._shown is not None:
            hint = "Figures, errors with pictures, findings: one file. Enter: write it   Esc: cancel"
            self.app.push_screen(Prompt("HTML report", f"{self._shown.run.id}.html", hint), self._export)

    def _export(self, name: str | None) -> None:
        if not name or self._shown is None:
            return
        shown, target = self._shown, Path(name).expanduser().absolute()

        def work() -> None:
            from workbench import report_page

            folder = jobs.folder_of(self.workspace, shown.run.id)
            names = {field.id: field.name for field in self.workspace.schema}
            made = report_page.make(folder, title=shown.run.name, names=names, split=shown.survey.split)
            write_atomic(target, made)
            self.app.call_from_thread(self.notify, f"Written to {target}.", markup=False)

        self.notify("The report is being written …", timeout=2)
        self.in_background(work, "export")

    # the lines at the foot

    def _say(self) -> None:
        if self._shown is None:
            return
        found = self._shown.survey
        fixed, of = survey.label_errors(found, self._shown.verdicts)
        said = f"{fixed} of {of} errors were label errors" if fixed else f"{of} errors"
        self.facts(
            f"{self._shown.run.name} · {found.split}", f"F1 {found.f1:.3f}", f"{found.documents} documents", said
        )
        key = self.key_of
        if self.query_one(ErrorList).has_focus or self.has_class("-listing"):
            self.hint(
                "",
                ("Enter", "open it there"),
                (key("error.confirm"), "the label is right"),
                (key("error.queue"), "relabel queue"),
                (key("error.next"), "next open"),
                ("Esc", "back"),
                (key("run.export"), "HTML report"),
            )
        elif self._view == "doctor":
            self.hint("", ("Enter", "take this action"), ("↑↓", "read on"), (key("run.choose"), "another run"))
        elif self._view == "rules":
            self.hint("", ("Enter", "on, off, as measured"), (key("run.choose"), "another run"))
        else:
            self.hint(
                "",
                ("Enter", "list of errors"),
                (key("error.doubts"), "labels to doubt"),
                (key("view.sort"), "sort"),
                (key("run.split"), "other split"),
                (key("run.choose"), "other run"),
                (key("run.export"), "HTML report"),
            )
