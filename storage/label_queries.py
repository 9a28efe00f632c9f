"""Labels and decided suggestions of many documents at once, without opening each document."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Select, func, select

from storage.records import Decision
from storage.tables import class_labels, documents, queue, rounds, spans, suggestions

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


def classified(connection: Connection, field: str) -> dict[int, list[str]]:
    """Document -> its options of a field, in alphabetical order; documents without one are left out."""
    c = class_labels.c
    options: dict[int, list[str]] = {}
    for number, option in connection.execute(
        select(c.document_id, c.option).where(c.field == field).order_by(c.document_id, c.option)
    ):
        options.setdefault(number, []).append(option)
    return options


def class_counts(connection: Connection) -> dict[str, Counter[str]]:
    """Field -> option -> how many documents have it."""
    c = class_labels.c
    counted: dict[str, Counter[str]] = {}
    for field, option, number in connection.execute(
        select(c.field, c.option, func.count()).group_by(c.field, c.option).order_by(c.field, c.option)
    ):
        counted.setdefault(field, Counter())[option] = int(number)
    return counted


def class_of_groups(connection: Connection) -> dict[str, str]:
    """Group -> the option that most of its documents have, of any class field; groups without a label are left out."""
    d, c = documents.c, class_labels.c
    counted: dict[str, Counter[str]] = {}
    for group, option, number in connection.execute(
        select(d.group_name, c.option, func.count())
        .join(class_labels, c.document_id == d.id)
        .group_by(d.group_name, c.option)
        .order_by(c.option)
    ):
        counted.setdefault(group, Counter())[option] = int(number)
    return {group: options.most_common(1)[0][0] for group, options in counted.items()}
