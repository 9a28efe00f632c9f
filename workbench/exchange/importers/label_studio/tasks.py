"""Label Studio: tasks with annotations (labels) and predictions (suggestions), and JSON_MIN.

A region's rectangle, label and text share one id. Boxes are in percent of the page.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.importers.label_studio import minimal
from workbench.exchange.importers.label_studio.texts import classes_in, fill, is_class, is_text_task, text_in
from workbench.exchange.reading import named_files, parsing
from workbench.exchange.reading.boxes.regions import place
from workbench.exchange.reading.clean import lines_of
from workbench.exchange.reading.incoming import (
    Incoming,
    IncomingPage,
    IncomingRegion,
    IncomingSpan,
    IncomingToken,
    Options,
    Rejected,
)
from workbench.exchange.reading.sides import take_side

OWN = "workbench"
"""The key under a task's data for what our own exporter writes and Label Studio does not know."""

_LABELS = ("labels", "rectanglelabels", "polygonlabels")
_FLAT = (".csv", ".tsv")
_UNKNOWN = 1000.0  # width and height of a page whose size is not in the file


@dataclass
class _Region:
    id: str
    page: int
    box: Box | None = None  # percent
    label: str = ""
    text: str = ""
    score: float | None = None
    size: tuple[float, float] | None = None
    line: int | None = None
    tokens: tuple[int, ...] = field(default=())


