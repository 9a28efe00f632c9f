"""Workspaces that many tests begin with: made once a process, and copied for each test."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Hashable
from functools import cache
from pathlib import Path

from workbench.workspace import Workspace

_made: dict[Hashable, Path] = {}


@cache
def _kept() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="workbench-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def copied(folder: Path, what: Hashable, make: Callable[[Path], Workspace]) -> Workspace:
    """A workspace in a new folder.

    Args:
        what: tells apart what is made.
        make: makes it in a folder; what it writes beside the workspace is there for every copy.
    """
    if "WORKBENCH_TESTS_ON" in os.environ:  # copies of a folder would share its database on the server
        return make(folder)
    if what not in _made:
        original = Path(tempfile.mkdtemp(dir=_kept())) / folder.name
        make(original).close()
        _made[what] = original
    shutil.copytree(_made[what], folder, dirs_exist_ok=True)
    return Workspace.open(folder)
