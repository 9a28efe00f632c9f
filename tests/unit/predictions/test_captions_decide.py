"""Of equal values the one beside its own caption is taken, whatever place a model reads."""

import pytest

from tests.support.sample_documents import tokens_of
from workbench.fields import invoice_schema
from workbench.locate.candidates import Finder
from workbench.predictions import model_and_rules

SCHEMA = invoice_schema()


def read(text: str, fields: tuple[str, ...], **believed: tuple[str, int]) -> dict[str, tuple[int, ...]]:
    """The words that are taken, where a model reads so named words, counted from 0 where they are printed again."""
    tokens = tokens_of(text)
    values = {
        name: (([token.id for token in tokens if token.text == word][nth],), 0.98)
        for name, (word, nth) in believed.items()
    }
    listed = [field for field in SCHEMA.spans if field.id in fields]
    both = model_and_rules.read_all(Finder(tokens), listed, values)
    record = model_and_rules.TrackRecord(model_and_rules.shipped())
    return {name: record.believed(name, reading)[0] for name, reading in both.items()}


def places(text: str, word: str) -> list[tuple[int, ...]]:
    return [(token.id,) for token in tokens_of(text) if token.text == word]


SALE = """\
   PENCIL                            10.45
   TOTAL SALES (INCLUSIVE OF GST)    99.45
   {paid}                            99.45
"""
TAXED = """\
   NET TOTAL     100.00
   TAX 6%          6.00
   TOTAL         106.00
   CASH          106.00
   CHANGE          0.00
"""


def test_the_total_is_taken_from_its_own_line_not_from_that_of_its_payment() -> None:
    for paid in ("CASH", "VISA CARD", "CREDIT"):
        text = SALE.format(paid=paid)
        taken = read(text, ("amount_total",), amount_total=("99.45", 1))
        assert taken["amount_total"] == places(text, "99.45")[0]
    sums = ("amount_net", "amount_tax", "amount_total")
    assert read(TAXED, sums, amount_total=("106.00", 1))["amount_total"] == places(TAXED, "106.00")[0]


def test_a_net_amount_is_not_taken_from_the_line_of_a_payment() -> None:
    text = "   V-POWER   100.00\n   TOTAL     100.00\n   CASH      100.00\n   GST         0.00\n"
    sums = ("amount_net", "amount_tax", "amount_total")
    taken = read(text, sums, amount_net=("100.00", 2), amount_total=("100.00", 1))
    assert taken.get("amount_net") != places(text, "100.00")[2]


def test_a_delivery_s_date_is_no_due_date() -> None:
    text = "   Rechnung vom 05.12.2018\n   Liefer- und Leistungsdatum: 06.12.2018\n   Bitte zahlen Sie bald.\n"
    taken = read(text, ("due_date",), due_date=("06.12.2018", 0)).get("due_date")
    assert taken != places(text, "06.12.2018")[0]
    text += "   Fällig am 06.12.2018\n"
    assert read(text, ("due_date",), due_date=("06.12.2018", 0))["due_date"] == places(text, "06.12.2018")[1]


@pytest.mark.parametrize("caption", ["GST ID", "VAT No", "Tax Reg No"])
def test_a_number_glued_to_the_caption_of_a_tax_number_is_the_seller_s_and_no_document_s(caption: str) -> None:
    text = f"   OAK CAFE\n   TAX INVOICE\n   {caption}:000801587\n   TABLE 5\n   TOTAL   9.00\n"
    word = caption.split()[-1] + ":000801587"
    taken = read(text, ("invoice_no", "seller_tax_id"), invoice_no=(word, 0))
    assert taken["seller_tax_id"] == places(text, word)[0]
    assert taken.get("invoice_no") != places(text, word)[0]


def test_a_number_glued_to_the_caption_of_a_document_s_number_is_it() -> None:
    text = "   OAK CAFE\n   Invoice No:000801587\n   TABLE 5\n   TOTAL   9.00\n"
    taken = read(text, ("invoice_no", "seller_tax_id"), seller_tax_id=("No:000801587", 0))
    assert taken["invoice_no"] == places(text, "No:000801587")[0]
    assert "seller_tax_id" not in taken


@pytest.mark.parametrize("piece", ["1204", "311", "7702"])
def test_a_piece_of_a_number_that_dashes_join_is_not_taken(piece: str) -> None:
    text = "   OAK CAFE\n   BILL 1204 - 311 - 7702 - 50618\n   TABLE 5\n   TOTAL   9.00\n"
    taken = read(text, ("invoice_no",), invoice_no=(piece, 0))
    whole = [token.id for token in tokens_of(text) if token.text in ("1204", "-", "311", "7702", "50618")]
    assert list(taken["invoice_no"]) == whole
