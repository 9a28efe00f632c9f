"""PAGE XML of Transkribus, eScriptorium, OCR-D and others: words, or lines that are divided into words."""

from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.reading import parsing
from workbench.exchange.reading.answers import share
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingToken


def read(incoming: Incoming, root: Any) -> str:
    """Put the pages into the document; the name of its picture.

    Raises:
        InputProblem: a line or word has no place, or a number is none.
    """
    reference = ""
    for page in root.iter("{*}Page"):
        reference = reference or page.get("imageFilename") or ""
        width, height = (_number(page.get(side)) for side in ("imageWidth", "imageHeight"))
        tokens: list[IncomingToken] = []
        for number, line in enumerate(page.iter("{*}TextLine")):
            words = [word for word in line.iterfind("{*}Word") if _text(word)[0]]
            for word in words or [line]:
                text, sure = _text(word)
                if text:
                    tokens += [
                        IncomingToken(part, box, number, sure) for part, box in parsing.words_in(text, _box(word))
                    ]
        if not (width and height):
            width, height = parsing.page_of_boxes(tokens)
            incoming.notes.append("page size taken from the boxes")
        incoming.pages.append(IncomingPage(width, height, tokens, engine="page-xml"))
    return reference


def _text(part: Any) -> tuple[str, float | None]:
    """(text, confidence) of a line or word; of several readings the one with the lowest index."""
    readings = sorted(part.iterfind("{*}TextEquiv"), key=lambda reading: reading.get("index") or "0")
    for reading in readings:
        text = " ".join((reading.findtext("{*}Unicode") or reading.findtext("{*}PlainText") or "").split())
        if text:
            return text, share(_number(reading.get("conf"))) if reading.get("conf") else None
    return "", None


def _box(part: Any) -> Box:
    """The upright box around a line or word: points in an attribute, or elements of versions before 2013."""
    coords = part.find("{*}Coords")
    if coords is None:
        raise InputProblem("a line or word has no Coords")
    points = [[_number(number) for number in point.split(",")] for point in (coords.get("points") or "").split()] or [
        [_number(point.get("x")), _number(point.get("y"))] for point in coords.iterfind("{*}Point")
    ]
    return parsing.around(points)


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        raise InputProblem(f"{str(text)[:40]!r} stands where a number is expected") from None
