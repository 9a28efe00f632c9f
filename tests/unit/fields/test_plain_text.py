"""Texts from files: their normal forms take time that grows with the text, whatever marks they have."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import ROOT
from workbench.fields.plain_text import normal_form, with_few_marks


@given(st.text(max_size=60), st.sampled_from(["NFC", "NFKC", "NFKD"]))
def test_usual_texts_have_the_usual_form(text: str, form: str) -> None:
    assert normal_form(form, text) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["NFC", "NFKC", "NFKD"])
def test_marks_beyond_thirty_on_a_letter_are_left_out(form: str) -> None:
    """Sorting a run of them takes the square of its length: half a megabyte took minutes."""
    text = "a" + "\u0315\u0301" * 1000 + "b" + "\u0301" * 30
    assert len(normal_form(form, text)) <= 62  # type: ignore[arg-type]
    assert with_few_marks(text).endswith("b" + "\u0301" * 30)


def test_no_other_module_normalises_by_itself() -> None:
    """But for one that looks at a single letter."""
    found = {
        path.name
        for package in ("workbench", "storage", "screens")
        for path in (ROOT / package).rglob("*.py")
        if "unicodedata.normalize(" in path.read_text(encoding="utf-8")
    }
    assert found == {"plain_text.py", "formulas.py"}
