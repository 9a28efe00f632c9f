"""The acts of a session that concern a document as a whole: accept, set aside, flag, undo, what is not there."""

from abc import abstractmethod
from collections.abc import Sequence

from storage.records import Annotations, Decision, Event, Span, State
from workbench.annotation import acts
from workbench.annotation.cursor import Cursor
from workbench.annotation.editor import Editor
from workbench.annotation.text_grid import PageLayout
from workbench.annotation.view import Proposals
from workbench.fields import Schema


class DocumentActs(Cursor):
    """What the session do with the document, and the field whose key was pressed."""

    editor: Editor
    schema: Schema

    def __init__(self, layout: PageLayout) -> None:
        super().__init__(layout)
        self._armed: str | None = None
        self._tries: Proposals | None = None
        self._building: Span | None = None
        self._message = ""

    @abstractmethod
    def _act(self, name: str, after: Annotations) -> None:
        """Commit a state."""

    @abstractmethod
    def _forget(self) -> None:
        """Let go of everything in hand."""

    def disarm(self) -> None:
        """No field's key was pressed: Enter and a click label nothing."""
        self._armed = self._tries = self._building = None

    def say(self, message: str) -> None:
        """Something that the hint line says until the next key."""
        self._message = message

    def mark_absent(self) -> None:
        """Say that the armed field is not on the document, or take that back."""
        if not self._armed:
            self._message = "Press a field's key first: it says which field is absent."
            return
        state, field = self.editor.state, self._armed
        if self._tries:
            state = acts.clear_spans(state, [self._tries.span])
        gone = field not in state.absent
        if gone:
            state = acts.clear_spans(state, [s for s in state.spans if s.field == field])
        for s in self.editor.content.suggestions:
            if gone and s.field == field and s.decision is Decision.OPEN:
                state = acts.reject(state, s)
        self._act("absent", acts.mark_absent(state, field, gone))
        self._armed = self._tries = None

    def mark_missing_absent(self) -> None:
        """Say that every field without a label is not on the document."""
        state = self.editor.state
        labelled = {s.field for s in state.spans}
        for field in self.schema.active:
            if field.id not in labelled:
                state = acts.mark_absent(state, field.id)
        self._act("absent", state)

    def finish(self) -> None:
        """Confirm the document's labels."""
        self._act("finish", acts.finish(self.editor.state))

    def set_aside(self, how: State) -> None:
        """Skip the document or mark it unusable; pressed again it is open again."""
        again = self.editor.state.state is how
        self._act("reopen" if again else how.value, acts.set_aside(self.editor.state, State.STARTED if again else how))

    def flag(self, note: str) -> None:
        """Leave a note."""
        self._act("flag", acts.flag(self.editor.state, note.strip()))

    def correct(self, text: str) -> None:
        """Correct the text of the cursor's token; the original is kept."""
        if self.cursor is None or not text.strip():
            return
        token = self.tokens[self.cursor]
        original = token.original if token.original is not None else token.text
        self._act("correct", acts.correct(self.editor.state, token.id, " ".join(text.split()), original))

    def propose(self, found: Sequence[tuple[str, tuple[int, ...], float]], run: str) -> int:
        """Put proposals (field, tokens, confidence) beside the document as suggestions of a run; returns how many."""
        kept = self.editor.suggest(run, found)
        self._message = f"{kept} suggestions." if kept else "Nothing to suggest."
        return kept

    def undo(self) -> Event | None:
        """Take the last act back."""
        return self._turned(self.editor.undo(), "Undone", "Nothing to undo.")

    def redo(self) -> Event | None:
        """Do the last undone act again."""
        return self._turned(self.editor.redo(), "Done again", "Nothing to redo.")

    def _turned(self, event: Event | None, done: str, nothing: str) -> Event | None:
        self._forget()
        self._message = f"{done}: {event.act}." if event else nothing
        if event and (spans := event.change.get("spans")):
            touched = [t for item in (*spans["-"], *spans["+"]) for t in item[1]]
            self.cursor = min(touched) if touched else self.cursor
        return event

    def repeat(self, name: str, after: Annotations) -> None:
        """Commit a state that was decided on after a conflict."""
        self._act(name, after)
        self._forget()
