"""A page as text in space: every token at its place in a grid of terminal cells. Pure, without Textual.

Lines stay lines and columns keep their order. The words of a phrase stand one cell apart; phrases stand where they are
on the page, pushed right (or pulled left) only as far as needed; what is wider than the screen goes on in the row
below. No two tokens overlap, none is lost. A blank row is a gap that is wider than the page's usual one.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from msgspec import Struct
from rich.cells import cell_len

from storage.records import TEXT, Page, Token
from workbench.annotation.classes import running_text

ZOOMS = (-2, -1, 0, 1, 2, 3)
"""Steps: dense, without blank rows, fitted to the screen, and three wider ones."""

_SPREAD = {-2: 0.75, -1: 1.0, 0: 1.0, 1: 1.3, 2: 1.7, 3: 2.2}
_BLANKS = {-2: 0, -1: 0, 0: 1, 1: 1, 2: 2, 3: 3}
COLUMN_GAP = 1.2  # of a line's height: a wider gap divides phrases
_NARROWEST = 1e-6  # page units: what is narrower has no width to scale by
_BLANK_GAP = 0.8  # of a line's height: a wider gap between rows shows as a blank row
_USUAL_GAP = 0.3  # of a line's height: where a page's lines stand further apart, that does not count
_INDENT = 3  # cells before what goes on in the row below


class PlacedToken(Struct, frozen=True, gc=False):  # thousands a page: a frozen dataclass takes several times as long
    """A token in its cells. `text` is what is shown: control and zero-width characters replaced."""

    token: int
    x: int
    width: int
    text: str

    @property
    def end(self) -> int:
        """The cell after the last one."""
        return self.x + self.width


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row of the grid: tokens from left to right; none for a blank row or a page's heading."""

    page: int
    placed: tuple[PlacedToken, ...] = ()
    heading: str = ""
    continues: bool = False  # its first phrase begins in the row above, which had no space left


@dataclass(frozen=True)
class PageLayout:
    """All pages of a document, one below the other."""

    rows: tuple[GridRow, ...]
    where: dict[int, tuple[int, int]]  # token id -> (row, position in the row)
    width: int
    tops: tuple[int, ...]  # the first row of each page
    columns: int  # cells of a row that it was laid out for

    @property
    def height(self) -> int:
        return len(self.rows)

    def place(self, token: int) -> tuple[int, PlacedToken]:
        """The row of a token, and its cells."""
        row, position = self.where[token]
        return row, self.rows[row].placed[position]

    def at(self, x: int, y: int) -> int | None:
        """The token at a cell, or the nearest one of its row within two cells; None where there is nothing."""
        if not 0 <= y < len(self.rows):
            return None
        placed = self.rows[y].placed
        near = min(placed, key=lambda p: max(p.x - x, x - p.end + 1, 0), default=None)
        return near.token if near and max(near.x - x, x - near.end + 1, 0) <= 2 else None

    def between(self, first: int, last: int) -> tuple[int, ...]:
        """The tokens from one to another in the order of the rows, both included."""
        a, b = sorted((self.where[first], self.where[last]))
        tokens: list[int] = []
        for y in range(a[0], b[0] + 1):
            placed = self.rows[y].placed
            start = a[1] if y == a[0] else 0
            stop = b[1] + 1 if y == b[0] else len(placed)
            tokens += [p.token for p in placed[start:stop]]
        return tuple(tokens)


@dataclass(slots=True)
class _Line:
    tokens: list[Token]
    x0: float
    x1: float
    middle: float
    height: float


def shown(text: str) -> str:
    """A token's text as it can be shown in cells: never empty, nothing in it that moves the cursor."""
    if text.isascii() and text.isprintable() and text:
        return text
    safe = "".join(c if c.isprintable() else "·" for c in text)
    return safe if cell_len(safe) else "·"


