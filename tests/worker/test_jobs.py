"""Runs in processes of their own, with a tiny model: started, paused, stopped, killed, resumed."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from storage import document_list, events, locks, runs
from storage.exceptions import RunProblem
from storage.records import Run, RunState
from tests.support import tiny_model, workspaces
from tests.support.workspaces import until
from workbench.evaluation import report
from workbench.runs import jobs, progress, transfer
from workbench.runs.reconcile import collect, reconcile
from workbench.runs.state import RunFolder, state_of
from workbench.workspace import Workspace

LONG = 1000
"""Epochs of a run that ends only when it is stopped."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.base(tmp_path_factory.mktemp("base"), "layoutlm")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = workspaces.workspace(tmp_path / "ws")
    yield workspace
    for run in listed(workspace):
        if RunFolder(workspace.files.run(run.id)).at_work():
            jobs.kill(workspace, run.id)
    workspace.close()


def listed(workspace: Workspace) -> list[Run]:
    with workspace.db.read() as connection:
        return runs.listed(connection)


def state(workspace: Workspace, run_id: str) -> RunState:
    reconcile(workspace)
    with workspace.db.read() as connection:
        return runs.get(connection, run_id).state


def types(folder: Path) -> list[str]:
    return [event["type"] for event in events.iterate(folder / "events.jsonl")]


def types_since_start(folder: Path) -> list[str]:
    """The events of the run's last process."""
    names = types(folder)
    return names[len(names) - names[::-1].index("queued") - 1 :]


def suggestions(workspace: Workspace) -> list[int]:
    with workspace.db.read() as connection:
        return [d.suggestions for d in document_list.page(connection, document_list.Filter(), 0, 100)]


def test_a_run_trains_in_a_process_of_its_own_and_is_collected(
    workspace: Workspace, base: Path, tmp_path: Path
) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=40))
    jobs.start(workspace, run.id)
    run = jobs.wait(workspace, run.id)
    assert run.state is RunState.FINISHED, run.reason
    assert run.f1 is not None and run.f1 > 0.5
    assert run.report is not None and run.report["figures"]["validation"]["fields"]
    assert run.started and run.ended and run.started < run.ended
    with workspace.db.read() as connection:
        suggested = document_list.ids(connection, document_list.Filter("suggested"))
        pool = document_list.ids(connection, document_list.Filter("unlabelled"))
    assert suggested and set(suggested) <= set(pool)
    assert (workspace.files.run(run.id) / "model" / "workbench.json").exists()
    # its model card has the headers that a hub reads, and the interval of its own figure
    card = (transfer.export_model(workspace, run.id, tmp_path / "given") / "README.md").read_text()
    evaluated = report.evaluate_run(workspace.files.run(run.id))
    head = yaml.safe_load(card.split("---")[1])
    assert head["license"] == "other" and "base_model" not in head  # a folder's weights may be anybody's
    assert head["pipeline_tag"] == "token-classification" and head["datasets"]
    low, high = evaluated["micro"]["ci95"]
    assert f"**{evaluated['micro']['f1']:.3f}** (95 % between {low:.2f} and {high:.2f})" in card
    assert run.f1 == pytest.approx(evaluated["splits"]["validation"]["f1"])


def test_pause_stop_and_resume(workspace: Workspace, base: Path) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG))
    folder = workspace.files.run(run.id)
    jobs.start(workspace, run.id)
    assert state(workspace, run.id) in (RunState.QUEUED, RunState.RUNNING)
    until(lambda: "step" in types(folder))
    with pytest.raises(RunProblem, match="running already"):
        jobs.start(workspace, run.id)
    with pytest.raises(RunProblem, match="running"):
        jobs.delete(workspace, run.id)
    jobs.pause(workspace, run.id)
    until(lambda: state(workspace, run.id) is RunState.PAUSED)
    steps = types(folder).count("step")
    time.sleep(0.5)
    assert types(folder).count("step") == steps
    jobs.resume(workspace, run.id)  # resuming also continues a paused run
    until(lambda: types(folder).count("step") > steps)
    jobs.stop(workspace, run.id)
    stopped = jobs.wait(workspace, run.id)
    assert stopped.state is RunState.STOPPED and stopped.f1 is not None
    jobs.resume(workspace, run.id)
    # the last process's end is still in the events: the run is none the less at work
    assert state(workspace, run.id) in (RunState.QUEUED, RunState.RUNNING)
    at = progress.of(folder).step
    until(lambda: progress.of(folder).step > at)
    jobs.kill(workspace, run.id)
    killed = jobs.wait(workspace, run.id)
    assert killed.state is RunState.KILLED and "resume" in killed.reason
    with pytest.raises(RunProblem, match="not running"):
        jobs.stop(workspace, run.id)


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="the system has no such class of processes")
def test_a_run_gives_way_while_a_terminal_is_open(workspace: Workspace, base: Path) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG))
    folder = RunFolder(workspace.files.run(run.id))
    jobs.start(workspace, run.id)
    worker = until(lambda: locks.held(folder.lock) and folder.process())

    def gives_way() -> set[bool]:
        threads = [int(path.name) for path in Path(f"/proc/{worker}/task").iterdir()]
        return {os.sched_getscheduler(thread) == os.SCHED_IDLE for thread in threads}

    assert gives_way() == {False}
    with locks.shared(workspace.files.terminal_lock), locks.shared(workspace.files.terminal_lock):
        until(lambda: True in gives_way())
        assert locks.had_by_any(workspace.files.terminal_lock)
    assert not locks.had_by_any(workspace.files.terminal_lock)
    jobs.kill(workspace, run.id)


