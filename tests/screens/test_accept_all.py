"""Accepting all suggestions: what one press does, what the next one does, and that the hint says so before."""

import pytest

from screens.widgets.status_lines import HintLine
from tests.support import sample_documents
from tests.support.sample_documents import find, kept, labels

SLIP = "ACME SDN BHD\nDATE 25/12/2018\nTOTAL 9.00\nCASH 10.00\nREF TEN"


def hint(pilot) -> str:
    return str(pilot.app.mode_screen.query_one(HintLine).render())


def slips(folder, *suggested: tuple[str, str, float], count: int = 2):
    """Documents with a suggestion for each (field, text, confidence)."""
    page = sample_documents.page_of(SLIP)
    words = {token.text: token.id for token in page.tokens}
    offered = [
        (field, tuple(words[word] for word in text.split()), confidence, "run-1")
        for field, text, confidence in suggested
    ]
    listed = [sample_documents.new(f"slip{number}", [page], offered) for number in range(count)]
    return sample_documents.workspace_of(folder, listed)


@pytest.fixture
def unsure(tmp_path):
    made = slips(
        tmp_path / "unsure",
        ("seller_name", "ACME SDN BHD", 0.9),
        ("invoice_date", "25/12/2018", 0.8),
        ("amount_total", "10.00", 0.44),
    )
    yield made
    made.close()


async def test_a_suggestion_that_is_not_sure_is_named_before_and_left_open(opened, unsure):
    async with opened(unsure) as pilot:
        assert "A accept 2, then stop: 1 below 70%" in hint(pilot)
        await pilot.press("A")
        assert set(labels(unsure)) == {"seller_name", "invoice_date"} and kept(unsure).state == "started"
        assert "2 accepted. Not sure: amount_total 44%." in hint(pilot) and "a go on without it" in hint(pilot)
        await pilot.press("A", "A")  # the same key leaves nothing out
        assert "amount_total" not in labels(unsure) and kept(unsure).state == "started"
        assert "Not sure: amount_total 44%." in hint(pilot) and "Enter/t accept “10.00”" in hint(pilot)
        await pilot.press("a")
        assert "amount_total" not in labels(unsure) and kept(unsure).state == "labelled"
        assert hint(pilot).startswith("slip0 accepted without amount_total 44%; 13 empty; ")
        assert "A accept 2, then stop" in hint(pilot)


async def test_the_key_that_accepts_what_is_sure_shows_one_unsure_suggestion_after_the_other(opened, tmp_path):
    made = slips(
        tmp_path / "two unsure",
        ("seller_name", "ACME SDN BHD", 0.9),
        ("amount_net", "9.00", 0.3),
        ("amount_total", "10.00", 0.44),
    )
    async with opened(made) as pilot:
        await pilot.press("A", "A", "A", "enter")
        shown = labels(made)
        await pilot.press("A", "enter")
        assert len(shown) == 2 and set(labels(made)) == {"seller_name", "amount_net", "amount_total"}
        await pilot.press("A")
        assert kept(made).state == "labelled"
    made.close()


async def test_the_suggestion_that_was_left_open_is_in_hand(opened, unsure):
    async with opened(unsure) as pilot:
        await pilot.press("A", "enter")
        assert labels(unsure)["amount_total"] == ["10.00"]
        await pilot.press("A")
        assert kept(unsure).state == "labelled"


@pytest.mark.parametrize(("confidence", "stops"), [(0.697, False), (0.693, True), (0.55, True)])
async def test_what_is_shown_as_70_percent_is_not_stopped_at_as_below_70(opened, tmp_path, confidence, stops):
    made = slips(tmp_path / "nearly sure", ("seller_name", "ACME SDN BHD", 0.9), ("amount_total", "9.00", confidence))
    async with opened(made) as pilot:
        assert ("below 70%" in hint(pilot)) == stops
    made.close()


