"""A workspace: the directory in which everything about one collection of invoices is kept."""

import os
import shutil
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from storage.exceptions import WorkspaceProblem
from storage.files import SETTINGS, Files, sweep_temporary
from storage.object_store.store import MOST_BYTES, ObjectStore
from workbench import database_copies
from workbench import settings as settings_file
from workbench.fields import Schema
from workbench.fields.plain_text import as_argument
from workbench.files.output_places import refuse_own
from workbench.settings import Settings

if TYPE_CHECKING:
    from storage.database import Database


class Workspace:
    """A workspace; `Workspace.find()`, `.open()` and `.create()` make one."""

    def __init__(self, files: Files, settings: Settings) -> None:
        self.files = files
        self._use(settings)
        self._read_at = _stamp(files.settings)
        self._db: Database | None = None
        self._opening = Lock()
        self._copied_on: date | None = None
        self._takes_over = False  # a database whose own folder is gone

    @property
    def db(self) -> "Database":
        """The database, opened when first asked for; raises what `connect` raises."""
        return self.connect()

    def connect(self) -> "Database":
        """Open the database now, so that what is wrong with it is known before any work is done.

        Raises:
            WorkspaceProblem: it is damaged, read-only or out of reach.
            NewerWorkspace: a newer version of the program wrote it.
        """
        with self._opening:
            if self._db is None:
                db = self.database_to_open()
                db.migrate()
                db.claim(self.files.database_id, self.place, take_over=self._takes_over)
                _note_retired(db, self.schema)
                self._db = db
                self.files.sweep()
                with suppress(FileNotFoundError):  # no folder takes temporary files: the disk is full
                    sweep_temporary()
                self._keep_copy(db)
            return self._db

    def database_to_open(self) -> "Database":
        """The file in the workspace's folder, or the database on the server that the settings name; not opened yet.

        Raises:
            WorkspaceProblem: the file is lost or no database of this program, or the settings name another file: that
                would be another workspace's, or a new one in whatever folder the command is given in.
        """
        chosen = self.settings.database
        if not chosen:
            return _own_database(self.files)
        from storage.database import Database  # SQLAlchemy: a third of the time to the first screen
        from storage.postgresql import address

        if not address.is_postgresql(chosen):  # not quoted: there may be a password in it
            raise WorkspaceProblem(
                f"`database` in {self.files.settings} is no address on a PostgreSQL server. Nothing was changed.",
                f"Write it as {address.EXAMPLE}, or delete the line: then it is the file in the workspace's folder.",
            )
        return Database(chosen)

    def keep_copy(self) -> None:
        """Copy an open database if there is no copy of today yet: once a day, in a terminal that stays open, too."""
        if self._db is not None:
            self._keep_copy(self._db)

    def _keep_copy(self, db: "Database") -> None:
        today = date.today()
        if not self.settings.database and self._copied_on != today:
            self._copied_on = today
            database_copies.keep_daily(db, self.files)

    @property
    def is_open(self) -> bool:
        """Whether the database was opened already."""
        return self._db is not None

    @classmethod
    def create(
        cls, directory: Path, database: str = "", *, files_at: str = "", shared: bool = False, take_over: bool = False
    ) -> "Workspace":
        """Make a workspace in a new or empty directory; where that fails, nothing of it is left.

        Args:
            directory: where; made when missing.
            database: the URL of a database kept elsewhere; "" for a file in the directory.
            files_at: the URL of an object store for originals and pictures; "" for the directory alone.
            shared: let the directory's group read and write it; else only this user.
            take_over: use a server's database though it belongs to another folder, which is gone.

        Raises:
            WorkspaceProblem: there is one already, other files are in the way, or the database cannot be used.
        """
        files = _files(directory)
        if files.database.exists() or files.settings.exists():
            raise WorkspaceProblem(
                f"{directory} is a workspace already.", f"Open it with `workbench -w {as_argument(directory)}`."
            )
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise WorkspaceProblem(f"{directory} is not an empty directory.", "Name a new directory for the workspace.")
        was_there = directory.exists()
        files.make()
        try:
            files.restrict(own_database=not database, shared=shared)
            chosen = replace(settings_file.read(files.settings), database=database, files=files_at)
            if files_at:
                ObjectStore(files_at).check(files.root)
            settings_file.write(files.settings, chosen)
            workspace = cls._at(directory)
            workspace._takes_over = take_over
            workspace.connect()
        except BaseException:
            _remove_new(files.root, keep_root=was_there)
            raise
        return workspace

    @classmethod
    def find(cls, directory: Path | None = None) -> "Workspace":
        """The workspace of a directory, or the nearest one at or above the current directory, not opened yet.

        Raises:
            WorkspaceProblem: there is none.
        """
        if directory is not None:
            if not (directory / SETTINGS).is_file():
                raise WorkspaceProblem(
                    f"{directory} is no workspace.", f"Make one with `workbench init {as_argument(directory)}`."
                )
            return cls._at(directory)
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / SETTINGS).is_file():
                return cls._at(folder)
        raise WorkspaceProblem(
            f"There is no workspace at or above {here}.", "Make one with `workbench init DIR`, or name one with -w DIR."
        )

    @classmethod
    def open(cls, directory: Path) -> "Workspace":
        """Open a workspace, and bring its schema to this version.

        Raises:
            WorkspaceProblem: it is damaged or read-only.
            NewerWorkspace: a newer version of the program wrote it.
        """
        workspace = cls._at(directory)
        workspace.connect()
        return workspace

    @classmethod
    def _at(cls, directory: Path) -> "Workspace":
        files = _files(directory)
        return cls(files, settings_file.read(files.settings))

    @property
    def name(self) -> str:
        return self.files.root.name

    @property
    def place(self) -> str:
        """Host and folder, as messages name them."""
        return f"{socket.gethostname()}:{self.files.root}"

    @property
    def schema(self) -> Schema:
        return self.settings.schema

    def schema_now(self) -> Schema:
        """The fields that are in workbench.toml now, which another process may have changed."""
        return settings_file.read(self.files.settings).schema if self.settings_were_written else self.schema

    @property
    def settings_were_written(self) -> bool:
        """Whether workbench.toml was written since it was read."""
        return _stamp(self.files.settings) != self._read_at

    def change_settings(self, **changes: object) -> None:
        """Change settings and write workbench.toml; other changes by other processes stay.

        Raises:
            Busy: another process is changing it.
            ConfigProblem: it cannot be used any more.
        """
        self.change(lambda now: replace(now, **changes))  # type: ignore[arg-type]

    def change_schema(self, change: Callable[[Schema], Schema]) -> None:
        """Change the fields that are in workbench.toml now, which another process may have changed.

        Raises:
            Busy, ConfigProblem: as for `change_settings`.
        """
        self.change(lambda now: replace(now, schema=change(now.schema)))

    def change(self, change: Callable[[Settings], Settings]) -> None:
        """Change the settings that are in workbench.toml now, which another process may have changed.

        Raises:
            Busy, ConfigProblem: as for `change_settings`.
        """
        with settings_file.locked(self.files.settings):
            changed = change(settings_file.read(self.files.settings))
            settings_file.write(self.files.settings, changed)
            self._use(changed)
            self._read_at = _stamp(self.files.settings)
            self._note_retired()

    def reread_settings(self) -> bool:
        """Read workbench.toml again if it was written since; whether a setting changed.

        Raises:
            ConfigProblem: it cannot be used any more; the settings stay as they were. Raised once for every change.
        """
        now = _stamp(self.files.settings)
        if now == self._read_at:
            return False
        self._read_at = now
        before = self.settings
        self._use(settings_file.read(self.files.settings))
        if self.schema != before.schema:
            self._note_retired()
        return self.settings != before

    def _use(self, settings: Settings) -> None:
        self.settings = settings
        most = max(MOST_BYTES, settings.limits.file_bytes, 4 * settings.limits.picture_pixels)
        self.files.store = ObjectStore(settings.files, most) if settings.files else None

    def _note_retired(self) -> None:
        if self._db is not None:
            _note_retired(self._db, self.schema)

    def save_as(self, directory: Path) -> bool:
        """Make a new workspace of what is open, also where this one was deleted meanwhile.

        Pictures, runs and originals are copied where they are still there.

        Args:
            directory: a new or empty one.

        Returns:
            Whether the folders were still there; without them the new workspace has documents, labels and settings.

        Raises:
            WorkspaceProblem: the directory holds something, cannot be written, or the disk is full.
            UsageProblem: it is in a workspace's own files.
        """
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise WorkspaceProblem(f"{directory} is not an empty directory.", "Name a new directory for the workspace.")
        refuse_own(directory, self.files.root)
        files = Files(directory.absolute())
        files.make()
        files.restrict(own_database=True, shared=False)
        self.db.copy_to(files.database)
        kept = [folder for folder in (self.files.originals, self.files.pages, self.files.runs) if folder.is_dir()]
        try:
            for folder in kept:
                shutil.copytree(folder, files.root / folder.name, dirs_exist_ok=True, symlinks=True)
        except (OSError, shutil.Error) as error:
            raise WorkspaceProblem(
                f"{directory} has the labels, but not all files: {error}.", "Copy the other folders by hand."
            ) from error
        settings_file.write(files.settings, replace(self.settings, database=""))
        return len(kept) == 3

    def close(self) -> None:
        if self._db is not None:
            self._db.close()


