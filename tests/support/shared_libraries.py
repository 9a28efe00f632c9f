"""One process with the model libraries loaded, from which the workers of several processes are forked.

Any process gets by a socket in the file system what a child of a terminal inherits: the way to that process.

    python -P -m tests.support.shared_libraries SOCKET             load them, for as long as the input is open
    python shared_libraries.py SOCKET INTERPRETER ARGUMENT…        be the interpreter, which inherits the way
"""

import os
import socket
import sys
from typing import NoReturn

WAY = "WORKBENCH_TEST_LIBRARIES"
"""Environment variable: the socket of the process that all processes of a test run share."""


def listening(path: str) -> socket.socket:
    """The socket that `hand_on` answers at."""
    asked = socket.socket(socket.AF_UNIX)
    asked.bind(path)
    asked.listen(64)
    return asked


def load(for_units: bool = False) -> None:
    """Load the libraries in a process of their own, as the program does; unit tests need those of selections alone."""
    from workbench import warm_workers
    from workbench.runs import machine

    modules = (machine.SELECTION,) if for_units else (*machine.LOADED, "tests.support.slow_runs")
    warm_workers.prepare(machine.python(machine.WARM_SERVER, *modules), machine.worker_environment())


def hand_on(asked: socket.socket, for_units: bool = False) -> None:
    """Give one process that asks the way; the libraries are loaded when the first one does."""
    from workbench import warm_workers

    with asked.accept()[0] as asking:
        load(for_units)
        variables, descriptors = warm_workers.passed_on()
        socket.send_fds(asking, [*map(str.encode, variables)], descriptors)


def way(path: str) -> tuple[str, int]:
    """The variable and the descriptor by which a process orders workers."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(path)
        name, (descriptor,), _, _ = socket.recv_fds(asking, 1024, 1)
    return name.decode(), descriptor


def join() -> None:
    """Have the workers of this process forked from the process that all tests share."""
    from workbench import warm_workers

    if warm_workers._server.living() is None:
        connection = socket.socket(fileno=way(os.environ[WAY])[1])
        warm_workers._server.connection = connection


def serve(path: str) -> None:
    import select

    with listening(path) as asked:
        while sys.stdin not in select.select([asked, sys.stdin], [], [])[0]:
            hand_on(asked)


def become(path: str, interpreter: str, *arguments: str) -> NoReturn:
    name, descriptor = way(path)
    os.set_inheritable(descriptor, True)
    os.environ[name] = str(descriptor)
    os.execv(interpreter, [interpreter, *arguments])


if __name__ == "__main__":
    (serve if len(sys.argv) == 2 else become)(*sys.argv[1:])
