"""Google Cloud Vision: words of DOCUMENT_TEXT_DETECTION and TEXT_DETECTION, of pictures and of files with pages."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.reading import named_files, parsing
from workbench.exchange.reading.answers import companions, finish, get, listed, objects, polygon, share, turn_of
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingToken, Options, Rejected

_ENDS_LINE = frozenset({"LINE_BREAK", "EOL_SURE_SPACE", 5, 3})
_KEYS = rb'"(fullTextAnnotation|full_text_annotation|textAnnotations|text_annotations)"\s*:'


class VisionImporter:
    """One file is one document: an answer, a list of them, or the pages of a PDF that was read."""

    name = "google-vision"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the keys of an answer."""
        return 0.97 if parsing.is_json(head) and re.search(_KEYS, head) else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The picture or PDF of the answer's name."""
        return companions(path)

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        return parsing.only_document(path, lambda: self._read(path, options))

    def _read(self, path: Path, options: Options) -> Incoming:
        data = parsing.json_of(path, options.limits)
        parts = objects(data if isinstance(data, list) else [data], "the answer")
        answers = [answer for part in parts for answer in (listed(part, "responses") or [part])]
        if message := next((message for answer in answers if (message := get(answer, "error.message"))), ""):
            raise InputProblem(f"the service could not read it: {str(message)[:200]}")
        incoming = Incoming(path.name.split(".")[0], str(path), [], self.name)
        for answer in answers:
            full = get(answer, "fullTextAnnotation", "full_text_annotation")
            if pages := listed(full, "pages"):
                incoming.pages += [_page(page) for page in pages]
            elif words := listed(answer, "textAnnotations", "text_annotations")[1:]:  # the first is the whole text
                incoming.pages.append(_sparse_page(words, path, options))
        parsing.check_number_of_pages(len(incoming.pages), options)
        if not any(page.tokens for page in incoming.pages):
            raise InputProblem("there are no words in it")
        reference = get(data, "inputConfig.gcsSource.uri", "input_config.gcs_source.uri")
        return finish(incoming, (), path, options, reference if isinstance(reference, str) else "")


def _page(page: dict[str, Any]) -> IncomingPage:
    width, height = (parsing.number(page.get(side) or 0.0) for side in ("width", "height"))
    tokens: list[IncomingToken] = []
    frames: list[Any] = []
    line = 0
    for paragraph in (p for block in listed(page, "blocks") for p in listed(block, "paragraphs")):
        for word in listed(paragraph, "words"):
            symbols = listed(word, "symbols")
            text = "".join(str(symbol.get("text") or "") for symbol in symbols)
            tokens.append(IncomingToken(text, _box(word, width, height), line, share(word.get("confidence"))))
            frames.append(_points(word))
            kind = get(symbols[-1], "property.detectedBreak.type", "property.detected_break.type") if symbols else None
            line += kind in _ENDS_LINE
        line += bool(tokens) and tokens[-1].line == line
    if not (width and height) and any(max(token.box) > 1.5 for token in tokens):
        width, height = parsing.page_of_boxes(tokens)
    return IncomingPage(width, height, tokens, engine="google-vision", turn=turn_of(frames))


def _points(word: dict[str, Any]) -> Any:
    frame = get(word, "boundingBox", "bounding_box", "boundingPoly", "bounding_poly")
    return get(frame, "normalizedVertices", "normalized_vertices", "vertices")


def _box(word: dict[str, Any], width: float, height: float) -> Box:
    """In the page's units; of a page without a size fractions where only these are known."""
    frame = get(word, "boundingBox", "bounding_box", "boundingPoly", "bounding_poly")
    if fractions := get(frame, "normalizedVertices", "normalized_vertices"):
        x0, y0, x1, y1 = polygon(fractions)
        across, down = width or 1.0, height or 1.0
        return x0 * across, y0 * down, x1 * across, y1 * down
    return polygon(get(frame, "vertices"))


def _sparse_page(words: list[dict[str, Any]], path: Path, options: Options) -> IncomingPage:
    """A page of words with boxes in pixels of a picture whose size is not said."""
    tokens = [IncomingToken(str(word.get("description") or ""), _box(word, 0.0, 0.0)) for word in words]
    try:
        file = named_files.beside(options, path)
        shown = named_files.pages_of(file, options) if file else []
    except InputProblem:  # `finish` says so
        shown = []
    width, height = (shown[0].width, shown[0].height) if len(shown) == 1 else parsing.page_of_boxes(tokens)
    return IncomingPage(width, height, tokens, engine="google-vision", turn=turn_of(map(_points, words)))


IMPORTER = VisionImporter()
