"""Text without boxes: its words set on a made-up page, and labelled character ranges as labels of these words."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from storage.exceptions import InputProblem
from workbench.annotation.classes.running_text import KOREAN
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingSpan, IncomingToken
from workbench.exchange.reading.parsing import page_of_boxes
from workbench.fields.plain_text import harmless, normal_form

_WIDE = re.compile(r"[\u2e80-\ua4cf\uf900-\ufaff\ufe30-\uffe6\U00016fe0-\U0003fffd]")
"""Where characters may be words by themselves."""
_CHARACTER, _LINE, _COLUMNS = 10.0, 20.0, 80
TYPESET = "there are no boxes: the words were set line by line on a made-up page"


@dataclass(frozen=True, slots=True)
class Range:
    """A labelled stretch of a text: `start` and `end` as the file counts them."""

    start: int
    end: int
    label: str
    confidence: float | None = None  # set: a suggestion
    run: str = "import"
    text: str = ""  # what the file says stands there, "" where it does not say


def _is_wide(character: str) -> bool:
    """Whether it is a letter of a script that sets words and what is said of them side by side, without a space."""
    return unicodedata.east_asian_width(character) in "WF" and character.isalpha()


def pieces_of(text: str) -> list[tuple[int, int]]:
    """(start, end) of the words of a text, divided by spaces; every Chinese or Japanese character is a word."""
    pieces: list[tuple[int, int]] = []
    start = -1
    for position, character in enumerate(text):
        space, wide = character.isspace(), _is_wide(character) and not KOREAN.match(character)
        if start >= 0 and (space or wide):
            pieces.append((start, position))
            start = -1
        if wide:
            pieces.append((position, position + 1))
        elif not space and start < 0:
            start = position
    if start >= 0:
        pieces.append((start, len(text)))
    return pieces


def words_of(text: str) -> tuple[list[str], list[int]]:
    """(words, the line that each is in) of a text, in the form in which they are stored; no lines where it has one."""
    if text.isascii() and text.isprintable():
        return text.split(), []
    words: list[str] = []
    numbers: list[int] = []
    number = 0
    for line in text.splitlines():
        plain = harmless(normal_form("NFC", line.replace("\t", " ")))
        is_wide = _WIDE.search(plain)
        pieces = [plain[start:end] for start, end in pieces_of(plain)] if is_wide else plain.split()
        words += pieces
        numbers += [number] * len(pieces)
        number += bool(pieces)
    return words, numbers if number > 1 else []


def typeset(lines: Iterable[Sequence[str]]) -> IncomingPage:
    """A page for words without boxes, set in lines of 80 characters."""
    tokens: list[IncomingToken] = []
    row = -1
    for line in lines:
        row += 1
        column = 0
        for word in line:
            width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in word) or 1
            if column and column + width > _COLUMNS:
                row, column = row + 1, 0
            x0, y0 = column * _CHARACTER, row * _LINE
            tokens.append(IncomingToken(word, (x0, y0, x0 + width * _CHARACTER, y0 + 0.8 * _LINE), row))
            column += width + 1
    furthest, _ = page_of_boxes(tokens)
    return IncomingPage(max(furthest, _COLUMNS * _CHARACTER), max(row + 1, 1) * _LINE, tokens)


def set_text(incoming: Incoming, text: str, ranges: Iterable[Range]) -> None:
    """Make a text the document's only page, and the ranges labels or suggestions of its words.

    Words are divided at the edges of ranges, so that no label grows.

    Raises:
        InputProblem: a range leaves the text however it is counted.
    """
    counted = sorted(_counted(incoming, text, list(ranges)), key=lambda r: (r.start, r.end, r.label))
    edges = {edge for marked in counted for edge in (marked.start, marked.end)}
    pieces: list[tuple[int, int]] = []
    lines: list[list[str]] = [[]]
    done = 0
    for start, end in pieces_of(text):
        if "\n" in text[done:start] and lines[-1]:
            lines.append([])
        done = end
        cuts = [start, *sorted(edge for edge in edges if start < edge < end), end]
        for left, right in pairwise(cuts):
            pieces.append((left, right))
            lines[-1].append(text[left:right])
    empty = 0
    for marked in counted:
        tokens = tuple(i for i, (left, right) in enumerate(pieces) if left >= marked.start and right <= marked.end)
        empty += not tokens
        if tokens:
            incoming.spans.append(IncomingSpan(marked.label, tokens, marked.confidence, marked.run))
    if empty:
        incoming.notes.append(f"{empty} labels hold no word and were dropped")
    incoming.notes.append(TYPESET)
    incoming.pages = [typeset(lines)]


# -- how offsets are counted


def _counted(incoming: Incoming, text: str, ranges: list[Range]) -> list[Range]:
    """The ranges in characters of `text`; other ways of counting are tried where labels would cut words in two."""
    misfits = as_characters = sum(_misfits(text, marked) for marked in ranges)
    best, unit = ranges, ""
    if misfits:
        for name, starts in _countings(text):
            other = [_moved(marked, starts) for marked in ranges]
            number = sum(_misfits(text, marked) for marked in other)
            moved = sum(mine != theirs for mine, theirs in zip(ranges, other, strict=True))
            # Of a label that is counted otherwise both edges are wrong; one that ends inside a word has one that is.
            if number < misfits and as_characters - number > moved:
                best, unit, misfits = other, name, number
    if not unit and len(ranges) > 2 and all(_misfits(text, marked) for marked in ranges):
        # one label may well end inside a word; where all of several do, their ends are counted otherwise
        longer = [replace(marked, end=marked.end + 1) for marked in ranges]
        if not any(_misfits(text, marked) for marked in longer):
            best, unit = longer, "characters with the last one included"
    for marked in best:
        if not 0 <= marked.start <= marked.end <= len(text):
            raise InputProblem(
                f"the label {marked.label} [{marked.start}, {marked.end}] leaves the text, "
                f"which has {len(text)} characters"
            )
    if unit:
        incoming.notes.append(f"labels are counted in {unit}: they were moved to their words")
    cut = sum(_misfits(text, marked) > 0 for marked in best)
    if cut * 2 > len(best):
        incoming.notes.append(f"{cut} labels begin or end inside a word: are their positions right?")
    return best


def _countings(text: str) -> Iterator[tuple[str, list[int]]]:
    """(name, where every character begins and the text ends) of the ways of counting that differ for this text."""
    ways: list[tuple[str, list[int]]] = []
    if not text.isascii():
        ways.append(("UTF-16 units", [1 + (c > "\uffff") for c in text]))
        ways.append(("bytes", [len(c.encode("utf-8", "surrogatepass")) for c in text]))
    if "\r\n" in text:
        ways.append(("characters with line ends as one", [int(text[i : i + 2] != "\r\n") for i in range(len(text))]))
    elif "\n" in text:
        ways.append(("characters with line ends as two", [1 + (c == "\n") for c in text]))
    for name, sizes in ways:
        if sum(sizes) != len(text):
            yield name, [0, *accumulate(sizes)]


def _moved(marked: Range, starts: list[int]) -> Range:
    start, end = bisect_left(starts, marked.start), bisect_left(starts, marked.end)
    outside = marked.end > starts[-1]
    return Range(start, end + outside, marked.label, marked.confidence, marked.run, marked.text)


def _misfits(text: str, marked: Range) -> int:
    """How much speaks against a range: edges inside a word, at a space (most where it begins), outside the text."""
    start, end = marked.start, marked.end
    if not 0 <= start <= end <= len(text):
        return 3
    if marked.text:
        return 0 if _plain(text[start:end]) == _plain(marked.text) else 2
    if start == end:
        return 2
    inside = [_is_inside_word(text, edge) for edge in (start, end)]
    return sum(inside) + 2 * text[start].isspace() + text[end - 1].isspace()


def _is_inside_word(text: str, edge: int) -> bool:
    sides = text[edge - 1 : edge + 1] if 0 < edge < len(text) else ""
    return bool(sides) and all(c.isalnum() and not _is_wide(c) for c in sides)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)
