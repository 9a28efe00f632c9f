"""Labelling by keys and by mouse: the real screen, the real keys, and what the database holds afterwards."""

import pytest

from screens.widgets.status_lines import HintLine
from storage import annotations
from storage.exceptions import DiskFull
from storage.records import Source, State
from tests.support import sample_documents
from tests.support.sample_documents import find, go, kept, labels
from workbench.fields import FieldType


async def test_a_fields_key_labels_the_likeliest_place_and_it_is_saved_at_once(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("5", "6", "2", "t")
        assert labels(workspace) == {
            "seller_name": ["ACME TRADING SDN BHD"],
            "seller_address": ["12, JALAN BUNGA 3, TAMAN DAYA, 81100 JOHOR BAHRU"],
            "invoice_date": ["25/12/2018"],
            "amount_total": ["9.00"],
        }
        assert {span.annotator for span in kept(workspace).spans} == {"ann"}


async def test_the_key_of_the_number_takes_the_receipt_s_own_and_not_an_article_s(opened, tmp_path):
    page = sample_documents.page_of(
        "TAX INVOICE\nMARKER PEN\nWA25 - 24/288\n4974052854583\n2 X 3.10   6.20\nT1 R000090406\n"
    )
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("slip", [page])])
    async with opened(made) as pilot:
        await pilot.press("1")
        assert labels(made) == {"invoice_no": ["R000090406"]}
    made.close()


async def test_pressed_again_the_label_moves_to_the_next_place(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "t")
        second = labels(workspace)["amount_total"]
        assert len(second) == 1 and second != ["9.00"]


async def test_a_labelled_field_is_jumped_to_before_it_moves(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "escape", "2", "escape", "t")
        assert labels(workspace)["amount_total"] == ["9.00"]
        assert pilot.app.mode_screen.session.tokens[pilot.app.mode_screen.session.cursor.token].text == "9.00"


async def test_the_key_of_a_label_under_the_cursor_moves_it_and_one_elsewhere_is_said_to_be_gone_to(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "escape", "t")  # the cursor is still there
        assert labels(workspace)["amount_total"] != ["9.00"]
        await pilot.press("Z", "2", "t")
        assert "amount_total is here (1 of " in str(pilot.app.mode_screen.query_one(HintLine).render())
        assert labels(workspace)["amount_total"] == ["9.00"]
        await pilot.press("t")
        assert labels(workspace)["amount_total"] != ["9.00"]


async def test_the_hint_names_the_keys_for_words_and_lines_at_both_ends(opened, workspace):
    async with opened(workspace) as pilot:
        hint = pilot.app.mode_screen.query_one(HintLine)
        await pilot.press("6")  # an address of several lines
        assert "} [ drop first/last line" in str(hint.render())
        await pilot.press("escape", "5")  # a name
        assert "< . , > words  { } [ ] lines" in str(hint.render())
        await pilot.press("escape", "1")  # a number of one word
        assert "< . add a word" in str(hint.render())
        await pilot.press("full_stop")  # one of two can be dropped
        assert "< . , > add or drop words" in str(hint.render())
        await pilot.resize_terminal(96, 30)
        await pilot.press("comma", "full_stop")
        await pilot.pause()
        assert "< . , > words" in str(hint.render())


async def test_a_choice_and_its_alternative_are_shortened_so_that_they_are_told_apart(opened, tmp_path):
    page = sample_documents.page_of(
        "ALPHA HANDEL GMBH\nEuropa-Allee 12, 60327 Frankfurt\n\n\nBETA HANDEL GMBH\nEuropa-Allee 94, 60327 Frankfurt\n"
    )
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("one", [page])])
    async with opened(made, (160, 45)) as pilot:
        await pilot.press("6")
        shown = str(pilot.app.mode_screen.query_one(HintLine).render())
        here, there, *_ = [part.split("”")[0] for part in shown.split("“")[1:]]
        assert "12" in here and "94" in there and len(here) <= 20 and len(there) <= 16
    made.close()


async def test_token_first_a_selection_takes_the_fields_key(opened, workspace):
    async with opened(workspace) as pilot:
        await go(pilot, "INV-2018-77")
        await pilot.press("shift+left", "1")
        assert labels(workspace) == {"invoice_no": ["NO: INV-2018-77"]}