@pytest.mark.parametrize("confidence", [0.4, 0.9])
async def test_a_second_value_is_stopped_at_however_sure_and_taken_by_enter(opened, tmp_path, confidence):
    page = sample_documents.page_of("NET 7% 10.00\nNET 19% 20.00\nTOTAL 34.50")
    offered = [("tax_rate", find(page, "7%"), 0.95, "r"), ("tax_rate", find(page, "19%"), confidence, "r")]
    made = sample_documents.workspace_of(tmp_path / "rates", [sample_documents.new("slip", [page], offered)])
    async with opened(made) as pilot:
        await pilot.press("t", "escape", "shift+tab", "r", "escape", "A")
        assert kept(made).state == "started" and labels(made)["tax_rate"] == ["7%"]
        assert hint(pilot).startswith("Second value: tax_rate.  Enter/r accept “19%”")
        await pilot.press("enter", "A")
        assert kept(made).state == "labelled" and labels(made)["tax_rate"] == ["7%", "19%"]
    made.close()


async def test_a_document_without_a_total_is_accepted_by_the_key_that_takes_it_as_it_is(opened, tmp_path):
    made = slips(tmp_path / "no total", ("seller_name", "ACME SDN BHD", 0.9))
    async with opened(made) as pilot:
        assert "then stop: no amount_total" in hint(pilot)
        await pilot.press("A")
        assert kept(made).state == "started" and "No label yet: amount_total." in hint(pilot)
        await pilot.press("a")
        assert kept(made).state == "labelled"
        await pilot.press("t", "A")  # the next document: with a total nothing is asked
        assert kept(made, 2).state == "labelled"
    made.close()


async def test_tab_after_a_stop_shows_what_the_next_key_is_about(opened, tmp_path):
    page = sample_documents.long_page()
    offered = [
        ("amount_net", (0,), 0.9, "r"),
        ("amount_tax", (1480,), 0.8, "r"),
        ("amount_total", (1490,), 0.9, "r"),
    ]
    made = sample_documents.workspace_of(tmp_path / "long", [sample_documents.new("long", [page], offered)])
    async with opened(made) as pilot:
        await pilot.press("A")
        assert "In view now: " in hint(pilot)
        await pilot.press("tab")
        assert hint(pilot).startswith("amount_tax 80%")
        await pilot.press("x", "tab")
        assert hint(pilot).startswith("amount_total 90%")
    made.close()


async def test_a_word_that_was_gone_to_by_a_stop_is_not_what_a_fields_key_labels(opened, tmp_path):
    page = sample_documents.long_page()
    offered = [("amount_net", (0,), 0.9, "r"), ("purchase_order", (1490,), 0.9, "r")]
    made = sample_documents.workspace_of(tmp_path / "long", [sample_documents.new("long", [page], offered)])
    async with opened(made) as pilot:
        await pilot.press("A")
        assert not pilot.app.mode_screen.session.view.pointed
    made.close()


async def test_after_a_rejection_the_fields_key_shows_the_next_place_and_labels_it_when_pressed_again(opened, unsure):
    async with opened(unsure) as pilot:
        await pilot.press("tab", "x", "t")
        assert labels(unsure) == {}  # neither the total nor the suggestion that follows
        assert hint(pilot).startswith("amount_total: “9.00”") and "Enter label it" in hint(pilot)
        assert pilot.app.mode_screen.session.cursor.token == find(pilot.app.mode_screen.session.content, "9.00")[0]
        await pilot.press("t")
        assert labels(unsure) == {"amount_total": ["9.00"]}
        await pilot.press("J", "tab", "x", "t", "enter")
        assert labels(unsure, 2) == {"amount_total": ["9.00"]}


async def test_a_word_that_was_corrected_is_no_question(opened, unsure):
    async with opened(unsure) as pilot:
        session = pilot.app.mode_screen.session
        session.cursor.select(find(session.content, "TEN"))
        await pilot.press("e", *"10", "enter", "A")
        assert "has no label" not in hint(pilot) and set(labels(unsure)) == {"seller_name", "invoice_date"}


async def test_a_field_without_a_likely_place_is_not_offered_the_word_that_another_field_has(opened, unsure):
    async with opened(unsure) as pilot:
        await pilot.press("2", "2", "i")  # the date, then an IBAN, of which there is none
        assert "no likely place" in hint(pilot) and "25/12/2018" not in hint(pilot)
        before = labels(unsure)
        await pilot.press("enter")
        assert labels(unsure) == before and "go to its word first" in hint(pilot)
        await pilot.press("7")  # nor a date as a tax number
        assert "25/12/2018" not in hint(pilot) and labels(unsure) == before


