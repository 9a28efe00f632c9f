"""Prodigy and spaCy: text with labelled character ranges (`spans`), and spaCy's older training lists."""

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.importers.picture_boxes.picture_labels import placed
from workbench.exchange.reading import named_files, parsing
from workbench.exchange.reading.answers import listed
from workbench.exchange.reading.incoming import Incoming, IncomingRegion, Options, Rejected
from workbench.exchange.reading.running_text import Range, set_text

_ANSWERS = ("accept", None)  # any other answer of Prodigy means that the labels do not count


class ProdigyImporter:
    """One record is one document. What Prodigy's user rejected or skipped comes in without labels."""

    name = "prodigy"

    def sniff(self, path: Path, head: bytes) -> float:
        """By "text" beside "spans" that have a start, or pairs of a text and its entities."""
        if not parsing.is_json(head):
            return 0.0
        if re.match(
            rb'\s*(\[\s*)?\[\s*"(?:[^"\\]|\\.)*"\s*,\s*\{\s*"entities"\s*:', head.removeprefix(b"\xef\xbb\xbf")
        ):
            return 0.95
        if re.search(rb'"classes"\s*:\s*\[[^\]]*\]\s*,\s*"annotations"\s*:\s*\[\s*(\[\s*"|null)', head):
            return 0.95
        if _is_picture(head):
            return 0.95
        if not re.search(rb'"text"\s*:\s*"', head) or re.search(rb'"(words|bboxes|form|data)"\s*:', head):
            return 0.0
        spans = re.search(rb'"(spans|ents)"\s*:\s*\[\s*(\{|\])', head) and re.search(
            rb'"(start|answer|_input_hash)"\s*:', head
        )
        return 0.95 if spans else 0.8 if b'"_input_hash"' in head or b'"answer"' in head else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The pictures that records name."""
        if not _is_picture(parsing.head_of(path)):
            return
        for _, record in parsing.records(path, Options(path.parent)):
            name = record.get("image") if isinstance(record, dict) else None
            if isinstance(name, str) and not name.startswith("data:"):
                yield from named_files.companions(path.parent, name)

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        yield from parsing.each(
            path, _records(path, options), lambda where, record: self._read(path, where, record, options)
        )

    def _read(self, path: Path, where: str, record: Any, options: Options) -> Incoming:
        incoming = Incoming(f"{path.stem} {where}".strip(), f"{path} {where}".rstrip(), [], self.name)
        if isinstance(record, list):  # spaCy 2: [text, {"entities": [[start, end, label]]}]
            if len(record) != 2 or not isinstance(record[0], str):
                raise InputProblem("it is no text with its entities")
            entities = parsing.need(record[1], "entities", list)
            incoming.labelled = True
            set_text(incoming, record[0], [_of_triple(entry) for entry in entities])
            return incoming
        if isinstance(record, dict) and isinstance(record.get("image"), str) and "text" not in record:
            return _labelled_picture(incoming, path, record, options)
        text = parsing.need(record, "text", str)
        spans = record.get("spans", record.get("ents", []))  # spaCy's Doc.to_json() has ents
        if not isinstance(spans, list):
            raise InputProblem('"spans" is no list')
        meta = record.get("meta")
        named = record.get("id") or (meta.get("id") or meta.get("source") if isinstance(meta, dict) else None)
        if isinstance(named, str | int):
            incoming.name = f"{path.stem} {named}"
        incoming.labelled = ("spans" in record or "ents" in record) and record.get("answer") in _ANSWERS
        if not incoming.labelled and spans:
            incoming.notes.append(f"{len(spans)} labels were left out: the answer is {record.get('answer')}")
        set_text(incoming, text, [_of_span(span) for span in spans] if incoming.labelled else [])
        return incoming


def _is_picture(head: bytes) -> bool:
    """Whether records are pictures with boxes, as image.manual writes them."""
    image = re.search(rb'"image"\s*:\s*"', head[:2048])
    return bool(image) and re.search(rb'"(_input_hash|answer|spans)"\s*:', head) is not None


def _labelled_picture(incoming: Incoming, path: Path, record: dict[str, Any], options: Options) -> Incoming:
    """A picture with labelled boxes; its words come from OCR."""
    size = parsing.number(record.get("width") or 0), parsing.number(record.get("height") or 0)
    accepted = record.get("answer") in _ANSWERS
    regions = []
    for span in listed(record, "spans") if accepted else ():
        label = parsing.need(span, "label", str, "a span")
        points = span.get("points")
        if isinstance(points, list) and len(points) > 1:
            regions.append(IncomingRegion(0, parsing.around(points), label))
    name = record["image"]
    kind, is_inside, content = name.partition(";base64,")
    inside = None
    if is_inside and kind.startswith("data:"):
        try:
            inside = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise InputProblem("the picture inside it is damaged") from None
        name = ""
    else:
        incoming.name = Path(parsing.local_name(name)).stem
    placed(incoming, path, options, name, size, regions, inside)
    incoming.labelled = incoming.labelled and accepted
    return incoming


def _records(path: Path, options: Options) -> Iterator[tuple[str, Any]]:
    """Records of JSON lines or a list; a line that is a list is a record of its own."""
    data = parsing.content(path, options.limits)
    lines = [line for line in data.splitlines() if line.strip()]
    if len(lines) > 1 and re.match(rb'\s*\[\s*"', lines[0]) and lines[0].rstrip().endswith(b"]"):
        for number, line in enumerate(lines, 1):
            try:
                yield f"line {number}", parsing.decode(line)
            except InputProblem as problem:
                yield f"line {number}", problem
        return
    for where, record in parsing.records(path, options):
        # an annotation tool for spaCy 3 puts the training list into an object, with null for texts not reached
        if isinstance(record, dict) and isinstance(record.get("annotations"), list) and "classes" in record:
            for number, pair in enumerate(record["annotations"], 1):
                if pair is not None:
                    yield f"record {number}", pair
        else:
            yield where, record


def _of_span(span: Any) -> Range:
    start, end = parsing.need(span, "start", int, "a span"), parsing.need(span, "end", int, "a span")
    text = span.get("text")
    return Range(start, end, parsing.need(span, "label", str, "a span"), text=text if isinstance(text, str) else "")


def _of_triple(entry: Any) -> Range:
    if isinstance(entry, list) and len(entry) >= 3:
        start, end, label = entry[:3]
        if isinstance(start, int) and isinstance(end, int) and isinstance(label, str):
            return Range(start, end, label)
    raise InputProblem(f"{str(entry)[:60]} is no [start, end, label]")


IMPORTER = ProdigyImporter()
