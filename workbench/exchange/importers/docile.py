"""DocILE: fields as boxes in annotations/, words in ocr/, the documents in pdfs/."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.reading import parsing, pdf_pages
from workbench.exchange.reading.boxes.regions import place
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingRegion, IncomingToken, Options, Rejected
from workbench.fields import invoice_schema

_LINE_ITEM = "line_item_"


class DocileImporter:
    """One annotation file is one document; an ocr/ file without an annotation is one without labels."""

    name = "docile"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the extractions, or by words with a value and a geometry."""
        if not parsing.is_json(head):
            return 0.0
        if b'"field_extractions"' in head or b'"line_item_extractions"' in head:
            return 0.98
        return 0.9 if re.search(rb'"pages"\s*:\s*\[', head) and b'"blocks"' in head and b'"geometry"' in head else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The words and the PDF of the document."""
        for folder, suffix in (("ocr", ".json"), ("pdfs", ".pdf")):
            if folder != path.parent.name:
                yield path.parent.parent / folder / (path.stem + suffix)

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        return parsing.only_document(path, lambda: self._read(path, options))

    def _read(self, path: Path, options: Options) -> Incoming:
        words: Any = parsing.json_of(path, options.limits)
        data: dict[str, Any] = {}
        incoming = Incoming(path.stem, str(path), [], self.name)
        if isinstance(words, dict) and ("field_extractions" in words or "line_item_extractions" in words):
            data = words
            ocr_file = parsing.part_of_data_set(options, path, f"../ocr/{path.stem}.json")
            words = parsing.json_of(ocr_file, options.limits) if ocr_file else None
        entry = data.get("metadata")
        metadata: dict[str, Any] = entry if isinstance(entry, dict) else {}
        sizes = metadata.get("page_sizes_at_200dpi") or []
        if not isinstance(sizes, list):
            raise InputProblem("page_sizes_at_200dpi is no list of width and height")
        if words is None:
            incoming.pages = [IncomingPage(*_size(size), None) for size in sizes]
            incoming.notes.append("there is no ocr/ file: the words come from OCR")
        else:
            incoming.pages = _pages(words, sizes)
        if not incoming.pages:
            raise InputProblem("it has no pages")
        _pictures(incoming, path, options)
        if metadata.get("cluster_id") is not None:
            incoming.group = f"cluster {metadata['cluster_id']}"
        if isinstance(metadata.get("language"), str):
            incoming.language = metadata["language"]
        if metadata.get("currency") not in (None, "", "other"):
            incoming.values, incoming.values_source = {"currency": str(metadata["currency"])}, "docile"
        if data:
            incoming.labelled = True
            _label(incoming, data)
        return incoming


def _size(size: Any) -> tuple[float, float]:
    if not isinstance(size, list) or len(size) != 2:
        raise InputProblem("page_sizes_at_200dpi is no list of width and height")
    return parsing.number(size[0]), parsing.number(size[1])


def _pages(words: Any, sizes: list[Any]) -> list[IncomingPage]:
    pages: list[IncomingPage] = []
    for number, entry in enumerate(parsing.need(words, "pages", list, "the ocr file")):
        if number < len(sizes):
            width, height = _size(sizes[number])
        else:
            height, width = _size(parsing.need(entry, "dimensions", list, "a page of the ocr file"))
        tokens: list[IncomingToken] = []
        lines = 0
        for block in parsing.need(entry, "blocks", list, "a page of the ocr file"):
            for line in parsing.need(block, "lines", list, "a block of the ocr file"):
                for word in parsing.need(line, "words", list, "a line of the ocr file"):
                    text = parsing.need(word, "value", str, "a word of the ocr file")
                    corners = parsing.need(word, "geometry", list, "a word of the ocr file")
                    confidence = word.get("confidence")
                    confidence = None if confidence is None else parsing.number(confidence)
                    box = _scaled(parsing.box_of(corners), width, height)
                    tokens.append(
                        IncomingToken(text, box, lines, None if confidence is None else parsing.number(confidence))
                    )
                lines += 1
        pages.append(IncomingPage(width, height, tokens, engine="docile"))
    return pages


def _scaled(box: Box, width: float, height: float) -> Box:
    return box[0] * width, box[1] * height, box[2] * width, box[3] * height


def _pictures(incoming: Incoming, path: Path, options: Options) -> None:
    file = parsing.part_of_data_set(options, path, f"../pdfs/{path.stem}.pdf")
    if file is None:
        return
    try:
        for page, picture in zip(incoming.pages, pdf_pages.pictures_of(file, options), strict=False):
            page.picture = picture
            if picture is None:
                incoming.notes.append("1 pages take too long to draw: they are shown without their picture")
    except InputProblem as problem:
        incoming.notes.append(f"pictures left out: {file.name}: {problem.message}")


def _label(incoming: Incoming, data: dict[str, Any]) -> None:
    schema = invoice_schema()
    regions: list[IncomingRegion] = []
    for key in ("field_extractions", "line_item_extractions"):
        listed = data.get(key) or []
        if not isinstance(listed, list):
            raise InputProblem(f"{key} is no list")
        for position, entry in enumerate(listed, 1):
            what = f"{key} {position}"
            page = parsing.need(entry, "page", int, what)
            label = parsing.need(entry, "fieldtype", str, what)
            if not 0 <= page < len(incoming.pages):
                raise InputProblem(f"{what} is on page {page + 1}; there are {len(incoming.pages)}")
            shape = incoming.pages[page]
            box = _scaled(parsing.box_of(parsing.need(entry, "bbox", list, what)), shape.width, shape.height)
            # Where two fields share words (a payment reference that is the invoice number), a header field that
            # the invoice schema knows comes first.
            rank = 2 if label.startswith(_LINE_ITEM) else 0 if schema.resolve(label) else 1
            regions.append(IncomingRegion(page, box, label, rank))
    if any(page.tokens is None for page in incoming.pages):
        incoming.regions = regions
        return
    incoming.spans, empty = place(regions, incoming.pages)
    if empty:
        named = ", ".join(sorted({region.label for region in empty}))
        incoming.notes.append(f"{len(empty)} labels without a word of their own: {named}")


IMPORTER = DocileImporter()
