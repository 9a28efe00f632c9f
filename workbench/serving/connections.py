"""Connections of clients that ask nothing: they are closed, lest they take all that a server can have open."""

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

IDLE_SECONDS = 20.0
"""From a connection's beginning, or an answer, to the end of the next request's headers."""


class Connection(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen by what is installed
    """HTTP, with a bound on the time in which the headers come."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._watch = self.loop.call_later(IDLE_SECONDS, self._look, self.cycle)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.cancel()
        super().connection_lost(exc)

    def _look(self, before: Any) -> None:
        """Close the connection where nothing was asked since it was looked at before, and found without a request."""
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self.cycle is before:
            self.transport.close()
        else:
            self._watch = self.loop.call_later(IDLE_SECONDS, self._look, self.cycle if is_idle else "busy")
