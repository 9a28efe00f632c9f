"""A search of real runs with a tiny model: started by the command, killed, gone on with, reported."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from storage import locks
from storage import runs as run_store
from storage.exceptions import InputProblem
from tests.support import command_line, tiny_model, workspaces
from tests.support.workspaces import until
from workbench import cli
from workbench.evaluation import error_review, html_report
from workbench.runs import jobs, parquet
from workbench.runs.state import RunFolder
from workbench.search import plan as searches
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = workspaces.workspace(tmp_path / "ws")
    yield workspace
    for folder in searches.listed(workspace):
        if folder.at_work() and (pid := locks.holder(folder.lock)):
            os.kill(pid, signal.SIGKILL)
        for run in searches.runs_of(workspace, folder.path.name):
            if RunFolder(workspace.files.run(run.id)).at_work():
                jobs.kill(workspace, run.id)
    workspace.close()


def test_a_search_is_killed_and_gone_on_with_and_reports_its_trials(workspace: Workspace, tmp_path: Path) -> None:
    base = tiny_model.base(tmp_path / "base", "layoutlm")
    settings = ("model.family=layoutlm", f"model.name={base}", "train.num_train_epochs=2")
    settings += ("train.device=cpu", "data.max_length=64", "data.window_stride=16")
    order = ("tune", "--search", "--name", "rates", "--trials", "3", "--preset", "A", "--json")
    sets = [part for setting in settings for part in ("--set", setting)]
    vary = ("--vary", "train.learning_rate=1e-4..1e-2 log")

    def called(*arguments: str) -> tuple[int, dict[str, Any]]:
        done = CliRunner().invoke(cli.group, ["-w", str(workspace.files.root), *arguments])
        assert done.stdout, (done.exception, done.stderr)
        return done.exit_code, json.loads(done.stdout)

    assert called(*order, *sets, *vary) == (0, {"search": "rates", "state": "running"})
    folder = searches.get(workspace, "rates")
    until(lambda: bool(searches.runs_of(workspace, "rates")))
    os.kill(locks.holder(folder.lock) or 0, signal.SIGKILL)
    until(lambda: not folder.at_work())
    assert called("searches", "show", "rates", "--json")[1]["state"] == "interrupted"

    code, report = called("tune", "--search", "--name", "rates", "--wait", "--json")
    assert code == 0, report
    runs = searches.runs_of(workspace, "rates")
    assert [row["run"] for row in report["trials"]] == [run.id for run in runs]
    assert len(runs) == 3
    assert report["best"]["value"] == max(row["value"] for row in report["trials"] if row["state"] == "complete")
    low, high = report["best"]["ci95"]
    assert low <= report["best"]["value"] <= high
    assert {"difference", "ci95", "sentence"} == set(report["gain"])
    assert report["test_problem"] == "" and 0 <= report["test"]["f1"] <= 1
    have_read = {run.id for run in runs if on_test(RunFolder(workspace.files.run(run.id)))}
    assert have_read == {report["best"]["run"], report["preset"]}, "no other run has read what chooses nothing"
    assert called("searches", "show", "rates", "--json")[1] == report
    listed = called("searches", "list", "--json")[1]["searches"]
    assert [(row["name"], row["state"], row["done"]) for row in listed] == [("rates", "ended", 3)]


def test_a_test_side_that_is_read_later_is_read_as_in_any_other_run(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = command_line.answering(workspace.files.root, capsys, monkeypatch)
    config = workspaces.config(tiny_model.base(tmp_path / "base", "layoutlm"), num_train_epochs=1)
    ids = [jobs.prepare(workspace, config, reads_test=reads).id for reads in (True, False)]
    for run in ids:
        jobs.start(workspace, run)
        jobs.wait(workspace, run)
    folders = [RunFolder(workspace.files.run(run)) for run in ids]
    assert not on_test(folders[1])
    with pytest.raises(InputProblem, match="has not read its test side"):
        error_review.look(folders[1].path, "test")
    assert "The 3 test documents have not been read" in html_report.make(folders[1].path, title="", names={})
    before = answer("evaluate", ids[1])[1]
    assert (before["split"], before["test_unread"]) == ("validation", 3)
    assert "has not read its test side" in answer("runs", "compare", *ids, "--on", "test")[1]["problem"]

    evaluated = [answer("evaluate", run, "--on", "test")[1] for run in ids]
    assert evaluated[0]["split"] == "test" and evaluated[0]["documents"] == 3
    figures = ("micro", "fields", "errors", "confusion", "documents_right", "postprocess")
    assert [evaluated[0][name] for name in figures] == [evaluated[1][name] for name in figures]
    by_itself, later = (np.frombuffer(b"".join(on_test(folder)), "<f2") for folder in folders)
    assert len(by_itself) and np.allclose(by_itself, later, atol=2e-3), "windows come in other batches"
    assert len({parquet.count(folder.predictions) for folder in folders}) == 1
    assert not list(workspace.files.runs.glob(".reading*"))
    with workspace.db.read() as connection:
        whole, joined = (run_store.get(connection, run).report or {} for run in ids)
    assert joined["evaluation"]["micro"] == whole["evaluation"]["micro"] and "test_unread" not in joined
    assert joined["figures"]["test"]["f1"] == whole["figures"]["test"]["f1"]


def on_test(folder: RunFolder) -> list[bytes]:
    """The probabilities that a run's model gave of its test side, document by document."""
    return [row["probabilities"] for row in parquet.rows(folder.predictions, ["probabilities"], "test")]


def test_a_search_is_refused_before_any_run_where_it_cannot_be(workspace: Workspace) -> None:
    def message(*arguments: str) -> str:
        done = CliRunner().invoke(cli.group, ["-w", str(workspace.files.root), *arguments])
        return getattr(done.exception, "message", "")

    tune = ("tune", "--search", "--preset", "A")
    assert "Add --search" in str(
        getattr(
            CliRunner().invoke(cli.group, ["-w", str(workspace.files.root), "tune", "--trials", "3"]).exception,
            "remedy",
            "",
        )
    )
    assert "1 to 1,000" in message(*tune, "--trials", "0")
    assert "1 to 1,000" in message(*tune, "--slots", "1001")
    none_at_a_time = CliRunner().invoke(cli.group, ["-w", str(workspace.files.root), *tune, "--slots", "0"])
    assert none_at_a_time.exit_code == 2 and "--slots" in none_at_a_time.output
    assert "one configuration" in message(*tune, "--grid", "train.seed=1,2")
    assert "did you mean" in message(*tune, "--vary", "train.lerning_rate=1e-5..1e-4")
    assert "cannot name a search" in message(*tune, "--name", "../../etc")
    assert "no search called" in message("searches", "show", "../../etc")
    assert "no search called" in message("searches", "stop", "x")
    assert searches.listed(workspace) == []
