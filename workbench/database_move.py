"""A workspace's database goes from its folder to a server, or back: copied, compared, and only then used."""

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from storage import database
from storage.database import Database
from storage.exceptions import Busy, UsageProblem, WorkspaceProblem
from storage.files import draft_folder, sync_folder
from storage.migrations import HEAD
from storage.postgresql import address, claim, transfer
from storage.postgresql.transfer import Progress, TableDigest
from workbench import database_copies
from workbench import settings as settings_file
from workbench.fields.plain_text import counted
from workbench.workspace import Workspace

OWN = "sqlite"
"""What `--to` calls the file in the workspace's folder."""


@dataclass(frozen=True, slots=True)
class Move:
    """What was moved, or would be."""

    source: str
    target: str
    tables: list[TableDigest]  # their digests are "" where nothing was moved yet
    kept: str = ""  # where the old database is; "" where nothing was moved

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def target_of(workspace: Workspace, to: str) -> str:
    """The setting `database` that `--to` means: "" for the file in the workspace's folder.

    Raises:
        UsageProblem: it is neither that nor a server, or the database is there already.
        WorkspaceProblem: the address cannot be read, or has a password.
    """
    if address.is_postgresql(to):
        chosen = to
        now = workspace.settings.database
        is_there = address.is_postgresql(now) and address.read(now) == address.read(to)
    elif to == OWN or Path(to).absolute() in (workspace.files.root, workspace.files.database):
        chosen, is_there = "", not workspace.settings.database
    else:
        raise UsageProblem(
            f"The database cannot be moved to {to}.",
            f"Name a database on a server ({address.EXAMPLE}), or `{OWN}` for the file in the workspace's folder.",
        )
    if is_there:
        raise UsageProblem(f"The database is in {to} already.", "`workbench status` shows what it holds.")
    return chosen


def look(workspace: Workspace, to: str) -> Move:
    """What a move would copy; the new place is looked at, and nothing is written there.

    Raises:
        UsageProblem, WorkspaceProblem: as for `move`.
    """
    chosen = target_of(workspace, to)
    with workspace.db.read() as connection:
        counts = transfer.count_rows(connection)
    if chosen:
        with closing(Database(chosen)) as target, target.read() as connection:
            if (revision := target.revision_in(connection)) is not None:
                _refuse_occupied(workspace, connection if revision == HEAD else None, chosen, counts)
    return Move(_shown(workspace), _place(workspace, chosen), [TableDigest(*row, "") for row in counts.items()])


def move(workspace: Workspace, to: str, progress: Progress = lambda done, total: None) -> Move:
    """Copy every table, compare both by counts and digests, then have the workspace use the new database.

    Whatever goes wrong before that leaves the workspace on its old one. The workspace is closed at the end.

    Raises:
        Busy: another process has the workspace open.
        UsageProblem: the database is there already.
        WorkspaceProblem: the new place cannot be reached or holds something, or cannot keep what the old one has.
    """
    chosen = target_of(workspace, to)
    look(workspace, to)  # opens the workspace, too, and so brings an older one to this version's tables
    workspace.close()
    _refuse_open(workspace)
    shown = _shown(workspace)
    with (
        settings_file.locked(workspace.files.settings),
        closing(workspace.database_to_open()) as source,
        source.write() as reading,
    ):
        _refuse_connected(reading)
        tables = _copied(workspace, chosen, reading, progress)
        if reading.dialect.name == "postgresql":
            _refuse_connected(reading)
            claim.release(reading, _place(workspace, chosen))
        now = settings_file.read(workspace.files.settings)
        settings_file.write(workspace.files.settings, replace(now, database=chosen))
    kept = _set_aside(workspace) if chosen else shown
    return Move(shown, _place(workspace, chosen), tables, kept)


def _copied(workspace: Workspace, chosen: str, source: Connection, progress: Progress) -> list[TableDigest]:
    into = _into_server if chosen else _into_file
    try:
        return into(workspace, chosen, source, progress)
    except DBAPIError as error:
        raise WorkspaceProblem(
            f"{_place(workspace, chosen)} cannot keep the rows ({' '.join(str(error.orig).split())}). "
            "Nothing was changed.",
            "Correct the row or the server's settings, then repeat the step.",
        ) from error


