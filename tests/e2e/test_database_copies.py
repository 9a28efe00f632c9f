"""Copies of the database: one a day, the last seven; and going back to one, which loses nothing."""

import errno
import os
import shutil
import sqlite3
import stat
from datetime import date
from pathlib import Path

import pytest

from storage import document_list
from storage.exceptions import Busy, WorkspaceProblem
from tests.support import workspaces
from tests.support.command_line import Workbench
from workbench import database_copies
from workbench.workspace import Workspace


def counted(workspace: Workspace) -> int:
    with workspace.db.read() as connection:
        return document_list.count(connection)


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "copies").iterdir())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with documents; not open."""
    workspace = workspaces.workspace(tmp_path / "ws", {"train": 2, "validation": 0, "test": 0, "pool": 1})
    workspace.close()
    shutil.rmtree(tmp_path / "ws" / "copies", ignore_errors=True)  # it was opened where it was made for several tests
    return tmp_path / "ws"


def test_a_workspace_is_copied_once_a_day_and_seven_days_are_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workspace.open(root).close()
    assert names(root) == [f"workbench-{date.today():%Y%m%d}.db"]
    today = root / "copies" / names(root)[0]
    assert database_copies.contents(database_copies.listed(Workspace._at(root).files)[0]).documents == 3
    written = today.stat().st_ino
    for day in range(1, 10):
        (root / "copies" / f"workbench-2026010{day}.db").write_bytes(b"old")
    workspace = Workspace.open(root)
    assert today.stat().st_ino == written and len(names(root)) == 10, "there is one of today"
    today.unlink()
    workspace.keep_copy()
    assert not today.exists(), "a terminal looks once a day, not once a second"
    monkeypatch.setattr(workspace, "_copied_on", date(2026, 1, 1))
    workspace.keep_copy()
    workspace.close()
    assert names(root) == [*(f"workbench-2026010{day}.db" for day in range(4, 10)), today.name]


def test_copies_of_a_clock_that_ran_ahead_go_first(root: Path) -> None:
    """They took the places of all others for ever, today's included."""
    (root / "copies").mkdir(exist_ok=True)
    for day in range(1, 8):
        (root / "copies" / f"workbench-2099010{day}.db").write_bytes(b"ahead")
    (root / "copies" / "workbench-20260101.db").write_bytes(b"true")
    Workspace.open(root).close()
    kept = names(root)
    assert len(kept) == 7 and {"workbench-20260101.db", f"workbench-{date.today():%Y%m%d}.db"} <= set(kept)


def test_a_copy_that_cannot_be_written_keeps_no_one_from_working(root: Path) -> None:
    (root / "copies").write_text("in the way")
    workspace = Workspace.open(root)
    assert counted(workspace) == 3
    workspace.close()
    assert not [path for path in root.iterdir() if path.name.startswith(".workbench")]


def empty(root: Path) -> None:
    (root / "workbench.db").write_bytes(b"")


def missing(root: Path) -> None:
    (root / "workbench.db").unlink()


def damaged(root: Path) -> None:
    content = bytearray((root / "workbench.db").read_bytes())
    content[50:8000] = bytes(7950)
    (root / "workbench.db").write_bytes(content)


def nonsense(root: Path) -> None:
    (root / "workbench.db").write_bytes(b"no database at all " * 300)


def a_folder(root: Path) -> None:
    missing(root)
    (root / "workbench.db").mkdir()


def a_loop(root: Path) -> None:
    missing(root)
    (root / "workbench.db").symlink_to(root / "workbench.db")


def foreign(root: Path) -> None:
    missing(root)
    connection = sqlite3.connect(root / "workbench.db")
    connection.execute("CREATE TABLE bookmarks (id INTEGER)")
    connection.close()


def foreign_with_revisions(root: Path) -> None:
    foreign(root)
    connection = sqlite3.connect(root / "workbench.db")
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("INSERT INTO alembic_version VALUES ('ae1027a6acf')")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "spoil", [empty, missing, damaged, nonsense, a_folder, a_loop, foreign, foreign_with_revisions]
)
def test_whatever_became_of_the_database_is_named_and_a_copy_takes_its_place(
    root: Path, workbench: Workbench, spoil
) -> None:  # type: ignore[no-untyped-def]
    """Points 4 and 12: an empty or missing database; a foreign file, a folder, a loop as workbench.db."""
    workspace = Workspace.open(root)
    workspace.files.keep(workspace.files.originals, b"%PDF-1.4", ".pdf")
    workspace.close()
    spoil(root)
    before = (root / "workbench.db").read_bytes() if (root / "workbench.db").is_file() else None
    ran = workbench("-w", root, "status", "--json")
    assert ran.code not in (0, 1) and "restore" in ran.data["remedy"]
    assert before is None or (root / "workbench.db").read_bytes() == before, "it is left as it is"
    listed = workbench("-w", root, "restore", "--json").data["copies"]
    assert [(copy["documents"], copy["name"]) for copy in listed] == [(3, f"workbench-{date.today():%Y%m%d}")]
    assert workbench("-w", root, "restore", "newest", "--json").code == 2, "it asks, or wants --yes"
    restored = workbench("-w", root, "restore", "newest", "--yes", "--json").data
    assert restored["restored"] == listed[0]["name"]
    assert (restored["replaced"] is None) == (spoil is missing)
    workspace = Workspace.open(root)
    assert counted(workspace) == 3
    workspace.close()


