"""A run that is to replace a model is compared with it, in a process of its own with a tiny model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

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
    torch.manual_seed(1)
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
    weak = workspaces.finished_run(workspace, base, right=0.5)  # its model is one of zeros
    good = finished(workspace, base, 30, rival=str(RunFolder(workspace.files.run(weak)).model))
    compared = good.report["rival"]
    assert compared["documents"] == 8 and compared["certain"] and compared["difference"] > 0.5
    assert progress.verdict(good.report).startswith(f"Better than run {weak} on 8 validation documents (F1 +")
    assert prediction_process.in_use(workspace) == model(workspace, good)
    assert suggesting(workspace) == {good.id}

    worse = finished(workspace, base, 2, rival=model(workspace, good))
    assert worse.report["rival"]["difference"] <= 0
    assert progress.verdict(worse.report).startswith("Not surely better than run")
    assert prediction_process.in_use(workspace) == model(workspace, good)
    assert suggesting(workspace) == {good.id}  # not those of the model that is not used
    prediction_process.put_aside(workspace, worse, aside=False)  # all the worse
    assert prediction_process.in_use(workspace) == model(workspace, worse)
    assert suggesting(workspace) == {worse.id}

    (Path(model(workspace, good)) / "model.safetensors").unlink()
    last = finished(workspace, base, 1, rival=model(workspace, good))
    assert "rival" not in last.report
    assert any("was to be replaced" in note for note in progress.of(workspace.files.run(last.id)).notes)
    assert not RunFolder(workspace.files.run(last.id)).put_aside.exists()
