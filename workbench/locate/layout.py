"""The layout of a page: rows, the pieces of rows, and which piece is below which. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Protocol

from storage.records import Box


class Word(Protocol):
    """The attributes of a token that are used here."""

    @property
    def text(self) -> str: ...
    @property
    def box(self) -> Box: ...
    @property
    def page(self) -> int: ...
    @property
    def line(self) -> int: ...


class PlacedWords(Protocol):
    """Words with their boxes, lines and pages (as of `runs.parquet` rows and `Case`)."""

    @property
    def words(self) -> Sequence[str]: ...
    @property
    def boxes(self) -> Sequence[Sequence[float]]: ...
    @property
    def lines(self) -> Sequence[int]: ...
    @property
    def pages(self) -> Sequence[int]: ...


_NUMBER = re.compile(r"[\d.,'’%\-+()]+")
_COLUMN_GAP = 1.6  # of the letters' height: a wider gap inside a row divides columns
_SLANTS = [step / 250 for step in range(-20, 21) if step]  # up to four and a half degrees
_LINE_GAP = 1.7  # of the letters' height: a wider gap below a line ends a block
_MOST_IN_ROW = 200  # words; a longer row is no print, and what looks along rows would take minutes


def split_line(text: str, box: Box) -> list[tuple[str, Box]]:
    """The words of a line with a box each: the line's box divided by letters, wide (CJK) ones counting two."""
    x0, y0, x1, y1 = box
    widths = [2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text]
    unit = (x1 - x0) / (sum(widths) or 1)
    words: list[tuple[str, Box]] = []
    at, start, begin = 0, 0, 0
    for position, c in enumerate([*text, " "]):
        if c.isspace():
            if position > begin:
                words.append((text[begin:position], (x0 + start * unit, y0, x0 + at * unit, y1)))
            begin = position + 1
        at += widths[position] if position < len(widths) else 0
        if c.isspace():
            start = at
    return words


class Layout:
    """Rows and pieces of a document's words, as indices into `words`."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self._heights = [max(word.box[3] - word.box[1], 1e-6) for word in words]
        self.rows: list[list[int]] = []  # from top to bottom over all pages, each from left to right
        for page in sorted({word.page for word in words}):
            self.rows += _rows(words, [i for i, word in enumerate(words) if word.page == page])
        self.row_of = {index: number for number, row in enumerate(self.rows) for index in row}
        self.pieces: list[list[int]] = [piece for row in self.rows for piece in self._divide(row)]

    def height(self, index: int) -> float:
        """The height of a word's box, never 0."""
        return self._heights[index]

    def _divide(self, row: list[int]) -> list[list[int]]:
        pieces = [[row[0]]]
        for left, right in pairwise(row):
            gap = self.words[right].box[0] - self.words[left].box[2]
            if gap > _COLUMN_GAP * min(self.height(left), self.height(right)):
                pieces.append([])
            pieces[-1].append(right)
        return pieces

    def _bounds(self, piece: list[int]) -> Box:
        boxes = [self.words[i].box for i in piece]
        return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)

    def chains(self) -> list[list[list[int]]]:
        """For every piece: itself and the pieces below it in its column, to the end of the block."""
        bounds = [self._bounds(piece) for piece in self.pieces]
        pages = [self.words[piece[0]].page for piece in self.pieces]
        below: dict[int, int] = {}
        for upper, (x0, y0, x1, y1) in enumerate(bounds):
            best = None
            for lower in range(upper + 1, len(bounds)):
                if pages[lower] != pages[upper]:
                    break
                a0, b0, a1, b1 = bounds[lower]
                height = min(y1 - y0, b1 - b0)
                if b0 - y1 > _LINE_GAP * height:
                    if b0 - y1 > 4 * max(y1 - y0, height):
                        break
                    continue
                overlap = min(x1, a1) - max(x0, a0)
                if (b0 + b1) > (y0 + y1) + height and overlap > 0.2 * min(x1 - x0, a1 - a0):
                    # The nearest below; of two at one height the one that starts where this one starts.
                    rank = (round(b0 / max(height, 1e-6)), abs(a0 - x0))
                    if best is None or rank < best[0]:
                        best = (rank, lower)
            if best:
                below[upper] = best[1]
        chains = []
        for start in range(len(self.pieces)):
            chain, at = [self.pieces[start]], start
            while at in below and len(chain) < 12:
                at = below[at]
                chain.append(self.pieces[at])
            chains.append(chain)
        return chains


def _middles(words: Sequence[Word], indices: list[int]) -> dict[int, float]:
    """The vertical middle of each word, corrected for a slanted scan.

    The slant is the one under which most lines are side by side. It is measured on whole lines, as words that were cut
    out of a line all have the line's height.
    """
    lines: dict[int, list[int]] = {}
    for index in indices:
        lines.setdefault(words[index].line, []).append(index)
    points = []
    for members in lines.values():
        boxes = [words[i].box for i in members]
        x = (min(b[0] for b in boxes) + max(b[2] for b in boxes)) / 2
        points.append((x, sum(b[1] + b[3] for b in boxes) / (2 * len(boxes))))
    near = 0.12 * median(words[i].box[3] - words[i].box[1] for i in indices)

    def side_by_side(slant: float) -> int:
        heights = sorted(y - slant * x for x, y in points)
        return sum(b - a < near for a, b in pairwise(heights))

    level = side_by_side(0.0)
    if max(1.3 * level, level + 4) >= len(points):  # no slant can have so many more
        return {i: (words[i].box[1] + words[i].box[3]) / 2 for i in indices}
    best = max(_SLANTS, key=side_by_side)
    # Two columns of different line heights are side by side here and there under any slant; of a scan, a quarter is.
    slant = best if side_by_side(best) >= max(1.3 * level, level + 4, len(points) / 4) else 0.0
    straight = [y - slant * x for x, y in points]
    if slant:
        return {i: y for members, y in zip(lines.values(), straight, strict=True) for i in members}
    return {i: (words[i].box[1] + words[i].box[3]) / 2 for i in indices}


def _rows(words: Sequence[Word], indices: list[int]) -> list[list[int]]:
    """Rows of words with their middles at one height, from top to bottom."""
    rows: list[list[int]] = []
    middles: list[float] = []
    heights: list[float] = []
    at = _middles(words, indices)
    for index in sorted(indices, key=at.__getitem__):
        middle, height = at[index], words[index].box[3] - words[index].box[1]
        if rows and abs(middle - middles[-1]) <= 0.5 * min(height, heights[-1]):
            rows[-1].append(index)
            members = rows[-1]
            middles[-1] = median(at[i] for i in members[-8:])
            heights[-1] = median(words[i].box[3] - words[i].box[1] for i in members[-8:])
        else:
            rows.append([index])
            middles.append(middle)
            heights.append(height)
    for row in rows:
        row.sort(key=lambda i: words[i].box[0])
    return [row[at : at + _MOST_IN_ROW] for row in rows for at in range(0, len(row), _MOST_IN_ROW)]


def torn(document: PlacedWords, left: int, right: int) -> bool:
    """Whether two words are pieces of one number: on one line, of digits and marks, and almost touching."""
    if document.lines[left] != document.lines[right] or document.pages[left] != document.pages[right]:
        return False
    if not (_NUMBER.fullmatch(document.words[left]) and _NUMBER.fullmatch(document.words[right])):
        return False
    a, b = document.boxes[left], document.boxes[right]
    width = max(
        1.0, (a[2] - a[0]) / max(1, len(document.words[left])), (b[2] - b[0]) / max(1, len(document.words[right]))
    )
    return -width <= b[0] - a[2] <= 0.6 * width
