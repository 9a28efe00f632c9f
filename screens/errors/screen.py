"""The errors screen: what a run gets wrong, field by field, down to the place on the document; and what to do next."""

from functools import partial
from pathlib import Path

from textual import on
from textual.message import Message

from screens.errors import tables
from screens.errors.browser import Surveying
from screens.errors.doctor_panel import DoctorPanel
from screens.errors.error_list import ErrorList
from screens.keys import bindings
from screens.widgets.dialogs import Choice, Prompt
from storage import documents
from storage import runs as run_store
from storage.documents import Filter
from storage.exceptions import RunProblem
from storage.files import write_atomic
from storage.records import Run, Split
from workbench.evaluation import error_review
from workbench.evaluation.doctor import consultation
from workbench.evaluation.doctor.consultation import ENDED, Consultation
from workbench.evaluation.doctor.findings import Action, Target
from workbench.evaluation.error_review import ErrorItem, Verdict
from workbench.runs.config.files import from_dict

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
    ("error.like", "w", "choose_like", "More like these: the pool's documents that are like those of the list"),
    ("run.choose", "R", "choose_run", "Another run"),
    ("run.split", "s", "split", "Test, validation or training documents"),
    ("run.export", "H", "export", "Write an HTML report for colleagues"),
    ("error.back", "escape", "back", "Back to the table"),
]


_PAINTED = 0.3  # seconds: reading the run for the Doctor would keep the tables waiting


class Consulted(Message):
    """The Doctor has spoken."""

    def __init__(self, told: Consultation) -> None:
        super().__init__()
        self.told = told


