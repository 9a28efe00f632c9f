"""What others added to SQLite's file, by which the database itself would change what is saved, or never end reading."""

import sqlite3
from pathlib import Path
from typing import Any

from storage.exceptions import WorkspaceProblem
from storage.tables import metadata

_ADDED = (
    "SELECT name, CASE type WHEN 'table' THEN 'virtual table' WHEN 'index' THEN 'unique index' ELSE type END "
    "FROM sqlite_master WHERE type = 'trigger' OR (type = 'view' AND lower(name) IN ({own})) "
    "OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL%' AND lower(name) IN ({own})) "
    "OR (type = 'index' AND sql LIKE 'CREATE UNIQUE%')"
)


def connect(path: Path, **options: Any) -> sqlite3.Connection:
    """A connection to a file, once those beside it are seen to be files: SQLite waits at a pipe for ever.

    Raises:
        WorkspaceProblem: one of them is none.
    """
    _check_beside(path)
    opened: sqlite3.Connection = sqlite3.connect(path, **options)
    return opened


def _check_beside(path: Path) -> None:
    for ending in ("-journal", "-wal", "-shm"):
        beside = Path(f"{path}{ending}")
        if beside.is_symlink() or (beside.exists() and not beside.is_file()):
            raise WorkspaceProblem(f"{beside} is no regular file. Nothing was changed.", "Move it away.")


def refuse(connection: sqlite3.Connection, path: Path) -> None:
    """See that tables are tables, and that nothing acts when rows are written. Views of other names are let be.

    A trigger in a file that came from others could delete labels that were just shown as saved.

    Raises:
        WorkspaceProblem: the file has what this program never makes, or one beside it is no file.
    """
    _check_beside(path)
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
