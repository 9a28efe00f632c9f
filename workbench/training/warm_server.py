"""The process that warm workers are forked from: `python -P -m workbench.training.warm_server MODULE… DESCRIPTOR`.

It loads the libraries, computes nothing (threads do not survive a fork), and ends with the process that started it.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from workbench import lifeline, warm_workers
from workbench.fields import FieldType, dates, values

_DESCRIPTORS = 32  # the most that an order brings


def main(arguments: Sequence[str]) -> int:
    """Load the modules, then fork a worker for each order until the process that ordered them has ended."""
    *modules, descriptor = arguments
    connection = socket.socket(fileno=int(descriptor))
    starter = lifeline.descriptor()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nothing waits for the workers: the system forgets them
    settled = warm_workers.settled(os.environ)  # before libraries add their own
    load(modules)
    gc.collect()
    gc.freeze()  # pages that are never written stay shared with the workers
    watched: list[socket.socket | int] = [connection, *([] if starter is None else [starter])]
    while starter not in select.select(watched, [], [])[0]:
        message, descriptors, *_ = socket.recv_fds(connection, warm_workers.MESSAGE_BYTES, _DESCRIPTORS)
        if not message:
            break
        _serve(json.loads(message), descriptors, watched, settled)
    return 0


def load(modules: Sequence[str]) -> None:
    """Load modules, and have libraries make what they make when they are first asked, once for all workers."""
    for module in modules:
        importlib.import_module(module)
    dates.read("1 xyz 2024")  # tables of all languages that dateparser reads: half a second
    values.normalise(FieldType.CURRENCY, "xyz")  # the names of all currencies


def _serve(
    order: dict[str, Any],
    descriptors: list[int],
    watched: Sequence[socket.socket | int],
    settled: Mapping[str, str],
) -> None:
    try:
        if warm_workers.settled(order["environment"]) == settled and os.fork() == 0:
            for own in watched:
                os.close(own if isinstance(own, int) else own.detach())
            _become(order, descriptors)
    except OSError:
        pass  # no process can be made: the one that ordered tries by itself, or fails with the reason
    finally:
        for descriptor in descriptors:
            os.close(descriptor)  # without a worker this ends the reply, which is the refusal


def _become(order: dict[str, Any], descriptors: list[int]) -> NoReturn:
    """Be the worker in this process."""
    reply = socket.socket(fileno=descriptors[0])
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(descriptors[1], 1)
        os.dup2(descriptors[2], 2)
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["environment"])
        if order["held"]:
            lifeline.hold(descriptors[3])
        sys.argv = [order["module"], *order["arguments"]]
        reply.send(str(os.getpid()).encode())
        code = importlib.import_module(order["module"]).main(order["arguments"])
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001 - the outer border of a process
        traceback.print_exc()
    finally:
        with suppress(OSError):
            reply.send(str(code).encode())
        lifeline.leave(code)


if __name__ == "__main__":
    lifeline.leave(main(sys.argv[1:]))
