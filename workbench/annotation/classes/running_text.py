"""The words of a text that stands on no page, as lines of a width. Pure.

An import sets such a text in rows of its own (`exchange/reading/running_text.py`); here the rows are joined again,
and divided only where the text has a line end.
"""

from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width

from rich.cells import cell_len

from storage.records import Token

_SET_WIDE = 80  # cells of the rows that an import sets a text in
_WIDE_ENDS = "WF"


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
    return (
        0
        if east_asian_width(before[-1:] or " ") in _WIDE_ENDS and east_asian_width(after[:1] or " ") in _WIDE_ENDS
        else 1
    )
