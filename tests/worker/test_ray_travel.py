"""Runs on a Ray cluster whose node does not see the workspace: a real one, with an empty disk in that place."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from storage import events, runs
from storage.records import RunState
from tests.support import ray_server, tiny_model, workspaces
from tests.support.workspaces import until
from workbench import cli
from workbench.runs import jobs, machine, progress
from workbench.runs.reconcile import reconcile
from workbench.runs.state import RunFolder
from workbench.settings import Target
from workbench.workspace import Workspace

PATIENCE = 240.0
"""Seconds in which a run begins, on a machine with much other work."""
LONG = 1000
"""Epochs of a run that ends only when it is stopped."""


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
    workspace = workspaces.workspace(hidden / request.node.name[:40], {"pool": 5})
    yield workspace
    with workspace.db.read() as connection:
        listed = runs.listed(connection)
    for run in listed:
        folder = RunFolder(workspace.files.run(run.id))
        if folder.at_work():
            jobs.kill(workspace, run.id)
            until(lambda folder=folder: not folder.at_work())
    workspace.close()


def begun(folder: RunFolder) -> list[dict[str, object]]:
    return [event for event in events.iterate(folder.events) if event["type"] == "started"]


def worker(hidden: Path) -> psutil.Process:
    """The process that trains on the node."""
    beginning = str(hidden.with_name("temporary"))
    return next(
        process
        for process in psutil.process_iter()
        if machine.WORKER in (command := process.cmdline()) and command[-1].startswith(beginning)
    )


def left_there(hidden: Path) -> list[Path]:
    """Folders of runs on the node's disk."""
    return list(hidden.with_name("temporary").glob("*/run"))


def state(workspace: Workspace, run: str) -> RunState:
    reconcile(workspace)
    with workspace.db.read() as connection:
        return runs.get(connection, run).state


def test_it_is_said_that_the_nodes_do_not_see_the_workspace(
    workspace: Workspace, cluster: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = ["workbench", "-w", str(workspace.files.root), "doctor-env", "--on", cluster.address]
    for more, sentence in (
        ([], "runs travel there through Ray's object store"),
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


def test_a_run_there_is_followed_killed_resumed_from_its_checkpoint_paused_and_stopped(
    workspace: Workspace, cluster: Target, base: Path, hidden: Path
) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG), on=cluster)
    jobs.start(workspace, run.id)
    folder = RunFolder(workspace.files.run(run.id))
    until(lambda: list(folder.checkpoints.glob("checkpoint-*")) or not folder.at_work(), PATIENCE)
    assert state(workspace, run.id) is RunState.RUNNING, folder.log_tail()
    process = worker(hidden)
    jobs.kill(workspace, run.id)
    until(lambda: not folder.at_work(), PATIENCE)
    assert state(workspace, run.id) is RunState.KILLED
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert not left_there(hidden)
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


def test_a_run_whose_node_is_lost_is_sent_again_with_its_last_checkpoint(
    workspace: Workspace, cluster: Target, base: Path, hidden: Path
) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG), on=cluster)
    jobs.start(workspace, run.id)
    folder = RunFolder(workspace.files.run(run.id))
    until(lambda: list(folder.checkpoints.glob("checkpoint-*")) or not folder.at_work(), PATIENCE)
    lost = worker(hidden)
    task = lost.parent()
    assert task is not None and "ray" in " ".join(task.cmdline())
    task.kill()  # as when its node is gone
    assert until(lambda: begun(folder)[1:], PATIENCE)[0]["resumed_from"]
    assert not lost.is_running() or lost.status() == psutil.STATUS_ZOMBIE
    assert progress.of(folder.path).step > 0 and len(left_there(hidden)) == 1  # what the lost one left is deleted
    jobs.stop(workspace, run.id)
    assert jobs.wait(workspace, run.id).state is RunState.STOPPED and folder.has_model()


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
