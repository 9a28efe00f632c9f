"""Ways around what ends or holds up Textual: a terminal of a few cells, a palette closed while it searches, threads."""

import sys
from collections.abc import Sequence

from textual import events
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.geometry import Size
from textual.screen import Screen
from textual.worker import WorkerFailed

_SMALLEST = Size(40, 10)
"""What is laid out in a smaller terminal, and cut off there: widgets of no width end Textual."""


def laid_out(event: events.Event) -> events.Event:
    """The event, a terminal's new size at least that of the smallest."""
    if not isinstance(event, events.Resize):
        return event
    size = Size(max(event.size.width, _SMALLEST.width), max(event.size.height, _SMALLEST.height))
    return event if size == event.size else events.Resize(size, size, None, event.pixel_size)


def is_of_closed_palette(error: Exception, screens: "Sequence[Screen[object]]") -> bool:
    """Whether the search of a command palette failed since it is not there any more: it finds its list no more."""
    is_search = isinstance(error, WorkerFailed) and isinstance(error.error, NoMatches)
    return is_search and not any(isinstance(screen, CommandPalette) for screen in screens)


def end_reading() -> None:
    """End the processes that read files and pages: asyncio waits for the threads that wait for them."""
    if reader := sys.modules.get("workbench.exchange.reader_process"):
        reader.close()
