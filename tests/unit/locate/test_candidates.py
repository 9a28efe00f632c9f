"""What a field's key jumps to: header words, place and form, on invoices of several languages."""

import contextlib

import pytest

from storage.records import Annotations, Content, Document, Page, Side, State, Suggestion
from tests.support import sample_documents
from workbench.fields import FieldType, invoice_schema
from workbench.locate.candidates import Finder
from workbench.locate.places import likely_places
from workbench.predictions.page_reading import PageReading

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


def best(text: str, field: str, **labelled: tuple[int, ...]) -> str:
    tokens = sample_documents.tokens_of(text)
    ranked = Finder(tokens).ranked(SCHEMA.get(field), labelled)
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
    assert best(sample_documents.RECEIPT, field) == value


@pytest.mark.parametrize(
    "text",
    [
        "TAX INVOICE\nTABLE:T10\nRCPT#:A18000010451\n",
        "GUARDIAN SDN BHD\nTEL:03-60932032\n100 PLUS 500ML   2.28\nST:8282 TAXINV:A18000010451\n",
    ],
)
def test_a_number_whose_word_names_it_comes_before_the_table_s_and_the_telephone_s(text):
    assert best(text, "invoice_no").endswith(":A18000010451")


TILL = """MR DIY SDN BHD
NO 2A JALAN BAKAWALI 7, TAMAN JOHOR JAYA,
81100 JOHOR BAHRU
TAX INVOICE
MARKER PEN
WA25 - 24/288
4974052854583
2 X 3.10        6.20
TOTAL           6.20
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (TILL + "03-05-18 14:12 SH02\nT1 R000090406\nTHANK YOU\n", "R000090406"),  # no article, no pieces in a box
        (TILL + "CB#: 398313\n", "398313"),
        (TILL + "SLIP: 0000000011000140428\nTRANS: 311140123\n", "0000000011000140428"),
        ("SHOP SDN BHD\nNO.32 & 33, JALAN SR 1/9\n43300 KAJANG\nNO. : CS-20322\n", "CS-20322"),  # no house
        ("SHOP SDN BHD\n   TAX INVOICE\nC01  KL 001  037846\nCOPY  RM5.00", "037846"),  # no till, no shop
        ("SHOP SDN BHD\n(CO REG :860671-D)\nPAD 4 X 2.80\nR0418 T2", "R0418"),  # no company's registration
    ],
)
def test_the_number_of_a_till_s_receipt_is_no_article_no_post_code_and_no_house(text, value):
    assert best(text, "invoice_no") == value


def test_a_chinese_invoice():
    assert best(sample_documents.CHINESE, "amount_total") == "¥169.50"
    assert best(sample_documents.CHINESE, "seller_name") == "深圳市明达科技有限公司"


def test_a_name_is_offered_without_its_registration_number():
    assert best("ACME SDN BHD (728515-N)\nSTREET 1\n", "seller_name") == "ACME SDN BHD"


def test_what_another_field_has_is_not_offered():
    tokens = sample_documents.tokens_of(sample_documents.RECEIPT)
    total = Finder(tokens).ranked(SCHEMA.get("amount_total"))[0].tokens
    again = Finder(tokens).ranked(SCHEMA.get("amount_total"), {"amount_net": total})
    assert again and all(set(total).isdisjoint(place.tokens) for place in again)


TWO_PARTIES = """   Bill to:
   Blue Sky Ltd
   12 Hill Road
   Leeds LS1 4AB

   Seller:
   Red Earth Ltd
   7 Mill Street
   York YO1 7HH

   VAT No: GB123456789

   Apples               40.00        8.00
   Pears                60.00       12.00
                       100.00       20.00
   Total                           120.00