def _into_server(workspace: Workspace, url: str, source: Connection, progress: Progress) -> list[TableDigest]:
    with closing(Database(url)) as target:
        target.migrate()
        with target.write() as writing:
            if _refuse_occupied(workspace, writing, url, transfer.count_rows(source)):
                return _same(transfer.digests(source, progress), transfer.digests(writing), url)
            tables = _same(transfer.copy(source, writing, progress), transfer.digests(writing), url)
            claim.claim(writing, workspace.files.database_id, workspace.place)
            return tables


def _into_file(workspace: Workspace, _: str, source: Connection, progress: Progress) -> list[TableDigest]:
    files = workspace.files
    with draft_folder(files.root, ".moving-") as folder:
        draft = folder / files.database.name
        with closing(Database(draft)) as target:
            target.migrate()
            with target.write() as writing:
                copied = transfer.copy(source, writing, progress)
        with closing(Database(draft)) as target, target.read() as reading:
            tables = _same(copied, transfer.digests(reading), str(files.database))
        if database.is_in_use(draft):  # folds the write-ahead log into the file
            raise Busy(f"Another process has {draft} open.", "Close it, then repeat the step.")
        draft.chmod(0o660 if files.root.stat().st_mode & 0o020 else 0o600)
        database_copies.set_aside(files)
        draft.rename(files.database)
        sync_folder(files.root)
    return tables


def _same(copied: list[TableDigest], stored: list[TableDigest], place: str) -> list[TableDigest]:
    """The digests, where both databases have the same.

    Raises:
        WorkspaceProblem: they differ.
    """
    for before, after in zip(copied, stored, strict=True):
        if before != after:
            raise WorkspaceProblem(
                f"The table {before.table} has {counted(before.rows, 'row')} here, and {after.rows:,} there that are "
                "not the same. Nothing was changed here.",
                f"Make an empty database and move there; {place} is not this workspace's.",
            )
    return stored


def _refuse_occupied(workspace: Workspace, target: Connection | None, url: str, counts: dict[str, int]) -> bool:
    """Whether an interrupted move of this workspace filled the database already.

    Args:
        target: None: it has the tables of another version.
        counts: the rows of each table that are to be moved.

    Raises:
        WorkspaceProblem: it holds something else.
    """
    if target is not None:
        owner, there = claim.owner(target), transfer.count_rows(target)
        if owner is None and not any(there.values()):
            return False
        kept = workspace.files.database_id
        if there == counts and kept.is_file() and kept.read_text().strip() == owner:
            return True
    raise WorkspaceProblem(
        f"{address.shown(address.read(url))} holds a workspace already. Nothing was changed.",
        "Make an empty database for this one (createdb NAME), and move there.",
    )


def _refuse_open(workspace: Workspace) -> None:
    file = _file(workspace)
    if file is not None and database.is_in_use(file):
        raise Busy("Another process has this workspace open.", "Close every workbench on it, then repeat the step.")


def _refuse_connected(source: Connection) -> None:
    if source.dialect.name != "postgresql":
        return
    from storage.postgresql import server

    if others := server.other_processes(source):
        raise Busy(
            f"Other processes have this workspace open: {', '.join(others)}.",
            "Close every workbench on it, then repeat the step.",
        )


def _set_aside(workspace: Workspace) -> str:
    """Where the old file is after the move."""
    if workspace.settings.database:  # another server
        return _shown(workspace)
    kept = database_copies.set_aside(workspace.files)
    return str(kept)


def _file(workspace: Workspace) -> Path | None:
    return None if workspace.settings.database else workspace.files.database


def _shown(workspace: Workspace) -> str:
    return _place(workspace, workspace.settings.database)


def _place(workspace: Workspace, chosen: str) -> str:
    """A setting `database` as messages show it."""
    if address.is_postgresql(chosen):
        return address.shown(address.read(chosen))
    return str(workspace.files.database)
