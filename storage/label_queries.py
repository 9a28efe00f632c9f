"""What people said about many documents at once: labels and decided suggestions, without opening each document."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Select, select

from storage.records import Decision
from storage.tables import documents, queue, rounds, spans, suggestions

Place = tuple[str, tuple[int, ...]]
"""A field and the tokens on which it stands."""


def _of(column: Column[int], part: Sequence[int]) -> Select[Any]:
    return select(column).where(column.in_(part))


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + 500] for start in range(0, len(ids), 500))


def labels(connection: Connection, ids: Sequence[int]) -> dict[int, set[Place]]:
    """Document -> its labels as they are now; documents that are gone are left out."""
    found: dict[int, set[Place]] = {}
    for part in _parts(ids):
        found.update((number, set()) for number in connection.scalars(_of(documents.c.id, part)))
        rows = _of(spans.c.document_id, part).add_columns(spans.c.field, spans.c.tokens)
        for number, field, tokens in connection.execute(rows):
            found[number].add((field, tuple(tokens)))
    return found


def fields(connection: Connection) -> frozenset[str]:
    """The fields that have a label on any document."""
    return frozenset(connection.scalars(select(spans.c.field).distinct()))


def decided(connection: Connection, ids: Sequence[int], decision: Decision, run: str) -> dict[int, set[Place]]:
    """Document -> the suggestions of a run that people decided so; documents without any are left out."""
    found: dict[int, set[Place]] = {}
    for part in _parts(ids):
        rows = (
            _of(suggestions.c.document_id, part)
            .add_columns(suggestions.c.field, suggestions.c.tokens)
            .where(suggestions.c.decision == decision.value, suggestions.c.run == run)
        )
        for number, field, tokens in connection.execute(rows):
            found.setdefault(number, set()).add((field, tuple(tokens)))
    return found


def queued(connection: Connection) -> set[int]:
    """Documents that wait in an open round."""
    waiting = select(queue.c.document_id).join(rounds, rounds.c.id == queue.c.round)
    return set(connection.scalars(waiting.where(rounds.c.closed.is_(None), queue.c.done.is_(False))))


def lengths(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Document -> (name, how many tokens): whether a document is the one that a run folder speaks of."""
    return {
        number: (name, count)
        for part in _parts(ids)
        for number, name, count in connection.execute(
            _of(documents.c.id, part).add_columns(documents.c.name, documents.c.token_count)
        )
    }
