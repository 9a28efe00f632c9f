"""Worker processes that start at once: forked from a server process that has loaded the model libraries.

Loading torch and transformers takes several seconds of each start, more than training on a few documents. The server
is a child of this process and ends with it; its workers need not. Only on Linux: elsewhere libraries that are loaded
do not survive a fork, and a worker starts as a program of its own.
"""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workbench import lifeline

_NAME = "WORKBENCH_WARM_WORKERS"  # environment variable: the descriptor of the socket that leads to the server
MESSAGE_BYTES = 1 << 20
"""The longest order. An order carries the environment."""
_PATIENCE = 120.0  # seconds: libraries load in a few; a server that hangs is not waited for
_SETTLED = ("CUDA_", "HF_", "HIP_", "HUGGINGFACE_", "LANG", "LC_", "LD_", "MALLOC_", "MKL_", "NVIDIA_", "OMP_",
            "PYTHON", "PYTORCH_", "TOKENIZERS_", "TORCH", "TRANSFORMERS_")  # fmt: skip
"""How variables begin that libraries read when they are loaded: an order with others than the server's is refused."""
_CHANGEABLE = ("OMP_NUM_THREADS", "TORCHINDUCTOR_CACHE_DIR")
"""The number of threads is set with torch, too; the folder is set by torch itself in a process that uses it."""


class Worker(Protocol):
    """What `subprocess.Popen` and `WarmWorker` share."""

    pid: int

    def poll(self) -> int | None:
        """The exit code, once it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when it has ended.

        Raises:
            subprocess.TimeoutExpired: it goes on after `timeout` seconds.
        """

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class WarmWorker:
    """A worker that the server forked. It reports its id and its exit code by a socket that closes with it."""

    def __init__(self, reply: socket.socket, pid: int, lifeline_end: int | None) -> None:
        self.pid = pid
        self._reply = reply
        self._lifeline = lifeline_end
        self._ended: int | None = None
        self._code = -signal.SIGKILL  # a worker that could not report its own was ended from outside

    def poll(self) -> int | None:
        """The exit code, once it has ended; -9 where it was ended from outside."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._ended

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when it has ended."""
        while self._ended is None:
            self._reply.settimeout(timeout)  # 0: do not wait
            try:
                message = self._reply.recv(MESSAGE_BYTES)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0) from None
            except ConnectionError:
                message = b""
            if message:
                self._code = int(message)
            else:
                self._end()
        return self._ended

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _end(self) -> None:
        self._ended = self._code
        self._reply.close()
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def __del__(self) -> None:
        if self._lifeline is not None:  # what stands for the worker is gone: so is the worker, as with `lifeline.start`
            os.close(self._lifeline)


@dataclass(slots=True)
class _Server:
    """The server that this process can order from."""

    connection: socket.socket | None = None
    process: "subprocess.Popen[bytes] | None" = None  # None: of the process that started this one

    def living(self) -> socket.socket | None:
        if self.connection is not None and _has_ended(self.connection):
            self.connection.close()
            if self.process is not None:
                self.process.wait()
            self.connection = self.process = None
        return self.connection


def _has_ended(connection: socket.socket) -> bool:
    """Whether the server's end of the connection is closed: by itself it never is."""
    poll = select.poll()
    poll.register(connection, 0)  # what is always told: that the other end is closed
    return bool(poll.poll(0))


def _inherited() -> _Server:
    value = os.environ.pop(_NAME, "")
    if not value.isdigit():
        return _Server()
    try:
        connection = socket.socket(fileno=int(value))
    except OSError:
        return _Server()
    connection.set_inheritable(False)
    return _Server(connection)


_server = _inherited()


def prepare(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Start the server, unless this process can order from one already.

    Args:
        command: of the server; the descriptor of its socket is added.
        environment: of the server, and of the workers as far as libraries read it when they are loaded.
    """
    if sys.platform != "linux" or _server.living() is not None:
        return
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE_BYTES)
    # not `settimeout`: it would hold for what others send by the same socket, too
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(_PATIENCE), 0))
    with theirs:
        _server.process = lifeline.start(
            [*command, str(theirs.fileno())],
            env=environment,
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    _server.connection = ours


def end() -> None:
    """End the server of this process; workers that it forked go on."""
    if _server.process is not None:
        _server.process.kill()
        _server.process.wait()
        _server.living()


def passed_on() -> tuple[dict[str, str], tuple[int, ...]]:
    """Environment variables and descriptors by which a child process can order from this process's server."""
    connection = _server.living()
    if connection is None:
        return {}, ()
    return {_NAME: str(connection.fileno())}, (connection.fileno(),)


def settled(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that cannot be changed once libraries are loaded."""
    return {name: value for name, value in environment.items() if name.startswith(_SETTLED) and name not in _CHANGEABLE}


def start(
    module: str,
    arguments: Sequence[str],
    *,
    cwd: Path,
    output: int,
    errors: int,
    environment: Mapping[str, str],
    tied: bool = False,
    kept: Sequence[int] = (),
    held: int | None = None,
) -> WarmWorker | None:
    """Have the server fork a worker, in a session of its own.

    Args:
        module: whose `main(arguments)` gives the exit code.
        arguments: of it.
        cwd: where it works.
        output: descriptor that its standard output goes to.
        errors: the same for its error output.
        environment: of the worker.
        tied: let it end with this process (or with the `WarmWorker`).
        kept: descriptors that it keeps open as long as it lives: locks.
        held: the descriptor of `lifeline` that this process is held by, to be held by it, too.

    Returns:
        None where there is no server, or it cannot have a worker with this environment.
    """
    connection = _server.living()
    if connection is None:
        return None
    mine: int | None = None
    if tied:
        held, mine = os.pipe()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    order: dict[str, Any] = {
        "module": module,
        "arguments": list(arguments),
        "cwd": str(cwd),
        "environment": dict(environment),
        "held": held is not None,
    }
    descriptors = [theirs.fileno(), output, errors, *([] if held is None else [held]), *kept]
    pid = b""
    try:
        socket.send_fds(connection, [json.dumps(order).encode()], descriptors)
        theirs.close()
        ours.settimeout(_PATIENCE)
        pid = ours.recv(MESSAGE_BYTES)  # also waits until the server has loaded the libraries
    except OSError:  # the server ended or hangs, or the environment is too long
        pass  # a worker that it forks all the same cannot report its id, and ends
    finally:
        theirs.close()
        if tied and held is not None:
            os.close(held)
    if not pid:
        ours.close()
        if mine is not None:
            os.close(mine)
        return None
    return WarmWorker(ours, int(pid), mine)
