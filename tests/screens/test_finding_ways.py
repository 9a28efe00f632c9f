"""Moving, finding, listing, looking: everything on the annotate screen that labels nothing."""

from dataclasses import replace

import pytest
from msgspec import structs
from textual import events
from textual.widgets import Input

from screens.annotate.document_list import DocumentList
from screens.annotate.fields_panel import FieldsPanel
from screens.app import WorkbenchApp
from screens.navigation import OpenDocument
from screens.widgets.status_lines import HintLine, StatusLine
from tests.support import sample_documents
from tests.support.sample_documents import find, go, kept, labels


def word(pilot):
    session = pilot.app.mode_screen.session
    return session.tokens[session.cursor.token].text


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_the_cursor_moves_by_geometry(opened, workspace, size):
    async with opened(workspace, size) as pilot:
        assert word(pilot) == "ACME"
        await pilot.press("right", "down")
        assert word(pilot) in ("JALAN", "BUNGA")
        await pilot.press("end")
        assert word(pilot) == "3,"
        await pilot.press("home", "ctrl+end")
        assert word(pilot) == "1.00"
        await pilot.press("up")
        assert word(pilot) == "10.00"
        await pilot.press("ctrl+left")
        assert word(pilot) == "CASH"
        await pilot.press("ctrl+right", "ctrl+home", "g")
        assert word(pilot) == "2.00"  # the first amount
        await pilot.press("G")
        assert word(pilot) == "1.00"  # around the start


