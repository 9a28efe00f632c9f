"""Keys, dialogs and lines of text: from the key that opens one until it is closed, every key is its own, in order."""

from asyncio import sleep
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.widgets import Input

from screens.widgets.dialogs import Dialog, Typed

PATIENCE = 10.0
"""Seconds that keys wait for what was announced; then they go where they would go without it."""

_PAUSE = 0.002


class DialogKeys:
    """Holds keys back while a dialog opens, and between the steps of a conversation.

    A dialog, and a line of text on the page, handles a key to its end before the next one is looked at. Textual puts
    keys into the queue of the focused widget: what was typed after an answer would be in the queue of a widget that
    goes away, and a field's key after Enter would be a letter of the search.
    """

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._held = 0

    @contextmanager
    def hold(self) -> Iterator[None]:
        """No key reaches the page in the meantime; those of dialogs work."""
        self._held += 1
        try:
            yield
        finally:
            self._release()

    def hold_until_answered(self, requester: MessagePump) -> None:
        """Hold keys until a message pump has run the callbacks that it was handed so far."""
        if requester.is_running:
            self._held += 1
            requester.call_next(self._release)

    def _release(self) -> None:
        self._held = max(self._held - 1, 0)

    async def handle(self, event: events.Key) -> bool:
        """Wait until it is clear whose key it is, and handle it where that is a dialog. In the application's queue."""
        await self._decided()
        if self._app._exit:  # the program ends, and may have no screen any more
            return True
        dialog = self._app.screen
        if not isinstance(dialog, Dialog):
            return await (self._typed_behind(event) if event.is_forwarded else self._typed_in_line(event))
        if event.key.startswith("alt+") and event.is_printable:
            return False  # see `divide`
        if await self._app._check_bindings(event.key, priority=True):
            return True
        if isinstance(dialog.focused, Input) and event.is_printable:
            insert(dialog.focused, event)
        elif not dialog.typed(event):
            await self._app._check_bindings(event.key)
        return True

    def divide(self, event: events.Key) -> bool:
        """Escape and a character in quick succession: terminals send the same for Alt and that character."""
        app = self._app
        if not event.key.startswith("alt+") or not event.is_printable or event.key in app.screen.active_bindings:
            return False
        app.post_message(events.Key("escape", None))
        app.post_message(events.Key(event.character or "", event.character))
        return True

    async def _typed_in_line(self, event: events.Key) -> bool:
        """A line of text on the page that handles its keys in this queue: none overtakes the Enter that closes it."""
        line: object = self._app.focused
        if not isinstance(line, Typed) or (event.key.startswith("alt+") and event.is_printable):
            return False
        if not await self._app._check_bindings(event.key, priority=True) and not line.typed(event):
            await self._app._check_bindings(event.key)
        return True

    async def _typed_behind(self, event: events.Key) -> bool:
        """A character that was on its way through the page while a line of text took the focus is for that line."""
        line = self._app.focused
        if not isinstance(line, Input) or not event.is_printable:
            return False
        if event.key.startswith("alt+"):
            return False
        insert(line, event)
        return True

    async def _decided(self) -> None:
        deadline = monotonic() + PATIENCE
        while not self._app._exit and not self._is_decided():
            if monotonic() > deadline:
                self._held = 0
                return
            await self._app._flush_next_callbacks()  # an answer may wait in the queue that this key holds up
            await sleep(_PAUSE)

    def _is_decided(self) -> bool:
        front = self._app.screen
        return front.is_ready if isinstance(front, Dialog) else not self._held


def insert(line: Input, event: events.Key) -> None:
    """Put a character where the cursor of a line is, in place of what is selected."""
    if line.selection.is_empty:
        line.insert_text_at_cursor(event.character or "")
    else:
        line.replace(event.character or "", *line.selection)
