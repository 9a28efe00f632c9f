"""Dates behind a document's number, numbers that go on in the next line of their column, rates, Chinese headers."""

import pytest

from tests.support.sample_documents import tokens_of
from workbench.fields import FieldType, invoice_schema
from workbench.fields.values import joined
from workbench.locate import checked_numbers, rates
from workbench.locate.candidates import Finder
from workbench.locate.context import Surroundings
from workbench.locate.parties import extent

SCHEMA = invoice_schema()


def best(text: str, field: str) -> str:
    tokens = tokens_of(text)
    ranked = Finder(tokens).ranked(SCHEMA.get(field))
    return joined(tokens[i].text for i in ranked[0].tokens) if ranked else ""


@pytest.mark.parametrize("title", ["Factura nº 92025 del 03/05/2020", "Rechnung Nr. 92025 vom 03/05/2020"])
def test_the_date_behind_the_number_in_the_title_is_the_document_s(title):
    text = f"Ordine Data\n77120 01/05/2020\n\n{title}\n\nScadenza 02/06/2020\n"
    assert best(text, "invoice_date") == "03/05/2020"


def test_a_date_in_a_row_of_references_is_not_taken_for_the_title_s():
    text = "Invoice ID    Bill Date     Due Date\nINV 963785    09/06/2015    24/07/2015\n"
    assert best(text, "due_date") == "24/07/2015"


@pytest.mark.parametrize(
    ("field", "line", "value"),
    [
        ("invoice_no", "收据编号： RE-869294", "RE-869294"),
        ("purchase_order", "客户订单号： 459689", "459689"),
        ("due_date", "付款截止日期： 2023-05-28", "2023-05-28"),
        ("amount_total", "应付金额： 88.00", "88.00"),
    ],
)
def test_a_chinese_header_names_the_value_behind_it(field, line, value):
    text = f"海信实业有限公司\n日期： 2023-05-21\n电话： 400-238-6584\n{line}\n单价： 93.00\n"
    assert best(text, field) == value


def test_an_account_goes_on_in_the_next_line_of_its_column():
    text = (
        "IBAN: ES91 2100 0418        Registro Mercantil de Madrid\n"
        "4502 0005 1332              Tomo 9386\n"
    )  # fmt: skip
    tokens = tokens_of(text)
    (number,) = checked_numbers.ibans(Surroundings(tokens))
    assert number.text == "ES9121000418450200051332"


@pytest.mark.parametrize(
    ("text", "word", "is_one"),
    [
        ("MwSt 19 %   19,00\n", "19", True),
        ("MwSt 22,00\n", "22,00", False),
        ("Steuersatz 7,00\n", "7,00", True),
        ("Steuersatz\n5.5 %\n22,00\n", "22,00", False),
        ("Skonto 2 %\n", "2", False),
    ],
)
def test_a_number_with_cents_is_a_rate_only_where_a_header_can_mean_nothing_else(text, word, is_one):
    around = Surroundings(tokens_of(text))
    words = [next(token.id for token in around.tokens if token.text == word)]
    assert rates.is_rate(around, SCHEMA.get("tax_rate"), words) is is_one


def test_a_bare_number_where_the_rate_was_labelled_is_a_rate():
    around = Surroundings(tokens_of("Kaffee 19 3,50\n"))
    assert not rates.is_rate(around, SCHEMA.get("tax_rate"), [1])
    assert rates.is_rate(around, SCHEMA.get("tax_rate"), [1], at_label=True)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FieldType.PARTY, "A la atención de Diego Castro"),
        (FieldType.PARTY, "Registro Mercantil de Sevilla"),
        (FieldType.ADDRESS, "de Barcelona, Tomo 3639, Folio 500,"),
        (FieldType.ADDRESS, "Spettabile ditta,"),
    ],
)
def test_a_register_s_entry_and_a_letter_s_words_are_no_party(kind, text):
    assert extent.is_none(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FieldType.PARTY, "T.a.v. Bakker Automatisering"),
        (FieldType.PARTY, "Tel Aviv Trading Ltd"),
        (FieldType.ADDRESS, "Tomo 12, Hoja M-1812, Paseo de Gracia 17, 08808 Gijón"),
    ],
)
def test_what_has_a_party_beside_them_is_one(kind, text):
    assert not extent.is_none(kind, text)
