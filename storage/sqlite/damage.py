"""Damage that SQLite does not find: values that this program never writes. SQLite keeps no sums of what is stored."""

import sqlite3
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary

from storage import token_blob
from storage.records import Decision, RunState, Side, Source, State
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
    return False


def _right(column: Column[Any]) -> str:
    """What is true of every value of a column, in SQL."""
    name = f'"{column.name}"'
    if isinstance(column.type, JSON):
        default = "" if column.default is None else column.default.arg.__name__  # type: ignore[attr-defined]
        kind = "array" if default == "list" or column.name == "tokens" else "object" if default == "dict" else ""
        return f"json_valid({name})" + (f" AND json_type({name}) = '{kind}'" if kind else "")
    if words := _WORDS.get((column.table.name, column.name)):
        return f"{name} IN ({', '.join(repr(word.value) for word in words)})"
    stored = next((stored for of, stored in _STORED_AS if isinstance(column.type, of)), "'text'")
    return f"typeof({name}) IN ({stored})"


def _has_broken_tokens(rows: Iterable[tuple[bytes]]) -> bool:
    try:
        for (blob,) in rows:
            token_blob.unpack(blob, 0, 0, {})
    except (TypeError, ValueError):
        return True
    return False
