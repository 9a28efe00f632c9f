"""Ways around what ends or holds up Textual: a small terminal, a palette that is closed, a list without lines yet,
threads, handlers that raise.

A database can be out of reach for a while. Textual ends the messages of a widget, and the program, where one of its
handlers raises; here the handler ends alone, and is called again once the database is back.
"""

import sys
from collections.abc import Callable
from typing import Any, Literal, Protocol, runtime_checkable

from textual import events
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.drivers._writer_thread import WriterThread
from textual.geometry import Size
from textual.message import Message
from textual.message_pump import MessagePump
from textual.widget import Widget
from textual.widgets import OptionList
from textual.worker import WorkerFailed

from storage.exceptions import WAITING, WorkspaceGone

_SMALLEST = Size(40, 10)
"""What is laid out in a smaller terminal, and cut off there: widgets of no width end Textual."""


def laid_out(event: events.Event) -> events.Event:
    """The event, a terminal's new size at least that of the smallest."""
    if not isinstance(event, events.Resize):
        return event
    size = Size(max(event.size.width, _SMALLEST.width), max(event.size.height, _SMALLEST.height))
    return event if size == event.size else events.Resize(size, size, None, event.pixel_size)


def is_of_closed_palette(error: Exception, app: "App[Any]") -> bool:
    """Whether the search of a command palette failed since it is not there any more: it finds its list no more."""
    is_search = isinstance(error, WorkerFailed) and isinstance(error.error, NoMatches)
    return is_search and (app._exit or not any(isinstance(screen, CommandPalette) for screen in app.screen_stack))


def end_reading() -> None:
    """End the processes that read files and pages: asyncio waits for the threads that wait for them."""
    if reader := sys.modules.get("workbench.exchange.reader_process"):
        reader.close()


KINDS = (WorkspaceGone, *WAITING)
"""What no handler has to expect."""
_AGAIN = (events.Mount, events.ScreenResume)
"""What a widget is not whole without."""


@runtime_checkable
class Outlasting(Protocol):
    """An application that goes on."""

    missed: "Missed"

    def _handle_exception(self, error: Exception) -> None: ...


class Missed:
    """What could not be read, to be read once the database is back."""

    def __init__(self) -> None:
        self._listed: dict[tuple[MessagePump, object], Callable[[], object]] = {}

    def note(self, widget: MessagePump, name: object, read: Callable[[], object]) -> None:
        """Remember how something of a widget is read; of the same name, the latest."""
        self._listed[widget, name] = read

    def catch_up(self) -> None:
        """Have it read, as far as the widgets are still there."""
        listed, self._listed = self._listed, {}
        for (widget, _), read in listed.items():
            if widget.is_attached:
                read()


_dispatch = MessagePump._dispatch_message


def _is_closing(widget: Widget) -> bool:
    """Whether it, or what it stands in, is taken away."""
    return any(node._pruning or node._closing for node in widget.ancestors_with_self)


async def _dispatch_and_go_on(self: MessagePump, message: Message) -> None:
    app = self.app
    if not isinstance(app, Outlasting):
        await _dispatch(self, message)
        return
    try:
        await _dispatch(self, message)
    except (IndexError, NoMatches):
        # What is closed before it was built, as a dialog by Escape or by the end of the program, is given no children
        # by Textual, and stands on no other screen any more.
        if not (app._exit or (isinstance(self, Widget) and _is_closing(self))):
            raise
    except KINDS as error:
        app._handle_exception(error)
        if isinstance(message, _AGAIN):
            kind = type(message)
            app.missed.note(self, kind, lambda: self.post_message(kind()))


MessagePump._dispatch_message = _dispatch_and_go_on  # type: ignore[method-assign]


_move_page = OptionList._move_page


def _move_page_where_lines_are(self: OptionList, direction: Literal[-1, 1]) -> None:
    """A list that was not laid out yet, as one that just opened or is filled anew, has no pages to go to."""
    if (self.highlighted or 0) in self._index_to_line:
        _move_page(self, direction)


OptionList._move_page = _move_page_where_lines_are  # type: ignore[method-assign]


def _open_palette(self: "App[Any]") -> None:
    """Also while the one before is still being taken away: Textual gives both the same id, which none may have."""
    if self.use_command_palette and not CommandPalette.is_open(self):
        self.push_screen(CommandPalette())


App.action_command_palette = _open_palette  # type: ignore[method-assign]


_write = WriterThread.run


def _write_until_the_terminal_is_gone(self: WriterThread) -> None:
    """Then go on to take what is written: else the program waits for space in a queue that nothing empties, and neither
    the signal that the terminal is closed nor any other can end it."""
    try:
        _write(self)
    except (OSError, ValueError):  # closed at the other end, or at this one
        while self._queue.get() is not None:
            pass


WriterThread.run = _write_until_the_terminal_is_gone  # type: ignore[method-assign]


_click = OptionList._on_click


async def _click_what_is_there(self: OptionList, event: events.Click) -> None:
    """A click on a line that a list, filled anew since it was drawn, has no longer is a click on nothing."""
    if event.style.meta.get("option", -1) < self.option_count:
        await _click(self, event)


OptionList._on_click = _click_what_is_there  # type: ignore[method-assign]


_dismiss = CommandPalette.dismiss


def _dismiss_once(self: CommandPalette, result: Any = None) -> AwaitComplete:
    """A palette that is closed already, as by Escape right before an Enter, does not close what is under it."""
    return _dismiss(self, result) if self.app.screen is self else AwaitComplete()


CommandPalette.dismiss = _dismiss_once  # type: ignore[assignment, method-assign]
