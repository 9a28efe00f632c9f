"""Copies of a workspace's database: one a day while it is used, and how one takes the database's place."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from storage.exceptions import Busy, NewerWorkspace, WorkspaceProblem
from storage.files import BEFORE_MIGRATION, Files, replacing
from storage.migrations import HEAD

if TYPE_CHECKING:
    from storage.database import Contents, Database

KEPT = 7
"""Daily copies; older ones are deleted. What `restore` replaced is kept until you delete it."""
_DAILY = re.compile(r"workbench-\d{8}\.db")
_BESIDE = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that can take the database's place."""

    path: Path
    written: datetime
    size: int  # bytes

    @property
    def name(self) -> str:
        """What `workbench restore` calls it."""
        return self.path.stem


def keep_daily(db: "Database", files: Files) -> Path | None:
    """Copy a database that holds documents, once a day; the copy, or None where none was made.

    A copy that cannot be written keeps no one from working: the workspace may be read-only, or the disk full.
    """
    target = files.copies / f"workbench-{datetime.now(UTC).astimezone():%Y%m%d}.db"
    if target.exists() or not os.access(files.root, os.W_OK) or not _holds_documents(db):
        return None
    try:
        if not files.copies.is_dir():
            files.copies.mkdir(exist_ok=True)
            files.copies.chmod(files.root.stat().st_mode & 0o7777)
        with replacing(target) as file:
            db.copy_to(Path(file.name))  # SQLite writes into a file that is there and empty
    except (OSError, WorkspaceProblem):
        return None
    daily = [path for path in files.copies.iterdir() if _DAILY.fullmatch(path.name)]
    # A day that is still to come is of a clock that was wrong: it goes first, and never what was written just now.
    for old in sorted(daily, key=lambda path: (path.name <= target.name, path.name))[:-KEPT]:
        with suppress(OSError):
            old.unlink()
    return target


def listed(files: Files) -> list[Copy]:
    """The copies that are here, the newest first: daily ones, those of schema changes, and what was replaced."""
    paths = [*files.root.glob(f"{BEFORE_MIGRATION}*.db"), *files.copies.glob("workbench-*.db")]
    copies = []
    for path in paths:
        with suppress(OSError):  # deleted meanwhile
            status = path.stat()
            copies.append(Copy(path, datetime.fromtimestamp(status.st_mtime, UTC).astimezone(), status.st_size))
    return sorted(copies, key=lambda copy: copy.written, reverse=True)


def chosen(files: Files, name: str) -> Copy:
    """The copy of a name, or the newest one that `restore` did not put there ("newest").

    Raises:
        WorkspaceProblem: there is none.
    """
    copies = listed(files)
    if name == "newest":
        copy = next((copy for copy in copies if "replaced" not in copy.name), None)
    else:
        copy = next((copy for copy in copies if name in (copy.name, copy.path.name, str(copy.path))), None)
    if copy is None:
        raise WorkspaceProblem(f"There is no copy {name}.", "`workbench restore` lists them.")
    return copy


def contents(copy: Copy, *, thoroughly: bool = False) -> "Contents | None":
    """What a copy holds; None where it is damaged."""
    from storage.database import contents_of

    return contents_of(copy.path, thoroughly=thoroughly)


def restore(files: Files, copy: Copy) -> Path | None:
    """Put a copy in the place of the database. Returns where the replaced one is now; None where there was none.

    Raises:
        Busy: another process has the workspace open.
        NewerWorkspace: a newer version of the program wrote the copy.
        WorkspaceProblem: the copy is damaged, or cannot be written.
    """
    from storage.database import is_in_use
    from storage.sqlite import untouched

    held = contents(copy, thoroughly=True)
    if held is None:
        raise WorkspaceProblem(f"The copy {copy.name} is damaged. Nothing was changed.", "Choose another one.")
    if held.revision > HEAD:
        raise NewerWorkspace(f"The copy has schema {held.revision}; this program knows up to {HEAD}.", "Update it.")
    if files.database.is_file() and is_in_use(files.database):
        raise Busy("Another process has this workspace open.", "Close every workbench on it, then repeat the step.")
    files.sweep()  # the draft of one that was killed
    try:
        with replacing(files.database) as file:
            untouched.copy_into(file, copy.path)
            file.flush()
            os.fsync(file.fileno())  # from here on no space is needed
            replaced = set_aside(files, stays=True)
    except OSError as error:
        raise WorkspaceProblem(f"{files.database} cannot be replaced: {error.strerror}.", "Free some space.") from error
    return replaced


def set_aside(files: Files, *, stays: bool = False) -> Path | None:
    """Move the database to its copies, whatever is in its place; where it is now, None where there is none.

    Args:
        files: of the workspace.
        stays: a file has both names until another one takes the old name, so that there is a database at every moment.

    Raises:
        OSError: the folder cannot be written.
    """
    if not os.path.lexists(files.database):
        for ending in _BESIDE:
            Path(f"{files.database}{ending}").unlink(missing_ok=True)
        return None
    files.copies.mkdir(exist_ok=True)
    replaced = _free_name(files)
    for ending in _BESIDE:  # of a database that is damaged: they would be taken for the new one's
        if (beside := Path(f"{files.database}{ending}")).exists():
            beside.rename(f"{replaced}{ending}")
    if stays and files.database.is_file() and not files.database.is_symlink():
        with suppress(OSError):  # a file system without links
            os.link(files.database, replaced)
            return replaced
    files.database.rename(replaced)
    return replaced


def _free_name(files: Files) -> Path:
    """For a database that is replaced: two in a second are two."""
    stem = f"workbench-replaced-{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S}"
    path = files.copies / f"{stem}.db"
    numbers = count(2)
    while os.path.lexists(path):
        path = files.copies / f"{stem}-{next(numbers)}.db"
    return path


def _holds_documents(db: "Database") -> bool:
    from sqlalchemy import text

    with db.read() as connection:
        return connection.execute(text("SELECT 1 FROM documents LIMIT 1")).first() is not None
