"""What a spreadsheet would calculate gets an apostrophe; numbers and words do not."""

import pytest

from workbench.exchange.exporters.formulas import without_formula


@pytest.mark.parametrize(
    "cell", ["=1", " =1", "\t1", "\r1", "＝1", "@a", "+1+1", "−1+1", "\u200b=1", "\ufeff=1", "\x0b=1", "\u202e＝1", "-"]
)
def test_a_formula_is_text(cell: str) -> None:
    assert without_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "-4.20", "+49", "1=1", "RE-1", "'=1", "a@b"])
def test_what_is_none_stays_as_it_is(cell: str) -> None:
    assert without_formula(cell) == cell
