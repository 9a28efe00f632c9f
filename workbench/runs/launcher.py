"""Entry point of the process that starts runs: it waits for their turn, then becomes the worker. Light until then.

    python -P -m workbench.runs.launcher SLOTS LOCK:RUN_DIR…

At most SLOTS runs of a workspace work at a time, the oldest request first. A run that waits has a file `queued`; who
deletes it has the run: the launcher to start it, `RunFolder.withdraw` to end it. The starter of this process holds the
lock `waiting` of each run already and passes it on by its descriptor, so that there is no moment in which a run looks
crashed. The slot is a lock on a file beside the runs; both locks pass to the worker, and so are free when the worker
ends, however it ends. No terminal need be open. Where this process is killed, the next look at the runs begins anew.
Runs for another machine wait for each other alone, and a courier takes the worker's place; a single one waits there.
"""

import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from storage import events, locks
from storage.files import read_regular, write_atomic
from workbench import lifeline, warm_workers
from workbench.runs import machine
from workbench.runs.state import RunFolder

if TYPE_CHECKING:
    from workbench.settings import Target

POLL_SECONDS = 0.5
AT_ONCE = 1000
"""Slots of what waits for no other run, on another machine."""
READING = "reading-"
"""What the folder of documents that a model only reads begins with, on another machine."""


def send_to(folder: RunFolder, on: "Target", *, once: bool = False) -> None:
    """Make a run that was prepared one for another machine, where `begin` has it brought.

    Args:
        folder: of the run.
        on: the machine.
        once: nothing of it stays there, however it ends: it is not gone on with.
    """
    place = f"{folder.path.name.lstrip('.')}.{secrets.token_hex(4)}"  # workspaces there do not know of each other
    record = {"name": on.name, "address": on.address, "python": on.python, "folder": place, "once": once}
    record |= {} if on.gpus is None else {"gpus": on.gpus}
    write_atomic(folder.target, json.dumps(record))


def begin(
    folders: Sequence[RunFolder], slots: int, *, tied: bool = False
) -> "tuple[subprocess.Popen[bytes], list[int]] | None":
    """Start a process in a session of its own that starts the runs in turn; None where each has a process.

    Args:
        folders: of the runs, all for the same machine. One that has a process is passed over.
        slots: how many runs may work at a time.
        tied: let it end with this process instead; of one run only.

    Returns:
        The process, and the descriptors of the locks `waiting`, to be closed when the runs are kept as queued.

    Raises:
        OSError: it cannot be started.
    """
    from workbench.runs.config.request import Request  # not loaded by a process that waits for its turn

    threads = Request.read(folders[0].path).threads
    taken: dict[int, RunFolder] = {}
    try:
        for folder in folders:
            # Taken here and handed down: of two terminals that start the same run only one gets it, and no terminal
            # that looks in between takes the run for a crashed one.
            waiting = None if locks.held(folder.lock) else locks.acquire(folder.waiting, inheritable=True, named=False)
            if waiting is not None:
                taken[waiting] = folder
                _queue(folder, slots, is_alone=len(folders) == 1)
        return (_started(taken, slots, threads, tied=tied), list(taken)) if taken else None
    except BaseException:
        for waiting in taken:
            os.close(waiting)
        raise


def _queue(folder: RunFolder, slots: int, *, is_alone: bool) -> None:
    """Mark a run as one that waits for its turn, whatever it was before."""
    for mark in (folder.stop, folder.pause, folder.killed, folder.prepared):
        mark.unlink(missing_ok=True)
    # whatever ended the run before does not end it any more, also when it is killed before its first event
    with events.EventWriter(folder.events) as writer:
        writer.write("queued")
    if is_alone and folder.target.exists():
        folder.queued.unlink(missing_ok=True)
    else:
        folder.queued.write_text(f"{slots}\n")


def _started(
    taken: Mapping[int, RunFolder], slots: int, threads: int | None, *, tied: bool
) -> "subprocess.Popen[bytes]":
    """The process of runs whose locks are taken: the launcher, or the courier of one run for another machine."""
    waiting, folder = next(iter(taken.items()))
    needs_courier = not folder.queued.exists()
    if needs_courier:
        command = machine.python(machine.COURIER, str(folder.path), str(slots))
    else:
        runs = [f"{lock}:{run.path}" for lock, run in taken.items()]
        command = machine.python(machine.LAUNCHER, str(slots), *runs)
    variables, descriptors = warm_workers.passed_on()
    with locks.open_own(folder.log, "ab") as log:
        child: subprocess.Popen[bytes] = (lifeline.start if tied else subprocess.Popen)(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder.path,
            env=machine.worker_environment(threads) | variables,
            start_new_session=True,
            pass_fds=(*taken, *descriptors),
        )
    if needs_courier:
        os.write(waiting, f"{child.pid}\n".encode())
    return child


