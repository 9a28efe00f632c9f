"""Labels and decided suggestions of many documents at once, without opening each document."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Select, Text, and_, cast, func, not_, or_, select

from storage import token_blob
from storage.annotations import IMPORT, REDO, UNDO, history, stacks
from storage.records import TEXT, Decision, Side, Source, State
from storage.tables import (
    class_labels,
    class_suggestions,
    documents,
    events,
    pages,
    queue,
    rounds,
    spans,
    suggestions,
    utc,
)
from storage.tables import texts as texts_table

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
    """The fields that have a label on words of any document."""
    return _values_of(connection, spans.c.field)


def class_fields(connection: Connection) -> frozenset[str]:
    """The class fields that any document has a label of."""
    return _values_of(connection, class_labels.c.field)


def _values_of(connection: Connection, column: Column[str]) -> frozenset[str]:
    """The different values of a column, each found by its index: DISTINCT would read a million rows."""
    values: list[str] = []
    least = select(func.min(column))
    while (value := connection.scalar(least.where(column > values[-1]) if values else least)) is not None:
        values.append(value)
    return frozenset(values)


def fields_with_several(connection: Connection) -> frozenset[str]:
    """The class fields of which a document has several options."""
    c = class_labels.c
    of_documents = select(c.field).group_by(c.document_id, c.field).having(func.count() > 1)
    return frozenset(connection.scalars(of_documents))


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


def digests(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """Document -> what changes when its words are joined, divided, put in order or read again; not when corrected."""
    read: dict[int, int] = {}
    for part in _parts(ids):
        rows = _of(pages.c.document_id, part).add_columns(pages.c.tokens).order_by(pages.c.document_id, pages.c.number)
        for number, blob in connection.execute(rows):
            read[number] = token_blob.digest(blob, read.get(number, 0))
    return read


def classified(connection: Connection, field: str, ids: Sequence[int] | None = None) -> dict[int, list[str]]:
    """Document -> its options of a field, in alphabetical order; documents without one are left out."""
    if ids is None:
        return _options(connection, field, None)
    return {number: options for part in _parts(ids) for number, options in _options(connection, field, part).items()}


def _classified_alone(connection: Connection) -> ColumnElement[bool]:
    """Documents whose only labels are of class fields: what their words are was not said, not even that a field is
    absent."""
    d = documents.c
    absent: ColumnElement[str] = cast(d.absent, Text)
    for field in class_fields(connection):
        absent = func.replace(absent, json.dumps(field), "")
    return and_(
        d.id.in_(select(class_labels.c.document_id)),
        d.id.not_in(select(spans.c.document_id)),
        func.replace(absent, ", ", "").in_(["[]", "null"]),
    )


def classified_alone(connection: Connection) -> set[int]:
    """Documents that have a label of a class field, and of whose words nothing was said."""
    if connection.scalar(select(class_labels.c.document_id).limit(1)) is None:
        return set()
    return set(connection.scalars(select(documents.c.id).where(_classified_alone(connection))))


def wants_labels(connection: Connection, class_field: str) -> ColumnElement[bool]:
    """Documents that want labels on their words, or with a class field a label of it.

    What a person accepted for one task may want labels for another: a page whose words are labelled has no class yet,
    and of the words of one that has a class alone nothing was said.
    """
    d = documents.c
    if not class_field:
        on_page = d.id.in_(select(pages.c.document_id).where(pages.c.engine != TEXT))
        accepted = and_(d.state == State.LABELLED.value, on_page, _classified_alone(connection))
        return or_(d.state.in_([State.NEW.value, State.STARTED.value]), accepted)
    labels = select(class_labels.c.document_id).where(class_labels.c.field == class_field)
    cannot_say = cast(d.absent, Text).contains(json.dumps(class_field), autoescape=True)
    return and_(d.state.not_in([State.SKIPPED.value, State.UNUSABLE.value]), d.id.not_in(labels), not_(cannot_say))


def wanting(connection: Connection, class_field: str = "", ids: Sequence[int] | None = None) -> set[int]:
    """Documents that want labels of a task: of the training side, or those of `ids` (some hundreds).

    Args:
        class_field: the field that the task is about; "" is the fields on words.
    """
    of = documents.c.side == Side.TRAIN.value if ids is None else documents.c.id.in_(ids)
    return set(connection.scalars(select(documents.c.id).where(of, wants_labels(connection, class_field))))


def waiting(connection: Connection, class_field: str, *sides: Side) -> tuple[int, int]:
    """How many documents of these sides want labels of a task, and of how many of these a model said something.

    Args:
        class_field: as for `wanting`.
    """
    offered = documents.c.suggestions > 0
    if class_field:
        likely = class_suggestions.c
        offered = documents.c.id.in_(select(likely.document_id).where(likely.field == class_field))
    query = select(func.count(), func.count().filter(offered)).select_from(documents)
    of_sides = documents.c.side.in_([side.value for side in sides])
    row = connection.execute(query.where(of_sides, wants_labels(connection, class_field))).one()
    return int(row[0]), int(row[1])


def confirmed(connection: Connection, field: str) -> set[int]:
    """Documents whose label of a class field a person confirmed where a model disagreed."""
    c = class_labels.c
    where = (c.field == field, c.source == Source.CONFIRMED.value)
    return set(connection.scalars(select(c.document_id).where(*where)))


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


POSSIBLE = 0.25
"""From which probability on an option is read beside the two likeliest: a document may have several."""


class ClassStanding(NamedTuple):
    """How a document stands with a class field."""

    document: int
    state: State
    version: int
    options: tuple[str, ...]  # its labels
    cannot_say: bool
    likely: tuple[tuple[str, float], ...]  # of the last run's options the two likeliest, and others from POSSIBLE on


_STATES = {state.value: state for state in State}
_NOTHING = ("[]", None)
"""As the database keeps an empty list: 100,000 of them are not decoded."""


def class_standings(connection: Connection, field: str, ids: Sequence[int] | None = None) -> Iterator[ClassStanding]:
    """Documents in the order of the list, or these alone.

    Those that came back blind in an open round and are not labelled again yet are left out: their label would show.
    """
    blind = _blind(connection)
    for part in _parts(ids) if ids is not None else (None,):
        own, likely = _options(connection, field, part), _likely(connection, field, part)
        d = documents.c
        query = select(d.id, d.state, d.version, cast(d.absent, Text)).order_by(d.id)
        query = query if part is None else query.where(d.id.in_(part))
        for number, state, version, absent in connection.execute(query).all():
            if number not in blind:
                ordered = sorted(likely.get(number, ()), key=lambda share: -share[1])
                shares = tuple(share for at, share in enumerate(ordered) if at < 2 or share[1] >= POSSIBLE)
                options = tuple(own.get(number, ()))
                cannot_say = absent not in _NOTHING and field in json.loads(absent)
                yield ClassStanding(number, _STATES[state], version, options, cannot_say, shares)


def _blind(connection: Connection) -> set[int]:
    q = queue.c
    waiting = select(q.document_id).join(rounds, rounds.c.id == q.round)
    return set(connection.scalars(waiting.where(rounds.c.closed.is_(None), q.blind.is_(True), q.done.is_(False))))


def _options(connection: Connection, field: str, part: Sequence[int] | None) -> dict[int, list[str]]:
    c = class_labels.c
    query = select(c.document_id, c.option).where(c.field == field).order_by(c.document_id, c.option)
    options: dict[int, list[str]] = {}
    for number, option in connection.execute(query if part is None else query.where(c.document_id.in_(part))):
        options.setdefault(number, []).append(option)
    return options


def _likely(connection: Connection, field: str, part: Sequence[int] | None) -> dict[int, list[tuple[str, float]]]:
    s = class_suggestions.c
    query = select(s.document_id, s.option, s.probability).where(s.field == field)
    likely: dict[int, list[tuple[str, float]]] = {}
    for number, option, share in connection.execute(query if part is None else query.where(s.document_id.in_(part))):
        likely.setdefault(number, []).append((option, share))
    return likely


def without_words_to_label(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Those of the documents that stand on no page and have no suggestion on their words."""
    texts: set[int] = set()
    for part in _parts(ids):
        on_pages = set(
            connection.scalars(select(pages.c.document_id).where(pages.c.document_id.in_(part), pages.c.engine != TEXT))
        )
        bare = select(documents.c.id).where(documents.c.id.in_(part), documents.c.suggestions == 0)
        texts.update(set(connection.scalars(bare)) - on_pages)
    return texts


