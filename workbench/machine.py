"""What this machine has, without torch: cores, memory, and whether there is a GPU that a worker could use."""

import os
import platform
import shutil
import subprocess


def device() -> str:
    """ "cuda", "mps" or "cpu": what a worker is expected to find. The worker looks again, with torch."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "cpu"
    if shutil.which("nvidia-smi"):
        try:
            found = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=5, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return "cpu"
        if found.returncode == 0 and "GPU" in found.stdout:
            return "cuda"
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "mps"
    return "cpu"
