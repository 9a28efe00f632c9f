"""The report's figures against an independent recomputation, its keys, and that it is the same twice."""

import json
import random
import subprocess
import sys
from dataclasses import replace

import pytest
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2

from storage.exceptions import InputProblem
from tests.support import ROOT
from workbench.commands.evaluate import lines_of
from workbench.evaluation import html_rendering, report
from workbench.evaluation.report import EvaluationSettings
from workbench.fields import FieldType
from workbench.predictions.cases import Case, Chunk, tags_of_chunks
from workbench.predictions.repair_rules import Rules

TYPES = {"total": FieldType.AMOUNT, "no": FieldType.ID}
QUICK = EvaluationSettings(resamples=200)


def cases(count, wrong, seed=0, vendors=5):
    """Documents with a total and a number; `wrong` is the chance that the model misses the total's words."""
    draw = random.Random(seed)
    made = []
    for n in range(count):
        gold = (Chunk("total", 2, 3), Chunk("no", 5, 7))
        bad = draw.random() < wrong
        sure = draw.uniform(0.5, 0.8) if bad else draw.uniform(0.7, 1.0)
        predicted = (Chunk("total", 3, 4, sure) if bad else Chunk("total", 2, 3, sure), Chunk("no", 5, 7, 0.9))
        words = ("a", "b", f"{n}.50", f"{n}.75", "c", "INV", str(n), "d")
        made.append(Case(n, f"d{n}", f"v{n % vendors}", "en", words, gold, predicted, (0,) * 8, (0,) * 8))
    return made


def evaluate(here, **facts):
    return report.evaluate(here, run="r", split="test", types=TYPES, settings=QUICK, **facts)


def test_the_keys_that_other_programs_read():
    found = evaluate(cases(30, 0.2), train_groups=frozenset({"v0", "v1"}), validation=cases(40, 0.2, 1))
    keys = "run split documents micro macro fields seen_vendors unseen_vendors errors calibration thresholds"
    assert set(keys.split()) <= set(found)
    field = "precision recall f1 support value_exact_match value_support ci95"
    assert all(set(field.split()) <= set(row) for row in found["fields"].values())
    assert set(found["errors"]) == {"missing", "spurious", "wrong_field", "boundary"}
    assert (found["seen_vendors"]["documents"], found["unseen_vendors"]["documents"]) == (12, 18)
    assert json.loads(json.dumps(found, allow_nan=False))["documents"] == 30


def test_the_figures_are_what_an_independent_program_finds():
    here = cases(60, 0.3)
    found = evaluate(here)
    gold, predicted = ([tags_of_chunks(getattr(c, side), 8) for c in here] for side in ("gold", "predicted"))
    assert found["micro"]["f1"] == pytest.approx(f1_score(gold, predicted, mode="strict", scheme=IOB2))
    wrong = sum(c.predicted[0] != c.gold[0] for c in here)
    assert found["fields"]["total"]["value_exact_match"] == pytest.approx(1 - wrong / 60)
    assert found["documents_right"] == pytest.approx(1 - wrong / 60)
    assert found["errors"] == {"missing": wrong, "spurious": wrong, "wrong_field": 0, "boundary": 0}
    low, high = found["micro"]["ci95"]
    assert low < found["micro"]["f1"] < high


def test_the_same_cases_give_the_same_report():
    assert evaluate(cases(30, 0.2)) == evaluate(cases(30, 0.2))


def test_unlabelled_documents_are_left_out_and_counted():
    here = cases(5, 0)
    unlabelled = Case(9, "u", "v", "en", ("a",), labelled=False)
    assert evaluate([*here, unlabelled])["documents"] == 5
    assert evaluate([*here, unlabelled])["unlabelled"] == 1


def test_thresholds_come_from_validation_and_keep_wrong_documents_back():
    found = evaluate(cases(300, 0.3), validation=cases(300, 0.3, seed=1))
    assert found["calibration"]["fitted_on"] == "validation"
    rows = {row["precision"]: row for row in found["thresholds"]["table"]}
    assert rows[0.90]["automatic_pass_rate"] >= rows[0.99]["automatic_pass_rate"] > 0
    assert found["thresholds"]["passed_right"] > found["documents_right"] + 0.2
    assert found["thresholds"]["automatic_pass_rate"] + found["thresholds"]["human_review_rate"] == pytest.approx(1)
    assert evaluate(cases(30, 0.3))["calibration"]["fitted_on"] == "test"


