"""The words of a PDF page's text layer, and the order in which they are read. Used in reader processes only."""

import ctypes
import math
import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pypdfium2 import raw

from storage.records import Box
from workbench.exchange.reading.incoming import IncomingToken
from workbench.exchange.reading_direction import (
    is_right_to_left,
    letters_in_order,
    ordered,
    with_brackets_in_pairs,
)
from workbench.locate.layout import Layout

_FINE = 100  # device units a point, for positions
_GARBLED = 0.2  # a text layer with this share of undefined characters or more is not used
_WIDE_GAP = 0.9  # of the letters' height: a wider gap inside a word divides it
_QUARTER = 90  # degrees
_CHUNK, _LINE = re.compile(r"[^\s\0]+"), re.compile(r"[^\r\n\0]+")


@dataclass(frozen=True, slots=True)
class PdfWord:
    """A word of the text layer, its box in points from the top left of the page as it is seen."""

    text: str
    box: Box
    turn: int = 0  # degrees by which it is turned clockwise as it is seen: 270 runs upwards
    is_layer: bool = False  # drawn without ink over a picture: the text of a scan, from OCR
    page: int = 0
    line: int = 0


@dataclass(slots=True)
class _Letter:
    text: str
    box: list[float]  # left, bottom, right, top in PDF space
    turn: int  # degrees, in PDF space
    index: int


def words_of(page: Any) -> list[PdfWord]:
    """The words of a page's text layer, in the order of the file.

    An empty list where there is no text, or where it is garbled (fonts without a character map).
    """
    text = page.get_textpage()
    try:
        words = list(_words(text, page))
    finally:
        text.close()
    letters = "".join(word.text for word in words)
    meaningless = sum(c == "\ufffd" or "\ue000" <= c <= "\uf8ff" or c < " " for c in letters)
    return [] if not letters or meaningless > _GARBLED * len(letters) else words


def _words(text: Any, page: Any) -> Iterator[PdfWord]:
    place = _Placement(page)
    rotation = page.get_rotation()
    scans = [place.box(list(item.get_bounds())) for item in page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)]
    for chunk in _chunks(text):
        for letters in _divided(chunk):
            sides = list(zip(*(letter.box for letter in letters), strict=True))
            box = place.box([min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3])])
            turn = (letters[0].turn + rotation) % 360
            is_layer = any(_covers(scan, box) for scan in scans) and _is_invisible(text, letters[0].index)
            yield PdfWord(_text(letters), box, turn, is_layer)


def _chunks(text: Any) -> Iterator[list[_Letter]]:
    """The letters between spaces. In a line with letters from the right, both go by their place: PDFium turns parts."""
    characters = text.get_text_range()
    count = text.count_chars()
    if len(characters) != count:  # surrogates and control characters: one by one
        characters = "".join(chr(raw.FPDFText_GetUnicode(text, i) or 0x20) for i in range(count))
    from_the_right = is_right_to_left(characters)
    for line in (_LINE if from_the_right else _CHUNK).finditer(characters):
        letters = list(_letters(text, characters, *line.span()))
        if not from_the_right:
            chunks = [letters]
        elif is_right_to_left(line[0]) and not any(letter.turn for letter in letters):
            chunks = _by_place(letters)
        else:
            spaced = groupby(letters, lambda letter: letter.text.isspace())
            chunks = [list(chunk) for is_space, chunk in spaced if not is_space]
        yield from (_in_direction(chunk) if from_the_right else chunk for chunk in chunks if chunk)


def _letters(text: Any, characters: str, start: int, stop: int) -> Iterator[_Letter]:
    sides = [ctypes.c_double() for _ in range(4)]
    loose = raw.FS_RECTF()
    for i in range(start, stop):
        if not raw.FPDFText_GetLooseCharBox(text, i, loose):
            continue
        # Height from the loose box (as high as the font), width from the ink, which keeps the gaps between words.
        raw.FPDFText_GetCharBox(text, i, *sides)
        left, right, bottom, top = (side.value for side in sides)
        box = (
            [left, loose.bottom, right, loose.top]
            if right > left
            else [loose.left, loose.bottom, loose.right, loose.top]
        )
        if top - bottom > 3 * (loose.top - loose.bottom):  # a font with a wrong height
            box[1], box[3] = bottom, top
        turn = round(math.degrees(raw.FPDFText_GetCharAngle(text, i)) / _QUARTER) * _QUARTER % 360
        yield _Letter(characters[i], box, turn, i)


