"""The total of a receipt that was paid in cash: the rounded one, and not the rounding."""

import pytest

from tests.support import sample_documents
from workbench.fields import invoice_schema
from workbench.locate.candidates import Finder

_GST = "SHOP SDN BHD\nTOTAL SALES INCL GST  42.48\nROUNDING  0.02\n"


@pytest.mark.parametrize(
    ("text", "total"),
    [
        (_GST + "ROUNDED TOTAL  42.50\nCASH  50.00\nCHANGE  7.50", "42.50"),
        (_GST + "CASH  50.00", "42.48"),  # nothing else is printed that it was rounded to
        (
            "SHOP\nTOTAL  1.38\nROUNDING  0.02\nCASH              1.40",
            "1.38",
        ),  # what was given exactly is printed as that alone
        ("SHOP\nTOTAL  60.31\nROUNDING -0.01\nRM 60.30\nCASH  70.30\nCHANGE  10.00", "60.30"),
        ("SHOP\nTOTAL  42.48\nCASH  45.00", "42.48"),  # not a rounding apart
        ("SHOP\nTOTAL  94.00\nTOTAL ROUNDING  0.00\nCASH  100.00", "94.00"),
    ],
)
def test_the_total_is_what_was_to_be_paid(text: str, total: str) -> None:
    finder = Finder(sample_documents.page_of(text).tokens)
    field = invoice_schema().get("amount_total")
    assert field is not None
    assert finder.around.text(finder.ranked(field)[0].tokens) == total
