"""CORD: receipts as lines of words with a category each."""

from collections.abc import Iterator
from pathlib import Path

from storage.exceptions import InputProblem
from workbench.fields import Schema, invoice_schema
from workbench.importers import reading
from workbench.importers.base import Incoming, IncomingPage, IncomingSpan, IncomingToken, Options, Rejected

_PICTURES = (".", "../image", "../images", "../img")
_CORNERS = (("x1", "y1"), ("x2", "y2"), ("x3", "y3"), ("x4", "y4"))


class CordImporter:
    """One file is one document. A line's value words are one label; its key words ("TOTAL") are none."""

    name = "cord"
    description = "CORD: one JSON a receipt, with or without its picture"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the key "valid_line", or the keys before it."""
        if not reading.is_json(head):
            return 0.0
        return 0.98 if b'"valid_line"' in head else 0.8 if b'"gt_parse"' in head else 0.0

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The document of one file."""
        try:
            yield self._read(path, options)
        except InputProblem as problem:
            yield reading.rejected(path, "", problem)

    def _read(self, path: Path, options: Options) -> Incoming:
        data = reading.decode(reading.content(path, options.limits))
        incoming = Incoming(path.stem, str(path), [], self.name, labelled=True)
        schema = invoice_schema()
        tokens: list[IncomingToken] = []
        rows: dict[str, int] = {}
        for position, line in enumerate(reading.need(data, "valid_line", list), 1):
            what = f"line {position} of valid_line"
            category = reading.need(line, "category", str, what)
            values: list[int] = []
            for word in reading.need(line, "words", list, what):
                text = reading.need(word, "text", str, f"a word of {what}")
                quad = reading.need(word, "quad", dict, f"a word of {what}")
                if not all(x in quad and y in quad for x, y in _CORNERS):
                    raise InputProblem(f"a box of {what} has not four corners")
                if not word.get("is_key"):
                    values.append(len(tokens))
                row = rows.setdefault(str(word.get("row_id", f"line {position}")), len(rows))
                tokens.append(IncomingToken(text, reading.around([(quad[x], quad[y]) for x, y in _CORNERS]), row))
            if values:
                incoming.spans.append(IncomingSpan(_label(category, schema), tuple(values)))
        found = reading.picture_beside(options, path, _PICTURES, incoming.notes)
        picture, width, height = found or (None, 0.0, 0.0)
        size = data.get("meta", {}).get("image_size") if isinstance(data.get("meta"), dict) else None
        if isinstance(size, dict) and size.get("width") and size.get("height"):
            width, height = reading.number(size["width"]), reading.number(size["height"])
        if not width or not height:
            width, height = reading.page_of_boxes(tokens)
            incoming.notes.append("page size taken from the boxes")
        incoming.pages = [IncomingPage(width, height, tokens, picture)]
        return incoming


def _label(category: str, schema: Schema) -> str:
    """The last part of a total's category where the invoice schema knows it (total.total_price); else the whole."""
    part, _, last = category.rpartition(".")
    return last if part != "menu" and schema.resolve(last) else category


IMPORTER = CordImporter()
