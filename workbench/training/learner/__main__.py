"""The learner's process: `python -P -m workbench.training.learner WORKSPACE`.

It holds the workspace's lock for learners as long as it lives, reads messages of `workbench.live.messages` from its
standard input, writes notes to its standard output, and ends with that or with the terminal.
"""

import contextlib
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from storage import locks
from storage.exceptions import Busy, WorkbenchError, WorkspaceGone, WorkspaceProblem
from storage.files import Files
from workbench import lifeline
from workbench.live.messages import OTHER_LEARNER, Look, Note, read_all, write

NICENESS = 5
"""A key comes first."""
_GLANCE_SECONDS = 2.0  # how often the labels of other terminals are looked for


def main(arguments: list[str]) -> int:
    """Learn until the terminal ends; the exit code."""
    lifeline.hold()
    (directory,) = arguments
    lock = locks.acquire(Files(Path(directory)).learner_lock)
    if lock is None:
        return OTHER_LEARNER
    inbox: queue.SimpleQueue[Look | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(inbox,), name="messages", daemon=True).start()
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    try:
        _work(Path(directory), inbox, _noting())
    except WorkbenchError as error:
        print(f"{error.message} {error.remedy}", file=sys.stderr)  # noqa: T201 (its log is where it is read)
        return error.exit_code
    return 0


def _noting() -> Callable[[str], None]:
    """Tells the terminal something; what libraries print goes to the log."""
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def note(text: str) -> None:
        with contextlib.suppress(OSError):  # the terminal has ended
            write(stream, Note(text))

    return note


def _listen(inbox: "queue.SimpleQueue[Look | None]") -> None:
    for message in read_all(sys.stdin.buffer, Look):
        inbox.put(message)
    inbox.put(None)


def _work(directory: Path, inbox: "queue.SimpleQueue[Look | None]", note: Callable[[str], None]) -> None:
    import torch  # libraries read the settings of threads when they are imported

    torch.set_num_threads(1)
    from transformers import utils
    from transformers.utils import logging

    # losses for pictures would load it, 35 MB in a process that lives as long as the terminal
    utils.is_scipy_available = lambda: False

    from workbench.training.learner.workspace_learner import WorkspaceLearner
    from workbench.workspace import Workspace

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    workspace = Workspace.open(directory)
    learner, look, ready = WorkspaceLearner(workspace, note), Look(), False
    while True:
        try:
            message: Look | None = inbox.get(timeout=_GLANCE_SECONDS)
            while message is not None and not inbox.empty():
                message = inbox.get()  # only the latest counts
            if message is None:
                return
            look, ready = message, False
        except queue.Empty:
            pass
        try:
            if learner.update() or not ready:
                ready = all(inbox.empty() for _ in learner.steps(look, lambda: not inbox.empty()))
        except WorkspaceGone:
            raise
        except Busy:  # another process writes for long; it is tried again
            traceback.print_exc()
        except WorkspaceProblem as problem:  # the disk is full; it is tried again
            traceback.print_exc()
            note(f"What was learned cannot be kept: {problem.message}")


if __name__ == "__main__":
    lifeline.leave(main(sys.argv[1:]))
