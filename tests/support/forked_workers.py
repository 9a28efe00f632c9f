"""The processes of a test run, forked from one that has imported the tests: each would take ten seconds for it.

pytest-xdist has them started by execnet, each as a new Python that reads its first line of code from its input. A
forked one does the same, with the modules there already, so that pytest in it has only to collect.

    python -m tests.support.forked_workers DESCRIPTOR FILE…        fork one for each message at the socket
"""

import gc
import os
import select
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from _pytest.config import _prepareconfig
from _pytest.pathlib import import_path
from execnet import gateway_io
from hypothesis import strategies
from hypothesis.errors import HypothesisSideeffectWarning
from hypothesis.internal.conjecture.providers import _get_local_constants

from tests.support import MODEL_LIBRARIES


class _Worker:
    """What execnet needs of a `subprocess.Popen`."""

    def __init__(self, origin: socket.socket) -> None:
        its_input, write = os.pipe()
        read, its_output = os.pipe()
        socket.send_fds(origin, [b"."], [its_input, its_output, 2])
        os.close(its_input)
        os.close(its_output)
        answer = origin.recv(1000).decode()
        if not answer.isdigit():
            pytest.exit(answer or "no process could be forked for the tests", returncode=3)
        self._end = os.pidfd_open(int(answer))  # it is no child of this process
        self.stdin, self.stdout = os.fdopen(write, "wb"), os.fdopen(read, "rb")

    def wait(self) -> int:
        select.select([self._end], [], [])
        return 0

    def kill(self) -> None:
        signal.pidfd_send_signal(self._end, signal.SIGKILL)


class _WorkerIO(gateway_io.Popen2IOMaster):
    def __init__(self, worker: _Worker, execmodel: Any) -> None:
        self.popen = worker
        super(gateway_io.Popen2IOMaster, self).__init__(worker.stdin, worker.stdout, execmodel=execmodel)


def prepare(tests: Sequence[str]) -> None:
    """From now on execnet's processes are forked from one that has imported the tests of these files and folders.

    It is started with the first of them, when all plugins have set their environment variables, and ends with this
    process.
    """

    @cache
    def origin() -> socket.socket:
        here, there = socket.socketpair()
        with there:
            command = [sys.executable, "-m", __name__, str(there.fileno()), *tests]
            subprocess.Popen(command, pass_fds=[there.fileno()])
        return here

    gateway_io.create_io = lambda spec, execmodel: _WorkerIO(_Worker(origin()), execmodel)


def _import(config: pytest.Config, test: Path) -> str:
    """Import a file of tests as pytest does; what cannot be imported is left to pytest, which says so.

    Gives what is wrong with it, else "".
    """
    before = MODEL_LIBRARIES & sys.modules.keys()
    namespaces = config.getini("consider_namespace_packages")
    try:
        import_path(test, mode="importlib", root=config.rootpath, consider_namespace_packages=namespaces)
    except (Exception, pytest.skip.Exception):
        half = [name for name, module in sys.modules.items() if getattr(module, "__file__", None) == str(test)]
        for name in half:
            del sys.modules[name]
    if "unit" in test.parts and (loaded := MODEL_LIBRARIES & sys.modules.keys() - before):
        return f"{test} loads {', '.join(sorted(loaded))}: move it to tests/worker"
    return ""


def _import_all(places: Sequence[str]) -> str:
    """Import the tests of these files and folders, their asserts rewritten; gives what is wrong with them."""
    config = _prepareconfig([*places, "--capture=no"])
    folders = [config.rootpath / place for place in places]
    tests = [test for place in folders for test in (place.rglob("test_*.py") if place.is_dir() else [place])]
    wrong = [_import(config, test) for test in tests]
    # What Hypothesis finds out once: which characters there are, and the constants of all modules that are imported.
    with warnings.catch_warnings(action="ignore", category=HypothesisSideeffectWarning):  # no test has begun
        strategies.text().validate()
        _get_local_constants()
    config._ensure_unconfigure()
    return " ".join(filter(None, wrong))


def _serve(asked: socket.socket, wrong: str) -> None:
    """Fork a process for each message, unless something is wrong; return in the processes that are forked."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system forgets those that end
    while True:
        _, descriptors, _, _ = socket.recv_fds(asked, 1, 3)
        if not descriptors:
            sys.exit()
        if wrong:
            asked.send(wrong.encode())
            continue
        pid = os.fork()
        if pid == 0:
            break
        asked.send(str(pid).encode())
        for descriptor in descriptors:
            os.close(descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked.close()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)


if __name__ == "__main__":
    gc.disable()  # until a process has collected its tests (tests/conftest.py): what is imported stays
    found_wrong = _import_all(sys.argv[2:])
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])), found_wrong)
    sys.argv = ["-c"]
    sys.modules["__main__"] = main = ModuleType("__main__")
    exec(eval(sys.stdin.readline()), vars(main))  # execnet's first line, as it starts every process
