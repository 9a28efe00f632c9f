"""Each rule repairs what it is for, leaves the rest alone, and what it did is counted."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.evaluation import repair_effects
from workbench.fields import FieldType, invoice_schema
from workbench.predictions import repair_rules
from workbench.predictions.cases import Case, Chunk
from workbench.predictions.repair_rules import Rules

TYPES = {field.id: field.type for field in invoice_schema()}
OFF = Rules(*[False] * 6)


def case(rows, gold=(), predicted=(), **facts):
    """A page from rows of (x, word) pairs; rows are 40 apart, a word is 80 wide."""
    words, boxes, lines = [], [], []
    for number, row in enumerate(rows):
        for x, word in row:
            words.append(word)
            boxes.append((x, 40 * number, x + 80, 40 * number + 20))
            lines.append(number)
    return Case(
        1, "a", "g", "en", tuple(words), tuple(gold), tuple(predicted), (0,) * len(words), tuple(lines), tuple(boxes),
        **facts,
    )  # fmt: skip


def only(rule, here, **facts):
    return repair_rules.apply(here, TYPES, replace(OFF, **{rule: True}, **facts))


def test_a_value_that_the_tags_tear_is_read_as_a_whole_where_the_rule_is_on():
    tags = ("I-iban", "O", "I-iban", "B-currency", "B-iban")
    here = case(
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
    here = case(rows, predicted=[Chunk("amount_total", 1, 2, 0.6), Chunk("amount_total", 3, 4, 0.9)])
    repaired, (change,) = only("neighbourhood", here)
    assert repaired.predicted == (Chunk("amount_net", 1, 2), Chunk("amount_total", 3, 4))
    assert "Subtotal" in change.reason


def test_a_column_header_counts_too_and_a_far_one_does_not():
    rows = [[(500, "Subtotal")], [(100, "x")], [(500, "90.00")]]
    here = case(rows, predicted=[Chunk("amount_total", 2, 3)])
    assert only("neighbourhood", here)[0].predicted == (Chunk("amount_net", 2, 3),)
    assert only("neighbourhood", here, radius=30.0)[1] == []


def test_an_amount_far_from_any_header_and_currency_is_dropped():
    rows = [[(500, "Pos"), (700, "90.00")], [(500, "€"), (700, "107.10")]]
    here = case(rows, predicted=[Chunk("amount_total", 1, 2), Chunk("amount_total", 3, 4)])
    assert only("unsupported", here)[0].predicted == (Chunk("amount_total", 3, 4),)


def test_a_span_that_means_nothing_is_cut_or_grown_until_it_does():
    rows = [[(0, "9.00"), (100, "17.10"), (200, "Rechnung")], [(0, "3"), (100, "May"), (200, "2024")]]
    here = case(rows, predicted=[Chunk("amount_net", 0, 2), Chunk("due_date", 3, 5)])
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
    repaired, (change,) = only("one_value", case(rows, predicted=predicted))
    assert repaired.predicted == tuple(predicted[1:])
    assert change.before == predicted[0] and change.after is None


def test_a_contradiction_halves_the_confidence_of_the_values_in_it():
    rows = [[(0, "90.00"), (100, "10.00"), (200, "107.10"), (300, "EUR")]]
    names = ("amount_net", "amount_tax", "amount_total", "currency")
    predicted = [Chunk(name, i, i + 1, 0.8) for i, name in enumerate(names)]
    repaired, changes = only("cross_field", case(rows, predicted=predicted))
    assert {c.field: c.confidence for c in repaired.predicted} == {
        "amount_net": 0.4, "amount_tax": 0.4, "amount_total": 0.4, "currency": 0.8,
    }  # fmt: skip
    assert {repair_effects.judge(case(rows, gold=predicted), change) for change in changes} == {0}


def test_another_checker_can_be_hooked_in():
    here = case([[(0, "EUR")]], predicted=[Chunk("currency", 0, 1, 1.0)])
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
def test_changes_tell_the_whole_story_and_rules_settle(predicted, words):
    here = case([list(zip(range(0, 400, 100), words[i : i + 4], strict=True)) for i in (0, 4, 8)], predicted=predicted)
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


def test_what_a_rule_repaired_and_broke_is_counted_and_a_harmful_one_named():
    rows = [[(500, "Subtotal"), (700, "90.00")]]
    helped = case(rows, gold=[Chunk("amount_net", 1, 2)], predicted=[Chunk("amount_total", 1, 2)])
    hurt = case(rows, gold=[Chunk("amount_total", 1, 2)], predicted=[Chunk("amount_total", 1, 2)])
    effect = repair_effects.effects([helped, helped, hurt], TYPES)["neighbourhood"]
    assert (effect.changes, effect.repaired, effect.broke) == (3, 2, 1)
    assert effect.f1_with == pytest.approx(2 / 3) and effect.f1_without == pytest.approx(1 / 3)
    assert not effect.hurts and repair_effects.effects([hurt], TYPES)["neighbourhood"].hurts


def test_types_that_nobody_named_are_text():
    here = case([[(0, "x")]], predicted=[Chunk("new", 0, 1)])
    assert repair_rules.apply(here, {})[0].predicted == (Chunk("new", 0, 1),)
    assert TYPES["amount_total"] is FieldType.AMOUNT


# --- real receipts --------------------------------------------------------------------------------------------------

CORD = {
    "total.total_price": "amount_total",
    "sub_total.subtotal_price": "amount_net",
    "sub_total.tax_price": "amount_tax",
}


def cord_receipts(folder):
    """Receipts with their amounts as gold labels, and the very same as predictions."""
    for number, path in enumerate(sorted(folder.glob("*.json"))):
        receipt = json.loads(path.read_text())
        width, height = (receipt["meta"]["image_size"][side] for side in ("width", "height"))
        words, boxes, lines, gold = [], [], [], []
        for line in receipt["valid_line"]:
            for word in line["words"]:
                xs, ys = (
                    [1000 * word["quad"][f"{axis}{i}"] / size for i in range(1, 5)]
                    for axis, size in (("x", width), ("y", height))
                )
                name = None if word["is_key"] else CORD.get(line["category"])
                if name:
                    gold.append(Chunk(name, len(words), len(words) + 1))
                words.append(word["text"])
                boxes.append((min(xs), min(ys), max(xs), max(ys)))
                lines.append(word["row_id"])
        yield Case(
            number,
            path.name,
            "g",
            "en",
            tuple(words),
            tuple(gold),
            tuple(gold),
            (0,) * len(words),
            tuple(lines),
            tuple(boxes),
        )


@pytest.mark.realdata
def test_headers_on_real_receipts_undo_swapped_amounts_and_spare_right_ones(realdata):
    swap = {"amount_total": "amount_net", "amount_net": "amount_total"}
    right = list(cord_receipts(realdata / "cord"))
    rules = replace(OFF, neighbourhood=True)
    spared = repair_effects.effects(right, TYPES, rules)["neighbourhood"]
    amounts = sum(len(case.gold) for case in right)
    assert amounts > 150 and spared.broke < 0.05 * amounts
    swapped = [
        replace(case, predicted=tuple(replace(c, field=swap.get(c.field, c.field)) for c in case.gold))
        for case in right
    ]
    undone = repair_effects.effects(swapped, TYPES, rules)["neighbourhood"]
    assert undone.repaired > 80 and undone.broke < 5
    assert undone.f1_with > undone.f1_without + 0.3


def test_of_an_address_in_two_places_the_fuller_one_stays_with_all_its_pieces():
    pieces = (Chunk("a", 0, 3, 0.9), Chunk("a", 4, 6, 0.8), Chunk("a", 9, 10, 0.95))
    case = Case(1, "a", "", "", tuple("abcdefghij"), predicted=pieces, pages=(0,) * 10, lines=(0,) * 10)
    kept, _ = repair_rules.apply(case, {"a": FieldType.ADDRESS}, replace(OFF, one_value=True))
    assert kept.predicted == pieces[:2]
