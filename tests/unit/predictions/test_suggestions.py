"""Suggestions follow what the run measured of itself: calibrated confidences, and rules that did no harm."""

import json
from dataclasses import replace

import pytest

from workbench import settings
from workbench.fields import FieldType, chunks_of, invoice_schema
from workbench.predictions import repair_rules, suggestions
from workbench.predictions.cases import Case, Chunk
from workbench.predictions.model_and_rules import TrackRecord, TwoReadings
from workbench.predictions.suggestions import Trust
from workbench.settings import REPAIR_RULES

OFF = repair_rules.Rules(*[False] * len(REPAIR_RULES))


def case(words, tags, certainty, lines=None):
    count = len(words.split())
    from workbench.predictions.cases import with_confidence

    return Case(
        1, "a", "", "", tuple(words.split()),
        predicted=with_confidence(chunks_of(tags, strict=True), certainty), tags=tuple(tags),
        certainty=tuple(certainty), pages=(0,) * count, lines=tuple(lines or (0,) * count),
        boxes=tuple((10 * i, 0, 10 * i + 8, 10) for i in range(count)),
    )  # fmt: skip


def test_confidences_are_scaled_by_the_fields_own_temperature_else_the_runs():
    document = case("a b", ["B-x", "B-y"], [0.95, 0.95])
    trust = Trust(temperature=1.0, own={"x": 3.0}, rules=OFF)
    sure = {field: confidence for field, _, confidence in suggestions.proposals(document, trust)}
    assert sure["y"] == 0.95 and 0.5 < sure["x"] < 0.8


def test_a_rule_repairs_suggestions_only_where_it_is_on():
    document = replace(case("9.00 10.00", ["I-t", "O"], [0.9, 0.9]), predicted=(Chunk("t", 0, 1, 0.9),))
    types = {"t": FieldType.AMOUNT}
    assert suggestions.proposals(document, Trust(types=types, rules=OFF)) == []
    assert suggestions.proposals(document, Trust(types=types)) == [("t", (0,), 0.9)]


def test_pieces_on_neighbouring_lines_are_one_suggestion_and_the_likelier_place_wins():
    document = case("a b c d e f g", ["B-n", "O", "B-n", "O", "O", "O", "B-n"], [0.6, 1, 0.6, 1, 1, 1, 0.9])
    trust = Trust(types={"n": FieldType.PARTY}, rules=OFF)
    assert suggestions.proposals(document, trust) == [("n", (0, 2), 0.6)]


def test_what_is_too_unsure_is_not_suggested():
    assert suggestions.proposals(case("a", ["B-x"], [0.29])) == []


def test_a_runs_report_says_how_far_it_is_trusted(tmp_path):
    effect = {"changes": 5, "repaired": 4, "broke": 1, "f1_without": 0.8, "f1_with": 0.9, "hurts": False}
    evaluation = {
        "calibration": {
            "temperature": 2.0,
            "fields": {"x": {"temperature": 1.5, "own": True}, "y": {"temperature": 2.0, "own": False}},
        },
        "postprocess": {"one_value": {**effect, "repaired": 1, "broke": 4, "f1_with": 0.7}, "unsupported": effect},
    }
    (tmp_path / "report.json").write_text(json.dumps({"evaluation": evaluation}))
    workspace = settings.read(tmp_path / "none.toml")
    trust = suggestions.trust_of(workspace, tmp_path)
    assert (trust.temperature, trust.own) == (2.0, {"x": 1.5})
    assert not trust.rules.one_value and trust.rules.unsupported and trust.rules.iob_repair
    assert trust.types["amount_total"] is FieldType.AMOUNT


@pytest.mark.parametrize("folder", [None, "empty", "older"])
def test_what_has_no_report_is_taken_as_it_is(tmp_path, folder):
    if folder == "older":
        (tmp_path / "report.json").write_text('{"run": "r", "f1": 0.5}')
    trust = suggestions.trust_of(settings.read(tmp_path / "none.toml"), tmp_path if folder else None)
    assert trust.temperature == 1.0 and trust.own == {} and trust.rules == repair_rules.Rules()


def test_settings_decide_over_what_was_measured():
    hurts = {"one_value": {"repaired": 0, "broke": 5, "f1_with": 0.5, "f1_without": 0.9}}
    assert repair_rules.chosen(hurts, {}).one_value is False
    assert repair_rules.chosen(hurts, {"one_value": True}).one_value is True
    assert repair_rules.chosen({}, {"neighbourhood": False}).neighbourhood is False


def test_a_changed_span_keeps_its_confidence():
    document = case("total 9.00 EUR", ["O", "B-t", "I-t"], [1, 0.8, 0.6])
    (proposal,) = suggestions.proposals(document, Trust(types={"t": FieldType.AMOUNT}))
    assert proposal[1] == (1, 2) and proposal[2] == pytest.approx(0.7)
    assert Chunk("t", 1, 3) in document.predicted


