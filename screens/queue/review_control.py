"""The yes/no part of the queue screen: questions, answers, and the way back."""

from collections.abc import Callable
from dataclasses import dataclass

from textual.content import Content
from textual.message import Message

from screens.base import ModeScreen
from screens.navigation import OpenDocument
from screens.queue.review_pane import ReviewPane
from screens.widgets.dialogs import Choice
from storage.exceptions import Conflict
from storage.records import State
from workbench.annotation import field_states, review
from workbench.annotation.editor import DocumentEditor
from workbench.annotation.review import Question


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that can be taken back: what was asked (None: whether the document is complete), and the version
    that the document had afterwards."""

    document: int
    question: Question | None
    version: int


class Answering(ModeScreen):
    """What the queue screen is built on: one question after the other, each answer one act of its document."""

    class Collected(Message):
        """The questions were read."""

        def __init__(self, questions: list[Question]) -> None:
            super().__init__()
            self.questions = questions

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[Question] | None = None  # None: not read yet
        self.focus_fields: tuple[str, ...] = ()
        self._answered: list[Answered] = []
        self._editor: DocumentEditor | None = None
        self._concluding = False

    def said(self) -> None:
        """Something of the review changed: hint, status and tabs follow."""

    @property
    def asked(self) -> Question | None:
        """The question in view."""
        return self.questions[0] if self.questions and not self._concluding else None

    def collect(self) -> None:
        """Read the questions anew, in the background."""
        fields = self.focus_fields
        self.in_background(
            lambda: self.post_message(self.Collected(review.collect(self.workspace, fields))), "questions"
        )

    def on_answering_collected(self, event: Collected) -> None:
        """Begin to ask; a question whose answer is being thought about stays."""
        now = self.asked
        self.questions = event.questions
        if now is not None and now in self.questions:
            self.questions.remove(now)
            self.questions.insert(0, now)
        if not self._concluding:
            self.ask()

    def _open(self, document: int) -> DocumentEditor:
        settings = self.workspace.settings
        return DocumentEditor(self.workspace, document, field_states.judge(settings.schema, settings.day_first))

    def ask(self) -> None:
        """Show the first question that still wants an answer; others labelled some of them meanwhile."""
        self._concluding = False
        pane = self.query_one(ReviewPane)
        while self.questions:
            question = self.questions[0]
            self._editor = self._open(question.document)
            if review.still_open(self._editor.content, question):
                pane.ask(question, self._editor.content, len(self.questions), len(self._answered))
                self.said()
                return
            self.questions.pop(0)
        self._editor = None
        pane.nothing(self._nothing())
        self.said()

    def _nothing(self) -> Content:
        if self.questions is None:
            return Content("Looking for what is uncertain …")
        done = f"{len(self._answered)} answered. " if self._answered else ""
        names = ", ".join(self.workspace.schema.name(name) for name in self.focus_fields)
        of = f" of {names}" if names else ""
        others = f"{self.key_of('review.fields')} asks about other fields. " if names else ""
        return Content.assemble(
            (f"{done}No uncertain suggestion{of} is left.\n\n", "bold"),
            others,
            "Suggestions come from a trained model, or before that from the starter (1, then g). Choosing a batch "
            "(1, then c) also brings up places that the model nearly suggested, so that missing values are found.",
        )

    def _act(self, work: Callable[[DocumentEditor], object], question: Question | None) -> bool:
        """Do something at the editor and remember it for the way back; False when somebody else was quicker."""
        editor = self._editor
        if editor is None:
            return False
        before = editor.content.document.version
        try:
            work(editor)
        except Conflict as error:
            self.workbench.show_problem(error)
            self.ask()
            return False
        if editor.content.document.version != before:
            self._answered.append(Answered(editor.content.document.id, question, editor.content.document.version))
            self.workbench.say_saved("saved ✓")
        return True

    def action_answer(self, answer: str) -> None:
        """Yes or no."""
        if self._concluding:
            self._conclude(answer == "yes")
        elif (question := self.asked) is not None:
            act = review.yes if answer == "yes" else review.no
            if self._act(lambda editor: act(editor, question), question):
                self._go_on()

    def _go_on(self) -> None:
        """After an answer: the next question, or the end of the document when it was its last."""
        assert self.questions is not None and self._editor is not None
        self.questions.pop(0)
        document = self._editor.content.document
        more = any(q.document == document.id for q in self.questions)  # near misses are no suggestions yet
        if more or document.state is not State.STARTED or not review.is_answered(self._editor.content):
            self.ask()
            return
        self._concluding = True
        self.query_one(ReviewPane).conclude(self._editor.content)
        self.said()

    def _conclude(self, complete: bool) -> None:
        if complete:
            done = self._act(
                lambda editor: editor.act("finish", review.completed(editor.content, editor.annotator)), None
            )
            if not done:
                return
            self.workbench.count_progress()
        self.ask()

    def action_other(self) -> None:
        """It is another field: which?"""
        question = self.asked
        if question is not None:
            fields = [(f.id, f.name, f.key) for f in self.workspace.schema.active if f.id != question.field]
            self.app.push_screen(Choice("Which field is it?", fields), self._renamed)

    def _renamed(self, field: str | None) -> None:
        question = self.asked
        if field is not None and question is not None:
            with self.guarded():
                if self._act(lambda editor: review.other(editor, question, field), question):
                    self._go_on()

    def action_later(self) -> None:
        """Ask the others first."""
        if self._concluding:
            self._conclude(False)
        elif self.questions:
            self.questions.append(self.questions.pop(0))
            self.ask()

    def action_back(self) -> None:
        """Take the last answer back and ask again."""
        if not self._answered:
            self.notify("There is no answer to take back.")
            return
        last = self._answered.pop()
        editor = self._open(last.document)
        if editor.content.document.version != last.version:
            self.notify(
                f"{editor.content.document.name} was changed since; open it and undo there.", severity="warning"
            )
            return
        editor.undo()
        self._editor = editor
        self.workbench.say_saved("taken back")
        self.workbench.count_progress()
        if last.question is None:
            self._concluding = True
            self.query_one(ReviewPane).conclude(editor.content)
            self.said()
        else:
            self.questions = [last.question, *(self.questions or [])]
            self.ask()

    async def action_open_asked(self) -> None:
        """Open the document that is asked about; coming back goes on here."""
        if self._editor is not None:
            await self.workbench.visit("annotate", OpenDocument(self._editor.content.document.id))