def _turn(run: RunFolder) -> tuple[int, str]:
    """Where a run stands among those that wait: by the age of its request; one that has lost it fails at once."""
    try:
        return run.request.stat().st_mtime_ns, run.path.name
    except OSError:
        return 0, run.path.name


def place_of(run: RunFolder) -> str:
    """Where a run is to work, as names of slots have it: "" on this machine, else a digest of the other's address."""
    try:
        address = json.loads(read_regular(run.target))["address"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ""
    return place_named(str(address))


def place_named(address: str) -> str:
    """The place of an address, as `place_of` gives it."""
    return hashlib.sha256(address.encode()).hexdigest()[:12] + "-"


def _is_next(run: RunFolder) -> bool:
    """Whether no older run of the workspace is waiting for the same machine."""
    mine, place = _turn(run), place_of(run)
    others = (RunFolder(path) for path in run.path.parent.iterdir())
    return not any(_waits(other) and _turn(other) < mine and place_of(other) == place for other in others)


def _waits(run: RunFolder) -> bool:
    """Whether a run waits for its turn. One that this user may not look into is none that others wait for."""
    try:
        return run.queued.exists() and locks.held(run.waiting)
    except PermissionError:
        return False


def _free_slot(run: RunFolder, slots: int) -> tuple[int, int] | None:
    """The number of a slot and the descriptor of its lock; None while it is not the run's turn, or all are taken."""
    if _is_next(run):
        for number in range(slots):
            path = run.path.parent / f".slot-{place_of(run)}{number}"
            descriptor = locks.acquire(path, inheritable=True, patience=0)
            if descriptor is not None:
                return number, descriptor
    return None


def gpus_of(slot: int, slots: int, run: RunFolder) -> dict[str, str]:
    """The variable that gives a run's processes GPUs of their own; none where there is one slot, or one GPU for all."""
    names = machine.gpus() if slots > 1 else []
    if len(names) < 2:
        return {}
    from workbench.runs.config.request import Request

    processes = Request.read(run.path).config.train.processes
    own = [names[(slot * processes + number) % len(names)] for number in range(processes)]
    return {"CUDA_VISIBLE_DEVICES": ",".join(dict.fromkeys(own))}


class Turn(NamedTuple):
    """A run that may start."""

    run: RunFolder
    lock: int  # descriptor of the run's `waiting`
    slot: int  # number
    slot_lock: int  # descriptor


def turns(waiting: Mapping[int, RunFolder], slots: int) -> Iterator[Turn]:
    """The runs as they may start, each when it is its turn; those that are withdrawn meanwhile are left out.

    Args:
        waiting: the descriptor of a run's lock -> the run.
        slots: how many runs may work at a time.
    """
    left = dict(waiting)
    while True:
        for lock, run in list(left.items()):
            if run.stop.exists():
                run.withdraw()
            if not run.queued.exists():
                os.close(lock)
                del left[lock]
        if not left:
            return
        lock, run = min(left.items(), key=lambda item: _turn(item[1]))
        slot = _free_slot(run, slots)
        if slot is None:
            time.sleep(POLL_SECONDS)
            continue
        try:
            run.queued.unlink()
        except FileNotFoundError:  # withdrawn just now
            os.close(slot[1])
            continue
        del left[lock]
        yield Turn(run, lock, *slot)


def main(arguments: Sequence[str]) -> None:
    """Start each run in a process of its own when it is its turn; this one becomes the worker of a single run."""
    held = lifeline.hold()
    slots = max(1, int(arguments[0]))
    waiting = {int(lock): RunFolder(Path(path)) for lock, path in (part.split(":", 1) for part in arguments[1:])}
    for lock in waiting:
        os.set_inheritable(lock, False)  # each worker gets its own alone
    if len(waiting) > 1:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nothing waits for the workers: the system forgets them
    for turn in turns(waiting, slots):
        if len(waiting) == 1 or os.fork() == 0:
            _work(turn, held, slots)
        os.close(turn.lock)
        os.close(turn.slot_lock)


def _work(turn: Turn, held: int | None, slots: int) -> NoReturn:
    """Have the worker forked where there is a server for it, else become the worker; or the courier."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.set_inheritable(turn.lock, True)
    os.write(turn.lock, f"{os.getpid()}\n".encode())
    path = turn.run.path
    os.chdir(path)
    with locks.open_own(turn.run.log, "ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    if turn.run.target.exists():
        os.execv(sys.executable, machine.python(machine.COURIER, str(path), str(slots)))
    os.environ.update(gpus_of(turn.slot, slots, turn.run))
    worker = warm_workers.start(
        machine.WORKER, [str(path)], cwd=path, output=1, errors=2, environment=os.environ,
        kept=(turn.lock, turn.slot_lock), held=held,
    )  # fmt: skip
    if worker is None:
        os.execv(sys.executable, machine.python(machine.WORKER, str(path)))
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