def _files(directory: Path) -> Files:
    root = directory.absolute()
    try:
        str(root).encode()
    except UnicodeEncodeError:
        shown = str(root).encode("utf-8", "replace").decode()
        raise WorkspaceProblem(
            f"{shown} has a name that is not UTF-8: the database cannot be kept there.", "Rename the folder."
        ) from None
    return Files(root)


def _remove_new(root: Path, *, keep_root: bool) -> None:
    """Delete what was made of a workspace that could not be made, so that the next try is not in its way."""
    if not keep_root:
        shutil.rmtree(root, ignore_errors=True)
        return
    for entry in root.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _own_database(files: Files) -> "Database":
    """The database in a workspace's folder.

    Raises:
        WorkspaceProblem: it is missing or empty beside originals, so that it cannot be that of a new workspace.
    """
    from storage.database import Database

    if os.path.lexists(files.database) and not files.database.is_file():  # a folder, a pipe, a link into the void
        raise WorkspaceProblem(
            f"{files.database} is no regular file. Nothing was changed.",
            "Move it away. `workbench restore` lists the copies of this workspace's database.",
        )
    was_there = files.database.is_file() and files.database.stat().st_size > 0
    has_originals = files.originals.is_dir() and any(files.originals.iterdir())
    if not was_there:
        _refuse_misplaced(files)
        if has_originals:
            raise _lost(files, "empty" if files.database.exists() else "missing")
    db = Database(files.database)
    if has_originals and not db.has_tables:
        db.close()
        raise _lost(files, "empty")
    return db


