"""Locks that are released when their process ends, also when it crashes: files held with flock; and how the
workspace's own short files are opened."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from storage.exceptions import WorkspaceProblem

DRAFT = ".new"
"""Ends the name of the file of a lock that is being made (`acquire_new`)."""
PATIENCE_SECONDS = 0.3
"""How long `acquire` tries: a process that calls `held` has the lock for a moment."""


def acquire(
    path: Path, *, inheritable: bool = False, named: bool = True, patience: float = PATIENCE_SECONDS
) -> int | None:
    """Take the lock and write this process's id into the file; None when another process has it for `patience` seconds.

    The lock is held until the returned descriptor is closed, at the latest when the process ends. An inheritable
    one is also passed on to the program that this process becomes (exec) or starts. Without `named` the file is left
    empty, for another process's id.

    Raises:
        WorkspaceProblem: the disk has no locks, or the file is a link.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise WorkspaceProblem(f"{path} is a link, and is not written to.", "Delete the link.") from error
        raise
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError as error:
            _refuse_a_disk_without_locks(path, error)
            if time.monotonic() > deadline:
                os.close(descriptor)
                return None
            time.sleep(0.01)
    os.set_inheritable(descriptor, inheritable)
    os.ftruncate(descriptor, 0)
    if named:
        os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def acquire_new(path: Path) -> int | None:
    """Take a new lock: its file is there only once it is held, so that no process finds it free before.

    Raises:
        WorkspaceProblem: as `acquire`.
    """
    draft = path.with_name(f"{path.name}{DRAFT}")
    descriptor = acquire(draft, named=False)
    draft.rename(path)
    return descriptor


def held(path: Path) -> bool:
    """Whether a living process holds the lock; also for those who may only read the file.

    Raises:
        WorkspaceProblem: the disk has no locks, or the file is a link.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        # shared: processes that only look do not take each other for the holder
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        _refuse_a_disk_without_locks(path, error)
        return True
    finally:
        os.close(descriptor)
    return False


def _refuse_a_disk_without_locks(path: Path, error: OSError) -> None:
    if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
        raise WorkspaceProblem(
            f"The disk of {path} has no locks ({error.strerror}): two programs would undo each other's work.",
            "Keep the workspace on a disk of this machine.",
        ) from error


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Be one of several processes that have the lock together; without it where the disk has no locks."""
    descriptor = -1
    try:
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW, 0o666)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def had_by_any(path: Path) -> bool:
    """Whether a living process has the lock, alone or with others."""
    try:
        descriptor = acquire(path, named=False) if path.exists() else -1
    except OSError:  # it may not be written
        return held(path)
    if descriptor is not None and descriptor >= 0:
        os.close(descriptor)
    return descriptor is None


def opener(path: str, flags: int) -> int:
    """For `open`: a file of the workspace's own, which is not written through a link. A workspace can come from others.

    Raises:
        OSError: it cannot be opened, or is a link.
    """
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)  # a pipe would be waited for


def open_own(path: Path, mode: str) -> BinaryIO:
    """Open a file of the workspace's own to be written, in a binary mode; raises as `opener`."""
    # Path.open takes no opener
    return cast(BinaryIO, open(path, mode, opener=opener))


def write_own(path: Path, text: str) -> None:
    """Write a short file of the workspace's own; raises as `opener`."""
    with open_own(path, "wb") as file:
        file.write(text.encode())


def holder(path: Path) -> int | None:
    """The process id noted in a lock file, if any."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # of a pipe there is nothing to read
    except OSError:
        return None
    try:
        return int(os.read(descriptor, 100).split()[0])
    except (OSError, ValueError, IndexError):
        return None
    finally:
        os.close(descriptor)
