"""Word lists as in tutorials: one JSON object a page with words, boxes and labels."""

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from storage.exceptions import InputProblem
from workbench.exchange.importers.cord import fill_from_ground_truth
from workbench.exchange.reading import named_files, parsing, tags
from workbench.exchange.reading.boxes import shapes
from workbench.exchange.reading.boxes.units import Units, scaled
from workbench.exchange.reading.incoming import (
    Incoming,
    IncomingPage,
    IncomingSpan,
    IncomingToken,
    Options,
    Rejected,
    check_number_of_words,
)
from workbench.exchange.reading.sides import take_side
from workbench.exchange.reading.text_tables import names_beside
from workbench.fields.plain_text import counted
from workbench.files.import_root import opened

Quad = tuple[float, float, float, float]
_HEAD = 65536  # bytes that show the shape of a file's boxes
_SAMPLE = 100  # records that decide the unit of a file's boxes


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
    split: Any = None  # the side of a split, where it names one
    ground_truth: Any = None  # Donut's: JSON as a text, beside a picture

    @property
    def places(self) -> list[Quad] | None:
        """The boxes, whatever their key is."""
        return next((value for value in (self.bboxes, self.boxes, self.bbox) if value is not None), None)

    @property
    def tagged(self) -> tuple[str, list[str | int | None] | None]:
        """The key of the words' labels, and these."""
        keys = ("labels", "ner_tags", "tags")
        return next(((key, value) for key in keys if (value := getattr(self, key)) is not None), ("", None))


_DECODER = msgspec.json.Decoder(Record)
_PICTURES = msgspec.json.Decoder(Pictured)


