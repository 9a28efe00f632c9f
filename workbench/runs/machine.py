"""What this machine has, without torch, and how processes of this program are started on it."""

import os
import platform
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from workbench import lifeline, warm_workers

LAUNCHER = "workbench.runs.launcher"
COURIER = "workbench.remote.courier"
WORKER = "workbench.training.worker"
SERVER = "workbench.serving"
ONNX = "workbench.training.onnx_model.export"
WARM_SERVER = "workbench.training.warm_server"
SELECTION = "workbench.active_learning.selection_worker"
LEARNER = "workbench.training.learner"
SPEED_PROBE = "workbench.training.speed_probe"
SEPARATE = "WORKBENCH_SEPARATE_FOLDERS"
"""Environment variable of a run's processes that have a folder each: what one keeps the others do not see."""
LOADED = (
    "workbench.training.training_run", "workbench.training.models.starter", SELECTION, "seqeval.metrics",
    "sklearn.feature_extraction.text", "transformers.models.layoutlm.modeling_layoutlm",
)  # fmt: skip
"""What workers begin with that are forked: all that a run, a prediction or a selection imports."""


def cores() -> int:
    """The cores that this process may use. Runs take them all: by their priority they give way to the terminal."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def give_way(to_all: bool) -> None:
    """Let this process compute only where nothing else wants to, or as before, where the system allows that.

    Where there is no such class of processes, `to_all` gives it the lowest priority, for good.
    """
    if not hasattr(os, "SCHED_IDLE"):
        if to_all:
            os.nice(19)
        return
    for thread in Path("/proc/self/task").iterdir():  # those of libraries, too
        with suppress(OSError):  # it ended just now; or without the right it stays as it is, which costs nothing
            os.sched_setscheduler(int(thread.name), os.SCHED_IDLE if to_all else os.SCHED_OTHER, os.sched_param(0))


def python(module: str, *arguments: str) -> list[str]:
    """The command line of a module of this program, run by the same Python."""
    return [sys.executable, "-P", "-m", module, *arguments]


def warm_up() -> None:
    """Load the model libraries in a process of their own, so that the next runs, predictions and selections of this
    process start at once."""
    warm_workers.prepare(python(WARM_SERVER, *LOADED), worker_environment())


def start(
    module: str,
    *arguments: str,
    cwd: Path,
    output: BinaryIO,
    errors: BinaryIO,
    threads: int | None = None,
    tied: bool = False,
) -> warm_workers.Worker:
    """Start a module that computes with torch, without input: from the loaded libraries where there are some.

    Args:
        module: its `main(arguments)` gives the exit code.
        arguments: of it.
        cwd: where it works.
        output: where it prints.
        errors: where its errors go.
        threads: that it may use; None: as many as there are cores.
        tied: let it end with this process.
    """
    environment = worker_environment(threads)
    warm = warm_workers.start(
        module, arguments, cwd=cwd, output=output.fileno(), errors=errors.fileno(), environment=environment, tied=tied
    )
    return warm or (lifeline.start if tied else subprocess.Popen)(
        python(module, *arguments),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        cwd=cwd,
        env=environment,
        start_new_session=True,
    )


def device() -> str:
    """ "cuda", "mps" or "cpu": what a worker is expected to use. The worker looks again, with torch."""
    if gpus():
        return "cuda"
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "mps"
    return "cpu"


def gpus() -> list[str]:
    """The NVIDIA GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    if not shutil.which("nvidia-smi"):
        return []
    try:
        listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = [line for line in listing.stdout.splitlines() if line.startswith("GPU ")]
    if listing.returncode != 0 or not lines:
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible is not None else map(str, range(len(lines)))
    return [name.strip() for name in names if name.strip() not in ("", "-1")]


def free_port() -> int:
    """A port of this machine that nothing listens on now."""
    with socket.create_server(("", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def worker_environment(threads: int | None = None) -> dict[str, str]:
    """The environment of a process that computes with torch.

    Args:
        threads: that it may use; None: as many as there are cores.
    """
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads or cores()),
        # passive waiting: two processes that spin for the same cores slow each other 4 to 10 times
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
        # glibc gives every large tensor's memory back at once and asks for it again in the next step: half of the
        # system's time and a tenth of a training step go into that
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
        "MALLOC_TOP_PAD_": str(64 << 20),
    }
