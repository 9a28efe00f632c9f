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
    theirs, mine = os.pipe()
    try:
        child = subprocess.Popen(
            command,
            env={**(os.environ if env is None else env), _NAME: str(theirs)},
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


def hold() -> None:
    """End this process when the one that started it ends; does nothing in a process that was not started by `start`.

    What this process becomes (exec) is held, too; what it starts is not.
    """
    value = os.environ.pop(_NAME, "")
    if not value.isdigit():
        return
    descriptor = int(value)
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            signal.signal(signal.SIGIO, signal.SIG_DFL)  # the default is to end
            fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
            fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)
    threading.Thread(target=_end_with, args=(descriptor,), name="lifeline", daemon=True).start()


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


def _end_with(descriptor: int) -> None:
    """Also for a parent that ended before this process held on."""
    with suppress(OSError):
        os.read(descriptor, 1)
    os._exit(1)
