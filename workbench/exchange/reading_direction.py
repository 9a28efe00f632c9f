"""The order of the words of a line that is written from right to left. Pure."""

import unicodedata
from collections.abc import Iterable, Sequence

_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def is_right_to_left(text: str) -> bool:
    """Whether a text has a letter that is written from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in text)


def reads_from_the_right(texts: Iterable[str]) -> bool:
    """Whether most letters of a line are written from right to left; digits and signs do not count."""
    kinds = [unicodedata.bidirectional(c) for text in texts for c in text if c.isalpha()]
    return sum(kind in _RIGHT_TO_LEFT for kind in kinds) * 2 > len(kinds)


def ordered(row: Sequence[int], texts: Sequence[str]) -> list[int]:
    """The indexes of a row, which come from left to right, in the order in which its words are read.

    A stretch of words of a left-to-right script inside a right-to-left line keeps its own order.
    """
    if not reads_from_the_right(texts[index] for index in row):
        return list(row)
    result: list[int] = []
    run: list[int] = []
    for index in reversed(row):
        if _is_left_to_right(texts[index]):
            run.append(index)
            continue
        result += [*reversed(run), index]
        run = []
    return [*result, *reversed(run)]


def _is_left_to_right(text: str) -> bool:
    return any(unicodedata.bidirectional(c) == "L" for c in text) and not is_right_to_left(text)
