"""The total of a receipt, where a till says what was given and what the change was."""

import pytest

from tests.support import sample_documents
from workbench.fields import invoice_schema
from workbench.locate.candidates import Finder


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("KEDAI\nTEA  6.40\nSUBTOTAL  13.60\nCASH  20.00\nCHANGE  6.40", "13.60"),
        ("KEDAI\nTOTAL  60.31\nRM  60.30\nCASH  70.30\nCHANGE  10.00", "60.30"),  # after rounding
        ("CAR PARK\nTICKET  5.00\nACCEPTED TOTAL  10.00\nCHANGE  5.00", "5.00"),
        ("Bäckerei Kern\nBrot  9,30\nzu zahlen  8,95\nGegeben  20,00\nRückgeld  11,05", "8,95"),
        ("Boulangerie\nPain  12,00\nTOTAL  8,95\nEspèces  20,00\nRendu  11,05", "8,95"),
        ("KEDAI\nMEE  6.90\nSUBTOTAL  20.40\nCASH  20.40", "20.40"),  # given exactly
        ("Werft AG\nGesamtbetrag  100,00\nBar  40,00", "100,00"),  # a part was paid
    ],
)
def test_the_total_is_what_was_paid(text: str, total: str) -> None:
    finder = Finder(sample_documents.page_of(text).tokens)
    field = invoice_schema().get("amount_total")
    assert field is not None
    assert finder.around.text(finder.ranked(field)[0].tokens) == total