def _lost(files: Files, state: str) -> WorkspaceProblem:
    newest = next(iter(database_copies.listed(files)), None)
    remedy = (
        f"The newest copy here is {newest.path}: `workbench restore newest` puts it in its place."
        if newest
        else "Put a copy of yours in its place."
    )
    return WorkspaceProblem(
        f"{files.database} is {state}, but originals/ holds documents: this is no new workspace. Nothing was changed.",
        f"{remedy} To start over, make a workspace in another folder and import originals/.",
    )


def _refuse_misplaced(files: Files) -> None:
    """Versions up to 0.1 read the path as a URL, and kept the database elsewhere where it has a `?` or `%xx`."""
    from storage.database import file_of_url

    used = file_of_url(f"sqlite:///{files.database}")
    if used is None or used == files.database or not used.is_file():
        return
    with used.open("rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            return
    raise WorkspaceProblem(
        f"An older version of the program kept this workspace's database outside it, in {used}, because of a sign in "
        "the folder's name. Other workspaces with such names may have been kept in the same file.",
        f"Close every workbench, then copy it: cp {as_argument(used)} {as_argument(files.database)}",
    )


def _note_retired(db: "Database", schema: Schema) -> None:
    """Store which fields are retired, so that their suggestions do not count; writes only what changed."""
    from storage import retired_fields

    unused = {field.id for field in schema if field.retired}
    with db.read() as connection:
        if retired_fields.fields(connection) == unused:
            return
    with db.write() as connection:
        retired_fields.keep(connection, unused)


def _stamp(path: Path) -> tuple[int, int, int]:
    """Changes whenever the file is written; zeros where there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino
