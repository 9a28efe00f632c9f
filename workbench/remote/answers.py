"""What the agent on a target answers: read by its kinds and bounds, so that no answer can be anything else."""

import json
from typing import Annotated, Any, TypeVar

import msgspec

MOST_BYTES = 64 << 20
"""Of one answer: more is no answer of the agent, and is not kept in memory."""
MOST_HEARD_BYTES = 1 << 30
"""Of events and log of a run: one that trains for weeks says less."""
_DEEPEST = 50  # brackets in brackets of an event; a run's have four
LATEST = 1e11
"""Seconds since 1970 that a clock can show: the year 5138."""

_Place = Annotated[int, msgspec.Meta(ge=0, le=10**15)]  # a byte of a file
_Moment = Annotated[float, msgspec.Meta(ge=0, le=LATEST)]


class Version(msgspec.Struct):
    """Of the program there."""

    version: str
    time: _Moment


class Device(msgspec.Struct):
    """What torch there sees."""

    torch: str
    devices: list[str]


class Look(msgspec.Struct):
    """How far a run is there."""

    there: bool
    working: bool
    events: _Place
    time: _Moment


class Check(msgspec.Struct):
    """Files that did not arrive whole."""

    wrong: list[str]


class Results(msgspec.Struct):
    """File -> digest of what a run made, and the bytes of all of them."""

    files: dict[str, str]
    bytes: _Place = 0


class Done(msgspec.Struct):
    """Of an act that only says that it was done."""


class Heard(msgspec.Struct):
    """What happened since: (byte after it, event) of each line, the log's text and the byte that it ends at."""

    events: list[tuple[_Place, str]]
    log: str
    log_at: _Place
    training: bool
    ended: bool


Answer = TypeVar("Answer", Version, Device, Look, Check, Results, Done, Heard)


def read(line: str | bytes, kind: type[Answer]) -> Answer:
    """An answer of a kind.

    Raises:
        ValueError: it is none.
    """
    try:
        return msgspec.json.decode(line, type=kind)
    except RecursionError as error:
        raise ValueError("brackets without end") from error


def event(text: str) -> dict[str, Any] | None:
    """An event that a line is; None where it is none."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_one = isinstance(event, dict) and isinstance(event.get("type"), str) and not _is_deeper(event, _DEEPEST)
    return event if is_one else None


def _is_deeper(value: Any, most: int) -> bool:
    """Whether there are more brackets in brackets than so many."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return most < 0 or any(_is_deeper(item, most - 1) for item in inner)
