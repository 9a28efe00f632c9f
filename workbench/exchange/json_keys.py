"""Keys that stand twice in a JSON object with different values: readers keep the last one and say nothing."""

import json
from contextlib import suppress
from typing import Any

from storage.exceptions import InputProblem
from workbench.fields.plain_text import harmless


def check(data: bytes | str) -> None:
    """Refuse JSON in which a key stands twice in one object with different values; what is no JSON passes.

    Raises:
        InputProblem: it has such a key.
    """
    with suppress(ValueError, RecursionError):  # no JSON: its reader says so
        json.loads(data, object_pairs_hook=_once_each)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        for key, value in pairs:
            if held[key] != value and repr(held[key]) != repr(value):  # NaN is not equal to itself
                raise InputProblem(f'it has "{harmless(key)[:80]}" twice, with different values')
    return held
