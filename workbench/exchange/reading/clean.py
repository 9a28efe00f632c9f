"""Normalises documents before they are stored, for all formats alike."""

import math
from dataclasses import replace

from storage.exceptions import InputProblem
from storage.records import Box, Page, Token
from workbench.exchange.reading.boxes.regions import place
from workbench.exchange.reading.incoming import (
    Incoming,
    IncomingClass,
    IncomingPage,
    IncomingSpan,
    IncomingToken,
    Options,
    Rejected,
    check_number_of_words,
)
from workbench.fields.plain_text import harmless, has_controls, normal_form, with_few_marks

CONTROLS = "had control characters or halves of characters, each of which became �"
"""What a note says of words and values."""
_OFF_PAGE = 0.01  # of the page: a box that leaves it by less was only rounded

_SMALLEST = 0.01  # as pages are kept in hundredths of their units
_LARGEST = 10_000_000.0  # units of a page: hundredths of them are kept in 32 bits


def clean(incoming: Incoming, options: Options) -> Incoming | Rejected:
    """Bring a document into the form in which it is stored; its pages and spans are changed in place.

    Texts become NFC; empty words go and spans are numbered anew; boxes get x0 <= x1, y0 <= y1, lie inside their page
    and are rounded to 0.01; words without a line get one by geometry, their order stays; labels that came as boxes are
    assigned to the words in them. Changes are counted in `incoming.notes`, `empty_tokens` and `repaired_tags`. A span
    without words is dropped, a word in two labels stays in the first.

    Returns:
        The document, or why it cannot be stored: a box that is not a number, a page without a size, a limit.
    """
    try:
        return _cleaned(incoming, options)
    except InputProblem as problem:
        return Rejected(incoming.source, "", problem.message)


def _cleaned(incoming: Incoming, options: Options) -> Incoming:
    limits = options.limits
    incoming.classes = [IncomingClass(harmless(c.label), harmless(c.option)) for c in incoming.classes]
    for page in incoming.pages:
        incoming.notes += page.notes
        page.notes = []
    _make_storable(incoming)
    if len(incoming.pages) > limits.pages:
        raise InputProblem(
            f"it has {len(incoming.pages):,} pages; the limit is {limits.pages:,} (pages under [limits])"
        )
    counted = {"turned": 0, "clipped": 0, "marks": 0, "controls": 0}
    kept: list[int] = []  # old number of every word that stays
    first = 0
    for number, page in enumerate(incoming.pages, 1):
        tokens = page.tokens or ()
        check_number_of_words(len(tokens), limits, number)
        if not (_SMALLEST <= page.width <= _LARGEST and _SMALLEST <= page.height <= _LARGEST):
            raise InputProblem(f"page {number} has no size that can be ({page.width} × {page.height})")
        page.width, page.height = round(page.width, 2), round(page.height, 2)
        if page.tokens is not None:
            kept += _clean_page(page, number, first, counted)
        first += len(tokens)
    if len(kept) < first:
        incoming.empty_tokens += first - len(kept)
        _renumber(incoming, {old: new for new, old in enumerate(kept)})
    if incoming.regions:
        _place_regions(incoming)
    _one_label_a_word(incoming)
    if counted["turned"]:
        incoming.notes.append(f"{counted['turned']} boxes were the wrong way round")
    if counted["marks"]:
        incoming.notes.append(f"{counted['marks']} words had more than 30 marks on one letter and were cut there")
    if counted["controls"]:
        incoming.notes.append(f"{counted['controls']} words {CONTROLS}")
    if counted["clipped"]:
        incoming.notes.append(f"{counted['clipped']} boxes left the page and were cut at its edge")
    return incoming


def _make_storable(incoming: Incoming) -> None:
    """Replace in names what no database can hold; words are replaced where they become records."""
    incoming.name, incoming.source = harmless(incoming.name), harmless(incoming.source)
    incoming.group = harmless(incoming.group) if incoming.group else incoming.group
    incoming.language = harmless(incoming.language) if incoming.language else incoming.language
    incoming.notes = [harmless(note) for note in incoming.notes]
    named = [incoming.name, *(span.label for span in incoming.spans), *(region.label for region in incoming.regions)]
    if number := sum(map(has_controls, [*named, *incoming.values, *incoming.values.values()])):
        incoming.notes.append(f"{number} names, labels or values {CONTROLS}")
    incoming.values = {harmless(label): harmless(value) for label, value in incoming.values.items()}
    for span in incoming.spans:
        span.label, span.run = harmless(span.label), harmless(span.run)
    if any(harmless(region.label + region.run) != region.label + region.run for region in incoming.regions):
        incoming.regions = [replace(r, label=harmless(r.label), run=harmless(r.run)) for r in incoming.regions]


