"""What a receipt says of its payment."""

import pytest

from storage.records import Token
from workbench.locate.candidates import Finder


def slip(*rows: tuple[str, str]) -> Finder:
    """A page with a word and an amount in each row."""
    tokens = [
        Token(2 * row + at, 0, row, word, (10.0 + 100 * at, 14.0 * row, 90.0 + 100 * at, 14.0 * row + 10))
        for row, words in enumerate(rows)
        for at, word in enumerate(words)
    ]
    return Finder(tokens)


def test_what_was_given_less_the_change_was_paid() -> None:
    paid = slip(("Total", "64.15"), ("Cash", "100.00"), ("Change", "35.85")).payment.paid
    assert paid[6415] > paid[10000]


@pytest.mark.parametrize("number", [30, 600])
def test_a_page_that_gives_and_takes_without_end_says_nothing_of_what_was_paid(number: int) -> None:
    """All ways of taking one amount from another are as many as the square of a page that is sent to a server."""
    rows = [(("Cash", f"{900 + at}.00"), ("Change", f"{at}.50")) for at in range(1, number)]
    assert slip(*(row for pair in rows for row in pair)).payment.paid == {}
