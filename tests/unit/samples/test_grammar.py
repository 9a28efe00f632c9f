"""The signs of the grammar in the wordings of made-up documents."""

import re
from random import Random

import pytest

from workbench.samples.grammar import expand
from workbench.samples.wording import WORDING


def test_a_sign_behind_a_caret_is_printed_as_it_stands():
    assert expand(Random(1), {}, "10 Tage 2^% Skonto, ^#4711") == "10 Tage 2% Skonto, #4711"
    assert re.fullmatch(r"within [1-9] days, lot \d\d", expand(Random(1), {}, "within % days, lot ##"))


@pytest.mark.parametrize("language", sorted(WORDING))
def test_no_wording_turns_its_percent_sign_into_a_digit(language: str):
    """Heads of a table of taxes and terms of payment: `MwSt%` was printed as `MwSt7`, `2% Skonto` as `24 Skonto`."""
    for key in ("tax_cols", "terms_value"):
        for text in WORDING[language][key]:
            assert expand(Random(1), {}, text) == text.replace("^", "")
