"""The model and the rules about likely places are weighed by how often each was right."""

import pytest

from storage.records import SURE
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
    assert TrackRecord(often).believed("iban", silent)[1] > 0.8
    assert 0.6 < TrackRecord(often).believed("her own", silent)[1] < SURE, "not sure before it was measured here"
    measured = TrackRecord(often, {"her own": {"rules alone": [0, 4, 4]}})
    assert measured.believed("her own", silent)[1] > 0.8
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


def read_page(lines, values=None, fields=("seller_name",), sizes=()):
    """The readings of a page of text lines, 20 thousandths high and 30 apart; `values` by the words of each field."""
    words, boxes, numbers = [], [], []
    for number, line in enumerate(lines):
        x = 100
        for word in line.split():
            words.append(word)
            boxes.append((x, 30 * number, x + 10 * len(word), 30 * number + 20))
            numbers.append(number)
            x += 10 * len(word) + 8
    case = Case(
        7, "a", "", "en", tuple(words), pages=(0,) * len(words), lines=tuple(numbers), boxes=tuple(boxes),
        page_sizes=sizes,
    )  # fmt: skip
    believed = {
        name: (tuple(words.index(word) for word in text.split()), sure) for name, (text, sure) in (values or {}).items()
    }
    listed = [SCHEMA.get(name) for name in fields]
    read = model_and_rules.read_all(model_and_rules.finder_of(case), listed, believed)
    return {
        name: (" ".join(words[i] for i in one.model), " ".join(words[i] for i in one.rules), one)
        for name, one in read.items()
    }


SHOP = ("AL MENDIS-THE MINES", "ZAWIAJAYA FOOD N BEVERAGE SDN BHD", "106 LEVEL 1", "TOTAL 9.00")


def test_a_shop_s_name_above_a_company_s_is_no_part_of_it():
    both = "AL MENDIS-THE MINES ZAWIAJAYA FOOD N BEVERAGE SDN BHD"
    model, rules, _ = read_page(SHOP, {"seller_name": (both, 0.9)})["seller_name"]
    assert model == rules == "ZAWIAJAYA FOOD N BEVERAGE SDN BHD"


def test_a_company_s_name_over_two_lines_stays_whole():
    lines = ("WESTERN EASTERN", "STATIONERY SDN BHD", "106 LEVEL 1")
    whole = "WESTERN EASTERN STATIONERY SDN BHD"
    assert read_page(lines, {"seller_name": (whole, 0.9)})["seller_name"][0] == whole
    lines = ("THE COFFEE BEAN", "& TEA LEAF SDN BHD", "106 LEVEL 1")
    whole = "THE COFFEE BEAN & TEA LEAF SDN BHD"
    assert read_page(lines, {"seller_name": (whole, 0.9)})["seller_name"][0] == whole


def test_a_name_that_a_model_cuts_within_its_line_is_the_line():
    lines = ("SANYU STATIONERY SHOP", "NO. 31G, JALAN INDAH", "40170 SETIA ALAM", "TOTAL 9.00")
    assert read_page(lines, {"seller_name": ("SANYU STATIONERY", 0.9)})["seller_name"][0] == "SANYU STATIONERY SHOP"


def test_a_company_that_only_the_rules_read_is_as_good_as_headed():
    lines = ("UNIHAKKA INTERNATIONAL SDN BHD", "12, JALAN TAMPOI", "81200 JOHOR BAHRU", "TOTAL 9.00")
    _, rules, read = read_page(lines)["seller_name"]
    assert rules == "UNIHAKKA INTERNATIONAL SDN BHD" and read.headed
    assert model_and_rules.TrackRecord(model_and_rules.shipped()).believed("seller_name", read)[1] > 0.5


def test_on_a_long_receipt_words_are_no_further_apart_than_on_a_page():
    # boxes are thousandths of the page: on a page four times as long as wide, lines look a third as high
    words = ("TOKYO", "KITCHEN", "SDN", "BHD")
    boxes = tuple((100 + 110 * n, 100, 190 + 110 * n, 108) for n in range(4))
    for sizes, name in (((), ""), (((600.0, 2400.0),), "TOKYO KITCHEN SDN BHD")):
        case = Case(
            7, "a", "", "en", words, pages=(0,) * 4, lines=(0,) * 4, boxes=boxes, page_sizes=sizes
        )  # fmt: skip
        read = model_and_rules.read_all(model_and_rules.finder_of(case), [SCHEMA.get("seller_name")], {})
        rules = read["seller_name"].rules if "seller_name" in read else ()
        assert (" ".join(words[i] for i in rules) == name) == bool(name)


def test_the_order_of_a_kitchen_is_no_purchase_order():
    slip = ("TOKYO KITCHEN SDN BHD", "TABLE D2", "ORDER# 149308", "CASHIER JIMIE", "TOTAL 9.00", "CASH 9.00")
    letter = ("TOKYO KITCHEN SDN BHD", "Order no 149308", "Total 9.00")
    assert "purchase_order" not in read_page(slip, fields=("purchase_order",))
    assert read_page(letter, fields=("purchase_order",))["purchase_order"][1] == "149308"
    pickup = ("PIZZA PLACE", "ORDER : 5633", "GRAND TOTAL 12.40", "PAYMENT 12.50", "CHANGE DUE 0.10")
    assert "purchase_order" not in read_page(pickup, fields=("purchase_order",)), "it gives change"


def test_a_currency_in_brackets_behind_a_caption_is_the_page_s():
    lines = ("GST SUMMARY AMOUNT(RM) TAX(RM)", "SR 41.30 2.73", "TOTAL 44.03")
    assert read_page(lines, fields=("currency",))["currency"][1] == "TAX(RM)"
    assert read_page(("U.PRICE RM", *lines), fields=("currency",))["currency"][1] == "RM"


def test_the_tax_in_a_total_is_read_beside_its_rate_without_a_net_amount():
    lines = ("TOTAL INCL 53.20", "CASH 100.20", "CHANGE 47.00", "GST @6% INCLUDED IN TOTAL 3.01")
    read = read_page(lines, fields=("amount_net", "amount_tax", "amount_total", "tax_rate"))
    assert read["amount_tax"][1] == "3.01" and read["amount_tax"][2].strong and read["tax_rate"][1] == "@6%"
    assert read["amount_total"][1] == "53.20"


def test_an_account_is_no_document_s_number():
    lines = ("Rekening nr. WL-7440 van 29 juni", "Bankrekening NL91ABNA0417164300")
    read = read_page(lines, {"invoice_no": ("NL91ABNA0417164300", 0.97)}, ("invoice_no", "iban"))
    assert read["iban"][1] == "NL91ABNA0417164300"
    assert read["invoice_no"][0] == ""
    assert read["invoice_no"][2].refused


def test_the_only_date_on_a_slip_is_as_good_as_headed():
    alone, two = ("SHOP SDN BHD", "TOTAL 9.00", "25/12/2018"), ("SHOP SDN BHD", "24/11/2018", "25/12/2018")
    assert read_page(alone, fields=("invoice_date",))["invoice_date"][2].headed
    assert not read_page(two, fields=("invoice_date",))["invoice_date"][2].headed


@pytest.mark.parametrize("time", ["18:22", "(18:22:05)", "6:22 PM"])
def test_the_time_of_day_behind_a_date_is_left_to_other_fields(time):
    model, _, _ = read_page(
        ("SHOP SDN BHD", f"19 APR 2018 {time}"), {"invoice_date": (f"19 APR 2018 {time}", 0.98)}, ("invoice_date",)
    )["invoice_date"]
    assert model == "19 APR 2018"
