"""Yes/no: one question after the other, each answer one act of its document, and the way back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message

from screens.base import taken_from
from screens.keys import bindings
from screens.navigation import OpenDocument
from screens.queue import hints
from screens.queue.keys import REVIEW
from screens.queue.pane import Pane
from screens.queue.review_card import ReviewCard
from screens.widgets.dialogs import Choice, Several
from screens.widgets.status_lines import Hint
from storage import document_list
from storage.exceptions import Conflict
from storage.records import Content as Opened
from storage.records import Source, State
from workbench.annotation import field_states, review
from workbench.annotation.classes import states
from workbench.annotation.editor import DocumentEditor
from workbench.annotation.review import Question
from workbench.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that can be taken back."""

    document: int
    question: Question | None  # None: whether the document is complete
    version: int | None  # of the document afterwards; None where nothing was saved: another option was asked about


class ReviewPane(Pane, can_focus=True):
    """Asks about uncertain suggestions and near misses."""

    BINDINGS = bindings(REVIEW)

    class Collected(Message):
        def __init__(self, questions: list[Question]) -> None:
            super().__init__()
            self.questions = questions

    def __init__(self) -> None:
        super().__init__(id="review")
        self.questions: list[Question] | None = None  # None: not read yet
        self.focus_fields: tuple[str, ...] = ()
        self._answers: list[Answer] = []
        self._editor: DocumentEditor | None = None  # of the question's document
        self._concluding = False

    def compose(self) -> ComposeResult:
        yield ReviewCard(self.workspace.files)

    @property
    def asked(self) -> Question | None:
        return self.questions[0] if self.questions and not self._concluding else None

    def hint(self) -> Hint:
        asked = self.asked
        return hints.review(asked is not None, self._concluding, is_class=bool(asked and asked.options))

    def focus_on(self, fields: tuple[str, ...]) -> None:
        """Ask about these fields only; empty: about all."""
        self.focus_fields = fields
        if self.display:
            self.collect()

    # questions

    def collect(self) -> None:
        """Read the questions anew, in the background."""
        self.owner.read_in_background(partial(self._read, self.workspace, self.focus_fields), "questions")

    def _read(self, workspace: Workspace, fields: tuple[str, ...]) -> None:
        self.post_message(self.Collected(review.collect(workspace, fields)))

    def on_review_pane_collected(self, event: Collected) -> None:
        """Begin to ask; a question whose answer is being thought about stays."""
        event.stop()
        asked = self.asked
        self.questions = event.questions
        if asked is not None and asked in self.questions:
            self.questions.remove(asked)
            self.questions.insert(0, asked)
        if not self._concluding:
            self._ask()

    def _open(self, document: int) -> DocumentEditor:
        settings = self.workspace.settings
        return DocumentEditor(self.workspace, document, field_states.judge(settings.schema, settings.day_first))

    def _ask(self) -> None:
        """Show the first question that still wants an answer; others labelled some of them meanwhile."""
        self._concluding = False
        card = self.query_one(ReviewCard)
        while self.questions:
            question = self.questions[0]
            self._editor = self._open(question.document)
            if review.still_open(self._editor.content, question):
                content = self._shown(self._editor.content)
                card.ask(question, content, self.schema, len(self.questions), len(self._answers))
                self.post_message(self.Changed())
                return
            self.questions.pop(0)
        self._editor = None
        card.nothing(self._nothing())
        self.post_message(self.Changed())

    def _shown(self, content: Opened) -> Opened:
        """The document by the name that tells it apart from others."""
        with self.workspace.db.read() as connection:
            names = document_list.names_of(connection, [content.document.id])
        return replace(content, document=replace(content.document, name=names[content.document.id]))

    def _nothing(self) -> Content:
        if self.questions is None:
            return Content("Looking for what is uncertain …")
        done = f"{len(self._answers)} answered. " if self._answers else ""
        names = ", ".join(self.schema.name(name) for name in self.focus_fields)
        of = f" of {names}" if names else ""
        others = f"{self.owner.key_of('review.fields')} asks about other fields. " if names else ""
        return Content.assemble(
            (f"{done}No uncertain suggestion{of} is left.\n\n", "bold"),
            others,
            "Suggestions come from a trained model, or before that from the starter (1, then g). Choosing a batch "
            "(1, then c) also brings up places that the model nearly suggested, so that missing values are found."
            if self.schema.spans
            else "Suggestions come from a trained model (t). What it is sure of is accepted at once in the sheet (F7).",
        )

    # answers

    def action_answer(self, answer: str) -> None:
        if self._concluding:
            self._conclude(answer == "yes")
        elif (question := self.asked) is None:
            return
        elif question.options:
            self._answer_class(question, answer == "yes")
        else:
            act = review.yes if answer == "yes" else review.no
            self._answer(question, lambda editor: act(editor, question))

    def action_other(self) -> None:
        """It is another field, or of another option: which?"""
        question = self.asked
        if question is None:
            return
        if question.options:
            self._ask_for_options(question)
        else:
            fields = [(f.id, f.name, f.key) for f in self.schema.spans if f.id != question.field]
            self.app.push_screen(Choice("Which field is it?", fields), self._rename)

    def _answer_class(self, question: Question, is_right: bool) -> None:
        """Label the document, or ask about the next option; a no that leaves one option alone says that one."""
        field, editor = self.schema.get(question.field), self._editor
        if field is None or editor is None:
            return
        if is_right:
            self._classify(question, question.options, Source.SUGGESTION)
        elif (left := review.only_option_left(question, field)) is not None:
            self._classify(question, (left,), Source.HUMAN)
        elif (instead := review.instead(editor.content, question, field)) is not None:
            self._answers.append(Answer(question.document, question, None))
            self.questions = [instead, *(self.questions or [])[1:]]
            self._ask()
        else:
            self._ask_for_options(question)

    def _ask_for_options(self, question: Question) -> None:
        field = self.schema.get(question.field)
        if field is None:
            return
        listed = list(zip_longest(field.options, states.OPTION_KEYS[: len(field.options)], fillvalue=""))
        if field.multiple:
            several = Several(f"{field.name}: of which?", [(name, name, key) for name, key in listed], question.options)
            self.app.push_screen(several, self._choose)
        else:
            rest = [(name, name, key) for name, key in listed if name not in question.options]
            self.app.push_screen(Choice(f"{field.name}: which is it?", rest), self._choose)

    def _choose(self, chosen: str | tuple[str, ...] | None) -> None:
        question = self.asked
        options = (chosen,) if isinstance(chosen, str) else chosen or ()
        if options and question is not None:
            with self.owner.guarded():
                self._classify(question, options, Source.HUMAN)

    def _classify(self, question: Question, options: tuple[str, ...], source: Source) -> None:
        self._answer(question, lambda editor: review.classify(editor, question, options, self.schema, source))

    def _rename(self, field: str | None) -> None:
        question = self.asked
        if field is not None and question is not None:
            with self.owner.guarded():
                self._answer(question, lambda editor: review.other(editor, question, field))

    def action_later(self) -> None:
        if self._concluding:
            self._conclude(False)
        elif self.questions:
            self.questions.append(self.questions.pop(0))
            self._ask()

    def _answer(self, question: Question, work: Callable[[DocumentEditor], object]) -> None:
        """Answer; then comes the next question, or the end of the document when this was its last."""
        editor = self._editor
        if editor is None or not self._act(editor, work, question):
            return
        self.questions = (self.questions or [])[1:]
        document = editor.content.document
        more = any(q.document == document.id for q in self.questions)  # near misses are no suggestions yet
        if document.state is State.LABELLED:  # a text that is only classified
            self.workbench.count_progress()
        if more or document.state is not State.STARTED or not review.is_answered(editor.content, self.schema):
            self._ask()
        else:
            self._ask_whether_complete(editor)

    def _act(self, editor: DocumentEditor, work: Callable[[DocumentEditor], object], question: Question | None) -> bool:
        """Change the document and remember it for the way back; False when another terminal was quicker."""
        before = editor.content.document.version
        try:
            work(editor)
        except Conflict as error:
            self.workbench.show_problem(error)
            self._ask()
            return False
        document = editor.content.document
        if document.version != before:
            self._answers.append(Answer(document.id, question, document.version))
            self.workbench.say_saved("saved ✓")
        return True

    def _ask_whether_complete(self, editor: DocumentEditor) -> None:
        self._editor, self._concluding = editor, True
        self.query_one(ReviewCard).conclude(self._shown(editor.content), self.schema)
        self.post_message(self.Changed())

    def _conclude(self, complete: bool) -> None:
        editor = self._editor
        if complete and editor is not None:
            finished = review.completed(editor.content, editor.annotator, self.schema)
            if not self._act(editor, lambda editor: editor.act("finish", finished), None):
                return
            self.workbench.count_progress()
        self._ask()

    def action_back(self) -> None:
        """Take the last answer back and ask again."""
        if not self._answers:
            self.notify("There is no answer to undo.")
            return
        with taken_from(self._answers) as last:
            self._take_back(last)

    def _take_back(self, last: Answer) -> None:
        if last.version is None and last.question is not None:
            self.questions = [last.question, *(self.questions or [])[1:]]
            self._ask()
            return
        editor = self._open(last.document)
        if editor.content.document.version != last.version:
            self.notify(
                f"{editor.content.document.name} was changed since; open it and undo there.", severity="warning"
            )
            return
        editor.undo()
        self.workbench.say_saved("undone")
        self.workbench.count_progress()
        if last.question is None:
            self._ask_whether_complete(editor)
        else:
            self.questions = [last.question, *(self.questions or [])]
            self._ask()

    async def action_open_asked(self) -> None:
        """Open the document that is asked about; coming back goes on here."""
        if self._editor is not None:
            await self.workbench.visit("annotate", OpenDocument(self._editor.content.document.id))
