"""Hears of what other processes write: LISTEN, in a thread, with a connection of its own."""

import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from psycopg import Error
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

RETRY_SECONDS = 1.0
"""Between two tries to reach the server."""
_LOOK_SECONDS = 0.5  # so often the thread looks whether it is to end
_REST_SECONDS = 0.2  # what is written meanwhile is told of together


class Listener(threading.Thread):
    """Tells of others' transactions until it is ended; it begins anew where its line breaks.

    Args:
        engine: of the database.
        channel: that is listened on. A message is the schema and the writer, with a space between them.
        me: the writer that is not told of.
        call: called in this thread, and each time that the server was reached, as something may have been missed.
    """

    def __init__(self, engine: Engine, channel: str, me: str, call: Callable[[], object]) -> None:
        super().__init__(name="listener", daemon=True)
        self._engine, self._channel, self._me, self._call = engine, channel, me, call
        self._ended = threading.Event()

    def end(self) -> None:
        """Have it end soon; nothing waits for that."""
        self._ended.set()

    def run(self) -> None:
        while not self._ended.is_set():
            with suppress(DBAPIError, Error):  # the screens say what is wrong, when they need the server
                self._listen()
            self._ended.wait(RETRY_SECONDS)

    def _listen(self) -> None:
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()  # the pool is for transactions
        with closing(connection):
            connection.autocommit = True
            (schema,) = connection.execute("SELECT current_schema()").fetchone()
            connection.execute(f"LISTEN {self._channel}")
            self._call()
            while not self._ended.is_set():
                heard = [
                    note.payload.rpartition(" ") for note in connection.notifies(timeout=_LOOK_SECONDS, stop_after=1)
                ]
                if any(where == schema and who != self._me for where, _, who in heard):
                    self._call()
                    self._ended.wait(_REST_SECONDS)
