"""A run that is to replace a model is compared with it, in a process of its own with a tiny model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import document_list
from storage.records import Run, RunState
from storage.suggestions import suggestions_of
from tests.support import tiny_model, workspaces
from workbench.evaluation import prediction_process
from workbench.runs import jobs, progress
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.base(tmp_path_factory.mktemp("base"), "layoutlm")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = workspaces.workspace(tmp_path / "w", {"train": 16, "validation": 8})
    yield workspace
    workspace.close()


def finished(workspace: Workspace, base: Path, epochs: int, rival: str = "") -> Run:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=epochs), rival=rival)
    jobs.start(workspace, run.id)
    ended = jobs.wait(workspace, run.id)
    assert ended.state is RunState.FINISHED
    return ended


def model(workspace: Workspace, run: Run) -> str:
    return str(RunFolder(workspace.files.run(run.id)).model)


def suggesting(workspace: Workspace) -> set[str]:
    """The runs whose suggestions the pool has."""
    with workspace.db.read() as connection:
        ids = document_list.ids(connection, document_list.Filter("unlabelled"))
        return {s.run for number in ids for s in suggestions_of(connection, number)}


def test_only_a_model_that_is_surely_better_is_used(workspace: Workspace, base: Path) -> None:
    weak = finished(workspace, base, 1)
    good = finished(workspace, base, 30, rival=model(workspace, weak))
    compared = good.report["rival"]
    assert compared["documents"] == 8 and compared["certain"] and compared["difference"] > 0.5
    assert progress.verdict(good.report).startswith(f"Better than run {weak.id} on 8 validation documents (F1 +")
    assert prediction_process.in_use(workspace) == model(workspace, good)
    assert suggesting(workspace) == {good.id}

    same = finished(workspace, base, 30, rival=model(workspace, good))
    assert not same.report["rival"]["certain"]
    assert progress.verdict(same.report).startswith("Not surely better than run")
    assert prediction_process.in_use(workspace) == model(workspace, good)
    assert suggesting(workspace) == {good.id}  # not those of the model that is not used
    prediction_process.put_aside(workspace, same, aside=False)  # all the same
    assert prediction_process.in_use(workspace) == model(workspace, same)
    assert suggesting(workspace) == {same.id}

    (Path(model(workspace, good)) / "model.safetensors").unlink()
    last = finished(workspace, base, 1, rival=model(workspace, good))
    assert "rival" not in last.report
    assert any("was to be replaced" in note for note in progress.of(workspace.files.run(last.id)).notes)
    assert not RunFolder(workspace.files.run(last.id)).put_aside.exists()
