"""What this machine has, without torch, and how processes of this program are started on it."""

import os
import platform
import shutil
import subprocess
import sys

LAUNCHER = "workbench.runs.launcher"
WORKER = "workbench.training.worker"
SERVER = "workbench.serving"
SPEED_PROBE = "workbench.training.speed_probe"


def python(module: str, *arguments: str) -> list[str]:
    """The command line of a module of this program, run by the same Python."""
    return [sys.executable, "-P", "-m", module, *arguments]


def device() -> str:
    """ "cuda", "mps" or "cpu": what a worker is expected to use. The worker looks again, with torch."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "cpu"
    if shutil.which("nvidia-smi"):
        try:
            listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=5, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return "cpu"
        if listing.returncode == 0 and "GPU" in listing.stdout:
            return "cuda"
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "mps"
    return "cpu"


def worker_environment(threads: int | None = None) -> dict[str, str]:
    """The environment of a process that computes with torch.

    Args:
        threads: that it may use; None: all cores but one, which the terminal keeps.
    """
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads or max(1, (os.cpu_count() or 2) - 1)),
        # passive waiting: two processes that spin for the same cores slow each other 4 to 10 times
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
        # glibc gives every large tensor's memory back at once and asks for it again in the next step: half of the
        # system's time and a tenth of a training step go into that
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
        "MALLOC_TOP_PAD_": str(64 << 20),
    }
