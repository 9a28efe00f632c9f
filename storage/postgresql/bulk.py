"""Many rows at once, by COPY."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select


def copy_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]],
    same: Sequence[Any],
) -> None:  # fmt: skip
    """Add rows.

    Args:
        columns: the names of their columns; rows that bring their own ids are counted on from there.
        rows: without the last columns.
        same: the values of the last columns, as the driver takes them, which all rows share.
    """
    cursor: Any = connection.connection.cursor()
    names = ", ".join(columns)
    with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([_without_nul(value) for value in row] + [*same])
    if "id" in columns:
        highest = select(func.coalesce(func.max(table.c.id), 1)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), highest)))


def _without_nul(value: Any) -> Any:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) and "\0" in value else value
