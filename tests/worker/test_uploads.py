"""A run's model, and nothing else, goes to the Hub where that was asked for; the run has finished in any case."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.events import EventWriter
from storage.records import RunState
from tests.support import hub_server, tiny_model
from tests.support.hub_server import Hub
from workbench.runs import parquet, progress
from workbench.runs.config.request import Request
from workbench.runs.model_folders import hub as model_hub
from workbench.runs.state import MODEL_DESCRIPTION, RunFolder, state_of

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
        child = hub_server.start_worker(path, log)
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
    weights = own.keys() - {MODEL_DESCRIPTION}
    assert {name: files[name] for name in weights} == {name: own[name] for name in weights}
    assert not [name for name, content in files.items() if str(tmp_path).encode() in content], "where its base is"
    card = files["README.md"].decode()
    assert f"pipeline_tag: {'text' if task == 'classes' else 'token'}-classification" in card
    assert "## Figures on validation" in card
    assert f"{hub.address}/{MODEL_ID}" in progress.of(run.path).notes[-1]
    words = {word for split in ("train", "pool") for row in parquet.stream(run.dataset(split)) for word in row.words}
    long = [word.encode() for word in words if len(word) > 4 and any(letter.isdigit() for letter in word)]
    assert long and not [word for word in long if any(word in content for content in files.values())]


def test_a_refused_upload_leaves_the_run_finished_and_the_token_in_no_file(tmp_path: Path, hub: Hub) -> None:
    """Not even where the server repeats it."""
    hub.status, hub.refusal = 401, f"{hub_server.TOKEN} is not known"
    run = trained(tmp_path, UPLOADED)
    note = progress.of(run.path).notes[-1]
    assert note.startswith("Warning: ") and "401" in note and "is not known" in note
    assert f"workbench runs push run --to {MODEL_ID}" in note
    assert hub_server.TOKEN.encode() not in all_bytes(run.path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run that knows where its model would be uploaded, and was not asked to; no request came from it."""
    with hub_server.listening() as server, pytest.MonkeyPatch.context() as patch:
        hub_server.use(server, patch)
        run = trained(tmp_path_factory.mktemp("finished"), {"hub_model_id": MODEL_ID})
        assert server.requests == []
    return run


def upload(run: RunFolder) -> str:
    """Upload a run's model as the worker does after the training; what the run says of it."""
    request = Request.read(run.path)
    train = request.config.train.model_copy(update={"push_to_hub": True})
    asked = request.model_copy(update={"config": request.config.model_copy(update={"train": train})})
    with EventWriter(run.events) as events:
        model_hub.push_finished(run, asked, events.write)
    assert state_of(run, progress.of(run.path)) is RunState.FINISHED
    assert not list(run.path.parent.glob(".upload-*"))
    return progress.of(run.path).notes[-1]


def test_a_server_that_fails_leaves_the_run_finished(finished: RunFolder, hub: Hub) -> None:
    hub.status = 500
    note = upload(finished)
    assert note.startswith("Warning: ") and "500" in note and "workbench runs push run" in note


def test_a_server_that_is_gone_leaves_the_run_finished(finished: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub_server.listening() as server:
        hub_server.use(server, monkeypatch)
    note = upload(finished)
    assert note.startswith("Warning: ") and "refused" in note and "workbench runs push run" in note


def test_a_model_that_is_to_be_private_is_not_put_where_all_can_see_it(finished: RunFolder, hub: Hub) -> None:
    hub.repositories[MODEL_ID], hub.private[MODEL_ID] = {}, False
    assert "all can see it" in upload(finished) and hub.repositories[MODEL_ID] == {}


def test_weights_of_an_earlier_model_do_not_stay_beside_the_new_ones(finished: RunFolder, hub: Hub) -> None:
    hub.repositories[MODEL_ID] = {"model.onnx": b"old", "notes.txt": b"by hand", "model.safetensors": b"old"}
    hub.private[MODEL_ID] = True
    assert hub.address in upload(finished)
    files = hub.repositories[MODEL_ID]
    assert "model.onnx" not in files and files["notes.txt"] == b"by hand"
    assert files["model.safetensors"] == (finished.model / "model.safetensors").read_bytes()