def bodies(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Document -> its words, case-folded."""
    return {
        number: body
        for part in _parts(ids)
        for number, body in connection.execute(_of(texts_table.c.document_id, part).add_columns(texts_table.c.body))
    }


def are_all_texts(connection: Connection) -> bool:
    """Whether there are documents, and none of them stands on a page."""
    on_a_page = connection.scalar(select(pages.c.document_id).where(pages.c.engine != TEXT).limit(1))
    return on_a_page is None and connection.scalar(select(documents.c.id).limit(1)) is not None


def newest_event(connection: Connection) -> int:
    """The number of the latest act on any document."""
    return connection.scalar(select(func.max(events.c.id))) or 0


def acted_on(connection: Connection, after: int) -> dict[int, tuple[str, bool]]:
    """Document -> (the latest act on it, whether it is accepted), of the acts after an event, the oldest first."""
    rows = (
        select(events.c.document_id, events.c.act, documents.c.state)
        .join(documents, documents.c.id == events.c.document_id)
        .where(events.c.id > after)
        .order_by(events.c.id)
    )
    latest: dict[int, tuple[str, bool]] = {}
    for number, act, state in connection.execute(rows):
        latest.pop(number, None)
        latest[number] = (act, state == State.LABELLED.value)
    return latest


def accepted_since(connection: Connection, moment: datetime | None) -> int:
    """How many accepted documents, none of the test side, were acted on after a moment (None: ever).

    What an import brought does not count.
    """
    c = events.c
    acted = select(c.document_id).where(c.act != IMPORT)
    acted = acted if moment is None else acted.where(c.at > moment)
    accepted = (documents.c.state == State.LABELLED.value, documents.c.side != Side.TEST.value)
    return connection.scalar(select(func.count()).where(*accepted, documents.c.id.in_(acted))) or 0


def lately_accepted(connection: Connection, limit: int) -> list[int]:
    """The documents that were accepted last, the oldest first; none of the test side."""
    return _lately(connection, documents.c.state == State.LABELLED.value, limit)


def lately_classified(connection: Connection, field: str, limit: int) -> list[int]:
    """The documents with a label of a class field that were acted on last, the oldest first; none of the test side."""
    labelled = select(class_labels.c.document_id).where(class_labels.c.field == field)
    return _lately(connection, documents.c.id.in_(labelled), limit)


def _lately(connection: Connection, which: ColumnElement[bool], limit: int) -> list[int]:
    moment = select(func.max(events.c.id)).where(events.c.document_id == documents.c.id).scalar_subquery()
    listed = (
        select(documents.c.id)
        .where(which, documents.c.side != Side.TEST.value)
        .order_by(func.coalesce(moment, 0).desc(), documents.c.id.desc())
        .limit(limit)
    )
    return list(connection.scalars(listed))[::-1]


_ACTS_AT_A_TIME = 200


def last_act(connection: Connection, annotator: str) -> tuple[int, datetime] | None:
    """The document of an annotator's latest act that can be undone, and when it was; None where there is none.

    An act after which another annotator did something on its document is passed over.
    """
    e, next_undo, before = events.c, dict[int, int](), 0
    mine = select(e.id, e.document_id, e.at, e.act, e.target).where(
        e.annotator == annotator, e.act.not_in([IMPORT, UNDO])
    )
    latest_first = mine.order_by(e.id.desc()).limit(_ACTS_AT_A_TIME)
    while rows := connection.execute(latest_first.where(e.id < before) if before else latest_first).all():
        for row in rows:
            if row.document_id not in next_undo:
                done, _ = stacks(history(connection, row.document_id))
                next_undo[row.document_id] = done[-1].id if done else 0
            if next_undo[row.document_id] == (row.target if row.act == REDO else row.id):
                return row.document_id, utc(row.at)
        before = rows[-1].id
    return None


def of_test(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Those of the documents that are on the test side."""
    c = documents.c
    return {
        number
        for part in _parts(ids)
        for number in connection.scalars(_of(c.id, part).where(c.side == Side.TEST.value))
    }
