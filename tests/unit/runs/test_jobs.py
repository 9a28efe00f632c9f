"""The life of runs, with real processes and a tiny model."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy.exc import OperationalError
from transformers import LayoutLMv3ImageProcessorPil

from storage import document_list, events, locks, runs
from storage.exceptions import InputProblem, RunProblem, WorkbenchError, WorkspaceProblem
from storage.records import Run, RunState
from tests.support import tiny_model, workspaces
from tests.support.workspaces import until
from workbench.evaluation import report
from workbench.runs import jobs, model_card, progress, transfer
from workbench.runs.config import families
from workbench.runs.reconcile import collect, reconcile
from workbench.runs.state import RunFolder, state_of
from workbench.workspace import Workspace

LONG = 1000
"""Epochs of a run that ends only when it is told to."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.base(tmp_path_factory.mktemp("base"), "layoutlm")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, base: Path) -> tuple[Path, str]:
    """A workspace with a run that ended well; copied for every test that needs one."""
    made = workspaces.workspace(tmp_path_factory.mktemp("finished") / "ws")
    run = jobs.prepare(made, workspaces.config(base, num_train_epochs=40), name="first")
    jobs.start(made, run.id)
    done = jobs.wait(made, run.id)
    assert done.state is RunState.FINISHED, done.reason
    made.close()
    return made.files.root, run.id


@pytest.fixture
def copy(finished: tuple[Path, str], tmp_path: Path) -> Iterator[tuple[Workspace, str]]:
    shutil.copytree(finished[0], tmp_path / "copy")
    made = Workspace.open(tmp_path / "copy")
    yield made, finished[1]
    made.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = workspaces.workspace(tmp_path / "ws")
    yield made
    for run in listed(made):
        if RunFolder(made.files.run(run.id)).at_work():
            jobs.kill(made, run.id)
    made.close()


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


def test_a_run_trains_in_a_process_of_its_own_and_is_collected(copy: tuple[Workspace, str]) -> None:
    workspace, run_id = copy
    run = listed(workspace)[0]
    assert run.f1 is not None and run.f1 > 0.5
    assert run.report is not None and run.report["figures"]["validation"]["fields"]
    assert run.started and run.ended and run.started < run.ended
    with workspace.db.read() as connection:
        suggested = document_list.ids(connection, document_list.Filter("suggested"))
        pool = document_list.ids(connection, document_list.Filter("unlabelled"))
    assert suggested and set(suggested) <= set(pool)
    assert (workspace.files.run(run_id) / "model" / "workbench.json").exists()


def test_a_run_whose_process_takes_its_time_to_end_does_not_look_queued_again(copy: tuple[Workspace, str]) -> None:
    workspace, run_id = copy
    folder = workspace.files.run(run_id)
    waiting = locks.acquire(folder / "waiting")
    assert waiting is not None and state_of(RunFolder(folder), progress.of(folder)) is RunState.RUNNING
    with events.EventWriter(folder / "events.jsonl") as writer:
        writer.write("queued")
    assert state_of(RunFolder(folder), progress.of(folder)) is RunState.QUEUED
    os.close(waiting)


def test_collecting_twice_changes_nothing(copy: tuple[Workspace, str]) -> None:
    workspace, run_id = copy
    before = suggestions(workspace), listed(workspace)
    collect(workspace, run_id)
    collect(workspace, run_id)
    assert (suggestions(workspace), listed(workspace)) == before


def test_a_disk_that_is_full_while_a_run_is_collected_loses_nothing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr("workbench.runs.reconcile.keep_suggestions", full)
        with pytest.raises(WorkspaceProblem, match="disk is full"):
            workspaces.finished_run(workspace, tmp_path)
    assert [run.state for run in listed(workspace)] == [RunState.QUEUED]
    reconcile(workspace)  # there is space again
    with workspace.db.read() as connection:
        assert document_list.ids(connection, document_list.Filter("suggested"))
    assert [run.state for run in listed(workspace)] == [RunState.FINISHED]


@pytest.mark.parametrize("name", ["report.json", "predictions.parquet", "dataset/pool.parquet"])
@pytest.mark.parametrize("how", ["gone", "torn"])
def test_a_damaged_folder_is_said_and_keeps_nobody_from_working(
    copy: tuple[Workspace, str], name: str, how: str
) -> None:
    workspace, run_id = copy
    path = workspace.files.run(run_id) / name
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with workspace.db.write() as connection:
        runs.change(connection, run_id, state=RunState.RUNNING)
    reconcile(workspace)
    run = listed(workspace)[0]
    if (name, how) == ("dataset/pool.parquet", "gone"):  # a run without a pool is complete
        assert run.state is RunState.FINISHED
    else:
        assert run.state is RunState.CRASHED
        assert "cannot be read" in run.reason


