"""The relabel queue: rounds and the documents picked in each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, union, update

from storage.records import QueueEntry, Round
from storage.tables import events, opinions, queue, rounds, suggestions, utc


def open_round(
    connection: Connection, run: str, strategy: str, seed: int, entries: Sequence[QueueEntry], figures: dict[str, Any]
) -> int:
    """Store a new round with its documents; returns the round's id."""
    inserted = connection.execute(
        insert(rounds)
        .values(run=run, strategy=strategy, seed=seed, created=datetime.now(UTC), figures=figures)
        .returning(rounds.c.id)
    )
    number = int(inserted.scalar_one())
    rows = [
        {
            "round": number,
            "document_id": e.document,
            "rank": e.rank,
            "score": e.score,
            "reasons": list(e.reasons),
            "fields": e.fields,
            "done": e.done,
            "blind": e.blind,
        }
        for e in entries
    ]
    if rows:
        connection.execute(insert(queue), rows)
    return number


def append(connection: Connection, round_id: int, entry: QueueEntry) -> None:
    """Add a document at the end of a round; a document that is in it already is opened again."""
    here = (queue.c.round == round_id) & (queue.c.document_id == entry.document)
    if connection.execute(update(queue).where(here).values(done=False)).rowcount:
        return
    last = connection.scalar(select(func.max(queue.c.rank)).where(queue.c.round == round_id)) or 0
    connection.execute(
        insert(queue).values(
            round=round_id,
            document_id=entry.document,
            rank=last + 1,
            score=entry.score,
            reasons=list(entry.reasons),
            fields=entry.fields,
            done=False,
            blind=False,
        )
    )


def listed(connection: Connection) -> list[Round]:
    """All rounds, the oldest first."""
    return [
        Round(
            r.id,
            r.run,
            r.strategy,
            r.seed,
            utc(r.created),
            utc(r.closed) if r.closed else None,
            r.figures,
        )
        for r in connection.execute(select(rounds).order_by(rounds.c.id))
    ]


def entries(connection: Connection, round_id: int) -> list[QueueEntry]:
    """The documents of a round, in its order."""
    rows = connection.execute(select(queue).where(queue.c.round == round_id).order_by(queue.c.rank))
    return [
        QueueEntry(r.round, r.document_id, r.rank, r.score, tuple(r.reasons), r.fields, r.done, r.blind) for r in rows
    ]


def waiting(connection: Connection) -> dict[int, set[int]]:
    """Open round -> its documents, decided or not."""
    members: dict[int, set[int]] = {
        r: set() for r in connection.scalars(select(rounds.c.id).where(rounds.c.closed.is_(None)))
    }
    for row in connection.execute(select(queue.c.round, queue.c.document_id).where(queue.c.round.in_(members))):
        members[row.round].add(row.document_id)
    return members


def untouched(connection: Connection) -> set[int]:
    """Open rounds in which no document was decided or worked on, and no blind opinion was begun."""
    here = select(rounds.c.id).where(rounds.c.closed.is_(None))
    decided = select(queue.c.round).where(queue.c.done)
    worked_on = (
        select(queue.c.round)
        .join(rounds, rounds.c.id == queue.c.round)
        .join(events, events.c.document_id == queue.c.document_id)
        .where(events.c.at >= rounds.c.created)
    )
    begun = select(opinions.c.round)
    return set(connection.scalars(here.where(rounds.c.id.not_in(union(decided, worked_on, begun)))))


def stamp(connection: Connection) -> tuple[object, ...]:
    """Changes whenever a process labels, suggests, stores an opinion, or opens or closes a round."""
    newest = (func.max(events.c.id), func.max(suggestions.c.id), func.max(rounds.c.id), func.count(rounds.c.closed))
    moments = (func.max(opinions.c.at), func.count().filter(opinions.c.settled))
    return tuple(connection.scalar(select(column)) for column in (*newest, *moments))


def remove(connection: Connection, round_id: int) -> None:
    """Delete a round and its queue; its documents are back in the pool."""
    connection.execute(delete(queue).where(queue.c.round == round_id))
    connection.execute(delete(rounds).where(rounds.c.id == round_id))


def mark_done(connection: Connection, round_id: int, document_id: int, done: bool = True) -> None:
    """Store that a document of the round was decided (or is open again)."""
    connection.execute(
        update(queue).where(queue.c.round == round_id, queue.c.document_id == document_id).values(done=done)
    )


def close_round(connection: Connection, round_id: int, figures: dict[str, Any]) -> None:
    """Close a round with its figures; a round that is closed already stays as it is."""
    connection.execute(
        update(rounds)
        .where(rounds.c.id == round_id, rounds.c.closed.is_(None))
        .values(closed=datetime.now(UTC), figures=figures)
    )
