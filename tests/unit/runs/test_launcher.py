"""Turns and slots of runs. The launcher's process itself is tested with real runs in test_jobs."""

import json
import os
import threading
import time
from pathlib import Path

import pytest

from storage import locks
from tests.support import rights
from workbench.runs import launcher, machine
from workbench.runs.config.files import from_dict
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder


def folder(parent: Path, name: str, age: int) -> Path:
    made = parent / name
    made.mkdir()
    (made / "request.yaml").write_text("run: x")
    os.utime(made / "request.yaml", (1000 - age, 1000 - age))
    return made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "POLL_SECONDS", 0.01)


def waiting(parent: Path, name: str, age: int = 0) -> tuple[int, RunFolder]:
    """A run that waits for its turn: the descriptor of its lock, and its folder."""
    run = RunFolder(folder(parent, name, age))
    run.queued.write_text("1")
    lock = locks.acquire(run.waiting)
    assert lock is not None
    return lock, run


def test_a_free_slot_is_taken_at_once_and_only_so_many(tmp_path: Path) -> None:
    runs = dict(waiting(tmp_path, name) for name in "abc")
    turns = launcher.turns(runs, 2)
    first, second = next(turns), next(turns)
    third: list[launcher.Turn] = []
    waiter = threading.Thread(target=lambda: third.extend(turns))
    waiter.start()
    time.sleep(0.1)
    assert not third
    os.close(first.slot_lock)
    waiter.join(5)
    assert [turn.run.path.name for turn in (first, second, *third)] == ["a", "b", "c"]
    assert third[0].slot == first.slot, "the slot that became free"
    for lock in (second.slot_lock, third[0].slot_lock, *runs):
        os.close(lock)


def test_the_oldest_request_that_waits_goes_first(tmp_path: Path) -> None:
    """Also of another launcher's; a run whose launcher was killed does not keep the others waiting."""
    lock, old = waiting(tmp_path, "old", 100)
    new_lock, new = waiting(tmp_path, "new")
    (tmp_path / "no run").mkdir()
    assert not launcher._is_next(new)
    assert launcher._is_next(old)
    os.close(lock)
    assert launcher._is_next(new)
    lock = locks.acquire(old.waiting) or 0
    assert not launcher._is_next(new)
    old.queued.unlink()  # it is at work now, and waits no longer
    assert launcher._is_next(new)
    os.close(lock)
    os.close(new_lock)


def test_a_run_of_another_user_that_may_not_be_looked_into_keeps_nobody_waiting(tmp_path: Path) -> None:
    lock, closed = waiting(tmp_path, "closed", 100)
    new_lock, new = waiting(tmp_path, "new")
    closed.path.chmod(0)
    with rights.as_anybody():
        assert launcher._is_next(new)
    closed.path.chmod(0o700)
    for descriptor in (lock, new_lock):
        os.close(descriptor)


def test_runs_for_different_machines_do_not_wait_for_each_other(tmp_path: Path) -> None:
    runs = dict(waiting(tmp_path, name, age) for name, age in (("box", 9), ("box again", 8), ("here", 7), ("other", 6)))
    for run in runs.values():
        if run.path.name != "here":
            address = run.path.name.split()[0]
            run.target.write_text(json.dumps({"address": address, "folder": "x"}))
    lines = [
        {lock: run for lock, run in runs.items() if run.path.name.startswith(name)} for name in ("here", "other", "box")
    ]
    turns = [launcher.turns(line, 1) for line in lines]
    begun = [next(turn) for turn in turns]
    assert [turn.run.path.name for turn in begun] == ["here", "other", "box"]
    os.close(begun[2].slot_lock)
    begun.append(next(turns[2]))
    assert begun[3].run.path.name == "box again"
    for lock in (*(turn.slot_lock for turn in begun if turn is not begun[2]), *runs):
        os.close(lock)


@pytest.mark.parametrize("way", ["stop", "withdraw"])
def test_a_run_that_is_stopped_while_it_waits_gets_no_slot(tmp_path: Path, way: str) -> None:
    lock, run = waiting(tmp_path, "run")
    if way == "stop":
        run.stop.touch()
    else:
        assert run.kill()
    assert list(launcher.turns({lock: run}, 1)) == []
    assert run.killed.exists() and not run.at_work()
    assert not locks.held(tmp_path / ".slot-0")
    assert not run.withdraw(), "only once"


def _with_gpus(folder: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    program = folder / "nvidia-smi"
    lines = "".join(f"echo 'GPU {i}: NVIDIA H200 (UUID: GPU-{i})'\n" for i in range(number))
    program.write_text(f"#!/bin/sh\n{lines}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")


def asking(folder: Path, processes: int = 1) -> RunFolder:
    """A run that asks for so many processes."""
    run = RunFolder(folder)
    run.request.write_text(Request(run="run", fields=[], config=from_dict({"train": {"processes": processes}})).text())
    return run


@pytest.mark.parametrize(
    ("gpus", "slots", "expected"),
    [(2, 2, ["0", "1"]), (2, 4, ["0", "1", "0", "1"]), (4, 1, [None]), (1, 2, [None, None]), (0, 2, [None, None])],
)
def test_runs_that_work_side_by_side_share_the_gpus(
    gpus: int, slots: int, expected: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    _with_gpus(tmp_path, monkeypatch, gpus)
    assert [
        launcher.gpus_of(slot, slots, asking(tmp_path)).get("CUDA_VISIBLE_DEVICES") for slot in range(slots)
    ] == expected
    assert machine.device() == ("cuda" if gpus else "cpu")


def test_a_run_of_several_processes_has_a_gpu_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    _with_gpus(tmp_path, monkeypatch, 4)
    run = asking(tmp_path, processes=2)
    assert [launcher.gpus_of(slot, 2, run)["CUDA_VISIBLE_DEVICES"] for slot in range(2)] == ["0,1", "2,3"]


def test_only_the_gpus_that_were_given_are_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-5f")
    _with_gpus(tmp_path, monkeypatch, 8)
    assert [launcher.gpus_of(slot, 2, asking(tmp_path))["CUDA_VISIBLE_DEVICES"] for slot in range(2)] == ["3", "GPU-5f"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert launcher.gpus_of(0, 2, asking(tmp_path)) == {}
    assert machine.device() == "cpu"


def test_a_gpu_that_is_named_and_not_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    _with_gpus(tmp_path, monkeypatch, 0)
    assert machine.device() == "cpu"
    assert launcher.gpus_of(0, 2, asking(tmp_path)) == {}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system does not bind processes to cores")
def test_a_machine_with_one_core_computes_with_one_thread() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert machine.cores() == 1
        assert machine.worker_environment()["OMP_NUM_THREADS"] == "1"
    finally:
        os.sched_setaffinity(0, before)
