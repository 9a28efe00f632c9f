"""The child process of a run: `python -P -m workbench.training.worker RUN_DIR [--task train|score|predict]`.

It holds the run's lock as long as it lives, writes events, never opens the database, and ends with an event for
its outcome. Where several train one run every process runs this; only the first one writes.
"""

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage import locks
from storage.events import EventWriter
from storage.exceptions import Busy, WorkbenchError
from storage.files import Files
from workbench import lifeline
from workbench.runs import machine
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.training.engines import process_group

_GLANCE_SECONDS = 1.0  # how often it is looked whether a terminal is open


def main(arguments: list[str] | None = None) -> int:
    """Do what the run folder asks; the exit code is 0 when the run ended well, else the error's."""
    parser = argparse.ArgumentParser(prog="workbench.training.worker")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--task", choices=("train", "score", "predict"))
    options = parser.parse_args(arguments)
    lifeline.hold()
    folder = options.folder.resolve()
    first = int(os.environ.get("RANK", "0")) == 0
    try:
        with _lock(folder) if first else contextlib.nullcontext():
            return _work(folder, options.task, first)
    except Busy as error:
        print(f"{error.message} {error.remedy}", file=sys.stderr)  # noqa: T201 (stderr.log is where it is read)
        return error.exit_code


def _work(folder: Path, task: str | None, first: bool) -> int:
    events = EventWriter(RunFolder(folder).events) if first else None
    write: Any = events.write if events else _discard
    try:
        request = Request.read(folder)
        task = task or request.task
        if process_group.is_wanted(request, task):
            process_group.gather(folder, request.config.train.processes)
        _limit_resources(request)
        threading.Thread(target=_give_way, args=(folder,), name="priority", daemon=True).start()
        _perform(task, folder, request, write)
        if task == "train" and first:
            _upload(folder, request, write)
    except WorkbenchError as error:
        write(
            "failed", **{key: value for key, value in error.as_dict().items() if key in ("title", "message", "remedy")}
        )
        traceback.print_exc()
        return error.exit_code
    finally:
        if events:
            events.close()
        _leave()
    return 0


def _perform(task: str, folder: Path, request: Request, write: Any) -> None:
    # Only now: libraries read the thread settings when they are imported.
    from workbench.training import callbacks

    control = callbacks.Control(RunFolder(folder))

    def terminate(number: int, frame: object) -> None:
        control.signalled = True

    signal.signal(signal.SIGTERM, terminate)
    if task == "train":
        from workbench.training import training_run

        training_run.run(folder, write, control)
    else:
        from workbench.training import prediction_run

        prediction_run.run(folder, request, task, write, control)


def _upload(folder: Path, request: Request, write: Any) -> None:
    """The run has ended well and counts as such, whatever comes of this."""
    from workbench.runs.model_folders import hub

    hub.push_finished(RunFolder(folder), request, write)


def _limit_resources(request: Request) -> None:
    """Be a good neighbour: few threads that sleep when idle, low priority, nothing printed."""
    threads = request.threads or max(1, machine.cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    with contextlib.suppress(OSError):
        os.nice(request.niceness)
    warnings.filterwarnings("ignore")
    logging.getLogger().setLevel(logging.ERROR)
    import torch

    torch.set_num_threads(threads)
    from transformers.utils import logging as transformers_log

    transformers_log.set_verbosity_error()
    transformers_log.disable_progress_bar()


def _give_way(folder: Path) -> None:
    """In a thread: give way to everything while a terminal is open on the workspace."""
    terminal, gave_way = Files(folder.parent.parent).terminal_lock, False
    while True:
        with contextlib.suppress(OSError):
            is_open = locks.had_by_any(terminal)
            if is_open != gave_way:
                machine.give_way(is_open)
                gave_way = is_open
        time.sleep(_GLANCE_SECONDS)


def _leave() -> None:
    """Under torchrun, leave the group of processes."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_initialized():
        distributed.destroy_process_group()


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the run's lock; it goes with the process, however that ends.

    Raises:
        Busy: another process works on this run.
    """
    descriptor = locks.acquire(RunFolder(folder).lock)
    if descriptor is None:
        holder = locks.holder(RunFolder(folder).lock) or "unknown"
        raise Busy(f"Process {holder} is working on {folder.name}.", "Wait for it, or stop it.")
    try:
        yield
    finally:
        os.close(descriptor)


def _discard(type: str, **facts: Any) -> None:
    """The writer of the other ranks."""


if __name__ == "__main__":
    lifeline.leave(main())
