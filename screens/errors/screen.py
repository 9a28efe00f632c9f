"""The errors screen: what a run gets wrong, field by field, down to the place on the document; and what to do next."""

from collections.abc import Iterable
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.dom import DOMNode
from textual.message import Message

from screens.base import ModeScreen
from screens.errors import doctor_actions, hints, report_export, snapshot, table_contents
from screens.errors.class_errors import ClassErrors
from screens.errors.doctor_panel import DoctorPanel
from screens.errors.error_list import ErrorList
from screens.errors.error_panel import ErrorPanel
from screens.errors.keys import ERRORS
from screens.errors.rule_switches import RuleSwitches
from screens.errors.snapshot import Shown, read
from screens.errors.tables_pane import ALONE, VIEWS, CellErrors, ErrorTables
from screens.keys import bindings
from screens.navigation import ChooseLike, OpenDocument
from screens.widgets.dialogs import Choice
from storage import runs as run_store
from storage.exceptions import RunProblem
from storage.records import Run
from workbench.evaluation import error_review
from workbench.evaluation.classes.errors import ClassReview, Key
from workbench.evaluation.doctor.consultation import ENDED
from workbench.evaluation.error_review import ErrorItem, Verdict
from workbench.runs import progress
from workbench.runs.watch import RunUpdate


