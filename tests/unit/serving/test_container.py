"""The folder for a container holds the model of a run, and nothing of the machine."""

import os
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from storage.exceptions import InputProblem, WorkspaceProblem
from tests.support import workspaces
from workbench.runs.state import RunFolder
from workbench.serving import container


def test_the_image_has_the_packages_of_the_extra() -> None:
    """What a server needs on this machine, it needs in the image."""
    project = tomllib.loads((container._ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extra = {Requirement(line).name for line in project["project"]["optional-dependencies"]["serve"]}
    assert extra == set(container.SERVE)


def test_a_package_is_pinned_once_however_its_name_is_spelled() -> None:
    names = [Requirement(line).name for line in container.pinned()]
    assert names == sorted({canonicalize_name(name) for name in names})


def test_it_takes_nothing_from_outside_the_run(tmp_path: Path) -> None:
    workspace = workspaces.workspace(tmp_path / "w", {"train": 2, "validation": 1, "test": 1, "pool": 0})
    run = RunFolder(workspace.files.run(workspaces.finished_run(workspace, tmp_path, name="first")))
    secret = tmp_path / "secret"
    secret.write_text("private")
    run.report.unlink(missing_ok=True)
    run.report.symlink_to(secret)
    target = container.export(workspace, run.path.name, tmp_path / "served")
    assert all(path.read_bytes() != b"private" for path in target.rglob("*") if path.is_file())
    (run.model / "notes.txt").symlink_to(secret)
    with pytest.raises(InputProblem, match="link out of its folder"):
        container.export(workspace, run.path.name, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_the_user_of_the_image_can_read_all_of_it(tmp_path: Path) -> None:
    """COPY keeps the modes, and what the program writes is private to its user."""
    workspace = workspaces.workspace(tmp_path / "w", {"train": 2, "validation": 1, "test": 1, "pool": 0})
    run_id = workspaces.finished_run(workspace, tmp_path, name="first")
    before = os.umask(0o077)
    try:
        target = container.export(workspace, run_id, tmp_path / "served")
    finally:
        os.umask(before)
    inside = list(target.rglob("*"))
    assert all(path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644) for path in inside)
    assert {"Dockerfile", "program", "model"} <= {path.name for path in inside}


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    workspace = workspaces.workspace(tmp_path / "w", {"train": 2, "validation": 1, "test": 1, "pool": 0})
    run_id = workspaces.finished_run(workspace, tmp_path, name="first")
    target = tmp_path / "full"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    with pytest.raises(WorkspaceProblem, match="there already"):
        container.export(workspace, run_id, target)
    assert [path.name for path in target.iterdir()] == ["mine.txt"]