def _by_place(letters: list[_Letter]) -> list[list[_Letter]]:
    """The letters of a line between its spaces as they are seen."""

    def middle(letter: _Letter) -> float:
        return (letter.box[0] + letter.box[2]) / 2

    spaces = sorted(middle(letter) for letter in letters if letter.text.isspace())
    chunks: list[list[_Letter]] = [[] for _ in range(len(spaces) + 1)]
    for letter in letters:
        if not letter.text.isspace():
            chunks[bisect(spaces, middle(letter))].append(letter)
    return chunks


def _in_direction(letters: list[_Letter]) -> list[_Letter]:
    if not is_right_to_left("".join(letter.text for letter in letters)):
        return sorted(letters, key=lambda letter: letter.box[0])
    if any(letter.turn for letter in letters):
        return letters
    order = letters_in_order([letter.text for letter in letters], [letter.box[2] for letter in letters])
    return [letters[index] for index in order]


def _divided(letters: list[_Letter]) -> Iterator[list[_Letter]]:
    """The words of letters without a space between them: a wide gap divides."""
    word: list[_Letter] = []
    bounds: list[float] = []
    for letter in letters:
        along = letter.box if letter.turn % 180 == 0 else [letter.box[i] for i in (1, 0, 3, 2)]
        if word and (letter.turn != word[0].turn or _apart(bounds, along)):
            yield word
            word, bounds = [], []
        word.append(letter)
        bounds = [*map(min, bounds[:2], along[:2]), *map(max, bounds[2:], along[2:])] if bounds else along
    if word:
        yield word


def _text(letters: Sequence[_Letter]) -> str:
    """The text of characters; PDFium returns those beyond 16 bits as two surrogates."""
    joined = "".join(letter.text for letter in letters)
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _covers(outer: Box, box: Box) -> bool:
    """Whether the middle of a box is in another."""
    across, down = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= across <= outer[2] and outer[1] <= down <= outer[3]


def _is_invisible(text: Any, index: int) -> bool:
    item = raw.FPDFText_GetTextObject(text, index)
    return bool(item) and raw.FPDFTextObj_GetTextRenderMode(item) == raw.FPDF_TEXTRENDERMODE_INVISIBLE


def _apart(word: list[float], box: list[float]) -> bool:
    """Whether a character stands too far from the word before it to belong to it, without a space between them."""
    height = min(word[3] - word[1], box[3] - box[1])
    across = max(word[0], box[0]) - min(word[2], box[2])
    upwards = max(word[1], box[1]) - min(word[3], box[3])
    far_across = across > max(_WIDE_GAP * height, 1.0) and upwards < 0
    return far_across or (upwards > height and across > -height)


class _Placement:
    """From PDF space (origin bottom left, before the page is turned) to the page as it is seen."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._width, self._height = page.get_size()
        self._x, self._y = ctypes.c_int(), ctypes.c_int()

    def box(self, bounds: list[float]) -> Box:
        corners = [self._point(bounds[0], bounds[1]), self._point(bounds[2], bounds[3])]
        (ax, ay), (bx, by) = corners
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        size = round(self._width * _FINE), round(self._height * _FINE)
        raw.FPDF_PageToDevice(self._page, 0, 0, *size, 0, x, y, self._x, self._y)
        return self._x.value / _FINE, self._y.value / _FINE


# -- the order


def in_reading_order(words: Sequence[PdfWord]) -> list[IncomingToken]:
    """Words as tokens, row by row from top to bottom: a PDF keeps them in the order in which they were drawn.

    Words that run upwards, downwards or upside down are rows of their own, after the others.
    """
    tokens: list[IncomingToken] = []
    line = 0
    for turn in sorted({word.turn for word in words}):
        turned = [word for word in words if word.turn == turn]
        laid = [PdfWord(word.text, _upright(word.box, turn)) for word in turned]
        texts, boxes = [word.text for word in turned], [word.box for word in laid]
        for row in Layout(laid).rows:
            order = ordered(row, texts, boxes)
            written = with_brackets_in_pairs([texts[index] for index in order])
            tokens += [IncomingToken(text, turned[index].box, line) for index, text in zip(order, written, strict=True)]
            line += 1
    return tokens


def _upright(box: Box, turn: int) -> Box:
    """A box on the page turned so that text with this turn runs from left to right."""
    x0, y0, x1, y1 = box
    match turn:
        case 90:  # it runs downwards
            return y0, -x1, y1, -x0
        case 180:
            return -x1, -y1, -x0, -y0
        case 270:  # it runs upwards
            return -y1, x0, -y0, x1
        case _:
            return box
