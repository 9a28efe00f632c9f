"""Progress on stderr while a command works: a bar on a terminal, else a line now and then, for logs.

rich is loaded only where there is a bar to draw: a script's call need not wait for it.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from workbench.fields.plain_text import counted

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

_Columns = Callable[[], "list[ProgressColumn]"]

_REFRESH_SECONDS = 0.1
LOG_SECONDS = 30.0
"""Between two lines where stderr is no terminal."""


@contextmanager
def import_progress(*, silent: bool = False) -> Iterator[Callable[[int, int, int], None]]:
    """A bar with the rate and the time that is left.

    Yields:
        a function of (files done, files in all, documents).
    """

    def columns() -> "list[ProgressColumn]":
        from rich.progress import TextColumn, TimeRemainingColumn

        files = TextColumn("{task.completed:,}/{task.total:,} files, {task.fields[documents]:,} documents,")
        rate = TextColumn("{task.fields[rate]:,.1f}/s,")
        return [files, rate, TimeRemainingColumn(compact=True), TextColumn("left")]

    started = time.monotonic()
    with _shown("", columns, silent=silent) as update:

        def show(done: int, total: int, documents: int) -> None:
            rate = documents / max(time.monotonic() - started, 1e-6)
            text = f"{done:,}/{counted(total, 'file')}, {counted(documents, 'document')}, {rate:,.1f}/s"
            update(done, total, text, documents=documents, rate=rate)

        yield show


@contextmanager
def document_progress(label: str, *, silent: bool, before: str = "") -> Iterator[Callable[[int, int], None]]:
    """A count of documents.

    Args:
        label: what is done with them.
        silent: show nothing, as for scripts.
        before: what is done as long as the number of documents is not known.

    Yields:
        a function of (documents done, documents in all).
    """

    def columns() -> "list[ProgressColumn]":
        from rich.progress import TextColumn, TimeRemainingColumn

        return [TextColumn("{task.completed:,}/{task.total:,} documents"), TimeRemainingColumn(compact=True)]

    with _shown(label, columns, silent=silent) as update:

        def show(done: int, total: int) -> None:
            name = before if before and not total else label
            update(done, total, f"{name} {done:,}/{counted(total, 'document')}", description=name)

        yield show


@contextmanager
def share_progress(label: str, *, silent: bool) -> Iterator[Callable[[float], None]]:
    """A share of the work, with the time that is left.

    Yields:
        a function of the share done, 0..1.
    """

    def columns() -> "list[ProgressColumn]":
        from rich.progress import TaskProgressColumn, TimeRemainingColumn

        return [TaskProgressColumn(), TimeRemainingColumn(compact=True)]

    with _shown(label, columns, silent=silent) as update:
        yield lambda share: update(share, 1.0, f"{label} {share:.0%}")


@contextmanager
def _shown(label: str, columns: _Columns, *, silent: bool) -> Iterator[Callable[..., None]]:
    """A bar that is taken away at the end; yields a function of (done, total, line for logs, fields of the columns)."""
    if silent:
        yield lambda done, total, line, **fields: None
    elif sys.stderr.isatty():
        with _bar(label, columns) as update:
            yield update
    else:
        refreshed = time.monotonic()

        def log(done: float, total: float, line: str, **fields: Any) -> None:
            nonlocal refreshed
            if time.monotonic() - refreshed >= LOG_SECONDS:
                refreshed = time.monotonic()
                print(line, file=sys.stderr, flush=True)  # noqa: T201 -- a log's line

        yield log


@contextmanager
def _bar(label: str, columns: _Columns) -> Iterator[Callable[..., None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    progress = Progress(
        *([TextColumn("{task.description}")] if label else []),
        BarColumn(20),
        *columns(),
        console=Console(stderr=True),
        transient=True,
        # No thread: the work starts processes, and stderr belongs to the one that draws.
        auto_refresh=False,
        redirect_stdout=False,
    )
    task = progress.add_task(label, total=1, documents=0, rate=0.0)
    refreshed = 0.0

    def draw(done: float, total: float, line: str, **fields: Any) -> None:
        nonlocal refreshed
        if time.monotonic() - refreshed >= _REFRESH_SECONDS:
            refreshed = time.monotonic()
            progress.update(task, completed=done, total=total, refresh=True, **fields)

    with progress:
        yield draw


@contextmanager
def phase(label: str, *, silent: bool) -> Iterator[None]:
    """Says what is done meanwhile, where it cannot be counted."""
    is_shown = not silent and sys.stderr.isatty()
    if is_shown:
        click.echo(f"{label} …", err=True, nl=False)
    try:
        yield
    finally:
        if is_shown:
            click.echo("\r\x1b[K", err=True, nl=False)
