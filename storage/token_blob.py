"""The tokens of a page as one compact blob: columns in MessagePack, boxes in hundredths of a page unit.

5,000 tokens take about 60 kB and unpack in a few milliseconds.
"""

import sys
from array import array
from collections.abc import Mapping, Sequence

import msgspec

from storage.records import Token

SCALE = 100
"""Boxes are stored in 1/100 of a page unit; importers round to that, so nothing is lost here."""


class _Columns(msgspec.Struct, array_like=True):
    texts: list[str]
    boxes: bytes  # 4 x int32 a token, little-endian
    lines: bytes  # int32
    confidences: bytes  # float32; NaN where there is none; empty when no token has one


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


def unpack(blob: bytes, page: int, first: int, corrections: Mapping[int, str]) -> tuple[Token, ...]:
    """The tokens of a page, numbered from `first`, with corrected texts put in."""
    columns = msgspec.msgpack.decode(blob, type=_Columns)
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
    for number, text in corrections.items():
        if first <= number < first + len(tokens):
            old = tokens[number - first]
            tokens[number - first] = Token(old.id, old.page, old.line, text, old.box, old.confidence, old.text)
    return tuple(tokens)
