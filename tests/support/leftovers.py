"""Temporary folders and users of tests, which the next session deletes where theirs was killed."""

import ctypes
import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage import locks
from storage.files import draft_folder, sweep

USERS = "workbench-test-"
"""What the names of users begin with that tests make; the id of their process follows."""
_LOCK = ".lock"  # of `draft_folder`
_PARENT_DIED = 1  # PR_SET_PDEATHSIG
_SHORT = Path("/tmp")  # where paths are short enough for sockets


@contextmanager
def folder(purpose: str) -> Iterator[Path]:
    """A folder with a short path for a server of the tests' own, which other users may enter, deleted at the end."""
    with draft_folder(_SHORT, f"wb-{purpose}-") as made:
        made.chmod(0o755)
        yield made


def end_with_parent(number: int = signal.SIGKILL) -> None:
    """In a child before its program begins: have the system send it a signal when the tests' process ends."""
    ctypes.CDLL(None).prctl(_PARENT_DIED, number)


def forget(within: Path = _SHORT) -> None:
    """Delete the folders in `within` and the users that sessions of tests left which do not live any more."""
    if os.getuid() == 0:
        for known in pwd.getpwall():
            if known.pw_name.startswith(USERS) and not _lives(known):
                delete_user(known.pw_name)
    sweep(within, "wb-[a-z]+-")


def _lives(user: pwd.struct_passwd) -> bool:
    """Whether the session lives that made a user: its process does, and holds the folder that the home is in."""
    process, lock = user.pw_name.removeprefix(USERS), Path(user.pw_dir).parent / _LOCK
    with suppress(OSError):
        if lock.is_file():  # another program may have the number of a process that ended
            return locks.held(lock)
    return process.isdigit() and Path(f"/proc/{process}").exists()


def delete_user(name: str) -> None:
    """End what a user of the tests runs, and delete the user and what PyTorch kept for it."""
    subprocess.run(["pkill", "-KILL", "-u", name], check=False)
    subprocess.run(["userdel", name], check=False, capture_output=True)
    subprocess.run(["rm", "-rf", f"{tempfile.gettempdir()}/torchinductor_{name}"], check=False)
