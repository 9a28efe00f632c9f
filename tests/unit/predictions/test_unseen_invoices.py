"""What invoices of several countries print in their own ways is read as it is meant."""

import pytest

from storage.records import Token
from tests.support.sample_documents import tokens_of
from workbench.fields import FieldType, invoice_schema
from workbench.fields.values import normalise
from workbench.locate import checked_numbers
from workbench.locate.candidates import Finder
from workbench.locate.parties import extent
from workbench.locate.parties.blocks import PartyBlocks
from workbench.predictions import model_and_rules, payment_sentences
from workbench.predictions.page_reading import PageReading

FIELDS = invoice_schema().spans
DUE = next(field for field in FIELDS if field.id == "due_date")
ORDER = next(field for field in FIELDS if field.id == "purchase_order")


def finder(*lines: tuple[float, float, str], height: float = 11) -> Finder:
    """(x, y, text) in thousandths of the page, half a height a letter."""
    tokens: list[Token] = []
    for number, (left, y, text) in enumerate(lines):
        x = left
        for word in text.split():
            tokens.append(Token(len(tokens), 0, number, word, (x, y, x + 6 * len(word), y + height)))
            x += 6 * len(word) + 4
    return Finder(tokens)


def places(document: Finder) -> dict[str, str]:
    reading = PageReading(document, FIELDS, {})
    return {name: document.around.text(place.tokens) for name, place in reading.places().items()}


@pytest.mark.parametrize(
    "row", ["Total HT  5 044,89", "Total HT  EUR5 044,89", "Razem netto  81 436,02 zł", "Total HT  1 005 044,89"]
)
def test_thousands_that_stand_apart_are_one_amount(row):
    document = finder((100, 10, row))
    assert list(document.amounts) == [int("".join(c for c in row if c.isdigit()))]


def test_a_quantity_in_a_column_of_its_own_is_no_part_of_the_amount():
    assert 22815 in finder((100, 10, "Papier"), (300, 10, "9"), (360, 10, "228,15")).amounts


@pytest.mark.parametrize(
    ("sentence", "date"),
    [
        ("Zahlbar ohne Abzug bis 28. Juli 2023.", "28. Juli 2023."),
        ("Prosimy o zapłatę do dnia 2025-07-24.", "2025-07-24."),
        ("Gelieve het bedrag vóór 23/03/2023 over te maken.", "23/03/2023"),
        ("Bei Zahlungseingang bis 19.02.2023 gewähren wir 2 % Skonto", ""),
        ("Ihre Anzahlung ist am 19.02.2023 eingegangen", ""),
    ],
)
def test_the_date_until_which_a_sentence_asks_for_payment_is_the_due_date(sentence, date):
    document = Finder(tokens_of(f"   Rechnungsdatum: 01.02.2023\n\n   {sentence}\n"))
    words = payment_sentences.due_date(document, DUE)
    assert document.around.text(words) == date


def test_an_account_is_no_tax_number():
    document = Finder(tokens_of("   IBAN PL97 7191 4300 9383 9306 5359 2783\n"))
    assert checked_numbers.ibans(document.around) and not checked_numbers.tax_numbers(document.around)


def test_the_letters_of_a_number_are_no_header_of_another_number():
    document = finder((65, 285, "Order"), (65, 298, "PO056741"), (309, 298, "F202406050"))
    scores = {document.around.text(c.tokens): c.score for c in document.ranked(ORDER)}
    assert scores["PO056741"] > scores["F202406050"] + 0.5


def test_each_party_s_tax_number_stands_under_its_own_block():
    page = (
        (60, 54, "Verkäufer:"), (520, 54, "Kunde:"), (60, 72, "Nordwerk GmbH"), (520, 72, "Hafen Handel AG"),
        (60, 86, "Gartenweg 5"), (520, 86, "Lindenstraße 9"), (60, 100, "24568 Kaltenkirchen"),
        (520, 100, "80469 München"), (60, 114, "USt-IdNr. DE136695976"), (520, 114, "USt-IdNr. DE811569869"),
    )  # fmt: skip
    read = places(finder(*page))
    assert "DE136695976" in read["seller_tax_id"] and "DE811569869" in read["buyer_tax_id"]


