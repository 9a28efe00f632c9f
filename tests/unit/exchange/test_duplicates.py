"""A page scanned twice is found; the next invoice of the same vendor is not one."""

import random

from hypothesis import given
from hypothesis import strategies as st

from workbench.exchange.duplicates import Index, Words, fingerprint_of, from_text, to_text

_TEMPLATE = "Acme Trading Ltd 12 High Street London Invoice Number Date Description Quantity Price Total VAT Thank you"


def _invoice(number: int) -> list[str]:
    chosen = random.Random(number)
    figures = [f"{chosen.randint(10, 99)}.{chosen.randint(10, 99)}" for _ in range(12)]
    return [*_TEMPLATE.split(), f"INV-{number:06}", f"{1 + number % 28:02}/03/2024", "020-7946-0000", *figures]


def _scanned_again(words: list[str], seed: int) -> list[str]:
    """Every tenth word misread, whatever it is."""
    chosen = random.Random(seed)
    return [word[:-1] + chosen.choice("xz7") if chosen.random() < 0.1 else word for word in words]


@given(st.sets(st.text(min_size=1, max_size=6), max_size=60))
def test_a_fingerprint_can_be_kept_as_text(features: set[str]) -> None:
    fingerprint = fingerprint_of(features)
    text = to_text(fingerprint)
    assert len(text) == 64
    assert from_text(text) == fingerprint


@given(st.lists(st.text("abcdef123", min_size=1, max_size=5), min_size=1, max_size=40), st.randoms())
def test_order_does_not_count(words: list[str], chosen: random.Random) -> None:
    shuffled = list(words)
    chosen.shuffle(shuffled)
    assert Words.of(words) == Words.of(shuffled)
    assert fingerprint_of(set(words)) == fingerprint_of(set(shuffled))


def test_a_second_scan_is_the_same_page() -> None:
    invoices = [_invoice(number) for number in range(40)]
    hits = sum(Words.of(words).same(Words.of(_scanned_again(words, n))) for n, words in enumerate(invoices))
    assert hits >= 37


def test_a_second_scan_with_only_numbers_misread_is_the_same_page() -> None:
    invoices = [_invoice(number) for number in range(40)]
    misread = [[word[:-1] + "x" if i in (25, 30) else word for i, word in enumerate(words)] for words in invoices]
    assert sum(Words.of(a).same(Words.of(b)) for a, b in zip(invoices, misread, strict=True)) >= 38


def test_the_next_invoice_of_the_vendor_is_not() -> None:
    invoices = [Words.of(_invoice(number)) for number in range(20)]
    assert not any(a.same(b) for i, a in enumerate(invoices) for b in invoices[:i])


def test_the_same_items_bought_again_are_another_invoice() -> None:
    """Only number and date differ, and all letters agree: it is not the reading that differs."""
    first = _invoice(1)
    second = [*first]
    second[second.index("INV-000001")] = "INV-000977"
    second[second.index("02/03/2024")] = "29/07/2024"
    assert not Words.of(first).same(Words.of(second))


def test_the_index_finds_scans_among_thousands() -> None:
    index = Index()
    documents = [_invoice(number) for number in range(2000)]
    for key, words in enumerate(documents):
        fingerprint = Words.of(words).fingerprint()
        assert fingerprint is not None
        index.add(key, fingerprint)
    hits = 0
    for key in range(0, 2000, 50):
        fingerprint = Words.of(_scanned_again(documents[key], key)).fingerprint()
        assert fingerprint is not None
        hits += key in index.near(fingerprint)
    assert hits >= 38  # of 40


def test_a_few_words_have_no_fingerprint() -> None:
    assert Words.of(["Total", "9.00"]).fingerprint() is None
