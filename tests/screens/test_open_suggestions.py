"""Which suggestions are open: the page, the panel, the list, `A` and the figures count the same ones."""

import pytest

from screens.annotate.document_list import DocumentList
from screens.annotate.fields_panel import FieldsPanel
from screens.annotate.page_view import PageView
from screens.widgets.status_lines import HintLine
from storage import document_list, documents
from storage.suggestions import leading, offered
from tests.support import sample_documents
from tests.support.sample_documents import find, kept, labels
from workbench.annotation import acts
from workbench.annotation.session import open_editor

DIFFERING = ("buyer_name", "seller_name", "invoice_no", "invoice_date", "amount_total")
SLIP = "ACME SDN BHD\nDATE 25/12/2018\nTOTAL 9.00\nREF TEN"


def made_in(folder, places, known=()):
    """Two slips, the first with suggestions: (field, word, how sure), and known values."""
    page = sample_documents.page_of(SLIP)
    words = {token.text: (token.id,) for token in page.tokens}
    proposals = [(field, words[word], sure, "run-1") for field, word, sure in places]
    listed = [sample_documents.new("slip", [page], proposals, dict(known)), sample_documents.new("next", [page])]
    return sample_documents.workspace_of(folder, listed)


@pytest.fixture
def shop(tmp_path):
    """A document on which the currency is suggested in the seller's name."""
    places = (("currency", "BHD", 0.86), ("amount_total", "9.00", 0.9), ("purchase_order", "TEN", 0.3))
    made = made_in(tmp_path / "shop", places)
    yield made
    made.close()


def counted(workspace) -> int:
    """Open suggestions as the list has them; the other counts are the same."""
    with workspace.db.read() as connection:
        content = documents.open_document(connection, 1)
        of_fields, _ = offered(connection, [1])
        in_status = document_list.status(connection)["suggestions"]
    count = content.document.suggestions
    assert in_status == of_fields.total() == len(leading(content.suggestions, content.annotations.spans)) == count
    return count


def panel(pilot, field: str) -> str:
    """A field's lines in the panel."""
    lines = pilot.app.mode_screen.query_one(FieldsPanel)._lines
    return "\n".join(strip.text for of, strip in lines if of.id == field)


def listed(pilot) -> str:
    """The first line of the document list."""
    return pilot.app.mode_screen.query_one(DocumentList).render_line(0).text


def hint(pilot) -> str:
    return str(pilot.app.mode_screen.query_one(HintLine).render())


async def test_a_suggestion_whose_word_another_label_has_is_open_nowhere(opened, shop):
    async with opened(shop) as pilot:
        session = pilot.app.mode_screen.session
        assert counted(shop) == 3 and "accept 2" in hint(pilot)
        session.cursor.select(find(session.content, "ACME SDN BHD"))
        await pilot.press("5")
        assert labels(shop) == {"seller_name": ["ACME SDN BHD"]}
        assert counted(shop) == 2
        await pilot.press("escape", "escape")
        assert "BHD" not in panel(pilot, "currency")
        assert {s.field for s in session.view.open_suggestions} == {"amount_total", "purchase_order"}
        await pilot.press("Z")
        assert counted(shop) == 3


async def test_what_is_left_when_a_document_is_accepted_is_not_counted_as_open(opened, shop):
    async with opened(shop) as pilot:
        await pilot.press("A", "a")
        assert kept(shop).state == "labelled" and set(labels(shop)) == {"currency", "amount_total"}
        assert "?" not in listed(pilot)
        with shop.db.read() as connection:
            assert document_list.status(connection)["suggestions"] == 0
        await pilot.press("Z")
        assert kept(shop).state == "started" and "1?" in listed(pilot)


@pytest.fixture
def against(tmp_path):
    """A document whose XML says otherwise in everything."""
    places = (("invoice_date", "25/12/2018", 0.9), ("amount_total", "9.00", 0.9), ("purchase_order", "TEN", 0.8))
    known = {"invoice_date": "2019-01-01", "amount_total": "7.00", "purchase_order": "4711"}
    made = made_in(tmp_path / "against", places, known)
    yield made
    made.close()


async def test_where_all_contradicts_the_known_values_one_key_takes_what_is_on_the_page(opened, against):
    async with opened(against, (120, 36)) as pilot:
        await pilot.press("plus")
        assert labels(against) == {}  # nothing was said of them yet
        await pilot.press("A")
        assert labels(against) == {} and "3 ≠ known.  a go on without them  + accept 3" in hint(pilot)
        await pilot.press("plus")
        assert set(labels(against)) == {"invoice_date", "amount_total", "purchase_order"}
        await pilot.press("Z")
        assert labels(against) == {}