"""


def at(text: str, *words: str) -> tuple[int, ...]:
    tokens = [token.text for token in sample_documents.tokens_of(text)]
    return tuple(tokens.index(word) for word in words)


def test_a_party_s_address_stands_below_its_name():
    seller, buyer = at(TWO_PARTIES, "Red", "Earth"), at(TWO_PARTIES, "Blue", "Sky")
    names = {"seller_name": seller, "buyer_name": buyer}
    assert best(TWO_PARTIES, "seller_address", **names) == "7 Mill Street York YO1 7HH"
    assert best(TWO_PARTIES, "buyer_address", **names) == "12 Hill Road Leeds LS1 4AB"


def test_the_net_amount_is_the_one_that_is_said_to_be_without_tax():
    slip = "SUBTOTAL : 81.80\nTOTAL : 81.80\nTOTAL EXCLUDED TAX : 77.18\nGST : 4.62\nCASH 85.00\nCHANGE 3.20\n"
    assert best(slip, "amount_net") == "77.18"


def test_net_and_tax_make_up_the_total():
    total = at(TWO_PARTIES, "120.00")
    assert best(TWO_PARTIES, "amount_net", amount_total=total) == "100.00"
    assert best(TWO_PARTIES, "amount_tax", amount_total=total) == "20.00"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Müller GmbH HRB 2677 B\nHauptstr. 1\n", "Müller GmbH"),
        ("#000002 BAIFU (M) SDN BHD\n", "BAIFU (M) SDN BHD"),
        ("名称： 深圳市明达科技有限公司\n", "深圳市明达科技有限公司"),
    ],
)
def test_a_name_is_offered_alone(text, name):
    assert best(text, "seller_name") == name


def test_an_address_goes_on_past_the_lines_of_another_column():
    text = (
        "ACME SDN BHD\n"
        "LOT 5, JALAN PERDANA 4/2,              UNIT 9 JALAN TRIOS\n"
        "                                       29762 KUALA LUMPUR\n"
        "68713 KLUANG\n"
    )
    assert best(text, "seller_address", seller_name=(0, 1, 2)) == "LOT 5, JALAN PERDANA 4/2, 68713 KLUANG"


def test_a_text_field_is_what_stands_beside_its_name():
    schema = SCHEMA.add("Cashier", FieldType.TEXT)
    tokens = sample_documents.tokens_of("CASHIER: MANIS\n")
    assert Finder(tokens).ranked(schema.get("cashier"))[0].tokens == (1,)


@pytest.mark.parametrize("text", ["", "%%%\n", "\n\n.\n"])
def test_a_page_with_nothing_on_it_has_no_candidates(text):
    for field in SCHEMA:
        assert Finder(sample_documents.tokens_of(text)).ranked(field) == []


LETTER = """\
   Au bon moulin SARL - 1242 chemin de l'olive - 84340 Malaucène

   Theodor Est
   Bahnstr. 42
   88802 Spielkreis

   Rechnung RE-20140522/501           vom August 3 , 2014
   Zeitraum                           1 - July 31
   UStId DE999999999                  Formular (380)
   Zahlen Sie mit dem Betrag          EUR   100,00
   Tel.                               100 444
"""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seller_name", "Au bon moulin SARL"),  # a sender's line is no name as a whole
        ("seller_address", "1242 chemin de l'olive - 84340 Malaucène"),
        ("invoice_no", "RE-20140522/501"),  # with a date inside
        ("invoice_date", "August 3 , 2014"),
        ("seller_tax_id", "DE999999999"),  # not the short number
        ("currency", "EUR"),  # "dem" is a word here
        ("amount_total", "100,00"),
    ],
)
def test_a_letter_with_the_sender_in_one_line(field, value):
    assert best(LETTER, field) == value


def test_the_addressee_s_name_heads_his_address():
    seller = tuple(range(4))
    assert best(LETTER, "buyer_name", seller_name=seller) == "Theodor Est"
    assert best(LETTER, "buyer_address", seller_name=seller) == "Bahnstr. 42 88802 Spielkreis"


def test_a_whole_number_is_an_amount_beside_a_currency():
    assert best("  Hotel\n\n  Screen   2\n  Total  Rs 1939\n  Tel  100 444\n", "amount_total") == "1939"


FORM = """\
   Verkäufer
   Nummer:                               549910
   Globale Nummer:                       4000001123452 (GLN)
   Name:                                 Lieferant GmbH
   Anschrift:                            Lieferantenstraße 20
                                         DE 80333 München
   Käufer
   Name:                                 Kunden AG Mitte
   Anschrift:                            Kundenstraße 15
                                         DE 69876 Frankfurt
