"""What OCR programs print as tables and lists: Tesseract's TSV, and the lines that PaddleOCR and EasyOCR found."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.reading import parsing
from workbench.exchange.reading.answers import share
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingToken, check_number_of_words
from workbench.settings import Limits

_TSV = b"level\tpage_num\t"
_PAGE, _WORD = "1", "5"  # of the column `level`
_PADDLE = re.compile(rb'"rec_texts"\s*:\s*\[')
# a list of [four points, text and score]; PaddleOCR 2 has a list of these for every page
_LINES = re.compile(rb"\s*(?:\[\s*){4,5}-?[0-9.]+\s*,\s*-?[0-9.]+\s*\](?:\s*,\s*\[[^\]]*\]){3}\s*\]\s*,\s*[\[\"]")


def is_result(head: bytes) -> bool:
    """Whether a file begins as one of these."""
    return head.startswith(_TSV) or _PADDLE.search(head) is not None or _LINES.match(head) is not None


def read(incoming: Incoming, data: bytes, limits: Limits) -> str:
    """Put the pages into the document; the name of the picture that was read, where it is said.

    Raises:
        InputProblem: a line or a word has no box or no text, or a page has too many words.
    """
    if data.startswith(_TSV):
        incoming.pages += _tesseract(parsing.text_of(data), limits)
        return ""
    value = parsing.decode(data)
    if isinstance(value, dict):
        boxes: Any = next((value[key] for key in ("rec_polys", "rec_boxes", "dt_polys") if value.get(key)), [])
        lines = _zipped(boxes, value.get("rec_texts"), value.get("rec_scores"))
        incoming.pages.append(_page(lines, "paddle"))
        reference = value.get("input_path")
        return reference if isinstance(reference, str) else ""
    pages = [value] if _is_line(value) else value
    incoming.pages += [_page([_line(line) for line in page or ()], "paddle") for page in pages]
    return ""


def _zipped(boxes: Any, texts: Any, scores: Any) -> list[tuple[Any, Any, Any]]:
    if not isinstance(boxes, list) or not isinstance(texts, list) or len(boxes) != len(texts):
        raise InputProblem("its lines have not as many boxes as texts")
    known = scores if isinstance(scores, list) and len(scores) == len(texts) else [None] * len(texts)
    return list(zip(boxes, texts, known, strict=True))


def _is_line(value: Any) -> bool:
    """Whether a list is one page: its first entry is a line."""
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, list) and len(first) > 1 and _is_text(first[1])


def _is_text(part: Any) -> bool:
    return isinstance(part, str) or (isinstance(part, list) and bool(part) and isinstance(part[0], str))


def _line(line: Any) -> tuple[Any, Any, Any]:
    """(box, text, score) of [box, [text, score]] or [box, text, score]."""
    if isinstance(line, list) and len(line) > 1:
        text = line[1] if isinstance(line[1], list) else line[1:]
        if text:
            return line[0], text[0], text[1] if len(text) > 1 else None
    raise InputProblem("a line of it has no box and text")


def _page(lines: Sequence[tuple[Any, Any, Any]], engine: str) -> IncomingPage:
    tokens: list[IncomingToken] = []
    for number, (box, text, score) in enumerate(lines):
        if not isinstance(text, str):
            raise InputProblem("a line of it has no text")
        words = parsing.words_in(text, parsing.box_of(box)) if text.strip() else []
        tokens += [IncomingToken(word, place, number, share(score)) for word, place in words]
    width, height = parsing.page_of_boxes(tokens) if tokens else (0.0, 0.0)
    return IncomingPage(width, height, tokens, engine=engine)


def _tesseract(text: str, limits: Limits) -> Iterator[IncomingPage]:
    head, *rows = text.splitlines()
    columns = head.split("\t")
    page: IncomingPage | None = None
    lines: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(rows, 2):
        cells = dict(zip(columns, row.split("\t"), strict=False))
        if cells.get("level") == _PAGE:
            if page is not None:
                yield page
            page = IncomingPage(_cell(cells, "width", number), _cell(cells, "height", number), [], engine="tesseract")
            lines = {}
        elif cells.get("level") == _WORD and page is not None and page.tokens is not None:
            check_number_of_words(len(page.tokens), limits)
            x, y, width, height = (_cell(cells, side, number) for side in ("left", "top", "width", "height"))
            line = tuple(cells.get(part, "") for part in ("block_num", "par_num", "line_num"))
            sure = _cell(cells, "conf", number)
            page.tokens.append(
                IncomingToken(
                    cells.get("text", ""), (x, y, x + width, y + height), lines.setdefault(line, len(lines)),
                    min(sure / 100, 1.0) if sure >= 0 else None,
                )
            )  # fmt: skip
    if page is not None:
        yield page


def _cell(cells: dict[str, str], name: str, number: int) -> float:
    try:
        return float(cells.get(name, ""))
    except ValueError:
        raise InputProblem(f"line {number} has no number in its column {name}") from None
