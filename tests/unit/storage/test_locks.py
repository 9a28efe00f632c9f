import os
import subprocess
import sys
import time
from pathlib import Path

from storage import locks


def test_a_lock_is_held_until_its_descriptor_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not locks.held(path)
    descriptor = locks.acquire(path)
    assert descriptor is not None
    assert locks.held(path)
    assert locks.holder(path) == os.getpid()
    assert locks.acquire(path) is None
    os.close(descriptor)
    assert not locks.held(path)


def test_a_killed_process_lets_go_of_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = (
        f"from storage import locks; from pathlib import Path; import time\n"
        f"locks.acquire(Path({str(path)!r})); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", program])
    try:
        for _ in range(200):
            if locks.held(path):
                break
            time.sleep(0.05)
        assert locks.held(path)
        assert locks.holder(path) == child.pid
    finally:
        child.kill()
        child.wait()
    assert not locks.held(path)


def test_no_file_means_no_holder(tmp_path: Path) -> None:
    assert locks.holder(tmp_path / "none") is None
    (tmp_path / "empty").write_text("")
    assert locks.holder(tmp_path / "empty") is None
