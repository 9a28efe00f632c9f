"""The tokens of a page as one compact blob: columns in MessagePack, boxes in hundredths of a page unit.

5,000 tokens take about 60 kB and unpack in a few milliseconds. A text that stands on no page has words alone: where a
screen shows them is worked out when they are unpacked.
"""

import sys
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from zlib import crc32

import msgspec

from storage.records import Box, Token

SCALE = 100
"""Boxes are stored in 1/100 of a page unit; importers round to that, so nothing is lost here."""


class _Columns(msgspec.Struct, array_like=True):
    texts: list[str]
    boxes: bytes  # 4 x int32 a token, little-endian; empty for a text
    lines: bytes  # int32; of a text those of the text, empty where it has one
    confidences: bytes  # float32; NaN where there is none; empty when no token has one


CHARACTER, LINE, COLUMNS = 10.0, 20.0, 80
"""How large a letter of a text is shown, how high a line, and how many letters it has."""
_WIDEST = 100_000  # letters that a word is shown with


def set_in_lines(words: Iterable[str], lines: Iterable[int]) -> Iterator[tuple[int, Box]]:
    """(row, box) of the words of a text, set in rows of 80 letters.

    Args:
        words: of the text.
        lines: the line of the text that each word is in.
    """
    row, column, line_before = 0, 0, None
    for word, line in zip(words, lines, strict=True):
        width = len(word) if word.isascii() else sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in word)
        width = min(width, _WIDEST) or 1
        if line_before is not None and (line != line_before or (column and column + width > COLUMNS)):
            row, column = row + 1, 0
        line_before = line
        x0, y0 = column * CHARACTER, row * LINE
        yield row, (x0, y0, x0 + width * CHARACTER, y0 + 0.8 * LINE)
        column += width + 1


def size_of_text(tokens: Sequence[Token]) -> tuple[float, float]:
    """Width and height of what the words of a text take."""
    width = max((token.box[2] for token in tokens), default=0.0)
    return max(width, COLUMNS * CHARACTER), ((tokens[-1].line if tokens else 0) + 1) * LINE


def pack_text(words: list[str], lines: Sequence[int] = ()) -> bytes:
    """The blob of a text that stands on no page; `lines` of the words, () where it has one."""
    return _ENCODE(_Columns(words, b"", _bytes(array("i", lines)) if lines else b"", b""))


def _bytes(values: "array[int] | array[float]") -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def _array(code: str, data: bytes) -> "array[int] | array[float]":
    values = array(code)
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def pack(tokens: Sequence[Token]) -> bytes:
    """The blob of a page's tokens, without ids and page number."""
    # round() takes three times as long; sides are never negative.
    boxes = array("i", [int(side * SCALE + 0.5) for token in tokens for side in token.box])
    lines = array("i", [token.line for token in tokens])
    confidences = array("f")
    if any(token.confidence is not None for token in tokens):
        confidences.extend(float("nan") if t.confidence is None else t.confidence for t in tokens)
    return msgspec.msgpack.encode(
        _Columns(
            [t.original if t.original is not None else t.text for t in tokens],
            _bytes(boxes),
            _bytes(lines),
            _bytes(confidences),
        )
    )


def texts(blob: bytes) -> list[str]:
    """The texts alone, without corrections: a fraction of the work."""
    return msgspec.msgpack.decode(blob, type=_Columns).texts


def digest(blob: bytes, before: int = 0) -> int:
    """Changes with a page's words, as they were read, and with their places and order; of several pages in turn."""
    columns = msgspec.msgpack.decode(blob, type=_Columns)
    return crc32(columns.boxes, crc32("\0".join(columns.texts).encode(), before))


def unpack(blob: bytes, page: int, first: int, corrections: Mapping[int, str]) -> tuple[Token, ...]:
    """The tokens of a page, numbered from `first`, with corrected texts put in."""
    columns = msgspec.msgpack.decode(blob, type=_Columns)
    if not columns.boxes:
        return _unpacked_text(columns, page, first, corrections)
    sides = [side / SCALE for side in _array("i", columns.boxes)]
    quads = zip(sides[0::4], sides[1::4], sides[2::4], sides[3::4], strict=True)
    lines = _array("i", columns.lines)
    confidences: Sequence[float | None]
    confidences = _array("f", columns.confidences) if columns.confidences else [None] * len(columns.texts)
    tokens = [
        Token(number, page, int(line), text, box, None if sure is None or sure != sure else round(sure, 4))
        for number, line, text, box, sure in zip(
            range(first, first + len(columns.texts)), lines, columns.texts, quads, confidences, strict=True
        )
    ]
    return _corrected(tokens, first, corrections)


def _unpacked_text(columns: _Columns, page: int, first: int, corrections: Mapping[int, str]) -> tuple[Token, ...]:
    lines: Sequence[int | float] = _array("i", columns.lines) if columns.lines else [0] * len(columns.texts)
    places = set_in_lines(columns.texts, map(int, lines))
    tokens = [
        Token(number, page, row, text, box)
        for number, text, (row, box) in zip(
            range(first, first + len(columns.texts)), columns.texts, places, strict=True
        )
    ]
    return _corrected(tokens, first, corrections)


def _corrected(tokens: list[Token], first: int, corrections: Mapping[int, str]) -> tuple[Token, ...]:
    for number, text in corrections.items():
        if first <= number < first + len(tokens):
            old = tokens[number - first]
            tokens[number - first] = Token(old.id, old.page, old.line, text, old.box, old.confidence, old.text)
    return tuple(tokens)


_ENCODE = msgspec.msgpack.Encoder().encode
