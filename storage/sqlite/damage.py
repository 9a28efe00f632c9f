"""Damage that SQLite does not find: values that this program never writes. SQLite keeps no sums of what is stored."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Column, DateTime, Float, Integer, LargeBinary

from storage import token_blob
from storage.records import Decision, RunState, Side, Source, State
from storage.sqlite import untouched
from storage.tables import metadata, pages

_WORDS: dict[tuple[str, str], type[StrEnum]] = {
    ("documents", "side"): Side, ("documents", "state"): State, ("spans", "source"): Source,
    ("class_labels", "source"): Source, ("suggestions", "decision"): Decision, ("runs", "state"): RunState,
}  # fmt: skip
"""(table, column) -> what can stand in it."""
_STORED_AS = (
    (Integer, "'integer'"), (Boolean, "'integer'"), (Float, "'real', 'integer'"), (LargeBinary, "'blob'"),
)  # fmt: skip
"""Types of columns and those of SQLite that their values have; all others have text."""
_PARTS = {
    ("spans", "tokens"): "type = 'integer' AND value >= 0",
    ("suggestions", "tokens"): "type = 'integer' AND value >= 0",
    ("documents", "absent"): "type = 'text'",
    ("documents", "corrections"): "type = 'text'",
    ("queue", "reasons"): "type = 'text'",
}
"""(table, column) -> what is true of every value in its list or object, in SQL."""
_LARGEST = 10**12  # of a whole number: sums of larger ones overflow
_OUT_OF_PLACE = (
    *(
        f"{table} AS part, json_each(part.tokens) AS token JOIN documents ON documents.id = part.document_id "
        "WHERE token.value >= documents.token_count"
        for table in ("spans", "suggestions")
    ),
    "pages JOIN documents ON documents.id = pages.document_id WHERE first_token NOT BETWEEN 0 AND token_count",
)
"""Rows with places beyond their document's words."""


_WAIT = 1.0  # seconds, for a process that keeps all others from reading
_NOT_READ = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN)


def is_damaged(path: Path) -> bool:
    """Whether SQLite finds broken pages in a file with its write-ahead log, or a row holds what is never written.

    It reads all. A file that cannot be read now is not called damaged.
    """
    try:
        with closing(untouched.connect_with_log(path, timeout=_WAIT)) as connection:
            return connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",) or has_broken_value(connection)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return getattr(error, "sqlite_errorcode", None) not in _NOT_READ


def has_broken_value(connection: sqlite3.Connection) -> bool:
    """Whether SQLite's file holds a value that its column cannot have: it was damaged. Reads all rows."""
    for table in metadata.tables.values():
        present = {name for _, name, *_ in connection.execute(f'PRAGMA table_info("{table.name}")')}
        for column in table.columns:
            rows = f'FROM "{table.name}" WHERE "{column.name}" IS NOT NULL'
            if column.name in present and (
                connection.execute(f"SELECT 1 {rows} AND NOT ({_right(column)}) LIMIT 1").fetchone()
                or (column is pages.c.tokens and _has_broken_tokens(connection.execute(f"SELECT tokens {rows}")))
            ):
                return True
    if connection.execute("PRAGMA foreign_key_check").fetchone():  # rows of a document that there is not
        return True
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'documents'").fetchone():  # it is empty
        return False
    return any(connection.execute(f"SELECT 1 FROM {rows} LIMIT 1").fetchone() for rows in _OUT_OF_PLACE)


def _right(column: Column[Any]) -> str:
    """What is true of every value of a column, in SQL."""
    name = f'"{column.name}"'
    if isinstance(column.type, JSON):
        default = "" if column.default is None else column.default.arg.__name__  # type: ignore[attr-defined]
        kind = "array" if default == "list" or column.name == "tokens" else "object" if default == "dict" else ""
        right = f"json_valid({name})" + (f" AND json_type({name}) = '{kind}'" if kind else "")
        if parts := _PARTS.get((column.table.name, column.name)):
            right += f" AND NOT EXISTS (SELECT 1 FROM json_each({name}) WHERE NOT ({parts}))"
        return right
    if words := _WORDS.get((column.table.name, column.name)):
        return f"{name} IN ({', '.join(repr(word.value) for word in words)})"
    if (column.table.name, column.name) in (("pages", "width"), ("pages", "height")):
        return f"typeof({name}) IN ('real', 'integer') AND {name} > 0"
    if isinstance(column.type, DateTime):
        return f"typeof({name}) = 'text' AND julianday({name}) IS NOT NULL"
    if isinstance(column.type, Integer) and column.table.name == "documents":
        return f"typeof({name}) = 'integer' AND {name} BETWEEN -{_LARGEST} AND {_LARGEST}"
    stored = next((stored for of, stored in _STORED_AS if isinstance(column.type, of)), "'text'")
    return f"typeof({name}) IN ({stored})"


def _has_broken_tokens(rows: Iterable[tuple[bytes]]) -> bool:
    try:
        for (blob,) in rows:
            token_blob.unpack(blob, 0, 0, {})
    except (TypeError, ValueError):
        return True
    return False
