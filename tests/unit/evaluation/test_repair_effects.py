"""What each repair rule repaired and broke is counted."""

import json
from dataclasses import replace

import pytest

from tests.support.cases import case_of_rows
from workbench.evaluation import repair_effects
from workbench.fields import invoice_schema
from workbench.predictions import repair_rules
from workbench.predictions.cases import Case, Chunk
from workbench.predictions.repair_rules import Rules

TYPES = {field.id: field.type for field in invoice_schema()}
OFF = Rules(*[False] * 6)


def test_what_a_rule_repaired_and_broke_is_counted_and_a_harmful_one_named():
    rows = [[(500, "Subtotal"), (700, "90.00")]]
    helped = case_of_rows(rows, gold=[Chunk("amount_net", 1, 2)], predicted=[Chunk("amount_total", 1, 2)])
    hurt = case_of_rows(rows, gold=[Chunk("amount_total", 1, 2)], predicted=[Chunk("amount_total", 1, 2)])
    effect = repair_effects.effects([helped, helped, hurt], TYPES)["neighbourhood"]
    assert (effect.changes, effect.repaired, effect.broke) == (3, 2, 1)
    assert effect.f1_with == pytest.approx(2 / 3) and effect.f1_without == pytest.approx(1 / 3)
    assert not effect.hurts and repair_effects.effects([hurt], TYPES)["neighbourhood"].hurts


def test_a_lower_confidence_neither_repairs_nor_breaks():
    rows = [[(0, "90.00"), (100, "10.00"), (200, "107.10")]]
    amounts = [Chunk(name, i, i + 1, 0.8) for i, name in enumerate(("amount_net", "amount_tax", "amount_total"))]
    here = case_of_rows(rows, gold=amounts, predicted=amounts)
    _, changes = repair_rules.apply(here, TYPES, replace(OFF, cross_field=True))
    assert changes and {repair_effects.judge(here, change) for change in changes} == {0}


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
