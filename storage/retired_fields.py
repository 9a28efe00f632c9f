"""The number of open suggestions of each document, without those of retired fields and second opinions.

The schema is in workbench.toml. Which of its fields are retired is stored in the database as well, so that all
processes count alike, whenever they read the schema.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, Connection, ScalarSelect, and_, delete, exists, func, insert, select, update

from storage.records import KNOWN_SOURCES, Decision
from storage.tables import documents, retired_fields, suggestions


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


def is_outranked() -> ColumnElement[bool]:
    """Whether the suggestion of the surrounding statement is a second opinion on an open known value."""
    known = suggestions.alias("known")
    return suggestions.c.run.not_in(KNOWN_SOURCES) & exists().where(
        known.c.document_id == suggestions.c.document_id,
        known.c.field == suggestions.c.field,
        known.c.decision == Decision.OPEN.value,
        known.c.run.in_(KNOWN_SOURCES),
    )


def _waiting() -> ScalarSelect[int]:
    is_open = and_(
        suggestions.c.document_id == documents.c.id,
        suggestions.c.decision == Decision.OPEN.value,
        suggestions.c.field.not_in(select(retired_fields.c.field)),
        ~is_outranked(),
    )
    return select(func.count()).select_from(suggestions).where(is_open).scalar_subquery()
