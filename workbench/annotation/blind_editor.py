"""Blind re-labelling: a document comes back without its labels, and the labels that it gets are kept as an opinion."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from storage import documents, opinions
from storage.annotations import applied, difference, inverse
from storage.exceptions import Conflict, UsageProblem, WorkbenchError
from storage.records import Annotations, Content, Event, Opinion, State, Suggestion
from workbench.annotation.editor import Act, Proposal, has_same_words
from workbench.locate.word_repair import WordRepair, carry
from workbench.workspace import Workspace


class BlindEditor:
    """Stands in for a `DocumentEditor` (workbench/annotation/editor.py) on a document whose labels are not to be seen.

    Every act is kept at once as the annotator's opinion; the document's labels stay as they are. Undo goes back as far
    as this editor was opened.

    Args:
        workspace: an open workspace.
        document: the document's id.
        round_id: the round it came back in; 0 outside of one.
        annotator: whose opinion it is; None takes the workspace's.
    """

    blind = True

    def __init__(self, workspace: Workspace, document: int, round_id: int = 0, annotator: str | None = None) -> None:
        self._workspace = workspace
        self._round = round_id
        self.annotator = annotator or workspace.settings.who
        self.unsaved: WorkbenchError | None = None
        self.refused: Act | None = None  # an opinion is its annotator's alone: there is no other writer
        self._undone: list[Event] = []
        self._done: list[Event] = []
        self._open(document)

    def _open(self, document: int) -> None:
        with self._workspace.db.read() as connection:
            content = documents.open_document(connection, document)
            opinion = opinions.get(connection, document, self.annotator, self._round)
        started = bool(opinion.spans or opinion.classes or opinion.absent)
        state = State.LABELLED if opinion.done else State.STARTED if started else State.NEW
        texts = content.annotations.texts  # what OCR read wrong was corrected already
        self.content: Content = replace(
            content,
            document=replace(
                content.document, state=state, labels=len(opinion.spans) + len(opinion.classes), suggestions=0
            ),
            annotations=Annotations(opinion.spans, opinion.absent, state, "", texts, classes=opinion.classes),
            suggestions=(),
            class_suggestions=(),
            references=(),  # labels were often placed by them: to show them would give the labels away
        )

    @property
    def state(self) -> Annotations:
        """This annotator's labels so far."""
        return self.content.annotations

    @property
    def is_stale(self) -> bool:
        """Never: an opinion is its annotator's alone, and the labels are not shown."""
        return False

    @property
    def open_suggestions(self) -> list[Suggestion]:
        """None: suggestions would give the labels away."""
        return []

    def act(self, name: str, after: Annotations) -> bool:
        """Keep an act, and what is held; True when it changed something. `acts.finish` completes the opinion.

        Raises:
            NotWritten, Busy: nothing was written, and all is as before; see `hold`.
            Conflict: see `_keep`.
        """
        if after == self.state:
            self.save()
            return False
        event = self._event(name, after)
        self._keep(after)
        self._remember(event)
        return True

    def hold(self, name: str, after: Annotations, why: WorkbenchError) -> None:
        """Show an act that could not be kept; `save` and the next act keep it."""
        self.unsaved = why
        if after != self.state:
            self._remember(self._event(name, after))
            self._show(after)

    def save(self) -> None:
        """Keep what is held.

        Raises:
            NotWritten, Busy: as for `act`.
        """
        if self.unsaved is not None:
            self._keep(self.state)

    def save_in(self, copy: Workspace) -> None:
        """Keep what is held in a copy of the workspace, which is gone; here it stays held."""
        if self.unsaved is not None:
            BlindEditor(copy, self.content.document.id, self._round, self.annotator)._keep(self.state)

    def close(self) -> None:
        """Keep what is held."""
        self.save()

    def _event(self, name: str, after: Annotations) -> Event:
        change = difference(self.state, after)
        return Event(0, self.content.document.id, datetime.now(UTC), self.annotator, name, change)

    def _remember(self, event: Event) -> None:
        self._done.append(event)
        self._undone = []

    def suggest(self, run: str, proposals: Sequence[Proposal]) -> int:
        """Nothing is suggested on a blind document; always 0."""
        return 0

    def repair_words(self, repair: WordRepair) -> None:
        """Refused: other words would change the document for everybody.

        Raises:
            UsageProblem: always.
        """
        raise UsageProblem("The words of a document that came back blind stay as they are.", "Open it from the list.")

    def undo(self) -> Event | None:
        """Take the last act back; None when there is nothing left. Its event is not stored anywhere."""
        if not self._done:
            return None
        event = self._done[-1]
        self._keep(applied(self.state, inverse(event.change)))
        self._undone.append(self._done.pop())
        return event

    def redo(self) -> Event | None:
        """Do the last undone act again; None when there is none."""
        if not self._undone:
            return None
        event = self._undone[-1]
        self._keep(applied(self.state, event.change))
        self._done.append(self._undone.pop())
        return event

    def history(self) -> list[Event]:
        """None: who labelled what would give the labels away."""
        return []

    def reload(self) -> None:
        """Read the document and the opinion again."""
        self._open(self.content.document.id)

    def _keep(self, state: Annotations) -> None:
        """Keep the opinion; where the document's words were replaced since it was opened, on those that it has now.

        Raises:
            Conflict: they were replaced; the opinion is kept, and `content` is what it has become.
        """
        document, words = self.content.document, self.content.tokens
        with self._workspace.db.write() as connection:
            if documents.get(connection, document.id).version != document.version:
                words = documents.open_document(connection, document.id).tokens
            is_other = not has_same_words(self.content.tokens, words)
            if is_other:
                state, _ = carry(state, self.content.tokens, words)
            done = state.state is State.LABELLED
            opinion = Opinion(
                document.id, self.annotator, self._round, state.spans, state.absent, done, classes=state.classes
            )
            opinions.keep(connection, opinion)
        self.unsaved = None
        if is_other:
            self._done, self._undone = [], []
            self._open(document.id)
            raise Conflict("The words of this document were replaced. Your labels are on the words that it has now.")
        self._show(state)

    def _show(self, state: Annotations) -> None:
        document = replace(self.content.document, state=state.state, labels=len(state.spans) + len(state.classes))
        self.content = replace(self.content, document=document, annotations=state)
