"""The processes of one server, which answer at the same port: which have loaded the model, and why one cannot."""

import os
import signal
import socket
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from workbench.serving.connections import refuse_new
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


class Supervisor(Multiprocess):
    """Several processes at one port."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        hang_up = signal.getsignal(signal.SIGHUP)
        super().__init__(config, sockets)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, hang_up)  # uvicorn would load every process anew

    def _stop(self, number: int, frame: Any) -> None:
        """End them at once: uvicorn would first wait for a sign of life of one that is loading its libraries."""
        self.should_exit.set()
        for process in self.processes:
            if process.pid is not None and process.process.is_alive():
                process.child_conn.close()  # the copy here: what waits for a sign learns of its end
                os.kill(process.pid, signal.SIGTERM)

    def terminate_all(self) -> None:
        """End them, and the port with the last; closed here too, else requests wait there for nothing."""
        refuse_new(self.sockets)
        for listening in self.sockets:
            listening.close()
        super().terminate_all()


def report_failure(folder: Path, exit_code: int) -> None:
    """Say with which code the server is to end, since the model cannot be loaded."""
    (folder / _FAILED).write_text(str(exit_code), encoding="ascii")


def failure(folder: Path) -> int | None:
    """The exit code that a process reported."""
    try:
        return int((folder / _FAILED).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
