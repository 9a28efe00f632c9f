"""Uploading a model is checked before anything starts, and `runs push` does it when it is asked to."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from storage import runs
from storage.events import EventWriter
from storage.exceptions import ConfigProblem, MissingTool, RunProblem
from storage.records import Side
from tests.support import finished_run, hub_server, model_folder, sample_documents
from workbench import cli
from workbench.active_learning import retraining
from workbench.runs import jobs, progress
from workbench.runs.config.files import apply_sets
from workbench.runs.config.request import Request
from workbench.runs.config.tune import TuneConfig
from workbench.runs.model_folders import hub as model_hub
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

UPLOADED = apply_sets(TuneConfig(), ["train.push_to_hub=true", "train.hub_model_id=my-company/invoices"])


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace with labelled documents, on a machine that is logged in at the Hub."""
    monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
    opened = sample_documents.divided(tmp_path / "shop", {Side.TRAIN: 3, Side.VALIDATION: 2, Side.TEST: 2})
    yield opened
    opened.close()


def call(opened: Workspace, *arguments: str) -> Result:
    return CliRunner().invoke(cli.group, ["-w", str(opened.files.root), *arguments])


@pytest.mark.parametrize("model_id", ["", "invoices", "a/b/c", "my company/invoices", "-a/b", "a/b--c"])
def test_an_id_that_is_none_is_refused_before_anything_starts(opened: Workspace, model_id: str) -> None:
    upload = ("--set", "train.push_to_hub=true", "--set", f"train.hub_model_id={model_id or repr(model_id)}")
    answer = call(opened, "tune", "--preset", "A", *upload, "--wait")
    assert isinstance(answer.exception, ConfigProblem) and "owner/name" in answer.exception.message
    with opened.db.read() as connection:
        assert runs.listed(connection) == []


def test_a_missing_login_is_told_before_anything_starts(opened: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(MissingTool, match="token") as raised:
        jobs.prepare(opened, UPLOADED)
    assert "hf auth login" in raised.value.remedy and "HF_TOKEN" in raised.value.remedy
    assert not any(opened.files.runs.glob("2*"))


def test_a_baseline_whose_weights_are_words_is_not_uploaded(opened: Workspace) -> None:
    with pytest.raises(ConfigProblem, match="words of your documents"):
        jobs.check(apply_sets(UPLOADED, ["model.task=classes", "model.family=baseline"]))


def test_a_run_says_before_it_begins_where_its_model_will_go(opened: Workspace) -> None:
    run = jobs.prepare(opened, UPLOADED)
    notes = progress.of(opened.files.run(run.id)).notes
    assert any("uploaded to my-company/invoices (private)" in note for note in notes)
    assert not any(hub_server.TOKEN in path.read_text(errors="ignore") for path in _files(opened.files.run(run.id)))


def test_runs_of_a_group_do_not_take_each_others_place_on_the_hub(opened: Workspace) -> None:
    for run in jobs.grid(opened, {"slow": UPLOADED, "fast": UPLOADED}):
        folder = opened.files.run(run.id)
        assert not Request.read(folder).config.train.push_to_hub
        assert any("workbench runs push RUN --to my-company/invoices" in note for note in progress.of(folder).notes)


def test_training_further_by_one_key_uploads_nothing(opened: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting was made for the run before."""
    monkeypatch.setattr(jobs, "start", lambda *arguments, **more: None)
    run = retraining.train(opened, retraining.TrainingWay("warm", "", UPLOADED, "", None))
    assert not Request.read(opened.files.run(run.id)).config.train.push_to_hub


def test_push_uploads_what_export_writes(opened: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished_run.finish(opened)
    model_folder.write(opened.files.run(run.id) / "model")
    with hub_server.listening() as hub:
        hub_server.use(hub, monkeypatch)
        answer = call(opened, "runs", "push", run.id, "--to", "my-company/invoices", "--public", "--json")
        assert answer.exit_code == 0, answer.exception
        address = f"{hub.address}/my-company/invoices"
        needed = {"/api/repos/create", "/api/validate-yaml"} | {
            f"/api/models/my-company/invoices/{act}" for act in ("tree/main", "preupload/main", "commit/main")
        }
        assert {request.partition(" ")[2] for request in hub.requests} == needed  # nothing about this machine
        assert json.loads(answer.stdout) == {"run": run.id, "to": "my-company/invoices", "address": address}
        assert call(opened, "runs", "export", run.id, str(tmp_path / "exported")).exit_code == 0
        exported = {path.name: path.read_bytes() for path in (tmp_path / "exported").iterdir()}
        assert hub.repositories == {"my-company/invoices": exported} and not hub.private["my-company/invoices"]
        hub.status = 401
        refused = call(opened, "runs", "push", run.id, "--to", "my-company/invoices").exception
    assert isinstance(refused, RunProblem) and "401" in refused.message and "Try again" in refused.remedy


def test_a_run_that_was_ended_early_uploads_nothing(opened: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(opened.files.run(finished_run.finish(opened, UPLOADED).id))
    with hub_server.listening() as hub, EventWriter(folder.events) as events:
        hub_server.use(hub, monkeypatch)
        events.write("finished", state="stopped", seconds=1.0, f1=None, epochs=1.0)
        model_hub.push_finished(folder, Request.read(folder.path), events.write)
        assert hub.requests == []
    assert f"workbench runs push {folder.path.name} --to" in progress.of(folder.path).notes[-1]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
