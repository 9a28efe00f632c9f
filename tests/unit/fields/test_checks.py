"""Cross-field checks warn about what does not fit, and about nothing else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.fields import FieldType, invoice_schema
from workbench.fields.checks import acceptable, check
from workbench.fields.values import Value, normalise

SCHEMA = invoice_schema()


def values(**texts: str) -> dict[str, Value]:
    types = {field.id: field.type for field in SCHEMA}
    return {field: normalise(types[field], text) for field, text in texts.items()}


def rules(**texts: str) -> set[str]:
    return {failed.rule for failed in check(values(**texts))}


GOOD = {
    "invoice_date": "2018-12-25",
    "due_date": "2019-01-24",
    "currency": "EUR",
    "amount_net": "100,00",
    "amount_tax": "19,00",
    "amount_total": "119,00",
    "tax_rate": "19 %",
    "iban": "DE88 2008 0000 0970 3757 00",
    "seller_tax_id": "DE136695976",
}


def test_a_good_document_gives_no_warning() -> None:
    assert check(values(**GOOD)) == []
    assert check({}) == []


@pytest.mark.parametrize(
    ("changed", "rule", "concerned"),
    [
        ({"amount_total": "118.00"}, "sum", ("amount_net", "amount_tax", "amount_total")),
        ({"tax_rate": "7 %"}, "rate", ("amount_net", "amount_tax", "tax_rate")),
        ({"due_date": "2018-12-24"}, "dates", ("invoice_date", "due_date")),
        ({"invoice_date": "2118-12-25", "due_date": "2119-01-24"}, "dates", ("invoice_date",)),
        ({"iban": "DE88 2008 0000 0970 3757 01"}, "iban", ("iban",)),
        ({"seller_tax_id": "DE136695977"}, "tax-id", ("seller_tax_id",)),
        ({"amount_tax": "人民币壹仟元整"}, "invalid", ("amount_tax",)),
        ({"invoice_date": "03/05/2018"}, "ambiguous", ("invoice_date",)),
    ],
)
def test_what_does_not_fit_is_told_with_its_fields(
    changed: dict[str, str], rule: str, concerned: tuple[str, ...]
) -> None:
    (failed,) = check(values(**(GOOD | changed)))
    assert (failed.rule, failed.fields) == (rule, concerned)
    assert failed.message


def test_the_messages_name_the_figures() -> None:
    (failed,) = check(values(**(GOOD | {"amount_total": "118.00"})))
    assert "119.00" in failed.message
    assert "118.00" in failed.message
    (failed,) = check(values(**(GOOD | {"due_date": "31/02/2024"})))
    assert failed.message == "due_date: 31/02/2024 is no date"


def test_amounts_want_a_currency() -> None:
    assert rules(amount_total="9.00") == {"currency"}
    assert rules(amount_total="9.00", currency="RM") == set()
    assert rules(invoice_no="1") == set()


def test_cents_of_rounding_are_no_mistake() -> None:
    amounts = {"currency": "MYR", "amount_net": "8.49", "amount_tax": "0.51"}
    assert rules(**amounts, amount_total="9.02") == set()
    assert rules(**amounts, amount_total="9.03") == {"sum"}


def test_the_rate_is_checked_against_the_total_where_the_net_is_missing() -> None:
    assert rules(currency="EUR", amount_tax="19", amount_total="119", tax_rate="19") == set()
    assert rules(currency="EUR", amount_tax="19", amount_total="119", tax_rate="7") == {"rate"}


def test_credit_notes_have_one_sign() -> None:
    assert rules(currency="EUR", amount_net="-100", amount_tax="-19", amount_total="-119", tax_rate="19") == set()
    assert "sign" in rules(currency="EUR", amount_tax="19", amount_total="-119")


@given(
    st.decimals(min_value=0, max_value=99_999, places=2),
    st.sampled_from(["0", "5.5", "6", "7", "7.7", "19", "20", "21", "25"]),
)
def test_amounts_that_were_calculated_right_are_never_doubted(net: Decimal, rate: str) -> None:
    tax = (net * Decimal(rate) / 100).quantize(Decimal("0.01"))
    failed = rules(currency="EUR", amount_net=str(net), amount_tax=str(tax), amount_total=str(net + tax), tax_rate=rate)
    assert failed == set()


def test_types_cover_the_schema() -> None:
    assert {field.type for field in SCHEMA} <= set(FieldType)


def test_a_sign_inside_an_amount_is_a_currency() -> None:
    assert "currency" in rules(amount_total="5.00")
    assert "currency" not in rules(amount_total="€5.00")
    assert "currency" not in rules(amount_net="4.00", amount_total="RM 5.00")


@pytest.mark.parametrize(
    ("tax", "failed"), [("46.25", set()), ("124.98", set()), ("150.00", {"rate"}), ("9", {"rate"})]
)
def test_a_tax_of_two_rates_lies_between_them(tax: str, failed: set[str]) -> None:
    rates = [normalise(FieldType.RATE, text) for text in ("20 %", "5.5 %")]
    found = check(values(currency="EUR", amount_net="624.90", amount_tax=tax, tax_rate="20 %"), {"tax_rate": rates})
    assert {problem.rule for problem in found} == failed


@pytest.mark.parametrize(("total", "failed"), [("119.00", set()), ("107.00", set()), ("115.00", {"sum"})])
def test_several_taxes_may_add_up_or_be_one_and_its_repetition(total: str, failed: set[str]) -> None:
    taxes = [normalise(FieldType.AMOUNT, text) for text in ("7.00", "12.00")]
    found = check(
        values(currency="EUR", amount_net="100.00", amount_tax="7.00", amount_total=total), {"amount_tax": taxes}
    )
    assert {problem.rule for problem in found} == failed


@pytest.mark.parametrize(("total", "failed"), [("758.70", set()), ("461.40", set()), ("700.00", {"sum"})])
def test_several_net_amounts_may_add_up_and_be_taxed_in_part(total: str, failed: set[str]) -> None:
    nets = [normalise(FieldType.AMOUNT, text) for text in ("435.28", "297.30")]
    found = check(
        values(currency="MYR", amount_net="435.28", amount_tax="26.12", amount_total=total, tax_rate="6 %"),
        {"amount_net": nets},
    )
    assert {problem.rule for problem in found} == failed


def test_taxes_add_up_where_no_net_amount_is_printed() -> None:
    taxes = [normalise(FieldType.AMOUNT, text) for text in ("7.00", "12.00")]
    written = values(currency="EUR", amount_tax="7.00", amount_total="119.00", tax_rate="19 %")
    assert not check(written, {"amount_tax": taxes})


def test_a_documents_number_is_not_warned_of_as_an_account() -> None:
    assert check(values(invoice_no="OR18041102170437")) == []


@pytest.mark.parametrize(
    ("text", "can_be"),
    [("(57MMX60MMX12MM)", False), ("1.5L", False), ("10PCS", False), ("2X3X4", False), ("INV-77", True),
     ("1080323", True), ("BD1187", True), ("M2-0", True), ("12 M 4711", True), ("40/016", True)],
)  # fmt: skip
def test_a_size_or_a_weight_is_no_number_of_an_invoice(text: str, can_be: bool) -> None:
    assert acceptable("invoice_no", FieldType.ID, text) is can_be