def test_a_run_whose_folder_is_deleted_ends_instead_of_training_on_unseen(workspace: Workspace, base: Path) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG))
    folder = workspace.files.run(run.id)
    jobs.start(workspace, run.id)
    until(lambda: "step" in types(folder))
    worker = psutil.Process(RunFolder(folder).process() or 0)
    folder.rename(folder.with_name("deleted"))
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    [failed] = [e for e in events.iterate(folder.with_name("deleted") / "events.jsonl") if e["type"] == "failed"]
    assert "was deleted while the run was at work" in failed["message"]
    assert not folder.exists()


def test_a_run_killed_from_outside_is_known_and_goes_on(workspace: Workspace, base: Path) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG, save_steps=2))
    folder = workspace.files.run(run.id)
    jobs.start(workspace, run.id)
    until(lambda: "saved" in types(folder))
    pid = locks.holder(folder / "lock")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: state(workspace, run.id) is RunState.CRASHED)
    assert "outside" in listed(workspace)[0].reason
    jobs.resume(workspace, run.id)
    until(lambda: any(e.get("resumed_from") for e in events.iterate(folder / "events.jsonl")))
    jobs.stop(workspace, run.id)
    assert jobs.wait(workspace, run.id).state is RunState.STOPPED


STAGES: dict[str, tuple[str, float]] = {
    "loading": ("queued", 8.0), "training": ("step", 0.3),
    "saving": ("evaluated", 0.1), "ending": ("predicting", 1.0),
}  # fmt: skip
"""What a process is about to do: the event before it, and how many seconds later at most it is killed."""


@pytest.mark.timeout(1200)  # six starts, each of which loads the libraries
@pytest.mark.parametrize("seed", range(int(os.environ.get("WORKBENCH_KILLED_RUNS", "1"))))
def test_killed_at_every_stage_it_is_resumed_to_the_same_end(workspace: Workspace, base: Path, seed: int) -> None:
    """Once in every stage, at a random moment; support/kill_training.py kills more in less time."""
    draw = random.Random(seed)
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=6, save_steps=1))
    folder = workspace.files.run(run.id)
    stages, killed = draw.sample(list(STAGES), len(STAGES)), []
    stages.append(stages.pop(stages.index("ending")))  # after it there is nothing left to train
    for stage in stages:
        jobs.resume(workspace, run.id)
        event, seconds = STAGES[stage]
        while event not in types_since_start(folder) and RunFolder(folder).at_work():
            time.sleep(0.02)
        until(lambda: RunFolder(folder).process() or not RunFolder(folder).at_work())
        time.sleep(draw.uniform(0.0, seconds))
        pid = RunFolder(folder).process()
        if pid is None or not RunFolder(folder).at_work():
            break  # it was faster
        os.kill(pid, signal.SIGKILL)
        until(lambda: not RunFolder(folder).at_work())
        now = state(workspace, run.id)
        print(f"killed at {stage}, after {types_since_start(folder)[-1]}: {now}")
        killed.append(stage)
        if now is RunState.FINISHED:  # its last event was written
            break
        assert now is RunState.CRASHED
    assert killed
    if state(workspace, run.id) is RunState.CRASHED:
        jobs.resume(workspace, run.id)
    done = jobs.wait(workspace, run.id)
    assert done.state is RunState.FINISHED, done.reason
    known = progress.of(folder)
    assert [s.step for s in known.steps] == list(range(1, known.total_steps + 1))
    assert types(folder).count("finished") == 1
    suggested = suggestions(workspace)
    collect(workspace, run.id)
    assert suggestions(workspace) == suggested
    assert len(listed(workspace)) == 1


