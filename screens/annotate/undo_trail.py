"""What undo takes back: the annotator's latest act, on whatever document it was, or the latest change of the fields."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from screens.annotate.keys import Work
from screens.navigation import OpenDocument, Request
from storage import label_queries
from storage.exceptions import UsageProblem
from storage.records import Event
from workbench.annotation.session import AnnotationSession
from workbench.field_changes import field_removal
from workbench.fields import Schema
from workbench.workspace import Workspace


class Acting(Protocol):
    """The screen, as far as an undo needs it."""

    session: AnnotationSession | None

    @property
    def workspace(self) -> Workspace:
        """The open workspace."""

    def receive(self, request: Request) -> None:
        """Open a document."""

    def act(self, work: Work) -> bool:
        """Do something with the session, and show it."""

    def show_message(self, text: str) -> None:
        """Say something in the hint line."""

    def fields_changed(self, message: str = "") -> None:
        """Show the fields as they are now."""

    def guarded(self) -> AbstractContextManager[None]:
        """Show errors that the analyst can do something about."""


@dataclass(frozen=True, slots=True)
class FieldsChange:
    """A change of the fields in this session: what they were, what they became, and the sentence about it."""

    at: datetime
    before: Schema
    after: Schema
    sentence: str


class UndoTrail:
    """Takes acts back, one by one, the latest first, also those of before a restart.

    Attributes:
        is_fresh: the screen went on from a document, and nothing was done since: an undo is meant for that document.
    """

    def __init__(self, screen: Acting) -> None:
        self._screen = screen
        self.is_fresh = False
        self._left: list[int] = []
        self._fields: list[FieldsChange] = []

    def went_on(self, document: int) -> None:
        """The screen left a document after an act."""
        self._left.append(document)
        self.is_fresh = True

    def change_fields(self, workspace: Workspace, changed: Callable[[Schema], Schema], sentence: str) -> None:
        """Change the fields, so that it can be undone.

        Raises:
            UsageProblem, Busy, ConfigProblem: as for `field_removal.change`.
        """
        read: list[Schema] = []

        def noted(now: Schema) -> Schema:  # another terminal may have changed the fields, too
            read.append(now)
            return changed(now)

        field_removal.change(workspace, noted)
        if workspace.schema != read[0]:
            self._fields.append(FieldsChange(datetime.now(UTC), read[0], workspace.schema, sentence))

    def undo(self) -> None:
        """Take the latest act back and say what it was; the screen goes to its document."""
        screen, fresh = self._screen, self.is_fresh
        session = screen.session
        if session is not None and (session.editor.unsaved is not None or (session.editor.blind and not fresh)):
            if not self._undone_here() and self._left:  # a blind document's acts are kept nowhere else
                self._go_back(self._left.pop())
            return
        self.is_fresh = False
        left = self._left.pop() if fresh and self._left else None
        with screen.workspace.db.read() as connection:
            latest = label_queries.last_act(connection, screen.workspace.settings.who)
        if left is not None:
            self._go_back(left)
        elif self._fields and (latest is None or latest[1] < self._fields[-1].at):
            self._fields_back(self._fields.pop())
        elif latest is not None:
            self._go_back(latest[0])
        else:
            screen.show_message("Nothing to undo.")

    def _go_back(self, document: int) -> None:
        screen = self._screen
        if screen.session is None or screen.session.content.document.id != document:
            screen.receive(OpenDocument(document))
        if screen.session is not None and screen.session.content.document.id == document:  # it may not be left unsaved
            self._undone_here()

    def _undone_here(self) -> bool:
        events: list[Event | None] = []
        self._screen.act(lambda session: events.append(session.document_acts.undo()))
        return events != [None]

    def _fields_back(self, change: FieldsChange) -> None:
        """The fields as they were before a change, unless another one came after it."""

        def as_before(now: Schema) -> Schema:
            if now != change.after:
                raise UsageProblem(f"The fields were changed since: {change.sentence}", "T changes them.")
            return change.before

        with self._screen.guarded():
            field_removal.change(self._screen.workspace, as_before)
            self._screen.fields_changed(f"Undone: {change.sentence}")