"""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seller_name", "Lieferant GmbH"),
        ("seller_address", "Lieferantenstraße 20 80333 München"),
    ],
)
def test_a_form_of_an_e_invoice_is_read_without_country_codes_and_numbers(field, value):
    assert best(FORM.replace("\n", "\n\n"), field) == value


def test_the_addressee_is_below_the_sender_s_line():
    sender = "      Bei Spiel GmbH ● Ecke 12 ● 12345 Stadthausen"
    text = f"{sender}\n    Theodor Est\n\n\n    Bahnstr. 42\n\n\n    88802 Spielkreis\n"
    assert best(text, "buyer_name", seller_name=(0, 1, 2)) == "Theodor Est"


SUMS = """\
   Rechnungssumme ohne USt.    22,00
   Steuerbetrag                 1,54
   Bruttosumme                 23,54
   Zahlbetrag                  23,54
   Zahlbar innerhalb 30 Tagen netto bis 04.07.2018, 3% Skonto innerhalb 10 Tagen bis 15.06.2018
"""


def test_of_equal_amounts_the_total_comes_before_what_is_to_be_paid():
    tokens = sample_documents.tokens_of(SUMS)
    places = Finder(tokens).ranked(SCHEMA.get("amount_total"))
    assert [place.header for place in places[:2]] == ["Bruttosumme", "Zahlbetrag"]


def test_the_end_of_a_cash_discount_is_no_due_date():
    tokens = sample_documents.tokens_of(SUMS)
    first, second = Finder(tokens).ranked(SCHEMA.get("due_date"))[:2]
    assert tokens[first.tokens[0]].text == "04.07.2018," and first.headed
    assert first.score - second.score >= 0.5  # so far ahead that it is suggested without a model


@pytest.mark.parametrize("steps", [1, 20, 60, 120])
def test_a_search_that_was_ended_midway_finds_everything_when_it_is_begun_again(steps):
    tokens = sample_documents.tokens_of(GERMAN)
    whole, interrupted = Finder(tokens), Finder(tokens)
    left = steps

    def end() -> None:
        nonlocal left
        left -= 1
        if not left:
            raise InterruptedError

    interrupted.pace(end)
    for field in SCHEMA.spans:
        left = steps
        with contextlib.suppress(InterruptedError):
            interrupted.ranked(field)
    interrupted.pace(None)
    for field in SCHEMA.spans:
        assert interrupted.ranked(field) == whole.ranked(field)
        labelled = {"seller_name": whole.ranked(SCHEMA.get("seller_name"))[0].tokens}
        assert interrupted.ranked(field, labelled) == whole.ranked(field, labelled)


FRENCH_LETTER = """   Atelier Blanc SARL - 3 rue Haute - 69001 Lyon

   Hôtel du Lac
   12 rue Basse
   74000 Annecy
   France

   Facture                               Numéro: F-2024-17
   Merci de régler par virement sur le compte suivant :
   Total TTC                             120,00
"""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seller_name", "Atelier Blanc SARL"),
        ("seller_address", "3 rue Haute - 69001 Lyon"),
        ("buyer_name", "Hôtel du Lac"),
        ("buyer_address", "12 rue Basse 74000 Annecy"),  # as an e-invoice has it: the country is a value of its own
    ],
)
def test_the_parties_of_a_letter_are_told_apart_by_their_blocks(field, value):
    assert best(FRENCH_LETTER, field) == value


def test_a_tax_is_not_what_was_taxed():
    text = "Totaal te betalen  351,00\nBTW 9% over 100,00      9,00\nBTW 21% over 200,00    42,00\n"
    assert best(text, "amount_tax") == "42,00"


SLIP = """\
   {head}
   1 CUP TEA             4.00
   SR   5.00   0.30
   TOTAL         {code}   9.00
   {foot}
