"""Entry point of a run's process: waits for its turn, then becomes the worker. Light until then.

    python -P -m workbench.runs.launcher RUN_DIR SLOTS

At most SLOTS runs of a workspace work at a time, the oldest request first. Whoever starts this process holds the
run's lock `waiting` already and hands it down, so that there is no moment in which the run looks dead. The slot is a
lock on a file beside the runs; both locks pass to the worker, and so are free when the worker ends, however it ends.
No terminal need be open.
"""

import os
import sys
import time
from pathlib import Path

from storage import locks

POLL_SECONDS = 0.5


def _turn(run: Path) -> bool:
    """Whether no older run of the workspace is waiting."""
    mine = (run / "request.yaml").stat().st_mtime_ns
    for other in run.parent.iterdir():
        try:
            theirs = (other / "request.yaml").stat().st_mtime_ns
        except OSError:  # no run, or one that is being deleted
            continue
        older = (theirs, other.name) < (mine, run.name)
        if older and locks.held(other / "waiting") and not locks.held(other / "lock"):
            return False
    return True


def wait_for_slot(run: Path, slots: int) -> int | None:
    """The descriptor of a slot's lock; None when the run was stopped while it waited."""
    while not (run / "stop").exists():
        if _turn(run):
            for number in range(slots):
                taken = locks.acquire(run.parent / f".slot-{number}", inheritable=True)
                if taken is not None:
                    return taken
        time.sleep(POLL_SECONDS)
    return None


def main() -> None:
    """Wait, then go on as the worker in the same process."""
    run, slots = Path(sys.argv[1]).absolute(), max(1, int(sys.argv[2]))
    if wait_for_slot(run, slots) is None:
        (run / "killed").touch()
        return
    os.execv(sys.executable, [sys.executable, "-P", "-m", "workbench.training.worker", str(run)])


if __name__ == "__main__":
    main()
