"""Fields that stay empty when a document is accepted: said before the key and after it, with no further question."""

import pytest

from screens.annotate.fields_panel import FieldsPanel
from screens.widgets.status_lines import HintLine
from storage.records import Source, Span
from tests.support import sample_documents
from tests.support.sample_documents import find, kept, labels
from workbench.fields import Schema, invoice_schema

SLIP = "ACME SDN BHD\nDATE 25/12/2018\nTOTAL 9.00\nRATE 6%"
FIELDS = ("seller_name", "invoice_date", "amount_total", "tax_rate", "due_date")
SUGGESTED = {"seller_name": "ACME SDN BHD", "invoice_date": "25/12/2018", "amount_total": "9.00"}


def hint(pilot) -> str:
    return str(pilot.app.mode_screen.query_one(HintLine).render())


def slips(folder, suggested=SUGGESTED, finished: int = 0, fields=FIELDS):
    """Two slips with suggestions, and some that were accepted by hand with these labels."""
    page = sample_documents.page_of(SLIP)
    places = sample_documents.places_of(suggested, page)
    offered = [(field, tokens, 0.9, "run-1") for field, tokens in places.items()]
    spans = tuple(Span(field, tokens, Source.SUGGESTION, "ann") for field, tokens in places.items())
    listed = [sample_documents.new(f"slip{n}", [page], offered) for n in (1, 2)]
    listed += [sample_documents.new(f"done{n}", [page], labelled=True, spans=spans) for n in range(finished)]
    made = sample_documents.workspace_of(folder, listed)
    made.change_schema(lambda now: Schema(tuple(f for f in now if f.id in fields)))
    return made


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_fields_that_stay_empty_are_named_before_the_key_and_after_it(opened, tmp_path, size):
    made = slips(tmp_path / "slips")
    async with opened(made, size) as pilot:
        assert "A accept all 3, due_date, tax_rate stay empty" in hint(pilot)
        await pilot.press("A")
        assert kept(made).state == "labelled" and set(labels(made)) == set(SUGGESTED)
        news = "due_date, tax_rate empty; Ctrl+Z takes it back." if size[0] == 120 else "2 empty."
        assert hint(pilot).startswith(f"slip1 accepted; {news}")
        assert "A accept all 3, due_date, tax_rate" in hint(pilot)  # what is next comes before what was
        await pilot.press("Z")
        assert kept(made).state == "started"
        assert ("due_date, tax_rate stay empty" if size[0] == 120 else "a accept, 2 empty") in hint(pilot)
        await pilot.press("plus", "M", "escape")
        assert "a accept, next document" in hint(pilot)
        await pilot.press("a")
        assert kept(made).state == "labelled" and not hint(pilot).startswith("slip1")
    made.close()


async def test_a_field_that_most_finished_documents_are_without_is_not_named(opened, tmp_path):
    made = slips(tmp_path / "slips", finished=5)
    async with opened(made) as pilot:
        assert "A accept all 3, next document" in hint(pilot)
        await pilot.press("tab", "x", "escape")  # of a field that they have it is said
        assert "A accept all 2, seller_name stays empty" in hint(pilot)
        await pilot.press("A")
        assert hint(pilot).startswith("slip1 accepted; seller_name empty; Ctrl+Z takes it back.")
    made.close()


async def test_what_a_person_did_not_accept_does_not_say_which_fields_are_seldom_there(opened, tmp_path):
    page = sample_documents.page_of(SLIP)
    tokens = sample_documents.places_of(SUGGESTED, page)["amount_total"]
    imported = (Span("amount_total", tokens, Source.IMPORT, "gold"),)
    listed = [sample_documents.new(f"gold{n}", [page], labelled=True, spans=imported) for n in range(6)]
    made = sample_documents.workspace_of(tmp_path / "gold", [sample_documents.new("slip", [page]), *listed])
    async with opened(made) as pilot:
        await pilot.press("t", "escape")
        assert "a accept, invoice_no, invoice_date, due_date and 12 more stay empty" in hint(pilot)
        await pilot.press("a")
        assert hint(pilot).startswith("15 empty; Ctrl+Z undoes. The list is done.")
    made.close()


