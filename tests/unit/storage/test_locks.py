import errno
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage import locks
from storage.exceptions import WorkspaceProblem


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


def test_who_may_only_read_a_lock_sees_whether_it_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's workspace that was opened for reading."""
    path, opened = tmp_path / "lock", os.open
    descriptor = locks.acquire(path)

    def read_only(name: Path, flags: int, mode: int = 0o777) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise PermissionError(errno.EACCES, "Permission denied", str(name))
        return opened(name, flags, mode)

    monkeypatch.setattr(os, "open", read_only)
    assert locks.held(path)
    os.close(descriptor or 0)
    assert not locks.held(path)


def test_a_pipe_in_the_place_of_a_lock_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    assert not locks.held(tmp_path / "lock")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_disk_without_locks_is_named_and_not_taken_for_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def none(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "lock").touch()
    monkeypatch.setattr(fcntl, "flock", none)
    for look in (locks.held, locks.acquire):
        with pytest.raises(WorkspaceProblem, match="has no locks"):
            look(tmp_path / "lock")


def test_a_lock_that_is_shared_is_free_when_the_last_has_left(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not locks.had_by_any(path) and not path.exists()
    with locks.shared(path):
        with locks.shared(path):
            assert locks.had_by_any(path)
        assert locks.had_by_any(path)
        assert locks.acquire(path, patience=0) is None
    assert not locks.had_by_any(path)
    with locks.shared(tmp_path / "missing" / "lock"):  # no disk for it: what it is for goes without
        pass
