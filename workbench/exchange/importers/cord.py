"""CORD: receipts as lines of words with a category each; also CORD-v2's and Donut's rows, which may lack the words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.reading import parsing
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingSpan, IncomingToken, Options
from workbench.exchange.reading.one_document import OneDocumentImporter
from workbench.fields import Schema, invoice_schema
from workbench.fields.amounts import written

_PICTURES = (".", "../image", "../images", "../img")
_CORNERS = (("x1", "y1"), ("x2", "y2"), ("x3", "y3"), ("x4", "y4"))
_LINE_ITEMS = frozenset({"menu", "items", "line_items", "void_menu"})  # no values of the document


def _sure(path: Path, head: bytes) -> float:
    """By the key "valid_line", or the keys before it."""
    if not parsing.is_json(head):
        return 0.0
    return 0.98 if b'"valid_line"' in head else 0.8 if b'"gt_parse"' in head else 0.0


def _document(path: Path, options: Options) -> Incoming:
    data = parsing.json_of(path, options.limits)
    incoming = Incoming(path.stem, str(path), [], "cord", labelled=True)
    read_lines(incoming, data, parsing.picture_beside(options, path, _PICTURES, incoming.notes))
    return incoming


def read_lines(
    incoming: Incoming, data: dict[str, Any], picture_and_size: tuple[Path | bytes, float, float] | None
) -> None:
    """Put the lines of a CORD record into a document as one page; the value words of a line are a label."""
    schema = invoice_schema()
    tokens: list[IncomingToken] = []
    rows: dict[str, int] = {}
    for position, line in enumerate(parsing.need(data, "valid_line", list), 1):
        what = f"line {position} of valid_line"
        category = parsing.need(line, "category", str, what)
        values: list[int] = []
        for word in parsing.need(line, "words", list, what):
            text = parsing.need(word, "text", str, f"a word of {what}")
            quad = parsing.need(word, "quad", dict, f"a word of {what}")
            if not all(x in quad and y in quad for x, y in _CORNERS):
                raise InputProblem(f"a box of {what} has not four corners")
            if not word.get("is_key"):
                values.append(len(tokens))
            row = rows.setdefault(str(word.get("row_id", f"line {position}")), len(rows))
            tokens.append(IncomingToken(text, parsing.around([(quad[x], quad[y]) for x, y in _CORNERS]), row))
        if values:
            incoming.spans.append(IncomingSpan(label_of(category, schema), tuple(values)))
    picture, width, height = picture_and_size or (None, 0.0, 0.0)
    size = data.get("meta", {}).get("image_size") if isinstance(data.get("meta"), dict) else None
    if isinstance(size, dict) and size.get("width") and size.get("height"):
        width, height = parsing.number(size["width"]), parsing.number(size["height"])
    if not width or not height:
        width, height = parsing.page_of_boxes(tokens)
        incoming.notes.append("page size taken from the boxes")
    incoming.pages = [IncomingPage(width, height, tokens, picture)]


def label_of(category: str, schema: Schema) -> str:
    """The last part of a total's category where the invoice schema knows it (total.total_price); else the whole."""
    part, _, last = category.rpartition(".")
    return last if part != "menu" and schema.resolve(last) else category


def fill_from_ground_truth(
    incoming: Incoming, truth: Any, picture: Path | bytes | None, size: tuple[float, float] | None
) -> None:
    """Put a row's ground truth into a document: `valid_line` as words and labels, `gt_parse` as known values.

    Raises:
        InputProblem: the ground truth cannot be read, or there are neither words nor a picture.
    """
    data = parsing.decode(truth.encode("utf-8", "replace")) if isinstance(truth, str) else truth
    if not isinstance(data, dict):
        raise InputProblem("its ground truth is no object")
    parses = data.get("gt_parses")
    parse = data.get("gt_parse", parses[0] if isinstance(parses, list) and parses else None)
    if parse is None and "valid_line" not in data:
        parse = data
    schema = invoice_schema()
    left_out = len(parses) - 1 if isinstance(parses, list) and parses and "gt_parse" not in data else 0
    for category, value in _leaves(parse, ""):
        left_out += value is None
        if value is not None:
            incoming.values.setdefault(label_of(category, schema), value)
    if left_out and "valid_line" not in data:  # else they are among its labels
        incoming.notes.append(f"{left_out} entries of gt_parse are line items, lists or no values, and were left out")
    incoming.values_source = "values" if incoming.values else ""
    if "valid_line" in data:
        incoming.labelled = True
        read_lines(incoming, data, (picture, *size) if picture is not None and size else None)
    elif picture is None or size is None:
        raise InputProblem("it has no words, and its picture is not there")
    else:
        incoming.pages = [IncomingPage(*size, None, picture)]


def _leaves(parse: Any, path: str) -> Iterator[tuple[str, str | None]]:
    """(category, value) of the texts and numbers in a parse; None for line items, and for what is no value."""
    if not isinstance(parse, dict):
        if parse:
            yield path, None
        return
    for key, value in parse.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict) and str(key).casefold() not in _LINE_ITEMS:
            yield from _leaves(value, name)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            if str(value).strip():
                yield name, None if str(key).casefold() in _LINE_ITEMS else written(value).strip()
        elif value not in (None, [], {}):
            yield name, None


IMPORTER = OneDocumentImporter("cord", _sure, _document)