class LabelStudioImporter:
    """One task is one document; item_index counts its pages."""

    name = "label-studio"

    def sniff(self, path: Path, head: bytes) -> float:
        """By tasks with data and results, or JSON_MIN's rectangles in percent."""
        if minimal.is_csv(head):
            return 0.97
        if not parsing.is_json(head):
            return 0.0
        task = b'"data"' in head and re.search(rb'"(annotations|predictions|completions)"\s*:\s*\[', head)
        return 0.97 if task else 0.95 if b'"original_width"' in head else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The pictures that tasks name."""
        try:
            for _, task in _tasks(path, Options(path.parent)):
                if isinstance(task, dict):
                    data = task.get("data")
                    for reference in _references(data if isinstance(data, dict) else task):
                        yield from named_files.companions(path.parent, reference)
        except (InputProblem, ValueError):
            return

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        yield from parsing.each(path, _tasks(path, options), lambda where, task: _read(path, where, task, options))


def _tasks(path: Path, options: Options) -> Iterator[tuple[str, Any]]:
    return minimal.rows(path, options) if path.suffix.lower() in _FLAT else parsing.records(path, options)


def _read(path: Path, where: str, task: Any, options: Options) -> Incoming:
    if not isinstance(task, dict):
        raise InputProblem("it is no task")
    data = task.get("data")
    if data is None:  # JSON_MIN: the values are in the task itself
        data = task
        results: list[dict[str, Any]] | None = minimal.results_of(task)
        predictions: list[Any] = []
        done = True
    elif isinstance(data, dict):
        annotations = _objects(task, "annotations") + _objects(task, "completions")
        valid = [a for a in annotations if not a.get("was_cancelled")]
        chosen = max(valid, key=lambda a: (a.get("ground_truth") is True, str(a.get("updated_at") or "")), default=None)
        results = _list(chosen, "result") if chosen else None
        predictions = _objects(task, "predictions")
        done = chosen is not None
    else:
        raise InputProblem('its "data" is no object')
    kept = data.get(OWN)
    own: dict[str, Any] = kept if isinstance(kept, dict) else {}
    references = _references(data)
    name = own.get("name") or (Path(parsing.local_name(references[0])).stem if references else "")
    name = str(name) or f"{path.stem} {task.get('id', where)}"
    incoming = Incoming(name, f"{path} {where}".rstrip(), [], LabelStudioImporter.name)
    take_side(incoming, own.get("split"))
    incoming.language, incoming.group = _text_or_none(own.get("language")), _text_or_none(own.get("group"))
    incoming.labelled = bool(own.get("labelled", done)) and done
    if done and "data" in task and len(valid) > 1:
        which = "the ground truth" if chosen and chosen.get("ground_truth") is True else "the latest annotation"
        incoming.notes.append(f"{len(valid)} people labelled it; {which} was taken")
    everything = [result for part in (results or [], *(_list(p, "result") for p in predictions)) for result in part]
    incoming.classes = classes_in(results or [])
    if number := sum(is_class(r.get("value")) for p in predictions for r in _list(p, "result") if isinstance(r, dict)):
        incoming.notes.append(f"{number} predictions of classes were left out")
    has_words = any(isinstance(r, dict) and not is_class(r.get("value")) for r in everything)
    if not has_words and not references and not own.get("pages") and (text := text_in(data)):
        incoming.text = text
        incoming.group = incoming.group or incoming.name
        return incoming
    if is_text_task(everything):
        offered = [(_list(p, "result"), _confidence(p), _version(p)) for p in predictions]
        fill(incoming, data, results or [], offered)
        return incoming

    labelled, links = _regions(results or [], incoming)
    suggested = [(p, *_regions(_list(p, "result"), incoming)) for p in predictions]
    # The words are those of the annotation; without one, those of the first prediction that has any.
    words = next((r for r in [labelled, *(r for _, r, _ in suggested)] if any(region.text for region in r)), [])
    _pages(incoming, words, [*labelled, *(r for _, rs, _ in suggested for r in rs)], own, references, path, options)
    exact = bool(own)
    incoming.spans = _spans(incoming, labelled, links, words, exact, None, "import")
    if incoming.classes and not (own or incoming.spans or incoming.regions):
        incoming.labelled = False  # only as a whole
    for prediction, regions, linked in suggested:
        incoming.spans += _spans(incoming, regions, linked, words, exact, _confidence(prediction), _version(prediction))
    return incoming


def _version(prediction: dict[str, Any]) -> str:
    return str(prediction.get("model_version") or "label-studio")


def _confidence(prediction: dict[str, Any]) -> float:
    score = prediction.get("score")
    return float(score) if isinstance(score, int | float) else 0.5


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(record: Any, key: str) -> list[Any]:
    value = record.get(key)
    if value is not None and not isinstance(value, list):
        raise InputProblem(f'its "{key}" is no list')
    return value or []


def _objects(record: Any, key: str) -> list[dict[str, Any]]:
    listed = [entry for entry in _list(record, key) if key != "predictions" or not isinstance(entry, int)]  # only ids
    if not all(isinstance(entry, dict) for entry in listed):
        raise InputProblem(f'an entry of its "{key}" is no object')
    return listed


def _references(data: dict[str, Any]) -> list[str]:
    """The pictures or the PDF in a task's data: the first value that names one, or a list of them (pages)."""
    for value in data.values():
        listed = value if isinstance(value, list) else [value]
        pictures = [
            v for v in listed if isinstance(v, str) and parsing.local_name(v).lower().endswith(named_files.DOCUMENTS)
        ]
        if pictures:
            return pictures
    return []


