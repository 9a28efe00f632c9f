"""A learner whose model is broken, goes away, or finds no space: suggestions go on, and it is said once."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from storage import document_list, runs
from storage.exceptions import WorkspaceProblem
from storage.suggestions import keep_suggestions, suggestions_of
from tests.support import workspaces
from workbench.evaluation import prediction_process
from workbench.live import feature_files, record
from workbench.live.feature_files import WITHOUT_SPACE
from workbench.live.messages import Look
from workbench.runs.state import RunFolder
from workbench.training.learner.learner import Learner
from workbench.training.learner.pool_scores import PoolScores
from workbench.workspace import Workspace

STARTER = "starter"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """With labelled documents, and a run that is the best."""
    return workspaces.with_run(tmp_path / "ws", {"train": 4, "validation": 2, "test": 1, "pool": 2})[0]


def model(workspace: Workspace) -> Path:
    (folder,) = workspace.files.runs.glob("2*")
    return RunFolder(folder).model


def rest(workspace: Workspace) -> list[int]:
    with workspace.db.read() as connection:
        return document_list.ids(connection, document_list.Filter("unlabelled"))


def learner_of(workspace: Workspace, notes: list[str]) -> Learner:
    return Learner(workspace, record.read(workspace.files.learner_record), PoolScores(workspace), notes.append)


def work(learner: Learner, workspace: Workspace) -> None:
    learner.update()
    for _ in learner.steps(Look(None, rest(workspace)), lambda: False):
        pass


def weights_changed(change: Callable[[dict[str, np.ndarray]], object]) -> Callable[[Path], object]:
    def changed(folder: Path) -> None:
        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    return changed


def described(**values: object) -> Callable[[Path], object]:
    def changed(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return changed


def cut(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 3000)


BROKEN: dict[str, Callable[[Path], object]] = {
    "weights that are cut": cut,
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "weights of nothing": lambda folder: (folder / "model.safetensors").write_bytes(b""),
    "another shape": weights_changed(lambda weights: weights.update({"classifier.weight": np.zeros((3, 9), "f4")})),
    "a layer is missing": weights_changed(lambda w: w.pop("layoutlm.encoder.layer.1.output.dense.weight")),
    "another shape in the description": described(hidden_size=16),
    "too few places on the page": described(max_2d_position_embeddings=8),
    "no tokenizer": lambda folder: [path.unlink() for path in folder.glob("tokenizer*")],
    "a damaged tokenizer": lambda folder: (folder / "tokenizer.json").write_text('{"version": "1.0"}'),
    "no description": lambda folder: (folder / "config.json").write_text("{"),
    "labels of something else": described(id2label={"0": "cat", "1": "dog", "2": "cow"}),
    "a pipe for its weights": lambda folder: [
        (folder / "model.safetensors").unlink(),
        os.mkfifo(folder / "model.safetensors"),
    ],
    "a folder for its weights": lambda folder: [
        (folder / "model.safetensors").unlink(),
        (folder / "model.safetensors").mkdir(),
    ],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_model_that_is_broken_is_replaced_by_the_starter(name: str, workspace: Workspace) -> None:
    notes: list[str] = []
    BROKEN[name](model(workspace))
    learner = learner_of(workspace, notes)
    with workspace.db.write() as connection:
        keep_suggestions(connection, "older", {number: [("amount_total", (0,), 0.9)] for number in rest(workspace)})
    work(learner, workspace)
    work(learner, workspace)
    assert learner._base.name == STARTER and learner.documents > 0
    (line,) = notes
    assert model(workspace).parent.name in line and "\n" not in line
    with workspace.db.read() as connection:
        assert all(suggestions_of(connection, number) for number in rest(workspace))


def test_a_model_that_cannot_read_a_document_is_replaced_at_its_first(workspace: Workspace) -> None:
    """What only shows when a document is read."""
    notes: list[str] = []
    learner = learner_of(workspace, notes)
    assert learner._base.name == str(model(workspace))
    learner._base._predictor.model.classifier = torch.nn.Linear(9, 3)
    work(learner, workspace)
    work(learner, workspace)
    assert learner._base.name == STARTER and learner.documents > 0
    assert len(notes) == 1 and "shapes" in notes[0]


def test_a_model_that_is_put_aside_is_used_no_longer(workspace: Workspace) -> None:
    learner = learner_of(workspace, [])
    work(learner, workspace)
    assert learner._base.name == str(model(workspace))
    with workspace.db.read() as connection:
        (run,) = runs.listed(connection)
    prediction_process.put_aside(workspace, run)
    work(learner, workspace)
    assert learner._base.name == STARTER
    prediction_process.put_aside(workspace, run, aside=False)
    work(learner, workspace)
    assert learner._base.name == str(model(workspace))


def test_a_model_that_is_deleted_while_it_is_used_goes_on(workspace: Workspace) -> None:
    notes: list[str] = []
    learner = learner_of(workspace, notes)
    shutil.rmtree(model(workspace))
    work(learner, workspace)
    assert learner.documents > 0 and notes == []
    again = learner_of(workspace, notes)
    work(again, workspace)
    assert again._base.name == STARTER and again.documents == learner.documents


def test_a_full_disk_keeps_no_damaged_features_and_is_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    learner = learner_of(workspace, notes)

    def full(path: Path, content: bytes) -> None:
        raise WorkspaceProblem(f"{path} cannot be written: {os.strerror(errno.ENOSPC)}.")

    with monkeypatch.context() as patch:
        patch.setattr(feature_files, "write_atomic", full)
        work(learner, workspace)
    assert set(notes) == {WITHOUT_SPACE}
    assert learner.documents > 0
    assert not list(workspace.files.features.glob("*/*"))
    notes.clear()
    work(learner_of(workspace, notes), workspace)
    assert notes == [] and list(workspace.files.features.glob("*/*.npy"))
