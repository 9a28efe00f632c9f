"""Amounts whose cents are raised, or not printed at all."""

import pytest

from workbench.fields import FieldType
from workbench.fields.values import normalise


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("12⁹⁹ €", "12.99"),
        ("12⁹⁹", "12.99"),
        ("€12,⁵⁰", "12.50"),
        ("12.⁵⁰", "12.50"),
        ("1.234⁵⁰", "1234.50"),
        ("1,234⁵⁰ USD", "1234.50"),
        ("1’234⁵⁰", "1234.50"),
        ("1 234⁵⁰", "1234.50"),
        ("-7⁰⁵", "-7.05"),
        ("12,50¹²", "12.50"),  # footnotes 1 and 2, or 12
        ("1.234,56¹²", "1234.56"),
        ("12¹", "12.00"),
        ("1²³⁴", None),
        ("10⁻²", None),
    ],
)
def test_raised_cents_are_cents(text: str, normal: str | None) -> None:
    assert normalise(FieldType.AMOUNT, text).normal == normal


@pytest.mark.parametrize(
    "text",
    ["500:-", "500:–", "500 :-", "500 : -", "kr 500:-", "500:- kr", "500:--", "500;-", "500,00:-", "500,-", "500.--"],
)
def test_a_dash_instead_of_cents_is_no_minus_sign(text: str) -> None:
    assert normalise(FieldType.AMOUNT, text).normal == "500.00"


@pytest.mark.parametrize("text", ["500-", "500 -", "500,00-", "-500:-", "(500:-)"])
def test_a_minus_sign_is_one(text: str) -> None:
    assert normalise(FieldType.AMOUNT, text).normal == "-500.00"
