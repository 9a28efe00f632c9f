"""What is in view on the annotate screen: what `A` takes from it, where a jump goes, and what a restart keeps."""

import pytest

from screens.annotate.document_list import DocumentList
from screens.widgets.status_lines import HintLine
from tests.support import sample_documents
from tests.support.sample_documents import find, kept, labels


def hint(pilot) -> str:
    return str(pilot.app.mode_screen.query_one(HintLine).render())


LETTER = "\n".join(["ACME GMBH", *["text"] * 60, "DATE: 25/12/2018", *["text"] * 3, "TOTAL: 9.00", *["text"] * 60])
KNOWN = {"seller_name": "ACME GMBH", "invoice_date": "2018-12-25", "amount_total": "9.00"}
TEXTS = {"seller_name": "ACME GMBH", "invoice_date": "25/12/2018", "amount_total": "9.00"}


def letters(folder, run, total=1.0):
    """Two letters of which one value is in view, and two stand far below."""
    page = sample_documents.page_of(LETTER)
    sure = {"seller_name": 1.0, "invoice_date": 0.98, "amount_total": total}
    places = sample_documents.places_of(TEXTS, page)
    offered = [(field, tokens, sure[field], run) for field, tokens in places.items()]
    known = KNOWN if run != "run-1" else {}
    return sample_documents.workspace_of(
        folder, [sample_documents.new(name, [page], offered, known) for name in ("one", "two")]
    )


@pytest.fixture
def known_letters(tmp_path):
    made = letters(tmp_path / "known", "e-invoice")
    yield made
    made.close()


async def test_known_values_that_stand_in_the_panel_are_accepted_with_one_key(opened, known_letters):
    async with opened(known_letters) as pilot:
        await pilot.press("A")
        assert kept(known_letters).state == "labelled" and len(labels(known_letters)) == 3
        assert pilot.app.mode_screen.session.content.document.name == "two"


async def test_how_sure_the_model_is_is_never_cut_at_the_edge(opened, tmp_path):
    """ " 100%" cut to " 10" reads as another figure."""
    page = sample_documents.page_of("\n".join(["NET" + " " * 60 + "TOTAL 22,00", "x" * 30]))
    tokens = page.tokens
    offered = [("amount_total", (tokens[-2].id,), 1.0, "run-1")]
    made = sample_documents.workspace_of(tmp_path / "edge", [sample_documents.new("one", [page], offered)])
    async with opened(made) as pilot:
        pane = pilot.app.mode_screen.query_one("PageView")
        for width in range(70, 130):
            await pilot.resize_terminal(width, 30)
            await pilot.pause()
            row, _ = pane._layout.place(tokens[-2].id)
            text = pane._draw(pane._layout.rows[row]).text
            assert len(text) <= max(pane.columns, pane._layout.width), (width, text)
    made.close()


async def test_a_known_value_without_a_sure_place_is_looked_at_first(opened, tmp_path):
    made = letters(tmp_path / "unsure", "e-invoice", total=0.85)
    async with opened(made) as pilot:
        await pilot.press("A")
        assert set(labels(made)) == {"seller_name", "invoice_date"}
        assert find(pilot.app.mode_screen.session.content, "9.00")[0] in visible(pilot)
        await pilot.press("A")
        assert kept(made).state == "labelled"
    made.close()


def visible(pilot) -> set[int]:
    return pilot.app.mode_screen.query_one("PageView").visible_tokens()


async def test_what_a_model_suggests_is_looked_at_and_one_jump_shows_the_most_of_it(opened, tmp_path):
    made = letters(tmp_path / "model", "run-1")
    async with opened(made) as pilot:
        content = pilot.app.mode_screen.session.content
        await pilot.press("A")
        assert set(labels(made)) == {"seller_name"} and "1 accepted. In view now: " in hint(pilot)
        assert {find(content, "25/12/2018")[0], find(content, "9.00")[0]} <= visible(pilot)
        page = pilot.app.mode_screen.query_one("PageView")
        row, _ = page._layout.place(find(content, "25/12/2018")[0])
        assert row - page.scroll_y <= 3  # the view begins there
        await pilot.press("A")
        assert kept(made).state == "labelled"
    made.close()


