"""The words of a text that stands on no page, as lines of a width. Pure.

An import sets such a text in rows of its own (`exchange/reading/running_text.py`); here the rows are joined again,
and divided only where the text has a line end.
"""

import re
from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width

from rich.cells import cell_len

from storage.records import Token

_SET_WIDE = 80  # cells of the rows that an import sets a text in
_WIDE_ENDS = "WF"
KOREAN = re.compile(r"[\u1100-\u115f\u3130-\u318f\ua960-\ua97f\uac00-\ud7a3\uffa0-\uffdc]")
"""Letters that are as wide as Chinese ones, in words that spaces divide."""


def lines_of(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The text's lines: a row of the import that had no space for its next word goes on in the next one."""
    line: list[Token] = []
    used = 0
    for token in tokens:
        width = cell_len(token.original or token.text) or 1
        if line and token.line != line[-1].line and used + 1 + width <= _SET_WIDE:
            yield line
            line = []
        used = width if not line or token.line != line[-1].line else used + 1 + width
        line.append(token)
    if line:
        yield line


def gap(before: str, after: str) -> int:
    """Cells between two words: none between Chinese or Japanese characters."""
    return 0 if _is_wide(before[-1:]) and _is_wide(after[:1]) else 1


def _is_wide(character: str) -> bool:
    return bool(character) and east_asian_width(character) in _WIDE_ENDS and not KOREAN.match(character)
