"""Turns and slots of runs. The launcher's process itself is tested with real runs in test_jobs."""

import os
import threading
import time
from pathlib import Path

import pytest

from storage import locks
from workbench.runs import launcher, machine
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


def test_a_free_slot_is_taken_at_once_and_only_so_many(tmp_path: Path) -> None:
    a, b, c = (folder(tmp_path, name, 0) for name in "abc")
    first, second = launcher.wait_for_slot(a, 2), launcher.wait_for_slot(b, 2)
    assert first is not None and second is not None
    got: list[tuple[int, int] | None] = []
    waiter = threading.Thread(target=lambda: got.append(launcher.wait_for_slot(c, 2)))
    waiter.start()
    time.sleep(0.1)
    assert not got
    os.close(first[1])
    waiter.join(5)
    assert got and got[0] is not None
    assert got[0][0] == first[0], "the slot that became free"
    os.close(second[1])
    os.close(got[0][1])


def test_the_oldest_request_that_waits_goes_first(tmp_path: Path) -> None:
    old, new = folder(tmp_path, "old", 100), folder(tmp_path, "new", 0)
    (tmp_path / "no run").mkdir()
    waiting = locks.acquire(old / "waiting")
    assert waiting is not None
    assert not launcher._is_next(RunFolder(new))
    assert launcher._is_next(RunFolder(old))
    working = locks.acquire(old / "lock")  # it is at work now, and waits no longer
    assert working is not None
    assert launcher._is_next(RunFolder(new))
    os.close(working)
    os.close(waiting)
    assert launcher._is_next(RunFolder(new))


def test_a_run_that_is_stopped_while_it_waits_gets_no_slot(tmp_path: Path) -> None:
    run = folder(tmp_path, "run", 0)
    (run / "stop").touch()
    assert launcher.wait_for_slot(run, 1) is None
    assert not locks.held(tmp_path / ".slot-0")


def _with_gpus(folder: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    program = folder / "nvidia-smi"
    lines = "".join(f"echo 'GPU {i}: NVIDIA H200 (UUID: GPU-{i})'\n" for i in range(number))
    program.write_text(f"#!/bin/sh\n{lines}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")


@pytest.mark.parametrize(
    ("gpus", "slots", "expected"),
    [(2, 2, ["0", "1"]), (2, 4, ["0", "1", "0", "1"]), (4, 1, [None]), (1, 2, [None, None]), (0, 2, [None, None])],
)
def test_runs_that_work_side_by_side_share_the_gpus(
    gpus: int, slots: int, expected: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    _with_gpus(tmp_path, monkeypatch, gpus)
    assert [launcher.gpu_of(slot, slots).get("CUDA_VISIBLE_DEVICES") for slot in range(slots)] == expected
    assert machine.device() == ("cuda" if gpus else "cpu")


def test_only_the_gpus_that_were_given_are_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-5f")
    _with_gpus(tmp_path, monkeypatch, 8)
    assert [launcher.gpu_of(slot, 2)["CUDA_VISIBLE_DEVICES"] for slot in range(2)] == ["3", "GPU-5f"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert launcher.gpu_of(0, 2) == {}
    assert machine.device() == "cpu"


def test_a_gpu_that_is_named_and_not_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    _with_gpus(tmp_path, monkeypatch, 0)
    assert machine.device() == "cpu"
    assert launcher.gpu_of(0, 2) == {}
