"""Runs on a Ray cluster whose node does not see the workspace: a real one, with an empty disk in that place."""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import delete

from storage import events
from storage.records import RunState, Split
from storage.tables import suggestions as suggestions_table
from tests.support import ray_runs, ray_server, tiny_model, workspaces
from tests.support.command_line import AnswerOf
from tests.support.ray_runs import LONG, PATIENCE, POOL, begun, state, suggested
from tests.support.workspaces import until
from workbench import cli
from workbench.evaluation import prediction_process
from workbench.remote import ray_blocks
from workbench.runs import jobs, parquet, progress
from workbench.runs.state import RunFolder
from workbench.settings import Target
from workbench.workspace import Workspace

pytestmark = pytest.mark.timeout(4 * PATIENCE)


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("travel")
    (folder / "temporary").mkdir()
    (folder / "hidden").mkdir()
    return folder / "hidden"


@pytest.fixture(scope="module")
def cluster(hidden: Path) -> Iterator[Target]:
    with ray_server.running(hidden) as address:
        yield Target(address, name="cluster")


@pytest.fixture(scope="module")
def base(hidden: Path) -> Path:
    return tiny_model.base(hidden / "base", "layoutlm")


@pytest.fixture
def workspace(hidden: Path, request: pytest.FixtureRequest) -> Iterator[Workspace]:
    pool = POOL if "documents" in request.node.name else 5
    with ray_runs.workspace(hidden / request.node.name[-40:], pool) as workspace:
        yield workspace


@pytest.fixture
def answer(
    workspace: Workspace, cluster: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> AnswerOf:
    return ray_runs.answering(workspace, cluster, capsys, monkeypatch)


def workers(hidden: Path) -> list[psutil.Process]:
    """The processes that train or read on the node."""
    runs_there = {str(folder) for folder in left_there(hidden)}
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd() in runs_there:
                found.append(process)
    return found


def actor(worker: psutil.Process) -> psutil.Process:
    """Ray's process that holds it."""
    return next(parent for parent in worker.parents() if "ray::" in " ".join(parent.cmdline()))


def gone(processes: list[psutil.Process]) -> bool:
    return all(not process.is_running() or process.status() == psutil.STATUS_ZOMBIE for process in processes)


def left_there(hidden: Path) -> list[Path]:
    """Folders of runs on the node's disk."""
    return list(hidden.with_name("temporary").glob("*/run"))


def test_it_is_said_that_the_nodes_do_not_see_the_workspace(
    workspace: Workspace, cluster: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = ["workbench", "-w", str(workspace.files.root), "doctor-env", "--on", cluster.address]
    for more, sentence in (
        ([], "runs and documents travel there through Ray's object store"),
        (["--json"], '"sees_workspace": false'),
    ):
        monkeypatch.setattr(sys, "argv", [*order, *more])
        with suppress(SystemExit):
            cli.main()
        assert sentence in capsys.readouterr().out
    assert not list(workspace.files.root.glob(".seen*"))


def test_a_run_travels_to_a_node_without_the_workspace_and_its_results_come_back(
    workspace: Workspace, cluster: Target, base: Path, hidden: Path
) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=3), on=cluster)
    jobs.start(workspace, run.id)
    folder = RunFolder(workspace.files.run(run.id))
    assert jobs.wait(workspace, run.id).state is RunState.FINISHED, folder.log_tail()
    log = list(events.iterate(folder.events))
    kinds = [event["type"] for event in log]
    assert [kinds.count(kind) for kind in ("started", "finished")] == [1, 1] and kinds[-1] == "finished"
    assert {"step", "evaluated", "saved"} <= set(kinds)
    assert any("do not see the workspace's folder" in event.get("message", "") for event in log)
    assert folder.has_model() and folder.read_report() and folder.predictions.is_file()
    assert not list(folder.path.glob(".*")) and not folder.checkpoints.exists()
    assert not left_there(hidden)


@pytest.mark.parametrize("way", ["one", "two", "fsdp", "deepspeed"])
def test_a_run_there_is_followed_killed_resumed_from_its_checkpoint_paused_and_stopped(
    workspace: Workspace, cluster: Target, base: Path, hidden: Path, way: str
) -> None:
    together: dict[str, Any] = {"processes": 1 if way == "one" else 2}
    if way == "fsdp":
        together["fsdp"] = "full_shard auto_wrap"
    if way == "deepspeed":
        pytest.importorskip("deepspeed", reason="DeepSpeed is not installed")
        file = hidden / "zero.json"
        auto = ("train_micro_batch_size_per_gpu", "gradient_accumulation_steps", "gradient_clipping")
        file.write_text(json.dumps({"zero_optimization": {"stage": 2}} | dict.fromkeys(auto, "auto")))
        together["deepspeed"] = str(file)
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG, **together), on=cluster)
    jobs.start(workspace, run.id)
    folder = RunFolder(workspace.files.run(run.id))
    until(lambda: list(folder.checkpoints.glob("checkpoint-*")) or not folder.at_work(), PATIENCE)
    assert state(workspace, run.id) is RunState.RUNNING, folder.log_tail()
    there = workers(hidden)
    assert len(there) == len(left_there(hidden)) == together["processes"]
    jobs.kill(workspace, run.id)
    until(lambda: not folder.at_work(), PATIENCE)
    assert state(workspace, run.id) is RunState.KILLED
    assert gone(there) and not left_there(hidden)
    jobs.resume(workspace, run.id)
    assert until(lambda: begun(folder)[1:], PATIENCE)[0]["resumed_from"]
    until(lambda: state(workspace, run.id) is RunState.RUNNING)
    jobs.pause(workspace, run.id)
    until(lambda: state(workspace, run.id) is RunState.PAUSED, PATIENCE)
    jobs.resume(workspace, run.id)
    until(lambda: state(workspace, run.id) is RunState.RUNNING, PATIENCE)
    jobs.stop(workspace, run.id)
    assert jobs.wait(workspace, run.id).state is RunState.STOPPED and folder.has_model()
    assert list(folder.checkpoints.glob("checkpoint-*"))
    assert not left_there(hidden)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_whose_node_is_lost_is_sent_again_with_its_last_checkpoint(
    workspace: Workspace, cluster: Target, base: Path, hidden: Path, processes: int
) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG, processes=processes), on=cluster)
    jobs.start(workspace, run.id)
    folder = RunFolder(workspace.files.run(run.id))
    until(lambda: list(folder.checkpoints.glob("checkpoint-*")) or not folder.at_work(), PATIENCE)
    there = workers(hidden)
    actor(there[-1]).kill()  # as when its node is gone
    assert until(lambda: begun(folder)[1:], PATIENCE)[0]["resumed_from"]
    assert gone(there)
    assert progress.of(folder.path).step > 0
    assert len(left_there(hidden)) == processes  # what the lost one left is deleted
    jobs.stop(workspace, run.id)
    assert jobs.wait(workspace, run.id).state is RunState.STOPPED and folder.has_model()


