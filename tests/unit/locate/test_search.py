"""Words that are looked for by what is typed."""

import pytest

from tests.support import sample_documents
from workbench.fields import invoice_schema
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
    assert all(text in texts(find(TOKENS, typed)) for text in matches)
    assert bool(find(TOKENS, typed)) == bool(matches)
