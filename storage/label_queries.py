"""Labels and decided suggestions of many documents at once, without opening each document."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Select, select

from storage.records import Decision
from storage.tables import documents, queue, rounds, spans, suggestions

Place = tuple[str, tuple[int, ...]]
"""A field and its tokens."""


def _of(column: Column[int], part: Sequence[int]) -> Select[Any]:
    return select(column).where(column.in_(part))


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + 500] for start in range(0, len(ids), 500))


def labels(connection: Connection, ids: Sequence[int]) -> dict[int, set[Place]]:
    """Document -> its current labels; documents that no longer exist are left out."""
    places: dict[int, set[Place]] = {}
    for part in _parts(ids):
        places.update((number, set()) for number in connection.scalars(_of(documents.c.id, part)))
        rows = _of(spans.c.document_id, part).add_columns(spans.c.field, spans.c.tokens)
        for number, field, tokens in connection.execute(rows):
            places[number].add((field, tuple(tokens)))
    return places


def fields(connection: Connection) -> frozenset[str]:
    """The fields that have a label on any document."""
    return frozenset(connection.scalars(select(spans.c.field).distinct()))


def decided(connection: Connection, ids: Sequence[int], decision: Decision, run: str) -> dict[int, set[Place]]:
    """Document -> the suggestions of a run with this decision; documents without any are left out."""
    places: dict[int, set[Place]] = {}
    for part in _parts(ids):
        rows = (
            _of(suggestions.c.document_id, part)
            .add_columns(suggestions.c.field, suggestions.c.tokens)
            .where(suggestions.c.decision == decision.value, suggestions.c.run == run)
        )
        for number, field, tokens in connection.execute(rows):
            places.setdefault(number, set()).add((field, tuple(tokens)))
    return places


def queued(connection: Connection) -> set[int]:
    """Documents that wait in an open round."""
    waiting = select(queue.c.document_id).join(rounds, rounds.c.id == queue.c.round)
    return set(connection.scalars(waiting.where(rounds.c.closed.is_(None), queue.c.done.is_(False))))


def lengths(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Document -> (name, number of tokens), which tell whether a document is the same as in a run folder."""
    return {
        number: (name, count)
        for part in _parts(ids)
        for number, name, count in connection.execute(
            _of(documents.c.id, part).add_columns(documents.c.name, documents.c.token_count)
        )
    }