def test_suggestions_are_right_with_the_very_words_and_fields_that_nobody_labelled_do_not_count():
    from dataclasses import replace

    right = replace(case("9.00 EUR", ["B-t", "B-u"], [0.9, 0.9]), gold=(Chunk("t", 0, 1),))
    wrong = replace(case("a b c", ["B-t", "I-t", "O"], [0.9, 0.9, 0.9]), gold=(Chunk("t", 0, 1), Chunk("v", 2, 3)))
    figures = suggestions.figures([right, wrong], Trust(rules=OFF))
    assert figures["documents"] == 2 and set(figures["fields"]) == {"t", "v"}
    assert figures["fields"]["t"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert (figures["precision"], figures["support"]) == (0.5, 3)


def test_a_run_is_weighed_against_the_rules_only_in_what_it_was_taught(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps({"readers": {"amount_total": {"rules alone": [0, 9, 9]}}}))
    trust = suggestions.trust_of(settings.read(tmp_path / "none.toml"), tmp_path)
    assert [one.id for one in trust.fields] == ["amount_total"]
    document = case("Total 9.00", ["O", "O"], [1, 1])
    assert [(name, words) for name, words, _ in suggestions.proposals(document, trust)] == [("amount_total", (1,))]
    starter = suggestions.trust_of(settings.read(tmp_path / "none.toml"), None)
    assert {"amount_total", "seller_name"} <= {one.id for one in starter.fields}


def test_a_number_that_is_no_amount_is_not_said_to_be_one():
    document = case("2018-471331 9.00", ["B-t", "O"], [0.95, 1.0])
    assert suggestions.values_of(document, Trust(types={"t": FieldType.AMOUNT}, rules=OFF)) == {}
    assert suggestions.values_of(document, Trust(types={"t": FieldType.ID}, rules=OFF)) == {"t": ((0,), 0.95)}


def test_the_starter_in_its_worker_asks_the_rules_too(tmp_path):
    from workbench.fields import invoice_schema
    from workbench.runs import parquet, suggestions_file
    from workbench.runs.config.request import FieldSpec, Request

    (tmp_path / "dataset").mkdir()
    words = ["Total", "9.00"]
    row = parquet.FrozenDocument(
        3,
        "a",
        words=words,
        boxes=[[10, 10, 90, 20], [100, 10, 150, 20]],
        lines=[0, 0],
        pages=[0, 0],
        confidences=[1.0, 1.0],
    )
    parquet.write(tmp_path / "dataset" / "pool.parquet", [row])
    silent = parquet.Prediction(3, "pool", ["O", "B-iban"], b"\x00\x3c\x00\x00" * 2, [0.0], 1, [0, 0], False)
    parquet.write_predictions(tmp_path / "predictions.parquet", [silent])
    fields = [FieldSpec.of(field) for field in invoice_schema().active]
    (tmp_path / "request.yaml").write_text(Request(run="r", fields=fields, task="predict", model="starter").text())
    suggestions.write(tmp_path, None)
    (stored,) = suggestions_file.read(tmp_path)
    assert (stored.document, stored.words) == (3, 2)
    assert ("amount_total", (1,)) in [(name, place) for name, place, _ in stored.proposals]


@pytest.mark.parametrize(
    ("repaired", "broke", "without", "verdict"),
    [(0, 1, 0.9, 0), (9, 4, 0.9, 0), (4, 9, 0.9, -1), (6, 9, 0.9, 0), (9, 2, 0.7, 1), (1, 0, 0.7, 0), (0, 0, 0.8, 0)],
)
def test_a_rule_is_judged_by_more_than_an_unlucky_document(repaired, broke, without, verdict):
    effect = {"repaired": repaired, "broke": broke, "f1_with": 0.8, "f1_without": without}
    assert repair_rules.verdict(effect) == verdict


def test_what_neither_the_model_nor_the_rules_read_acceptably_is_not_offered():
    document = replace(
        case("Konto rechts Betrag", ["O", "B-iban", "O"], [0.9, 0.99, 0.9]), predicted=(Chunk("iban", 1, 2, 0.99),)
    )
    fields = tuple(field for field in invoice_schema() if field.id == "iban")
    trust = Trust(types={"iban": FieldType.ID}, rules=OFF)
    assert suggestions.proposals(document, trust) == []
    assert suggestions.proposals(document, replace(trust, types={}, fields=fields)) == []


def test_an_addressee_outside_of_any_block_is_not_sure_before_the_workspace_says_so():
    read = TwoReadings((1,), 0.99, (1,))
    before = {"buyer_address": {read.situation: [95, 95, 100]}}
    assert TrackRecord(before).believed("buyer_address", read)[1] < 0.7
    here = {"buyer_address": {read.situation: [20, 20, 20]}}
    assert TrackRecord(before, here).believed("buyer_address", read)[1] > 0.9
    assert TrackRecord(before).believed("buyer_address", replace(read, strong=True))[1] > 0.7


def test_of_a_field_that_a_run_was_not_taught_only_what_can_be_a_value_is_suggested():
    words = "Net 84.00 VAT 16.00 Total 100.00 69876 Town"
    tags = ["O", "O", "O", "O", "O", "B-amount_total", "B-amount_tax", "O"]
    fields = [f for f in invoice_schema() if f.id in ("amount_net", "amount_tax", "amount_total")]
    trust = Trust(
        types={f.id: f.type for f in fields}, fields=(fields[2],), untaught=tuple(fields[:2]), record=TrackRecord()
    )
    suggested = {name: read for name, read, _ in suggestions.proposals(case(words, tags, [0.95] * 8), trust)}
    assert suggested == {
        "amount_total": (5,)
    }  # no post code for the tax, and no net amount that the model did not read
