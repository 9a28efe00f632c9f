"""What an ONNX file asks for, read from its protobuf without a library: nothing outside the file, and no loops."""

import mmap
from collections.abc import Iterator
from pathlib import Path

from storage.exceptions import InputProblem

LARGEST = 2_000_000_000
"""Bytes of an ONNX file: what its format (protobuf) can hold."""
_MOST_PARTS = 2_000_000
_PARTS = {
    "model": {7: "graph", 8: "opset", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 9: "opset"},
    "node": {4: "operator", 5: "attribute", 7: "domain"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external", 14: "place"},
    "opset": {1: "domain"},
}
"""Of each message of onnx.proto the fields that are looked into: number -> what it is."""
_LOOPS = (b"If", b"Loop", b"Scan", b"SequenceMap")
_DOMAINS = (b"", b"ai.onnx", b"com.microsoft")


def check(path: Path) -> None:
    """Refuse an ONNX file that names data outside itself, has a loop (which may never end) or foreign operators.

    Raises:
        InputProblem: it does, or it is none.
    """
    try:
        if not 0 < path.stat().st_size <= LARGEST:
            raise _problem(path, "it is empty or larger than such a file can be.")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            _walk(path, content)
    except (OSError, IndexError) as error:
        raise _problem(path, "it is damaged.") from error


def _walk(path: Path, content: mmap.mmap) -> None:
    stack = [("model", 0, len(content))]
    parts = nodes = 0
    while stack:
        kind, start, end = stack.pop()
        for number, value in _fields(content, start, end):
            parts += 1
            if parts > _MOST_PARTS:
                raise _problem(path, "it has too many parts.")
            part = _PARTS[kind].get(number)
            if part in ("external", "place"):
                if value != 0:
                    raise _problem(path, "it names data outside itself.")
            elif part is not None and isinstance(value, tuple):
                nodes += part == "node"
                if part in _PARTS:
                    stack.append((part, *value))
                elif part in ("operator", "domain"):
                    _check_word(path, part, content[slice(*value)])
    if not nodes:
        raise _problem(path, "it is no ONNX model.")


def _check_word(path: Path, part: str, word: bytes) -> None:
    if part == "operator" and word in _LOOPS:
        raise _problem(path, f"it has a loop ({word.decode()}).")
    if part == "domain" and word not in _DOMAINS:
        raise _problem(path, f"it has foreign operators ({word[:60].decode(errors='replace')!r}).")


def _fields(content: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int | tuple[int, int]]]:
    """A message's fields: number, and its value or where its bytes are.

    Raises:
        IndexError: the message is cut or no protobuf.
    """
    while at < end:
        key, at = _whole_number(content, at)
        kind = key & 7
        if kind == 0:
            value, at = _whole_number(content, at)
            yield key >> 3, value
        elif kind == 2:
            length, at = _whole_number(content, at)
            yield key >> 3, (at, at + length)
            at += length
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise IndexError(at)
    if at != end:
        raise IndexError(at)


def _whole_number(content: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = content[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at
    raise IndexError(at)


def _problem(path: Path, reason: str) -> InputProblem:
    return InputProblem(f"{path} cannot be used: {reason}", "Delete it, or export the model again.")