class ErrorsScreen(Surveying):
    """Read a model's errors, and do something about them."""

    mode = "errors"
    CSS_PATH = "errors.tcss"
    BINDINGS = bindings(ERRORS)

    def __init__(self) -> None:
        super().__init__()
        self._told: Consultation | None = None

    # what is done about an error

    @property
    def _item(self) -> ErrorItem:
        item = self.query_one(ErrorList).item
        if item is None or self.shown is None:
            raise RunProblem("No error is chosen.", "Choose a cell with errors first.")
        if self.shown.verdicts.get(id(item), Verdict.OPEN) is None:
            problem = f"{item.name} is not a document of this workspace."
            raise RunProblem(problem, "The run was made elsewhere: its errors can be read.")
        return item

    @on(ErrorList.Chosen)
    async def _error_chosen(self) -> None:
        with self.guarded():
            await self.action_open()

    async def action_open(self) -> None:
        """Open the document in the annotate screen at the error, the prediction beside the label."""
        item = self._item
        assert self.shown is not None
        error_review.propose(self.workspace, self.shown.survey, item)
        self.workbench.error_walk = self
        most = max(12, (self.size.width - 90) // 2 + 12)  # what the keys beside them leave
        lead, pairs = tables.task(item, self.workspace.schema, most)
        await self.workbench.open_document(item.document, tokens=item.tokens, task=(lead, pairs))

    def action_confirm(self) -> None:
        """The label is right."""
        assert self.shown is not None or self._item
        error_review.confirm(self.workspace, self.shown.survey, self._item)  # type: ignore[union-attr]
        self._mark(Verdict.CONFIRMED)

    def action_enqueue(self) -> None:
        """Into the relabel queue."""
        item = self._item
        assert self.shown is not None
        number = error_review.enqueue(self.workspace, self.shown.survey, item)
        self.workbench.count_progress()
        self.notify(f"{item.name} waits in round {number}.", markup=False, timeout=3)
        for other in self.shown.survey.of_document(item.document):  # the whole document waits
            if self.shown.verdicts[id(other)] is Verdict.OPEN:
                self.shown.verdicts[id(other)] = Verdict.QUEUED
        self._mark(Verdict.QUEUED)

    async def action_choose_like(self) -> None:
        """Order a batch of documents that are like those of the list."""
        assert self._item, "else it says that none is chosen"
        await self.workbench.choose_like(list(dict.fromkeys(item.document for item in self.items)))

    def _mark(self, verdict: Verdict) -> None:
        """Show what was done at once, and go on."""
        assert self.shown is not None
        listed = self.query_one(ErrorList)
        self.shown.verdicts[id(listed.item)] = verdict
        listed.show(self.items, self.shown.verdicts)
        self.head()
        self.say()
        listed.step(1, only_open=True)

    # from the annotate screen

    @property
    def document(self) -> int:
        """The document of the error that is being looked at."""
        item = self.query_one(ErrorList).item
        return item.document if item is not None else 0

    async def next_error(self) -> None:
        """Open the next open error's document."""
        if self.shown is not None:
            found = error_review.verdicts(self.workspace, self.shown.survey)
            self.shown.verdicts.update(found)
        if self.query_one(ErrorList).step(1, only_open=True):
            await self.action_open()
        else:
            self.workbench.notify("That was the last open error of the list.")
            await self.workbench.action_show_mode("errors")

    async def confirm_error(self) -> None:
        """The label is right; the next error."""
        self.action_confirm()
        await self.action_open()

    async def queue_error(self) -> None:
        """The document into the relabel queue; the next error."""
        self.action_enqueue()
        await self.action_open()

    # the Doctor

    def another_run(self) -> None:
        """Ask the Doctor, in the background, when the tables have been painted."""
        assert self.shown is not None
        self._told = None
        self.query_one(DoctorPanel).show(None)
        self.set_timer(_PAINTED, partial(self._ask, self.shown.run))

    def _ask(self, run: Run) -> None:
        if self.shown is not None and self.shown.run.id == run.id:
            self.in_background(
                lambda: self.post_message(Consulted(consultation.consult(self.workspace, run))), "doctor"
            )

    def on_consulted(self, message: Consulted) -> None:
        """Show what the Doctor says."""
        if self.shown is not None and message.told.run == self.shown.run.id:
            self._told = message.told
            self.query_one(DoctorPanel).show(message.told)
            self.say()

    @on(DoctorPanel.Taken)
    async def _action_taken(self, event: DoctorPanel.Taken) -> None:
        assert self.shown is not None
        run, action = self.shown.run, event.action
        with self.guarded():
            if action.target is Target.CONFIG:
                config = from_dict(run.config)
                await self.workbench.propose_run(config, consultation.proposed(config, action), run.preset, run.id)
                self.workbench.notify(f"{event.finding.symptom}. The change is marked; s starts it.", markup=False)
            elif action.target is Target.POSTPROCESS:
                self.switch_rules({**self.workspace.settings.postprocess, **consultation.switches(action)})
            elif action.screen == self.mode:
                self.action_doubts()
            elif action.documents:
                await self._go_and_label(action)
            else:
                if action.screen:
                    await self.workbench.action_show_mode(action.screen)
                self.workbench.notify(f"{action.title}.", markup=False)

    async def _go_and_label(self, action: Action) -> None:
        """List the documents that the Doctor wants labelled; where there are none, say so."""
        from screens.annotate.screen import AnnotateScreen

        split = action.documents.get("split")
        wanted = Filter("unlabelled", Split(split) if split else None, action.documents.get("group"))
        with self.workspace.db.read() as connection:
            waiting = documents.count(connection, wanted)
        if not waiting:
            raise RunProblem(f"{action.title}: none of these is here without labels.", "Import more of them first.")
        await self.workbench.action_show_mode(action.screen)
        if isinstance(screen := self.workbench.mode_screen, AnnotateScreen):
            screen.use_list(wanted)
            self.workbench.notify(f"{action.title}. {waiting} of these wait.", markup=False)

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
            self.wanted = run_id
            self.look(run_id)

    def action_split(self) -> None:
        """Another side of the split."""
        if self.shown is not None:
            names = self.shown.survey.splits
            at = names.index(self.shown.survey.split)
            self.look(self.shown.run.id, names[(at + 1) % len(names)])

    def action_export(self) -> None:
        """Ask where the report goes."""
        if self.shown is not None:
            hint = "Figures, errors with pictures, findings: one file. Enter: write it   Esc: cancel"
            self.app.push_screen(Prompt("HTML report", f"{self.shown.run.id}.html", hint), self._export)

    def _export(self, name: str | None) -> None:
        if not name or self.shown is None:
            return
        shown, target = self.shown, Path(name).expanduser().absolute()

        def work() -> None:
            from workbench.evaluation import html_report

            folder = self.workspace.files.run(shown.run.id)
            names = {field.id: field.name for field in self.workspace.schema}
            made = html_report.make(folder, title=shown.run.name, names=names, split=shown.survey.split)
            write_atomic(target, made)
            self.app.call_from_thread(self.notify, f"Written to {target}.", markup=False)

        self.notify("The report is being written …", timeout=2)
        self.in_background(work, "export")

    # the lines at the foot

    def say(self) -> None:
        """What can be done now, and where we are."""
        if self.shown is None:
            return
        found = self.shown.survey
        fixed, of = error_review.label_errors(found, self.shown.verdicts)
        said = f"{fixed} of {of} errors were label errors" if fixed else f"{of} errors"
        self.facts(f"{self.shown.run.name} · {found.split}", f"F1 {found.f1:.3f}", said)
        key = self.key_of
        if self.query_one(ErrorList).has_focus or self.has_class("-listing"):
            self.hint(
                "",
                ("Enter", "open it there"),
                (key("error.confirm"), "the label is right"),
                (key("error.queue"), "relabel queue"),
                (key("error.next"), "next open"),
                (key("error.like"), "more like these"),
                ("Esc", "back"),
                (key("run.export"), "HTML report"),
            )
        elif self.view == "doctor":
            self.hint("", ("Enter", "take this action"), ("↑↓", "read on"), (key("run.choose"), "another run"))
        elif self.view == "rules":
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
