"""How far an import or a reading of pages is, shown while it runs."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

_REFRESH_SECONDS = 0.1


@contextmanager
def import_progress() -> Iterator[Callable[[int, int, int], None]]:
    """A line on the terminal with the rate and the time that is left; nothing where stderr is no terminal.

    Yields:
        what to call with (files done, files in all, documents).
    """
    progress = Progress(
        BarColumn(20),
        TextColumn("{task.completed:,}/{task.total:,} files, {task.fields[documents]:,} documents,"),
        TextColumn("{task.fields[rate]:,.1f}/s,"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        console=Console(stderr=True),
        transient=True,
        # Its thread would be there when the processes that read pages are forked.
        auto_refresh=False,
        redirect_stdout=False,
        disable=not sys.stderr.isatty(),
    )
    started = time.monotonic()
    refreshed = 0.0
    task = progress.add_task("", total=1, documents=0, rate=0.0)

    def show(done: int, total: int, documents: int) -> None:
        nonlocal refreshed
        now = time.monotonic()
        if progress.disable or now - refreshed < _REFRESH_SECONDS:
            return
        refreshed = now
        rate = documents / max(now - started, 1e-6)
        progress.update(task, completed=done, total=total, documents=documents, rate=rate, refresh=True)

    with progress:
        yield show