def _clean_page(page: IncomingPage, number: int, first: int, counted: dict[str, int]) -> list[int]:
    """Clean a page's words in place; the numbers (from `first`) of those that stay."""
    width, height = page.width, page.height
    slack_x, slack_y = width * _OFF_PAGE, height * _OFF_PAGE
    kept: list[int] = []
    tokens: list[IncomingToken] = []
    lines_missing = False
    for position, token in enumerate(page.tokens or (), first):
        text = token.text
        if not text.isascii():
            few = with_few_marks(text)
            counted["marks"] += few is not text
            text = token.text = normal_form("NFC", few)
        if not text.isprintable():
            counted["controls"] += has_controls(text)
            text = token.text = harmless(text)
        if not text or text.isspace():
            continue
        x0, y0, x1, y1 = token.box
        if not (0 <= x0 <= x1 <= width and 0 <= y0 <= y1 <= height):
            if not -math.inf < x0 + y0 + x1 + y1 < math.inf:
                raise InputProblem(
                    f"the box of word {position - first + 1} ({text[:40]!r}) on page {number} is not made of numbers"
                )
            if x0 > x1 or y0 > y1:
                counted["turned"] += 1
                x0, y0, x1, y1 = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
            if x0 < -slack_x or y0 < -slack_y or x1 > width + slack_x or y1 > height + slack_y:
                counted["clipped"] += 1
            x0, x1 = min(max(x0, 0.0), width), min(max(x1, 0.0), width)
            y0, y1 = min(max(y0, 0.0), height), min(max(y1, 0.0), height)
        if type(x0) is type(y0) is type(x1) is type(y1) is int:
            token.box = (x0, y0, x1, y1)  # whole pixels, as most files have them
        else:
            # Rounded to 0.01; round() takes three times as long, and these are most of an import's numbers.
            token.box = (
                int(x0 * 100 + 0.5) / 100,
                int(y0 * 100 + 0.5) / 100,
                int(x1 * 100 + 0.5) / 100,
                int(y1 * 100 + 0.5) / 100,
            )
        if token.line is None:
            lines_missing = True
        kept.append(position)
        tokens.append(token)
    page.tokens = tokens
    if lines_missing:
        for token, line in zip(tokens, lines_of([token.box for token in tokens]), strict=True):
            token.line = line
    return kept


def lines_of(boxes: list[Box]) -> list[int]:
    """Line numbers of boxes in reading order: a word that stands at the height of the line's last word continues it.

    Words that share a height but come in another order than left to right (two columns) are lines of their own. So the
    file's order counts, which `locate.layout.Layout` does not know: its rows run through all columns.
    """
    lines: list[int] = []
    line = -1
    top = bottom = right = 0.0
    for _, y0, x1, y1 in boxes:
        # Without min() and max(): this runs for every word, and they would take half of an import's time.
        overlap = (bottom if bottom < y1 else y1) - (top if top > y0 else y0)
        height, last = y1 - y0, bottom - top
        beside = overlap > 0.5 * (height if height < last else last) or (overlap == 0 and top == y0)
        if line < 0 or not beside or x1 < right - (bottom - top):
            line += 1
        top, bottom, right = y0, y1, x1
        lines.append(line)
    return lines


def _place_regions(incoming: Incoming) -> None:
    spans, empty = place(incoming.regions, incoming.pages)
    incoming.spans += spans
    incoming.regions = []
    if empty:
        incoming.notes.append(f"{len(empty)} labelled boxes have no word in them")
        # A person has to place a label without words.
        incoming.labelled = incoming.labelled and all(region.confidence is not None for region in empty)


def _renumber(incoming: Incoming, new: dict[int, int]) -> None:
    spans: list[IncomingSpan] = []
    for span in incoming.spans:
        tokens = tuple(new[token] for token in span.tokens if token in new)
        if tokens:
            spans.append(span if tokens == span.tokens else replace(span, tokens=tokens))
    if len(spans) < len(incoming.spans):
        incoming.notes.append(f"{len(incoming.spans) - len(spans)} labels stood on empty words only and were dropped")
    incoming.spans = spans


def _one_label_a_word(incoming: Incoming) -> None:
    taken: set[int] = set()
    spans: list[IncomingSpan] = []
    shared = 0
    for span in incoming.spans:
        if span.confidence is None:
            free = tuple(token for token in sorted(set(span.tokens)) if token not in taken)
            taken.update(free)
            shared += len(free) < len(set(span.tokens))
            if not free:
                continue
            span = span if free == span.tokens else replace(span, tokens=free)
        spans.append(span)
    if shared:
        incoming.notes.append(f"{shared} labels shared words with another label; every word stays in the first")
    incoming.spans = spans


def pages_of(incoming: list[IncomingPage], names: list[str | None]) -> tuple[Page, ...]:
    """Cleaned pages as records, their tokens numbered over the document; `names` are those of the stored pictures."""
    pages = []
    first = 0
    for number, page in enumerate(incoming):
        words = page.tokens or []
        tokens = tuple(
            Token(i, number, t.line or 0, harmless(t.text), t.box, t.confidence) for i, t in enumerate(words, first)
        )
        pages.append(Page(number, page.width, page.height, tokens, names[number], page.engine, page.engine_version))
        first += len(tokens)
    return tuple(pages)


def likely(confidence: float) -> float:
    """A suggestion's confidence, 0..1, whatever a file says of it."""
    return 0.5 if math.isnan(confidence) else min(max(confidence, 0.0), 1.0)