def test_a_folder_copied_elsewhere_is_adopted_without_suggesting_on_other_documents(
    copy: tuple[Workspace, str], tmp_path: Path
) -> None:
    workspace, run_id = copy
    elsewhere = workspaces.workspace(tmp_path / "other", {"train": 0, "validation": 0, "test": 0, "pool": 25})
    run = transfer.adopt(elsewhere, workspace.files.run(run_id))
    assert run.state is RunState.FINISHED and run.f1 is not None
    with elsewhere.db.read() as connection:
        assert document_list.count(connection, document_list.Filter("suggested")) == 0
    with pytest.raises(RunProblem, match="here already"):
        transfer.adopt(elsewhere, workspace.files.run(run_id))
    jobs.delete(elsewhere, run_id)
    assert listed(elsewhere) == []
    assert transfer.adopt(elsewhere, workspace.files.run(run_id)).state is RunState.FINISHED


def test_a_folder_that_names_itself_a_path_is_refused(copy: tuple[Workspace, str], tmp_path: Path) -> None:
    workspace, run_id = copy
    source = tmp_path / "bad"
    shutil.copytree(workspace.files.run(run_id), source)
    request = source / "request.yaml"
    request.write_text(request.read_text().replace(f"run: {run_id}", "run: ../../out"))
    with pytest.raises(InputProblem, match="no run's name"):
        transfer.adopt(workspace, source)
    assert not (tmp_path / "out").exists()


def test_a_model_is_given_away_with_its_card(copy: tuple[Workspace, str], tmp_path: Path) -> None:
    workspace, run_id = copy
    target = transfer.export_model(workspace, run_id, tmp_path / "given")
    assert json.loads((target / "config.json").read_text())["architectures"] == ["LayoutLMForTokenClassification"]
    card = (target / "README.md").read_text()
    assert "MIT" in card and "10 documents" in card and "| amount_total |" in card
    with pytest.raises(WorkspaceProblem, match="there already"):
        transfer.export_model(workspace, run_id, target)
    with workspace.db.read() as connection:
        run = runs.get(connection, run_id)
    evaluated = report.evaluate_run(workspace.files.run(run_id))
    head = yaml.safe_load(card.split("---")[1])
    assert head["license"] == "other" and "base_model" not in head  # a folder's weights may be anybody's
    assert head["pipeline_tag"] == "token-classification" and head["datasets"]
    low, high = evaluated["micro"]["ci95"]
    assert f"**{evaluated['micro']['f1']:.3f}** (95 % between {low:.2f} and {high:.2f})" in card
    assert run.f1 == pytest.approx(evaluated["splits"]["validation"]["f1"])


