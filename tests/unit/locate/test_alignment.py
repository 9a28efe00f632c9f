"""A known value is found where it is printed, the right one of several, and nothing is guessed."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.records import Box, Token
from workbench.fields import FieldType, invoice_schema
from workbench.locate.alignment import Aligner, Alignment, align_all
from workbench.locate.layout import split_line

TYPES = {field.id: field.type for field in invoice_schema()}


def page(*lines: str, number: int = 0, start: int = 0) -> list[Token]:
    """Lines of text as tokens: ten units a letter, twenty a line; `|` starts the second column at 400."""
    tokens: list[Token] = []
    for row, line in enumerate(lines):
        for column, part in enumerate(line.split("|")):
            left = 400.0 * column
            box = (left, 30.0 * row, left + 10.0 * len(part), 30.0 * row + 20)
            for text, place in split_line(part, box):
                tokens.append(Token(start + len(tokens), number, row, text, place))
    return tokens


def align(tokens: Sequence[Token], field: str, type: FieldType, value: str) -> Alignment | None:
    """The place of one value."""
    return align_all(tokens, {field: (type, value)})[0].get(field)


def found(tokens: Sequence[Token], field: str, value: str) -> str | None:
    place = align(tokens, field, TYPES[field], value)
    return None if place is None else " ".join(tokens[i].text for i in place.tokens)


def row(tokens: Sequence[Token], place: Alignment | None) -> int | None:
    return None if place is None else tokens[place.tokens[0]].line


@pytest.mark.parametrize(
    ("line", "field", "value", "text"),
    [
        ("TOTAL RM 9.00", "amount_total", "9.00", "9.00"),
        ("TOTAL RM9.00", "amount_total", "9.00", "RM9.00"),
        ("Total:9.00", "amount_total", "RM 9.00", "Total:9.00"),
        ("Gesamtbetrag 1.234,50 €", "amount_total", "1234.50", "1.234,50"),
        ("Total TTC 1 234,50 €", "amount_total", "1234.50", "1 234,50"),
        ("价税合计 ￥１，２３４．５０", "amount_total", "1234.5", "￥１，２３４．５０"),
        ("NET TOTAL 25. 0", "amount_total", "25.00", "25. 0"),
        ("Date:25/12/2018 8:13:39 PM", "invoice_date", "2018-12-25", "Date:25/12/2018"),
        ("25/12/2018 8:13:39 PM", "invoice_date", "25/12/2018", "25/12/2018"),
        ("Datum 25. Dezember 2018", "invoice_date", "2018-12-25", "25. Dezember 2018"),
        ("开票日期 2018年12月25日", "invoice_date", "2018-12-25", "2018年12月25日"),
        ("Invoice Date 11/03/2017", "invoice_date", "2017-11-03", "11/03/2017"),
        ("DOCUMENT NO : TD01167104", "invoice_no", "TD01167104", "TD01167104"),
        ("Invoice:TD01167104", "invoice_no", "TD01167104", "Invoice:TD01167104"),
        ("Invoice TD0I1671O4", "invoice_no", "TD01167104", "TD0I1671O4"),
        (
            "IBAN FR20 1242 1242 1242 1242 1242 124",
            "iban",
            "FR2012421242124212421242124",
            "FR20 1242 1242 1242 1242 1242 124",
        ),
        ("USt 19 % 9,50 €", "tax_rate", "19.00", "19 %"),
        ("Währung: EUR", "currency", "EUR", "EUR"),
        ("Total 9,00 €", "currency", "EUR", "€"),
        ("Total 9,00€", "currency", "EUR", "9,00€"),
        ("Total TTC -233,47 €", "amount_total", "233.47", "-233,47"),
    ],
)
def test_a_value_is_found_by_what_it_means(line: str, field: str, value: str, text: str) -> None:
    assert found(page("ABC TRADING", line, "THANK YOU"), field, value) == text


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("TOTAL 9.00", "amount_total", "9.01"),
        ("TOTAL 19.00", "amount_total", "9.00"),
        ("TOTAL 1,239.00", "amount_total", "239.00"),
        ("Date 25/12/2018", "invoice_date", "2018-12-26"),
        ("Invoice 10001", "invoice_no", "10002"),
        ("Invoice 10001", "invoice_no", "1000"),
        ("BEI SPIEL GMBH", "seller_name", "Lieferant AG"),
        ("TOTAL 1000.00", "amount_total", "人民币壹仟元整"),
        ("TOTAL 9.00", "amount_total", ""),
    ],
)
def test_nothing_is_guessed(line: str, field: str, value: str) -> None:
    assert found(page("HEAD", line), field, value) is None


def test_no_tokens_no_alignment() -> None:
    assert align([], "amount_total", FieldType.AMOUNT, "9.00") is None
    assert align_all([], {}) == ({}, {})


def test_of_several_equal_amounts_the_one_beside_the_word_total_is_taken() -> None:
    tokens = page(
        "PEN 1 x|9.00", "SUB TOTAL|9.00", "GST 0%|0.00", "ROUNDING ADJ|0.00", "TOTAL|9.00", "CASH|9.00", "CHANGE|0.00"
    )
    place = align(tokens, "amount_total", FieldType.AMOUNT, "9.00")
    assert row(tokens, place) == 4
    assert place is not None
    assert place.candidates == 4
    assert "TOTAL" in place.reason


def test_of_several_totals_the_last_is_taken() -> None:
    tokens = page("TOTAL|9.00", "ROUNDING|0.00", "ROUNDED TOTAL (RM):|9.00", "CASH|10.00")
    assert row(tokens, align(tokens, "amount_total", FieldType.AMOUNT, "9.00")) == 2


@pytest.mark.parametrize(
    "header", ["Grand Total", "合计", "价税合计", "Gesamtbetrag", "Total TTC", "Totaalbedrag", "TOTAL (GST INCL)"]
)
def test_headers_of_five_languages(header: str) -> None:
    tokens = page("Pos 1|50.00", f"{header}|50.00", "Bar|50.00")
    assert row(tokens, align(tokens, "amount_total", FieldType.AMOUNT, "50.00")) == 1


def test_equal_amounts_without_a_header_are_not_guessed() -> None:
    tokens = page("PEN|9.00", "INK|9.00")
    assert align(tokens, "amount_total", FieldType.AMOUNT, "9.00") is None
    _, missing = align_all(tokens, {"amount_total": (FieldType.AMOUNT, "9.00")})
    assert missing["amount_total"] == (
        "not sure enough: 2 places look like it, no header beside it (78% sure); label it on the page"
    )


def test_the_header_can_stand_above() -> None:
    tokens = page("Invoice Date|Due Date", "01.02.2024|01.03.2024", "", "Nettobetrag|Gesamtbetrag", "100,00|100,00")
    aligned, missing = align_all(
        tokens,
        {
            "invoice_date": (FieldType.DATE, "2024-02-01"),
            "due_date": (FieldType.DATE, "2024-03-01"),
            "amount_net": (FieldType.AMOUNT, "100"),
            "amount_total": (FieldType.AMOUNT, "100"),
        },
    )
    assert missing == {}
    assert tokens[aligned["amount_net"].tokens[0]].box[0] == 0
    assert tokens[aligned["amount_total"].tokens[0]].box[0] == 400


def test_no_token_belongs_to_two_values() -> None:
    tokens = page("Invoice Date 01.02.2024", "Due Date 01.02.2024")
    values = {"invoice_date": (FieldType.DATE, "2024-02-01"), "due_date": (FieldType.DATE, "2024-02-01")}
    aligned, missing = align_all(tokens, values)
    assert (row(tokens, aligned["invoice_date"]), row(tokens, aligned["due_date"])) == (0, 1)
    aligned, missing = align_all(tokens[:3], values)
    assert set(aligned) == {"invoice_date"}
    assert "invoice_date" in missing["due_date"]


def test_an_address_spans_lines_and_leaves_strangers_out() -> None:
    tokens = page(
        "BOOK TAK SDN BHD",
        "789417-W",
        "NO.53 55,57 & 59, JALAN SAGU 18,",
        "TAMAN DAYA,",
        "81100 JOHOR BAHRU",
        "TEL 07-123",
    )
    address = "NO.53 55,57 & 59, JALAN SAGU 18, TAMAN DAYA, 81100 JOHOR BAHRU."
    assert found(tokens, "seller_address", address) == "NO.53 55,57 & 59, JALAN SAGU 18, TAMAN DAYA, 81100 JOHOR BAHRU"
    assert found(tokens, "seller_name", "BOOK TA.K SDN BND") == "BOOK TAK SDN BHD"
    broken = page("12 JALAN SAGU", "TEL 07-1234567", "81100 JOHOR BAHRU")
    assert found(broken, "seller_address", "12 JALAN SAGU 81100 JOHOR BAHRU") == "12 JALAN SAGU 81100 JOHOR BAHRU"


def test_two_columns_are_read_one_after_the_other() -> None:
    tokens = page("Bei Spiel GmbH|Theodor Est", "Ecke 12|Bahnstr. 42", "12345 Stadthausen|88802 Spielkreis")
    assert found(tokens, "seller_address", "Ecke 12, 12345 Stadthausen") == "Ecke 12 12345 Stadthausen"
    assert found(tokens, "buyer_address", "Bahnstr. 42, 88802 Spielkreis") == "Bahnstr. 42 88802 Spielkreis"


def test_the_buyer_is_the_one_below_bill_to() -> None:
    tokens = page("ACME GmbH", "Ecke 12", "", "", "Bill to:", "ACME GmbH")
    assert row(tokens, align(tokens, "buyer_name", FieldType.PARTY, "ACME GmbH")) == 5
    assert row(tokens, align(tokens, "seller_name", FieldType.PARTY, "ACME GmbH")) == 0


def test_values_on_later_pages_are_found() -> None:
    first = page("Invoice 4711")
    tokens = first + page("Total 9.00", number=1, start=len(first))
    place = align(tokens, "amount_total", FieldType.AMOUNT, "9.00")
    assert place is not None
    assert [tokens[i].page for i in place.tokens] == [1]


def test_a_slanted_scan_keeps_its_rows() -> None:
    rows = [
        "PEN 1 x|9.00",
        "SUB TOTAL|7.00",
        "GST|2.00",
        "TOTAL|9.00",
        "CASH|50.00",
        "CHANGE|41.00",
        "ITEMS|1",
        "POINTS|3",
    ]
    slanted = []
    for token in page(*rows):
        x0, y0, x1, y1 = token.box
        shift = 0.06 * (0 if x0 < 400 else 400)
        # Every OCR box is a line of its own here, as on receipts.
        slanted.append(Token(token.id, 0, 2 * token.line + (x0 >= 400), token.text, (x0, y0 + shift, x1, y1 + shift)))
    assert row(slanted, align(slanted, "amount_total", FieldType.AMOUNT, "9.00")) == 7


def test_a_field_of_the_users_own_is_found_too() -> None:
    assert align(page("Meter 12-345"), "meter", FieldType.ID, "12-345") is not None


def test_a_line_is_divided_by_letters_and_wide_ones_count_two() -> None:
    assert split_line("AB C", (0, 0, 40, 10)) == [("AB", (0, 0, 20, 10)), ("C", (30, 0, 40, 10))]
    assert split_line("合计 9", (0, 0, 60, 10)) == [("合计", (0, 0, 40, 10)), ("9", (50, 0, 60, 10))]
    assert split_line("", (0, 0, 60, 10)) == []
    assert split_line("  ", (0, 0, 60, 10)) == []


@given(st.text(max_size=30), st.floats(0, 1e4), st.floats(0.5, 1e4))
def test_a_lines_words_stand_in_order_inside_its_box(text: str, left: float, width: float) -> None:
    box: Box = (left, 5, left + width, 15)
    words = split_line(text, box)
    assert [word for word, _ in words] == text.split()
    edges = [edge for _, (x0, _, x1, _) in words for edge in (x0, x1)]
    assert edges == sorted(edges)
    assert all(left - 1e-6 <= edge <= left + width + 1e-6 for edge in edges)


@given(
    st.lists(st.text(alphabet="TOAL 0123456789.,:/|", max_size=20), max_size=8),
    st.sampled_from(sorted(TYPES)),
    st.text("0123456789./", max_size=10),
)
def test_whatever_is_found_is_on_the_page_and_sure_enough(lines: list[str], field: str, value: str) -> None:
    tokens = page(*lines)
    place = align(tokens, field, TYPES[field], value)
    if place:
        assert 0.8 <= place.score <= 1
        assert len(set(place.tokens)) == len(place.tokens) > 0
        assert all(0 <= i < len(tokens) for i in place.tokens)
        assert place.candidates >= 1


@pytest.mark.realdata
def test_receipts_align(realdata: Path) -> None:
    names = {"company": "seller_name", "date": "invoice_date", "address": "seller_address", "total": "amount_total"}
    known = hits = 0
    for key in sorted((realdata / "receipts_en" / "key").glob("*.json"))[::8]:
        tokens: list[Token] = []
        for number, text in enumerate((realdata / "receipts_en" / "box" / f"{key.stem}.csv").read_text().splitlines()):
            parts = text.split(",", 8)
            xs, ys = [float(x) for x in parts[:8:2]], [float(y) for y in parts[1:8:2]]
            for word, box in split_line(parts[8], (min(xs), min(ys), max(xs), max(ys))):
                tokens.append(Token(len(tokens), 0, number, word, box))
        values = {names[name]: value for name, value in json.loads(key.read_text()).items()}
        aligned, missing = align_all(tokens, {field: (TYPES[field], value) for field, value in values.items()})
        assert set(aligned) | set(missing) == set(values)
        known += len(values)
        hits += len(aligned)
    assert hits / known >= 0.97


@pytest.mark.parametrize(
    "elsewhere",
    [
        "Verwendungszweck: 4711",
        "Bitte geben Sie bei jeder Zahlung unbedingt auch die Rechnungsnummer 4711 an.",
        "payment reference 4711",
    ],
)
def test_an_invoice_number_is_taken_from_beside_its_header_not_from_where_the_payment_quotes_it(elsewhere):
    for text in (f"{elsewhere}\n\n\n  Nr. 4711\n", f"  Nr. 4711\n\n\n{elsewhere}\n"):
        tokens = page(*text.splitlines())
        first, second = Aligner(tokens).ranked("invoice_no", FieldType.ID, "4711")
        assert tokens[first.tokens[0] - 1].text == "Nr." and second.tokens != first.tokens


def test_of_a_total_and_an_equal_amount_due_the_total_is_taken():
    tokens = page("Rechnungssumme ohne USt.|22,00", "Bruttosumme|23,54", "Anzahlungen|0,00", "Zahlbetrag|23,54")
    assert row(tokens, align(tokens, "amount_total", FieldType.AMOUNT, "23.54")) == 1


def test_an_address_that_stands_twice_is_not_taken_from_below_the_delivery_s_heading() -> None:
    rows = ("Ma jolie boutique|Ma jolie boutique", "35 rue de Lyon|Alexandre Payet", "69001 Lyon|35 rue de Lyon")
    value = "35 rue de Lyon 69001 Lyon"
    both = page("Adresse de livraison|", *rows, "|69001 Lyon")
    place = align(both, "buyer_address", FieldType.ADDRESS, value)
    assert place is not None and all(both[i].box[0] >= 400 for i in place.tokens)
    assert found(page("Adresse de livraison", "35 rue de Lyon", "69001 Lyon"), "buyer_address", value) == value


def test_an_address_that_stands_twice_is_taken_from_beside_its_header() -> None:
    form = ["Name:|Lieferant GmbH", "", "", "", "Anschrift:|Lieferantenstraße 20", "|DE 80333 München"]
    tokens = page(*form, "", "Lieferant GmbH", "Lieferantenstraße 20", "80333 München")
    place = align(tokens, "seller_address", FieldType.ADDRESS, "Lieferantenstraße 20, 80333 München")
    assert place is not None and "Anschrift" in place.reason
