"""The order of the words of a line that is written from right to left. Pure."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby

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

    A stretch of words of the other direction inside a line keeps its own order.
    """
    from_the_right = reads_from_the_right(texts[index] for index in row)
    is_other = _is_left_to_right if from_the_right else is_right_to_left
    result: list[int] = []
    for other, indexes in groupby(reversed(row) if from_the_right else row, lambda index: is_other(texts[index])):
        run = list(indexes)
        result += reversed(run) if other else run
    return result


def letters_in_order(texts: Sequence[str], rights: Sequence[float]) -> list[int]:
    """The indexes of a word's letters in reading order, where signs divide its right-to-left letters (`בע"מ`).

    PDFium turns each stretch of such letters; where the line is mostly Latin it leaves the stretches from left to
    right. `rights` are the right edges of the letters.
    """
    kinds = ["rtl" if _goes_with_right_to_left(text) else "ltr" if text.isalnum() else "sign" for text in texts]
    stretches = [(kind, list(run)) for kind, run in groupby(range(len(texts)), kinds.__getitem__)]
    places = [number for number, (kind, _) in enumerate(stretches) if kind == "rtl"]
    if len(places) < 2:
        return list(range(len(texts)))
    runs = [run for _, run in stretches]
    first, stop = places[0], places[-1] + 1
    between = sorted(runs[first:stop], key=lambda run: -max(rights[index] for index in run))
    return [index for run in (*runs[:first], *between, *runs[stop:]) for index in run]


def _goes_with_right_to_left(text: str) -> bool:
    return is_right_to_left(text) or unicodedata.bidirectional(text[:1]) == "NSM"


def _is_left_to_right(text: str) -> bool:
    return any(unicodedata.bidirectional(c) == "L" for c in text) and not is_right_to_left(text)
