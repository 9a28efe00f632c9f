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


def test_rules_and_model_are_counted_right_where_they_read_the_labelled_value():
    gold = (Chunk("amount_total", 8, 9), Chunk("invoice_date", 4, 5))
    values = {"amount_total": ((6,), 0.9), "invoice_date": ((4,), 0.6)}
    fields = [SCHEMA.get("amount_total"), SCHEMA.get("invoice_date"), SCHEMA.get("iban")]
    counts = model_and_rules.measure([page(gold)], fields, lambda case: values)
    assert counts["amount_total"] == {TwoReadings((6,), 0.9, (8,), headed=True).situation: [0, 1, 1]}
    assert counts["invoice_date"] == {TwoReadings((4,), 0.6, (4,), headed=True).situation: [1, 1, 1]}


def test_an_address_is_right_with_and_without_its_country():
    same = model_and_rules._same_place
    assert same("Mill Road 4, 80331 München", "Mill Road 4 80331 München Deutschland")
    assert not same("Mill Road 4", "Mill Road 4 80331 München")
    assert not same("Mill Road 4", "Hill Road 4")


def test_what_adds_up_or_has_check_digits_is_believed_where_no_record_says_otherwise():
    strong = TwoReadings((1,), 0.9, (4,), strong=True)
    assert TrackRecord({}).believed("amount_tax", strong)[0] == (4,)
    often_wrong = {"amount_tax": {strong.situation: [90, 5, 100]}}
    assert TrackRecord(often_wrong).believed("amount_tax", strong)[0] == (1,)


def test_a_value_that_its_own_check_refuses_is_never_offered():
    words = ["Konto:", "rechts", "69876", "1,00", "2,50", "3,75", "IBAN", "DE89", "3704", "0044", "0532", "0130", "01"]
    boxes = tuple((10 + 60 * i, 40, 60 + 60 * i, 60) for i in range(len(words)))
    case = Case(1, "a", "", "de", tuple(words), pages=(0,) * len(words), lines=(0,) * len(words), boxes=boxes)
    values = {"iban": ((1,), 0.9), "amount_tax": ((2,), 0.9), "seller_tax_id": ((2,), 0.9)}
    fields = [SCHEMA.get(name) for name in ("iban", "amount_tax", "seller_tax_id")]
    readings = model_and_rules.read_all(model_and_rules.finder_of(case), fields, values)
    assert "iban" not in readings  # neither the word nor the account with a wrong check digit
    assert "seller_tax_id" not in readings
    assert readings.get("amount_tax", TwoReadings((), 0.0, ())).model == ()


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
    gold = (Chunk("invoice_no", 4, 5), Chunk("invoice_no", 8, 9))
    counts = model_and_rules.measure([page(gold)], [SCHEMA.get("invoice_no")], lambda case: {"invoice_no": ((4,), 0.9)})
    ((model, _, of),) = counts["invoice_no"].values()
    assert (model, of) == (1, 1)


def test_one_name_is_not_both_partys():
    case = Case(
        7, "a", "", "en", ("Nord", "GmbH", "Total", "9.00", "Nord"), pages=(0,) * 5, lines=(0, 0, 1, 1, 2),
        boxes=((100, 40, 150, 50), (155, 40, 200, 50), (100, 80, 150, 90), (200, 80, 250, 90), (100, 900, 150, 910)),
    )  # fmt: skip
    fields = [SCHEMA.get("seller_name"), SCHEMA.get("buyer_name")]
    values = {"seller_name": ((0, 1), 0.9), "buyer_name": ((4,), 0.6)}
    readings = model_and_rules.read_all(model_and_rules.finder_of(case), fields, values)
    assert readings["seller_name"].model == (0, 1)
    assert "buyer_name" not in readings or readings["buyer_name"].model == ()