def test_the_name_stands_in_large_print_above_the_letterhead_s_line():
    tokens = list(finder((60, 70, "Am Hang, 12 Kirchweg 7 | 8010 Graz | Tel. 0316 97"), height=8)._tokens)
    for at, word in enumerate(("Kärntner", "Mühlen")):
        x = 60 + 110 * at
        tokens.append(Token(len(tokens), 0, 1, word, (x, 40, x + 100, 62)))
    for number, (y, text) in enumerate(((158, "Kanzlei Reimers"), (173, "Im Grund 64"), (187, "49074 Osnabrück")), 2):
        x = 60
        for word in text.split():
            tokens.append(Token(len(tokens), 0, number, word, (x, y, x + 6 * len(word), y + 11)))
            x += 6 * len(word) + 4
    read = places(Finder(tokens))
    assert read["seller_name"] == "Kärntner Mühlen" and read["buyer_name"] == "Kanzlei Reimers"


def test_an_address_ends_before_its_country():
    around = Finder(tokens_of("   Seeweg 173\n   3011 Bern\n   Schweiz\n")).around
    assert around.text(extent.without_country(around, (0, 1, 2, 3, 4))) == "Seeweg 173 3011 Bern"
    assert extent.without_country(around, (2, 3)) == (2, 3)


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        ("   Dorpsstraat 9\n   6013 MC Arnhem Telefoon.\n", "Dorpsstraat 9 6013 MC Arnhem"),
        ("   12 Mill Road\n   50480 Ipoh 03-41318972\n", "12 Mill Road 50480 Ipoh"),
        ("   12 Mill Road\n   50480 Ipoh Hallo :\n", "12 Mill Road 50480 Ipoh"),
        ("   12 Mill Road\n   Mobile, AL 36602\n", "12 Mill Road Mobile, AL 36602"),
        ("   12 Mill Road Phone\n", "12 Mill Road Phone"),
    ],
)
def test_an_address_ends_before_what_is_printed_behind_its_town(lines: str, whole: str):
    around = Finder(tokens_of(lines)).around
    words = tuple(range(len(around.tokens)))
    assert around.text(extent.without_next(around, FieldType.ADDRESS, words)) == whole


def test_a_name_ends_with_its_legal_form_before_a_register_s_header():
    document = Finder(tokens_of("   Kuipers en Zonen BV K.V.K.\n   Dorpsstraat 9\n   6013 MC Arnhem\n   Totaal 9,00\n"))
    read = model_and_rules.read_all(document, FIELDS, {"seller_name": ((0, 1, 2, 3), 0.99)})["seller_name"]
    assert document.around.text(read.model) == "Kuipers en Zonen BV"
    assert extent.without_next(document.around, FieldType.PARTY, (4,)) == (4,)


def test_a_model_that_reads_a_part_of_an_address_gets_the_whole():
    document = Finder(tokens_of("   Piazza Duomo, 29\n   20121 Milano MI\n"))
    read = model_and_rules.read_all(document, FIELDS, {"seller_address": ((0, 1, 2), 0.99)})["seller_address"]
    assert document.around.text(read.model) == "Piazza Duomo, 29 20121 Milano MI"


def test_a_sure_model_keeps_a_register_s_number_out_of_the_address():
    document = Finder(
        tokens_of("   Acme Ltd\n   License 1494514\n   285 Main Street, Tampa, FL 58450\n   Total 9.00\n")
    )
    address = next(field for field in FIELDS if field.id == "seller_address")

    def read(sure: float) -> str:
        values = {address.id: (tuple(range(4, 10)), sure)}
        return document.around.text(model_and_rules.read_all(document, [address], values)[address.id].model)

    assert read(0.6) == "License 1494514 285 Main Street, Tampa, FL 58450"
    assert read(0.99) == "285 Main Street, Tampa, FL 58450"


def test_the_currency_is_a_word_that_no_sum_has():
    document = Finder(
        tokens_of(
            "   Net amount   £100.00\n   VAT 20%   £20.00\n   Invoice total   £120.00\n\n   Deduct £2.40 before May\n"
        )
    )
    assert places(document)["currency"] == "£2.40"


