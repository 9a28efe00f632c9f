"""How many suggestions of a document wait for somebody: those of retired fields are kept and wait for nobody.

The schema stands in workbench.toml; which of its fields are retired is noted here as well, so that every process
counts alike, whenever it read the schema.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, ScalarSelect, and_, delete, func, insert, select, update

from storage.records import Decision
from storage.tables import documents, retired_fields, suggestions


def fields(connection: Connection) -> frozenset[str]:
    """The ids of the retired fields."""
    return frozenset(connection.scalars(select(retired_fields.c.field)))


def keep(connection: Connection, retired: Collection[str]) -> None:
    """Note which fields are retired, and count the documents anew that have suggestions of those that changed."""
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
    """Count what waits on these documents."""
    listed = list(ids)
    for start in range(0, len(listed), 500):
        part = listed[start : start + 500]
        connection.execute(update(documents).where(documents.c.id.in_(part)).values(suggestions=_waiting()))


def _waiting() -> ScalarSelect[int]:
    is_open = and_(
        suggestions.c.document_id == documents.c.id,
        suggestions.c.decision == Decision.OPEN.value,
        suggestions.c.field.not_in(select(retired_fields.c.field)),
    )
    return select(func.count()).select_from(suggestions).where(is_open).scalar_subquery()
