"""A document that counts as labelled: its fields are labelled, moved and replaced as on any other."""

import pytest

from screens.widgets.status_lines import HintLine
from storage import document_list
from storage.records import Source, Span, State
from tests.support import sample_documents
from tests.support.pilots import until
from tests.support.sample_documents import kept, labels

GOLD = {"seller_name": "ACME TRADING SDN BHD", "amount_total": "9.00"}


def hint(pilot) -> str:
    return str(pilot.app.mode_screen.query_one(HintLine).render())


@pytest.fixture
def finished(tmp_path):
    """A receipt whose labels came with the import, as a key file brings them."""
    page = sample_documents.page_of(sample_documents.RECEIPT)
    places = sample_documents.places_of(GOLD, page)
    spans = tuple(Span(field, tokens, Source.IMPORT, "gold") for field, tokens in places.items())
    made = sample_documents.workspace_of(
        tmp_path / "finished", [sample_documents.new("done", [page], labelled=True, spans=spans)]
    )
    yield made
    made.close()


async def test_a_field_without_a_label_is_labelled_at_its_likeliest_place_and_the_next_key_looks_for_its_own(
    opened, finished
):
    async with opened(finished) as pilot:
        await pilot.press("1", "2")
        assert labels(finished) == {
            "seller_name": ["ACME TRADING SDN BHD"],
            "invoice_no": ["INV-2018-77"],
            "invoice_date": ["25/12/2018"],
            "amount_total": ["9.00"],
        }
        assert kept(finished).state is State.LABELLED
        await pilot.press("Z", "Z")
        assert set(labels(finished)) == set(GOLD)


async def test_the_first_press_of_a_labelled_fields_key_goes_there_and_the_key_of_another_field_moves_nothing(
    opened, finished
):
    async with opened(finished) as pilot:
        await pilot.press("t")
        assert labels(finished)["amount_total"] == ["9.00"] and hint(pilot).startswith("amount_total is here")
        await pilot.press("1", "t")
        assert (labels(finished)["invoice_no"], labels(finished)["amount_total"]) == (["INV-2018-77"], ["9.00"])


async def test_a_selection_that_replaces_a_label_says_what_the_value_was(opened, finished):
    async with opened(finished) as pilot:
        await pilot.press("slash", *"10.00", "enter", "t")
        assert labels(finished)["amount_total"] == ["10.00"]
        assert "amount_total: “10.00”, was “9.00”." in hint(pilot)


async def test_a_field_that_was_labelled_by_its_key_is_not_asked_about_by_a_later_suggestion(opened, tmp_path):
    page = sample_documents.page_of(sample_documents.RECEIPT)
    made = sample_documents.workspace_of(tmp_path / "later", [sample_documents.new("slip", [page])])
    async with opened(made) as pilot:
        session = pilot.app.mode_screen.session
        await pilot.press("t", "escape", "escape")
        cash = sample_documents.find(session.content, "10.00")
        date = sample_documents.find(session.content, "25/12/2018")
        session.editor.suggest("run-1", [("amount_total", cash, 0.66), ("invoice_date", date, 0.8)])
        assert [s.field for s in session.view.open_suggestions] == ["invoice_date"]
        with made.db.read() as connection:
            assert document_list.page(connection, document_list.Filter(), 0, 1)[0].suggestions == 1
        await pilot.press("tab")
        assert hint(pilot).startswith("invoice_date 80%")
    made.close()


async def test_the_key_that_accepts_all_stops_at_another_value_of_a_field_that_has_one(opened, tmp_path):
    page = sample_documents.page_of(sample_documents.RECEIPT)
    at = {words: sample_documents.find(page, words) for words in ("25/12/2018", "9.00", "10.00")}
    offered = [
        ("invoice_date", at["25/12/2018"], 0.8, "run-1"),
        ("amount_total", at["9.00"], 0.9, "run-1"),
        ("amount_total", at["10.00"], 0.7, "run-1"),
    ]
    made = sample_documents.workspace_of(tmp_path / "two", [sample_documents.new("slip", [page], offered)])
    async with opened(made) as pilot:
        session = pilot.app.mode_screen.session
        session.next_suggestion(-1)  # the total of 9.00
        session.confirm()
        await pilot.press("escape", "escape")
        assert "A accept 1, then stop: 1 second amount_total" in hint(pilot)
        await pilot.press("A")
        assert kept(made).state is State.STARTED and "1 accepted. Second value: amount_total." in hint(pilot)
        await pilot.press("x", "A")
        assert kept(made).state is State.LABELLED and labels(made)["amount_total"] == ["9.00"]
    made.close()


async def test_at_the_lists_end_documents_whose_imported_labels_lack_fields_are_counted_and_gone_through(
    opened, tmp_path
):
    page = sample_documents.page_of(sample_documents.RECEIPT)
    at = sample_documents.places_of({**sample_documents.VALUES}, page)

    def imported(name, fields):
        spans = tuple(Span(field, at[field], Source.IMPORT, "gold") for field in fields)
        return sample_documents.new(name, [page], labelled=True, spans=spans)

    listed = [
        imported("whole", at),
        imported("half", ["seller_name", "amount_total"]),
        sample_documents.new("n", [page]),
    ]
    made = sample_documents.workspace_of(tmp_path / "key file", listed)
    async with opened(made) as pilot:
        await pilot.press("t", "a")
        await until(pilot, lambda: "The list is done. 1 with imported labels lacks fields: F 9." in hint(pilot))
        await pilot.press("F", "9")
        assert pilot.app.mode_screen.session.content.document.name == "half"
        await pilot.press("2", "a")
        assert labels(made, 2)["invoice_date"] == ["25/12/2018"]
        assert hint(pilot).startswith("The list is done.  F4")
        await pilot.press("F", "1", "D")
        assert "imported labels" not in hint(pilot)
    made.close()


async def test_after_the_last_document_nothing_is_in_hand_that_the_next_key_would_change(opened, finished):
    async with opened(finished) as pilot:
        await pilot.press("t", "a")
        assert "The list is done." in hint(pilot)
        view = pilot.app.mode_screen.session.view
        assert view.armed is None and view.focus is None and not view.selection
        await pilot.press("escape")
        assert "a next open document" in hint(pilot)


@pytest.mark.parametrize("keys", [("backspace",), ("delete",), ("slash", "backspace"), ("x", "backspace", "backspace")])
async def test_rubbing_out_in_the_lists_search_removes_no_label_of_the_page_behind(opened, finished, keys):
    async with opened(finished) as pilot:
        await pilot.press("t")
        before = labels(finished, 1)
        assert before
        await pilot.press("O", *keys)
        await pilot.pause()
        assert labels(finished, 1) == before