@pytest.mark.parametrize(
    ("seller", "read"), [("ACME HEALTH SDN", ""), ("ACME HEALTH SDN   ", ""), ("ACME HEALTH", "BHD")]
)
def test_a_model_s_currency_is_no_word_of_a_company_s_name(seller, read):
    document = Finder(tokens_of(f"   {seller} BHD\n   Total   28.90\n"))
    at = len(seller.split())
    found = model_and_rules.read_all(document, FIELDS, {"currency": ((at,), 0.86)}).get("currency")
    assert (document.around.text(found.model) if found else "") == read


@pytest.mark.parametrize(
    ("text", "day"),
    [("15 settembre 2025", "2025-09-15"), ("8 de enero de 2025", "2025-01-08"), ("5 października 2023", "2023-10-05")],
)
def test_spanish_italian_and_polish_months_are_found_on_a_page(text, day):
    ranked = Finder(tokens_of(f"   {text}\n")).ranked(DUE)
    assert ranked and normalise(FieldType.DATE, text).normal == day


def test_a_customer_s_number_is_no_name_of_the_buyer():
    document = finder((65, 285, "Nº cliente"), (187, 285, "Nº de factura"), (65, 297, "72146"), (187, 297, "INV-68"))
    buyer = next(field for field in FIELDS if field.id == "buyer_name")
    assert not any(candidate.headed for candidate in document.ranked(buyer))


def test_a_polish_header_is_known_with_its_struck_letter():
    document = finder((330, 206, "Termin płatności"), (520, 206, "25.07.2025"), (520, 190, "11.07.2025"))
    assert document.ranked(DUE)[0].header == "Termin płatności"


@pytest.mark.parametrize("street", ["C/ Mayor, 53", "53, rue Carnot"])
def test_a_comma_before_or_behind_a_house_number_divides_no_street(street):
    document = finder((60, 100, f"Montoya SL | {street} | 48001 Bilbao"), (60, 150, "Peña SA"))
    address = next(party.address for party in PartyBlocks(document.around).blocks)
    assert document.around.text(address) == f"{street} 48001 Bilbao"


def test_net_and_the_taxes_of_two_rates_add_up_to_the_total():
    lines = ("Wartość netto|1510,84", "Podatek VAT 23%|314,51", "Podatek VAT 8%|11,47", "Razem brutto|1836,82")
    rows = [row.split("|") for row in lines]
    document = finder(*((100 + 400 * x, 100 + 20 * y, rows[y][x]) for y in range(4) for x in (0, 1)))
    read = places(document)
    assert read["amount_net"] == "1510,84" and read["amount_total"] == "1836,82" and read["amount_tax"] == ""


def test_a_table_of_two_rates_has_the_sums_in_its_last_row_and_no_one_rate():
    lines = (
        "MwSt|Netto|Steuer|Brutto",
        "7%|100,00|7,00|107,00",
        "19%|200,00|38,00|238,00",
        "Gesamt|300,00|45,00|345,00",
    )
    rows = [row.split("|") for row in lines]
    read = places(finder(*((60 + 200 * x, 100 + 20 * y, rows[y][x]) for y in range(4) for x in range(4))))
    assert (read["amount_net"], read["amount_tax"], read["amount_total"]) == ("300,00", "45,00", "345,00")
    assert read["tax_rate"] == ""


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("Ibarra S.L. | Polígono Sur, nave 142 | 48001 Bilbao", "Polígono Sur, nave 142 48001 Bilbao"),
        ("Kowal s.c., ul. Długa 21/4, 80-831 Gdańsk. KRS Gdańsk", "ul. Długa 21/4, 80-831 Gdańsk."),
    ],
)
def test_the_parts_of_a_line_are_divided_as_it_divides_them(line, address):
    blocks = PartyBlocks(finder((60, 800, line)).around)
    party = blocks.blocks[0]
    assert blocks.around.text(party.address) == address and blocks.around.text(party.name).startswith(line.split()[0])


