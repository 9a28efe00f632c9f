"""Runs on a Ray cluster: a real one of one node, a tiny model, the real worker."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import delete

from storage import document_list, documents, events, locks, runs
from storage.records import RunState, Split
from storage.tables import suggestions as suggestions_table
from tests.support import ray_server, tiny_model, workspaces
from tests.support.workspaces import until
from workbench import cli
from workbench.evaluation import prediction_process
from workbench.remote import ray_blocks
from workbench.runs import jobs, progress
from workbench.runs.config import files as config_files
from workbench.runs.config.request import Request
from workbench.runs.reconcile import reconcile
from workbench.runs.state import RunFolder
from workbench.search import plan as searches
from workbench.settings import Target
from workbench.workspace import Workspace

PATIENCE = 240.0
"""Seconds in which a run begins, on a machine with much other work: Ray's processes load torch one after the other."""
LONG = 1000
"""Epochs of a run that ends only when it is stopped."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Target]:
    with ray_server.running() as address:
        yield Target(address, name="cluster")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.base(tmp_path_factory.mktemp("base"), "layoutlm")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = workspaces.workspace(tmp_path / "ws", {"pool": ray_blocks.LEAST + 20})
    yield workspace
    with workspace.db.read() as connection:
        listed = runs.listed(connection)
    for run in listed:
        folder = RunFolder(workspace.files.run(run.id))
        if folder.at_work():
            jobs.kill(workspace, run.id)
            until(lambda folder=folder: not folder.at_work())
    workspace.close()


@pytest.fixture
def answer(
    workspace: Workspace, cluster: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, Any]]:
    """The exit code of a command and what it answers."""
    workspace.files.settings.write_text(f'[targets]\ncluster = "{cluster.address}"\n')

    def call(*arguments: str) -> tuple[int, Any]:
        monkeypatch.setattr(sys, "argv", ["workbench", "-w", str(workspace.files.root), *arguments, "--json"])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, json.loads(capsys.readouterr().out)

    return call


def suggested(workspace: Workspace) -> list[tuple[Any, ...]]:
    """The open suggestions, whatever their ids."""
    with workspace.db.read() as connection:
        contents = [documents.open_document(connection, number) for number in document_list.ids(connection)]
    return [(c.document.id, s.field, s.tokens, round(s.confidence, 4)) for c in contents for s in c.suggestions]


def state(workspace: Workspace, run: str) -> RunState:
    reconcile(workspace)
    with workspace.db.read() as connection:
        return runs.get(connection, run).state


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_is_killed_on_the_cluster_resumed_from_its_checkpoint_and_stopped(
    workspace: Workspace, cluster: Target, base: Path, processes: int
) -> None:
    config = workspaces.config(base, num_train_epochs=LONG, processes=processes)
    run = jobs.prepare(workspace, config, on=cluster)
    jobs.start(workspace, run.id)
    folder = RunFolder(workspace.files.run(run.id))
    until(lambda: progress.of(folder.path).step > 4 or not folder.at_work(), PATIENCE)
    assert state(workspace, run.id) is RunState.RUNNING, folder.log_tail()
    worker = psutil.Process(folder.process() or 0)
    assert any("ray" in parent.name() for parent in worker.parents())
    jobs.kill(workspace, run.id)
    until(lambda: not folder.at_work(), PATIENCE)
    assert state(workspace, run.id) is RunState.KILLED
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    jobs.resume(workspace, run.id)
    begun = until(lambda: [e for e in events.iterate(folder.events) if e["type"] == "started"][1:], PATIENCE)
    assert begun[0]["resumed_from"]
    jobs.stop(workspace, run.id)
    assert jobs.wait(workspace, run.id).state is RunState.STOPPED and folder.has_model()


def test_a_run_whose_task_is_lost_goes_on_from_its_checkpoint_in_another(
    workspace: Workspace, cluster: Target, base: Path
) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG), on=cluster)
    jobs.start(workspace, run.id)
    folder = RunFolder(workspace.files.run(run.id))
    until(lambda: progress.of(folder.path).step > 30 or not folder.at_work())
    task = psutil.Process(folder.process() or 0).parent()
    assert task is not None and "ray" in " ".join(task.cmdline())
    task.kill()  # as when its node is gone
    begun = until(lambda: [e for e in events.iterate(folder.events) if e["type"] == "started"][1:])
    assert begun[0]["resumed_from"] and state(workspace, run.id) is RunState.RUNNING
    jobs.stop(workspace, run.id)
    assert jobs.wait(workspace, run.id).state is RunState.STOPPED and folder.has_model()


def test_two_processes_on_the_cluster_train_as_one_here(workspace: Workspace, cluster: Target, base: Path) -> None:
    still = ("regularization.hidden_dropout_prob=0", "regularization.attention_probs_dropout_prob=0")
    logs = []
    for on, processes in ((None, 1), (cluster, 2)):
        batches = {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 2 // processes, "max_steps": 2}
        config = workspaces.config(base, processes=processes, **batches)
        run = jobs.prepare(workspace, config_files.apply_sets(config, still), on=on)
        jobs.start(workspace, run.id)
        folder = RunFolder(workspace.files.run(run.id))
        assert jobs.wait(workspace, run.id).state is RunState.FINISHED, folder.log_tail()
        logs.append(list(events.iterate(folder.events)))
        assert not (folder.path / "ray").exists()
    started = [next(event for event in log if event["type"] == "started") for log in logs]
    assert [event["processes"] for event in started] == [1, 2]
    losses = [{event["step"]: event["loss"] for event in log if event["type"] == "step"} for log in logs]
    assert losses[1] == pytest.approx(losses[0], abs=1e-3)
    measured = [next(event["validation"] for event in log if event["type"] == "evaluated") for log in logs]
    for figure in ("loss", "f1"):
        assert measured[1][figure] == pytest.approx(measured[0][figure], abs=1e-3)


def test_a_search_tries_two_settings_at_a_time_and_its_best_run_reads_the_pool_there(
    workspace: Workspace, base: Path, answer: Callable[..., tuple[int, Any]]
) -> None:
    code, facts = answer("doctor-env", "--on", "cluster")
    assert (code, facts) == (0, {"target": "cluster", "nodes": 1, "cpus": 2.0, "gpus": 0, "sees_workspace": True})
    file = workspace.files.root / "tune.yaml"
    file.write_text(config_files.dump(workspaces.config(base, num_train_epochs=20)))
    order = ("tune", "--search", "--name", "rates", "--config", str(file), "--trials", "2", "--slots", "2")
    code, report = answer(*order, "--vary", "train.learning_rate=1e-3..1e-2 log", "--on", "cluster", "--wait")
    assert code == 0 and [row["state"] for row in report["trials"]] == ["complete", "complete"]
    for run in searches.runs_of(workspace, "rates"):
        assert Request.read(workspace.files.run(run.id)).threads == 1  # two share the cluster's two cores
    code, result = answer("suggest", "--model", report["best"]["run"], "--on", "cluster")
    assert code == 0 and result["documents"] == ray_blocks.LEAST + 20 and result["suggestions"]
    kept = suggested(workspace)
    assert len(kept) == result["suggestions"]
    assert not list(workspace.files.runs.glob(".reading*"))
    with workspace.db.write() as connection:
        connection.execute(delete(suggestions_table))
    assert answer("suggest", "--model", report["best"]["run"]) == (0, result)  # two blocks, or one process here
    assert suggested(workspace) == kept


def test_who_gives_up_ends_the_reading_on_the_cluster(workspace: Workspace, cluster: Target) -> None:
    with workspace.db.read() as connection:
        ids = tuple(document_list.ids(connection, document_list.Filter("unlabelled")))
    workers: list[psutil.Process] = []

    def give_up(done: int, total: int) -> None:
        for lock in workspace.files.runs.glob(".blocks/*/lock"):
            if locks.held(lock):
                workers.append(psutil.Process(locks.holder(lock)))
                raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        prediction_process.reading(workspace, "starter", {Split.POOL: ids}, give_up, cluster),
    ):
        pass
    assert not list(workspace.files.runs.glob(".reading*"))
    until(lambda: not workers[0].is_running() or workers[0].status() == psutil.STATUS_ZOMBIE)


def test_a_cluster_that_is_not_there_is_named_with_a_remedy_before_anything_is_frozen(
    workspace: Workspace, answer: Callable[..., tuple[int, Any]]
) -> None:
    code, problem = answer("tune", "--on", "ray:127.0.0.1:9")
    assert code == 6 and "cannot be used" in problem["message"] and "ray start --head" in problem["remedy"]
    assert not list(workspace.files.runs.glob("*"))