def test_runs_wait_for_their_turn_and_can_be_stopped_before_it(workspace: Workspace, base: Path) -> None:
    config = workspaces.config(base, num_train_epochs=LONG)
    first, second, third = jobs.grid(workspace, {"a": config, "b": config, "c": config})
    assert first.batch and first.batch == second.batch == third.batch
    jobs.start_in_turn(workspace, [run.id for run in (first, second, third)])
    until(lambda: "step" in types(workspace.files.run(first.id)))
    assert state(workspace, second.id) is state(workspace, third.id) is RunState.QUEUED
    jobs.stop(workspace, second.id)
    until(lambda: state(workspace, second.id) is RunState.KILLED)
    assert "before it began" in next(r for r in listed(workspace) if r.id == second.id).reason
    jobs.kill(workspace, first.id)
    until(lambda: state(workspace, third.id) is RunState.RUNNING)


def launchers(workspace: Workspace) -> list[int]:
    """The processes that wait for the turn of runs of a workspace."""
    lines = {p.pid: p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])}
    runs_of = f":{workspace.files.runs}"
    return [pid for pid, line in lines.items() if "workbench.runs.launcher" in line and runs_of in " ".join(line)]


def test_a_grid_waits_in_one_process_whose_end_loses_no_run(workspace: Workspace, base: Path) -> None:
    """Killed with 49 runs that wait, it is started again by the next look, which any command or terminal is."""
    config = workspaces.config(base, num_train_epochs=LONG)
    grid = jobs.grid(workspace, {str(number): config for number in range(50)})
    jobs.start_in_turn(workspace, [run.id for run in grid])
    first, second, third, *others = grid
    until(lambda: "step" in types(workspace.files.run(first.id)))
    (launcher,) = launchers(workspace)
    jobs.kill(workspace, second.id)
    until(lambda: state(workspace, second.id) is RunState.KILLED)
    os.kill(launcher, signal.SIGKILL)
    until(lambda: not launchers(workspace))
    until(lambda: not RunFolder(workspace.files.run(third.id)).at_work())
    jobs.stop(workspace, others[-1].id)  # one that no process waits for can be stopped as well
    assert {state(workspace, run.id) for run in (third, *others[:-1])} == {RunState.QUEUED}
    assert state(workspace, others[-1].id) is RunState.KILLED
    assert state(workspace, first.id) is RunState.RUNNING, "the run at work goes on"
    assert len(launchers(workspace)) == 1
    jobs.kill(workspace, first.id)
    until(lambda: "step" in types(workspace.files.run(third.id)))
    assert len(launchers(workspace)) == 1
    assert types(workspace.files.run(second.id)) == ["queued"]
    for run in others[:-1]:
        jobs.kill(workspace, run.id)
    until(lambda: not launchers(workspace))
    assert state(workspace, third.id) is RunState.RUNNING


def test_one_run_is_started_by_one_terminal_only(workspace: Workspace, base: Path) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG))
    started, refused = [], []

    def terminal() -> None:
        try:
            jobs.start(workspace, run.id)
            started.append(1)
        except RunProblem as problem:
            refused.append(problem)

    looking = threading.Event()

    def looker() -> None:
        while not looking.is_set():
            state_of(RunFolder(workspace.files.run(run.id)), progress.of(workspace.files.run(run.id)))

    watcher = threading.Thread(target=looker)
    watcher.start()
    threads = [threading.Thread(target=terminal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: "step" in types(workspace.files.run(run.id)))
    looking.set()
    watcher.join()
    assert (len(started), len(refused)) == (1, 3)
    assert types(workspace.files.run(run.id)).count("started") == 1


def test_a_run_that_fails_gives_the_workers_message_as_its_reason(workspace: Workspace, tmp_path: Path) -> None:
    config = workspaces.config(tmp_path)
    run = jobs.prepare(workspace, config)
    (Path(config.model.name) / "model.safetensors").unlink()
    jobs.start(workspace, run.id)
    done = jobs.wait(workspace, run.id)
    assert done.state is RunState.FAILED
    assert "base-of-zeros cannot be used" in done.reason