def test_going_back_keeps_what_it_replaces_and_can_be_taken_back(root: Path, workbench: Workbench) -> None:
    Workspace.open(root).close()
    _delete_all(root)
    replaced = workbench("-w", root, "restore", "newest", "--yes", "--json").data["replaced"]
    workspace = Workspace.open(root)
    assert counted(workspace) == 3
    with pytest.raises(Busy):  # while it is open, nothing is put under its feet
        database_copies.restore(workspace.files, database_copies.chosen(workspace.files, replaced))
    assert counted(workspace) == 3
    workspace.close()
    assert workbench("-w", root, "restore", replaced, "--yes").code == 0
    workspace = Workspace.open(root)
    assert counted(workspace) == 0
    workspace.close()


@pytest.mark.parametrize("wal", [False, True])
def test_a_disk_that_is_full_while_going_back_leaves_the_database(
    root: Path, monkeypatch: pytest.MonkeyPatch, wal: bool
) -> None:
    """It was moved away before there was another one in its place, and the message said that nothing was changed."""
    workspace = Workspace.open(root)
    workspace.close()
    if wal:
        (root / "workbench.db-wal").write_bytes(b"")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    [copy] = database_copies.listed(workspace.files)
    written = (root / "workbench.db").stat().st_ino
    for name in ("storage.sqlite.untouched.shutil.copyfileobj", "workbench.database_copies.os.fsync"):
        with monkeypatch.context() as patched:
            patched.setattr(name, full)
            with pytest.raises(WorkspaceProblem, match=r"Nothing was changed|cannot be replaced"):
                database_copies.restore(workspace.files, copy)
        assert (root / "workbench.db").stat().st_ino == written
        assert [copy.name] == [kept.name for kept in database_copies.listed(workspace.files)]
    workspace = Workspace.open(root)
    assert counted(workspace) == 3
    workspace.close()


def _delete_all(root: Path) -> None:
    connection = sqlite3.connect(root / "workbench.db")
    connection.execute("DELETE FROM documents")
    connection.commit()
    connection.close()


def test_a_damaged_copy_or_an_unknown_name_changes_nothing(root: Path) -> None:
    workspace = Workspace.open(root)
    workspace.close()
    (copy,) = database_copies.listed(workspace.files)
    content = bytearray(copy.path.read_bytes())
    content[-4096:] = b"x" * 4096
    copy.path.write_bytes(content)
    with pytest.raises(WorkspaceProblem, match="damaged"):
        database_copies.restore(workspace.files, copy)
    with pytest.raises(WorkspaceProblem, match="no copy"):
        database_copies.chosen(workspace.files, "../../etc/passwd")
    workspace = Workspace.open(root)
    assert counted(workspace) == 3
    workspace.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
@pytest.mark.parametrize(("options", "folders", "files"), [([], 0o700, 0o600), (["--shared"], 0o2770, 0o660)])
def test_all_that_a_workspace_holds_is_its_users_or_its_groups(
    tmp_path: Path, workbench: Workbench, options: list[str], folders: int, files: int
) -> None:
    before = os.umask(0o022)
    try:
        root = tmp_path / "made"
        assert workbench("init", root, *options).code == 0
        (tmp_path / "a.jsonl").write_text(
            '{"id": "a", "words": ["Total", "5"], "bboxes": [[1, 1, 9, 9], [9, 1, 20, 9]]}'
        )
        assert workbench("-w", root, "import", tmp_path / "a.jsonl").code == 0
        assert workbench("-w", root, "fields", "add", "Shop").code == 0
        assert workbench("-w", root, "status").code == 0
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*"))}
    assert root / "copies" in modes
    assert {mode for path, mode in modes.items() if path.is_dir()} == {folders}, modes
    assert {mode for path, mode in modes.items() if path.is_file()} == {files}, modes


def test_a_copy_with_a_write_ahead_log_beside_it_is_read_and_put_back_with_it(root: Path) -> None:
    """It is what a database leaves that was set aside while its newest documents stood in the log."""
    folder = root / "copies"
    folder.mkdir()
    connection = sqlite3.connect(root / "workbench.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("UPDATE documents SET name = 'newest' WHERE id = 1")
    for ending in ("", "-wal"):
        shutil.copyfile(root / f"workbench.db{ending}", folder / f"workbench-20260101.db{ending}")
    connection.execute("UPDATE documents SET name = 'other' WHERE id = 1")
    connection.close()
    workspace = Workspace._at(root)
    database_copies.restore(workspace.files, database_copies.chosen(workspace.files, "workbench-20260101"))
    with sqlite3.connect(root / "workbench.db") as restored:
        assert restored.execute("SELECT name FROM documents WHERE id = 1").fetchone() == ("newest",)
    restored.close()
