"""The relabel queue: rounds and the documents picked in each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from storage.records import QueueEntry, Round
from storage.schema import queue, rounds


def open_round(
    connection: Connection, run: str, strategy: str, seed: int, entries: Sequence[QueueEntry], figures: dict[str, Any]
) -> int:
    """Keep a new round with its documents; returns the round's id."""
    made = connection.execute(
        insert(rounds)
        .values(run=run, strategy=strategy, seed=seed, created=datetime.now(UTC), figures=figures)
        .returning(rounds.c.id)
    )
    number = int(made.scalar_one())
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


def listed(connection: Connection) -> list[Round]:
    """All rounds, the oldest first."""
    return [
        Round(
            r.id,
            r.run,
            r.strategy,
            r.seed,
            r.created.replace(tzinfo=r.created.tzinfo or UTC),
            r.closed.replace(tzinfo=r.closed.tzinfo or UTC) if r.closed else None,
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


def waiting(connection: Connection) -> set[int]:
    """The documents that stand in a round which is still open, decided there or not."""
    query = select(queue.c.document_id).join(rounds, rounds.c.id == queue.c.round).where(rounds.c.closed.is_(None))
    return set(connection.scalars(query))


def mark_done(connection: Connection, round_id: int, document_id: int, done: bool = True) -> None:
    """Note that a document of the round was decided (or is open again)."""
    connection.execute(
        update(queue).where(queue.c.round == round_id, queue.c.document_id == document_id).values(done=done)
    )


def close_round(connection: Connection, round_id: int, figures: dict[str, Any]) -> None:
    """Close a round with its figures; closing twice keeps the first time."""
    connection.execute(
        update(rounds)
        .where(rounds.c.id == round_id, rounds.c.closed.is_(None))
        .values(closed=datetime.now(UTC), figures=figures)
    )
