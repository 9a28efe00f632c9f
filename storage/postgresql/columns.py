"""The columns of the tables on PostgreSQL; SQLite has its own types. Loads no driver."""

import json
from typing import Any

from sqlalchemy import Dialect, String, Text, TypeDecorator

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class ServerText(TypeDecorator[str]):
    """Text of any length, sorted by code point as SQLite does, without NUL, which PostgreSQL cannot store."""

    impl = Text
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(collation="C")

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value.replace("\0", _REPLACEMENT) if value is not None and "\0" in value else value


def text(length: int | None = None) -> String:
    """The type of a text column. The length is SQLite's, which only notes it; PostgreSQL would refuse longer texts."""
    return (Text() if length is None else String(length)).with_variant(ServerText(), "postgresql")


def to_json(value: Any) -> str:
    """JSON as PostgreSQL reads it: a number that is none becomes null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
