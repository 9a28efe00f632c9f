"""Turns and slots of runs. The launcher's process itself is tested with real runs in test_jobs."""

import os
import threading
import time
from pathlib import Path

import pytest

from storage import locks
from workbench.runs import launcher
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
    got: list[int | None] = []
    waiter = threading.Thread(target=lambda: got.append(launcher.wait_for_slot(c, 2)))
    waiter.start()
    time.sleep(0.1)
    assert not got
    os.close(first)
    waiter.join(5)
    assert got and got[0] is not None
    os.close(second)
    os.close(got[0])


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
