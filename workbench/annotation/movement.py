"""Moving over a laid-out document by its geometry, and the stretches of tokens that a selection takes. Pure."""

from collections import deque
from collections.abc import Sequence
from enum import StrEnum

from storage.records import Token
from workbench.annotation.text_grid import COLUMN_GAP, PageLayout, nearest
from workbench.fields import FieldType
from workbench.fields.values import looks_like


class Direction(StrEnum):
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    PHRASE_LEFT = "phrase-left"
    PHRASE_RIGHT = "phrase-right"
    LINE_START = "line-start"
    LINE_END = "line-end"
    START = "start"
    END = "end"
    PAGE_BEFORE = "page-before"
    PAGE_AFTER = "page-after"


OTHER_PAGES = (Direction.PAGE_BEFORE, Direction.PAGE_AFTER)
"""Steps to another page, which is then looked at from its beginning."""


def step(layout: PageLayout, tokens: Sequence[Token], at: int, way: Direction, column: int | None = None) -> int:
    """The token that a step leads to; the same one where there is no way on.

    Args:
        layout: where the tokens stand.
        tokens: all tokens of the document.
        at: the cursor's token.
        way: where to.
        column: the cell that up and down try to keep; None takes the token's middle.
    """
    y, position = layout.where[at]
    placed = layout.rows[y].placed
    match way:
        case Direction.LEFT:
            return placed[position - 1].token if position else _row_end(layout, y - 1, -1, at)
        case Direction.RIGHT:
            return placed[position + 1].token if position + 1 < len(placed) else _row_start(layout, y + 1, at)
        case Direction.UP | Direction.DOWN:
            middle = placed[position].x + placed[position].width // 2 if column is None else column
            direction = -1 if way is Direction.UP else 1
            row = _next_row(layout, y, direction)
            return at if row is None else nearest(layout.rows[row], middle) or 0
        case Direction.PHRASE_LEFT:
            if position and not _joined(layout, tokens, y, position - 1):
                position -= 1
            elif not position:
                return _row_end(layout, y - 1, -1, at)
            while position and _joined(layout, tokens, y, position - 1):
                position -= 1
            return placed[position].token
        case Direction.PHRASE_RIGHT:
            while position + 1 < len(placed) and _joined(layout, tokens, y, position):
                position += 1
            return placed[position + 1].token if position + 1 < len(placed) else _row_start(layout, y + 1, at)
        case Direction.LINE_START:
            return placed[0].token
        case Direction.LINE_END:
            return placed[-1].token
        case Direction.START | Direction.END:
            own = [r for r in layout.rows if r.placed and r.page == layout.rows[y].page]
            return own[0].placed[0].token if way is Direction.START else own[-1].placed[-1].token
        case Direction.PAGE_BEFORE | Direction.PAGE_AFTER:
            page = layout.rows[y].page + (1 if way is Direction.PAGE_AFTER else -1)
            return next((r.placed[0].token for r in layout.rows if r.placed and r.page == page), at)


def _next_row(layout: PageLayout, y: int, direction: int) -> int | None:
    y += direction
    while 0 <= y < layout.height:
        if layout.rows[y].placed:
            return y
        y += direction
    return None


def _row_end(layout: PageLayout, y: int, direction: int, at: int) -> int:
    row = _next_row(layout, y + 1, direction)
    return layout.rows[row].placed[-1].token if row is not None else at


def _row_start(layout: PageLayout, y: int, at: int) -> int:
    row = _next_row(layout, y - 1, 1)
    return layout.rows[row].placed[0].token if row is not None else at


def _joined(layout: PageLayout, tokens: Sequence[Token], y: int, position: int) -> bool:
    """Whether the token at a position and the one after it belong to one phrase."""
    a, b = layout.rows[y].placed[position : position + 2]
    return b.x - a.end <= 1 and tokens[a.token].line == tokens[b.token].line


def phrase(layout: PageLayout, tokens: Sequence[Token], at: int) -> tuple[int, ...]:
    """The phrase that a token stands in: words of a line without a wide gap, also where they go on in the row below."""
    part = deque([at])
    while (before := _phrase_word_before(layout, tokens, part[0])) is not None:
        part.appendleft(before)
    while (after := _phrase_word_after(layout, tokens, part[-1])) is not None:
        part.append(after)
    return tuple(part)


def _phrase_word_before(layout: PageLayout, tokens: Sequence[Token], at: int) -> int | None:
    y, position = layout.where[at]
    if position:
        return layout.rows[y].placed[position - 1].token if _joined(layout, tokens, y, position - 1) else None
    return layout.rows[y - 1].placed[-1].token if layout.rows[y].continues else None


