"""The processes that train one run together on this machine: the run's worker is the first, and starts the others.

Each is the worker again, in the same folder, told its place by the variables that `torchrun` sets. On other machines
Ray Train, torchrun or accelerate start them all.
"""

import os
import subprocess
import sys
import threading
import time
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
        child = lifeline.start(
            machine.python(machine.WORKER, str(folder)), env={**os.environ, **place}, stdin=subprocess.DEVNULL,
            cwd=folder,
        )  # fmt: skip
        threading.Thread(target=_end_with, args=(child, rank), name="process group", daemon=True).start()


def _end_with(child: "subprocess.Popen[bytes]", rank: int) -> None:
    """In a thread: end this process where another fails, whose part it would wait for, on a GPU for ever."""
    code = child.wait()
    if code:
        time.sleep(_REPORT_SECONDS)
        print(f"Process {rank} of the run ended with code {code}.", file=sys.stderr, flush=True)  # noqa: T201 (its log)
        os._exit(1)
