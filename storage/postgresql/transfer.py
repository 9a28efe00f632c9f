"""Every row of a workspace's database into another one, SQLite's or a server's; counts and digests compare the two."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import JSON, Connection, Table, Text, bindparam, cast, func, insert, select
from sqlalchemy.exc import DBAPIError

from storage.postgresql import columns
from storage.tables import metadata, utc

_BATCH = 1_000  # rows
_NOT_FINITE = ("NaN", "Infinity")

Progress = Callable[[int, int], None]
"""A function of the rows done and the rows in all."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """What a table holds."""

    table: str
    rows: int
    digest: str  # SHA-256 of its rows in the order of their keys, as hexadecimal digits


def count_rows(connection: Connection) -> dict[str, int]:
    """Table -> its number of rows, for every table of a workspace."""
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in metadata.sorted_tables
    }


def digests(connection: Connection, progress: Progress = lambda done, total: None) -> list[TableDigest]:
    """The digest of every table; the same for the same rows, whichever kind of database has them."""
    return _each_table(connection, lambda table, rows: _drain(rows), progress)


def copy(source: Connection, target: Connection, progress: Progress = lambda done, total: None) -> list[TableDigest]:
    """Copy all rows in the callers' transactions; the digests of what was read.

    Args:
        source: what is not written to meanwhile.
        target: its tables are there and empty.
        progress: told of every thousand rows.
    """
    write = _copy_into_server if target.dialect.name == "postgresql" else _insert
    return _each_table(source, lambda table, rows: write(target, table, rows), progress)


def _each_table(
    source: Connection, use: Callable[[Table, Iterator[tuple[Any, ...]]], None], progress: Progress
) -> list[TableDigest]:
    total, done = sum(count_rows(source).values()), 0
    results = []
    for table in metadata.sorted_tables:
        digest, number = sha256(), 0

        def rows(table: Table = table, digest: Any = digest) -> Iterator[tuple[Any, ...]]:
            nonlocal number, done
            for row in _read(source, table):
                digest.update(msgspec.msgpack.encode(row))
                number, done = number + 1, done + 1
                if done % _BATCH == 0:
                    progress(done, total)
                yield row

        use(table, rows())
        results.append(TableDigest(table.name, number, digest.hexdigest()))
    return results


def _drain(rows: Iterable[tuple[Any, ...]]) -> None:
    for _ in rows:
        pass


def _read(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """The rows in the order of their keys, their values as both kinds of database give them back."""
    # JSON as its text: read as an object, SQL's NULL and JSON's null were the same
    shown = [cast(column, Text) if isinstance(column.type, JSON) else column for column in table.columns]
    readers = [_json if isinstance(column.type, JSON) else _plain for column in table.columns]
    query = select(*shown).order_by(*table.primary_key.columns)
    for row in connection.execute(query, execution_options={"yield_per": _BATCH}):
        yield tuple(read(value) for read, value in zip(readers, row, strict=True))


def _json(text: str | None) -> str | None:
    if text is not None and any(sign in text for sign in _NOT_FINITE):
        return columns.to_json(json.loads(text))
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, float):  # SQLite has neither a number that is none nor a negative zero
        return value + 0.0 if value == value else None
    if isinstance(value, datetime):
        return utc(value).astimezone(UTC)
    return value


def _copy_into_server(target: Connection, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
    quote = target.dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in table.columns)
    cursor: Any = target.connection.cursor()
    statement = f"COPY {quote(table.name)} ({names}) FROM STDIN"
    dialect: Any = target.dialect
    try:
        with cursor.copy(statement) as lines:
            for row in rows:
                lines.write_row(row)
    except dialect.dbapi.Error as error:  # raised as SQLAlchemy raises it
        is_cut_off = dialect.is_disconnect(error, target.connection.driver_connection, cursor)
        raise DBAPIError.instance(
            statement, None, error, dialect.dbapi.Error, connection_invalidated=is_cut_off, dialect=dialect
        ) from error
    if table.autoincrement_column is not None:  # what is added later is counted on from here
        key = table.autoincrement_column
        next_number = select(func.coalesce(func.max(key), 0) + 1).scalar_subquery()
        target.execute(select(func.setval(func.pg_get_serial_sequence(table.name, key.name), next_number, False)))


def _insert(target: Connection, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
    names = [f"value_{number}" for number, _ in enumerate(table.columns)]
    statement = insert(table).values(
        {
            column.name: bindparam(name, type_=Text() if isinstance(column.type, JSON) else column.type)
            for column, name in zip(table.columns, names, strict=True)
        }
    )
    while batch := [dict(zip(names, row, strict=True)) for row in islice(rows, _BATCH)]:
        target.execute(statement, batch)