def _phrase_word_after(layout: PageLayout, tokens: Sequence[Token], at: int) -> int | None:
    y, position = layout.where[at]
    placed = layout.rows[y].placed
    if position + 1 < len(placed):
        return placed[position + 1].token if _joined(layout, tokens, y, position) else None
    goes_on = y + 1 < layout.height and layout.rows[y + 1].continues
    return layout.rows[y + 1].placed[0].token if goes_on else None


def line(layout: PageLayout, tokens: Sequence[Token], at: int) -> tuple[int, ...]:
    """The phrase of a token with those right beside it in its row, which OCR read as lines of their own."""
    part = phrase(layout, tokens, at)
    while before := _close_beside(layout, tokens, part[0], after=False):
        part = (*before, *part)
    while behind := _close_beside(layout, tokens, part[-1], after=True):
        part = (*part, *behind)
    return part


def phrase_beside(layout: PageLayout, tokens: Sequence[Token], of: Sequence[int], direction: int) -> tuple[int, ...]:
    """The phrase below (1) or above (-1) a phrase in its column; empty where the column ends.

    Columns are those of the page: in the cells, long words push their neighbours under other columns.
    """
    y = layout.where[of[-1] if direction > 0 else of[0]][0]
    x0, x1 = min(tokens[t].box[0] for t in of), max(tokens[t].box[2] for t in of)
    row = _next_row(layout, y, direction)
    for _ in range(3):  # a row of another column may lie between
        if row is None or layout.rows[row].page != layout.rows[y].page:
            return ()
        best: tuple[float, tuple[int, ...]] = (0.0, ())
        for placed in layout.rows[row].placed:
            box = tokens[placed.token].box
            shared = min(box[2], x1) - max(box[0], x0)
            if shared > best[0]:
                best = (shared, phrase(layout, tokens, placed.token))
        if best[1]:
            return best[1]
        row = _next_row(layout, row, direction)
    return ()


def block(layout: PageLayout, tokens: Sequence[Token], at: int) -> tuple[int, ...]:
    """The phrase of a token and those that follow below it without a blank row."""
    part = phrase(layout, tokens, at)
    members = list(part)
    while below := phrase_beside(layout, tokens, part, 1):
        if layout.where[below[0]][0] != layout.where[part[0]][0] + 1:
            break
        members += below
        part = below
    return tuple(members)


def adjusted(
    layout: PageLayout, tokens: Sequence[Token], span: Sequence[int], more: bool, at_end: bool, phrases: bool
) -> list[int] | None:
    """A span made longer (`more`) or shorter at its end or its beginning, by a token or by whole phrases.

    Returns:
        Its tokens in the order of the rows; None where nothing follows, or nothing would be left.
    """
    listed = sorted(span, key=lambda t: layout.where[t])
    edge = listed[-1] if at_end else listed[0]
    part = phrase(layout, tokens, edge)
    if not more:
        gone = set(part) if phrases else {edge}
        return [t for t in listed if t not in gone] or None
    position = part.index(edge)
    rest = part[position + 1 :] if at_end else part[:position]
    if not rest:
        rest = _close_beside(layout, tokens, edge, at_end)
    if not rest:
        row = {*part, *_close_beside(layout, tokens, part[0] if at_end else part[-1], not at_end)}
        rest = phrase_beside(layout, tokens, sorted(row, key=lambda t: layout.where[t]), 1 if at_end else -1)
    if not phrases:
        rest = rest[:1] if at_end else rest[-1:]
    return ([*listed, *rest] if at_end else [*rest, *listed]) if rest else None


def _close_beside(layout: PageLayout, tokens: Sequence[Token], at: int, after: bool) -> tuple[int, ...]:
    """The phrase that OCR read as another line, although it goes on right behind or before a token; often empty."""
    y, position = layout.where[at]
    placed = layout.rows[y].placed
    other = position + 1 if after else position - 1
    if not 0 <= other < len(placed):
        return ()
    left, right = sorted((position, other))
    before, behind = tokens[placed[left].token].box, tokens[placed[right].token].box
    height = min(before[3] - before[1], behind[3] - behind[1])
    is_close = behind[0] - before[2] <= COLUMN_GAP * height
    return phrase(layout, tokens, placed[other].token) if is_close else ()


def next_like(layout: PageLayout, tokens: Sequence[Token], at: int, type: FieldType, backwards: bool = False) -> int:
    """The next token that looks like what a field of this type wants, around the end of the document if need be."""
    order = [p.token for row in layout.rows for p in row.placed]
    start = order.index(at)
    rest = order[start + 1 :] + order[:start]
    if backwards:
        rest.reverse()
    return next((token for token in rest if looks_like(type, tokens[token].text)), at)
