"""Run events: JSON lines that the worker appends and the terminal process follows.

Every event has `type` and `time` (seconds since the epoch, UTC; for display, never for ordering). Types:

- `queued`    (by the terminal) the run is started or resumed; earlier `failed` and `finished` events no longer count
- `started`   pid, host, device, threads, processes, precision, seed, resumed_from (step or null)
- `prepared`  documents{split: n}, windows{split: n}, tokens{split: n}, truncated, family, parameters, labels
- `step`      step, total_steps, epoch, loss, learning_rate, grad_norm, tokens_per_second, documents_per_second,
              memory_mb, device_memory_mb, seconds_left
- `evaluated` step, epoch, train{loss, f1, fields{F: {precision, recall, f1, support}}}, validation{the same}, best
- `saved`     step, path (of a checkpoint)
- `note`      message (batch halved after out-of-memory, checkpoint skipped, early stop …)
- `paused`, `resumed`
- `predicting` done, total
- `failed`    title, message, remedy
- `finished`  state ("finished" | "stopped"), seconds, f1, epochs — the last line of a run that ended well
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from storage import locks

_MOST_BYTES = 2 << 30  # twice what is taken of a run on another machine
TERMINAL = frozenset({"finished", "failed"})
"""An event of these types ends a run; a free lock without one means it crashed."""


class EventWriter:
    """Appends events; one writer a run (rank 0)."""

    def __init__(self, path: Path) -> None:
        torn = _cut_off(path)
        # errors: a name can have half a surrogate pair
        self._file = open(path, "a", encoding="utf-8", errors="replace", opener=locks.opener)  # noqa: SIM115
        if torn:  # the last writer was cut off: the next event must not become part of its half line
            self._file.write("\n")

    def write(self, type: str, /, **facts: Any) -> None:
        """Append one event and flush. NaN and infinities become null."""
        line = json.dumps({"type": type, "time": time.time(), **_finite(facts)}, ensure_ascii=False, allow_nan=False)
        self._file.write(line + "\n")
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()


def _cut_off(path: Path) -> bool:
    """Whether the file ends in the middle of a line."""
    if not path.exists() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _is_whole(event: dict[str, Any]) -> bool:
    """Whether what is counted with is a number and what is looked into an object, as far as it is there."""
    return (
        (event["type"] != "evaluated" or event.get("step") is not None)
        and all(_is_number(event[name]) for name in _NUMBERS if event.get(name) is not None)
        and all(isinstance(event[name], int | float) for name in _MEASURED if event.get(name) is not None)
        and all(isinstance(event[name], dict) for name in _OBJECTS if event.get(name) is not None)
        and all(count is None or _is_number(count) for count in (event.get("documents") or {}).values())
        and _are_labels(event.get("labels"), int if event["type"] == "cell" else list)
        and all(_are_figures(event[name]) for name in _FIGURES if event.get(name) is not None)
    )


def _are_labels(labels: Any, kind: type) -> bool:
    """Whether labels are of the event's kind: names of a run's, their number of a simulation's cells."""
    return not labels or isinstance(labels, kind)


def _are_figures(side: dict[str, Any]) -> bool:
    """Whether {loss, f1, fields {F: {f1, …}}} has numbers where figures belong."""
    fields = side.get("fields") or {}
    rows = [{name: value for name, value in side.items() if name in _RATES}]
    if not isinstance(fields, dict) or not all(isinstance(row, dict) for row in fields.values()):
        return False
    return all(
        value is None or isinstance(value, int | float) for row in (*rows, *fields.values()) for value in row.values()
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value < _LATEST


_LATEST = 1e11  # seconds: the year 5138; steps are fewer
_NUMBERS = ("time", "step", "total_steps", "epoch", "resumed_from", "threads", "processes", "done", "total", "f1",
            "parameters", "truncated")  # fmt: skip
_MEASURED = (
    "loss", "learning_rate", "grad_norm", "tokens_per_second", "documents_per_second", "memory_mb",
    "device_memory_mb", "seconds_left",
)  # fmt: skip
_OBJECTS = ("documents", "train", "validation")
_FIGURES = ("train", "validation")
_RATES = ("loss", "f1", "accuracy", "precision", "recall")


def read(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The events after a byte offset, and the offset for the next call.

    A last line without its newline (the writer was cut off) is left for the next call; a damaged line is skipped. There
    are none in what cannot be read, or has gigabytes: no run says so much.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe: reading it would not end
            return [], offset
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size - offset > _MOST_BYTES:
                return [], offset
            file.seek(offset)
            data = file.read()
    except OSError:
        return [], offset
    complete = data.rfind(b"\n") + 1
    events = []
    for line in data[:complete].splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and isinstance(event.get("type"), str) and _is_whole(event):
            events.append(event)
    return events, offset + complete


def last(path: Path, types: frozenset[str]) -> dict[str, Any] | None:
    """The last event of one of these types, if any."""
    latest: dict[str, Any] | None = None
    for event in iterate(path):
        if event["type"] in types:
            latest = event
    return latest


def iterate(path: Path) -> Iterator[dict[str, Any]]:
    """All complete events of a file, from the beginning."""
    yield from read(path)[0]
