"""The list that `next` follows: all documents, a filter's, or a relabel round's."""

from array import array
from collections.abc import Sequence

from storage import document_list, queue
from storage.document_list import Filter
from storage.records import Document, State
from workbench import pool_order
from workbench.annotation import rounds
from workbench.workspace import Workspace

_NEAR = 500  # documents that are looked at first
_FOLLOWING = 50
_DECIDED = (State.LABELLED, State.SKIPPED, State.UNUSABLE)

OF_DECIDED_DOCUMENTS = frozenset({"labelled", "disagrees", "problems", "flagged", "skipped", "incomplete"})
"""Filters whose documents are looked at again, decided or not."""


class Worklist:
    """Ids of documents, frozen when the filter is set: a document does not vanish while it is open.

    Args:
        workspace: open.
        chosen: which documents; None: all.
    """

    def __init__(self, workspace: Workspace, chosen: Filter | None = None) -> None:
        self.filter = chosen = chosen or Filter()
        self.blind: dict[int, bool] = {}  # documents that came back without their labels, and whether they are decided
        with workspace.db.read() as connection:
            self.ids: Sequence[int] = array("q", document_list.ids(connection, chosen))
            if chosen.round is not None:
                self.blind = {e.document: e.done for e in queue.entries(connection, chosen.round) if e.blind}
        self.position = 0 if self.ids else -1
        self._is_sorted = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def current(self) -> int | None:
        """The document at the position."""
        return self.ids[self.position] if 0 <= self.position < len(self.ids) else None

    @property
    def following(self) -> Sequence[int]:
        """Some of the documents behind the position, in their order."""
        return self.ids[self.position + 1 : self.position + 1 + _FOLLOWING]

    def step(self, by: int) -> int | None:
        """Move by some documents; None where the list ends, the position stays."""
        if not 0 <= self.position + by < len(self.ids):
            return None
        self.position += by
        return self.current

    def sort(self, ids: Sequence[int]) -> None:
        """Follow the list in another order, as it was sorted by hand: no other order is put in its place."""
        self.ids, self._is_sorted = ids, True

    def _arrange(self, workspace: Workspace) -> None:
        """Where the order is live: behind the position come the undecided documents, the most useful first."""
        if workspace.settings.order != pool_order.LIVE or self._is_sorted or self.filter.kind in OF_DECIDED_DOCUMENTS:
            return
        order = pool_order.read(workspace.files.pool_order)
        with workspace.db.read() as connection:
            undecided = document_list.undecided(connection, order) - {self.current}
        wanted = undecided.intersection(self.ids)
        useful = [number for number in order if number in wanted]
        before = [number for number in self.ids[: self.position + 1] if number not in wanted]
        behind = [number for number in self.ids[self.position + 1 :] if number not in wanted]
        self.ids, self.position = array("q", [*before, *useful, *behind]), len(before) - 1

    def next_open(self, workspace: Workspace) -> bool:
        """Go on to the next document that is not decided, around the end if need be; False when there is none."""
        self._arrange(workspace)
        order = [*self.ids[self.position + 1 :], *self.ids[: max(self.position, 0)]]
        if self.filter.round is not None:
            undecided = {entry.document for entry in rounds.look(workspace, self.filter.round).left}
        else:
            near = order[:_NEAR]
            with workspace.db.read() as connection:
                undecided = document_list.undecided(connection, near)
                if undecided.isdisjoint(near):  # far away, if anywhere
                    undecided = set(document_list.ids(connection, Filter("unlabelled")))
        first = next((n for n in order if n in undecided), None)
        return first is not None and self.move_to(first)

    def go_on(self, workspace: Workspace) -> bool:
        """After a decision: to the next undecided document, around the end; False when there is none.

        A list of documents that are looked at again is followed one by one, decided or not.
        """
        if self.filter.kind in OF_DECIDED_DOCUMENTS:
            return self.step(1) is not None
        return self.next_open(workspace)

    def incomplete(self, workspace: Workspace) -> int:
        """How many documents outside of this list count as labelled by their import, and lack fields."""
        if self.filter.kind == "incomplete":
            return 0
        with workspace.db.read() as connection:
            return document_list.count(connection, Filter("incomplete"))

    def mark(self, workspace: Workspace, document: Document, blind: bool) -> None:
        """Keep in a round whether one of its documents is decided."""
        if self.filter.round is None:
            return
        if not blind:
            rounds.look(workspace, self.filter.round)
            return
        self.blind[document.id] = decided = document.state in _DECIDED
        with workspace.db.write() as connection:
            queue.mark_done(connection, self.filter.round, document.id, decided)

    def move_to(self, document: int) -> bool:
        """Put the position on a document; False when the list does not hold it."""
        try:
            self.position = self.ids.index(document)
        except ValueError:
            return False
        return True

    def first_open(self, workspace: Workspace) -> None:
        """Start at the document that comes next by the live order, else the first one that is not decided yet."""
        if workspace.settings.order == pool_order.LIVE and self.filter == Filter():
            self.position = -1
            if self.next_open(workspace):
                return
            self.position = 0 if self.ids else -1
        with workspace.db.read() as connection:
            rest = document_list.page(connection, document_list.Filter("unlabelled", round=self.filter.round), 0, 1)
        if self.filter == Filter() and rest and rest[0].state in (State.NEW, State.STARTED):
            self.move_to(rest[0].id)
