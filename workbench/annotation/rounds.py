"""Rounds of relabelling as the annotator meets them: which documents a round has, and which are left."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from storage import document_list, label_queries, opinions, queue
from storage.exceptions import RunProblem
from storage.records import QueueEntry, Round, State
from workbench import pool_order
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RoundProgress:
    """A round and how far it is."""

    round: Round
    entries: tuple[QueueEntry, ...]

    @property
    def left(self) -> tuple[QueueEntry, ...]:
        """The documents that still want a decision, in the round's order."""
        return tuple(entry for entry in self.entries if not entry.done)


def current(workspace: Workspace) -> RoundProgress | None:
    """The newest round that is open, brought up to date; None when every round is closed."""
    with workspace.db.read() as connection:
        open_ids = [r.id for r in queue.listed(connection) if r.closed is None]
    return look(workspace, open_ids[-1]) if open_ids else None


def look(workspace: Workspace, round_id: int) -> RoundProgress:
    """A round, brought up to date: what was labelled, skipped or given a blind opinion anywhere counts as done.

    Raises:
        RunProblem: there is no such round.
    """
    with workspace.db.read() as connection:
        kept, entries = _read(connection, round_id)
        outdated = _outdated(connection, kept, entries, {field.id for field in workspace.schema.classes})
    if outdated:
        with workspace.db.write() as connection:
            for document, done in outdated.items():
                queue.mark_done(connection, round_id, document, done)
            kept, entries = _read(connection, round_id)
    active = {f.id for f in workspace.schema.active}
    shown = tuple(
        replace(entry, fields={name: sure for name, sure in entry.fields.items() if name in active})
        for entry in entries
    )
    return RoundProgress(kept, _in_order(workspace, shown))


def _in_order(workspace: Workspace, entries: tuple[QueueEntry, ...]) -> tuple[QueueEntry, ...]:
    """Where the order is live, what is decided comes first, then what is left, the most useful first."""
    if workspace.settings.order != pool_order.LIVE:
        return entries
    left = {entry.document: entry for entry in entries if not entry.done}
    order = pool_order.arranged(list(left), pool_order.read(workspace.files.pool_order))
    return (*(entry for entry in entries if entry.done), *(left[number] for number in order))


def put_back(workspace: Workspace, run: str, entry: QueueEntry) -> int:
    """Put a document into the open round, or a new one, and open it anew; returns the round.

    Args:
        workspace: open.
        run: whose errors a new round is about.
        entry: its place counts in a new round only.

    Raises:
        Conflict: another person changed the document just now.
    """
    editor = DocumentEditor(workspace, entry.document)
    with workspace.db.write() as connection:
        open_rounds = [r.id for r in queue.listed(connection) if r.closed is None]
        if open_rounds:
            number = open_rounds[-1]
            queue.append(connection, number, entry)
        else:
            number = queue.open_round(connection, run, "errors", 0, [entry], {})
    if editor.state.state is not State.STARTED:
        editor.act("reopen", acts.set_aside(editor.state, State.STARTED))
    return number


def next_entry(workspace: Workspace, round_id: int) -> QueueEntry | None:
    """The document to label next; None when all are decided, and the round can be closed."""
    left = look(workspace, round_id).left
    return left[0] if left else None


def _read(connection: Connection, round_id: int) -> tuple[Round, list[QueueEntry]]:
    kept = next((r for r in queue.listed(connection) if r.id == round_id), None)
    if kept is None:
        raise RunProblem(f"There is no round {round_id}.", "`workbench rounds` shows them.")
    return kept, queue.entries(connection, round_id)


def _outdated(
    connection: Connection, kept: Round, entries: list[QueueEntry], class_fields: Collection[str]
) -> dict[int, bool]:
    """Documents whose entry is not marked as it should be, and how it should; a closed round stays as it is."""
    if kept.closed is not None:
        return {}
    with_opinion = {opinion.document for opinion in opinions.listed(connection, kept.id)}
    wanting = document_list.undecided(connection, [entry.document for entry in entries])
    by_task: dict[str, list[int]] = {}
    for entry in entries:
        # an error that was put back may be of another task than the round; a choice without a model names no field
        of_entry = next((field for field in entry.fields if field in class_fields), "")
        by_task.setdefault(of_entry if entry.fields else kept.class_field, []).append(entry.document)
    for task, listed in by_task.items():
        wanting |= label_queries.wanting(connection, task, listed)
    decided = {e.document: e.document in with_opinion if e.blind else e.document not in wanting for e in entries}
    return {e.document: decided[e.document] for e in entries if decided[e.document] != e.done}
