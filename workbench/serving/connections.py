"""Connections of clients: those that ask nothing are closed, and from the signal to stop on there are no new ones."""

import asyncio
import ctypes
import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol

from uvicorn.protocols.http.auto import AutoHTTPProtocol

IDLE_SECONDS = 20.0
"""From a connection's beginning, or an answer, to the end of the next request's headers."""

LAST_SECONDS = 0.5
"""From the signal to stop to the closing of the port: for connections that a client has made and that wait there."""
_ATTACH_FILTER = 26  # SO_ATTACH_FILTER of Linux, which Python does not name
_DROP_NEW_CONNECTIONS = (  # a program for the kernel's packet filter: code, jump if true, jump if false, operand
    (0x30, 0, 0, 13),  # load the byte with the flags of TCP
    (0x54, 0, 0, 0x12),  # of these SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone: the next line, else the one after it
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # take
)


class Listening(Protocol):
    """A socket that connections are made to."""

    def setsockopt(self, level: int, name: int, value: bytes, /) -> None:
        """As `socket.socket` has it."""


def refuse_new(listening: Iterable[Listening]) -> None:
    """Have the kernel make no new connections to these sockets, in whatever process they are open.

    What waits to be accepted would be reset by closing the port. Clients that come now try again after a second, and
    are refused then, or reach the next server. Without the filter (not on Linux, or where the kernel allows users
    without rights no more of them) a connection can be lost in the moment between the last that is accepted and the
    closing.
    """
    if sys.platform != "linux":
        return
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in _DROP_NEW_CONNECTIONS)
    memory = ctypes.create_string_buffer(program, len(program))
    option = struct.pack("HP", len(_DROP_NEW_CONNECTIONS), ctypes.addressof(memory))
    for listener in listening:
        with suppress(OSError):  # the server has to end all the same
            listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, option)


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