def _regions(results: Sequence[Any], incoming: Incoming) -> tuple[list[_Region], dict[str, str]]:
    """Regions in the order of the file, and the relations between them (from id -> to id)."""
    regions: dict[tuple[str, int], _Region] = {}
    pages: dict[str, int] = {}  # of an id's first result: a later one may leave it out
    links: dict[str, str] = {}
    other = several = 0
    for number, result in enumerate(results):
        if not isinstance(result, dict):
            raise InputProblem(f"result {number + 1} is no object")
        if result.get("type") == "relation":
            links[str(result.get("from_id"))] = str(result.get("to_id"))
            continue
        value = result.get("value")
        if not isinstance(value, dict) or is_class(value):
            other += not is_class(value)
            continue
        key = str(result.get("id") or f"result {number}")
        page = result.get("item_index")
        page = page if isinstance(page, int) and page >= 0 else pages.get(key, 0)
        id_of_region = key if pages.setdefault(key, page) == page else f"{key} on page {page + 1}"
        region = regions.setdefault((key, page), _Region(id_of_region, page))
        if "x" in value or "points" in value:
            region.size, region.box = _box(result, value)
        for kind in _LABELS:
            if isinstance(value.get(kind), list) and value[kind]:
                several += len(value[kind]) > 1 or region.label not in ("", str(value[kind][0]))
                region.label = region.label or str(value[kind][0])
        text = value.get("text", value.get("textarea"))
        if isinstance(text, str | list):
            region.text = text if isinstance(text, str) else " ".join(str(part) for part in text)
        if isinstance(result.get("score"), int | float):
            region.score = float(result["score"])
        meta = result.get("meta")
        if isinstance(meta, dict) and isinstance(meta.get("line"), int):
            region.line = meta["line"]
    unplaced = [region for region in regions.values() if region.box is None]
    if other or unplaced:
        incoming.notes.append(f"{other + len(unplaced)} results are no regions of a page and were left out")
    if several:
        incoming.notes.append(f"{several} regions have several labels; the first was taken")
    if shared := len(regions) - len(pages):
        incoming.notes.append(f"{shared} ids stand on more than one page and were taken as regions of their own")
    return [region for region in regions.values() if region.box is not None], links


def _box(result: dict[str, Any], value: dict[str, Any]) -> tuple[tuple[float, float] | None, Box]:
    width, height = result.get("original_width"), result.get("original_height")
    size = (parsing.number(width), parsing.number(height)) if width and height else None
    if isinstance(value.get("points"), list):
        return size, parsing.around(value["points"])
    x, y = parsing.number(value.get("x")), parsing.number(value.get("y"))
    w, h = parsing.number(value.get("width")), parsing.number(value.get("height"))
    turned = value.get("rotation") or 0
    if not turned:
        return size, (x, y, x + w, y + h)
    # Turned clockwise about its upper left corner, in pixels: percents of width and height differ.
    across, down = size or (_UNKNOWN, _UNKNOWN)
    angle = math.radians(parsing.number(turned))
    if not math.isfinite(angle):
        raise InputProblem("a rotation is not a number")
    cos, sin = math.cos(angle), math.sin(angle)
    corners = [(0.0, 0.0), (w * across, 0.0), (0.0, h * down), (w * across, h * down)]
    return size, parsing.around(
        [(x + (a * cos - b * sin) / across, y + (a * sin + b * cos) / down) for a, b in corners]
    )


def _pages(
    incoming: Incoming,
    words: list[_Region],
    regions: list[_Region],
    own: dict[str, Any],
    references: list[str],
    path: Path,
    options: Options,
) -> None:
    """Make the pages, and give every region of `words` its tokens."""
    shapes = [shape for shape in _list(own, "pages") if isinstance(shape, dict)]
    given = _given_pages(references, path, options, incoming.notes)
    count = max([1, len(references), len(given), len(shapes), *(region.page + 1 for region in regions)])
    parsing.check_number_of_pages(count, options)
    for number in range(count):
        known = given[number] if number < len(given) else None
        sizes = [region.size for region in regions if region.page == number and region.size]
        if number < len(shapes):
            size = parsing.number(shapes[number].get("width")), parsing.number(shapes[number].get("height"))
        elif sizes and not (known and known.tokens):
            size = sizes[0]
        elif known:
            size = known.width, known.height
        else:
            size = _UNKNOWN, _UNKNOWN
            incoming.notes.append(
                f"the size of page {number + 1} is not known; {_UNKNOWN:.0f} × {_UNKNOWN:.0f} was taken"
            )
        incoming.pages.append(IncomingPage(*size, []))
        if known:
            incoming.pages[-1] = replace(known, width=size[0], height=size[1])
            if words or own:
                incoming.pages[-1].tokens = []
    if not words and not own and not any(page.picture or page.tokens for page in incoming.pages):
        missing = f": {Path(parsing.local_name(references[0])).name} is not there" if references else ""
        raise InputProblem(f"it has neither words nor a picture{missing}")
    first = 0
    for page in range(count):
        tokens: list[IncomingToken] = []
        for region in words:
            if region.page == page:
                box = _scaled(region, incoming.pages[page])
                pairs = [(region.text, box)] if own else parsing.words_in(region.text, box)
                region.tokens = tuple(range(first + len(tokens), first + len(tokens) + len(pairs)))
                tokens += [IncomingToken(text, where, region.line) for text, where in pairs]
        if words:
            incoming.pages[page].tokens = tokens
        first += len(tokens)


