"""What others added to SQLite's file, by which the database itself would change what is saved, or never end reading."""

import sqlite3
from pathlib import Path

from storage.exceptions import WorkspaceProblem
from storage.tables import metadata

_ADDED = (
    "SELECT name, CASE type WHEN 'table' THEN 'virtual table' WHEN 'index' THEN 'unique index' ELSE type END "
    "FROM sqlite_master WHERE type = 'trigger' OR (type = 'view' AND lower(name) IN ({own})) "
    "OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL%' AND lower(name) IN ({own})) "
    "OR (type = 'index' AND sql LIKE 'CREATE UNIQUE%')"
)


def refuse(connection: sqlite3.Connection, path: Path) -> None:
    """See that tables are tables, and that nothing acts when rows are written. Views of other names are let be.

    A trigger in a file that came from others could delete labels that were just shown as saved.

    Raises:
        WorkspaceProblem: the file has what this program never makes.
    """
    own = sorted(metadata.tables)
    asked = _ADDED.format(own=", ".join("?" * len(own)))
    added = connection.execute(asked, own * 2).fetchone()
    if added is not None:
        name, kind = added
        raise WorkspaceProblem(
            f"{path} has a {kind} of others, {name[:60]!r}, which could change what is saved. Nothing was changed.",
            "`workbench restore` lists the copies of this workspace. If it was made on purpose, remove it from the "
            "file with a program for SQLite.",
        )
