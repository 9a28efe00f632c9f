"""Text in space: no token lost, none overlapping, lines and columns in their order, whatever the page."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from storage.records import Page, Token
from workbench.annotation import movement
from workbench.annotation.text_grid import ZOOMS, PageLayout, lay_out

texts = st.text(min_size=1, max_size=12).filter(lambda t: t.strip() != "")
boxes = st.tuples(
    st.floats(0, 600, allow_nan=False), st.floats(0, 800, allow_nan=False), st.floats(0, 200), st.floats(0, 40)
).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))


@st.composite
def pages(draw):
    found, first = [], 0
    for number in range(draw(st.integers(1, 3))):
        tokens = []
        for line, members in enumerate(draw(st.lists(st.lists(st.tuples(texts, boxes), max_size=5), max_size=12))):
            for text, box in members:
                tokens.append(Token(first + len(tokens), number, line, text, box))
        first += len(tokens)
        found.append(Page(number, 800, 1000, tuple(tokens)))
    return found


def check(listed: list[Page], layout: PageLayout) -> None:
    """What holds for every layout of every document."""
    placed = [(y, p) for y, row in enumerate(layout.rows) for p in row.placed]
    tokens = {t.id: t for page in listed for t in page.tokens}
    assert sorted(p.token for _, p in placed) == sorted(tokens)  # none lost, none twice
    assert set(layout.where) == set(tokens)
    for row in layout.rows:
        free = 1  # the cell before a token is for its mark
        for p in row.placed:
            assert p.x >= free and p.width == cell_len(p.text) >= 1
            free = p.end + 1
        assert free <= layout.width + 1
        for a, b in zip(row.placed, row.placed[1:], strict=False):
            one, two = tokens[a.token], tokens[b.token]
            assert (one.box[0], one.id) <= (two.box[0], two.id)  # columns keep their order
    lines: dict[tuple[int, int], set[int]] = {}
    for y, p in placed:
        lines.setdefault((tokens[p.token].page, tokens[p.token].line), set()).add(y)
    assert all(rows == set(range(min(rows), max(rows) + 1)) for rows in lines.values())  # lines stay lines
    for above, row in zip(layout.rows, layout.rows[1:], strict=False):
        if row.continues:
            assert tokens[above.placed[-1].token].line == tokens[row.placed[0].token].line
    assert [tokens[p.token].page for _, p in placed] == sorted(tokens[p.token].page for _, p in placed)


@settings(max_examples=150, deadline=None)
@given(pages(), st.integers(1, 200), st.sampled_from(ZOOMS))
def test_any_page_is_laid_out_whole(listed, columns, zoom):
    check(listed, lay_out(listed, columns, zoom))


def test_a_dense_row_is_pulled_to_the_left_rather_than_off_the_screen():
    tokens = tuple(Token(i, 0, i, f"word{i}", (i * 30.0, 0, i * 30.0 + 20, 10)) for i in range(12))
    layout = lay_out([Page(0, 400, 100, tokens)], 80)
    assert layout.width <= 80


def test_a_line_that_is_wider_than_the_screen_goes_on_in_the_row_below():
    tokens = tuple(Token(i, 0, 0, f"word{i}", (i * 25.0, 0, i * 25.0 + 20, 10)) for i in range(30))
    layout = lay_out([Page(0, 800, 100, tokens)], 80)
    assert layout.width <= 80 and layout.height == 3
    assert movement.phrase(layout, tokens, 20) == tuple(range(30))  # it is one phrase all the same


def test_only_a_gap_that_is_wider_than_the_page_s_usual_one_is_a_blank_row():
    heights = [0, 40, 80, 120, 220, 260]  # a page with two lines of space between its lines, and one wider gap
    tokens = tuple(Token(n, 0, n, f"word{n}", (0, y, 40, y + 16.0)) for n, y in enumerate(heights))
    layout = lay_out([Page(0, 100, 300, tokens)], 40)
    assert [len(row.placed) for row in layout.rows] == [1, 1, 1, 1, 0, 1, 1]


def test_numbers_line_up_at_their_right_edge():
    rows = [("9.00", 92.0), ("10.00", 84.0), ("1,234.50", 60.0)]
    tokens = []
    for line, (text, x) in enumerate(rows):
        tokens.append(Token(len(tokens), 0, line, "item", (0, line * 14.0, 32, line * 14.0 + 12)))
        tokens.append(Token(len(tokens), 0, line, text, (x, line * 14.0, x + len(text) * 8, line * 14.0 + 12)))
    layout = lay_out([Page(0, 140, 60, tuple(tokens))], 60)
    assert len({row.placed[-1].end for row in layout.rows}) == 1


def test_wide_characters_take_two_cells():
    token = Token(0, 0, 0, "价税合计", (0, 0, 80, 20))
    layout = lay_out([Page(0, 100, 30, (token,))], 40)
    assert layout.rows[0].placed[0].width == 8


def test_what_moves_a_terminals_cursor_is_not_shown():
    token = Token(0, 0, 0, "a\x1b[2J\u200bb", (0, 0, 80, 20))
    text = lay_out([Page(0, 100, 30, (token,))], 40).rows[0].placed[0].text
    assert text.isprintable() and text.startswith("a")


def test_a_page_without_any_width_is_laid_out():
    token = Token(0, 0, 0, "0", (0.0, 0.0, 5e-324, 0.0))
    page = Page(0, 800, 1000, (token,))
    check([page], lay_out([page], 40))


@pytest.mark.realdata
def test_real_receipts_are_laid_out_whole(realdata: Path):
    for file in sorted((realdata / "receipts_en" / "box").glob("*.csv"))[::20]:
        tokens: list[Token] = []
        with file.open(newline="", errors="replace") as lines:
            for number, row in enumerate(csv.reader(lines)):
                x0, y0, x1, y1 = int(row[0]), int(row[1]), int(row[4]), int(row[5])
                box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
                tokens += [Token(len(tokens) + n, 0, number, w, box) for n, w in enumerate(",".join(row[8:]).split())]
        page = Page(0, 1000, 2000, tuple(tokens))
        for columns in (48, 80, 120):
            check([page], lay_out([page], columns))
