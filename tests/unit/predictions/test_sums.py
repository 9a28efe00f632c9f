"""Net, tax and total are read together."""

from decimal import Decimal

from storage.records import Token
from workbench.fields import invoice_schema
from workbench.locate.candidates import Finder
from workbench.predictions import sums

FIELDS = list(invoice_schema())
RATE = next(field for field in FIELDS if field.id == "tax_rate")


def finder(*lines: str) -> Finder:
    tokens: list[Token] = []
    for row, line in enumerate(lines):
        for column, part in enumerate(line.split("|")):
            x = 100.0 + 400 * column
            for word in part.split():
                tokens.append(Token(len(tokens), 0, row, word, (x, 30.0 * row, x + 10 * len(word), 30.0 * row + 20)))
                x += 10 * len(word) + 8
    return Finder(tokens)


def read(*lines: str, believed: dict | None = None) -> dict[str, str]:
    document = finder(*lines)
    together = sums.read(document, FIELDS, believed or {}, sums.printed_rates(document, RATE))
    return {} if together is None else {k: document.around.text(v) for k, v in together.places.items()}


def test_the_amounts_that_add_up_are_taken_whatever_a_model_believes() -> None:
    lines = ("Ware|100,00", "Versand|19,00", "Summe netto|200,00", "MwSt 19%|38,00", "Rechnungsbetrag|238,00")
    sure_and_wrong = {"amount_tax": ((3,), 0.95)}
    assert read(*lines, believed=sure_and_wrong) == {
        "amount_net": "200,00",
        "amount_tax": "38,00",
        "amount_total": "238,00",
    }


def test_a_part_of_a_receipt_that_adds_up_is_not_its_total() -> None:
    lines = (
        "TOTAL 0% SUPPLIES|54.31",
        "TOTAL EXCL GST|13.30",
        "GST|0.80",
        "TOTAL INC GST|14.10",
        "TOTAL PAYABLE|68.41",
    )
    model = {"amount_total": ((13,), 0.9)}
    assert read(*lines, believed=model).get("amount_total") != "14.10"


def test_the_total_after_rounding_to_the_smallest_coin_is_the_total() -> None:
    assert read("Sub total|25.74", "GST|1.54", "Total|27.28", "Rounded total|27.30")["amount_total"] == "27.30"


def test_sums_that_are_a_printed_rounding_apart_add_up() -> None:
    lines = ("Sub total|234.00", "Total GST|14.04", "Rounding|0.01", "Total|248.05")
    assert read(*lines) == {"amount_net": "234.00", "amount_tax": "14.04", "amount_total": "248.05"}
    lines = ("Sub total|27.27", "GST|1.64", "Rounding|-0.01", "Total|28.90")
    assert read(*lines) == {"amount_net": "27.27", "amount_tax": "1.64", "amount_total": "28.90"}


def test_amounts_without_any_header_are_no_sums() -> None:
    assert read("A|10.00", "B|2.00", "C|12.00") == {}


def test_tax_of_two_rates_is_no_rates_tax() -> None:
    document = finder("Netto|150,00", "MwSt 7%|3,50", "MwSt 19%|19,00", "MwSt gesamt|22,50", "Gesamtbetrag|172,50")
    together = sums.read(document, FIELDS, {}, [Decimal(7), Decimal(19)])
    assert together is not None and together.several_rates