@pytest.mark.parametrize(
    ("size", "says"),
    [((120, 36), "seller_name and 12 more stay empty"), ((80, 24), "seller_name and 12 more empty")],
)
async def test_of_many_empty_fields_those_are_named_that_the_vendors_documents_then_all_mostly_have(
    opened, tmp_path, size, says
):
    page = sample_documents.page_of(SLIP)
    listed = [sample_documents.new("slip", [page], [("amount_total", find(page, "9.00"), 0.9, "run-1")], group="acme")]
    accepted = ("acme", ["tax_rate"]), ("bolt", ["invoice_date"]), ("bolt", ["invoice_date", "seller_name"])
    for group, fields in accepted:
        places = sample_documents.places_of({"tax_rate": "6%", **SUGGESTED}, page)
        spans = tuple(Span(field, places[field], Source.HUMAN, "ann") for field in fields)
        name = f"done{len(listed)}"
        listed.append(sample_documents.new(name, [page], labelled=True, spans=spans, group=group))
    made = sample_documents.workspace_of(tmp_path / "many", listed)
    async with opened(made, size) as pilot:
        assert "A accept it, tax_rate, invoice_date" in hint(pilot) and says in hint(pilot)
    made.close()


async def test_what_plus_leaves_without_a_label_is_named_before_the_document_is_accepted(opened, tmp_path):
    made = slips(tmp_path / "slips", fields=(*SUGGESTED, "seller_address"))
    async with opened(made, (80, 24)) as pilot:
        await pilot.press("plus")
        assert hint(pilot).startswith("Accepted: seller_name, invoice_date, amount_total.  a accept, 1 empty")
    made.close()


async def test_what_all_fits_into_the_panel_is_brought_into_view(opened, tmp_path):
    page = sample_documents.page_of("\n".join(f"value{n} {n}.00" for n in range(14)))
    fields = [field.id for field in invoice_schema().spans]
    offered = [(field, (2 * number,), 0.9, "r") for number, field in enumerate(fields[-4:])]
    made = sample_documents.workspace_of(tmp_path / "few", [sample_documents.new("slip", [page], offered)])
    async with opened(made, (120, 16)) as pilot:
        await pilot.press("down", "down", "down", "down", "down")  # away from the suggestion that is under the cursor
        assert set(fields[-4:]) <= pilot.app.mode_screen.query_one(FieldsPanel).fields_in_view()
        assert "unseen" not in hint(pilot)
    made.close()


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_field_that_the_next_key_leaves_empty_is_named_rather_than_the_news_of_the_last_document(
    opened, tmp_path, size
):
    page = sample_documents.page_of(SLIP.replace("25/12/2018", "25/12/2018 DUE 24/12/2018"))
    offered = {**SUGGESTED, "due_date": "24/12/2018"}  # before the invoice's date
    listed = [
        sample_documents.new(
            f"a-long-name-of-a-document-{n}",
            [page],
            [(field, tokens, 0.9, "r") for field, tokens in sample_documents.places_of(offered, page).items()],
        )
        for n in (1, 2)
    ]
    made = sample_documents.workspace_of(tmp_path / "news", listed)
    made.change_schema(lambda now: Schema(tuple(f for f in now if f.id in FIELDS)))
    async with opened(made, size) as pilot:
        assert "tax_rate stays empty" in hint(pilot)
        await pilot.press("A")
        assert kept(made).state == "labelled"
        assert (
            " accepted; " in hint(pilot)
            and "! " in hint(pilot)
            and "tax_rate " in hint(pilot).partition("A accept all 4, ")[2]
        )
        await pilot.press("escape")
        assert "tax_rate stays empty" in hint(pilot)
    made.close()
