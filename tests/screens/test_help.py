"""The page of keys: all in view where they fit, narrowed by typing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.containers import VerticalScroll
from textual.widgets import Static

from screens.help import HelpPage, columns, narrowed

LISTED = [
    ("Document", [("a", "Accept the document"), ("S", "Skip the document, and go to the next")]),
    ("Undo and history", [("Ctrl+Z Z", "Undo, without end"), ("h", "Who did what when")]),
]


def shown(pilot) -> str:
    return "\n".join(str(column.render()) for column in pilot.app.screen.query(Static).filter(".column"))


def test_what_is_typed_narrows_by_text_heading_and_key() -> None:
    assert narrowed(LISTED, "") == LISTED
    assert narrowed(LISTED, "skip next") == [("Document", [("S", "Skip the document, and go to the next")])]
    assert narrowed(LISTED, "history") == [LISTED[1]]
    assert narrowed(LISTED, "Z") == [("Undo and history", [("Ctrl+Z Z", "Undo, without end")])]
    assert narrowed(LISTED, "no such key") == []


@given(st.integers(20, 300), st.integers(1, 12))
def test_no_row_is_lost_or_wider_than_its_column(width: int, sections: int) -> None:
    listed = [(f"Group {n}", [(f"k{n}", "Does what it says " * n)] * n) for n in range(1, sections + 1)]
    shown_columns = columns(listed, width)
    text = "\n".join(column.plain for column in shown_columns)
    assert sum(line.startswith(f"  k{n} ") for n in range(1, sections + 1) for line in text.splitlines()) == sum(
        range(1, sections + 1)
    )
    widest = max(width // len(shown_columns) - 2, 26)
    assert max(len(line.rstrip()) for column in shown_columns for line in column.plain.splitlines()) <= widest


async def test_all_keys_are_in_view_on_a_large_screen_and_typing_finds_one(opened, workspace):
    async with opened(workspace, (200, 60)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        page = pilot.app.screen
        assert isinstance(page, HelpPage)
        assert "Add a value to the current field" in shown(pilot) and "a suggestion, underlined" in shown(pilot)
        assert page.query_one(VerticalScroll).max_scroll_y == 0, "everything is in view"
        await pilot.press(*"viewer")
        await pilot.pause()
        assert "Open the page in the system's viewer" in shown(pilot) and "Accept the document" not in shown(pilot)
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, HelpPage)


async def test_how_to_quit_is_named_and_found(opened, workspace):
    async with opened(workspace, (80, 24)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Ctrl+Q quits, all is saved" in str(pilot.app.screen.query_one(".title").render())
        await pilot.press(*"quit")
        await pilot.pause()
        assert "Ctrl+Q" in shown(pilot) and "leave the workbench" in shown(pilot)


async def test_a_small_screen_is_scrolled(opened, workspace):
    async with opened(workspace, (80, 24)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        pane = pilot.app.screen.query_one(VerticalScroll)
        assert pane.max_scroll_y > 0
        await pilot.press("pagedown", "down")
        assert pane.scroll_offset.y > 10


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_the_key_that_opened_the_page_closes_it(opened, workspace, key):
    async with opened(workspace) as pilot:
        await pilot.press(key)
        await pilot.pause()
        assert isinstance(pilot.app.screen, HelpPage)
        await pilot.press(key)
        await pilot.pause()
        assert not isinstance(pilot.app.screen, HelpPage)