async def test_what_is_typed_is_found_and_selected(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("slash", *"2018-12-25", "enter")
        await pilot.press("2")
        assert labels(workspace) == {"invoice_date": ["25/12/2018"]}


async def test_the_arrows_go_through_the_places_found(opened, workspace):
    async with opened(workspace) as pilot:
        hint = lambda: str(pilot.app.mode_screen.query_one(HintLine).render())  # noqa: E731
        await pilot.press("slash", *"TOTAL")
        assert hint().startswith("Found 1 of 1 (and 1 inside other words).")
        await pilot.press("enter")
        assert word(pilot) == "TOTAL:"  # the whole word before the first place
        await pilot.press("slash", *"TOTAL", "down")
        assert hint().startswith("Found 1 of 1 inside other words.")
        await pilot.press("enter")
        assert word(pilot) == "SUBTOTAL:"


async def test_the_armed_field_is_kept_while_a_value_is_looked_for(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t")
        assert labels(workspace) == {"amount_total": ["9.00"]}
        await pilot.press("slash", *"10.00", "enter", "enter")
        assert labels(workspace) == {"amount_total": ["10.00"]}


async def test_a_selection_that_was_taken_up_survives_the_arrows(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("L", "down", "right", "5")
        assert labels(workspace) == {"seller_name": ["ACME TRADING SDN BHD"]}
        await go(pilot, "ACME")
        await pilot.press("enter", "right", "down", "8")
        assert labels(workspace) == {"buyer_name": ["ACME TRADING SDN BHD"]}
        await go(pilot, "PENCIL")
        await pilot.press("L", "shift+down", "escape", "down")
        assert not pilot.app.mode_screen.session.cursor.selection
        await pilot.press("shift+right", "down")  # a selection made with Shift goes, as in any editor
        assert not pilot.app.mode_screen.session.cursor.selection


async def test_pages_are_one_scroll_and_can_be_turned(opened, tmp_path):
    first = sample_documents.page_of(sample_documents.RECEIPT)
    pages = [first, sample_documents.page_of(sample_documents.CHINESE, 1, len(first.tokens))]
    workspace = sample_documents.workspace_of(tmp_path / "two", [sample_documents.new("two", pages)])
    async with opened(workspace) as pilot:
        await pilot.press("ctrl+pagedown")
        assert pilot.app.mode_screen.session.tokens[pilot.app.mode_screen.session.cursor.token].page == 1
        assert "page 2/2" in str(pilot.app.mode_screen.query_one(StatusLine).render())
        await pilot.press("ctrl+pageup")
        assert word(pilot) == "ACME"
    workspace.close()


async def test_the_hint_says_what_the_next_key_does(opened, workspace):
    async with opened(workspace, (160, 36)) as pilot:
        hint = lambda: str(pilot.app.mode_screen.query_one(HintLine).render())  # noqa: E731
        assert "field key label the likeliest place" in hint() and hint().rstrip().endswith("? keys")
        await pilot.press("t")
        assert "amount_total (1 of" in hint() and "t “5.00” instead" in hint()
        await pilot.press("down")
        assert "t move it to" in hint()
        await pilot.press("escape", "shift+left")
        assert "is selected:" in hint() and "field key label it" in hint()
        await pilot.press("escape", "J", "tab")
        assert "amount_total 55%" in hint() and "Enter/t yes" in hint() and "x no" in hint()


async def test_the_panel_shows_values_normal_forms_and_disagreement(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "tab", "enter", "A", "K")
        shown = "\n".join(strip.text for _, strip in pilot.app.mode_screen.query_one(FieldsPanel)._lines)
        assert "= 2018-12-25" in shown and "✓ agrees" in shown
        assert "≠ known: 9.00" in shown
    with workspace.db.read() as connection:
        from storage import document_list

        assert document_list.count(connection, document_list.Filter("disagrees")) == 1


async def test_the_filter_decides_what_next_is(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("F", "4")
        await pilot.pause()
        assert pilot.app.mode_screen.worklist.ids.tolist() == [2]
        assert pilot.app.mode_screen.session.content.document.id == 2
        await pilot.press("F", "1", "F", "t")
        await pilot.pause()
        await pilot.press(*"169.50", "enter")
        await pilot.pause()
        assert pilot.app.mode_screen.worklist.ids.tolist() == [3]


async def test_the_list_by_keys_and_by_mouse(opened, workspace):
    async with opened(workspace, (80, 24)) as pilot:
        await pilot.press("O", "down", "enter")
        assert pilot.app.mode_screen.session.content.document.id == 2
    async with opened(workspace) as pilot:
        await pilot.click(DocumentList, offset=(5, 3))
        assert pilot.app.mode_screen.session.content.document.id == 3


async def test_the_list_shows_the_open_document_from_the_start(opened, tmp_path):
    from tests.support.sample_documents import new, page_of, workspace_of

    page = page_of("TOTAL 9.00")
    many = workspace_of(tmp_path / "many", [new(f"d{n}", [page], labelled=n < 90) for n in range(200)])
    async with opened(many) as pilot:
        listed = pilot.app.mode_screen.query_one(DocumentList)
        assert pilot.app.mode_screen.session.content.document.id == 91
        assert listed.scroll_y <= 90 < listed.scroll_y + listed.size.height
        await pilot.resize_terminal(120, 20)
        await pilot.pause()
        assert listed.scroll_y <= 90 < listed.scroll_y + listed.size.height
    many.close()


async def test_a_round_is_followed_in_its_order_and_marked_done(opened, workspace):
    from storage import queue
    from storage.records import QueueEntry

    with workspace.db.write() as connection:
        entries = [QueueEntry(0, 3, 0, 0.9), QueueEntry(0, 1, 1, 0.5)]
        number = queue.open_round(connection, "run-1", "mnlp", 1, entries, {})
    async with opened(workspace) as pilot:
        await pilot.app.visit("annotate", OpenDocument(3, number))
        await pilot.pause()
        await pilot.press("t", "a")
        assert pilot.app.mode_screen.session.content.document.id == 1
    with workspace.db.read() as connection:
        assert [e.done for e in queue.entries(connection, number)] == [True, False]


async def test_history_help_picture_and_zoom_open_and_close(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "h")
        assert pilot.app.screen.is_modal
        await pilot.press("escape", "question_mark")
        assert pilot.app.screen.is_modal
        await pilot.press("escape", "P")
        await pilot.pause()
        assert pilot.app.mode_screen.query_one("PictureView").display
        await pilot.press("P", "t")  # keys work on the picture alone
        assert len(labels(workspace)["amount_total"]) == 1
        await pilot.press("P", "equals_sign", "equals_sign")
        assert pilot.app.mode_screen.session.layout.width > 30
        await pilot.press("minus", "minus", "minus")
        assert not any(not row.placed for row in pilot.app.mode_screen.session.layout.rows)


async def test_keys_can_be_remapped_and_presets_chosen(opened, workspace):
    workspace.change_settings(keys="prodigy", bindings={"history.undo": "q"})
    async with opened(workspace) as pilot:
        await pilot.press("t", "q")
        assert labels(workspace) == {}
        await pilot.press("space")  # Prodigy's skip
        assert kept(workspace).state.value == "skipped"


async def test_a_workspace_without_documents_says_so(opened, tmp_path):
    workspace = sample_documents.workspace_of(tmp_path / "empty", [])
    async with opened(workspace) as pilot:
        assert "no documents" in str(pilot.app.mode_screen.query_one(HintLine).render())
        await pilot.press("t", "a", "tab", "Z", "P", "h", "F", "escape")
        assert pilot.app.is_running
    workspace.close()


async def test_a_document_without_words_can_be_passed(opened, tmp_path):
    from storage.records import Page

    workspace = sample_documents.workspace_of(
        tmp_path / "blank",
        [
            sample_documents.new("blank", [Page(0, 600, 800, ())]),
            sample_documents.new("next", [sample_documents.page_of("A 1.00")]),
        ],
    )
    async with opened(workspace) as pilot:
        await pilot.press("t", "down", "L", "space", "enter", "x", "g", "U")
        assert pilot.app.mode_screen.session.content.document.id == 2
    workspace.close()


async def test_another_theme_is_kept(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("f12")
        assert pilot.app.theme == "workbench-light"
    assert workspace.settings.theme == "workbench-light"
    assert WorkbenchApp(workspace).theme == "workbench-light"


async def test_two_processes_never_overwrite_each_other(opened, workspace):
    from workbench.annotation import acts
    from workbench.annotation.editor import DocumentEditor

    async with opened(workspace) as pilot:
        other = DocumentEditor(workspace, 1, annotator="bob")
        other.act("assign", acts.assign(other.state, "amount_total", find(other.content, "10.00"), "bob"))
        await pilot.press("2")
        await pilot.pause()
        assert pilot.app.screen.is_modal
        assert labels(workspace) == {"amount_total": ["10.00"]}  # theirs is in place, mine is not lost
        assert (
            pilot.app.mode_screen.session.view.armed is None
        )  # the line below does not speak of places that were refused
        await pilot.press("b")
        await pilot.pause()
        assert labels(workspace) == {"amount_total": ["10.00"], "invoice_date": ["25/12/2018"]}


async def test_a_key_typed_right_after_a_refused_one_is_for_the_dialog(opened, workspace):
    from workbench.annotation import acts
    from workbench.annotation.editor import DocumentEditor

    async with opened(workspace) as pilot:
        other = DocumentEditor(workspace, 1, annotator="bob")
        other.act("assign", acts.assign(other.state, "amount_total", find(other.content, "10.00"), "bob"))
        for key in ("2", "b"):  # both before the screen did anything
            pilot.app.post_message(events.Key(key, key))
        for _ in range(4):
            await pilot.pause()
        assert labels(workspace) == {"amount_total": ["10.00"], "invoice_date": ["25/12/2018"]}


async def test_the_line_is_selected_as_it_is_seen_where_ocr_read_its_end_as_another_line(opened, tmp_path):
    page = sample_documents.page_of("SUBANG HEALTHCARE SDN BHD\n\nGST NO 001536708608        DATE 29/10/2017\n")
    tokens = tuple(
        structs.replace(token, line=7) if token.text == "BHD" else token for token in page.tokens
    )  # the last word is a line of its own
    page = replace(page, tokens=tokens)
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("slip", [page])])
    async with opened(made) as pilot:
        await go(pilot, "BHD")
        await pilot.press("L", "5")
        assert labels(made) == {"seller_name": ["SUBANG HEALTHCARE SDN BHD"]}
        await go(pilot, "29/10/2017")
        await pilot.press("L", "2")  # beyond a wide gap begins another
        assert labels(made)["invoice_date"] == ["DATE 29/10/2017"]
    made.close()


async def test_an_equal_value_elsewhere_is_said_with_its_direction(opened, tmp_path):
    page = sample_documents.page_of("Total 9.00\nCash 10.00\nTotal 9.00\n")
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("slip", [page])])
    async with opened(made) as pilot:
        await pilot.press("t")
        shown = str(pilot.app.mode_screen.query_one(HintLine).render())
        assert "“9.00” further up" in shown and "instead" not in shown and "% likely)" in shown
        await pilot.press("t")
        shown = str(pilot.app.mode_screen.query_one(HintLine).render())
        assert shown.startswith("amount_total (2 of ") and "% likely)" in shown
    made.close()


@pytest.mark.parametrize("closing", ["enter", "escape"])
async def test_the_word_that_was_found_is_the_one_that_is_split(opened, tmp_path, closing):
    page = sample_documents.page_of("MARKET SB(306295-X)\nSB 12\nTOTAL 9.00")
    offered = [("seller_name", (0,), 0.9, "r"), ("amount_total", (5,), 0.9, "r")]
    made = sample_documents.workspace_of(tmp_path / "glued", [sample_documents.new("glued", [page], offered)])
    async with opened(made) as pilot:
        await pilot.press("tab", "slash", *"sb(", closing, "vertical_line")
        assert pilot.app.screen.query_one(Input).value == "SB(306295-X)"
        await pilot.press("escape", "slash", *"sb(", "down", closing, "vertical_line")
        assert pilot.app.screen.query_one(Input).value == "SB"
    made.close()
