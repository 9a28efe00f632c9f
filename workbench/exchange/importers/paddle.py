"""PaddleOCR: PPOCRLabel's Label.txt, XFUND in the same shape, and WildReceipt's JSON lines."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.reading import named_files, parsing
from workbench.exchange.reading.answers import listed, whole
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingSpan, IncomingToken, Options, Rejected

_LINE = re.compile(rb"[^\t\n]+\t\s*\[")
_NO_LABEL = frozenset({"", "none", "other", "others", "ignore", "o"})


_UNREADABLE = ("###", "*")  # what the label files have for a line that nothing is read of


class PaddleImporter:
    """A line is a picture with its text lines; what a text line is labelled goes to all its words."""

    name = "paddle"

    def sniff(self, path: Path, head: bytes) -> float:
        """By a picture, a tab and a list of transcriptions, or WildReceipt's keys."""
        start = head.removeprefix(b"\xef\xbb\xbf")
        if _LINE.match(start) and b'"transcription"' in head:
            return 0.97
        wild = b'"annotations"' in head and re.match(rb'\s*\{\s*"file_name"\s*:', start) and b'"box"' in head
        return 0.97 if wild and b'"images"' not in head else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The pictures that are named."""
        try:
            for _, record in _records(path, Options(path.parent)):
                if isinstance(record, dict) and isinstance(record.get("file_name"), str):
                    yield from named_files.companions(path.parent, record["file_name"])
        except InputProblem:
            return

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        names = _class_names(path, options)
        yield from parsing.each(
            path, _records(path, options), lambda where, record: self._read(path, where, record, names, options)
        )

    def _read(self, path: Path, where: str, record: Any, names: dict[int, str], options: Options) -> Incoming:
        reference = parsing.need(record, "file_name", str)
        stem = Path(parsing.local_name(reference)).stem
        incoming = Incoming(stem or where, f"{path} {where}", [], self.name)
        tokens: list[IncomingToken] = []
        unnamed = labels = 0
        for line, entry in enumerate(listed(record, "annotations")):
            text = parsing.need(entry, "transcription" if "transcription" in entry else "text", str, "a text line")
            if text in _UNREADABLE:
                continue
            box = entry.get("points", entry.get("box"))
            pairs = parsing.words_in(text, parsing.box_of(box))
            kind = entry.get("key_cls", entry.get("label"))
            labels += kind is not None
            if isinstance(kind, int):
                unnamed += kind not in names
                kind = names.get(kind, "")
            label = _label(str(kind or ""))
            if label and text.strip():
                incoming.spans.append(IncomingSpan(label, tuple(range(len(tokens), len(tokens) + len(pairs)))))
            tokens += [IncomingToken(word, where_, line) for word, where_ in pairs]
        incoming.labelled = labels > 0 and not unnamed
        if unnamed:
            incoming.notes.append(f"{unnamed} labels are numbers, and no class_list.txt beside the file names them")
        picture_file = named_files.picture(options, path.parent, reference, incoming.notes)
        picture, width, height = picture_file or (None, 0.0, 0.0)
        if record.get("width") and record.get("height"):
            width, height = parsing.number(record["width"]), parsing.number(record["height"])
        if not width or not height:
            width, height = parsing.page_of_boxes(tokens)
            incoming.notes.append("page size taken from the boxes")
        incoming.pages = [IncomingPage(width, height, tokens, picture)]
        return incoming


def _label(kind: str) -> str:
    """The label that a class means: WildReceipt's "Total_value" is total; keys are captions, which have none."""
    if kind.casefold() in _NO_LABEL or kind.casefold().endswith("_key"):
        return ""
    return re.sub(r"_value$", "", kind, flags=re.IGNORECASE)


def _records(path: Path, options: Options) -> Iterator[tuple[str, Any]]:
    data = parsing.content(path, options.limits)
    if not _LINE.match(data):
        for number, line in enumerate(data.splitlines(), 1):
            if line.strip():
                yield f"line {number}", _decoded(line)
        return
    for number, line in enumerate(data.splitlines(), 1):
        name, tab, listed_text = line.partition(b"\t")
        if not line.strip():
            continue
        value = _decoded(listed_text) if tab else InputProblem("it has no tab between the picture and its text lines")
        if isinstance(value, InputProblem):
            yield f"line {number}", value
        else:
            yield f"line {number}", {"file_name": name.decode("utf-8", "replace"), "annotations": value}


def _decoded(data: bytes) -> Any:
    try:
        return parsing.decode(data)
    except InputProblem as problem:
        return problem


def _class_names(path: Path, options: Options) -> dict[int, str]:
    """Names of the numbers in class_list.txt beside the file: "1 Store_name_value" a line, or names alone."""
    for folder in (path.parent, path.parent.parent):
        listing = folder / "class_list.txt"
        try:
            if not (listing.is_file() and parsing.is_within(options, listing)):
                continue
            lines = parsing.text_of(parsing.content(listing, options.limits)).splitlines()
        except (OSError, InputProblem):
            continue
        names: dict[int, str] = {}
        for position, line in enumerate(line for line in lines if line.strip()):
            number, _, name = line.strip().partition(" ")
            names[whole(number, position)] = name.strip() or number
        return names
    return {}


IMPORTER = PaddleImporter()
