"""The database: SQLite in WAL mode by default, PostgreSQL by its URL. Everything specific to SQLite is here."""

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from storage import locks
from storage.exceptions import (
    Busy,
    DamagedDatabase,
    DeletedElsewhere,
    DiskFull,
    NewerWorkspace,
    NotWritten,
    WorkspaceGone,
    WorkspaceProblem,
)
from storage.files import BEFORE_MIGRATION, WRITER
from storage.migrations import HEAD
from storage.postgresql.address import EXAMPLE, is_postgresql
from storage.sqlite import additions, untouched

if TYPE_CHECKING:
    from storage.postgresql.server import Server

BUSY_SECONDS = 10.0
_BULK_KIB = 131_072  # of the file in memory while many rows are added
_REVISION = re.compile(r"\d{4}")
_DAMAGE = (
    "malformed", "not a database", "no such column", "no such table", "already exists", "Could not decode", "encrypted",
)  # fmt: skip
OF_A_ROW = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading a damaged row ends in."""
_ADDRESS = f"`database` in workbench.toml says where it is, as {EXAMPLE}"


class Database:
    """Short transactions over one engine.

    Args:
        address: the path of a SQLite file, whatever signs it has, or a SQLAlchemy URL.
        busy_seconds: how long to wait for another process before `Busy` is raised.

    Raises:
        WorkspaceProblem: the URL is invalid, its driver is not installed, or the file is another program's.
    """

    def __init__(self, address: Path | str, busy_seconds: float = BUSY_SECONDS) -> None:
        self._busy_seconds = busy_seconds
        self.url: URL | str = address if isinstance(address, str) else URL.create("sqlite", database=str(address))
        self._sqlite = address if isinstance(address, Path) else file_of_url(address)
        if self._sqlite is not None and _is_foreign(self._sqlite):
            raise WorkspaceProblem(
                f"{self._sqlite} is the database of another program. Nothing was changed.",
                "Move it away. `workbench restore` lists the copies of this workspace's own.",
            )
        self._is_sealed = self._sqlite is not None and untouched.is_sealed(self._sqlite)
        self._inode: tuple[int, int] | None = None  # of SQLite's file, once it is open
        self._reserve: sqlite3.Connection | None = None  # reads the file also when it has no name any more
        self.server = self._find_server()
        self.engine = self.server.engine if self.server is not None else self._engine()

    def _find_server(self) -> "Server | None":
        if not isinstance(self.url, str) or not is_postgresql(self.url):
            return None
        from storage.postgresql.server import Server  # loaded only where it is used

        return Server(self.url, self._busy_seconds)

    def _engine(self) -> Engine:
        if (path := self._sqlite) is None:
            try:
                return create_engine(self.url, pool_pre_ping=True)
            except ImportError as error:
                raise WorkspaceProblem(
                    f"The database's driver is not installed ({error}).", f"Use SQLite or PostgreSQL: {_ADDRESS}."
                ) from error
            except (ArgumentError, ValueError) as error:  # not quoted: there may be a password in it
                raise WorkspaceProblem("The address of the database cannot be read.", f"{_ADDRESS}.") from error
        options = {"timeout": self._busy_seconds, "check_same_thread": False}
        engine = create_engine(self.url, connect_args=options)

        @event.listens_for(engine, "do_connect")
        def _look(*_: Any) -> sqlite3.Connection | None:
            self.check_place()  # SQLite would make an empty file in place of one that is gone
            return untouched.connect(path, **options) if self._is_sealed else None

        @event.listens_for(engine, "connect")
        def _connect(connection: sqlite3.Connection, _: Any) -> None:
            connection.isolation_level = None  # pysqlite begins no transactions by itself: `_begin` does
            additions.refuse(connection, path)
            if self._is_sealed:
                return
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")  # what was shown as saved survives a power cut
            connection.execute("PRAGMA foreign_keys=ON")
            if self._inode is None:
                self._inode = _inode(path)
                self._reserve = sqlite3.connect(path, check_same_thread=False)
                self._reserve.execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens the WAL file

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            mode = connection.get_execution_options().get("begin", "DEFERRED")
            connection.exec_driver_sql(f"BEGIN {mode}")

        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; never blocks a writer. A file that may only be read is read while no process writes it."""
        with self._translated(), self._reader() as connection:
            yield connection
        if self._is_sealed and self._sqlite is not None:
            untouched.check_still_sealed(self._sqlite)

    def _reader(self) -> Connection:
        return self.server.reader() if self.server is not None else self.engine.connect()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it is stored, or nothing.

        Raises:
            Busy: another process holds the database for longer than `busy_seconds`.
            WorkspaceGone: the file was moved, deleted or replaced since it was opened.
            NotWritten: the disk is full, the workspace read-only, or the database out of reach.
        """
        self.check_place()
        with self._translated():
            connection = self.engine.connect().execution_options(begin="IMMEDIATE")
            with connection, connection.begin():
                self._announce()
                yield connection
        self.check_place()  # what was committed into a file that is gone by now was not saved

    def check_place(self) -> None:
        """Look whether SQLite's file is still where it was opened: writes to a deleted file succeed, and are lost.

        Raises:
            WorkspaceGone: it is not.
        """
        if self._inode is not None and self._sqlite is not None and _inode(self._sqlite) != self._inode:
            raise WorkspaceGone(
                f"{self._sqlite} was moved, deleted or replaced while it was open. Nothing is saved any more.",
                "Move it back, or save what is open as a new workspace.",
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._problem(error) from error
        except OF_A_ROW as error:
            if self.is_damaged():
                raise DamagedDatabase(str(error)[:100]) from error
            raise

    def is_damaged(self) -> bool:
        """Whether SQLite finds its file's pages broken, or a row holds what this program never writes. It reads all."""
        if self._sqlite is None:
            return False
        from storage.sqlite import damage

        return damage.is_damaged(self._sqlite)

    def _problem(self, error: DBAPIError) -> Exception:
        if self.server is not None:
            return self.server.problem(error)
        reason = str(error.orig)
        if "locked" in reason or "busy" in reason:
            if self._sqlite is not None:
                locks.held(self._sqlite.parent)  # raises where it is the disk that has no locks
            return Busy(
                f"Another process has been writing here for {self._busy_seconds:.0f} seconds{self._holder()}.",
                "Wait for it to finish or end it, then try again.",
            )
        if "readonly" in reason or "unable to open" in reason:
            remedy = "Let this user write to its folder, or copy the workspace to another disk."
            return NotWritten(f"The database cannot be written ({reason}).", remedy)
        if "full" in reason or "disk I/O" in reason:
            return DiskFull(
                "No space is left: nothing of this step was written. What was saved before is kept.",
                "Free some space, then try again.",
            )
        if "FOREIGN KEY" in reason:
            return DeletedElsewhere()
        if self._sqlite is not None and (any(sign in reason for sign in _DAMAGE) or self.is_damaged()):
            return DamagedDatabase(reason)
        return error

    def _announce(self) -> None:
        """Write this process's id beside the database, for the message that a waiting process shows."""
        if self._sqlite is not None and os.access(self._sqlite.parent, os.W_OK):
            note = self._sqlite.with_name(WRITER)
            with suppress(OSError):  # it is another user's, in a shared workspace, or the disk is full
                if locks.holder(note) != os.getpid():
                    locks.write_own(note, str(os.getpid()))
                    note.chmod(self._sqlite.stat().st_mode & 0o777)

    def _holder(self) -> str:
        if self._sqlite is None:
            return ""
        import psutil

        try:
            writer = psutil.Process(locks.holder(self._sqlite.with_name(WRITER)) or 0)
            return f": process {writer.pid} ({' '.join(writer.cmdline())[:80]})"
        except (OSError, ValueError, psutil.Error):  # it has ended
            return ""

    def copy_to(self, target: Path) -> None:
        """Write a whole copy of SQLite's file, as of this moment, also where the open file has no name any more.

        Other processes may go on writing.

        Raises:
            WorkspaceProblem: the database is no SQLite file, or the copy cannot be written.
        """
        if self._sqlite is None:
            raise WorkspaceProblem("The database is kept by a server.", "Copy it with the server's own tools.")
        try:
            if self._reserve is not None:
                self._reserve.execute("VACUUM INTO ?", (str(target),))
                return
            with closing(sqlite3.connect(self._sqlite, self._busy_seconds, isolation_level=None)) as connection:
                connection.execute("VACUUM INTO ?", (str(target),))
        except sqlite3.Error as error:
            raise WorkspaceProblem(f"{target} cannot be written: {error}.", "Free some space.") from error

    def migrate(self) -> None:
        """Bring the schema to this program's version, in one transaction. SQLite's file is copied before.

        A new database gets its tables as they are now; only an older one goes through the migrations.

        Raises:
            NewerWorkspace: it was written by a newer version; it is left untouched.
        """
        current = self._revision()
        if current == HEAD:
            return
        if current is None:
            self._make_tables()
            return
        if current > HEAD:
            raise NewerWorkspace(
                f"It has schema {current}; this program knows up to {HEAD}.",
                "Update invoice-workbench, then open it again.",
            )
        from alembic import command  # costs 0.2 s, and is needed only when something changes
        from alembic.config import Config

        if self._sqlite is not None:
            with self.engine.connect() as connection:  # so that the copy holds everything
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copy2(self._sqlite, self._sqlite.with_name(f"{BEFORE_MIGRATION}{HEAD}.db"))
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def _make_tables(self) -> None:
        from storage.tables import make_tables

        with self.write() as connection:
            if self.revision_in(connection) is None:  # another process may have been faster
                make_tables(connection, HEAD)
                if self.server is not None:
                    self.server.make_tables(connection)

    def claim(self, kept_in: Path, place: str, *, take_over: bool = False) -> None:
        """Make sure that a server's database is this workspace's, and claim one that is free.

        Raises:
            WorkspaceProblem: it belongs to another workspace.
        """
        if self.server is None:
            return
        from storage.postgresql import claim

        with self.read() as connection:
            owner = claim.owner(connection)
        if owner is None or not kept_in.is_file() or kept_in.read_text().strip() != owner:
            with self.write() as connection:
                claim.claim(connection, kept_in, place, take_over=take_over)

    @property
    def has_tables(self) -> bool:
        """Whether anything was ever stored in it."""
        with self.read() as connection:
            return bool(inspect(connection).get_table_names())

    def _revision(self) -> str | None:
        with self.read() as connection:
            return self.revision_in(connection)

    def revision_in(self, connection: Connection) -> str | None:
        """Of its tables; None where it has none yet."""
        tables = set(inspect(connection).get_table_names())
        revision = None
        if "alembic_version" in tables:
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if self.server is not None:
            self.server.refuse_foreign(tables, revision is None or bool(_REVISION.fullmatch(revision)))
        return revision

    def close(self) -> None:
        """Close all connections and files."""
        if self._reserve is not None:
            self._reserve.close()
            self._reserve, self._inode = None, None
        self.engine.dispose()


