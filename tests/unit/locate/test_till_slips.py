"""What a receipt says of its payment."""

import pytest

from storage.records import Token
from tests.support import sample_documents
from workbench.locate import rates
from workbench.locate.candidates import Finder
from workbench.locate.context import Surroundings


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


@pytest.mark.parametrize(
    ("rows", "is_idle"),
    [
        ("S = 6% 50.47 3.03\nZ = 0% 23.70 0.00", True),
        ("ZRL 0 % 100.00 0.00\nSR 6 % 247.64 14.86", True),
        ("SR 0% 80.91 0.00\nTOTAL INC. GST 6%: 80.91", False),  # nothing was taxed at 6 %
        ("Z = 0% 9.90 .00", False),
    ],
)
def test_a_rate_of_zero_is_idle_beside_one_whose_tax_is_printed(rows: str, is_idle: bool) -> None:
    around = Surroundings(sample_documents.tokens_of(rows))
    zero = [token.id for token in around.tokens if token.text in ("0%", "0")]
    assert rates.is_idle(around, zero) is is_idle