@pytest.fixture
def rates(tmp_path):
    """A slip with two rates that are suggested, and a third that is printed."""
    page = sample_documents.page_of("NET 7% 10.00\nNET 19% 20.00\nNET 0% 1.00\nTOTAL 34.50")
    offered = [("tax_rate", find(page, rate), sure, "r") for rate, sure in (("7%", 0.95), ("19%", 0.8))]
    made = sample_documents.workspace_of(tmp_path / "rates", [sample_documents.new("slip", [page], offered)])
    yield made
    made.close()


async def test_it_does_so_where_the_document_is_opened_at_the_first_of_them(opened, tmp_path):
    page = sample_documents.page_of("7% 10.00 0.70\n19% 20.00 3.80\nTOTAL 34.50")
    offered = [("tax_rate", find(page, rate), 0.9, "r") for rate in ("7%", "19%")]
    made = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("slip", [page], offered)])
    async with opened(made) as pilot:
        assert pilot.app.mode_screen.session.view.cursor == 0
        await pilot.press("r")
        assert labels(made)["tax_rate"] == ["7%", "19%"]
    made.close()


async def test_a_fields_key_takes_all_values_that_are_suggested_together_in_one_act(opened, rates):
    async with opened(rates) as pilot:
        await pilot.press("r")
        assert labels(rates)["tax_rate"] == ["7%", "19%"]
        assert hint(pilot).startswith("tax_rate: “7%” and “19%”.")
        await pilot.press("r")
        assert labels(rates)["tax_rate"] == ["7%", "19%"] and "tax_rate (2 of 2 values): “19%”." in hint(pilot)
        await pilot.press("Z")
        assert labels(rates) == {}
        assert [s.field for s in pilot.app.mode_screen.session.view.open_suggestions] == ["tax_rate", "tax_rate"]


async def test_a_suggestion_in_hand_is_taken_alone_by_its_fields_key(opened, rates):
    async with opened(rates) as pilot:
        await pilot.press("tab", "r")
        assert labels(rates)["tax_rate"] == ["19%"]


async def test_enter_labels_no_word_anew_that_a_fields_key_went_to(opened, tmp_path):
    page = sample_documents.page_of("ACME SDN BHD\nBETA LTD\nTOTAL 9.00")
    offered = [("seller_name", find(page, text), 0.9, "r") for text in ("ACME SDN BHD", "BETA LTD")]
    made = sample_documents.workspace_of(tmp_path / "two", [sample_documents.new("slip", [page], offered)])
    async with opened(made) as pilot:
        await pilot.press("A", "5", "5", "enter", "5", "enter")
        assert labels(made)["seller_name"] == ["ACME SDN BHD", "BETA LTD"]
    made.close()


async def test_the_key_for_not_there_is_about_the_suggestion_in_hand(opened, unsure):
    async with opened(unsure) as pilot:
        await pilot.press("tab", "N")
        assert kept(unsure).absent == {"amount_total"}
        assert hint(pilot).startswith("invoice_date 80%: ")
        await pilot.press("Z")
        assert kept(unsure).absent == frozenset()


async def test_what_is_not_sure_is_shown_the_least_sure_first_by_both_keys(opened, tmp_path):
    made = slips(tmp_path / "order", ("amount_total", "10.00", 0.44), ("amount_net", "9.00", 0.3))
    async with opened(made) as pilot:
        await pilot.press("A")
        assert pilot.app.mode_screen.session.view.focus.field == "amount_net"
        await pilot.press("A")
        assert pilot.app.mode_screen.session.view.focus.field == "amount_total"
        await pilot.press("escape", "tab")
        assert pilot.app.mode_screen.session.view.focus.field == "amount_net"
    made.close()


async def test_where_a_second_value_is_printed_the_key_that_keeps_both_is_named_in_80_columns_too(opened, tmp_path):
    page = sample_documents.page_of("NET 7% 10.00\nNET 19% 20.00\nTOTAL 34.50")
    made = sample_documents.workspace_of(tmp_path / "plain", [sample_documents.new("slip", [page])])
    async with opened(made, (80, 24)) as pilot:
        await pilot.press("r")
        assert "& both" in hint(pilot)
        await pilot.press("ampersand")
        assert labels(made)["tax_rate"] == ["7%", "19%"]
    made.close()
