"""What a tokenizer.json makes of a text before it is divided: refused where a few words would become gigabytes."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.runs.model_folders.configuration import problem_of

FILE = "tokenizer.json"
_MOST_GROWTH = 10_000
"""Times its letters that a text may become; of the tokenizers that models come with, less than ten."""


def check(path: Path, content: Mapping[str, Any]) -> None:
    """Refuse a tokenizer whose replacements, one after the other, can make a text grow without end.

    So is one with a damaged table of characters, of which the library says nothing but where in its own code it ended.

    Raises:
        InputProblem: it does.
    """
    growth = 1.0
    for step in _steps(content.get("normalizer")):
        if step.get("type") == "Precompiled" and not _is_table(step.get("precompiled_charsmap")):
            raise problem_of(path, "its table of characters is damaged.")
        growth *= _growth(step)
        if growth > _MOST_GROWTH:
            raise problem_of(path, f"its replacements make a text more than {_MOST_GROWTH:,} times as long.")


def _steps(normalizer: Any) -> Iterator[Mapping[str, Any]]:
    """What is done to a text, in any order. Nothing is nested without end: the file was read."""
    stack = [normalizer]
    while stack:
        step = stack.pop()
        if isinstance(step, dict):
            yield step
            steps = step.get("normalizers")
            stack += steps if isinstance(steps, list) else []


def _is_table(packed: Any) -> bool:
    """Whether this is SentencePiece's table: the size of a tree, the tree, and what its leaves stand for."""
    try:
        table = base64.b64decode(packed or "", validate=True)
        size = int.from_bytes(table[:4], "little")
        table[4 + size :].decode("utf-8")
    except (TypeError, ValueError, binascii.Error):
        return False
    return len(table) > 4 + size and size >= 4 and size % 4 == 0


def _growth(step: Mapping[str, Any]) -> float:
    """At most so many times the letters are there after a step."""
    if step.get("type") == "Prepend":
        return 1.0 + len(str(step.get("prepend", "")))
    if step.get("type") != "Replace":
        return 1.0
    pattern, put = step.get("pattern"), len(str(step.get("content", "")))
    letters = pattern.get("String") if isinstance(pattern, dict) else None
    if isinstance(letters, str) and letters:
        return max(1.0, put / len(letters))
    return 1.0 + put  # an expression may match between any two letters