def _given_pages(references: list[str], path: Path, options: Options, notes: list[str]) -> list[IncomingPage | None]:
    """The pages of the files that a task names; None for a picture that is not there."""
    pages: list[IncomingPage | None] = []
    for reference in references:
        if parsing.local_name(reference).lower().endswith(".pdf"):
            pages += named_files.pages(options, path.parent, reference, notes)
        else:
            picture = named_files.picture(options, path.parent, reference, notes)
            pages.append(IncomingPage(picture[1], picture[2], None, picture[0]) if picture else None)
    return pages


def _scaled(region: _Region, page: IncomingPage) -> Box:
    x0, y0, x1, y1 = region.box or (0.0, 0.0, 0.0, 0.0)
    return x0 * page.width / 100, y0 * page.height / 100, x1 * page.width / 100, y1 * page.height / 100


def _spans(
    incoming: Incoming,
    regions: list[_Region],
    links: dict[str, str],
    words: list[_Region],
    exact: bool,
    confidence: float | None,
    run: str,
) -> list[IncomingSpan]:
    named = [region for region in regions if region.label]
    if not named:
        return []
    pages = incoming.pages
    if any(page.tokens is None for page in pages):  # boxes without texts: the words come from OCR
        incoming.regions += [
            IncomingRegion(r.page, _scaled(r, pages[r.page]), r.label, 0, _sure(r, confidence), run) for r in named
        ]
        return []
    by_id = {region.id: region for region in words}
    by_box = {(region.page, region.box): region for region in words}
    spans: list[IncomingSpan] = []
    groups: dict[str, IncomingSpan] = {}  # id of a chain's last region -> its span
    loose: list[IncomingRegion] = []
    before: tuple[_Region, IncomingSpan] | None = None
    for region in named:
        own_confidence = _sure(region, confidence)
        known = by_id.get(region.id) or by_box.get((region.page, region.box))
        if known is None:
            loose.append(
                IncomingRegion(region.page, _scaled(region, pages[region.page]), region.label, 0, own_confidence, run)
            )
            continue
        follows = next((groups[start] for start, end in links.items() if end == region.id and start in groups), None)
        if follows is None and not exact and not links and before and _continues(before[0], known, region.label):
            follows = before[1]
        if follows is not None and follows.label == region.label:
            follows.tokens += known.tokens
            span = follows
        else:
            span = IncomingSpan(region.label, known.tokens, own_confidence, run)
            spans.append(span)
        groups[region.id] = span
        known.label = region.label
        before = known, span
    placed, empty = place(loose, pages)
    if empty:
        incoming.notes.append(f"{len(empty)} labelled boxes have no word in them")
    for span in spans:
        span.tokens = tuple(sorted(span.tokens))
    return spans + placed


def _sure(region: _Region, confidence: float | None) -> float | None:
    """A suggestion's own score where it has one, else its prediction's; None for labels."""
    return confidence if confidence is None or region.score is None else region.score


def _continues(before: _Region, region: _Region, label: str) -> bool:
    """Whether a word continues the label of the word before it: next to it on its line, both single words."""
    return (
        before.label == label
        and before.page == region.page
        and len(before.tokens) == len(region.tokens) == 1
        and region.tokens[0] == before.tokens[0] + 1
        and before.box is not None
        and region.box is not None
        and lines_of([before.box, region.box]) == [0, 0]
    )


IMPORTER = LabelStudioImporter()
