"""Child processes that end when their parent does, however the parent ends: they hold the reading end of a pipe.

The parent alone holds the writing end and never writes. When the parent's process is gone the system closes that end,
and tells the child so by SIGIO, which ends it also in the middle of a C library's work. (Linux's PR_SET_PDEATHSIG would
end it with the thread that started it.) Where a pipe sends no signal, a thread of the child waits for its end.
"""

import atexit
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

_NAME = "WORKBENCH_LIFELINE"  # environment variable: the descriptor of the child's end


def start(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, pass_fds: Sequence[int] = (), **options: Any
) -> "subprocess.Popen[bytes]":
    """Start a child that ends with this process, if it calls `hold` early.

    Args:
        command: and its arguments.
        env: of the child; None: as of this process.
        pass_fds: further descriptors that the child gets.
        options: for `subprocess.Popen`.
    """
    named, theirs, mine = rope(os.environ if env is None else env)
    try:
        child = subprocess.Popen(
            command,
            env=named,
            pass_fds=(*pass_fds, theirs),
            **options,
        )
    except BaseException:
        os.close(mine)
        raise
    finally:
        os.close(theirs)
    weakref.finalize(child, os.close, mine)  # with what stands for the child, at the latest with this process
    return child


def rope(env: Mapping[str, str]) -> tuple[dict[str, str], int, int]:
    """What a child needs that is started otherwise: its environment, its end, and the end that this process keeps open.

    The child is passed its end, which is closed here then; this process closes its own when the child has ended.
    """
    theirs, mine = os.pipe()
    return {**env, _NAME: str(theirs)}, theirs, mine


def descriptor() -> int | None:
    """The end that this process was given, which closes with the process that started it; asked for once."""
    value = os.environ.pop(_NAME, "")
    return int(value) if value.isdigit() else None


def hold(end: int | None = None) -> int | None:
    """End this process when the one that started it ends; does nothing in a process that was not started by `start`.

    What this process becomes (exec) is held, too; what it starts is not.

    Args:
        end: a reading end to be held by; None: the one that this process was given.

    Returns:
        The reading end that holds this process.
    """
    if end is None:
        end = descriptor()
    if end is None:
        return None
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            signal.signal(signal.SIGIO, signal.SIG_DFL)  # the default is to end
            fcntl.fcntl(end, fcntl.F_SETOWN, os.getpid())
            fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_ASYNC)
    threading.Thread(target=_end_with, args=(end,), name="lifeline", daemon=True).start()
    return end


def leave(code: int) -> NoReturn:
    """End this process with an exit code: exit functions run, output is flushed, nothing is torn down.

    The interpreter's own end frees what torch holds bit by bit (1.9 of the 7 seconds that starting and ending took
    on two cores), and under torchrun it now and then destroyed a thread of the process group that still ran, so that
    the whole run counted as failed ("terminate called without an active exception").
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _end_with(end: int) -> None:
    """Also for a parent that ended before this process held on."""
    with suppress(OSError):
        os.read(end, 1)
    os._exit(1)
