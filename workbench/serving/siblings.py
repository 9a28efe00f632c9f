"""The processes of one server, which answer at the same port: which have loaded the model, and why one cannot."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE
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


_STOP = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def ending_at_once() -> Iterator[None]:
    """While a process has nothing to answer: a signal ends it without waiting for what it loads."""
    before = {number: signal.signal(number, lambda number, frame: os._exit(128 + number)) for number in _STOP}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def take_port(config: uvicorn.Config) -> socket.socket:
    """The port of several processes: listened on before they load, so that no other server can be bound to it, too.

    It ends the program with a line where another server has the port. Requests wait until a process has its libraries.
    """
    port = config.bind_socket()
    try:
        port.listen(config.backlog)
    except OSError as error:  # the other one was faster by a moment
        logging.getLogger("uvicorn.error").error(error)
        sys.exit(STARTUP_FAILURE)
    return port


class Supervisor(Multiprocess):
    """Several processes at one port."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        before = {number: signal.getsignal(number) for number in (*_STOP, signal.SIGHUP)}
        super().__init__(config, sockets)
        self._before, self._ended_by = before, 0
        for number in _STOP:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, before[signal.SIGHUP])  # uvicorn would load every process anew

    def pass_signal_on(self) -> None:
        """End as the signal that ended the processes would have ended this one."""
        if self._ended_by:
            signal.signal(self._ended_by, self._before[signal.Signals(self._ended_by)])
            signal.raise_signal(self._ended_by)

    def _stop(self, number: int, frame: Any) -> None:
        """End them at once: uvicorn would first wait for a sign of life of one that is loading its libraries."""
        self._ended_by = number
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
