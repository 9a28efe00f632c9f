"""SQLite's file opened without changing anything in it."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from storage.exceptions import WorkspaceProblem

_EFFECTIVE = os.access in os.supports_effective_ids


def connect(path: Path, **options: Any) -> sqlite3.Connection:
    """A connection that can only read, and does not see a write-ahead log; `options` are those of sqlite3.

    Raises:
        sqlite3.OperationalError: it is no file; SQLite would wait at a pipe for ever.
    """
    return _connect(path, "mode=ro&immutable=1", **options)


def connect_with_log(path: Path, **options: Any) -> sqlite3.Connection:
    """A connection that can only read and sees what SQLite sees: the file with its write-ahead log, where it has one.

    Raises:
        sqlite3.OperationalError: it is no file.
    """
    if not _has_log(path) or not _may_write(path):  # beside a log SQLite makes an index of it
        return connect(path, **options)
    return _connect(path, "mode=ro", **options)


def copy_into(target: IO[bytes], path: Path) -> None:
    """Write what a file holds together with its write-ahead log; a file without one byte by byte.

    Raises:
        OSError: it cannot be read or written.
        sqlite3.Error: it cannot be read with its log.
    """
    if _has_log(path):
        with closing(connect_with_log(path)) as connection:
            target.write(connection.serialize())
    else:
        with path.open("rb") as source:
            shutil.copyfileobj(source, target, 1 << 20)


def _connect(path: Path, mode: str, **options: Any) -> sqlite3.Connection:
    if path.exists() and not path.is_file():
        raise sqlite3.OperationalError("unable to open: it is no regular file")
    opened: sqlite3.Connection = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, **options)
    return opened


def is_sealed(path: Path) -> bool:
    """Whether a file can only be read so: this user may not write where it is, and no other process writes it."""
    return path.is_file() and not _may_write(path) and not _has_log(path)


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


def _may_write(path: Path) -> bool:
    return all(os.access(p, os.W_OK, effective_ids=_EFFECTIVE) for p in (path, path.parent))


def _has_log(path: Path) -> bool:
    return os.path.lexists(f"{path}-wal")
