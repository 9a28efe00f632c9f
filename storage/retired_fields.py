"""The number of open suggestions of each document: `suggestions.leading` without retired fields, as SQL.

An accepted document has none: what was left when it was accepted is answered.

The schema is in workbench.toml. Which of its fields are retired is stored in the database as well, so that all
processes count alike, whenever they read the schema.
"""

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.records import CORRECTION, KNOWN_SOURCES, Decision, Source, State
from storage.tables import documents, events, retired_fields, spans, suggestions


def fields(connection: Connection) -> frozenset[str]:
    """The ids of the retired fields."""
    return frozenset(connection.scalars(select(retired_fields.c.field)))


def keep(connection: Connection, retired: Collection[str]) -> None:
    """Store which fields are retired, and recount the documents with suggestions of fields that changed."""
    changed = fields(connection) ^ frozenset(retired)
    if not changed:
        return
    connection.execute(delete(retired_fields))
    if retired:
        connection.execute(insert(retired_fields), [{"field": name} for name in retired])
    touched = select(suggestions.c.document_id).where(
        suggestions.c.field.in_(changed), suggestions.c.decision == Decision.OPEN.value
    )
    connection.execute(update(documents).where(documents.c.id.in_(touched)).values(suggestions=_waiting()))


def count_suggestions(connection: Connection, ids: Iterable[int]) -> None:
    """Recount the open suggestions of these documents."""
    listed = list(ids)
    for start in range(0, len(listed), 500):
        part = listed[start : start + 500]
        connection.execute(update(documents).where(documents.c.id.in_(part)).values(suggestions=_waiting()))


def is_offered() -> ColumnElement[bool]:
    """Whether the suggestion of the surrounding statement is open: no retired field's, no second opinion on an open
    known value or correction, none of its words has a label, and its field was not labelled by hand.
    """
    return and_(
        suggestions.c.decision == Decision.OPEN.value,
        suggestions.c.field.not_in(select(retired_fields.c.field)),
        ~_is_taken(suggestions),
        ~_is_answered(),
        ~_is_outranked(),
    )


class _Items(FunctionElement[Any]):
    """The items of a JSON array as rows of `value`."""

    inherit_cache = True


@compiles(_Items, "sqlite")
def _items_in_sqlite(element: _Items, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Items, "postgresql")
def _items_in_postgresql(element: _Items, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements_text({compiler.process(element.clauses, **options)})"


def _is_taken(table: FromClause) -> ColumnElement[bool]:
    """Whether a label has a word of the suggestion in the table `suggestions`, or an alias of it."""
    labelled = _Items(spans.c.tokens).table_valued("value", name="labelled")
    proposed = _Items(table.c.tokens).table_valued("value", name="proposed")
    words = select(1).select_from(spans.join(labelled, true()).join(proposed, true()))
    same = and_(spans.c.document_id == table.c.document_id, labelled.c.value == proposed.c.value)
    return words.where(same).correlate(table).exists()


def _is_answered() -> ColumnElement[bool]:
    """Whether the field of a suggestion was labelled by hand."""
    s, by_hand = suggestions.c, spans.c.source == Source.HUMAN.value
    return exists().where(spans.c.document_id == s.document_id, spans.c.field == s.field, by_hand)


def _is_outranked() -> ColumnElement[bool]:
    """Whether the field has an open suggestion of a higher rank: a correction, or before a model's a known value."""
    higher = suggestions.alias("higher")
    own = suggestions.c.run
    return exists().where(
        higher.c.document_id == suggestions.c.document_id,
        higher.c.field == suggestions.c.field,
        higher.c.decision == Decision.OPEN.value,
        or_(
            and_(higher.c.run.in_(KNOWN_SOURCES), own.not_in([*KNOWN_SOURCES, CORRECTION])),
            and_(higher.c.run == CORRECTION, own != CORRECTION),
        ),
        ~_is_taken(higher),
    )


def _waiting() -> ColumnElement[int]:
    own = suggestions.c.document_id == documents.c.id
    count = select(func.count()).select_from(suggestions).where(own, is_offered()).scalar_subquery()
    return case((documents.c.state == State.LABELLED.value, 0), else_=count)


def touched_since(
    connection: Connection, fields: Collection[str], since: datetime, without: Collection[str]
) -> set[str]:
    """Those of the fields that an act since then names, or that a document with such an act has a label of.

    Args:
        without: acts that do not count.
    """
    e = events.c
    query = select(e.document_id, e.change).where(e.at >= since, e.act.not_in(without))
    touched, named = set[int](), set[str]()
    for document_id, change in connection.execute(query):
        touched.add(document_id)
        written = json.dumps(change)
        named.update(field for field in fields if json.dumps(field) in written)
    labelled = select(spans.c.document_id, spans.c.field).where(spans.c.field.in_(fields)).distinct()
    return named | {field for document_id, field in connection.execute(labelled) if document_id in touched}
