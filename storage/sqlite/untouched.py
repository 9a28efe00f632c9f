"""SQLite's file opened without changing anything in it, or beside it."""

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from storage.exceptions import WorkspaceProblem

_EFFECTIVE = os.access in os.supports_effective_ids


def connect(path: Path, **options: Any) -> sqlite3.Connection:
    """A connection that can only read, and does not see a write-ahead log; `options` are those of sqlite3.

    Raises:
        sqlite3.OperationalError: it is no file; SQLite would wait at a pipe for ever.
    """
    if path.exists() and not path.is_file():
        raise sqlite3.OperationalError("unable to open: it is no regular file")
    opened: sqlite3.Connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, **options)
    return opened


def is_sealed(path: Path) -> bool:
    """Whether a file can only be read so: this user may not write where it is, and no other process writes it."""
    may_write = all(os.access(p, os.W_OK, effective_ids=_EFFECTIVE) for p in (path, path.parent))
    return path.is_file() and not may_write and not _has_log(path)


def check_still_sealed(path: Path) -> None:
    """See that what is read of a sealed file is whole.

    Raises:
        WorkspaceProblem: another process began to write it.
    """
    if _has_log(path):
        raise WorkspaceProblem(
            f"Another user's process is writing {path}, which you may only read: what is read now may not be whole.",
            "Repeat the step when every workbench on it is closed.",
        )


def _has_log(path: Path) -> bool:
    return os.path.lexists(f"{path}-wal")
