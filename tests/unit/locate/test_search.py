"""Words that are looked for by what is typed."""

import pytest

from storage.records import Token
from tests.support import sample_documents
from workbench.fields import invoice_schema
from workbench.locate import headers
from workbench.locate.search import find

SCHEMA = invoice_schema()
TOKENS = sample_documents.tokens_of(sample_documents.RECEIPT)


def texts(places):
    return [" ".join(TOKENS[t].text for t in place) for place in places]


@pytest.mark.parametrize(
    ("typed", "matches"),
    [
        ("25.12.2018", ["25/12/2018"]),
        ("9", ["9.00"]),
        ("acme trading", ["ACME TRADING"]),
        ("JALAN BUN", ["JALAN BUNGA"]),
        ("inv2018", ["INV-2018-77"]),
        ("nothing", []),
        ("  ", []),
    ],
)
def test_what_is_typed_is_found_whatever_its_spelling(typed, matches):
    assert all(text in texts(find(TOKENS, typed).all) for text in matches)
    assert bool(find(TOKENS, typed).all) == bool(matches)


@pytest.mark.parametrize(
    ("words", "typed", "expected"),
    [
        ("6.00 1600 600 600.00", "600", ["600", "6.00", "600.00", "1600"]),
        ("L441-6 16 1.600 A16", "16", ["16", "1.600", "A16"]),
        ("53.10 5.00 5 4.5", "5", ["5", "5.00", "53.10", "4.5"]),
        ("18/04/2018 2018041817 20180418", "20180418", ["20180418", "18/04/2018", "2018041817"]),
        ("SUBTOTAL: TOTAL: total", "total", ["total", "TOTAL:", "SUBTOTAL:"]),
        ("SB sb SB(306295-X) USB(1) SBA", "sb(", ["SB(306295-X)", "SB", "sb", "SBA", "USB(1)"]),
        ("306 SB(306295-X) 306295", "(306", ["SB(306295-X)", "306", "306295"]),
        ("INV2018 INV-2018-77 INV-2018", "inv-2018", ["INV-2018", "INV-2018-77", "INV2018"]),
        ("0.00 00:06:00 12:00:05", "00:", ["00:06:00", "12:00:05", "0.00"]),
        ("1.00 19.00 9 RM9.00 9.00", "9.00", ["9.00", "9", "RM9.00", "19.00"]),
    ],
)
def test_what_reads_exactly_so_comes_first_and_then_whole_words(words, typed, expected):
    tokens = sample_documents.tokens_of("\n".join(words.split()))
    assert [tokens[i].text for (i,) in find(tokens, typed).all] == expected


def test_places_inside_other_words_are_told_from_whole_words():
    tokens = sample_documents.tokens_of("SUBTOTAL: TOTAL: TOTALLY total")
    found = find(tokens, "total")
    assert [[tokens[i].text for (i,) in places] for places in (found.whole, found.inside)] == [
        ["total", "TOTAL:"], ["TOTALLY", "SUBTOTAL:"]
    ]  # fmt: skip


def test_of_a_word_of_twenty_thousand_letters_the_beginning_is_compared() -> None:
    """Each of these is written out in eighteen letters, of every word on the page."""
    word = "ﷺ" * 20_000
    assert headers.fold(word) == headers.fold(word[:2_000])
    tokens = [Token(number, 0, number, text, (0.0, 0.0, 1.0, 1.0)) for number, text in enumerate((word, "Total"))]
    assert find(tokens, "total").whole == ((1,),)
    assert find(tokens, word[:30]).inside == ((0,),)