def lay_out(pages: Sequence[Page], columns: int, zoom: int = 0) -> PageLayout:
    """Place the tokens of all pages.

    Args:
        pages: with tokens in page units.
        columns: cells that the view is wide; the scale is chosen so that a page fits where its text allows it.
        zoom: one of ZOOMS.
    """
    rows: list[GridRow] = []
    where: dict[int, tuple[int, int]] = {}
    tops: list[int] = []
    width = 1
    for page in pages:
        tops.append(len(rows))
        if len(pages) > 1:
            rows.append(GridRow(page.number, heading=f"page {page.number + 1} of {len(pages)}"))
        if page.engine == TEXT:
            for placed in _plain(page.tokens, max(columns - 1, 1)):
                where.update((cell.token, (len(rows), position)) for position, cell in enumerate(placed))
                width = max(width, placed[-1].end + 1)
                rows.append(GridRow(page.number, placed))
            continue
        if not page.tokens:
            continue
        bands = _bands(page.tokens)
        typical = median(line.height for band in bands for line in band) or 1.0
        phrases = [_phrases([t for line in band for t in line.tokens], typical) for band in bands]
        left = min(line.x0 for band in bands for line in band)
        right = max(line.x1 for band in bands for line in band)
        scale = _scale(phrases, right - left, columns) * _SPREAD[zoom]
        blanks = _blanks([median(line.middle for line in band) for band in bands], typical, _BLANKS[zoom])
        for parts, blank in zip(phrases, blanks, strict=True):
            rows += [GridRow(page.number)] * blank
            for placed, continues in _rows(parts, left, scale, max(columns - 1, 1)):
                for position, cell in enumerate(placed):
                    where[cell.token] = (len(rows), position)
                width = max(width, placed[-1].end + 1)
                rows.append(GridRow(page.number, placed, continues=continues))
    return PageLayout(tuple(rows), where, width, tuple(tops), columns)


def _plain(tokens: Sequence[Token], limit: int) -> Iterator[tuple[PlacedToken, ...]]:
    """The rows of a text that stands on no page: its lines, wrapped at the width."""
    for line in running_text.lines_of(tokens):
        cells: list[PlacedToken] = []
        for token in line:
            text = shown(token.text)
            x = cells[-1].end + running_text.gap(cells[-1].text, text) if cells else 1
            if cells and x + cell_len(text) > limit:
                yield tuple(cells)
                cells, x = [], 1
            cells.append(PlacedToken(token.id, x, cell_len(text), text))
        yield tuple(cells)


def _bands(tokens: Sequence[Token]) -> list[list[_Line]]:
    """Lines, those at one height beside each other put together, from top to bottom."""
    by_line: dict[int, list[Token]] = {}
    for token in tokens:
        by_line.setdefault(token.line, []).append(token)
    lines = []
    for members in by_line.values():
        members.sort(key=lambda t: (t.box[0], t.id))
        boxes = [t.box for t in members]
        middles = sorted(b[1] + b[3] for b in boxes)
        heights = sorted(b[3] - b[1] for b in boxes)
        half = len(boxes) // 2
        lines.append(_Line(members, boxes[0][0], max(b[2] for b in boxes), middles[half] / 2, max(heights[half], 1e-6)))
    lines.sort(key=lambda line: (line.middle, line.x0))
    bands: list[list[_Line]] = []
    for line in lines:
        for band in bands[:-4:-1]:
            first = band[0]
            if abs(line.middle - first.middle) <= 0.5 * min(line.height, first.height) and not any(
                min(line.x1, other.x1) > max(line.x0, other.x0) for other in band
            ):
                band.append(line)
                break
        else:
            bands.append([line])
    return bands


def _phrases(tokens: list[Token], typical: float) -> list[list[Token]]:
    """The row's tokens, divided where a gap is wide."""
    tokens.sort(key=lambda t: (t.box[0], t.id))
    parts = [[tokens[0]]]
    for before, token in pairwise(tokens):
        if token.box[0] - before.box[2] > COLUMN_GAP * typical or token.line != before.line:
            parts.append([])
        parts[-1].append(token)
    return parts


def _blanks(middles: Sequence[float], height: float, most: int) -> list[int]:
    """How many blank rows stand before each band, by the heights of their middles on the page."""
    gaps = [0.0, *((below - above - height) / height for above, below in pairwise(middles))]
    usual = max(median(gaps[1:]) - _USUAL_GAP, 0.0) if len(gaps) > 1 else 0.0
    return [min(max(int((gap - usual) / _BLANK_GAP), 0), most) for gap in gaps]


