"""Progress on stderr while a command works: a bar on a terminal, else a line now and then, for logs."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

_REFRESH_SECONDS = 0.1
LOG_SECONDS = 30.0
"""Between two lines where stderr is no terminal."""


@contextmanager
def import_progress(*, silent: bool = False) -> Iterator[Callable[[int, int, int], None]]:
    """A bar with the rate and the time that is left.

    Yields:
        a function of (files done, files in all, documents).
    """
    started = time.monotonic()
    files = TextColumn("{task.completed:,}/{task.total:,} files, {task.fields[documents]:,} documents,")
    rate = TextColumn("{task.fields[rate]:,.1f}/s,")
    with _shown("", files, rate, TimeRemainingColumn(compact=True), TextColumn("left"), silent=silent) as update:

        def show(done: int, total: int, documents: int) -> None:
            rate = documents / max(time.monotonic() - started, 1e-6)
            text = f"{done:,}/{total:,} files, {documents:,} documents, {rate:,.1f}/s"
            update(done, total, text, documents=documents, rate=rate)

        yield show


@contextmanager
def document_progress(label: str, *, silent: bool) -> Iterator[Callable[[int, int], None]]:
    """A count of documents.

    Args:
        label: what is done with them.
        silent: show nothing, as for scripts.

    Yields:
        a function of (documents done, documents in all).
    """
    count = TextColumn("{task.completed:,}/{task.total:,} documents")
    with _shown(label, count, TimeRemainingColumn(compact=True), silent=silent) as update:
        yield lambda done, total: update(done, total, f"{label} {done:,}/{total:,} documents")


@contextmanager
def share_progress(label: str, *, silent: bool) -> Iterator[Callable[[float], None]]:
    """A share of the work, with the time that is left.

    Yields:
        a function of the share done, 0..1.
    """
    with _shown(label, TaskProgressColumn(), TimeRemainingColumn(compact=True), silent=silent) as update:
        yield lambda share: update(share, 1.0, f"{label} {share:.0%}")


@contextmanager
def _shown(label: str, *columns: ProgressColumn, silent: bool) -> Iterator[Callable[..., None]]:
    """A bar that is taken away at the end; yields a function of (done, total, line for logs, fields of the columns)."""
    is_terminal = sys.stderr.isatty()
    progress = Progress(
        *((TextColumn("{task.description}"),) if label else ()),
        BarColumn(20),
        *columns,
        console=Console(stderr=True),
        transient=True,
        # No thread: the work starts processes, and stderr belongs to the one that draws.
        auto_refresh=False,
        redirect_stdout=False,
        disable=silent or not is_terminal,
    )
    task = progress.add_task(label, total=1, documents=0, rate=0.0)
    refreshed = 0.0 if is_terminal else time.monotonic()

    def update(done: float, total: float, line: str, **fields: Any) -> None:
        nonlocal refreshed
        now = time.monotonic()
        if silent or now - refreshed < (_REFRESH_SECONDS if is_terminal else LOG_SECONDS):
            return
        refreshed = now
        if is_terminal:
            progress.update(task, completed=done, total=total, refresh=True, **fields)
        else:
            print(line, file=sys.stderr, flush=True)  # noqa: T201 -- a log's line

    with progress:
        yield update
