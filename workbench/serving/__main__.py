"""A server's process, `python -m workbench.serving`: a signal ends it in order, also while it loads. [worker]"""

import signal
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from fastapi import FastAPI

_first: list[int] = []


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """Unwind what is open. uvicorn answers what it has taken, and then raises the signal again."""
    raise SystemExit(128 + (_first or [number])[0])


def _hang_up(number: int, frame: FrameType | None) -> None:
    """uvicorn knows only Ctrl-C and SIGTERM."""
    _first.append(number)
    signal.raise_signal(signal.SIGTERM)


def create() -> "FastAPI":
    """The application of one of several processes."""
    from workbench.serving.siblings import ending_at_once

    with ending_at_once():  # uvicorn would load the libraries to their end first
        from workbench.serving import server
    return server.create()


if __name__ == "__main__":
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, _end)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # else it was started with `nohup`
        signal.signal(signal.SIGHUP, _hang_up)
    from workbench.serving.server import main

    main()
