"""Signed files (CAdES, `.p7m`), as Italy's e-invoices are sent: what is inside; the signature is not checked."""

import base64
import binascii
import re

from storage.exceptions import InputProblem

_SIGNED = bytes.fromhex("06092a864886f70d010702")  # the object identifier of CMS signed data, as it stands in a file
_NEAR = 64  # bytes at the start, among which it stands
_MOST_SIGNATURES = 4  # one around the other
_DEEPEST = 40  # pieces in pieces
_SEQUENCE, _CONTENT, _OCTETS, _PIECES = 0x30, 0xA0, 0x04, 0x24
_REMEDY = "Take the invoice out of it: openssl cms -verify -noverify -inform DER -in FILE -out INVOICE"


def is_signed(head: bytes) -> bool:
    """Whether a file begins as signed data: binary, base64 or PEM."""
    return _SIGNED in _binary(head[:8192])[:_NEAR]


def unsigned(data: bytes) -> bytes:
    """What is inside signed data, also where it was signed more than once; anything else as it is.

    Raises:
        InputProblem: it is damaged, or holds a signature alone.
    """
    for _ in range(_MOST_SIGNATURES):
        if not is_signed(data):
            break
        data = _content(_binary(data))
    return data


def _binary(data: bytes) -> bytes:
    """Data without base64 around it; a cut file gives its start."""
    if data.startswith((b"0\x80", b"0\x82", b"0\x83", b"0\x84")):
        return data
    text = re.sub(rb"-----[A-Z0-9 ]+-----|\s", b"", data)
    if not text.startswith(b"MI"):
        return data
    try:
        return base64.b64decode(text[: len(text) // 4 * 4], validate=True)
    except (binascii.Error, ValueError):
        return data


def _content(data: bytes) -> bytes:
    try:
        outer = _parts(data, 0, len(data))[0]  # the kind of content, and the content
        signed = _inside(data, _inside(data, outer, _CONTENT), _SEQUENCE)
        # version, digest algorithms, then the content that was signed: its kind, and its bytes
        wrapped = _inside(data, signed, _SEQUENCE)
        return _octets(data, _inside(data, wrapped, _CONTENT), 0)
    except (IndexError, RecursionError, StopIteration) as error:
        raise InputProblem("it is signed, and damaged or a signature without its file", _REMEDY) from error


_Part = tuple[int, int, int]  # (kind, start, end) of a part's content


def _parts(data: bytes, at: int, end: int, depth: int = 0) -> list[_Part]:
    """The parts (BER, X.690) between two places; the last may be an end mark.

    Raises:
        IndexError: it is damaged.
    """
    parts: list[_Part] = []
    while at < end:
        kind, start, stop, at = _part(data, at, end, depth)
        parts.append((kind, start, stop))
    return parts


def _part(data: bytes, at: int, end: int, depth: int) -> tuple[int, int, int, int]:
    """(kind, start, end of the content, start of the next part)."""
    kind, length = data[at], data[at + 1]
    start = at + 2
    if length == 0x80:  # as long as its parts, up to the end mark 00 00
        if depth > _DEEPEST:
            raise IndexError
        at = start
        while data[at : at + 2] != b"\0\0":
            at = _part(data, at, end, depth + 1)[3]
            if at >= end:
                raise IndexError
        return kind, start, at, at + 2
    if length > 0x80:
        digits = length - 0x80
        length = int.from_bytes(data[start : start + digits], "big")
        start += digits
    if start + length > end:
        raise IndexError
    return kind, start, start + length, start + length


def _inside(data: bytes, part: _Part, kind: int) -> _Part:
    return next(inner for inner in _parts(data, part[1], part[2]) if inner[0] == kind)


def _octets(data: bytes, part: _Part, depth: int) -> bytes:
    """The bytes of a part that holds bytes, in one piece or in many."""
    if depth > _DEEPEST:
        raise IndexError
    pieces = [
        data[start:end] if kind == _OCTETS else _octets(data, (kind, start, end), depth + 1)
        for kind, start, end in _parts(data, part[1], part[2])
        if kind in (_OCTETS, _PIECES)
    ]
    if not pieces:
        raise IndexError
    return b"".join(pieces)