class ErrorsScreen(ModeScreen):
    """Read a model's errors, and do something about them."""

    mode = "errors"
    CSS_PATH = "errors.tcss"
    BINDINGS = bindings(ERRORS)

    class RunRead(Message):
        """A run's errors were read, or what was done about them was looked up again."""

        def __init__(self, shown: Shown) -> None:
            super().__init__()
            self.shown = shown

    class ClassesRead(Message):
        """The errors of a run of a class field were read."""

        def __init__(self, run: Run, review: ClassReview, verdicts: dict[Key, Verdict | None]) -> None:
            super().__init__()
            self.run, self.review, self.verdicts = run, review, verdicts

    def __init__(self) -> None:
        super().__init__()
        self.shown: Shown | None = None
        self._rules = RuleSwitches(self, self._show_rules)
        self._chosen_run = ""  # its id; "" is the newest that ended

    def body(self) -> ComposeResult:
        with Horizontal(id="work"):
            yield ErrorTables(self.workspace.schema)
            yield ErrorPanel(lambda: self.workspace.schema)
        yield ClassErrors()

    @property
    def class_errors(self) -> ClassErrors:
        """What is shown of a run that learned a class field; in view with the class -classes."""
        return self.query_one(ClassErrors)

    def key_owners(self) -> Iterable[DOMNode]:
        return (self, *self.query(ClassErrors), self.app) if self.has_class("-classes") else (self, self.app)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Of a class run the keys of fields do nothing."""
        return not self.has_class("-classes") or action in ("choose_run", "split", "export", "help")

    @property
    def tables(self) -> ErrorTables:
        return self.query_one(ErrorTables)

    @property
    def panel(self) -> ErrorPanel:
        return self.query_one(ErrorPanel)

    def on_mount(self) -> None:
        """Read the newest run that ended."""
        self._arrange("matrix")
        self.look()

    def on_screen_resume(self) -> None:
        """Labels may have been fixed in the meantime."""
        if self.shown is not None or self.class_errors.review is not None:
            self.look()

    def runs_changed(self, news: RunUpdate) -> None:
        """A run that ended is read, where none was chosen by hand."""
        if self.is_mounted and news.ended and not self._chosen_run:
            self.look()

    def on_resize(self) -> None:
        """On wide terminals the tables stand below each other."""
        self.call_after_refresh(lambda: self._arrange(self.tables.view))
        if self.shown is not None:
            self.call_after_refresh(self.panel.show_title)

    # reading

    def look(self, run_id: str = "", split: str | None = None) -> None:
        """Read a run in the background, by default the one in view; of one that was read, only what was done since."""
        before = self.shown
        run_id = run_id or self._chosen_run
        if before is None or run_id not in ("", before.run.id):
            self.panel.show_message("Reading the run …")
        self.read_in_background(partial(self._read, before, run_id, split), "look")

    def _read(self, before: Shown | None, run_id: str, split: str | None) -> None:
        if (read_classes := snapshot.read_classes(self.workspace, self.class_errors.review, run_id, split)) is not None:
            self.post_message(self.ClassesRead(*read_classes))
            return
        shown = read(self.workspace, before, run_id, split)
        if shown is None:
            self.app.call_from_thread(self._show_nothing)
        else:
            self.post_message(self.RunRead(shown))

    def on_errors_screen_classes_read(self, message: ClassesRead) -> None:
        """Show a class run in place of the tables of fields."""
        self.shown = None
        before = self.class_errors.run
        self.add_class("-classes")
        self.class_errors.show(message.run, message.review, message.verdicts)
        if before is None or before.id != message.run.id:
            self._doctor.consult(message.run)
        self.refresh_status()

    def _show_nothing(self) -> None:
        self.panel.show_message("")
        self.tables.show_message(hints.NOTHING_MEASURED)
        self.hint("Train a model first.", ("F4", "set up a run"), ("F5", "follow the runs"))
        self.facts("no run")

    def on_errors_screen_run_read(self, message: RunRead) -> None:
        """Show a run; the cell and the error in view stay where the run is the same."""
        before, self.shown = self.shown, message.shown
        self.remove_class("-classes")
        shown = message.shown
        self.tables.show(shown.review, shown.evaluation, self.workspace.schema)
        self._show_rules()
        if before is None:  # a text stood in place of the views' names
            self._arrange(self.tables.view)
        if before is not None and before.review is shown.review:
            self.panel.show_verdicts(shown.verdicts)
        else:
            self._list(self.tables.pointed)
            self._doctor.consult(shown.run)
            if self.focused is None:
                self.tables.shown_view.focus()
        self.refresh_status()

    def _show_rules(self) -> None:
        if self.shown is not None:
            effects = self.shown.evaluation.get("postprocess") or {}
            self.tables.show_rules(effects, self.workspace.settings.postprocess)

    # views and the list

    def _arrange(self, view: str) -> None:
        self.set_class(view in ALONE, "-alone")
        keys = {name: self.key_of(binding) for name, (binding, _) in VIEWS.items()}
        self.tables.show_view(view, self.has_class("-wide"), keys)

    def action_view(self, view: str) -> None:
        """Another view on the left; the list shows the cell under its cursor."""
        before = self.tables.view
        self.remove_class("-listing")
        self._arrange(view)
        self.tables.shown_view.focus()
        if view != before and view not in ALONE:
            self._list(self.tables.pointed)
        self.refresh_status()

    def action_back(self) -> None:
        self.action_view(self.tables.view)

    def action_sort(self) -> None:
        self.tables.sort()

    def _list(self, errors: CellErrors | None) -> None:
        if errors is not None and self.shown is not None:
            self.panel.show(errors.items, errors.title, self.shown.verdicts)

    @on(ErrorTables.CellChosen)
    def _cell_chosen(self, event: ErrorTables.CellChosen) -> None:
        self._list(event.errors)
        if event.enter:
            self._enter_list()

    def _enter_list(self) -> None:
        if not self.panel.items:
            self.notify("Nothing is wrong here: there is no list." if self.shown else hints.NOTHING_MEASURED)
            return
        self.add_class("-listing")
        self.panel.list.focus()
        self.refresh_status()

    def action_doubts(self) -> None:
        """List the labels that the model confidently disagrees with."""
        if self.shown is not None:
            self._list(CellErrors(self.shown.review.doubts, "Doubtful labels"))
            self._enter_list()

    def action_other_side(self) -> None:
        if self.panel.list.has_focus:
            self.action_back()
        else:
            self._enter_list()

    def action_step(self, by: int) -> None:
        """The next error that nothing was done about."""
        if not self.panel.list.step(by, only_open=True):
            self.notify("No more errors to check in this list.")

    @on(ErrorTables.RuleChosen)
    def _rule_chosen(self, event: ErrorTables.RuleChosen) -> None:
        self._rules.ask(event.rule, self.shown.evaluation.get("postprocess") or {} if self.shown is not None else {})

    def action_undo_rules(self) -> None:
        self._rules.undo()

    # what is done about an error

    def _pointed_error(self) -> tuple[Shown, ErrorItem]:
        """The error under the pointer, with what the screen shows.

        Raises:
            RunProblem: there is none, or its document is not in this workspace.
        """
        shown, item = self.shown, self.panel.item
        if item is None or shown is None:
            raise RunProblem("No error is chosen.", "Choose a cell with errors first.")
        if shown.verdicts.get(id(item), Verdict.OPEN) is None:
            problem = f"{item.name} is not a document of this workspace."
            raise RunProblem(problem, "The run was made elsewhere: its errors can be read.")
        return shown, item

    @on(ErrorList.Chosen)
    async def _error_chosen(self) -> None:
        with self.guarded():
            await self.action_open()

    async def action_open(self) -> None:
        """Open the document in the annotate screen at the error, the prediction beside the label."""
        shown, item = self._pointed_error()
        error_review.propose(self.workspace, shown.review, item)
        self.workbench.error_walk = self
        most = max(12, (self.size.width - 90) // 2 + 12)  # what the keys beside them leave
        request = OpenDocument(
            item.document, tokens=item.tokens, task=table_contents.task(item, self.workspace.schema, most)
        )
        await self.workbench.visit("annotate", request)

    def action_confirm(self) -> None:
        shown, item = self._pointed_error()
        error_review.confirm(self.workspace, shown.review, item)
        self._mark(shown, item, Verdict.CONFIRMED)

    def action_enqueue(self) -> None:
        """Add the document to the relabel queue."""
        shown, item = self._pointed_error()
        number = error_review.enqueue(self.workspace, shown.review, item)
        self.workbench.count_progress()
        self.notify(f"{item.name} waits in round {number}.", markup=False, timeout=3)
        for other in shown.review.of_document(item.document):  # the whole document waits
            if shown.verdicts[id(other)] is Verdict.OPEN:
                shown.verdicts[id(other)] = Verdict.QUEUED
        self._mark(shown, item, Verdict.QUEUED)

    async def action_choose_like(self) -> None:
        """Choose a batch of documents that are like those of the list."""
        self._pointed_error()
        documents = tuple(dict.fromkeys(item.document for item in self.panel.items))
        await self.workbench.visit("queue", ChooseLike(documents))

    def _mark(self, shown: Shown, item: ErrorItem, verdict: Verdict) -> None:
        """Show what was done at once, and go on."""
        shown.verdicts[id(item)] = verdict
        self.panel.show_verdicts(shown.verdicts)
        self.refresh_status()
        self.panel.list.step(1, only_open=True)

    # from the annotate screen

    @property
    def document(self) -> int:
        """The document of the error that is being looked at."""
        item = self.panel.item
        return item.document if item is not None else 0

    async def next_error(self) -> None:
        """Open the next open error's document."""
        if self.shown is not None:
            self.shown.verdicts.update(error_review.verdicts(self.workspace, self.shown.review))
        if self.panel.list.step(1, only_open=True):
            await self.action_open()
        else:
            self.notify("That was the last error of the list.")
            await self.workbench.visit("errors")

    async def confirm_error(self) -> None:
        """The label is right; the next error."""
        self.action_confirm()
        await self.action_open()

    async def queue_error(self) -> None:
        """The document into the relabel queue; the next error."""
        self.action_enqueue()
        await self.action_open()

    # the Doctor

    @property
    def _run(self) -> Run | None:
        """The run in view."""
        if self.has_class("-classes"):
            return self.class_errors.run
        return self.shown.run if self.shown is not None else None

    @property
    def _doctor(self) -> DoctorPanel:
        return self.class_errors.doctor if self.has_class("-classes") else self.tables.query_one(DoctorPanel)

    @on(DoctorPanel.OptionHighlighted)
    def _action_in_view(self) -> None:
        self.refresh_status()

    @on(DoctorPanel.Taken)
    async def _action_taken(self, event: DoctorPanel.Taken) -> None:
        run, shown = self._run, self.shown
        if run is None:
            return
        with self.guarded():
            if shown is None:
                await doctor_actions.take(self, run, event, self.class_errors.action_doubts)
            else:
                of_vendor = lambda vendor: (item.document for item in shown.review.of_vendor(vendor))  # noqa: E731
                await doctor_actions.take(self, run, event, self.action_doubts, self._rules, of_vendor)

    # runs and the report

    def action_choose_run(self) -> None:
        with self.workspace.db.read() as connection:
            ended = run_store.listed(connection, ENDED)
        options = [
            (run.id, f"{run.name}  {progress.figures_line(run.report, run.f1)}  {run.family}", "") for run in ended
        ]
        self.app.push_screen(Choice("Errors of the run", options), self._use_run)

    def _use_run(self, run_id: str | None) -> None:
        if run_id is not None:
            self._chosen_run = run_id
            self.look(run_id)

    def action_split(self) -> None:
        """Another side of the split."""
        if self.has_class("-classes") and (review := self.class_errors.review) is not None:
            at = review.splits.index(review.split)
            self.look(review.run, review.splits[(at + 1) % len(review.splits)])
        elif self.shown is not None:
            names = self.shown.review.splits
            at = names.index(self.shown.review.split)
            self.look(self.shown.run.id, names[(at + 1) % len(names)])

    def action_export(self) -> None:
        review = self.shown.review if self.shown is not None else self.class_errors.review
        if self._run is not None and review is not None:
            report_export.ask(self, self._run, review.split)

    # the lines at the foot

    @on(ClassErrors.Changed)
    def _classes_changed(self) -> None:
        self.refresh_status()

    def refresh_status(self) -> None:
        if self.has_class("-classes"):
            self.facts(*self.class_errors.facts())
            self.show_hint(self.class_errors.hint())
            return
        if self.shown is None:
            return
        self.facts(*self.shown.facts())
        leads = self._doctor.leads
        listing = self.panel.list.has_focus or self.has_class("-listing")
        self.hint("", *((self.key_of(key) or key, text) for key, text in hints.pairs(self.tables.view, listing, leads)))
