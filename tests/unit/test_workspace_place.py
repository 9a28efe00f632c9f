"""A workspace's database is in its folder, whatever the folder is called, and a lost one is not taken for a new one."""

import os
import shlex
import shutil
import stat
from pathlib import Path

import pytest

from storage.database import Database
from storage.exceptions import WorkspaceProblem
from tests.support.postgresql_server import TestServer
from workbench import database_move
from workbench.workspace import Workspace


@pytest.mark.parametrize("name", ["shop?1", "shop#1", "shop%41", "100%", "a?b=c&d", "mode?uri=true"])
def test_the_database_is_in_the_folder_whatever_its_name(tmp_path: Path, name: str) -> None:
    workspace = Workspace.create(tmp_path / name)
    workspace.close()
    assert (tmp_path / name / "workbench.db").stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
    Workspace.open(tmp_path / name).close()


def test_a_folder_whose_name_is_not_utf8_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"bad\xff name")
    with pytest.raises(WorkspaceProblem, match="not UTF-8"):
        Workspace.create(folder)
    assert not folder.exists()
    folder.mkdir()
    (folder / "workbench.toml").touch()
    with pytest.raises(WorkspaceProblem, match="not UTF-8"):
        Workspace.find(folder)


@pytest.mark.parametrize(("name", "used"), [("shop?1", "shop"), ("shop%41/in", "shopA/in/workbench.db")])
def test_a_database_that_an_older_version_misplaced_is_found_and_can_be_copied_back(
    tmp_path: Path, name: str, used: str
) -> None:
    Workspace.create(tmp_path / name).close()
    database = tmp_path / name / "workbench.db"
    (tmp_path / used).parent.mkdir(parents=True, exist_ok=True)
    shutil.move(database, tmp_path / used)
    with pytest.raises(WorkspaceProblem, match="outside it") as problem:
        Workspace.open(tmp_path / name)
    assert shlex.join(["cp", str(tmp_path / used), str(database)]) in problem.value.remedy
    assert not database.exists()
    shutil.copy2(tmp_path / used, database)
    Workspace.open(tmp_path / name).close()


def without_database(path: Path) -> None:
    path.unlink()


def with_an_empty_file(path: Path) -> None:
    path.write_bytes(b"")


def without_tables(path: Path) -> None:
    path.unlink()
    database = Database(path)
    with database.read():
        pass
    database.close()


@pytest.mark.parametrize("lose", [without_database, with_an_empty_file, without_tables])
def test_a_lost_database_beside_originals_is_no_new_workspace(tmp_path: Path, lose) -> None:  # type: ignore[no-untyped-def]
    workspace = Workspace.create(tmp_path / "shop")
    workspace.files.keep(workspace.files.originals, b"%PDF-1.4", ".pdf")
    workspace.close()
    lose(workspace.files.database)
    copy = workspace.files.root / "workbench.before-0002.db"
    copy.write_bytes(b"SQLite format 3\0")
    with pytest.raises(WorkspaceProblem, match="no new workspace") as problem:
        Workspace.open(tmp_path / "shop")
    assert str(copy) in problem.value.remedy


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_new_workspace_can_be_read_by_its_user_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        workspace = Workspace.create(tmp_path / "shop")
        with workspace.db.write():
            files = [path for path in workspace.files.root.iterdir() if path.name.startswith("workbench.")]
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}
        workspace.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "shop").stat().st_mode) == 0o700
    assert {"workbench.db", "workbench.db-wal", "workbench.toml"} <= set(modes)
    assert set(modes.values()) == {0o600}


@pytest.mark.postgresql
def test_a_workspace_on_a_server_keeps_nothing_of_a_failed_try_and_a_second_one_is_refused(
    tmp_path: Path, postgresql: TestServer
) -> None:
    url = postgresql.url(postgresql.new_database())
    with pytest.raises(WorkspaceProblem, match="cannot be reached"):
        Workspace.create(tmp_path / "shop", postgresql.url("missing"))
    Workspace.create(tmp_path / "shop", url).close()
    Workspace.open(tmp_path / "shop").close()
    assert not (tmp_path / "shop" / "workbench.db").exists()
    with pytest.raises(WorkspaceProblem, match="belongs to the workspace"):
        Workspace.create(tmp_path / "second", url)
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]
    shutil.rmtree(tmp_path / "shop")
    Workspace.create(tmp_path / "second", url, take_over=True).close()


@pytest.mark.parametrize("address", ["sqlite:///other.db", "sqlite+pysqlite:///other.db", "other.db"])
def test_a_database_in_a_file_elsewhere_is_neither_read_nor_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """A folder from elsewhere would name another workspace's; one without a place is new in every folder."""
    Workspace.create(tmp_path / "shop").close()
    Workspace.create(tmp_path / "other").close()
    before = (tmp_path / "other" / "workbench.db").read_bytes()
    shutil.copy(tmp_path / "other" / "workbench.db", tmp_path / "other.db")
    settings = tmp_path / "shop" / "workbench.toml"
    settings.write_text(f'database = "{address}"\n{settings.read_text()}')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkspaceProblem, match="no address on a PostgreSQL server") as problem:
        Workspace.open(tmp_path / "shop")
    assert "delete the line" in problem.value.remedy
    with pytest.raises(WorkspaceProblem, match="no address on a PostgreSQL server"):
        database_move.move(Workspace.find(tmp_path / "shop"), "sqlite")
    assert (tmp_path / "other.db").read_bytes() == before
    (tmp_path / "other.db").unlink()
    with pytest.raises(WorkspaceProblem, match="no address"):
        Workspace.create(tmp_path / "new", address)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "shop"]