@pytest.fixture
def differing(tmp_path):
    """A document with one suggestion that fits and five that differ from the known values."""
    words = ("ACME", "SDN", "BHD", "25/12/2018", "9.00")
    places = [(field, word, 0.9) for field, word in zip(DIFFERING, words, strict=True)]
    made = made_in(tmp_path / "differing", [*places, ("iban", "TEN", 0.9)], dict.fromkeys(DIFFERING, "none of these"))
    yield made
    made.close()


@pytest.mark.parametrize("columns", [80, 120])
async def test_what_both_keys_do_with_several_values_that_differ_is_seen(opened, differing, columns):
    async with opened(differing, (columns, 36)) as pilot:
        await pilot.press("A")
        assert "1 accepted. 5 ≠ known.  a go on without them  + accept 5" in hint(pilot)
        await pilot.press("plus")
        assert set(labels(differing)) == {*DIFFERING, "iban"}


async def test_a_document_accepted_without_values_that_differ_says_so_on_the_next(opened, differing):
    async with opened(differing, (80, 36)) as pilot:
        await pilot.press("A", "a")
        assert kept(differing).state == "labelled" and pilot.app.mode_screen.session.content.document.name == "next"
        assert hint(pilot).startswith("slip accepted without 5 ≠ known; ! TEN is no valid IBAN.")
        await pilot.press("Z")
        assert kept(differing).state == "started"


async def test_the_last_document_accepted_without_values_that_differ_says_so_too(opened, differing):
    async with opened(differing, (80, 24)) as pilot:
        await pilot.press("J", "t", "t", "A")
        assert kept(differing, 2).state == "labelled" and "accepted without" not in hint(pilot)
        await pilot.press("A", "a")
        assert kept(differing).state == "labelled"
        assert hint(pilot).startswith("5 ≠ known left out; ! iban; Ctrl+Z undoes. The list is done.")
        assert hint(pilot).endswith("? keys")


async def test_the_reason_of_the_mark_in_the_list_is_said_when_the_document_is_opened_again(opened, against):
    async with opened(against, (120, 36)) as pilot:
        await pilot.press("A", "plus", "A")
        assert kept(against).state == "labelled" and "✓ ≠" in listed(pilot)
        await pilot.press("K")
        assert "!" not in hint(pilot) and ": ≠ known: " in hint(pilot)


async def test_the_list_marks_what_is_not_as_known_and_what_does_not_fit_by_signs_of_their_own(opened, tmp_path):
    page = sample_documents.page_of(SLIP)
    words = {token.text: (token.id,) for token in page.tokens}
    made = sample_documents.workspace_of(
        tmp_path / "signs",
        [
            sample_documents.new("unlike", [page], references={"amount_total": "8.00"}),
            sample_documents.new("odd", [page]),
            sample_documents.new("both", [page], references={"amount_total": "8.00"}),
        ],
    )
    for number, fields in ((1, {"amount_total": "9.00"}), (2, {"amount_total": "TEN"}), (3, {"amount_total": "TEN"})):
        editor = open_editor(made, number)
        for field, word in fields.items():
            editor.act("assign", acts.assign(editor.state, field, words[word], "ann"))
    async with opened(made, (160, 45)) as pilot:
        rows = [pilot.app.mode_screen.query_one(DocumentList).render_line(y).text.split() for y in range(3)]
        assert [row[-1] for row in rows] == ["≠", "!", "≠!"]
        await pilot.press("O")
        await pilot.pause()
        assert "≠ not the known value  ! does not fit" in hint(pilot)
    made.close()


async def test_a_suggestion_that_a_label_by_hand_moved_out_of_view_is_accepted_with_the_others(opened, tmp_path):
    page = sample_documents.long_page()
    offered_ones = [("amount_net", (0,), 0.9, "r"), ("amount_tax", (10,), 0.9, "r")]
    made = sample_documents.workspace_of(tmp_path / "long", [sample_documents.new("long", [page], offered_ones)])
    async with opened(made) as pilot:
        await pilot.press("ctrl+end", "t")
        assert 0 not in pilot.app.mode_screen.query_one(PageView).visible_tokens()
        await pilot.press("A")
        assert set(labels(made)) == {"amount_net", "amount_tax", "amount_total"}
        assert kept(made).state == "labelled"
    made.close()