async def test_field_first_enter_labels_the_word_and_adds_more_words(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("0")  # no likely place for a buyer's tax id beside the one of the invoice
        await go(pilot, "PENCIL")
        await pilot.press("enter", "right", "enter")
        assert labels(workspace)["buyer_tax_id"] == ["PENCIL 2.00"]


async def test_field_first_with_the_mouse(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t")
        screen = pilot.app.mode_screen
        page = screen.query_one("PageView")
        row, placed = screen.session.layout.place(find(screen.session.content, "10.00")[0])
        await pilot.click(page, offset=(placed.x, row - int(page.scroll_y)))
        assert labels(workspace)["amount_total"] == ["10.00"]


async def test_dragging_selects_and_a_click_on_a_field_labels(opened, workspace):
    async with opened(workspace) as pilot:
        screen = pilot.app.mode_screen
        page = screen.query_one("PageView")
        first, last = find(screen.session.content, "ACME TRADING")
        (y0, a), (y1, b) = screen.session.layout.place(first), screen.session.layout.place(last)
        await pilot.mouse_down(page, offset=(a.x, y0))
        await pilot.hover(page, offset=(b.x, y1))
        await pilot.mouse_up(page, offset=(b.x, y1))
        panel = screen.query_one("FieldsPanel")
        await pilot.click(panel, offset=(4, 4))  # the fifth field
        assert labels(workspace) == {"seller_name": ["ACME TRADING"]}


async def test_field_first_a_drag_labels_all_it_goes_over(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("5")
        screen = pilot.app.mode_screen
        page = screen.query_one("PageView")
        first, last = find(screen.session.content, "ACME TRADING")
        (y0, a), (y1, b) = screen.session.layout.place(first), screen.session.layout.place(last)
        await pilot.mouse_down(page, offset=(a.x, y0))
        await pilot.hover(page, offset=(b.x, y1))
        await pilot.mouse_up(page, offset=(b.x, y1))
        await pilot.pause()
        assert labels(workspace) == {"seller_name": ["ACME TRADING"]}


async def test_the_key_of_a_line_adds_to_lines_that_were_selected_with_arrows(opened, tmp_path):
    made = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new("slip", [sample_documents.page_of("A B\nC D\nE F\nTOTAL 9.00")])]
    )
    async with opened(made) as pilot:
        await pilot.press("ctrl+home", "L", "shift+down", "shift+down", "L")
        assert sorted(pilot.app.mode_screen.session.view.selection) == [0, 1, 2, 3, 4, 5]
    made.close()


async def test_phrases_blocks_and_gaps(opened, workspace):
    async with opened(workspace) as pilot:
        await go(pilot, "JALAN")
        await pilot.press("L", "L", "6")
        assert labels(workspace) == {"seller_address": ["12, JALAN BUNGA 3, TAMAN DAYA,"]}
        await go(pilot, "2.00")
        await pilot.press("space", "right", "right", "space", "n")
        assert labels(workspace)["amount_net"] == ["2.00 PAPER"]
        await go(pilot, "TAMAN")
        await pilot.press("B", "9")
        assert labels(workspace)["buyer_address"] == ["TAMAN DAYA, 81100 JOHOR BAHRU TEL: 07-3507405"]


async def test_a_label_is_made_longer_and_shorter(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("6", "left_square_bracket")
        assert labels(workspace)["seller_address"] == ["12, JALAN BUNGA 3, TAMAN DAYA,"]
        await pilot.press("right_square_bracket", "comma")
        assert labels(workspace)["seller_address"] == ["12, JALAN BUNGA 3, TAMAN DAYA, 81100 JOHOR"]
        await pilot.press("greater_than_sign", "full_stop")
        assert labels(workspace)["seller_address"] == ["JALAN BUNGA 3, TAMAN DAYA, 81100 JOHOR BAHRU"]
        await pilot.press("less_than_sign", "right_curly_bracket")
        assert labels(workspace)["seller_address"] == ["TAMAN DAYA, 81100 JOHOR BAHRU"]


async def test_clearing(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "2", "backspace")
        assert labels(workspace) == {"amount_total": ["9.00"]}
        await go(pilot, "9.00")
        await pilot.press("x")
        assert labels(workspace) == {}
        assert "Label removed: amount_total." in str(pilot.app.mode_screen.query_one(HintLine).render())


async def test_enter_after_a_correction_is_done_with_it_and_goes_on(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "tab", "tab", "tab")  # the name, the surest
        session = pilot.app.mode_screen.session
        assert session.view.focus.field == "seller_name"
        await pilot.press("greater_than_sign")
        assert "Enter done" in str(pilot.app.mode_screen.query_one(HintLine).render())
        await pilot.press("enter")
        assert not session.view.selection and session.view.focus.field == "amount_total"


async def test_a_label_is_taken_up_and_given_another_field(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "escape", "enter", "n")
        assert labels(workspace) == {"amount_net": ["9.00"]}


async def test_undo_and_redo_have_no_end_and_survive_a_restart(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "2", "5", "Z", "Z")
        assert labels(workspace) == {"amount_total": ["9.00"]}
    async with opened(workspace) as pilot:
        await pilot.press("Y", "ctrl+z", "ctrl+z")
        assert labels(workspace) == {}
        await pilot.press("Z")  # nothing is left to undo
        assert labels(workspace) == {}
        await pilot.press("ctrl+y", "ctrl+y", "ctrl+y", "Y")
        assert set(labels(workspace)) == {"amount_total", "invoice_date", "seller_name"}


async def test_accept_confirms_and_opens_the_next(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "a")
        assert kept(workspace, 1).state is State.LABELLED
        assert kept(workspace, 1).absent == frozenset()  # nothing is said about fields that were not labelled
        assert pilot.app.mode_screen.session.content.document.id == 2


async def test_a_document_whose_accept_failed_stays_and_says_why(opened, workspace, monkeypatch):
    async with opened(workspace) as pilot:
        await pilot.press("t")

        def full(*_, **__):
            raise DiskFull("The disk is full.", "Free some space, then try again.")

        with monkeypatch.context() as patch:
            patch.setattr(annotations, "commit", full)
            await pilot.press("a")
        assert pilot.app.mode_screen.session.content.document.id == 1 and kept(workspace).state is State.STARTED
        assert "The disk is full." in " ".join(n.message for n in pilot.app._notifications)
        await pilot.press("a")
        assert pilot.app.mode_screen.session.content.document.id == 2 and kept(workspace).state is State.LABELLED


async def test_what_is_told_of_a_run_outlasts_the_step_to_the_next_document(opened, workspace):
    async with opened(workspace) as pilot:
        pilot.app.notify("r7: crashed.", title="A run ended", severity="error")
        await pilot.press("t", "a")
        assert [n.message for n in pilot.app._notifications] == ["r7: crashed."]


async def test_fields_are_absent_only_when_she_says_so(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "3", "N")
        assert kept(workspace).absent == {"due_date"}
        assert "due_date" not in labels(workspace)
        await pilot.press("M")
        assert "invoice_no" in kept(workspace).absent and "amount_total" not in kept(workspace).absent


@pytest.mark.parametrize(("key", "state"), [("S", State.SKIPPED), ("U", State.UNUSABLE)])
async def test_setting_a_document_aside_and_opening_it_again(opened, workspace, key, state):
    async with opened(workspace) as pilot:
        await pilot.press(key)
        assert kept(workspace).state is state
        assert pilot.app.mode_screen.session.content.document.id == 2
        await pilot.press("K", key)
        assert kept(workspace).state is State.STARTED


async def test_a_note_and_a_corrected_word(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("f", *"torn", "enter")
        assert kept(workspace).note == "torn"
        await go(pilot, "8:13")
        await pilot.press("e", *"9:13", "enter")
        await pilot.pause()
        assert kept(workspace).texts == {(find(pilot.app.mode_screen.session.content, "9:13")[0], "9:13")}
        token = pilot.app.mode_screen.session.tokens[pilot.app.mode_screen.session.cursor.token]
        assert (token.text, token.original) == ("9:13", "8:13")
        await pilot.press("Z")
        assert kept(workspace).texts == frozenset()


async def test_suggestions_come_by_rising_confidence_and_take_one_key_each(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "tab")
        screen = pilot.app.mode_screen
        assert screen.session.view.focus.confidence == 0.55
        await pilot.press("x", "tab")
        assert screen.session.view.focus.confidence == 0.8
        await pilot.press("enter", "enter")
        assert labels(workspace, 2) == {"seller_name": ["ACME TRADING SDN BHD"], "invoice_date": ["25/12/2018"]}
        assert {span.source for span in kept(workspace, 2).spans} == {Source.SUGGESTION}


async def test_the_words_of_a_suggestion_are_given_another_field_when_they_are_selected(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "tab", "L", "n")
        assert labels(workspace, 2) == {"amount_net": ["10.00"]}


async def test_a_suggestion_is_given_other_words(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "tab", "tab", "tab", "comma")  # the name, the surest
        assert labels(workspace, 2)["seller_name"] == ["ACME TRADING SDN"]


@pytest.mark.parametrize("before", [("tab",), ("tab", "x", "tab"), ("right", "tab"), ("tab", "x", "x")])
async def test_the_key_of_another_field_never_takes_the_words_of_a_suggestion_in_focus(opened, workspace, before):
    workspace.change_schema(lambda schema: schema.add("order", FieldType.ID, key="b"))
    async with opened(workspace) as pilot:
        await pilot.press("J", "n")
        likeliest = labels(workspace, 2)["amount_net"]
        assert likeliest == ["8.49"]
        await pilot.press("Z", "escape", *before)
        focus = pilot.app.mode_screen.session.view.focus
        await pilot.press("b")
        assert "order" not in labels(workspace, 2)
        assert "order: no likely place." in str(pilot.app.mode_screen.query_one(HintLine).render())
        await pilot.press("n")
        assert labels(workspace, 2) == {"amount_net": likeliest}
        assert focus in pilot.app.mode_screen.session.editor.open_suggestions


async def test_all_suggestions_and_the_document_are_one_key(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "W", "A")
        assert set(labels(workspace, 2)) == {"seller_name", "amount_total", "invoice_date"}
        assert kept(workspace, 2).state is State.LABELLED
        assert pilot.app.mode_screen.session.content.document.id == 3


async def test_a_hand_made_label_decides_the_fields_suggestion(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J")
        await go(pilot, "9.00")
        await pilot.press("space", "t", "A")
        assert labels(workspace, 2)["amount_total"] == ["9.00"]


async def test_only_suggestions_in_view_are_accepted(opened, tmp_path):
    page = sample_documents.long_page()
    listed = [
        sample_documents.new("long", [page], [("amount_net", (0,), 0.9, "r"), ("amount_total", (1490,), 0.9, "r")])
    ]
    workspace = sample_documents.workspace_of(tmp_path / "long", listed)
    async with opened(workspace) as pilot:
        await pilot.press("plus")
        assert set(labels(workspace)) == {"amount_net"}
        await pilot.press("A")  # shows the other one first
        assert set(labels(workspace)) == {"amount_net"} and kept(workspace).state is State.STARTED
        await pilot.press("A")
        assert set(labels(workspace)) == {"amount_net", "amount_total"} and kept(workspace).state is State.LABELLED
    workspace.close()


async def test_a_similar_documents_labels_are_suggested(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("5", "2", "t", "a", "C")
        session = pilot.app.mode_screen.session
        made = {s.field: s.run for s in session.content.suggestions if s.run == "template"}
        assert made == {"amount_total": "template"}  # the other two were suggested already


async def test_the_hint_says_when_a_similar_document_can_be_copied(opened, tmp_path):
    listed = [
        sample_documents.new(f"d{n}", [sample_documents.page_of(sample_documents.RECEIPT)], group="Acme")
        for n in range(2)
    ]
    workspace = sample_documents.workspace_of(tmp_path / "alike", listed)
    async with opened(workspace) as pilot:
        screen = pilot.app.mode_screen
        await pilot.pause(0.6)
        assert screen.look_ahead.similar is None  # none is labelled yet
        await pilot.press("5", "2", "a")
        for _ in range(40):
            if screen.look_ahead.similar is not None:
                break
            await pilot.pause(0.1)
        assert screen.look_ahead.similar.document.name == "d0"
        await pilot.pause()
        assert "suggest labels as in d0" in str(screen.query_one(HintLine).render())
        await pilot.press("C", "A")
        assert set(labels(workspace, 2)) == {"seller_name", "invoice_date"}
    workspace.close()


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_of_a_label_of_several_lines_the_keys_are_named_that_drop_its_first_and_its_last_line(
    opened, workspace, size
):
    async with opened(workspace, size) as pilot:
        hint = pilot.app.mode_screen.query_one(HintLine)
        await pilot.press("6")
        assert "} [ drop first/last line" in str(hint.render())
        whole = labels(workspace)["seller_address"][0]
        await pilot.press("left_square_bracket")
        assert whole.startswith(labels(workspace)["seller_address"][0])
        await pilot.press("right_square_bracket", "right_curly_bracket")
        assert whole.endswith(labels(workspace)["seller_address"][0])
        await pilot.press("left_curly_bracket")
        assert labels(workspace)["seller_address"] == [whole]
        assert "} [ drop first/last line" in str(hint.render())
