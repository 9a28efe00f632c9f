"""The processes of one server, which answer at the same port: which have loaded the model, and why one cannot."""

import os
from pathlib import Path

from workbench.serving.metrics import SHARED

_FAILED = "failed"


class Siblings:
    """What the processes of a server know of each other, by files in the folder that they share.

    Args:
        count: how many there are; one alone shares nothing.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._folder = Path(os.environ[SHARED]) if count > 1 else None
        self._complete = count <= 1

    def report_ready(self) -> None:
        """This process has loaded the model."""
        if self._folder is not None:
            (self._folder / f"ready-{os.getpid()}").touch()

    def all_were_ready(self) -> bool:
        """Whether as many as there are have loaded the model: no request comes upon one that is loading."""
        if not self._complete and self._folder is not None:
            self._complete = len(list(self._folder.glob("ready-*"))) >= self._count
        return self._complete

    def answer_already(self) -> bool:
        """Whether this process takes the place of another: then it listens only when it can answer."""
        return self._folder is not None and self.all_were_ready()


def report_failure(folder: Path, exit_code: int) -> None:
    """Say with which code the server is to end, since the model cannot be loaded."""
    (folder / _FAILED).write_text(str(exit_code), encoding="ascii")


def failure(folder: Path) -> int | None:
    """The exit code that a process reported."""
    try:
        return int((folder / _FAILED).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
