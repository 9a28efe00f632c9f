"""Workspaces that many tests begin with: made once for all processes of a test run, and copied for each test."""

import atexit
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from storage.files import Files
from workbench.workspace import Workspace

SHARED = "WORKBENCH_TEST_COPIES"
"""Environment variable: the folder of the workspaces that all processes of a test run share."""


@cache
def _kept() -> Path:
    if shared := os.environ.get(SHARED):
        return Path(shared)
    folder = Path(tempfile.mkdtemp(prefix="workbench-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def keep_apart(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Copy nothing that other tests made: where a test makes workspaces on a server, theirs are no stand-in."""
    folder.mkdir()
    patch.setattr(sys.modules[__name__], "_kept", lambda: folder)


def copied(folder: Path, what: bytes | str | tuple[object, ...], make: Callable[[Path], Workspace]) -> Workspace:
    """A workspace in a new folder.

    Args:
        what: tells apart what is made, in every process alike.
        make: makes it in a folder; what it writes beside the workspace is there for every copy.
    """
    place = _kept() / hashlib.sha256(what if isinstance(what, bytes) else repr(what).encode()).hexdigest()
    whole = place / "whole"  # leads to the original, once there is all of it
    if not whole.exists():
        place.mkdir(exist_ok=True)
        with (place / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                original = Path(tempfile.mkdtemp(dir=place)) / folder.name
                make(original).close()
                if not Files(original).database.exists():  # it is on a server: copies of the folder would share it
                    return make(folder)
                whole.symlink_to(original)
    shutil.copytree(whole, folder, dirs_exist_ok=True)
    return Workspace.open(folder)
