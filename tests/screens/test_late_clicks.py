"""What was asked for before the screen changed: a click on a page that is gone, a palette while one still closes."""

from typing import Any

from textual.command import CommandPalette

from screens.annotate.keys import Act
from tests.support import sample_documents
from tests.support.pilots import settled
from tests.support.sample_documents import find, labels


async def test_a_click_on_a_page_is_not_done_on_the_document_that_opened_meanwhile(
    opened: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    pages = [
        sample_documents.page_of(text) for text in ("Total due 12.00\nPaid 31.12.2024 thank you\n", "Total 9.00\n")
    ]
    new = [sample_documents.new(name, [page]) for name, page in zip(("long", "short"), pages, strict=True)]
    made = sample_documents.workspace_of(tmp_path / "w", new)
    async with opened(made) as pilot:
        await pilot.press("t")
        screen = pilot.app.mode_screen
        page = screen.query_one("PageView")
        row, placed = screen.session.layout.place(find(screen.session.content, "you")[0])
        acts: list[Act] = []
        post = page.post_message
        monkeypatch.setattr(page, "post_message", lambda it: acts.append(it) if isinstance(it, Act) else post(it))
        await pilot.click(page, offset=(placed.x, row))
        await pilot.press("J")
        await settled(pilot)
        assert screen.session.content.document.name == "short" and acts
        cursor = screen.session.view.cursor
        for act in acts:
            post(act)
        await settled(pilot)
        assert screen.session.view.cursor == cursor and labels(made, 2) == {}
    made.close()


async def test_the_command_palette_opens_while_the_one_before_still_closes(opened: Any, workspace: Any) -> None:
    async with opened(workspace) as pilot:
        await pilot.press("ctrl+p")
        pilot.app.pop_screen()
        pilot.app.action_command_palette()
        await settled(pilot)
        assert isinstance(pilot.app.screen, CommandPalette)
