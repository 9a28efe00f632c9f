"""Runs on a Ray cluster: a real one of one node, a tiny model, the real worker."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import delete

from storage import locks
from storage.records import RunState, Split
from storage.tables import suggestions as suggestions_table
from tests.support import ray_runs, ray_server, tiny_model, workspaces
from tests.support.command_line import AnswerOf
from tests.support.ray_runs import LONG, PATIENCE, POOL, begun, state, suggested
from tests.support.workspaces import until
from workbench.evaluation import prediction_process
from workbench.runs import jobs, progress
from workbench.runs.config import files as config_files
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.search import plan as searches
from workbench.settings import Target
from workbench.workspace import Workspace

pytestmark = pytest.mark.timeout(4 * PATIENCE)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Target]:
    with ray_server.running() as address:
        yield Target(address, name="cluster")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.base(tmp_path_factory.mktemp("base"), "layoutlm")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with ray_runs.workspace(tmp_path / "ws") as workspace:
        yield workspace


@pytest.fixture
def answer(
    workspace: Workspace, cluster: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> AnswerOf:
    return ray_runs.answering(workspace, cluster, capsys, monkeypatch)


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
    assert until(lambda: begun(folder)[1:], PATIENCE)[0]["resumed_from"]
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
    assert until(lambda: begun(folder)[1:])[0]["resumed_from"]
    assert state(workspace, run.id) is RunState.RUNNING
    jobs.stop(workspace, run.id)
    assert jobs.wait(workspace, run.id).state is RunState.STOPPED and folder.has_model()


def test_two_processes_on_the_cluster_train_as_one_here(workspace: Workspace, cluster: Target, base: Path) -> None:
    folder = ray_runs.train_as_one(workspace, base, cluster)
    assert not (folder.path / "ray").exists()


def test_a_search_tries_two_settings_at_a_time_and_its_best_run_reads_the_pool_there(
    workspace: Workspace, base: Path, answer: AnswerOf
) -> None:
    code, facts = answer("doctor-env", "--on", "cluster")
    assert (code, facts) == (0, {"target": "cluster", "nodes": 1, "cpus": 2.0, "gpus": 0, "sees_workspace": True})
    file = workspace.files.root / "tune.yaml"
    file.write_text(config_files.dump(workspaces.config(base, num_train_epochs=20)))
    order = ("tune", "--search", "--name", "rates", "--config", str(file), "--trials", "2", "--slots", "2")
    code, report = answer(*order, "--vary", "train.learning_rate=1e-3..1e-2 log", "--on", "cluster", "--wait")
    assert code == 0 and [row["state"] for row in report["trials"]] == ["complete", "complete"]
    assert report["test"]["f1"] is not None and report["test_problem"] == "", "the best read the test side there"
    for run in searches.runs_of(workspace, "rates"):
        assert Request.read(workspace.files.run(run.id)).threads == 1  # two share the cluster's two cores
    code, result = answer("suggest", "--model", report["best"]["run"], "--on", "cluster")
    assert code == 0 and result["documents"] == POOL and result["suggestions"]
    kept = suggested(workspace)
    assert len(kept) == result["suggestions"]
    assert not list(workspace.files.runs.glob(".reading*"))
    with workspace.db.write() as connection:
        connection.execute(delete(suggestions_table))
    assert answer("suggest", "--model", report["best"]["run"]) == (0, result)  # two blocks, or one process here
    assert suggested(workspace) == kept


def test_who_gives_up_ends_the_reading_on_the_cluster(workspace: Workspace, cluster: Target) -> None:
    ids = ray_runs.unlabelled(workspace)
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
    workspace: Workspace, answer: AnswerOf
) -> None:
    code, problem = answer("tune", "--on", "ray:127.0.0.1:9")
    assert code == 6 and "cannot be used" in problem["message"] and "ray start --head" in problem["remedy"]
    assert not list(workspace.files.runs.glob("*"))
