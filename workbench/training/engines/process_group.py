"""The processes that train one run together on this machine: the run's worker is the first, and starts the others.

Each is the worker again, in the same folder, told its place by the variables that `torchrun` sets. On other machines
Ray Train, torchrun or accelerate start them all.
"""

import importlib
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from workbench import lifeline
from workbench.runs import machine
from workbench.runs.config.request import Request

_WORLD = "WORLD_SIZE"
_REPORT_SECONDS = 20.0  # that the first process has to say itself what went wrong


def is_wanted(request: Request, task: str) -> bool:
    """Whether a run wants several processes, and this one is alone."""
    train = request.config.train
    return (
        task == "train"
        and train.processes > 1
        and request.config.model.family != "baseline"
        and _WORLD not in os.environ
    )


def gather(folder: Path, processes: int) -> None:
    """Make this process the first of several, and start the others, which end with it.

    Args:
        folder: of the run.
        processes: how many, this one included.
    """
    shared = {
        _WORLD: processes, "LOCAL_WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": machine.free_port(), "RANK": 0, "LOCAL_RANK": 0,
    }  # fmt: skip
    os.environ.update({name: str(value) for name, value in shared.items()})
    for rank in range(1, processes):
        place = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
        wait = _fork(folder, place) if "torch" in sys.modules else _start(folder, place)
        threading.Thread(target=_end_with, args=(wait, rank), name="process group", daemon=True).start()


def _start(folder: Path, place: Mapping[str, str]) -> Callable[[], int]:
    """Start one of the others, which loads the libraries for itself; what waits for its exit code."""
    command = machine.python(machine.WORKER, str(folder))
    return lifeline.start(command, env={**os.environ, **place}, stdin=subprocess.DEVNULL, cwd=folder).wait


def _fork(folder: Path, place: Mapping[str, str]) -> Callable[[], int]:
    """Fork one of the others: this process was forked with the libraries loaded, and has computed nothing with them.

    It has the same place in the system as one that is started: no descriptor but its end of the pipe, so that it
    holds neither the run's lock nor what waits for this process.
    """
    theirs, _mine = os.pipe()
    pid = os.fork()
    if pid:
        os.close(theirs)  # the other end stays open as long as this process lives
        return lambda: os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        os.closerange(3, theirs)
        os.closerange(theirs + 1, os.sysconf("SC_OPEN_MAX"))
        os.environ.update(place)
        lifeline.hold(theirs)
        code = importlib.import_module(machine.WORKER).main([str(folder)])
    except BaseException:  # noqa: BLE001 - the outer border of a process
        traceback.print_exc()
    finally:
        lifeline.leave(code)


def _end_with(wait: Callable[[], int], rank: int) -> None:
    """In a thread: end this process where another fails, whose part it would wait for, on a GPU for ever."""
    code = wait()
    if code:
        time.sleep(_REPORT_SECONDS)
        print(f"Process {rank} of the run ended with code {code}.", file=sys.stderr, flush=True)  # noqa: T201 (its log)
        os._exit(1)
