"""What answers of OCR services and labels beside pictures share: pages of a file beside, entities and their words."""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.ocr_text import turned
from workbench.exchange.reading import named_files, parsing
from workbench.exchange.reading.boxes.regions import lies_in
from workbench.exchange.reading.incoming import (
    Incoming,
    IncomingPage,
    IncomingRegion,
    IncomingSpan,
    Options,
)

UNSIZED = 1000.0
"""Width and height of a page whose size is not known anywhere."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A value that a service found or a person labelled."""

    label: str
    confidence: float | None = None  # set: a suggestion
    places: tuple[tuple[int, Box], ...] = ()  # (page from 0, box in the page's units)
    text: str = ""  # what stands there; used where the places are not known or hold no word
    tokens: tuple[int, ...] = ()  # where the words themselves are known
    run: str = "import"


def finish(
    incoming: Incoming, entities: Sequence[Entity], path: Path, options: Options, reference: str = ""
) -> Incoming:
    """The document with its entities, and with the pictures of the file that it names or that stands beside it.

    An answer without words has those of that file's text layer, or of OCR.

    Raises:
        InputProblem: it has neither a word nor a picture.
    """
    given = _pages_beside(incoming, path, options, reference)
    if not any(page.tokens for page in incoming.pages):
        _take_words(incoming, given)
    _add(incoming, _without_amount_due(entities))
    _complete(incoming, given)
    for number, page in enumerate(incoming.pages):
        if page.turn:
            _turn(incoming, number)
    if not any(page.tokens or page.picture for page in incoming.pages):
        raise InputProblem("it has neither words nor a picture, and no PDF or picture is beside it")
    return incoming


def _add(incoming: Incoming, entities: Sequence[Entity]) -> None:
    """Make entities labels or suggestions of the words on the document's pages, or regions where OCR comes later."""
    waiting = any(page.tokens is None for page in incoming.pages)
    starts = [0]
    for page in incoming.pages:
        starts.append(starts[-1] + len(page.tokens or ()))
    words = [token.text for page in incoming.pages for token in page.tokens or ()]
    lost: list[str] = []
    for entity in entities:
        if waiting and entity.places and not entity.tokens:
            incoming.regions += [
                IncomingRegion(page, box, entity.label, 0, entity.confidence, entity.run) for page, box in entity.places
            ]
            continue
        tokens = entity.tokens or tuple(_inside(incoming.pages, starts, entity)) or _by_text(words, entity.text)
        if tokens:
            incoming.spans.append(IncomingSpan(entity.label, tokens, entity.confidence, entity.run))
        else:
            lost.append(entity.label)
            incoming.labelled = incoming.labelled and entity.confidence is not None
    if lost:
        incoming.notes.append(
            f"{len(lost)} values that the service found are not among the words of their pages: "
            + ", ".join(sorted(set(lost)))
        )


def _inside(pages: Sequence[IncomingPage], starts: list[int], entity: Entity) -> Iterator[int]:
    inside: dict[int, None] = {}
    for number, box in entity.places:
        tokens = (pages[number].tokens or ()) if 0 <= number < len(pages) else ()
        inside.update(
            dict.fromkeys(
                i for i, token in enumerate(tokens, starts[number] if tokens else 0) if lies_in(token.box, box)
            )
        )
    yield from sorted(inside)


def _by_text(words: list[str], text: str) -> tuple[int, ...]:
    """The only stretch of words that spells a text; () where there is none, or more than one."""
    wanted = text.split()
    if not wanted:
        return ()
    length = len(wanted)
    places = [start for start in range(len(words) - length + 1) if words[start : start + length] == wanted]
    return tuple(range(places[0], places[0] + length)) if len(places) == 1 else ()


def _without_amount_due(entities: Sequence[Entity]) -> Sequence[Entity]:
    """What is still due is the total only where the service names no other."""
    if not any(entity.label == "amount_total" for entity in entities):
        return entities
    return [entity for entity in entities if entity.label.casefold().replace("_", "") != "amountdue"]


def _pages_beside(incoming: Incoming, path: Path, options: Options, reference: str) -> list[IncomingPage]:
    """The pages of the PDF or picture that the file names or that stands beside it."""
    try:
        named = named_files.find(options, path.parent, reference, incoming.notes) if reference else None
        file = named or named_files.beside(options, path)
        return named_files.pages_of(file, options) if file else []
    except InputProblem as problem:
        incoming.notes.append(f"picture left out: {problem.message}")
        return []


def _take_words(incoming: Incoming, given: Sequence[IncomingPage]) -> None:
    """Give pages the words of the file beside, in their own units; None where OCR has to read them."""
    for page, other in itertools.zip_longest(incoming.pages, given[: len(incoming.pages)]):
        page.tokens = other.tokens if other is not None else None
        if page.tokens is not None:
            across, down = (page.width or 1.0) / other.width, (page.height or 1.0) / other.height
            for token in page.tokens:
                x0, y0, x1, y1 = token.box
                token.box = (x0 * across, y0 * down, x1 * across, y1 * down)
            page.engine, page.engine_version = other.engine, other.engine_version


