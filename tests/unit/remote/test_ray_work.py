"""What a node of a cluster says that cannot carry a run out; no Ray is needed for it."""

from pathlib import Path

import pytest

from tests.support import workspaces
from workbench import __version__
from workbench.remote import ray_work
from workbench.runs import jobs
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.settings import Target


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The folder of a run for a cluster."""
    workspace = workspaces.workspace(tmp_path / "ws")
    run = jobs.prepare(workspace, workspaces.config(tmp_path), on=Target("ray"))
    workspace.close()
    return RunFolder(workspace.files.run(run.id))


def test_a_node_with_another_version_or_without_the_base_says_so_and_starts_nothing(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_work.lifeline, "start", lambda *_, **__: pytest.fail("a worker was started"))
    mark = folder.target.read_text()
    problem = ray_work.alone(str(folder.path), "0.0.1", 1, mark)
    assert problem == f"A node of the cluster has version {__version__}, here is 0.0.1."
    base = Path(Request.read(folder.path).config.model.name)
    base.rename(base.with_name("elsewhere"))
    assert ray_work.alone(str(folder.path), __version__, 1, mark) == f"A node of the cluster does not see {base}."


def test_a_folder_of_another_run_at_the_same_place_is_not_taken_for_this_one(folder: RunFolder) -> None:
    problem = ray_work.alone(str(folder.path), __version__, 1, '{"folder": "another"}')
    assert problem == f"A node of the cluster does not see {folder.path}."
