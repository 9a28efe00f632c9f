"""Entry point of a run's process: waits for its turn, then becomes the worker. Light until then.

    python -P -m workbench.runs.launcher RUN_DIR SLOTS

At most SLOTS runs of a workspace work at a time, the oldest request first. The starter of this process holds the
run's lock `waiting` already and passes it on, so that there is no moment in which the run looks crashed. The slot is
a lock on a file beside the runs; both locks pass to the worker, and so are free when the worker ends, however it ends.
No terminal need be open.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from storage import events, locks
from workbench import lifeline, warm_workers
from workbench.runs import machine
from workbench.runs.state import RunFolder

POLL_SECONDS = 0.5


def begin(folder: RunFolder, slots: int, *, tied: bool = False) -> "tuple[subprocess.Popen[bytes], int] | None":
    """Start a run's process in a session of its own; None where the run has one.

    Args:
        folder: of the run.
        slots: how many runs may work at a time.
        tied: let it end with this process instead.

    Returns:
        The process, and the descriptor of the lock `waiting`, to be closed when the run is kept as queued.

    Raises:
        OSError: it cannot be started.
    """
    from workbench.runs.config.request import Request  # not loaded by a process that waits for its turn

    threads = Request.read(folder.path).threads
    # Taken here and handed down: of two terminals that start the same run only one gets it, and no terminal that
    # looks in between takes the run for a crashed one.
    waiting = None if locks.held(folder.lock) else locks.acquire(folder.waiting, inheritable=True, named=False)
    if waiting is None:
        return None
    try:
        for mark in (folder.stop, folder.pause, folder.killed, folder.prepared):
            mark.unlink(missing_ok=True)
        # whatever ended the run before does not end it any more, also when it is killed before its first event
        with events.EventWriter(folder.events) as writer:
            writer.write("queued")
        entry = machine.COURIER if folder.target.exists() else machine.LAUNCHER
        variables, descriptors = warm_workers.passed_on()
        with folder.log.open("ab") as log:
            child = (lifeline.start if tied else subprocess.Popen)(
                machine.python(entry, str(folder.path), str(slots)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder.path,
                env=machine.worker_environment(threads) | variables,
                start_new_session=True,
                pass_fds=(waiting, *descriptors),
            )
        os.write(waiting, f"{child.pid}\n".encode())
    except BaseException:
        os.close(waiting)
        raise
    return child, waiting


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
