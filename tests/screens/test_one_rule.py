"""What a field's key does in every situation, and that nothing is decided unseen."""

import pytest
from textual import events
from textual.widgets import Input

from screens.annotate.page_view import PageView
from screens.widgets.dialogs import Prompt
from screens.widgets.status_lines import HintLine
from storage.records import Decision, Source, State
from tests.support import sample_documents
from tests.support.sample_documents import find, go, kept, labels
from workbench.fields import FieldType


def hint(pilot) -> str:
    return str(pilot.app.mode_screen.query_one(HintLine).render())


async def test_a_selection_becomes_the_value_instead_of_what_the_field_had(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t")
        await go(pilot, "10.00")
        await pilot.press("space", "t")
        assert labels(workspace)["amount_total"] == ["10.00"]


async def test_one_more_value_is_added_with_a_key_of_its_own_and_the_field_s_key_goes_through_them(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t")
        await go(pilot, "10.00")
        await pilot.press("space", "ampersand")
        assert labels(workspace)["amount_total"] == ["9.00", "10.00"]
        session = pilot.app.mode_screen.session
        await pilot.press("escape", "2", "t")
        assert session.tokens[session.cursor.token].text == "9.00"
        await pilot.press("t")
        assert session.tokens[session.cursor.token].text == "10.00"
        assert labels(workspace)["amount_total"] == ["9.00", "10.00"]  # none was moved onto the other


async def test_one_more_value_without_a_selection_is_the_next_likely_place_and_cuts_none(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("5")
        name = labels(workspace)["seller_name"]
        assert len(name[0].split()) > 1
        await pilot.press("ampersand")
        both = labels(workspace)["seller_name"]
        assert len(both) == 2 and both[0] == name[0]
        await pilot.press("escape", "5", "ampersand")  # the key went to one of the two: there is no next place
        assert labels(workspace)["seller_name"] == both and "in one of its values already" in hint(pilot)
        await pilot.press("Z")
        assert labels(workspace)["seller_name"] == name


async def test_a_word_that_the_cursor_was_put_on_is_labelled(opened, workspace):
    async with opened(workspace) as pilot:
        await go(pilot, "PENCIL")
        assert "“PENCIL”" in hint(pilot) and "field key label it" in hint(pilot)
        await pilot.press("5")
        assert labels(workspace) == {"seller_name": ["PENCIL"]}
        await pilot.press("2")  # nothing was pointed at since
        assert labels(workspace)["invoice_date"] == ["25/12/2018"]


async def test_scrolling_points_at_nothing(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("pagedown", "pageup", "ctrl+end", "t")
        assert labels(workspace) == {"amount_total": ["9.00"]}


async def test_a_field_s_key_never_takes_what_another_field_has(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", *["n"] * 12)
        assert labels(workspace)["amount_total"] == ["9.00"]
        session = pilot.app.mode_screen.session
        taken = find(session.content, "9.00")
        places = session.words.places(session.schema.get("amount_net"), None).places
        assert places and all(set(taken).isdisjoint(place) for place in places)


async def test_taking_words_from_another_field_by_hand_is_said(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t")
        await go(pilot, "9.00")
        await pilot.press("space", "n")
        assert labels(workspace) == {"amount_net": ["9.00"]}
        assert "Taken from amount_total." in hint(pilot)


async def test_what_the_field_s_own_check_refuses_is_not_labelled(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("i")
        assert labels(workspace) == {} and "no likely place" in hint(pilot)


async def test_an_unlikely_place_is_labelled_only_when_the_key_is_pressed_again(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("3")  # a receipt without a due date: its only date is no likely one
        assert labels(workspace) == {}
        assert "due_date: no likely place." in hint(pilot) and "3 “25/12/2018” (1% likely)" in hint(pilot)
        await pilot.press("4", "3")  # another field's key lies between: asked anew
        assert labels(workspace) == {}
        await pilot.press("3")
        assert labels(workspace) == {"due_date": ["25/12/2018"]}


async def test_the_hint_says_how_likely_a_labelled_place_is(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t")
        assert "likely): “9.00”" in hint(pilot)
        await pilot.press("full_stop")
        assert "likely" not in hint(pilot)  # of another place nothing is known


async def test_after_an_unlikely_place_the_word_that_is_gone_to_is_labelled(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("4")
        await go(pilot, "INV-2018-77")
        await pilot.press("4")
        assert labels(workspace) == {"purchase_order": ["INV-2018-77"]}


async def test_a_field_of_the_workspace_s_own_is_found_beside_its_name(opened, workspace):
    workspace.change_schema(lambda now: now.add("Cash", FieldType.AMOUNT, key="z").add("Van", FieldType.ID, key="y"))
    async with opened(workspace) as pilot:
        await pilot.press("y", "z")
        assert labels(workspace) == {"cash": ["10.00"]}


async def test_on_an_accepted_document_a_fields_key_goes_to_its_label_and_labels_a_field_without_one(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "a", "K", "t")
        assert labels(workspace) == {"amount_total": ["9.00"]} and "amount_total is here" in hint(pilot)
        await pilot.press("2")
        assert labels(workspace) == {"amount_total": ["9.00"], "invoice_date": ["25/12/2018"]}


async def test_after_a_selection_was_labelled_a_click_only_points(opened, workspace):
    async with opened(workspace) as pilot:
        await go(pilot, "PENCIL")
        await pilot.press("space", "5")
        page = pilot.app.mode_screen.query_one(PageView)
        row, placed = pilot.app.mode_screen.session.layout.place(
            find(pilot.app.mode_screen.session.content, "PAPER")[0]
        )
        await pilot.click(page, offset=(placed.x, row))
        assert labels(workspace) == {"seller_name": ["PENCIL"]}


async def test_a_document_without_a_label_is_accepted_only_when_asked_twice(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("a")
        assert kept(workspace).state is State.NEW and "Press again" in hint(pilot)
        await pilot.press("a")
        assert kept(workspace).state is State.LABELLED
        assert pilot.app.mode_screen.session.content.document.id == 2


async def test_what_was_skipped_is_said_on_the_next_document(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("S")
        assert "plain is skipped; Ctrl+Z takes it back." in hint(pilot)


async def test_the_list_that_ends_with_a_skipped_document_names_the_next_step_in_80_columns(opened, workspace):
    async with opened(workspace, (80, 24)) as pilot:
        await pilot.press("S", "S", "S")
        assert hint(pilot).startswith("Skipped; Ctrl+Z undoes. The list is done.  F4 train ")
        assert hint(pilot).endswith("? keys")


async def test_the_next_undecided_document_is_one_key_away(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "a", "S", "K", "K", "D")
        assert pilot.app.mode_screen.session.content.document.id == 3
        await pilot.press("U", "D")
        assert "The list is done." in hint(pilot)


async def test_keys_typed_while_a_dialog_opens_are_the_dialog_s(opened, workspace):
    async with opened(workspace) as pilot:
        for key, character in (("F", "F"), ("1", "1")):  # both before the screen did anything
            pilot.app.post_message(events.Key(key, character))
        await pilot.pause()
        await pilot.pause()
        assert labels(workspace) == {}


async def test_a_key_right_after_escape_is_not_swallowed(opened, workspace):
    async with opened(workspace) as pilot:
        await go(pilot, "INV-2018-77")
        await pilot.press("shift+left")  # two words: without Escape the key would label both
        pilot.app.post_message(events.Key("alt+1", "1"))  # as terminals send Escape and 1
        await pilot.pause()
        await pilot.pause()
        assert len(labels(workspace)["invoice_no"][0].split()) == 1


async def test_a_step_by_words_leaves_a_dialog_and_what_is_typed_there_alone(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("f", *"ask", "alt+left")
        pilot.app.post_message(events.Key("alt+b", None))
        await pilot.pause()
        await pilot.pause()
        assert isinstance(pilot.app.screen, Prompt) and pilot.app.screen.query_one(Input).value == "ask"


async def test_a_corrected_word_is_shown_on_the_page(opened, workspace):
    async with opened(workspace) as pilot:
        await go(pilot, "PENCIL")
        await pilot.press("e", *["backspace"] * 6, *"PEN", "enter")
        await pilot.pause()
        texts = [placed.text for row in pilot.app.mode_screen.session.layout.rows for placed in row.placed]
        assert "PEN" in texts and "PENCIL" not in texts


async def test_the_page_numbers_the_places_that_the_key_goes_to_next(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t")
        page = pilot.app.mode_screen.query_one(PageView)
        second = pilot.app.mode_screen.session.view.proposals.places[1][0]
        assert page._marks[second].key == "¹"
        await pilot.press("t")
        assert labels(workspace)["amount_total"] != ["9.00"]
        assert second not in page._marks or not page._marks[second].ahead


async def test_escape_leads_back_from_the_list(opened, workspace):
    async with opened(workspace, (80, 24)) as pilot:
        await pilot.press("O")
        assert "Esc back to the page" in hint(pilot)
        await pilot.press("down", "escape", "t")
        assert labels(workspace) == {"amount_total": ["9.00"]}


async def test_a_value_that_was_found_is_added_to_the_field_whose_key_follows(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "escape")
        await pilot.press("slash", *"10.00", "enter", "ampersand")
        assert "One more value “10.00”:  field key add it to that field" in hint(pilot)
        await pilot.press("t")
        assert labels(workspace) == {"amount_total": ["9.00", "10.00"]}
        await pilot.press("slash", *"PENCIL", "enter", "ampersand", "escape", "escape", "8")
        assert labels(workspace)["buyer_name"] != ["PENCIL"]  # given up


async def test_one_more_value_without_any_selection_asks_for_the_field(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("5", "escape", "ampersand", "5")
        assert len(labels(workspace)["seller_name"]) == 2
        await pilot.press("ampersand", "escape", "escape", "ampersand", "t")  # a field without a value gets its first
        assert labels(workspace)["amount_total"] == ["9.00"]


async def test_a_document_is_not_accepted_while_a_selected_value_has_no_label(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("t", "slash", *"10.00", "enter", "A")
        assert "“10.00” is selected, not labelled" in hint(pilot)
        assert kept(workspace).state is not State.LABELLED
        await pilot.press("a")
        assert kept(workspace).state is State.LABELLED
        await pilot.press("K", "escape", "L", "t")  # selected words of a label are no question
        await pilot.press("enter", "a")
        assert "has no label" not in hint(pilot)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_own_key_of_a_suggestion_in_hand_takes_it_as_shown_and_goes_on_to_the_next_place(
    opened, workspace, size
):
    async with opened(workspace, size) as pilot:
        await pilot.press("J", "tab")  # the total, suggested at the cash
        assert "amount_total 55%" in hint(pilot) and "Enter/t yes" in hint(pilot)
        await pilot.press("t")
        assert labels(workspace, 2) == {"amount_total": ["10.00"]} and "t “9.00” instead" in hint(pilot)
        await pilot.press("t")
        assert labels(workspace, 2) == {"amount_total": ["9.00"]}
        assert "amount_total (2 of " in hint(pilot) and "“9.00”." in hint(pilot)
        await pilot.press("Z")
        assert labels(workspace, 2) == {"amount_total": ["10.00"]}
        await pilot.press("Z", "tab", "tab")
        assert "invoice_date 80%" in hint(pilot)
        await pilot.press("t")  # a date can be no total: its own likeliest place is labelled
        assert "2018" not in str(labels(workspace, 2)["amount_total"])


async def test_after_a_rejection_the_key_of_the_suggestion_that_follows_takes_it(opened, workspace):
    async with opened(workspace, (80, 24)) as pilot:
        await pilot.press("J", "tab", "x", "tab")
        assert "invoice_date 80%" in hint(pilot) and "Enter/2 yes" in hint(pilot)
        await pilot.press("2")
        assert labels(workspace, 2) == {"invoice_date": ["25/12/2018"]}


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_after_a_rejection_the_cursor_stays_and_what_is_selected_next_begins_there(opened, workspace, size):
    async with opened(workspace, size) as pilot:
        await pilot.press("J", "tab", "x")
        session = pilot.app.mode_screen.session
        rejected = find(session.content, "10.00")
        assert session.cursor.token == rejected[0] and session.view.focus is None
        assert hint(pilot).startswith("amount_total: “10.00” rejected.  Tab next suggestion  t another ")
        await pilot.press("shift+left", "n")
        assert labels(workspace, 2) == {"amount_net": ["CASH 10.00"]}


@pytest.mark.parametrize("goes_on", ["tab", "enter", "x"])
async def test_after_a_rejection_the_suggestion_that_follows_it_is_a_key_away(opened, workspace, goes_on):
    async with opened(workspace) as pilot:
        await pilot.press("J", "tab", "tab", "x")  # the first one stays open
        await pilot.press(goes_on)
        assert pilot.app.mode_screen.session.view.focus.field == "seller_name"
        assert labels(workspace, 2) == {} and list(dict(kept(workspace, 2).decisions).values()) == [Decision.REJECTED]


async def test_a_fields_key_takes_the_whole_suggestion_that_the_cursor_was_put_on(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J")
        await go(pilot, "TRADING")
        await pilot.press("5")
        assert labels(workspace, 2) == {"seller_name": ["ACME TRADING SDN BHD"]}
        assert {span.source for span in kept(workspace, 2).spans} == {Source.SUGGESTION}


RATES = "NET 7% 10.00\nNET 19% 20.00\nVAT 7% 0.70\nTOTAL EUR 34.50"


@pytest.fixture
def rates(tmp_path):
    """A slip with two tax rates, one of them printed twice, and a total that is suggested with its currency."""
    page = sample_documents.page_of(RATES)
    offered = [("amount_total", find(page, "EUR 34.50"), 0.9, "run-1")]
    made = sample_documents.workspace_of(tmp_path / "rates", [sample_documents.new("slip", [page], offered)])
    yield made
    made.close()


@pytest.mark.parametrize("keys", [("r", "ampersand"), ("r", "escape", "escape", "ampersand", "r")])
async def test_one_more_value_is_another_one_and_where_there_is_none_it_is_said(opened, rates, keys):
    async with opened(rates) as pilot:
        await pilot.press(*keys)
        assert sorted(labels(rates)["tax_rate"]) == ["19%", "7%"]
        await pilot.press("ampersand")
        assert sorted(labels(rates)["tax_rate"]) == ["19%", "7%"]
        assert hint(pilot).startswith("tax_rate: no other value is found. Select its words first.")
        await pilot.press("r")  # the value that was added moves, but never onto the first
        assert "7%" in labels(rates)["tax_rate"]


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_a_doubled_value_of_an_accepted_document_is_removed_by_two_keys_that_are_named(opened, rates, size):
    async with opened(rates, size) as pilot:
        content = pilot.app.mode_screen.session.content
        twice = [t.id for t in content.tokens if t.text == "7%"]
        for first in twice:
            pilot.app.mode_screen.session.cursor.select((first,))
            await pilot.press("ampersand", "r")
        assert labels(rates) == {"tax_rate": ["7%", "7%"]}
        await pilot.press("t", "a", "K", "r")
        assert hint(pilot).startswith("tax_rate (1 of 2 values): “7%”.  x remove it  r the next one")
        await pilot.press("x")
        assert labels(rates)["tax_rate"] == ["7%"] and kept(rates).state is State.LABELLED


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_words_that_a_key_takes_out_of_another_fields_suggestion_are_named(opened, rates, size):
    async with opened(rates, size) as pilot:
        await pilot.press("c")
        assert labels(rates) == {"currency": ["EUR"]}
        assert hint(pilot).startswith("currency: “EUR”, out of amount_total's “EUR 34.50”.")
        await pilot.press("t")
        assert labels(rates) == {"currency": ["EUR"], "amount_total": ["34.50"]} and "out of" not in hint(pilot)


def dated(tmp_path, text):
    """A slip with a suggested invoice date, and a date field of the workspace's own with the key b."""
    page = sample_documents.page_of(text)
    offered = [("invoice_date", find(page, "25/12/2018"), 0.9, "run-1")]
    made = sample_documents.workspace_of(tmp_path / "dated", [sample_documents.new("slip", [page], offered)])
    made.change_schema(lambda schema: schema.add("served on", FieldType.DATE, key="b"))
    return made


async def test_of_two_places_of_a_date_a_field_s_key_takes_the_one_that_no_other_field_has(opened, tmp_path):
    made = dated(tmp_path, "ACME LTD\nDATE 25/12/2018\nTOTAL 9.00\nSERVED ON 25/12/2018\nTHANK YOU")
    async with opened(made) as pilot:
        await pilot.press("b")
        session = pilot.app.mode_screen.session
        (span,) = session.content.annotations.spans
        assert labels(made) == {"served_on": ["25/12/2018"]} and span.tokens != find(session.content, "25/12/2018")
        assert {s.field for s in session.editor.open_suggestions} == {"invoice_date"}
    made.close()


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_that_a_place_is_suggested_as_another_field_is_said_before_a_key_takes_it(opened, tmp_path, size):
    made = dated(tmp_path, "ACME LTD\nSERVED ON 25/12/2018\nTOTAL 9.00")
    async with opened(made, size) as pilot:
        await pilot.press("b")
        assert labels(made) == {}
        assert hint(pilot).startswith("served on: “25/12/2018” is suggested as invoice_date.  b take it")
        await pilot.press("b")
        assert labels(made) == {"served_on": ["25/12/2018"]}
    made.close()


async def test_a_suggestion_whose_label_was_moved_on_from_counts_as_wrong(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("J", "tab")
        total = pilot.app.mode_screen.session.view.focus.id
        await pilot.press("t")
        assert dict(kept(workspace, 2).decisions)[total] is Decision.ACCEPTED
        await pilot.press("t")
        assert dict(kept(workspace, 2).decisions)[total] is Decision.REJECTED


async def test_the_second_value_in_hand_is_added_by_its_key_and_moved_nowhere_near_the_first(opened, tmp_path):
    page = sample_documents.page_of("NET 7 % 10.00\nNET 19 % 20.00\nTOTAL 34.50")
    offered = [("tax_rate", find(page, "7 %"), 0.9, "run-1"), ("tax_rate", find(page, "19 %"), 0.8, "run-1")]
    made = sample_documents.workspace_of(tmp_path / "rates", [sample_documents.new("slip", [page], offered)])
    async with opened(made) as pilot:
        await pilot.press("tab", "tab", "r", "tab", "r")
        assert labels(made) == {"tax_rate": ["7 %", "19 %"]}
        await pilot.press("r")
        assert "7 %" in labels(made)["tax_rate"]
    made.close()


async def test_in_80_columns_the_keys_for_a_suggestion_come_before_those_of_the_program(opened, tmp_path):
    page = sample_documents.page_of("ACME LTD\n12 HIGH STREET, LITTLETON\nDUE 01.10.2018")
    offered = [
        ("seller_address", find(page, "12 HIGH STREET, LITTLETON"), 0.6, "r"),
        ("due_date", find(page, "01.10.2018"), 0.3, "r"),
    ]
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("slip", [page], offered)])
    async with opened(made, (80, 24)) as pilot:
        await pilot.press("tab", "tab")
        assert "seller_address 60%" in hint(pilot) and "Enter/6 yes  x no" in hint(pilot)
        await pilot.press("x", "A")
        assert "Not sure: due_date 30%. No amount_total.  Enter/3 accept  a without it" in hint(pilot)
    made.close()
