"""The model and the rules about likely places are weighed by how often each was right."""

from workbench.fields import invoice_schema
from workbench.predictions import model_and_rules
from workbench.predictions.cases import Case, Chunk
from workbench.predictions.model_and_rules import TrackRecord, TwoReadings

SCHEMA = invoice_schema()
WORDS = ["Bright", "Foods", "Ltd", "Date", "03/04/2021", "Item", "4.00", "Total", "9.00"]
LINES = (0, 0, 0, 1, 1, 2, 2, 3, 3)


def page(gold=()):
    return Case(
        7, "a", "", "en", tuple(WORDS), gold=tuple(gold), pages=(0,) * len(WORDS), lines=LINES,
        boxes=tuple((100 + 200 * (i - LINES.index(n)), 40 + 60 * n, 280 + 200 * (i - LINES.index(n)), 60 + 60 * n)
                    for i, n in enumerate(LINES)),
    )  # fmt: skip


def test_the_one_that_was_right_more_often_is_believed_and_its_rate_is_the_confidence():
    read = TwoReadings((1, 2), 0.9, (4,))
    record = TrackRecord({"amount_total": {read.situation: [5, 90, 100]}})
    words, sure = record.believed("amount_total", read)
    assert words == (4,) and 0.8 < sure < 0.9
    assert TrackRecord({"amount_total": {read.situation: [90, 5, 100]}}).believed("amount_total", read)[0] == (1, 2)


def test_her_own_documents_outweigh_what_came_with_the_program():
    read = TwoReadings((1,), 0.99, (4,))
    before = {"amount_total": {read.situation: [10, 80, 100]}}
    assert TrackRecord(before).believed("amount_total", read)[0] == (4,)
    assert TrackRecord(before, {"amount_total": {read.situation: [40, 2, 44]}}).believed("amount_total", read)[0] == (
        1,
    )


def test_a_surer_model_is_another_situation():
    assert TwoReadings((1,), 0.4, (2,)).situation != TwoReadings((1,), 0.99, (2,)).situation
    assert TwoReadings((), 0.0, (2,)).situation == "rules alone"
    assert TwoReadings((1,), 0.9, ()).situation.startswith("model alone")


def test_an_unknown_field_is_judged_by_the_others():
    silent = TwoReadings((), 0.0, (2,))
    often = {"a": {"rules alone": [0, 90, 100]}, "b": {"rules alone": [0, 95, 100]}}
    never = {"a": {"rules alone": [0, 2, 100]}}
    assert TrackRecord(often).believed("her own", silent)[1] > 0.8
    assert TrackRecord(never).believed("her own", silent)[1] < 0.1


def test_rules_and_model_are_counted_right_only_with_the_very_words():
    gold = (Chunk("amount_total", 8, 9), Chunk("invoice_date", 4, 5))
    values = {"amount_total": ((6,), 0.9), "invoice_date": ((4,), 0.6)}
    fields = [SCHEMA.get("amount_total"), SCHEMA.get("invoice_date"), SCHEMA.get("iban")]
    counts = model_and_rules.measure([page(gold)], fields, lambda case: values)
    assert counts["amount_total"] == {TwoReadings((6,), 0.9, (8,)).situation: [0, 1, 1]}
    assert counts["invoice_date"] == {TwoReadings((4,), 0.6, (4,)).situation: [1, 1, 1]}


def test_where_both_agree_is_not_offered_for_another_field():
    finder = model_and_rules.finder_of(page())
    date, due = SCHEMA.get("invoice_date"), SCHEMA.get("due_date")
    alone = model_and_rules.read_all(finder, [due], {})
    beside = model_and_rules.read_all(finder, [date, due], {"invoice_date": ((4,), 0.9)})
    assert alone["due_date"].rules == (4,) and "due_date" not in beside


def test_of_two_proposals_for_a_word_the_surer_stays():
    kept = model_and_rules.apart([("amount_net", (8,), 0.4), ("amount_total", (8,), 0.9), ("invoice_date", (4,), 0.5)])
    assert kept == [("invoice_date", (4,), 0.5), ("amount_total", (8,), 0.9)]


def test_the_record_comes_with_the_program():
    record = model_and_rules.shipped()
    assert {"amount_total", "invoice_date", "seller_name"} <= set(record)
    assert all(max(row[:2]) <= row[2] for rows in record.values() for row in rows.values())


def test_of_several_values_of_a_field_each_is_right():
    gold = (Chunk("amount_total", 4, 5), Chunk("amount_total", 8, 9))
    counts = model_and_rules.measure(
        [page(gold)], [SCHEMA.get("amount_total")], lambda case: {"amount_total": ((4,), 0.9)}
    )
    ((model, rules, of),) = counts["amount_total"].values()
    assert (model, of) == (1, 1) and rules == 1
