"""Each rule repairs what it is for, and leaves the rest alone."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cases import case_of_rows
from workbench.fields import FieldType, invoice_schema
from workbench.predictions import repair_rules
from workbench.predictions.cases import Case, Chunk
from workbench.predictions.repair_rules import Rules

TYPES = {field.id: field.type for field in invoice_schema()}
OFF = Rules(*[False] * 6)


def only(rule, here, **facts):
    return repair_rules.apply(here, TYPES, replace(OFF, **{rule: True}, **facts))


def test_a_value_that_the_tags_tear_is_read_as_a_whole_where_the_rule_is_on():
    tags = ("I-iban", "O", "I-iban", "B-currency", "B-iban")
    here = case_of_rows(
        [[(0, w) for w in "abcde"]],
        predicted=[Chunk("iban", 0, 3, 0.7), Chunk("currency", 3, 4, 0.5)],
        tags=tags,
        certainty=(0.5,) * 5,
    )
    repaired, changes = only("iob_repair", here)
    assert repaired.predicted == (Chunk("currency", 3, 4), Chunk("iban", 0, 3))
    assert [(c.before, c.after) for c in changes] == [(None, Chunk("iban", 0, 3)), (Chunk("iban", 4, 5), None)]
    untouched, _ = repair_rules.apply(here, TYPES, OFF)
    assert untouched.predicted == (Chunk("currency", 3, 4), Chunk("iban", 4, 5))


def test_the_header_decides_between_net_and_total():
    rows = [[(500, "Subtotal"), (700, "90.00")], [(500, "Total"), (700, "107.10")]]
    here = case_of_rows(rows, predicted=[Chunk("amount_total", 1, 2, 0.6), Chunk("amount_total", 3, 4, 0.9)])
    repaired, (change,) = only("neighbourhood", here)
    assert repaired.predicted == (Chunk("amount_net", 1, 2), Chunk("amount_total", 3, 4))
    assert "Subtotal" in change.reason


def test_a_column_header_counts_too_and_a_far_one_does_not():
    rows = [[(500, "Subtotal")], [(100, "x")], [(500, "90.00")]]
    here = case_of_rows(rows, predicted=[Chunk("amount_total", 2, 3)])
    assert only("neighbourhood", here)[0].predicted == (Chunk("amount_net", 2, 3),)
    assert only("neighbourhood", here, radius=30.0)[1] == []


def test_an_amount_far_from_any_header_and_currency_is_dropped():
    rows = [[(500, "Pos"), (700, "90.00")], [(500, "€"), (700, "107.10")]]
    here = case_of_rows(rows, predicted=[Chunk("amount_total", 1, 2), Chunk("amount_total", 3, 4)])
    assert only("unsupported", here)[0].predicted == (Chunk("amount_total", 3, 4),)


def test_a_span_that_means_nothing_is_cut_or_grown_until_it_does():
    rows = [[(0, "9.00"), (100, "17.10"), (200, "Rechnung")], [(0, "3"), (100, "May"), (200, "2024")]]
    here = case_of_rows(rows, predicted=[Chunk("amount_net", 0, 2), Chunk("due_date", 3, 5)])
    repaired, changes = only("normalisation", here)
    assert {c.after for c in changes} <= set(repaired.predicted)
    assert Chunk("amount_net", 0, 1) in repaired.predicted
    assert Chunk("due_date", 3, 6) in repaired.predicted


def test_one_value_keeps_the_surest_and_leaves_addresses_whole():
    rows = [[(0, "9.00"), (100, "8.00"), (200, "Main"), (300, "x"), (400, "Town")]]
    predicted = [
        Chunk("amount_total", 0, 1, 0.4), Chunk("amount_total", 1, 2, 0.8),
        Chunk("seller_address", 2, 3), Chunk("seller_address", 4, 5),
    ]  # fmt: skip
    repaired, (change,) = only("one_value", case_of_rows(rows, predicted=predicted))
    assert repaired.predicted == tuple(predicted[1:])
    assert change.before == predicted[0] and change.after is None


def test_a_contradiction_halves_the_confidence_of_the_values_in_it():
    rows = [[(0, "90.00"), (100, "10.00"), (200, "107.10"), (300, "EUR")]]
    names = ("amount_net", "amount_tax", "amount_total", "currency")
    predicted = [Chunk(name, i, i + 1, 0.8) for i, name in enumerate(names)]
    repaired, _ = only("cross_field", case_of_rows(rows, predicted=predicted))
    assert {c.field: c.confidence for c in repaired.predicted} == {
        "amount_net": 0.4, "amount_tax": 0.4, "amount_total": 0.4, "currency": 0.8,
    }  # fmt: skip


def test_another_checker_can_be_hooked_in():
    here = case_of_rows([[(0, "EUR")]], predicted=[Chunk("currency", 0, 1, 1.0)])
    currencies = []
    repair_rules.apply(
        here, TYPES, replace(OFF, cross_field=True), lambda values: currencies.append(values["currency"].normal) or []
    )
    assert currencies == ["EUR"]


CHUNKS = st.lists(
    st.builds(
        lambda field, start, length, sure: Chunk(field, start, min(start + length, 12), sure),
        st.sampled_from(["amount_total", "amount_net", "currency", "seller_name", "invoice_date"]),
        st.integers(0, 11), st.integers(1, 3), st.floats(0, 1),
    ),
    max_size=6,
    unique=True,
)  # fmt: skip


@settings(deadline=None)  # the first look at a currency loads tables
@given(CHUNKS, st.lists(st.sampled_from(["Total", "Net", "9.00", "EUR", "x", "12/01/2024"]), min_size=12, max_size=12))
def test_the_changes_lead_from_the_predictions_to_the_repaired_ones(predicted, words):
    here = case_of_rows(
        [list(zip(range(0, 400, 100), words[i : i + 4], strict=True)) for i in (0, 4, 8)], predicted=predicted
    )
    repaired, changes = repair_rules.apply(here, TYPES, Rules(unsupported=True))
    chunks = set(predicted)
    for change in changes:
        assert change.before is None or change.before in chunks
        chunks -= {change.before}
        chunks |= {change.after} - {None}
    assert chunks == set(repaired.predicted)
    assert all(0 <= c.start < c.stop <= 12 for c in repaired.predicted)
    assert repair_rules.apply(here, TYPES, OFF) == (replace(here, predicted=tuple(sorted(predicted))), [])
    for name in ("amount_total", "amount_net", "currency", "invoice_date"):
        assert sum(c.field == name for c in repaired.predicted) <= 1


def test_a_field_without_a_type_is_text():
    here = case_of_rows([[(0, "x")]], predicted=[Chunk("new", 0, 1)])
    assert repair_rules.apply(here, {})[0].predicted == (Chunk("new", 0, 1),)
    assert TYPES["amount_total"] is FieldType.AMOUNT


def test_of_an_address_in_two_places_the_fuller_one_stays_with_all_its_pieces():
    pieces = (Chunk("a", 0, 3, 0.9), Chunk("a", 4, 6, 0.8), Chunk("a", 9, 10, 0.95))
    case = Case(1, "a", "", "", tuple("abcdefghij"), predicted=pieces, pages=(0,) * 10, lines=(0,) * 10)
    kept, _ = repair_rules.apply(case, {"a": FieldType.ADDRESS}, replace(OFF, one_value=True))
    assert kept.predicted == pieces[:2]
