"""A page that OCR read on its side is turned by a key; labels stay, and the page opens as it is now."""

from screens.widgets.dialogs import Choice
from screens.widgets.status_lines import HintLine
from tests.support import turned_page
from tests.support.sample_documents import labels
from workbench.exchange import reocr


async def test_a_page_is_turned_by_a_key_and_its_label_stays(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(reocr, "Readers", turned_page.Readers)
    workspace = turned_page.workspace_of(tmp_path / "shop")
    async with opened(workspace) as pilot:
        await pilot.press("@")
        assert isinstance(pilot.app.screen, Choice)
        await pilot.press("r")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        screen = pilot.app.mode_screen
        assert [token.box for token in screen.session.tokens] == list(turned_page.WORDS.values())
        assert "turned and read again: 2 words" in str(screen.query_one(HintLine).render())
        await pilot.press("a")  # what is on screen is the new page: its label is saved with it
    assert labels(workspace) == {"amount_total": ["9.00"]}
    workspace.close()


async def test_a_page_without_a_picture_says_so(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("@")
        await pilot.pause()
        assert "no picture" in str(pilot.app.mode_screen.query_one(HintLine).render())
