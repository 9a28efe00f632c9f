"""FUNSD: one JSON a page, whose items are labelled groups of words."""

import re
from pathlib import Path
from typing import Any

from workbench.exchange.reading import parsing
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingSpan, IncomingToken, Options
from workbench.exchange.reading.one_document import OneDocumentImporter

_NO_LABEL = frozenset({"", "other", "o"})
PICTURE_FOLDERS = (".", "../images", "../img", "../image")


def _sure(path: Path, head: bytes) -> float:
    """By the key "form" at the top."""
    if not parsing.is_json(head) or b'"documents"' in head[:200]:
        return 0.0
    return 0.95 if re.search(rb'"form"\s*:\s*\[', head) else 0.0


def _document(path: Path, options: Options) -> Incoming:
    """A document of one page."""
    data = parsing.json_of(path, options.limits)
    incoming = Incoming(path.stem, str(path), [], "funsd")
    read_form(incoming, parsing.need(data, "form", list), data.get("img"), path, options)
    incoming.labelled = incoming.labelled and data.get("labelled") is not False
    return incoming


def read_form(incoming: Incoming, form: list[Any], img: Any, path: Path, options: Options) -> None:
    """Put the items of a FUNSD or XFUND form into a document as one page with its labels.

    Args:
        incoming: gets the page and the spans.
        form: the items.
        img: {"fname", "width", "height"} where the file has it; without it the picture has the file's name.
        path: the file.
        options: what the user asked for.
    """
    tokens: list[IncomingToken] = []
    order: list[Any] = []
    unnamed = 0
    for position, item in enumerate(form, 1):
        what = f"item {position} of the form"
        label = item.get("label") if isinstance(item, dict) else None
        words = item.get("words") if isinstance(item, dict) else None
        if words is None:  # an item without words: its text is divided over its box
            text = parsing.need(item, "text", str, what)
            pairs = parsing.words_in(text, parsing.box_of(parsing.need(item, "box", list, what)))
        else:
            pairs = []
            for word in parsing.need(item, "words", list, what):
                text = parsing.need(word, "text", str, f"a word of {what}")
                pairs.append((text, parsing.box_of(parsing.need(word, "box", list, f"a word of {what}"))))
                order.append(word.get("order"))
        first = len(tokens)
        tokens += [IncomingToken(text, box) for text, box in pairs]
        unnamed += label is not None and not isinstance(label, str)
        if pairs and isinstance(label, str) and label.lower() not in _NO_LABEL:
            incoming.spans.append(IncomingSpan(label, tuple(range(first, len(tokens)))))
    if unnamed:
        incoming.notes.append(f"{unnamed} labels are no names and were left out")
    incoming.labelled = not unnamed
    if len(order) == len(tokens) and all(isinstance(place, int) for place in order):
        _reorder(incoming, tokens, order)
    img = img if isinstance(img, dict) else {}
    if isinstance(img.get("fname"), str):
        options = parsing.around_file(path, options)
        beside = [folder for folder in PICTURE_FOLDERS if parsing.is_within(options, path.parent / folder / "x")]
        names = [f"{folder}/{img['fname']}" for folder in (path.stem, path.stem.split(".")[0], *beside)]
        picture_and_size = parsing.picture_for(options, path.parent, names, incoming.notes)
    else:
        picture_and_size = parsing.picture_beside(options, path, PICTURE_FOLDERS, incoming.notes)
    picture, width, height = picture_and_size or (None, 0.0, 0.0)
    if isinstance(img.get("width"), int | float) and isinstance(img.get("height"), int | float):
        width, height = float(img["width"]), float(img["height"])
    if not width or not height:
        width, height = parsing.page_of_boxes(tokens)
        incoming.notes.append("page size taken from the boxes")
    incoming.pages = [IncomingPage(width, height, tokens, picture)]


def _reorder(incoming: Incoming, tokens: list[IncomingToken], order: list[int]) -> None:
    """Bring words into the reading order that our own exporter wrote beside them."""
    ranked = sorted(range(len(tokens)), key=order.__getitem__)
    place = {old: new for new, old in enumerate(ranked)}
    tokens[:] = [tokens[old] for old in ranked]
    for span in incoming.spans:
        span.tokens = tuple(sorted(place[token] for token in span.tokens))


IMPORTER = OneDocumentImporter("funsd", _sure, _document)