def _scale(rows: list[list[list[Token]]], extent: float, columns: int) -> float:
    """Cells per page unit: that of the typical letter, or less where the page would not fit."""
    pitches = []
    for parts in rows:
        for part in parts:
            letters = sum(len(token.text) + 1 for token in part) - 1
            span = part[-1].box[2] - part[0].box[0]
            if letters > 3 and span > _NARROWEST:
                pitches.append(letters / span)
    wide = extent > _NARROWEST
    natural = sorted(pitches)[len(pitches) * 6 // 10] if pitches else columns / (extent if wide else 1.0)
    return min(natural, (columns - 3) / extent) if wide else natural


def _rows(
    parts: list[list[Token]], left: float, scale: float, limit: int
) -> Iterator[tuple[tuple[PlacedToken, ...], bool]]:
    """A band's row, or rows where its words are wider than the screen: (cells, whether a phrase goes on in them)."""
    if sum(cell_len(shown(token.text)) + 1 for part in parts for token in part) <= limit:
        yield _placed(parts, left, scale, limit), False
        return
    by_line: dict[int, list[list[Token]]] = {}
    for part in parts:
        by_line.setdefault(part[0].line, []).append(part)
    for own in by_line.values():  # one line after the other, so that none is torn apart by its neighbour
        yield from _wrapped(own, limit)


def _wrapped(parts: list[list[Token]], limit: int) -> Iterator[tuple[tuple[PlacedToken, ...], bool]]:
    """The rows of one line that is wider than the screen."""
    begins = {part[0].id for part in parts}
    cells: list[PlacedToken] = []
    continues, free = False, 1
    for token in (token for part in parts for token in part):
        width = cell_len(shown(token.text)) + 1
        x = free + (1 if cells and token.id in begins else 0)
        if cells and x + width > limit + 1:
            yield tuple(cells), continues
            cells, continues, x = [], token.id not in begins, _INDENT
        cells.append(PlacedToken(token.id, x, width - 1, shown(token.text)))
        free = x + width
    yield tuple(cells), continues


def _placed(parts: list[list[Token]], left: float, scale: float, limit: int) -> tuple[PlacedToken, ...]:
    """The cells of a row's phrases: where they stand on the page, pushed right by what is before them, then pulled left
    as far as there is space while the row leaves the screen."""
    blocks: list[tuple[list[tuple[int, int, str]], int]] = []  # (token, width, text) of each, and the phrase's width
    starts: list[int] = []
    free = 1
    for part in parts:
        cells = []
        for token in part:
            text = shown(token.text)
            cells.append((token.id, len(text) if text.isascii() else cell_len(text), text))
        wide = sum(width for _, width, _ in cells) + len(cells) - 1
        x0, x1 = part[0].box[0] - left, part[-1].box[2] - left
        # Numbers line up at their right edge, everything else at its left.
        numeric = len(part) == 1 and any(c.isdigit() for c in part[0].text[-3:])
        wanted = round(x1 * scale) - wide + 1 if numeric else round(x0 * scale) + 1
        start = max(wanted, free)
        starts.append(start)
        blocks.append((cells, wide))
        free = start + wide + (2 if wide > 1 else 1)
    bound = limit
    for number in range(len(blocks) - 1, -1, -1):
        wide = blocks[number][1]
        if starts[number] + wide <= bound:
            break
        before = sum(blocks[n][1] + 1 for n in range(number)) + 1
        starts[number] = max(bound - wide, before)
        bound = starts[number] - 1
    placed: list[PlacedToken] = []
    free = 1
    for start, (cells, _) in zip(starts, blocks, strict=True):
        x = max(start, free)
        for number, width, text in cells:
            placed.append(PlacedToken(number, x, width, text))
            x += width + 1
        free = x
    return tuple(placed)


def nearest(row: GridRow, x: int) -> int | None:
    """The token of a row whose cells are nearest to a column."""
    if not row.placed:
        return None
    starts = [p.x for p in row.placed]
    position = bisect_left(starts, x)
    around = row.placed[max(position - 1, 0) : position + 1]
    return min(around, key=lambda p: max(p.x - x, x - p.end + 1, 0)).token
