"""What people name to be written is none of a workspace's own files, whatever command writes it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from storage.exceptions import UsageProblem
from tests.support import workspaces
from workbench.commands.support.context import Context
from workbench.commands.support.registry import load
from workbench.files.output_places import refuse_own
from workbench.workspace import Workspace

FOLDERS = ("originals", "pages", "runs", "copies", "features", "searches", "simulations", "selections")
FILES = ("workbench.db", "workbench.db-wal", "workbench.db-shm", "workbench.toml", "writer.pid", "learner.json", ".x")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    workspaces.empty(tmp_path / "w").close()
    return tmp_path / "w"


@pytest.mark.parametrize("own", [*FOLDERS, *(f"{name}/new/deep" for name in FOLDERS), *FILES])
@pytest.mark.parametrize("spelled", [str.lower, str.upper])
def test_what_is_a_workspaces_own_is_refused_however_it_is_spelled(root: Path, own: str, spelled: object) -> None:
    with pytest.raises(UsageProblem, match="the workspace's own"):
        refuse_own(root / (own.upper() if spelled is str.upper else own))


@pytest.mark.parametrize("name", ["values.csv", "export", "runs.csv", "mine/runs/x", "originals-of-mine/x"])
def test_what_is_not_its_own_may_be_written(root: Path, name: str) -> None:
    refuse_own(root / name, root)
    refuse_own(root.parent / name, root)


def test_a_folder_of_its_own_on_another_disk_is_its_own_by_either_name(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "runs").rmdir()
    (tmp_path / "disk").mkdir()
    (root / "runs").symlink_to(tmp_path / "disk")
    for named in (root / "runs" / "x", tmp_path / "disk" / "x", tmp_path / "disk"):
        with pytest.raises(UsageProblem, match="the workspace's own"):
            refuse_own(named, root)
    refuse_own(tmp_path / "disk" / "x")  # of which workspace it would be is not known
    monkeypatch.chdir(root)
    with pytest.raises(UsageProblem, match="the workspace's own"):
        refuse_own(tmp_path / "disk" / "x")


@pytest.mark.parametrize("name", ["sample-data", "init"])
def test_commands_that_make_folders_make_none_in_a_workspaces_own(root: Path, name: str) -> None:
    for target in (root / "originals" / "new", root / "runs"):
        result = CliRunner().invoke(load(name), [str(target)], obj=Context(None))
        assert isinstance(result.exception, UsageProblem)
    assert list((root / "originals").iterdir()) == [] and list((root / "runs").iterdir()) == []


def test_a_demo_is_not_built_in_a_workspaces_own(root: Path) -> None:
    result = CliRunner().invoke(load("demo"), ["--headless", "--at", str(root / "pages/x")], obj=Context(None))
    assert isinstance(result.exception, UsageProblem) and list((root / "pages").iterdir()) == []


def test_a_lost_workspace_is_not_saved_among_its_own(root: Path) -> None:
    workspace = Workspace.open(root)
    with pytest.raises(UsageProblem):
        workspace.save_as(root / "runs" / "saved")
    workspace.close()