class WordListImporter:
    """One record is a page; records that say `page` 1, 2 … continue the document of the record before."""

    name = "word-list"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the keys of the first records."""
        if not parsing.is_json(head):
            return 0.0
        words, boxes = (
            re.search(rb'"(words|tokens)"\s*:\s*\[', head),
            re.search(rb'"(bboxes|boxes|bbox)"\s*:\s*\[', head),
        )
        if re.search(rb'"ground_truth"\s*:\s*["{]', head) and re.search(rb'"(file_name|image|image_path)"\s*:', head):
            return 0.99
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
                    yield from named_files.companions(path.parent, named)
        except (InputProblem, ValueError):
            return

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        try:
            yield from documents(path, _records(path, options), options, self.name, {})
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)


def _records(path: Path, options: Options) -> Iterator[tuple[str, Any]]:
    """(where, record or why it cannot be read); boxes of four numbers, as they mostly are, are decoded at once."""
    with opened(path) as file:
        is_other = shapes.is_other(file.read(_HEAD))
    if not is_other:
        yield from parsing.records(path, options, _DECODER)
        return
    for where, record in parsing.records(path, options):
        try:
            yield (
                where,
                record if isinstance(record, InputProblem) else parsing.convert(shapes.with_corners(record), Record),
            )
        except InputProblem as problem:
            yield where, problem


def documents(
    path: Path, records: Iterator[tuple[str, Any]], options: Options, format: str, names: dict[str, list[str]]
) -> Iterator[Incoming | Rejected]:
    """Documents of records; `names` are the label names of columns that hold numbers."""
    sample = list(itertools.islice(records, _SAMPLE))
    good = [record for _, record in sample if isinstance(record, Record)]
    units = Units(
        options, [(r.places or [], bool(r.width and r.height)) for r in good], thousandths=format == "hf-dataset"
    )
    shape = tags.shape_of(str(tag) for record in good for tag in record.tagged[1] or () if isinstance(tag, str))
    current: Incoming | None = None
    for where, record in itertools.chain(sample, records):
        try:
            if isinstance(record, InputProblem):
                raise record
            incoming = _document(path, where, record, options, units, format, names, shape)
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
    path: Path,
    where: str,
    record: Record,
    options: Options,
    units: Units,
    format: str,
    names: dict[str, list[str]],
    shape: str,
) -> Incoming:
    words = record.words if record.words is not None else record.tokens
    number = re.sub(r"\W+", " ", where)
    name = str(record.id) if record.id not in (None, "") else f"{path.stem} {number}".strip()
    incoming = Incoming(name, f"{path} {where}".rstrip(), [], format, language=record.language, group=record.group)
    take_side(incoming, record.split)
    picture, size = _picture(path, record, options, incoming)
    if words is None and record.ground_truth is not None:
        if isinstance(record.file_name, str) and record.id in (None, ""):
            incoming.name = Path(parsing.local_name(record.file_name)).stem
        fill_from_ground_truth(incoming, record.ground_truth, picture, size)
        return incoming
    check_number_of_words(len(words or ()), options.limits)
    boxes: Sequence[Quad] = _places(record, words)
    words = words or []
    incoming.spans, incoming.labelled = _labels(path, record, len(words), names, incoming, options, shape)
    incoming.labelled = incoming.labelled if record.labelled is None else record.labelled
    if record.page_width and record.page_height:
        size = record.page_width, record.page_height
    boxes, order = units.as_corners(boxes)
    unit, note = units.of(
        boxes,
        size,
        in_page=bool(record.width and record.height),
        beside=bool(record.page_width and record.page_height),
    )
    incoming.notes += [text for text in (order, note) if text]
    if record.width and record.height:
        size = record.width, record.height
    width, height = size or (1000.0, 1000.0)
    if unit == "fractions":
        boxes = scaled(boxes, width, height)
    elif unit == "thousandths" and size and not (record.width and record.height):
        boxes = scaled(boxes, width / 1000, height / 1000)
    lines: Sequence[int | None] = record.lines or [None] * len(words)
    sure: Sequence[float | None] = record.confidences or [None] * len(words)
    tokens = [
        IncomingToken(word or "", box, line, confidence)
        for word, box, line, confidence in zip(words, boxes, lines, sure, strict=True)
    ]
    if unit == "pixels" and size is None:
        width, height = parsing.page_of_boxes(tokens)
        incoming.notes.append("page size taken from the boxes")
    incoming.pages = [IncomingPage(width, height, tokens, picture)]
    return incoming


def _places(record: Record, words: list[str | None] | None) -> list[Quad]:
    if words is None:
        raise InputProblem('it has no "words" (or "tokens")')
    boxes = record.places
    if boxes is None:
        raise InputProblem('it has no "bboxes" (or "boxes")')
    if len(words) != len(boxes):
        raise InputProblem(f"it has {counted(len(words), 'word')} but {counted(len(boxes), 'box', 'boxes')}")
    for column, values in (("lines", record.lines), ("confidences", record.confidences)):
        if values is not None and len(values) != len(words):
            raise InputProblem(f"it has {counted(len(words), 'word')} but {len(values)} {column}")
    return boxes


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
    picture_and_size = named_files.picture(options, path.parent, named, incoming.notes)
    if picture_and_size is None:
        if len(incoming.notes) == before:
            incoming.notes.append("the picture that the record names is not there")
        return None, None
    return picture_and_size[0], picture_and_size[1:]


def _labels(
    path: Path,
    record: Record,
    count: int,
    names: dict[str, list[str]],
    incoming: Incoming,
    options: Options,
    shape: str,
) -> tuple[list[IncomingSpan], bool]:
    column, values = record.tagged
    if values is None:
        return [], False
    if len(values) != count:
        raise InputProblem(f"it has {counted(count, 'word')} but {counted(len(values), 'label')}")
    ignored = sum(tag in (tags.IGNORED, str(tags.IGNORED)) for tag in values)
    if ignored:
        incoming.notes.append(f"{ignored} words with the label {tags.IGNORED} (to be ignored) have no label")
        values = [None if tag in (tags.IGNORED, str(tags.IGNORED)) else tag for tag in values]
    if all(tag is None or (isinstance(tag, str) and tag.isdecimal()) for tag in values):
        values = [tag if tag is None else int(tag) for tag in values]  # numbers written as texts
    given = dict(enumerate(names.get(column, ())))
    known = given or (names_beside(path, options) if int in set(map(type, values)) else None) or {}
    texts: list[str] = []
    for tag in values:
        if isinstance(tag, int):
            if not known:
                incoming.notes.append(
                    "labels left out: they are numbers, and no labels.txt or id2label.json beside the file "
                    f"says what {tag} means"
                )
                return [], False
            if tag not in known:
                raise InputProblem(f"label number {tag} has no name (there are {len(known)})")
            tag = known[tag]
        texts.append(tag or "O")
    spans, incoming.repaired_tags = tags.spans_of_tags(texts, shape or tags.shape_of(known.values()))
    return spans, True


def _append(document: Incoming, page: Incoming) -> None:
    """Append the page of a one-page document to a document."""
    first = sum(len(p.tokens or ()) for p in document.pages)
    document.pages += page.pages
    document.spans += [IncomingSpan(span.label, tuple(token + first for token in span.tokens)) for span in page.spans]
    document.labelled = document.labelled and page.labelled
    document.repaired_tags += page.repaired_tags
    document.notes += [note for note in page.notes if note not in document.notes]


IMPORTER = WordListImporter()
