"""What a field's own check refuses is not offered."""

import pytest

from workbench.fields import FieldType
from workbench.fields.checks import acceptable, tax_number


@pytest.mark.parametrize(
    ("field", "kind", "text", "expected"),
    [
        ("iban", FieldType.ID, "IBAN: DE89 3704 0044 0532 0130 00", True),
        ("iban", FieldType.ID, "rechts", False),
        ("iban", FieldType.ID, "DE89 3704 0044 0532 0130 01", False),
        ("seller_tax_id", FieldType.ID, "12/34", False),
        ("invoice_no", FieldType.ID, "Rechnung", False),
        ("invoice_no", FieldType.ID, "RE-1", True),
        ("tax_rate", FieldType.RATE, "19 %", True),
        ("tax_rate", FieldType.RATE, "80 %", False),
        ("invoice_date", FieldType.DATE, "01.01.1850", False),
        ("amount_total", FieldType.AMOUNT, "EUR", False),
        ("seller_name", FieldType.PARTY, "info@acme.example", False),
        ("note", FieldType.TEXT, "anything", True),
    ],
)
def test_values_that_a_field_can_have(field: str, kind: FieldType, text: str, expected: bool) -> None:
    assert acceptable(field, kind, text) is expected


def test_tax_numbers_by_country() -> None:
    assert tax_number("ATU13585627") is True
    assert tax_number("DE123456789") is False
    assert tax_number("DE12345678") is None
    assert tax_number("GB980780684") is True
    assert tax_number("ZZ123456789") is None
