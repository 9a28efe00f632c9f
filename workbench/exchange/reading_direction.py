"""The order of the words of a line that is written from right to left. Pure."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, groupby

from storage.records import Box

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_WIDE_GAP = 1.5  # times the height of a word: more lies between two cells than between two words


def is_right_to_left(text: str) -> bool:
    """Whether a text has a letter that is written from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in text)


def reads_from_the_right(texts: Iterable[str]) -> bool:
    """Whether most letters of a line are written from right to left; digits and signs do not count."""
    kinds = [unicodedata.bidirectional(c) for text in texts for c in text if c.isalpha()]
    return sum(kind in _RIGHT_TO_LEFT for kind in kinds) * 2 > len(kinds)


def ordered(row: Sequence[int], texts: Sequence[str], boxes: Sequence[Box]) -> list[int]:
    """The indexes of a row, which come from left to right, in the order in which its words are read.

    A wide gap divides cells, each of which is read in its own direction. A stretch of words of the other direction
    inside a cell keeps its own order.
    """
    cells = list(_cells(row, boxes))
    row_from_the_right = reads_from_the_right(texts[index] for index in row)
    result: list[int] = []
    for cell in reversed(cells) if row_from_the_right else cells:
        has_letters = any(c.isalpha() for index in cell for c in texts[index])
        from_the_right = reads_from_the_right(texts[index] for index in cell) if has_letters else row_from_the_right
        is_other = _is_left_to_right if from_the_right else is_right_to_left
        for other, indexes in groupby(
            reversed(cell) if from_the_right else cell, lambda index, is_other=is_other: is_other(texts[index])
        ):
            run = list(indexes)
            result += reversed(run) if other else run
    return result


def _cells(row: Sequence[int], boxes: Sequence[Box]) -> Iterator[list[int]]:
    """A row's words divided where there is a wide gap between two."""
    cell: list[int] = []
    for index in row:
        if cell:
            before, box = boxes[cell[-1]], boxes[index]
            if box[0] - before[2] > _WIDE_GAP * min(before[3] - before[1], box[3] - box[1]):
                yield cell
                cell = []
        cell.append(index)
    if cell:
        yield cell


def with_brackets_in_pairs(texts: Sequence[str]) -> Sequence[str]:
    """The words of a row with letters from the right, in reading order, their round brackets opened and then closed.

    PDFium mirrors some brackets of such a row, those around its Latin words too.
    """
    joined = "\0".join(texts)
    number = joined.count("(") + joined.count(")")
    if not number or number % 2 or not is_right_to_left(joined):
        return texts
    sides = cycle("()")
    return "".join(next(sides) if c in "()" else c for c in joined).split("\0")


def letters_in_order(texts: Sequence[str], rights: Sequence[float]) -> list[int]:
    """The indexes of a word's letters in reading order, where signs divide or end its right-to-left letters (`בע"מ`).

    PDFium turns each stretch of such letters; where the line is mostly Latin it leaves the stretches from left to
    right. `rights` are the right edges of the letters.
    """
    kinds = ["rtl" if _goes_with_right_to_left(text) else "ltr" if text.isalnum() else "sign" for text in texts]
    stretches = [(kind, list(run)) for kind, run in groupby(range(len(texts)), kinds.__getitem__)]
    places = [number for number, (kind, _) in enumerate(stretches) if kind == "rtl"]
    if not places or len(stretches) == 1:
        return list(range(len(texts)))
    first, stop = places[0], places[-1] + 1
    if first == 1 and stretches[0][0] == "sign":
        first = 0
    if stop == len(stretches) - 1 and stretches[stop][0] == "sign":
        stop += 1
    runs = [run for _, run in stretches]
    between = sorted(runs[first:stop], key=lambda run: -max(rights[index] for index in run))
    return [index for run in (*runs[:first], *between, *runs[stop:]) for index in run]


def _goes_with_right_to_left(text: str) -> bool:
    return is_right_to_left(text) or unicodedata.bidirectional(text[:1]) == "NSM"


def _is_left_to_right(text: str) -> bool:
    return any(unicodedata.bidirectional(c) == "L" for c in text) and not is_right_to_left(text)
