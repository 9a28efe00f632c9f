"""What a page shows to be wrong, whatever a model reads: a buyer on a till's receipt, a number with another header."""

import pytest

from storage.records import Token
from tests.support.sample_documents import tokens_of
from workbench.fields import invoice_schema
from workbench.locate.candidates import Finder
from workbench.predictions import model_and_rules
from workbench.predictions.page_reading import PageReading

SLIP = """\
   RESTORAN HASSAN
   CASHIER : HASSAN
   {line}
   9556939040116   KF MODELLING CLAY
   TOTAL           9.00
   CASH           10.00
   CHANGE          1.00
"""
LETTER = "   Bei Spiel GmbH\n\n   Theodor Est\n   Bahnstr. 42\n   cash payments are no change of these terms\n"


@pytest.mark.parametrize(
    ("text", "buyer", "is_wrong"),
    [
        (SLIP.format(line="TABLE 3"), "HASSAN", True),
        (SLIP.format(line="Customer : ACME LTD"), "ACME", False),
        (LETTER, "Theodor", False),
    ],
)
def test_a_buyer_that_no_header_names_is_not_taken_from_a_till_s_receipt(text, buyer, is_wrong):
    tokens = tokens_of(text)
    words = tuple(token.id for token in tokens if token.text == buyer)[-1:]
    reading = PageReading(Finder(tokens), invoice_schema().spans, {"buyer_name": (words, 0.9)})
    assert ("buyer_name" in reading.contradicted()) is is_wrong


def test_the_number_beside_another_header_is_no_tax_number():
    tokens = tokens_of("   Globale Nummer:  4000001123452\n   USt-IdNr.:  DE123456789\n")
    for number, is_wrong in (("4000001123452", True), ("DE123456789", False)):
        words = tuple(token.id for token in tokens if token.text == number)
        reading = PageReading(Finder(tokens), invoice_schema().spans, {"buyer_tax_id": (words, 0.6)})
        assert ("buyer_tax_id" in reading.contradicted()) is is_wrong


_ROW = ["ACME", "GmbH", "Hauptstr.", "12", "80331", "München"]


@pytest.mark.timeout(60)  # it was minutes
@pytest.mark.parametrize(
    "words",
    [["aA" * 100_000], ["GmbH"] * 10_000, _ROW * 2000, ["DE1." * 49] * 2000],
    ids=["a word of 200,000 letters", "legal forms", "2,000 addresses", "2,000 long words"],
)
def test_no_page_keeps_the_rules_at_work_for_long(words: list[str]) -> None:
    """A server reads whatever is sent to it: one such page kept it from answering anyone for minutes."""
    boxes = [(40.0 * at, 0.0, 40.0 * at + 35, 10.0) for at in range(6 if words[0] == "ACME" else len(words))]
    tokens = []
    for number, text in enumerate([*words, "Total", "9.00"]):
        line, column = divmod(number, len(boxes))
        x0, y0, x1, y1 = boxes[column]
        tokens.append(Token(number, 0, line, text, (x0, y0 + 14 * line, x1, y1 + 14 * line)))
    readings = model_and_rules.read_all(Finder(tokens), invoice_schema().spans, {})
    assert readings["amount_total"].rules == (len(tokens) - 1,)


def test_what_was_given_less_the_change_outweighs_what_a_model_takes_for_the_total():
    tokens = tokens_of("KEDAI\nTOTAL SALES INCL GST  64.13\nTOTAL  64.15\nCASH  100.00\nCHANGE  35.85\n")
    given = next(token.id for token in tokens if token.text == "100.00")
    fields = [field for field in invoice_schema() if field.id.startswith("amount")]
    read = model_and_rules.read_all(Finder(tokens), fields, {"amount_total": ((given,), 0.99)})["amount_total"]
    assert [tokens[word].text for word in read.rules] == ["64.15"] and read.strong


def test_the_block_below_its_heading_is_the_buyer_s_though_no_seller_s_block_is_found():
    tokens = tokens_of(
        "   Factuur aan:\n   de Boer Transport N.V.\n   Stationsplein 21\n   8703 PV Tilburg\n\n   Factuur 25877530\n"
    )
    words = tuple(token.id for token in tokens if token.text in ("Boer", "Transport"))
    reading = PageReading(Finder(tokens), invoice_schema().spans, {"seller_name": (words, 0.9)})
    places = reading.places()
    assert " ".join(tokens[i].text for i in places["buyer_name"].tokens) == "de Boer Transport N.V."
    assert "seller_name" in reading.contradicted()
    assert "seller_name" not in places
