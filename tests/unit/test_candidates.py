"""What a field's key jumps to: header words, place and form, on invoices of several languages."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "screens"))

import desks

from workbench.candidates import Finder
from workbench.fields import FieldType, invoice_schema

SCHEMA = invoice_schema()
GERMAN = """\
   Müller Werkzeuge GmbH                 Rechnung
   Hauptstraße 12
   10115 Berlin

   Rechnungsnummer: RE-2024-118
   Rechnungsdatum:  05.03.2024
   Zahlbar bis:     04.04.2024

   Pos  Artikel     Menge   Preis     Summe
   1    Bohrer      2       10,00     20,00
   2    Säge        1       80,00     80,00

   Nettobetrag                       100,00
   MwSt 19 %                          19,00
   Gesamtbetrag                      119,00
"""


def best(text: str, field: str, taken: tuple[int, ...] = ()) -> str:
    tokens = desks.tokens_of(text)
    ranked = Finder(tokens).ranked(SCHEMA.get(field), taken)
    return " ".join(tokens[i].text for i in ranked[0].tokens) if ranked else ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("invoice_no", "RE-2024-118"),
        ("invoice_date", "05.03.2024"),
        ("due_date", "04.04.2024"),
        ("seller_name", "Müller Werkzeuge GmbH"),
        ("seller_address", "Hauptstraße 12 10115 Berlin"),
        ("amount_net", "100,00"),
        ("amount_tax", "19,00"),
        ("amount_total", "119,00"),
    ],
)
def test_a_german_invoice(field, value):
    assert best(GERMAN, field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount_total", "9.00"), ("amount_tax", "0.51"), ("amount_net", "8.49"), ("invoice_no", "INV-2018-77")],
)
def test_an_english_receipt(field, value):
    assert best(desks.RECEIPT, field) == value


def test_a_chinese_invoice():
    assert best(desks.CHINESE, "amount_total") == "¥169.50"
    assert best(desks.CHINESE, "seller_name") == "深圳市明达科技有限公司"


def test_a_name_is_offered_without_its_registration_number():
    assert best("ACME SDN BHD (728515-N)\nSTREET 1\n", "seller_name") == "ACME SDN BHD"


def test_what_another_field_has_comes_last():
    tokens = desks.tokens_of(desks.RECEIPT)
    total = Finder(tokens).ranked(SCHEMA.get("amount_total"))[0].tokens
    assert total != Finder(tokens).ranked(SCHEMA.get("amount_total"), total)[0].tokens


def test_a_text_field_is_what_stands_beside_its_name():
    schema = SCHEMA.add("Cashier", FieldType.TEXT)
    tokens = desks.tokens_of("CASHIER: MANIS\n")
    assert Finder(tokens).ranked(schema.get("cashier"))[0].tokens == (1,)


@pytest.mark.parametrize("text", ["", "%%%\n", "\n\n.\n"])
def test_a_page_with_nothing_on_it_has_no_candidates(text):
    for field in SCHEMA:
        assert Finder(desks.tokens_of(text)).ranked(field) == []