def _complete(incoming: Incoming, given: Sequence[IncomingPage]) -> None:
    """Give pages the pictures of the file beside.

    A page of width 0 has its words in fractions: it gets the size of that file's page, and its words and regions too.
    """
    unsized = 0
    for number, page in enumerate(incoming.pages):
        other = given[number] if number < len(given) else None
        if other is not None and page.picture is None:
            page.picture, page.picture_index, page.pdf = other.picture, other.picture_index, other.pdf
        if page.width and page.height:
            continue
        unsized += other is None
        page.width, page.height = (other.width, other.height) if other else (UNSIZED, UNSIZED)
        for token in page.tokens or ():
            token.box = _scaled(token.box, page)
        incoming.regions = [
            replace(region, box=_scaled(region.box, page)) if region.page == number else region
            for region in incoming.regions
        ]
    if unsized:
        incoming.notes.append(f"{unsized} pages came without their size or picture: they were taken for square")


def _turn(incoming: Incoming, number: int) -> None:
    """Turn a page upright, which stands on its side or its head; its picture is turned where it is stored."""
    page = incoming.pages[number]
    if page.turn % 180:
        page.width, page.height = page.height, page.width
    for token in page.tokens or ():
        token.box = turned(token.box, page.turn, page.width, page.height)
    incoming.regions = [
        replace(region, box=turned(region.box, page.turn, page.width, page.height)) if region.page == number else region
        for region in incoming.regions
    ]
    incoming.notes.append("1 pages were turned upright")


def turn_of(frames: Iterable[Any]) -> int:
    """By how many degrees clockwise a page has to be turned, as most of its words stand.

    Args:
        frames: of each word eight numbers or points with x and y, the first two along the top of its letters.
    """
    turns = Counter(turn for frame in frames if (turn := _turn_of(frame)) is not None)
    most = turns.most_common(1)
    return most[0][0] if most and most[0][1] * 2 > turns.total() else 0


def _turn_of(frame: Any) -> int | None:
    if not isinstance(frame, list) or len(frame) < 2:
        return None
    if isinstance(frame[0], dict) and isinstance(frame[1], dict):
        sides = [point.get(name, point.get(name.upper(), 0)) or 0 for point in frame[:2] for name in "xy"]
    else:
        sides = frame[:4] if len(frame) == 8 else []
    if len(sides) < 4 or not all(isinstance(side, int | float) for side in sides):
        return None
    across, down = sides[2] - sides[0], sides[3] - sides[1]
    if not (math.isfinite(across) and math.isfinite(down)) or (across == 0 and down == 0):
        return None
    return -round(math.degrees(math.atan2(down, across)) / 90) * 90 % 360


def _scaled(box: Box, page: IncomingPage) -> Box:
    return box[0] * page.width, box[1] * page.height, box[2] * page.width, box[3] * page.height


def companions(path: Path, references: Sequence[str] = ()) -> Iterator[Path]:
    """Files that may be the pages of an answer: those that it names, and those of its own name."""
    for reference in references:
        yield from named_files.companions(path.parent, reference)
    file = named_files.beside(Options(path.parent), path)
    if file is not None:
        yield file


def share(value: Any) -> float | None:
    """A confidence between 0 and 1, of percent too; None where it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value != value:  # NaN
        return None
    return min(max(float(value) / (100 if value > 1 else 1), 0.0), 1.0)


def get(record: Any, *names: str) -> Any:
    """The first of these keys' values that is there, through records in records for "a.b"; None where there is none."""
    for name in names:
        value = record
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def listed(record: Any, *names: str) -> list[dict[str, Any]]:
    """The objects in the list of the first of these keys that is there; [] where there is none.

    Raises:
        InputProblem: its value is no list, or holds what is no object.
    """
    value = get(record, *names)
    return [] if value is None else objects(value, f'"{names[0]}"')


def objects(value: Any, name: str) -> list[dict[str, Any]]:
    """The objects in a list; null among them is passed over.

    Raises:
        InputProblem: it is no list, or holds what is no object: words or labels would be lost.
    """
    if not isinstance(value, list):
        raise InputProblem(f"{name} is no list")
    entries = [entry for entry in value if entry is not None]
    if not all(isinstance(entry, dict) for entry in entries):
        raise InputProblem(f"{name} holds what is no object")
    return entries


def whole(value: Any, default: int = 0) -> int:
    """A whole number, also one that is written as a text; `default` for anything else."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def polygon(value: Any) -> Box:
    """The upright box around eight numbers, or around points with x and y (0 where one is left out)."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return parsing.around(
            [[point.get("x", 0) or 0, point.get("y", 0) or 0] for point in value if isinstance(point, dict)]
        )
    if isinstance(value, list) and len(value) == 4 and all(isinstance(side, int | float) for side in value):
        x, y, width, height = map(parsing.number, value)
        return x, y, x + width, y + height
    return parsing.box_of(value)
