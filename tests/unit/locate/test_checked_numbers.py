"""Accounts and tax numbers are found by their check digits."""

import pytest

from storage.records import Token
from workbench.fields import invoice_schema
from workbench.locate import checked_numbers
from workbench.locate.candidates import Finder
from workbench.locate.context import Surroundings


def around(*lines: str) -> Surroundings:
    """Words of ten units a letter, lines of twenty; a line may begin at `column|`."""
    tokens: list[Token] = []
    for row, line in enumerate(lines):
        x = 10.0
        for word in line.split():
            tokens.append(Token(len(tokens), 0, row, word, (x, 24.0 * row, x + 10 * len(word), 24.0 * row + 20)))
            x += 10 * len(word) + 8
    return Surroundings(tokens)


def test_an_iban_is_found_over_spaces_and_the_end_of_a_line() -> None:
    (number,) = checked_numbers.ibans(around("IBAN: DE89 3704 0044", "0532 0130 00 BIC COBADEFF"))
    assert number.text == "DE89370400440532013000"
    (glued,) = checked_numbers.ibans(around("Konto IBAN:NL91ABNA0417164300"))
    assert glued.text == "NL91ABNA0417164300"


def test_an_account_with_a_wrong_digit_is_no_iban() -> None:
    assert checked_numbers.ibans(around("IBAN: DE89 3704 0044 0532 0130 01")) == []


def test_tax_numbers_are_known_by_the_form_of_their_country() -> None:
    numbers = checked_numbers.tax_numbers(
        around("USt-IdNr.: DE 136 695 976", "TVA : FR11999999998 - SIRET 99999999800010", "Steuernummer 201/113/40209")
    )
    assert [(number.text, number.valid) for number in numbers] == [
        ("DE136695976", True),
        ("FR11999999998", True),
        ("201/113/40209", False),
    ]
    (wrong,) = checked_numbers.tax_numbers(around("USt-IdNr. DE123456789"))
    assert not wrong.valid
    assert checked_numbers.tax_numbers(around("Artikel DE12 und SE 12")) == []


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("NIF: B 23609670", "B23609670"),
        ("P.IVA 08740780708", "08740780708"),
        ("NIP : 734-806-40-77", "7348064077"),
    ],
)
def test_tax_numbers_without_the_letters_of_their_country_are_known_behind_their_header(line: str, number: str) -> None:
    header, rest = line.split(" ", 1)
    assert [found.text for found in checked_numbers.tax_numbers(around(line))] == [number]
    assert not checked_numbers.tax_numbers(around(f"Pedido: {rest}")), "no header of tax numbers"
    wrong = f"{header} {rest[:-1]}{(int(rest[-1]) + 1) % 10}"
    assert not checked_numbers.tax_numbers(around(wrong))


def test_two_digits_are_a_number_only_right_behind_words_that_say_so() -> None:
    page = around("Rechnung Nr. 42", "Nr. 43", "Rechnung 44", "Tisch 45", "Invoice No. 8", "5664")
    named = [token.text for token in page.tokens if checked_numbers.is_named(page, token.id)]
    assert named == ["42"]  # 8 has a longer number below it


def test_a_sum_in_a_sentence_is_no_number_of_an_order():
    page = around("Votre référence BC543", "Franco de port (commande > 300 € HT)", "Order 4711 € 30.00")
    summed = [token.text for token in page.tokens if checked_numbers.is_money(page, [token.id])]
    assert summed == ["300"]
    finder = Finder(page.tokens)
    places = [page.text(place.tokens) for place in finder.ranked(invoice_schema().get("purchase_order"))]
    assert "BC543" in places and "300" not in places
