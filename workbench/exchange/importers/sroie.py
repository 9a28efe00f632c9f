"""SROIE: lines with eight coordinates in box/, values in key/, pictures in img/."""

import re
from collections.abc import Iterator
from pathlib import Path

from storage.exceptions import InputProblem
from workbench.exchange.reading import parsing
from workbench.exchange.reading.incoming import (
    Incoming,
    IncomingPage,
    IncomingToken,
    Options,
    Rejected,
    check_number_of_words,
)
from workbench.fields.amounts import written

_LINE = re.compile(rb"\s*(-?\d+(\.\d+)?\s*,\s*){8}")
_KEYS = ("../key", "../keys", "../entities")
_PICTURES = ("../img", "../images", "../image", ".")


class SroieImporter:
    """One file of lines is one document; lines are divided into words by their letters."""

    name = "sroie"

    def sniff(self, path: Path, head: bytes) -> float:
        """By eight numbers at the start of most lines."""
        lines = [line for line in head.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:20] if line.strip()]
        fitting = sum(bool(_LINE.match(line)) for line in lines)
        return 0.98 if fitting and fitting * 2 >= len(lines) else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The picture of the file's name, where both lie in one folder."""
        for suffix in parsing.PICTURES:
            yield from (path.with_suffix(suffix), path.with_suffix(suffix.upper()))

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The document of one file; lines that cannot be read are reported, the others go in."""
        incoming = Incoming(path.stem, str(path), [], self.name)
        tokens: list[IncomingToken] = []
        try:
            data = parsing.content(path, options.limits)
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)
            return
        count = 0
        for number, line in enumerate(data.split(b"\n"), 1):
            if not line.strip():
                continue
            try:
                words = _line(line)
            except InputProblem as problem:
                yield parsing.rejected(path, f"line {number}", problem)
                continue
            tokens += [IncomingToken(text, box, count) for text, box in words]
            count += 1
            try:
                check_number_of_words(len(tokens), options.limits)
            except InputProblem as problem:
                yield parsing.rejected(path, "", problem)
                return
        if not count:
            return
        picture_and_size = parsing.picture_beside(options, path, _PICTURES, incoming.notes)
        if picture_and_size:
            picture, width, height = picture_and_size
        else:
            picture, (width, height) = None, parsing.page_of_boxes(tokens)
            incoming.notes.append("page size taken from the boxes")
        incoming.pages = [IncomingPage(width, height, tokens, picture)]
        try:
            incoming.values = _values(path, options, incoming.notes)
            incoming.values_source = "gold" if incoming.values else ""
        except InputProblem as problem:
            yield Rejected(str(path), "values", f"the values were not read: {problem.message}")
        yield incoming


def _line(line: bytes) -> list[tuple[str, tuple[float, float, float, float]]]:
    # The text may hold commas: only the first eight divide.
    parts = parsing.text_of(line).strip("\r\n").split(",", 8)
    if len(parts) < 9:
        raise InputProblem("it has not eight coordinates and a text")
    try:
        corners = [float(part) for part in parts[:8]]
    except ValueError as error:
        raise InputProblem(f"its first eight values are not all numbers ({error})") from error
    return parsing.words_in(parts[8], parsing.box_of(corners))


def _values(path: Path, options: Options, notes: list[str]) -> dict[str, str]:
    for folder in _KEYS:
        for suffix in (".json", ".txt"):
            file = parsing.part_of_data_set(options, path, f"{folder}/{path.stem}{suffix}")
            if file is not None:
                data = parsing.json_of(file, options.limits)
                if not isinstance(data, dict):
                    raise InputProblem(f"{file.name} is no object of field and value")
                given = {str(key): value for key, value in data.items() if value not in (None, "")}
                others = [key for key, value in given.items() if isinstance(value, bool | list | dict)]
                notes += [f"the value of {key} is no text or number and was left out" for key in others]
                return {key: written(value) for key, value in given.items() if key not in others}
    return {}


IMPORTER = SroieImporter()