@pytest.mark.parametrize("caption", ["P.IVA del cliente:", "NIP kupującego:", "Your VAT number:"])
def test_a_tax_number_whose_caption_names_the_buyer_is_not_the_seller_s(caption):
    read = places(finder((60, 500, f"{caption} DE136695976"), (60, 520, "USt-IdNr. DE811569869")))
    assert "DE136695976" in read["buyer_tax_id"] and "DE811569869" in read["seller_tax_id"]


def test_the_union_s_letters_are_no_part_of_a_polish_number():
    seller = next(field for field in FIELDS if field.id == "seller_tax_id")
    document = finder((60, 500, "VAT UE 9571028999"))
    assert document.around.text(document.ranked(seller)[0].tokens) == "9571028999"


def test_a_number_that_alone_has_its_header_is_a_headed_one():
    document = finder(
        (65, 60, "Im Grund 104"), (65, 74, "97070 Berg"), (65, 252, "Bestell-Nr."), (309, 252, "Kd.-Nr."),
        (65, 298, "B-6606"), (309, 298, "97071"),
    )  # fmt: skip
    read = model_and_rules.read_all(document, FIELDS, {})["purchase_order"]
    assert document.around.text(read.rules) == "B-6606" and read.headed


@pytest.mark.parametrize(
    ("caption", "field"),
    [("Vence el", "due_date"), ("Da pagare entro il", "due_date"), ("Dispatch date", ""), ("Data DDT", "")],
)
def test_dates_of_payment_and_of_delivery_are_not_the_invoice_s(caption, field):
    document = finder((65, 285, caption), (300, 285, "07/10/2023"))
    headed = {f.id for f in FIELDS if f.type is FieldType.DATE and document.ranked(f)[0].headed}
    assert headed == ({field} if field else set())


def test_the_end_of_a_malaysian_companys_name_is_no_bahraini_dinar():
    assert places(finder((100, 10, "MR D.I.Y. (KUCHAI) SDN BHD"), (100, 60, "Total 9.00"))).get("currency") is None
    assert places(finder((100, 10, "Kuchai Traders"), (100, 60, "Total BHD 9.000"))).get("currency") == "BHD"
    currency = next(field for field in FIELDS if field.id == "currency")
    assert finder((100, 10, "MR D.I.Y. (KUCHAI) SDN BHD")).ranked(currency) == []


def test_a_number_is_not_read_as_the_one_that_the_header_before_it_does_not_name():
    document = finder((100, 10, "GST REG NO: 000460664832"), (100, 60, "INVOICE NO : 01-145995"))
    read = model_and_rules.read_all(document, FIELDS, {"invoice_no": ((3,), 0.99), "seller_tax_id": ((7,), 0.99)})
    assert (read["invoice_no"].model, read["invoice_no"].rules) == ((), (7,))
    assert (read["seller_tax_id"].model, read["seller_tax_id"].rules) == ((), (3,))


def test_a_malaysian_seller_may_invoice_in_dollars():
    page = finder((100, 10, "KEDAI ABC SDN BHD"), (100, 60, "Total USD 9.00"), (100, 110, "Cash $ 9.00"))
    assert places(page).get("currency") == "USD"


def test_a_tax_number_below_the_address_that_a_model_reads_as_the_buyer_s_is_not_the_seller_s():
    document = finder(
        (100, 50, "Nordwerk"), (100, 150, "Ida Sommer"), (100, 164, "Birkenallee"), (100, 178, "80469 München"),
        (100, 192, "Tax No. 99203149784"), (600, 50, "Rechnung 4711"),
    )  # fmt: skip
    read_by_model = {"buyer_name": ((1, 2), 0.9), "buyer_address": ((3, 4, 5), 0.9), "seller_tax_id": ((8,), 0.99)}
    read = model_and_rules.read_all(document, FIELDS, read_by_model)
    assert read["buyer_tax_id"].model == (8,)
    assert "seller_tax_id" not in read


@pytest.mark.parametrize("text", ["Inv No :", "Facture de vente"])
def test_a_caption_or_a_title_is_no_name(text):
    document = finder((100, 50, text), (100, 100, "4711"))
    read = model_and_rules.read_all(document, FIELDS, {"seller_name": ((0, 1, 2), 0.9)})
    assert "seller_name" not in read or not read["seller_name"].model
