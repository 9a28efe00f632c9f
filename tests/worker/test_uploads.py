"""A run's model, and nothing else, goes to the Hub where that was asked for; the run has finished whatever comes of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.records import RunState
from tests.support import hub_server, tiny_model
from tests.support.hub_server import Hub
from workbench.runs import machine, parquet, progress
from workbench.runs.state import RunFolder, state_of

MODEL_ID = "my-company/invoices"
UPLOADED = {"push_to_hub": True, "hub_model_id": MODEL_ID}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_server.listening() as server:
        hub_server.use(server, monkeypatch)
        yield server


def trained(folder: Path, train: dict[str, Any], task: str = "tokens") -> RunFolder:
    """The folder of a run that a process of its own trained to the end."""
    settings = {"train": {"num_train_epochs": 1, **train}, "model": {"task": task}}
    path = tiny_model.run_folder(folder / "run", "text", settings)
    run = RunFolder(path)
    with run.log.open("ab") as log:
        child = machine.start(machine.WORKER, str(path), cwd=path, output=log, errors=log)
    assert child.wait(120) == 0, run.log.read_text()
    assert state_of(run, progress.of(path)) is RunState.FINISHED
    return run


def all_bytes(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize(("engine", "task"), [("trainer", "tokens"), ("loop", "classes")])
def test_what_is_uploaded_is_the_model_and_nothing_else(tmp_path: Path, hub: Hub, engine: str, task: str) -> None:
    run = trained(tmp_path, {**UPLOADED, "engine": engine}, task)
    files = hub.repositories[MODEL_ID]
    assert hub.private[MODEL_ID]
    own = {path.name: path.read_bytes() for path in run.model.iterdir()}
    assert files.keys() == {*own, "README.md", "report.json"}
    assert {name: files[name] for name in own} == own
    card = files["README.md"].decode()
    assert f"pipeline_tag: {'text' if task == 'classes' else 'token'}-classification" in card
    assert "## Figures on validation" in card
    assert f"{hub.address}/{MODEL_ID}" in progress.of(run.path).notes[-1]
    words = {word for split in ("train", "pool") for row in parquet.stream(run.dataset(split)) for word in row.words}
    long = [word.encode() for word in words if len(word) > 4 and any(letter.isdigit() for letter in word)]
    assert long and not [word for word in long if any(word in content for content in files.values())]


def test_the_token_is_in_no_file_of_the_run(tmp_path: Path, hub: Hub) -> None:
    """Not even where the server repeats it."""
    hub.status, hub.refusal = 401, f"{hub_server.TOKEN} is not known"
    run = trained(tmp_path, UPLOADED)
    assert "is not known" in progress.of(run.path).notes[-1]
    assert hub_server.TOKEN.encode() not in all_bytes(run.path)


@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_refuses_leaves_the_run_finished(tmp_path: Path, hub: Hub, status: int) -> None:
    hub.status = status
    note = progress.of(trained(tmp_path, UPLOADED).path).notes[-1]
    assert note.startswith("Warning: ") and str(status) in note
    assert f"workbench runs push run --to {MODEL_ID}" in note


def test_a_server_that_is_gone_leaves_the_run_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub_server.listening() as server:
        hub_server.use(server, monkeypatch)
    note = progress.of(trained(tmp_path, UPLOADED).path).notes[-1]
    assert note.startswith("Warning: ") and "refused" in note and "workbench runs push run" in note


def test_without_the_setting_nothing_is_asked_of_the_hub(tmp_path: Path, hub: Hub) -> None:
    run = trained(tmp_path, {"hub_model_id": MODEL_ID})
    assert run.has_model() and hub.requests == []


def test_a_model_that_is_to_be_private_is_not_put_where_all_can_see_it(tmp_path: Path, hub: Hub) -> None:
    hub.repositories[MODEL_ID], hub.private[MODEL_ID] = {}, False
    note = progress.of(trained(tmp_path, UPLOADED).path).notes[-1]
    assert "all can see it" in note and hub.repositories[MODEL_ID] == {}


def test_weights_of_an_earlier_model_do_not_stay_beside_the_new_ones(tmp_path: Path, hub: Hub) -> None:
    hub.repositories[MODEL_ID] = {"model.onnx": b"old", "notes.txt": b"by hand", "model.safetensors": b"old"}
    hub.private[MODEL_ID] = True
    run = trained(tmp_path, UPLOADED)
    files = hub.repositories[MODEL_ID]
    assert "model.onnx" not in files and files["notes.txt"] == b"by hand"
    assert files["model.safetensors"] == (run.model / "model.safetensors").read_bytes()
