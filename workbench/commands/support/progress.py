"""Progress on stderr while a command works; nothing where stderr is no terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

_REFRESH_SECONDS = 0.1


@contextmanager
def import_progress() -> Iterator[Callable[[int, int, int], None]]:
    """A bar with the rate and the time that is left.

    Yields:
        a function of (files done, files in all, documents).
    """
    progress = Progress(
        BarColumn(20),
        TextColumn("{task.completed:,}/{task.total:,} files, {task.fields[documents]:,} documents,"),
        TextColumn("{task.fields[rate]:,.1f}/s,"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        console=Console(stderr=True),
        transient=True,
        # No thread: the work starts processes, and stderr belongs to the one that draws.
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


@contextmanager
def document_progress(label: str, *, silent: bool) -> Iterator[Callable[[int, int], None]]:
    """A count of documents.

    Args:
        label: what is done with them.
        silent: show nothing, as for scripts.

    Yields:
        a function of (documents done, documents in all).
    """
    is_shown = not silent and sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        if is_shown:
            click.echo(f"\r\x1b[K{label} {done}/{total} documents", err=True, nl=False)

    try:
        yield show
    finally:
        if is_shown:
            click.echo("\r\x1b[K", err=True, nl=False)