def test_calibration_does_not_make_it_worse_where_it_was_fitted():
    found = evaluate(cases(500, 0.3))["calibration"]
    assert found["ece_after"] <= found["ece_before"] + 0.02


def test_references_are_compared_where_they_are_known():
    known = {0: {"total": "0.50"}, 1: {"total": "7.00"}}
    here = [replace(case, references=known.get(case.document, {})) for case in cases(4, 0)]
    row = evaluate(here)["fields"]["total"]
    assert (row["reference_exact_match"], row["reference_support"]) == (0.5, 2)


def test_nothing_to_evaluate_is_not_a_crash():
    assert evaluate([])["micro"]["f1"] == 0.0
    assert evaluate([])["documents_right"] is None


def test_a_run_folder_without_labelled_documents_says_so(tmp_path):
    from tests.support.one_document import write_run

    write_run(tmp_path)
    (tmp_path / "request.yaml").write_text("run: r1\nfields: [{id: x, type: id}]\n")
    found = report.evaluate_run(tmp_path, settings=QUICK)
    assert (found["run"], found["split"], found["micro"]["f1"], found["splits"]["test"]["documents"]) == (
        "r1",
        "test",
        1.0,
        1,
    )
    assert found["postprocess"] == {}
    repaired = report.evaluate_run(tmp_path, settings=QUICK, rules=Rules(one_value=False))
    assert set(repaired["postprocess"]) == {"iob_repair", "neighbourhood", "normalisation", "cross_field"}
    assert repaired["postprocess"]["iob_repair"]["changes"] == 0
    with pytest.raises(InputProblem, match="no labelled train"):
        report.evaluate_run(tmp_path, "train")


def test_a_field_that_nobody_labelled_is_not_judged_and_named(tmp_path):
    from tests.support.one_document import write_run

    write_run(tmp_path, third=[0.1, 0.0, 0.0, 0.8, 0.1])
    (tmp_path / "request.yaml").write_text("run: r1\nfields: [{id: x, type: id}, {id: y, type: id}]\n")
    found = report.evaluate_run(tmp_path, settings=QUICK)
    assert (found["micro"]["f1"], found["macro"]["f1"], found["errors"]["spurious"]) == (1.0, 1.0, 0)
    assert (list(found["fields"]), found["not_judged"]) == (["x"], {"y": 1})
    assert "not judged, as no document here has a label of it: Number (1)" in lines_of(found, {"y": "Number"}.get)
    assert "Number (1)" in html_rendering.render(found, title="r1", names={"y": "Number"})
    # where other documents of the workspace have labels of the field, proposing it here is wrong
    judged = report.evaluate_run(tmp_path, settings=QUICK, labelled={"y"})
    assert (judged["micro"]["f1"], judged["errors"]["spurious"], judged["not_judged"]) == (2 / 3, 1, {})


def test_two_runs_are_compared_on_what_both_predicted(tmp_path):
    from tests.support.one_document import write_run

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_run(tmp_path / name)
    found = report.compare_runs(tmp_path / "a", tmp_path / "b", settings=QUICK)
    assert (found["documents"], found["split"]) == (1, "test")
    assert found["differences"]["micro"]["difference"] == 0 and not found["differences"]["micro"]["certain"]
    with pytest.raises(InputProblem, match="no labelled document in common"):
        report.compare_runs(tmp_path / "a", tmp_path / "b", "validation")


def test_the_terminal_process_stays_light():
    modules = "report error_analysis error_review learning_curve_fit charts html_report comparison doctor.consultation"
    heavy = ("numpy", "scipy", "torch", "pyarrow", "sklearn", "pandas", "seqeval", "matplotlib", "jinja2")
    code = (
        f"import sys; {'; '.join(f'import workbench.evaluation.{name}' for name in modules.split())};"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
