"""Warnings about a label are seen when it is made, however little space the panel has."""

import pytest

from screens.annotate.fields_panel import FieldsPanel
from screens.widgets.status_lines import HintLine
from tests.support import sample_documents
from tests.support.sample_documents import labels

PAPER = "ACME LTD\nNo. 4711\nDate 25/12/2018\nTotal 9.00\nIBAN DE75120300001234567899\n"
KNOWN = {"seller_name": "ACME LTD", "invoice_no": "4711", "invoice_date": "2018-12-25", "amount_total": "9.00"}


def hint(pilot) -> str:
    return str(pilot.app.mode_screen.query_one(HintLine).render())


def panel_in_view(pilot) -> str:
    panel = pilot.app.mode_screen.query_one(FieldsPanel)
    return "\n".join(panel.render_line(y).text for y in range(panel.size.height))


@pytest.fixture
def paper(tmp_path):
    page = sample_documents.page_of(PAPER)
    made = sample_documents.workspace_of(tmp_path / "paper", [sample_documents.new("paper", [page], references=KNOWN)])
    yield made
    made.close()


@pytest.mark.parametrize("size", [(80, 24), (120, 22)])
async def test_a_label_that_does_not_fit_says_so_at_the_foot_and_is_in_view_in_the_panel(opened, paper, size):
    async with opened(paper, size) as pilot:
        await pilot.press("5", "1", "2", "t", "slash", *"DE7512", "enter", "i")
        assert labels(paper)["iban"] == ["DE75120300001234567899"]
        assert hint(pilot).startswith("iban: ! ")
        assert "! " in panel_in_view(pilot).split("iban")[1]


async def test_lines_that_say_that_a_value_agrees_give_way_where_the_panel_is_short(opened, paper):
    async with opened(paper, (120, 50)) as pilot:
        await pilot.press("t")
        assert "agrees with the known value" in panel_in_view(pilot)
    async with opened(paper, (120, 22)) as pilot:
        assert "agrees with the known value" not in panel_in_view(pilot) and "known ✓" in panel_in_view(pilot)


async def test_a_suggestion_that_is_shown_before_it_is_accepted_is_in_view_in_the_panel_too(opened, tmp_path):
    page = sample_documents.long_page()
    offered = [("invoice_no", (1,), 0.9, "r"), ("amount_total", (1490,), 0.9, "r")]
    made = sample_documents.workspace_of(tmp_path / "long", [sample_documents.new("long", [page], offered)])
    async with opened(made, (120, 16)) as pilot:
        assert "amount_total" not in panel_in_view(pilot)
        await pilot.press("A")
        assert "In view now: amount_total." in hint(pilot) and "amount_total" in panel_in_view(pilot)
    made.close()


@pytest.fixture
def wrong(tmp_path):
    """Two documents, each with suggestions that do not fit."""
    page = sample_documents.page_of("ACME LTD\nVAT DE123456789\nDate 25/12/2018\nDue 24/12/2018\nTotal 9.00\n")
    words = {token.text: (token.id,) for token in page.tokens}
    offered = [
        ("seller_tax_id", words["DE123456789"], 0.9, "r"),
        ("invoice_date", words["25/12/2018"], 0.9, "r"),
        ("amount_total", words["9.00"], 0.9, "r"),
    ]
    late = [*offered[1:], ("due_date", words["24/12/2018"], 0.8, "r")]
    listed = [sample_documents.new(name, [page], of) for name, of in (("e01", offered), ("e02", late), ("e03", []))]
    made = sample_documents.workspace_of(tmp_path / "wrong", listed)
    yield made
    made.close()


async def test_a_suggestion_that_would_not_fit_says_so_before_it_is_accepted(opened, wrong):
    async with opened(wrong, (80, 24)) as pilot:
        assert labels(wrong) == {}
        assert "! DE123456789 is no valid VAT" in " ".join(panel_in_view(pilot).split())
        await pilot.press("tab")
        while "seller_tax_id" not in hint(pilot):
            await pilot.press("tab")
        assert hint(pilot).startswith("seller_tax_id 90%: ! no valid VAT number.  Enter/7 yes  x no")
        await pilot.press("J")
        assert "! The due date 2018-12-24" in " ".join(panel_in_view(pilot).split())


async def test_what_does_not_fit_of_an_accepted_document_is_said_on_the_next(opened, wrong):
    async with opened(wrong, (80, 24)) as pilot:
        await pilot.press("A")
        assert hint(pilot).startswith("e01 accepted; ! no valid VAT number; Ctrl+Z undoes.  A accept")
        await pilot.press("A")
        assert hint(pilot).startswith("e02 accepted; ! The due date is before the invoice date.")
        await pilot.press("t", "a")
        assert "! " not in hint(pilot)


async def test_an_accepted_document_does_not_count_suggestions_as_labels_that_do_not_fit(opened, wrong):
    async with opened(wrong, (120, 36)) as pilot:
        await pilot.press("tab")
        while "amount_total" not in hint(pilot):
            await pilot.press("tab")
        await pilot.press("enter", "a")
        assert "accepted without" in hint(pilot) and "VAT" not in hint(pilot)


async def test_a_long_warning_leaves_space_for_both_keys_that_decide(opened, wrong):
    async with opened(wrong, (120, 36)) as pilot:
        while not hint(pilot).startswith("seller_tax_id"):
            await pilot.press("tab")
        assert hint(pilot).startswith("seller_tax_id 90%: ! DE123456789 is no valid VAT number.  Enter/7 yes  x no")
