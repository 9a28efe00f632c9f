"""Start-up: the time of commands that do next to nothing, the best of several.

python benchmarks/startup.py
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def best(*arguments: object, times: int = 10) -> float:
    """Seconds of the quickest of some runs of a command."""

    def once() -> float:
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-P", "-m", "workbench.cli", *map(str, arguments)],
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
        )
        return time.perf_counter() - started

    return min(once() for _ in range(times))


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "ws"
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        print(f"python alone: {best('--version'):.2f} s for --version")
        print(f"workbench --help: {best('--help'):.2f} s (target 0.3)")
        best("init", workspace, times=1)
        print(f"workbench status of an empty workspace: {best('-w', workspace, 'status'):.2f} s")


if __name__ == "__main__":
    main()
