"""Every rule finds its fault and names what to do; healthy runs are left in peace; the handbook's example comes out."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.evaluation.comparison import Figure
from workbench.evaluation.doctor.data_facts import DataStatistics, FieldData, near_duplicates, statistics
from workbench.evaluation.doctor.diagnosis import RULES, diagnose, examine
from workbench.evaluation.doctor.findings import Evidence, Severity, Target, Waiting
from workbench.evaluation.doctor.history import ActionOutcome, summaries, taken
from workbench.predictions.cases import Case, Chunk
from workbench.runs.config.tune import TuneConfig

TYPES = {"amount_total": "amount", "amount_net": "amount", "currency": "currency", "invoice_no": "id"}
CONFIG = {
    "model": {"family": "layoutlmv3", "classifier_dropout": 0.1},
    "train": {"learning_rate": 5e-5, "num_train_epochs": 12, "warmup_ratio": 0.06, "per_device_train_batch_size": 8,
              "gradient_accumulation_steps": 4},
    "regularization": {"hidden_dropout_prob": 0.1},
    "data": {"max_length": 512, "window_stride": 64},
}  # fmt: skip


def run(train, validation, losses=None, config=CONFIG, epochs=None, extra=(), parameters=125_000_000):
    """Events of a run with these F1 curves; losses fall smoothly unless given."""
    draw = random.Random(len(train))
    losses = losses or [2.5 * 0.93**i + 0.05 + draw.uniform(0, 0.02) for i in range(60)]
    steps = [{"type": "step", "step": i, "loss": loss} for i, loss in enumerate(losses)]
    evaluated = [
        {"type": "evaluated", "step": i, "train": {"f1": a, "loss": 1 - a}, "validation": {"f1": b, "loss": 1 - b}}
        for i, (a, b) in enumerate(zip(train, validation, strict=True))
    ]
    end = {"type": "finished", "state": "finished", "epochs": epochs or config["train"]["num_train_epochs"]}
    return ({"type": "prepared", "truncated": 0, "parameters": parameters}, *steps, *evaluated, *extra, end)


RISING = [0.3, 0.7, 0.85, 0.9, 0.91, 0.915]
HEALTHY_DATA = DataStatistics(
    documents={"train": 300, "validation": 80},
    vendors={"train": {f"t{i}": 10 for i in range(30)}, "validation": {f"v{i}": 8 for i in range(10)}},
    languages={"train": {"en": 200, "de": 100}, "validation": {"en": 50, "de": 30}},
    fields={"train": {name: FieldData(280, 280, 30) for name in TYPES}},
    outside=0.85,
    near_duplicates=(0, 80),
    low_ocr=(5, 300),
    suspects=(1, 80),
    several_lines=(4, 60),
    one_line=(20, 260),
    window_edges=(0, 3),
    vendor_errors={f"v{i}": (3, 32) for i in range(10)},
)


def figures(f1, precision=None, recall=None, support=80, documents=80):
    return {"f1": f1, "precision": precision or f1, "recall": recall or f1, "support": support, "documents": documents}


HEALTHY_REPORT = {
    "documents": 80,
    "micro": {**figures(0.91), "ci95": (0.88, 0.94)},
    "fields": {name: figures(0.9) for name in TYPES},
    "confusion": {"amount_total": {"amount_total": 78, "amount_net": 1}, "currency": {"currency": 75, "none": 2}},
    "seen_vendors": figures(0.0, documents=0),
    "unseen_vendors": figures(0.91),
    "slices": {
        "language": {"en": figures(0.92, documents=50), "de": figures(0.9, documents=30)},
        "ocr_confidence": {"over 0.97": figures(0.92, documents=70), "under 0.8": figures(0.88, documents=10)},
    },
}
HEALTHY = Evidence(run([min(0.98, s + 0.05) for s in RISING], RISING), HEALTHY_REPORT, HEALTHY_DATA, CONFIG, TYPES)


def found(evidence):
    return {finding.rule: finding for finding in diagnose(evidence).findings}


def healthy_runs():
    draw = random.Random(7)
    for number in range(12):
        top = draw.uniform(0.8, 0.97)
        validation = [top * (1 - 0.6 * 0.4**i) - draw.uniform(0, 0.006) for i in range(5 + number % 4)]
        train = [min(0.995, value + draw.uniform(0.01, 0.06)) for value in validation]
        losses = [2.5 * 0.93**i + 0.03 + draw.uniform(0, 0.05) for i in range(40 + 10 * number)]
        rate = draw.choice((2e-5, 3e-5, 5e-5))
        config = {**CONFIG, "train": {**CONFIG["train"], "learning_rate": rate}}
        yield replace(HEALTHY, events=run(train, validation, losses), config=config)


@pytest.mark.parametrize("evidence", [HEALTHY, *healthy_runs()])
def test_healthy_runs_are_left_in_peace(evidence):
    diagnosis = diagnose(evidence)
    assert diagnosis.findings == () and diagnosis.healthy


def test_the_worst_of_many_vendors_may_be_chance():
    vendors = {f"v{i}": (2, 10) for i in range(12)} | {"v0": (4, 10)}
    assert "missing_vendor" not in found(replace(HEALTHY, data=data(vendor_errors=vendors)))
    assert "missing_vendor" in found(replace(HEALTHY, data=data(vendor_errors={**vendors, "v0": (9, 10)})))


def test_one_field_that_is_missed_is_no_imbalance():
    fields = {name: figures(0.9) for name in TYPES} | {"currency": figures(0.3, 0.9, 0.2)}
    micro = {**figures(0.7, 0.9, 0.57), "ci95": (0.66, 0.74)}
    answer = found(replace(HEALTHY, data=data(outside=0.97), report=report(micro=micro, fields=fields)))
    assert "class_imbalance" not in answer


def test_nothing_is_advised_that_would_change_nothing():
    lines = data(several_lines=(30, 60), windowed=(0, 80), torn=(0, 9000), wrong_lines={"seller_address": 30})
    (finding,) = diagnose(replace(HEALTHY, data=lines)).findings
    assert [(action.target, action.screen) for action in finding.actions] == [(Target.DATA, "queue")]
    assert "seller_address" in finding.actions[0].title and "window" not in finding.symptom
    torn = found(replace(HEALTHY, data=replace(lines, torn=(40, 9000))))["values_cut"]
    assert [action.id for action in torn.actions] == ["merge lines"]
    long = found(replace(HEALTHY, data=replace(lines, windowed=(7, 80), window_edges=(6, 9))))["values_cut"]
    assert [action.id for action in long.actions] == ["more overlap", "more positions"]


def test_a_figure_of_another_side_or_of_other_documents_is_not_compared():
    own = replace(HEALTHY, figure=Figure(0.91, "test", DOCUMENTS))
    for peer in (Figure(0.92, "validation", DOCUMENTS), Figure(0.92, "test", frozenset({("c", 5)}))):
        assert found(replace(own, peers={"other": peer})) == {}
    both = {"near": Figure(0.92, "test", DOCUMENTS), "unlike": Figure(0.99, "validation", DOCUMENTS)}
    noise = found(replace(own, peers=both))["noise"]
    assert noise.evidence["difference"] == pytest.approx(0.01) and "near" in noise.symptom


def test_nothing_known_is_nothing_found():
    assert diagnose(Evidence()).findings == ()


def report(**changes):
    return {**HEALTHY_REPORT, **changes}


def data(**changes):
    return replace(HEALTHY_DATA, **changes)


def rated(rate):
    return {**CONFIG, "train": {**CONFIG["train"], "learning_rate": rate}}


DOCUMENTS = frozenset({("a", 9), ("b", 7)})
FLAT = [2.0 + 0.01 * (i % 3) for i in range(60)]
FAULTS = {
    "overfitting": replace(HEALTHY, events=run([0.6, 0.9, 0.97, 0.98, 0.99], [0.5, 0.7, 0.74, 0.75, 0.74])),
    "unstable": replace(HEALTHY, events=run([0.0] * 6, [0.0] * 6, FLAT), config=rated(3e-4)),
    "slow_convergence": replace(
        HEALTHY, events=run([0, 0, 0.01, 0.02, 0.7, 0.83, 0.86], [0, 0, 0.01, 0.02, 0.7, 0.8, 0.81]), config=rated(3e-5)
    ),
    "learning_rate_low": replace(
        HEALTHY, events=run([0.1, 0.2, 0.26, 0.28, 0.29], [0.1, 0.2, 0.26, 0.27, 0.28]), config=rated(1e-6)
    ),
    "ended_early": replace(HEALTHY, events=run([0.3, 0.5, 0.6, 0.7, 0.8], [0.3, 0.5, 0.6, 0.7, 0.75])),
    "out_of_memory": replace(
        HEALTHY, events=run(RISING, RISING, extra=[{"type": "note", "message": "batch halved after out of memory"}])
    ),
    "truncation": replace(HEALTHY, data=data(truncated=(12, 80))),
    "noise": replace(HEALTHY, figure=Figure(0.91, "test", DOCUMENTS), peers={"other": Figure(0.92, "test", DOCUMENTS)}),
    "amounts_confused": replace(
        HEALTHY, report=report(confusion={"amount_total": {"amount_total": 50, "amount_net": 20}})
    ),
    "values_cut": replace(HEALTHY, data=data(several_lines=(30, 60))),
    "languages": replace(
        HEALTHY,
        data=data(languages={"train": {"en": 290, "fr": 10}}),
        report=report(slices={"language": {"en": figures(0.92, documents=60), "fr": figures(0.5, documents=20)}}),
    ),
    "new_templates": replace(HEALTHY, report=report(seen_vendors=figures(0.95), unseen_vendors=figures(0.7))),
    "class_imbalance": replace(
        HEALTHY,
        data=data(outside=0.97),
        report=report(
            micro={**figures(0.7, 0.9, 0.57), "ci95": (0.66, 0.74)},
            fields={name: figures(0.7, 0.9, 0.57) for name in TYPES},
        ),
    ),
    "few_examples": replace(
        HEALTHY,
        data=data(fields={"train": {"currency": FieldData(6, 6, 3)}}),
        report=report(fields={"currency": figures(0.3)}),
    ),
    "split_leakage": replace(HEALTHY, data=data(vendors={"train": {"a": 90}, "validation": {"a": 20, "b": 60}})),
    "label_noise": replace(HEALTHY, data=data(suspects=(14, 80))),
    "missing_vendor": replace(HEALTHY, data=data(vendor_errors={**HEALTHY_DATA.vendor_errors, "v0": (20, 32)})),
    "ocr_low": replace(HEALTHY, data=data(low_ocr=(120, 300))),
    "rule_hurts": replace(
        HEALTHY,
        report=report(
            postprocess={
                "one_value": {"hurts": True, "repaired": 2, "broke": 9, "f1_without": 0.91, "f1_with": 0.88},
                "neighbourhood": {"hurts": False, "repaired": 5, "broke": 1, "f1_without": 0.87, "f1_with": 0.88},
            }
        ),
    ),
    "small_evaluation": replace(HEALTHY, report=report(documents=12, micro={**figures(0.85), "ci95": (0.7, 0.95)})),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_nothing_else(name):
    (finding,) = diagnose(FAULTS[name]).findings
    assert finding.rule == name
    assert finding.evidence and any(isinstance(value, int | float) for value in finding.evidence.values())
    assert finding.symptom and finding.cause and finding.actions
    assert all(action.cost and (action.changes or action.target is Target.DATA) for action in finding.actions)
    assert json.loads(json.dumps(diagnose(FAULTS[name]).as_dict()))["findings"][0]["rule"] == name


def test_every_rule_has_a_fault_that_shows_it():
    assert set(RULES) == set(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_actions_are_configurations_that_can_be_run(name):
    for finding in diagnose(FAULTS[name]).findings:
        for action in finding.actions:
            if action.target is not Target.CONFIG:
                continue
            tree = {}
            for key, value in action.changes.items():
                section, _, setting = key.partition(".")
                tree.setdefault(section, {})[setting] = value
            TuneConfig.model_validate(
                {**tree, "data": {"max_length": 512, "window_stride": 64, **tree.get("data", {})}}
            )


def test_hints_do_not_make_a_run_ill():
    diagnosis = diagnose(FAULTS["small_evaluation"])
    assert diagnosis.healthy and diagnosis.findings[0].severity is Severity.HINT


def test_too_few_measured_documents_come_before_fields_with_few_examples():
    few = replace(
        FAULTS["few_examples"],
        report={
            **FAULTS["few_examples"].report, "documents": 3, "split": "test",
            "micro": {**figures(0.91), "ci95": (0.5, 0.99)},
        },
    )  # fmt: skip
    first, second = diagnose(few).findings
    assert (first.rule, first.severity, second.rule) == ("small_evaluation", Severity.PROBLEM, "few_examples")
    assert first.symptom.startswith("Only 3 documents were measured")


def test_the_evidence_is_read_as_phrases():
    assert found(FAULTS["few_examples"])["few_examples"].facts == ("currency: 6 labels from 3 vendors, F1 0.30",)
    assert found(FAULTS["missing_vendor"])["missing_vendor"].facts == ("v0: 20 of 32 values wrong", "10 vendors")
    assert "0.98 on training documents" in found(FAULTS["overfitting"])["overfitting"].facts[0]
    for evidence in FAULTS.values():
        for finding in diagnose(evidence).findings:
            assert not any("_" in fact.replace("one_value", "").replace("amount_", "") for fact in finding.facts)


def test_labelling_is_advised_only_of_documents_that_are_there():
    vendor = FAULTS["missing_vendor"]
    (there,) = found(replace(vendor, waiting=Waiting({("train", "v0"): 2, ("train", "x"): 9})))[
        "missing_vendor"
    ].actions
    assert there.documents == {"group": "v0", "split": "pool"} and "Label 2 documents of v0" in there.title
    elsewhere = Waiting({("test", "v0"): 2, ("train", "x"): 9})  # a vendor stays on its side
    (alike,) = found(replace(vendor, waiting=elsewhere))["missing_vendor"].actions
    assert alike.documents == {"like": "v0"} and "(9 wait for labels)" in alike.title and alike.screen == "queue"
    for name in ("missing_vendor", "few_examples", "small_evaluation"):
        (action,) = found(replace(FAULTS[name], waiting=Waiting({})))[name].actions
        assert action.title.startswith("Import more documents first") and not action.screen and not action.documents


def test_the_handbooks_worked_example():
    """Round 0: train 0.95, validation 0.84, total and net confused, currency missed 20 % -> the changes of round 1."""
    round0 = Evidence(
        run([0.6, 0.85, 0.94, 0.95, 0.95, 0.95], [0.6, 0.78, 0.83, 0.84, 0.84, 0.84]),
        report(
            micro={**figures(0.84), "ci95": (0.8, 0.87)},
            confusion={
                "amount_total": {"amount_total": 60, "amount_net": 15, "none": 5},
                "amount_net": {"amount_net": 58, "amount_total": 14, "none": 8},
                "currency": {"currency": 64, "none": 16},
            },
        ),
        HEALTHY_DATA,
        CONFIG,
        TYPES,
    )
    diagnosis = diagnose(round0)
    assert [finding.rule for finding in diagnosis.findings] == ["overfitting", "amounts_confused"]
    overfitting, confused = diagnosis.findings
    assert overfitting.evidence["train_f1"] == pytest.approx(0.95)
    assert overfitting.evidence["share_of_two_largest_vendors"] == pytest.approx(20 / 300)
    assert confused.evidence["currency missed"] == pytest.approx(0.2)
    round1 = {
        "train.learning_rate": 3e-5,
        "model.classifier_dropout": 0.2,
        "regularization.hidden_dropout_prob": 0.2,
        "train.warmup_ratio": 0.1,
    }
    assert round1.items() <= diagnosis.changes().items()
    assert [action.id for action in overfitting.actions] == [
        "lower learning rate", "more head dropout", "more hidden dropout", "augmentation", "more warmup",
    ]  # fmt: skip
    assert confused.actions[0].id == "header samples" and confused.actions[0].target is Target.DATA
    assert diagnosis.changes(Target.POSTPROCESS) == {"neighbourhood": True, "radius": 500.0}


@pytest.mark.parametrize("rate, lower", [(5e-5, 3e-5), (3e-5, 1.5e-5), (2e-5, 1e-5), (3e-4, 1.5e-4)])
def test_half_a_learning_rate_lands_on_the_handbooks_steps_where_one_is_near(rate, lower):
    finding = found(replace(FAULTS["overfitting"], config=rated(rate)))["overfitting"]
    assert finding.actions[0].changes == {"train.learning_rate": lower}


def test_a_loss_that_is_no_number_is_unstable():
    broken = [1.0, 2.0, *[float("nan")] * 3]
    events = [{"type": "step", "loss": loss if loss == loss else None} for loss in broken]
    assert found(Evidence(events, config=rated(1e-3)))["unstable"].evidence["broken_steps"] == 3
    failed = [{"type": "failed", "title": "The training diverged", "message": "the loss is not a number"}]
    assert "unstable" in found(Evidence(failed))


def test_a_loss_that_climbs_again_is_unstable():
    losses = [2.0 * 0.9**i for i in range(30)] + [0.1 + 0.05 * i for i in range(30)]
    assert "unstable" in found(replace(HEALTHY, events=run(RISING, RISING, losses)))


def test_a_jumping_validation_f1_is_unstable():
    jumping = [0.5, 0.7, 0.6, 0.8, 0.55, 0.82, 0.6, 0.81]
    assert "unstable" in found(replace(HEALTHY, events=run([0.8] * 8, jumping)))


def test_early_stopping_is_told_from_a_short_run():
    config = {**CONFIG, "train": {**CONFIG["train"], "early_stopping_patience": 2}}
    curve = [0.3, 0.5, 0.6, 0.7, 0.75]
    stopped = found(replace(HEALTHY, events=run(curve, curve, epochs=5), config=config))["ended_early"]
    assert stopped.actions[0].changes["train.early_stopping_patience"] == 4
    assert found(FAULTS["ended_early"])["ended_early"].actions[0].changes == {"train.num_train_epochs": 18}


def test_a_settled_curve_is_not_taken_for_an_end_while_training_documents_are_still_being_learned():
    """The rate falls to nothing at the end of every run, and with it what each evaluation gains."""
    finding = found(replace(HEALTHY, events=run([0.1, 0.65, 0.68, 0.73], [0.1, 0.67, 0.66, 0.72])))["ended_early"]
    assert finding.evidence["train_f1_at_the_end"] == [0.65, 0.68, 0.73]
    learned = run([0.7, 0.9, 0.93, 0.96], [0.1, 0.67, 0.66, 0.72])
    assert "ended_early" not in found(replace(HEALTHY, events=learned))


def test_a_rate_from_which_nothing_is_learned_goes_back_to_the_usual_one_at_once():
    wild = found(replace(HEALTHY, events=run([0.0] * 8, [0.0] * 8, losses=[2.0] * 40), config=rated(0.1)))["unstable"]
    assert wild.actions[0].changes == {"train.learning_rate": 5e-5}


def test_longer_windows_never_exceed_what_the_model_can_read(tmp_path: Path):
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
                    "vocab_size": 100, "max_position_embeddings": 128})
    )  # fmt: skip
    config = {
        **CONFIG,
        "model": {"family": "text", "name": str(tmp_path)},
        "data": {"max_length": 64, "window_stride": 8},
    }
    changes = [
        one.changes for one in found(Evidence(config=config, data=data(truncated=(12, 80))))["truncation"].actions
    ]
    assert {"data.max_length": 128} in changes


def test_a_stopped_run_is_not_blamed_for_ending():
    events = (*FAULTS["ended_early"].events[:-1], {"type": "finished", "state": "stopped", "epochs": 4})
    assert diagnose(replace(HEALTHY, events=events)).healthy


# --- facts ----------------------------------------------------------------------------------------------------------


def paper(number, group, text, **facts):
    return Case(number, f"d{number}", group, "en", tuple(text.split()), **facts)


TEXT = "ACME Ltd Main Street 5 Invoice No 1001 Date 12/01/2024 Total Amount Due 99.00 EUR thank you for your business"


def test_documents_that_differ_in_digits_only_are_near_duplicates():
    train = [
        paper(1, "a", TEXT),
        paper(2, "b", "Some other shop with other words in quite another order of things and so on"),
    ]
    again = paper(3, "c", TEXT.replace("1001", "2002").replace("99.00", "45.10"))
    fresh = paper(4, "d", "Bäckerei Huber Rechnung Nr 17 vom 3 Mai Summe 8,40 Euro vielen Dank für Ihren Besuch")
    assert near_duplicates(train, [again, fresh]) == [(3, 1)]


def test_statistics_count_what_the_rules_read():
    size = len(TEXT.split())
    train = [
        paper(n, f"v{n % 2}", TEXT, gold=(Chunk("invoice_no", 7, 8),), confidences=(0.5,) * size) for n in range(4)
    ]
    evaluated = [
        paper(
            9, "v0", TEXT, gold=(Chunk("seller_address", 2, 5), Chunk("invoice_no", 7, 8)),
            predicted=(Chunk("seller_address", 2, 4), Chunk("invoice_no", 7, 8)), pages=(0,) * size,
            lines=(0,) * 3 + (1,) * (size - 3), word_windows=(0,) * 4 + (1,) * (size - 4), truncated=True,
        )
    ]  # fmt: skip
    facts = statistics(train, evaluated)
    assert facts.documents == {"train": 4, "validation": 1}
    assert facts.fields["train"]["invoice_no"] == FieldData(4, 4, 2)
    assert facts.outside == pytest.approx(1 - 1 / size)
    assert (facts.several_lines, facts.one_line, facts.window_edges) == ((1, 1), (0, 1), (1, 1))
    assert facts.windowed == (0, 1) and facts.torn == (0, 0) and facts.wrong_lines == {"seller_address": 1}
    assert facts.low_ocr == (4, 4) and facts.truncated == (1, 1) and facts.near_duplicates == (1, 1)
    assert facts.vendor_errors == {"v0": (1, 2)}


def test_numbers_that_ocr_tore_apart_are_counted():
    places = {"pages": (0, 0), "lines": (0, 0)}
    torn = paper(1, "a", "1,2 34.50", boxes=((0, 0, 30, 9), (31, 0, 70, 9)), **places)
    apart = paper(2, "a", "1,2 34.50", boxes=((0, 0, 30, 9), (90, 0, 130, 9)), **places)
    assert statistics([torn, apart], []).torn == (1, 4)


def test_a_run_folder_is_examined_in_any_state(tmp_path):
    from tests.support.one_document import write_run

    write_run(tmp_path)
    (tmp_path / "request.yaml").write_text(
        "run: r1\nfields: [{id: x, type: id}]\nconfig: {train: {learning_rate: 1.0e-3}}\n"
    )
    (tmp_path / "events.jsonl").write_text('{"type": "step", "step": 1, "loss": null}\n')
    evidence = examine(tmp_path)
    assert (evidence.learning_rate, evidence.types, evidence.report) == (1e-3, {"x": "id"}, {})
    assert found(evidence).keys() == {"unstable"}
    (tmp_path / "report.json").write_text('{"evaluation": {"split": "test"}}')
    assert examine(tmp_path).data.one_line == (0, 1)
    (tmp_path / "predictions.parquet").unlink()
    assert examine(tmp_path).data.one_line == (0, 0)


# --- memory ---------------------------------------------------------------------------------------------------------


def test_what_an_action_did_is_remembered():
    memory = [
        ActionOutcome(("lower learning rate",), 0.03),
        ActionOutcome(("lower learning rate",), 0.012),
        ActionOutcome(("augmentation", "more warmup"), -0.01, (-0.03, 0.01)),
    ]
    assert summaries(memory) == {
        "lower learning rate": "lower learning rate: +0.021 F1, better twice of two",
        "augmentation + more warmup": "augmentation + more warmup: -0.010 F1, better never of one",
    }
    assert memory[-1].sentence().endswith("-0.010 F1 (95 % between -0.030 and +0.010), within the noise")


def test_the_actions_that_the_next_run_took_are_recognised():
    diagnosis = diagnose(FAULTS["overfitting"])
    after = {
        **CONFIG,
        "train": {**CONFIG["train"], "learning_rate": 3e-5},
        "regularization": {"hidden_dropout_prob": 0.2},
    }
    assert taken(diagnosis, FAULTS["overfitting"], after) == ("lower learning rate", "more hidden dropout")
    assert taken(diagnosis, FAULTS["overfitting"], CONFIG) == ()
