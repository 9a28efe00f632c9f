"""One document being annotated: what each act of the annotate screen does, without a screen.

A session has a cursor, what is in hand, and the acts, each committed by the editor before it shows. `view` is the
immutable picture of it all that widgets are drawn from.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from storage import queue
from storage.exceptions import WAITING, UsageProblem
from storage.records import Content, Decision, Span, Suggestion, Token
from workbench.annotation import acts, field_states, movement
from workbench.annotation.blind_editor import BlindEditor
from workbench.annotation.classes.class_acts import ClassActs
from workbench.annotation.cursor import Cursor
from workbench.annotation.document_acts import DocumentActs
from workbench.annotation.document_words import DocumentWords
from workbench.annotation.editor import DocumentEditor, Editor, has_same_words
from workbench.annotation.field_key import FieldKey
from workbench.annotation.session_state import SessionState, SessionView
from workbench.annotation.text_grid import PageLayout, lay_out
from workbench.annotation.vendors import corrections
from workbench.fields import FieldType, Schema
from workbench.locate import word_repair
from workbench.workspace import Workspace

_COLUMNS = 100  # cells of a row, where no screen says how wide it is


def open_editor(workspace: Workspace, document: int, round_id: int | None = None) -> Editor:
    """The editor that a document is labelled with: blind where it came back blind in the round, else the usual one."""
    if round_id is not None:
        with workspace.db.read() as connection:
            entries = queue.entries(connection, round_id)
        if any(entry.blind for entry in entries if entry.document == document):
            return BlindEditor(workspace, document, round_id)
    settings = workspace.settings
    return DocumentEditor(workspace, document, field_states.judge(settings.schema, settings.day_first))


class AnnotationSession:
    """One document being annotated.

    Args:
        editor: the document, opened.
        schema: the fields.
        layout: where the tokens stand.

    Attributes:
        words: the tokens, and where fields' values probably stand.
        cursor: moving and selecting.
        field_key: what a field's key does, and the keys that follow it.
        document_acts: what is done with the document as a whole.
        classes: what keys do with its class fields.
    """

    def __init__(self, editor: Editor, schema: Schema, layout: PageLayout) -> None:
        self.editor = editor
        self.schema = schema
        self.words = DocumentWords(editor)
        self._state = SessionState(editor)
        self.cursor = Cursor(layout, self.words, self._state.cursor_moved)
        self.classes = ClassActs(self._state, schema)
        self.document_acts = DocumentActs(self._state, self.cursor, schema, self.classes)
        self.field_key = FieldKey(self._state, self.cursor, self.words, schema, self.document_acts.acceptable)
        self._texts_laid_out = editor.state.texts
        self._words_at_first = editor.content.tokens

    @classmethod
    def open(
        cls, workspace: Workspace, document: int, round_id: int | None = None, columns: int = _COLUMNS, zoom: int = 0
    ) -> "AnnotationSession":
        """Open a document of the workspace; in a round, blind where it came back blind there.

        What was corrected on its vendor's latest documents is suggested on it first.

        Args:
            workspace: open.
            document: the document's id.
            round_id: the round that is worked on.
            columns: cells that a row may take.
            zoom: one of `text_grid.ZOOMS`.

        Raises:
            WorkspaceProblem: there is no such document.
        """
        editor = open_editor(workspace, document, round_id)
        with suppress(*WAITING):  # a full disk: the document opens without them
            if not editor.blind and corrections.offer(workspace, editor.content):
                editor.reload()
        return cls(editor, workspace.schema, lay_out(editor.content.pages, columns, zoom))

    @property
    def content(self) -> Content:
        """The document as it is kept."""
        return self.editor.content

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The document's tokens, with corrected texts."""
        return self.words.tokens

    @property
    def repaired(self) -> tuple[int, ...]:
        """Where words were replaced: the session is of no use any more."""
        return self._state.repaired

    @property
    def seller(self) -> str:
        """The seller's name: as labelled, else what its key would label."""
        return self.words.seller(self.schema)

    @property
    def has_other_words(self) -> bool:
        """Whether words were replaced elsewhere: it has to be opened anew, as after `repaired`."""
        return not has_same_words(self._words_at_first, self.content.tokens)

    def warm(self, goes_on: Callable[[], bool]) -> None:
        """Find every field's likely places beforehand, in a thread; `goes_on` is asked all the time, and may wait."""
        self.words.warm(self.schema.spans, goes_on)

    # what is seen

    @property
    def layout(self) -> PageLayout:
        return self.cursor.layout

    @property
    def layout_is_stale(self) -> bool:
        """Whether the text of a word was corrected since the words were placed."""
        return self._texts_laid_out != self.editor.state.texts

    def lay_out(self, columns: int, zoom: int) -> None:
        self.cursor.layout = lay_out(self.content.pages, columns, zoom)
        self._texts_laid_out = self.editor.state.texts

    @property
    def view(self) -> SessionView:
        return replace(self._state.view(self.cursor), classes=self.classes.view)

    def show_message(self, text: str) -> None:
        """Have the hint line say something until the next key."""
        self._state.message = text

    def take_in(self) -> bool:
        """Show what others did with the document meanwhile, the cursor where it is; False where its words are others:
        it has to be opened anew.
        """
        if self.editor.unsaved is not None or not self.editor.is_stale:
            return True  # saving tells whether one's own acts still fit
        self.editor.reload()
        self.disarm()  # the places that a key would go on to are of the document as it was
        who = next((event.annotator for event in reversed(self.editor.history())), self.editor.annotator)
        if who != self.editor.annotator:
            self.show_message(f"{who} changed this document: it is shown as it is now.")
        return not self.has_other_words

    # what is in hand

    def disarm(self) -> None:
        """Forget the field whose key was pressed: Enter and a click label nothing."""
        self._state.disarm()

    def put_down(self) -> None:
        """Forget the selection, the armed field and the focused suggestion."""
        self.cursor.drop_selection()
        self._state.release()
        self._state.pointed = False

    def let_go(self) -> None:
        """Forget the selection; done again, the armed field and the focused suggestion."""
        if self.cursor.selection:
            self.cursor.drop_selection()
        else:
            self._state.release()
        self._state.pointed = self._state.adding = False
        self._state.message = ""

    def next_like(self, backwards: bool = False) -> None:
        """Go to the next token that looks like what the armed field wants; an amount where none is armed."""
        field = self.schema.get(self._state.armed) if self._state.armed else None
        self.cursor.seek(field.type if field else FieldType.AMOUNT, backwards)

    def next_suggestion(self, direction: int = 1) -> None:
        """Focus the next open suggestion by rising confidence, around the end; -1 the one before."""
        suggestions = self.editor.open_suggestions
        if not suggestions:
            self._state.message = "No open suggestions."
            return
        if direction > 0 and self._state.rejected is not None:
            self.field_key.go_on_after(self._state.rejected)
            return
        at = next((n for n, s in enumerate(suggestions) if s.id == self._state.focus), -1 if direction > 0 else 0)
        self.cursor.drop_selection()
        self.field_key.focus_on(suggestions[(at + direction) % len(suggestions)])

    def point(self, tokens: Sequence[int]) -> None:
        """Show tokens; an undecided suggestion exactly there is focused, also where a label has its words."""
        undecided = (s for s in self.content.suggestions if s.decision is Decision.OPEN)
        here = (s for s in undecided if s.tokens == tuple(tokens))
        if (suggestion := next(here, None)) is not None:
            self.field_key.focus_on(suggestion)
        else:
            self.cursor.show(tuple(t for t in tokens if t < len(self.tokens)))

    def look_at(self, suggestion: Suggestion) -> None:
        """Go to a suggestion; one that is not accepted with the others is taken in hand."""
        if suggestion in self.document_acts.plan().left_out:
            self.field_key.focus_on(suggestion)
        else:
            self.cursor.drop_selection()
            self.cursor.show(suggestion.tokens)  # not gone to by hand: a field's key does not label this word

    # labels and suggestions

    def clear(self) -> None:
        """Take the labels of the selection, or the label under the cursor, away; of a class field in hand its label."""
        if self.view.classes.in_hand:
            return self.classes.clear()
        label, before = self.view.label, self.editor.state.spans
        if self.cursor.selection:
            self._state.commit("clear", acts.clear(self.editor.state, self.cursor.selection))
        elif label is not None:
            self._state.commit("clear", acts.clear_spans(self.editor.state, [label]))
        self.let_go()
        self._state.disarm()
        if cleared := sorted({self.schema.name(span.field) for span in before - self.editor.state.spans}):
            self._state.message = f"Label removed: {', '.join(cleared)}."
        return None

    def reject(self) -> None:
        """Reject the suggestion in hand; without one, clear the label under the cursor.

        The cursor stays where it is: what is selected next begins there. Pressed again it goes on to the next one.
        """
        suggestion, rejected = self.view.suggestion, self._state.rejected
        if rejected is not None and self.editor.open_suggestions:
            self.field_key.go_on_after(rejected)
        elif suggestion is None:
            self.clear()
        else:
            self._state.commit("reject", acts.reject(self.editor.state, suggestion))
            self._state.release()
            self.cursor.drop_selection()
            self.cursor.show(suggestion.tokens)
            self._state.rejected = suggestion

    def confirm(self) -> None:
        """Enter: of a class field in hand its suggestion; else what `FieldKey.confirm` says."""
        if self.view.classes.in_hand:
            self.classes.confirm()
        else:
            self.field_key.confirm()

    def mark_absent(self) -> None:
        """Say that the field in hand is not there; of a class field, that it cannot be said."""
        if self.view.classes.in_hand:
            self.classes.cannot_say()
            return
        focus = self.view.focus
        self.document_acts.mark_absent()
        if focus is not None:
            self.field_key.go_on_after(focus)

    def space_words(self, text: str) -> None:
        """Write the selected words, or the cursor's, with other spaces between them; other letters correct them."""
        repair, corrected = word_repair.spaced(self.content, self._of_repair(), text)
        if repair or not corrected:
            self._repair(repair, "The words are as they were: nothing was typed or deleted.")
        self.document_acts.correct_words(corrected)

    def cannot_space(self, text: str) -> str:
        """Why `space_words` would refuse a text; "" where it does not."""
        try:
            word_repair.spaced(self.content, self._of_repair(), text)
        except UsageProblem as problem:
            return f"{problem.message} {problem.remedy}"
        return ""

    def words_to_space(self) -> str:
        """The words that `space_words` is about.

        Raises:
            UsageProblem: they are not words of one line that follow each other.
        """
        tokens = self._of_repair()
        return " ".join(word.text for word in word_repair.line_words(self.content, tokens)) if tokens else ""

    def order_line(self) -> None:
        """Put the words of the cursor's line into reading order."""
        token = self.cursor.token
        repair = word_repair.ordered(self.content, token) if token is not None else None
        self._repair(repair, "Nothing to change: the line is in reading order.")

    def _of_repair(self) -> list[int]:
        token = self.cursor.token
        return sorted(self.cursor.selection) or ([token] if token is not None else [])

    def _repair(self, repair: word_repair.WordRepair | None, nothing: str) -> None:
        if repair is None:
            self._state.message = nothing
            return
        first = min(self._of_repair())
        self.editor.repair_words(repair)
        self._state.repaired = word_repair.moved_tokens([first], repair.moved)
        self._state.message = f"The words are {repair.summary.split(' → ')[1]} now."

    def take_known(self) -> None:
        """Label where the known value is printed: of the field in hand, else of the first suggestion that differs."""
        view = self.view
        differing = self.document_acts.contradicting()
        in_hand = view.suggestion.field if view.suggestion else view.label.field if view.label else None
        field_id = view.focus.field if view.focus else view.armed or in_hand
        if not any(r.field == field_id for r in self.content.references) and differing:
            field_id = differing[0].field
        decided = view.focus or next((s for s in differing if s.field == field_id), None)
        if self.field_key.take_known(field_id) and decided is not None and decided.field == field_id:
            message = self._state.message
            self.field_key.go_on_after(decided)
            self._state.message = message

    def adjust(self, more: bool, at_end: bool = True, phrases: bool = False) -> None:
        """Let the label (or suggestion) in hand begin or end a token, or a phrase, earlier or later."""
        state, view = self._state, self.view
        target = view.focus or view.label or view.suggestion
        if target is None:
            state.message = "There is no label under the cursor."
            return
        tokens = movement.adjusted(self.layout, self.tokens, target.tokens, more, at_end, phrases)
        if tokens is None:
            state.message = "There are no more words there." if more else "A label needs at least one word."
            return
        proposals = state.proposals
        self._replace(target, tokens)
        self.cursor.drop_selection()  # it showed what the label was
        span = state.span_of(target.field, tuple(sorted(tokens)))
        if proposals and span and proposals.field == target.field:
            state.proposals = replace(proposals, span=span, gone_to=False, moved=False)
        state.building = span
        self.cursor.show((tokens[-1] if at_end else tokens[0],))

    def _replace(self, target: Span | Suggestion, tokens: Sequence[int]) -> None:
        """Give a label other tokens; make a label of a suggestion with other tokens."""
        if isinstance(target, Suggestion):
            self.field_key.take(target, sorted(tokens))
            self._state.focus = None
        else:
            after = acts.extend(self.editor.state, target, tokens, self.editor.annotator)
            self._state.commit("adjust", after)
