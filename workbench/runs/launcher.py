"""Entry point of a run's process: waits for its turn, then becomes the worker. Light until then.

    python -P -m workbench.runs.launcher RUN_DIR SLOTS

At most SLOTS runs of a workspace work at a time, the oldest request first. The starter of this process holds the
run's lock `waiting` already and passes it on, so that there is no moment in which the run looks crashed. The slot is
a lock on a file beside the runs; both locks pass to the worker, and so are free when the worker ends, however it ends.
No terminal need be open.
"""

import os
import sys
import time
from pathlib import Path

from storage import locks
from workbench import lifeline, warm_workers
from workbench.runs import machine
from workbench.runs.state import RunFolder

POLL_SECONDS = 0.5


def _is_next(run: RunFolder) -> bool:
    """Whether no older run of the workspace is waiting."""
    mine = (run.request.stat().st_mtime_ns, run.path.name)
    for path in run.path.parent.iterdir():
        other = RunFolder(path)
        try:
            theirs = (other.request.stat().st_mtime_ns, path.name)
        except OSError:  # no run, or one that is being deleted
            continue
        if theirs < mine and locks.held(other.waiting) and not locks.held(other.lock):
            return False
    return True


def wait_for_slot(path: Path, slots: int) -> tuple[int, int] | None:
    """The number of a slot and the descriptor of its lock; None when the run was stopped while it waited."""
    run = RunFolder(path)
    while not run.stop.exists():
        if _is_next(run):
            for number in range(slots):
                descriptor = locks.acquire(path.parent / f".slot-{number}", inheritable=True)
                if descriptor is not None:
                    return number, descriptor
        time.sleep(POLL_SECONDS)
    return None


def _passed_on() -> list[int]:
    """The descriptors that exec would pass on: the locks of the run and of its slot."""
    listing = Path("/proc/self/fd")
    numbers = [int(entry.name) for entry in listing.iterdir()] if listing.is_dir() else []
    return [number for number in numbers if number > 2 and _is_inheritable(number)]


def _is_inheritable(number: int) -> bool:
    try:
        return os.get_inheritable(number)
    except OSError:  # that of the listing itself
        return False


def gpu_of(slot: int, slots: int) -> dict[str, str]:
    """The variable that gives a slot a GPU of its own; none where there is one slot, or one GPU for all."""
    names = machine.gpus() if slots > 1 else []
    return {"CUDA_VISIBLE_DEVICES": names[slot % len(names)]} if len(names) > 1 else {}


def main() -> None:
    """Wait, then have the worker forked where there is a server for it, else go on as the worker in this process."""
    held = lifeline.hold()
    path, slots = Path(sys.argv[1]).absolute(), max(1, int(sys.argv[2]))
    taken = wait_for_slot(path, slots)
    if taken is None:
        RunFolder(path).killed.touch()
        return
    os.environ.update(gpu_of(taken[0], slots))
    kept = [number for number in _passed_on() if number != held]
    if warm_workers.start(
        machine.WORKER, [str(path)], cwd=path, output=1, errors=2, environment=os.environ, kept=kept, held=held
    ):
        return
    os.execv(sys.executable, machine.python(machine.WORKER, str(path)))


if __name__ == "__main__":
    main()
