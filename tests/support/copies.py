"""Workspaces that many tests begin with: made once a process, and copied for each test."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Hashable
from functools import cache
from pathlib import Path

from storage.files import Files
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
    if what not in _made:
        original = Path(tempfile.mkdtemp(dir=_kept())) / folder.name
        make(original).close()
        if not Files(original).database.exists():  # it is on a server: copies of the folder would share it
            return make(folder)
        _made[what] = original
    shutil.copytree(_made[what], folder, dirs_exist_ok=True)
    return Workspace.open(folder)