@pytest.mark.parametrize("family", ["layoutlm", "lilt", "layoutlmv3", "text"])
def test_the_code_of_the_card_runs(tmp_path: Path, family: str) -> None:
    """In a process of its own, in the folder, and labels every word."""
    base = tiny_model.base(tmp_path, family, labels=["O", "B-amount_total", "I-amount_total"])
    if family == "layoutlmv3":
        tiny_model.picture(base)
        LayoutLMv3ImageProcessorPil(apply_ocr=False, size={"height": 32, "width": 32}).save_pretrained(base)
    code = model_card._code(families.spec(family), 0)
    ran = subprocess.run([sys.executable, "-c", code], cwd=base, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["Total:", "12.50"]


def test_a_finished_run_cannot_be_resumed_but_cloned(copy: tuple[Workspace, str]) -> None:
    workspace, run_id = copy
    with pytest.raises(RunProblem, match="nothing to resume"):
        jobs.resume(workspace, run_id)
    run = jobs.clone(workspace, run_id, ["train.learning_rate=1e-4"], "again")
    assert (run.parent, run.name, run.config["train"]["learning_rate"]) == (run_id, "again", 1e-4)


def test_pause_stop_and_resume(workspace: Workspace, base: Path) -> None:
    run = jobs.prepare(workspace, workspaces.config(base, num_train_epochs=LONG))
    folder = workspace.files.run(run.id)
    jobs.start(workspace, run.id)
    assert state(workspace, run.id) in (RunState.QUEUED, RunState.RUNNING)
    until(lambda: "step" in types(folder))
    with pytest.raises(RunProblem, match="at work already"):
        jobs.start(workspace, run.id)
    with pytest.raises(RunProblem, match="at work"):
        jobs.delete(workspace, run.id)
    jobs.pause(workspace, run.id)
    until(lambda: state(workspace, run.id) is RunState.PAUSED)
    steps = types(folder).count("step")
    time.sleep(0.5)
    assert types(folder).count("step") == steps
    jobs.resume(workspace, run.id)  # of a paused run: it need not be told apart from `unpause`
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
    with pytest.raises(RunProblem, match="not at work"):
        jobs.stop(workspace, run.id)


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
    "the launcher": ("queued", 0.2), "loading": ("queued", 8.0), "training": ("step", 0.3),
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
        time.sleep(draw.uniform(0.0, seconds))
        pid = locks.holder(folder / "lock") if locks.held(folder / "lock") else locks.holder(folder / "waiting")
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
    for run in (first, second, third):
        jobs.start(workspace, run.id)
    until(lambda: "step" in types(workspace.files.run(first.id)))
    assert state(workspace, second.id) is state(workspace, third.id) is RunState.QUEUED
    jobs.stop(workspace, second.id)
    until(lambda: state(workspace, second.id) is RunState.KILLED)
    assert "before it began" in next(r for r in listed(workspace) if r.id == second.id).reason
    jobs.kill(workspace, first.id)
    until(lambda: state(workspace, third.id) is RunState.RUNNING)


def test_two_terminals_start_runs_at_once(workspace: Workspace, base: Path) -> None:
    config = workspaces.config(base)
    made: list[str] = []
    problems: list[BaseException] = []

    def terminal() -> None:
        own = Workspace.open(workspace.files.root)
        try:
            made.extend(jobs.prepare(own, config).id for _ in range(3))
            reconcile(own)
        except BaseException as error:
            problems.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=terminal) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert len(set(made)) == len(made) == 9 == len(listed(workspace))


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


def test_a_run_that_was_never_started_says_so_and_can_be(workspace: Workspace, base: Path) -> None:
    run = jobs.prepare(workspace, workspaces.config(base))
    assert state(workspace, run.id) is RunState.QUEUED  # about to be started: whoever looks now raises no alarm
    with workspace.db.write() as connection:
        runs.change(connection, run.id, created=run.created - timedelta(minutes=1))
    assert state(workspace, run.id) is RunState.CRASHED
    assert "never started" in listed(workspace)[0].reason
    jobs.resume(workspace, run.id)
    assert jobs.wait(workspace, run.id).state is RunState.FINISHED


def test_a_failure_is_told_in_the_workers_words(workspace: Workspace, tmp_path: Path) -> None:
    run = jobs.prepare(workspace, workspaces.config(tmp_path / "no-such-model"))
    jobs.start(workspace, run.id)
    done = jobs.wait(workspace, run.id)
    assert done.state is RunState.FAILED
    assert "no-such-model" in done.reason


def test_a_crash_is_told_by_the_last_error(tmp_path: Path) -> None:
    log = 'Traceback (most recent call last):\n  File "x.py", line 1\n    f()\nValueError: the third page is missing\n'
    (tmp_path / "stderr.log").write_text(log)
    assert RunFolder(tmp_path).log_tail() == "ValueError: the third page is missing"


def test_a_full_disk_leaves_no_half_made_run(workspace: Workspace, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(WorkbenchError, match="No space left"):
            jobs.prepare(workspace, workspaces.config(base))
    assert listed(workspace) == []
    assert [p for p in workspace.files.runs.iterdir() if not p.name.startswith(".")] == []


def test_deleting_asks_for_the_pin_and_takes_the_folder(copy: tuple[Workspace, str]) -> None:
    workspace, run_id = copy
    with workspace.db.write() as connection:
        runs.change(connection, run_id, pinned=True)
    with pytest.raises(RunProblem, match="pinned"):
        jobs.delete(workspace, run_id)
    with workspace.db.write() as connection:
        runs.change(connection, run_id, pinned=False)
    jobs.delete(workspace, run_id)
    assert not workspace.files.run(run_id).exists()
    assert listed(workspace) == []