def hold_more(connection: Connection) -> None:
    """Keep more of SQLite's file in memory, before a million rows are added: their keys fall all over the indexes."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size=-{_BULK_KIB}")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a SQLite file of a workspace holds."""

    revision: str
    documents: int
    labelled: int


def contents_of(path: Path, *, thoroughly: bool = False) -> Contents | None:
    """What a file and its write-ahead log hold; None where it is no whole database of a workspace.

    Args:
        path: of a copy.
        thoroughly: look at every page of it, too.
    """
    try:
        with closing(untouched.connect_with_log(path)) as connection:
            if thoroughly and connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                return None
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            counted = "SELECT count(*), count(CASE WHEN state = 'labelled' THEN 1 END) FROM documents"
            documents, labelled = connection.execute(counted).fetchone()
            return Contents(str(revision), documents, labelled)
    except (sqlite3.Error, TypeError, UnicodeDecodeError):
        return None


def _is_foreign(path: Path) -> bool:
    """Whether a SQLite file has tables, but not those of a workspace."""
    try:
        with closing(untouched.connect(path)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "alembic_version" not in tables:
                return bool(tables)
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return row is not None and not _REVISION.fullmatch(str(row[0]))
    except (sqlite3.Error, UnicodeDecodeError):  # missing, damaged, or no database at all: opening it tells
        return False


def is_in_use(path: Path) -> bool:
    """Whether another process has a SQLite file open; where none has, its write-ahead log is folded into it.

    A file that is no database is not in use.
    """
    try:
        with closing(additions.connect(path, timeout=0.5, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        return "locked" in str(error) or "busy" in str(error)
    except sqlite3.Error:
        return False
    return False


def _inode(path: Path) -> tuple[int, int] | None:
    """What a file is, whatever its name; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def file_of_url(url: str) -> Path | None:
    """The file that a `sqlite:///` URL means: `?` ends its path, `%xx` is decoded. None for other URLs."""
    return Path(make_url(url).database or "") if url.startswith("sqlite:///") else None