"""


@pytest.mark.parametrize(
    ("head", "code", "foot", "found"),
    [
        ("TSH POWER HARDWARE", "", "ALL GOODS SOLD", ""),  # Tanzania's shilling, Albania's lek
        ("RESTORAN ABC SDN. BHD.", "", "THANK YOU", ""),  # Bahrain's dinar
        ("TSH POWER HARDWARE", "RM", "", "RM"),
        ("ACME LTD", "BHD", "", "BHD"),
        ("Alle Beträge in EUR", "", "", "EUR"),
        ("Rechnungswährung: CHF", "", "", "CHF"),
        ("ACME LTD", "", "0% RS : Relief supply", ""),  # a tax's class, no rupee
        ("ACME LTD", "RM", "0% RS : Relief supply", "RM"),
        ("ACME LTD", "", "All amounts are in RM", "RM"),
        ("ACME LTD", "Rs", "", "Rs"),
    ],
)
def test_a_currency_is_no_word_of_a_name_or_a_sentence(head, code, foot, found):
    text = SLIP.format(head=head, code=code, foot=foot)
    assert best(text, "currency") == found
    tokens = sample_documents.tokens_of(text)
    read = PageReading(Finder(tokens), SCHEMA.spans, {}).places().get("currency")
    assert (" ".join(tokens[i].text for i in read.tokens) if read else "") == found


@pytest.mark.parametrize(("foot", "is_refused"), [("0% RS : Relief supply", True), ("Paid Rs 9.00", False)])
def test_a_model_that_reads_two_letters_without_an_amount_as_a_currency_is_not_believed(foot, is_refused):
    tokens = sample_documents.tokens_of(SLIP.format(head="ACME LTD", code="RM", foot=foot))
    sign = next(token.id for token in tokens if token.text in ("RS", "Rs"))
    contradicted = PageReading(Finder(tokens), SCHEMA.spans, {"currency": ((sign,), 0.99)}).contradicted()
    assert ("currency" in contradicted) == is_refused


def test_a_rate_in_a_column_of_percents_is_found():
    text = "  TOTAL QUANTITY 2\n  CODE   AMOUNT    %    TAX/AMT\n  SR      27.27    6       1.64\n"
    assert best(text, "tax_rate") == "6"


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("  Zahlbar in 10 Tagen mit 3% Skonto\n  Netto 50.00\n  USt 19% 9.50\n", "19%"),
        ("  Bei Zahlung bis 4. Mai gewähren wir 3%\n  Skonto. Sonst netto\n", ""),
        ("  Late payments bear interest of 8%\n", ""),
        ("  Discount  5.00   VAT 20%\n", "20%"),
    ],
)
def test_the_percentage_of_a_discount_or_of_interest_is_no_tax_rate(text, rate):
    assert best(text, "tax_rate") == rate


def test_what_was_taxed_is_no_tax_where_the_tax_is_printed_without_its_zero():
    rows = ("  GST SUMMARY   AMOUNT(RM)   TAX(RM)", "  Z = 0%    82.80      .00", "  S = 6%    10.75      .65")
    tokens = sample_documents.tokens_of("\n".join(("  BAG 4.00", *rows)))
    ranked = Finder(tokens).ranked(SCHEMA.get("amount_tax"))
    assert tokens[ranked[0].tokens[0]].text == "4.00", "neither 82.80 nor 10.75"


SHOP = Document(1, "inv", "", "d", "x", None, "ACME", Side.TRAIN, State.NEW, "", 1, 4, 1, labels=0, suggestions=1)


def test_the_number_of_a_house_is_offered_as_no_rate():
    tokens = sample_documents.tokens_of("  Bei Spiel GmbH\n  Ecke 12\n  12345 Ort\n\n  Total  9.00\n  Menge  16\n")
    page = Page(0, 1000.0, 1000.0, tokens)
    numbers = {token.text: token.id for token in tokens}
    suggestions = tuple(Suggestion(n, "tax_rate", (numbers[t],), 0.37, "run-1") for n, t in enumerate(("12", "16")))
    content = Content(SHOP, (page,), Annotations(), suggestions, ())
    assert likely_places(content, Finder(tokens), SCHEMA.get("tax_rate"), None).places == ()


def test_no_place_lies_in_the_known_value_of_another_field():
    tokens = sample_documents.tokens_of("  Bei Spiel GmbH\n  Ecke 12%\n  12345 Ort\n")
    page = Page(0, 1000.0, 1000.0, tokens)
    words = tuple(token.id for token in tokens if token.text in ("Ecke", "12%"))
    address = Suggestion(1, "seller_address", words, 1.0, "e-invoice")
    for known, places in (((), 1), ((address,), 0)):
        content = Content(SHOP, (page,), Annotations(), known, ())
        assert len(likely_places(content, Finder(tokens), SCHEMA.get("tax_rate"), None).places) == places


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("   Rechnung Nr. 42\n   Nr. Bezeichnung\n   1 Amboss 250 kg\n", "42"),
        ("   BILL#: V001- 515592\n   TEL: 03- 5515592\n", "V001- 515592"),
        ("   Invoice No: 2018/ 00451\n", "2018/ 00451"),
        ("   Invoice No: CS 67832\n   TEL: 5515592\n", "CS 67832"),
        ("   BILL NO: 1204 - 311 - 7702 - 50618\n   TEL: 5515592\n", "1204 - 311 - 7702 - 50618"),
        ("   BILL NO: 1204 - 12.03.2018\n   TEL: 5515592\n", "1204"),
    ],
)
def test_a_short_number_and_one_that_is_broken_by_a_space_are_found_beside_their_header(text, number):
    assert best(text, "invoice_no") == number


@pytest.mark.parametrize("number", ["AOA9-ADI", "EUR2019/7", "USD-2019-7"])
def test_an_articles_number_is_no_currency(number):
    assert best(f"   {number}   Socket   9.00\n   Total            9.00\n", "currency") == ""
    assert best(f"   {number}   Socket   9.00\n   Total   AOA9.50\n", "currency") == "AOA9.50"


@pytest.mark.parametrize(
    ("seller", "currency"),
    [("KEDAI ABC SDN BHD", ""), ("KEDAI ABC\n   GST REG: 001658445824", ""), ("ABC Inc.\n   GST 30120", "$9.00")],
)
def test_a_dollar_sign_is_not_offered_as_the_currency_of_malaysian_receipts(seller, currency):
    assert best(f"   {seller}\n   Total   $9.00\n", "currency") == currency


def test_the_net_amount_is_what_the_labelled_tax_leaves_of_the_total():
    tokens = sample_documents.tokens_of(
        "   BAG   RM15.90\n   @3 X RM   5.30\n   TOTAL   15.90\n   S =6%   15.00   .90\n"
    )
    at = {token.text: (token.id,) for token in tokens}
    labelled = {"amount_total": at["15.90"], "amount_tax": at[".90"]}
    assert Finder(tokens).ranked(SCHEMA.get("amount_net"), labelled)[0].tokens == at["15.00"]
    assert Finder(tokens).ranked(SCHEMA.get("amount_net"))[0].tokens != at["15.00"]


@pytest.mark.parametrize("date", ["０５.０３.２０２４", "٠٥.٠٣.٢٠٢٤", "5. März ２０２４"])
def test_digits_of_every_script_make_a_date(date):
    assert best(GERMAN.replace("05.03.2024", date), "invoice_date") == date


def test_labels_change_the_order_only_of_the_search_that_is_given_them():
    finder, field = Finder(sample_documents.tokens_of(GERMAN)), SCHEMA.get("amount_net")
    first = finder.ranked(field)
    without = finder.ranked(field, {"amount_tax": first[0].tokens})
    assert first == finder.ranked(field)
    assert first[0].tokens not in [candidate.tokens for candidate in without]


@pytest.mark.parametrize("text", ["￥１２３．００", "١٢٣٫٤٥"])
def test_a_total_in_digits_of_another_script_is_offered(text: str) -> None:
    assert best(f"Total  {text}", "amount_total") == text


def test_an_address_is_found_beside_a_row_of_long_chinese_words() -> None:
    """Ten such words took minutes: every sign of a district was tried with every sign of a street."""
    row = " ".join(["省" * 100 + "路" * 99] * 10)
    assert best(f"{GERMAN}\n   {row}\n", "seller_address") == "Hauptstraße 12 10115 Berlin"
