"""Word lists as in tutorials: one JSON object a page with words, boxes and labels."""

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from storage.exceptions import InputProblem
from workbench.exchange.importers import parsing
from workbench.exchange.importers.base import Incoming, IncomingPage, IncomingSpan, IncomingToken, Options, Rejected

Quad = tuple[float, float, float, float]
_SAMPLE = 100  # records that decide the unit of a file's boxes
_ROUNDING = 1.02  # boxes may be larger than the picture by this factor and still be in its pixels


class Pictured(msgspec.Struct):
    """The keys under which a record names its picture."""

    image_path: str | None = None
    image: Any = None
    file_name: str | None = None

    def picture(self) -> str | bytes | None:
        """The name of the page's picture, or the encoded picture itself (Hugging Face's Image feature)."""
        image = self.image
        if isinstance(image, dict):
            image = image.get("bytes") or image.get("path")
        named = self.image_path or self.file_name or image
        return named if isinstance(named, str | bytes) and named else None


class Record(Pictured):
    """One page. Of several keys for the same thing the first one present is used."""

    id: str | int | None = None
    words: list[str | None] | None = None
    tokens: list[str | None] | None = None
    bboxes: list[Quad] | None = None
    boxes: list[Quad] | None = None
    bbox: list[Quad] | None = None
    labels: list[str | int | None] | None = None
    ner_tags: list[str | int | None] | None = None
    tags: list[str | int | None] | None = None
    lines: list[int] | None = None
    confidences: list[float | None] | None = None
    page: int = 0
    width: float | None = None  # of the page; boxes are in its units
    height: float | None = None
    page_width: float | None = None  # of the page; boxes are not in its units
    page_height: float | None = None
    labelled: bool | None = None  # False: the labels are not complete
    language: str | None = None
    group: str | None = None


_DECODER = msgspec.json.Decoder(Record)
_PICTURES = msgspec.json.Decoder(Pictured)


class Units:
    """The unit of the boxes in a file, decided by its first records.

    Args:
        options: `pixels` decides when it is set.
        sample: the file's first records.
        thousandths: boxes that can be 0-1000 are taken as such (datasets made for LayoutLM).
    """

    def __init__(self, options: Options, sample: Sequence[Record], thousandths: bool = False) -> None:
        self.requested = options.pixels
        self.thousandths = thousandths
        self.pixels = self.requested is True or any(_reach(record) > 1000 for record in sample)

    def of(self, record: Record, boxes: Sequence[Quad], size: tuple[float, float] | None) -> tuple[bool, str]:
        """Whether a record's boxes are pixels, and a note about it."""
        if self.requested is not None:
            return self.requested, ""
        if record.width and record.height:
            return True, ""
        if record.page_width and record.page_height:
            return False, ""
        if self.pixels:
            return True, "boxes taken as pixels"
        if max(map(max, boxes), default=0) > 1000:
            return True, "boxes taken as pixels"
        if (
            not self.thousandths
            and size
            and max(size) <= 1000
            and all(max(box[0], box[2]) <= size[0] * _ROUNDING for box in boxes)
            and all(max(box[1], box[3]) <= size[1] * _ROUNDING for box in boxes)
        ):
            return True, "boxes taken as pixels, since all lie inside the picture"
        return False, "boxes taken as 0-1000"


def _reach(record: Record) -> float:
    if record.width and record.height:
        return 0.0
    return max((max(box) for box in record.bboxes or record.boxes or record.bbox or ()), default=0.0)


class WordListImporter:
    """One record is a page; records that say `page` 1, 2 … continue the document of the record before."""

    name = "word-list"
    description = "JSON or JSONL, one object a page: words, bboxes, labels, image_path"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the keys of the first records."""
        if not parsing.is_json(head):
            return 0.0
        words, boxes = (
            re.search(rb'"(words|tokens)"\s*:\s*\[', head),
            re.search(rb'"(bboxes|boxes|bbox)"\s*:\s*\[', head),
        )
        if b'"valid_line"' in head or b'"form"' in head:
            return 0.1
        return 0.9 if words and boxes else 0.5 if words or boxes else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The pictures that records name."""
        options = Options(path.parent)
        try:
            for _, record in parsing.records(path, options, _PICTURES):
                named = record.picture() if isinstance(record, Pictured) else None
                if isinstance(named, str):
                    yield path.parent / named
        except (InputProblem, ValueError):
            return

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        try:
            yield from documents(path, parsing.records(path, options, _DECODER), options, self.name, {})
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)


def documents(
    path: Path, records: Iterator[tuple[str, Any]], options: Options, format: str, names: dict[str, list[str]]
) -> Iterator[Incoming | Rejected]:
    """Documents of records; `names` are the label names of columns that hold numbers."""
    sample = list(itertools.islice(records, _SAMPLE))
    units = Units(options, [record for _, record in sample if isinstance(record, Record)], format == "hf-dataset")
    current: Incoming | None = None
    for where, record in itertools.chain(sample, records):
        try:
            if isinstance(record, InputProblem):
                raise record
            incoming = _document(path, where, record, options, units, format, names)
        except InputProblem as problem:
            yield parsing.rejected(path, where, problem)
            continue
        if current is not None and record.page > 0 and incoming.name == current.name:
            _append(current, incoming)
            continue
        if current is not None:
            yield current
        current = incoming
    if current is not None:
        yield current


