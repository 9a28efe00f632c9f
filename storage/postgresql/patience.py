"""Connections to a server that are given up where it says nothing for long: a terminal would wait for ever."""

import time
from collections.abc import Callable, Generator
from typing import Any

from psycopg import Connection, OperationalError


def connect(seconds: Callable[[], float | None], *arguments: Any, **named: Any) -> "Connection[Any]":
    """Connect as `psycopg.connect` does.

    Args:
        seconds: for how long the server may say nothing while it is waited for; None: for ever.
    """

    class Impatient(Connection[Any]):
        def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **named: Any) -> Any:
            most = seconds()
            if most is None:
                return super().wait(gen, *arguments, **named)
            return super().wait(_bounded(gen, most, self.pgconn.finish), *arguments, **named)

    try:
        return Impatient.connect(*arguments, **named)
    except UnicodeError as error:  # of Python's, which writes the name as those of the internet are written
        raise OperationalError("no server can have this name") from error


def _bounded(gen: Generator[Any, Any, Any], most: float, give_up: Callable[[], object]) -> Generator[Any, Any, Any]:
    """What the driver waits for; it is resumed with 0 where nothing came for a moment."""
    heard = time.monotonic()
    try:
        state = next(gen)
        while True:
            ready = yield state
            if ready:
                heard = time.monotonic()
            elif time.monotonic() - heard > most:
                give_up()
                raise OperationalError(f"it has said nothing for {most:.0f} seconds")
            state = gen.send(ready)
    except StopIteration as end:
        return end.value