async def test_accepting_what_is_in_view_says_what_it_did(opened, tmp_path):
    made = letters(tmp_path / "model", "run-1")
    async with opened(made) as pilot:
        await pilot.press("plus")
        assert "Accepted: seller_name. Left open: 2 out of view." in hint(pilot)
        await pilot.press("plus")
        assert "No suggestion in view" in hint(pilot)
    made.close()


async def test_the_next_page_is_looked_at_from_its_beginning(opened, tmp_path):
    first = sample_documents.page_of(LETTER)
    second = sample_documents.page_of("SECOND\n" + LETTER, 1, len(first.tokens))
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("two", [first, second])])
    async with opened(made) as pilot:
        await pilot.press("ctrl+pagedown")
        page = pilot.app.mode_screen.query_one("PageView")
        row, _ = page._layout.place(find(pilot.app.mode_screen.session.content, "SECOND")[0])
        assert row - page.scroll_y <= 3
    made.close()


async def test_how_close_the_text_is_and_the_hidden_list_are_kept_over_a_restart(opened, workspace):
    async with opened(workspace) as pilot:
        wide = pilot.app.mode_screen.query_one("PageView").columns
        await pilot.press("backslash", "minus")
        await pilot.pause()
        assert not pilot.app.mode_screen.query_one(DocumentList).display
        assert pilot.app.mode_screen.query_one("PageView").columns > wide
        rows = pilot.app.mode_screen.session.layout.height
    async with opened(workspace) as pilot:
        assert not pilot.app.mode_screen.query_one(DocumentList).display
        assert pilot.app.mode_screen.session.layout.height == rows
        await pilot.press("backslash", "equals_sign")
        await pilot.pause()
        assert pilot.app.mode_screen.query_one(DocumentList).display
        assert pilot.app.mode_screen.session.layout.height > rows


async def test_no_line_is_wider_than_the_page(opened, tmp_path):
    footer = " ".join(f"Geschäftsführer{n}" for n in range(30))
    made = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("wide", [sample_documents.page_of(f"ACME GMBH\n{footer}\n")])]
    )
    async with opened(made) as pilot:
        await pilot.press("down", "end")
        page = pilot.app.mode_screen.query_one("PageView")
        assert page.max_scroll_x == 0 == page.scroll_x
    made.close()


async def test_a_document_opened_from_the_list_is_laid_out_for_the_page_that_is_shown_then(opened, tmp_path):
    page = sample_documents.page_of("INVOICE" + " " * 20 + "DATE: 25/12/2018\nACME TRADING SDN BHD      TOTAL: 9.00")
    made = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new(name, [page]) for name in ("one", "two")]
    )
    async with opened(made, (80, 24)) as pilot:
        await pilot.press("O", *"two", "enter")
        await pilot.pause()
        screen = pilot.app.mode_screen
        assert screen.session.content.document.name == "two"
        pane = screen.query_one("PageView")
        assert pane.size.width > 40 and screen.session.layout.columns == pane.columns == pane._layout.columns
    made.close()


@pytest.mark.parametrize("size", [(120, 36), (160, 45)])
async def test_after_the_picture_and_a_dialog_the_page_has_the_keys(opened, workspace, size):
    async with opened(workspace, size) as pilot:
        screen = pilot.app.mode_screen
        for keys in (("P", "P", "P"), ("P", "P")):  # as text again; as a picture alone
            await pilot.press(*keys)
            await pilot.pause()
            await pilot.press("F")
            await pilot.pause()
            await pilot.press("escape")
            await pilot.pause()
            assert not screen.query_one(DocumentList).has_focus
            if len(keys) == 3:
                assert screen.query_one("PageView").has_focus
        await pilot.press("t")
        assert "amount_total" in labels(workspace)


async def test_as_text_again_the_page_has_the_keys_at_once(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("P", "P", "P")
        await pilot.pause()
        assert pilot.app.mode_screen.query_one("PageView").has_focus