def _document(
    path: Path, where: str, record: Record, options: Options, units: Units, format: str, names: dict[str, list[str]]
) -> Incoming:
    words = record.words if record.words is not None else record.tokens
    if words is None:
        raise InputProblem('it has no "words" (or "tokens")')
    boxes = next((value for value in (record.bboxes, record.boxes, record.bbox) if value is not None), None)
    if boxes is None:
        raise InputProblem('it has no "bboxes" (or "boxes")')
    if len(words) != len(boxes):
        raise InputProblem(f"it has {len(words)} words but {len(boxes)} boxes")
    for column, values in (("lines", record.lines), ("confidences", record.confidences)):
        if values is not None and len(values) != len(words):
            raise InputProblem(f"it has {len(words)} words but {len(values)} {column}")
    number = re.sub(r"\W+", " ", where)
    name = str(record.id) if record.id not in (None, "") else f"{path.stem} {number}".strip()
    incoming = Incoming(name, f"{path} {where}".rstrip(), [], format, language=record.language, group=record.group)
    incoming.spans, incoming.labelled = _labels(path, record, len(words), names, incoming, options)
    incoming.labelled = incoming.labelled if record.labelled is None else record.labelled
    picture, size = _picture(path, record, options, incoming)
    if record.page_width and record.page_height:
        size = record.page_width, record.page_height
    pixels, note = units.of(record, boxes, size)
    if note:
        incoming.notes.append(note)
    lines: Sequence[int | None] = record.lines or [None] * len(words)
    sure: Sequence[float | None] = record.confidences or [None] * len(words)
    tokens = [
        IncomingToken(word or "", box, line, confidence)
        for word, box, line, confidence in zip(words, boxes, lines, sure, strict=True)
    ]
    if record.width and record.height:
        width, height = record.width, record.height
    elif not pixels:
        width, height = size or (1000.0, 1000.0)
        if size:
            for token in tokens:
                x0, y0, x1, y1 = token.box
                token.box = (x0 * width / 1000, y0 * height / 1000, x1 * width / 1000, y1 * height / 1000)
    elif size:
        width, height = size
    else:
        width, height = parsing.page_of_boxes(tokens)
        incoming.notes.append("page size taken from the boxes")
    incoming.pages = [IncomingPage(width, height, tokens, picture)]
    return incoming


def _picture(
    path: Path, record: Record, options: Options, incoming: Incoming
) -> tuple[Path | bytes | None, tuple[float, float] | None]:
    named = record.picture()
    if isinstance(named, bytes):
        from workbench.exchange import pictures

        try:
            width, height = pictures.measure(named, options.limits)[0]
        except InputProblem as problem:
            incoming.notes.append(f"picture left out: {problem.message}")
            return None, None
        return named, (float(width), float(height))
    if named is None:
        return None, None
    before = len(incoming.notes)
    names = dict.fromkeys([named, parsing.local_name(named)])
    picture_and_size = parsing.picture_for(options, path.parent, names, incoming.notes)
    if picture_and_size is None:
        if len(incoming.notes) == before:
            incoming.notes.append("the picture that the record names is not there")
        return None, None
    return picture_and_size[0], picture_and_size[1:]


def _labels(
    path: Path, record: Record, count: int, names: dict[str, list[str]], incoming: Incoming, options: Options
) -> tuple[list[IncomingSpan], bool]:
    for column in ("labels", "ner_tags", "tags"):
        values = getattr(record, column)
        if values is not None:
            break
    else:
        return [], False
    if len(values) != count:
        raise InputProblem(f"it has {count} words but {len(values)} labels")
    known = names.get(column) or (_names_beside(path, options) if int in set(map(type, values)) else [])
    tags: list[str] = []
    for tag in values:
        if isinstance(tag, int):
            if not known:
                incoming.notes.append(
                    f"labels left out: they are numbers, and no labels.txt beside the file says what {tag} means"
                )
                return [], False
            if not 0 <= tag < len(known):
                raise InputProblem(f"label number {tag} has no name (there are {len(known)})")
            tag = known[tag]
        tags.append(tag or "O")
    spans, incoming.repaired_tags = parsing.spans_of_tags(tags)
    return spans, True


def _names_beside(path: Path, options: Options) -> list[str]:
    """Label names from a labels.txt beside the file, one a line, in the order of their numbers."""
    try:
        beside = parsing.inside(options, path.parent, "labels.txt")
        text = parsing.text_of(parsing.content(beside, options.limits)) if beside else ""
    except InputProblem:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]


def _append(document: Incoming, page: Incoming) -> None:
    """Append the page of a one-page document to a document."""
    first = sum(len(p.tokens or ()) for p in document.pages)
    document.pages += page.pages
    document.spans += [IncomingSpan(span.label, tuple(token + first for token in span.tokens)) for span in page.spans]
    document.labelled = document.labelled and page.labelled
    document.repaired_tags += page.repaired_tags
    document.notes += [note for note in page.notes if note not in document.notes]


IMPORTER = WordListImporter()