def test_two_processes_with_a_folder_each_train_as_one_here(
    workspace: Workspace, cluster: Target, base: Path, hidden: Path
) -> None:
    folder = ray_runs.train_as_one(workspace, base, cluster)
    assert folder.has_model() and folder.read_report() and not folder.checkpoints.exists()
    assert not left_there(hidden)


def test_a_run_that_the_nodes_have_no_place_for_is_stopped_while_it_waits(
    workspace: Workspace, cluster: Target, base: Path, hidden: Path
) -> None:
    config = workspaces.config(base, num_train_epochs=LONG)
    first, second = (jobs.prepare(workspace, config, on=cluster) for _ in range(2))
    folders = [RunFolder(workspace.files.run(run.id)) for run in (first, second)]
    jobs.start(workspace, first.id)
    until(lambda: begun(folders[0]), PATIENCE)
    jobs.start(workspace, second.id)
    until(folders[1].at_work)
    jobs.stop(workspace, second.id)
    until(lambda: not folders[1].at_work(), PATIENCE)
    assert state(workspace, second.id) is RunState.KILLED and not begun(folders[1])
    assert state(workspace, first.id) is RunState.RUNNING


def test_documents_travel_in_blocks_and_are_suggested_what_they_are_here(
    workspace: Workspace, cluster: Target, base: Path, answer: AnswerOf, hidden: Path
) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=20))
    jobs.start(workspace, run.id)
    assert jobs.wait(workspace, run.id).state is RunState.FINISHED
    code, result = answer("suggest", "--model", run.id, "--on", "cluster")
    assert code == 0 and result["documents"] == POOL and result["suggestions"]
    kept = suggested(workspace)
    assert len(kept) == result["suggestions"]
    assert not left_there(hidden) and not list(workspace.files.runs.glob(".reading*"))
    with workspace.db.write() as connection:
        connection.execute(delete(suggestions_table))
    assert answer("suggest", "--model", run.id) == (0, result)
    assert suggested(workspace) == kept


def test_documents_that_were_read_there_before_who_waited_gave_up_are_not_read_again(
    workspace: Workspace, cluster: Target, hidden: Path
) -> None:
    ids = {Split.POOL: ray_runs.unlabelled(workspace)}

    def give_up(done: int, total: int) -> None:
        if done >= ray_blocks.LEAST:
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        prediction_process.reading(workspace, "starter", ids, give_up, cluster),
    ):
        pass
    assert not workers(hidden) and not left_there(hidden)
    first, *others = [RunFolder(path.parent) for path in workspace.files.runs.glob(".blocks/*/report.json")]
    assert not others and not list(workspace.files.runs.glob(".blocks/*/killed"))
    read_at = first.predictions.stat().st_mtime_ns
    seen: list[int] = []

    def look(done: int, total: int) -> None:
        if first.predictions.exists():
            assert first.predictions.stat().st_mtime_ns == read_at
        seen.append(done)

    with prediction_process.reading(workspace, "starter", ids, look, cluster) as folder:
        documents = [number for table in parquet.tables(RunFolder(folder).predictions, ["document"])
                     for number in table.column("document").to_pylist()]  # fmt: skip
    assert documents == list(ids[Split.POOL])
    assert min(done for done in seen if done) >= ray_blocks.LEAST
    assert not left_there(hidden)


def test_documents_whose_reader_is_lost_are_read_by_another(
    workspace: Workspace, cluster: Target, hidden: Path
) -> None:
    ids = {Split.POOL: ray_runs.unlabelled(workspace)}
    lost: list[psutil.Process] = []

    def lose(done: int, total: int) -> None:
        if not lost and (there := workers(hidden)):
            lost.append(actor(there[0]))
            lost[0].kill()

    with prediction_process.reading(workspace, "starter", ids, lose, cluster) as folder:
        assert parquet.count(RunFolder(folder).predictions) == POOL
    assert lost and gone(lost) and not left_there(hidden)
