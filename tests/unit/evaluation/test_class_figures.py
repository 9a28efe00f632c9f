"""Figures of classes against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, classification_report, roc_auc_score, roc_curve

from workbench.evaluation.classes import curves, figures, paired, slices
from workbench.evaluation.classes.doubts import doubtful
from workbench.runs.parquet import ClassCase

LABELS = ["a", "b", "c"]


def probabilities(predicted):
    return np.array([[0.8 if i == p else 0.1 for i in range(len(LABELS))] for p in predicted])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_figures_are_those_of_scikit_learn(pairs):
    gold, predicted = [g for g, _ in pairs], [p for _, p in pairs]
    used = sorted({*gold, *predicted})
    report = classification_report(gold, predicted, labels=used, output_dict=True, zero_division=0)
    full = figures.full(gold, probabilities(predicted), LABELS)
    brief = figures.brief(gold, probabilities(predicted), LABELS)
    for i in used:
        row, ours = report[str(i)], full["classes"][LABELS[i]]
        assert (ours["precision"], ours["recall"], ours["f1"]) == pytest.approx(
            (row["precision"], row["recall"], row["f1-score"])
        )
        assert ours["support"] == row["support"]
    assert full["macro"]["f1"] == brief["f1"] == pytest.approx(report["macro avg"]["f1-score"])
    assert full["weighted"]["f1"] == pytest.approx(report["weighted avg"]["f1-score"])
    right = sum(g == p for g, p in pairs) / len(pairs)
    assert full["accuracy"] == brief["accuracy"] == pytest.approx(right)
    low, high = full["accuracy_ci95"]
    assert low <= right + 1e-9 and high >= right - 1e-9
    assert np.sum(full["confusion"]["counts"]) == len(pairs)


def test_a_model_that_is_sure_and_wrong_is_not_calibrated():
    gold, shares = [0] * 10, np.array([[0.9, 0.1, 0.0]] * 5 + [[0.1, 0.9, 0.0]] * 5)
    assert figures.calibration_error(gold, shares) == pytest.approx(0.4)
    assert figures.coverage(gold, shares)[3] == {"threshold": 0.9, "share": 1.0, "accuracy": 0.5}


def test_no_documents_are_no_fault():
    assert figures.brief([], np.zeros((0, 3)), LABELS)["documents"] == 0


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=2, max_size=40))
def test_areas_and_thresholds_are_those_of_scikit_learn(pairs):
    gold, sure = [g for g, _ in pairs], np.array([s / 10 for _, s in pairs])
    rows = curves.by_class(gold, np.stack([1 - sure, sure], axis=1), ["no", "yes"], wished=0.8)
    if len(set(gold)) < 2:
        assert rows == {}
        return
    row = rows["yes"]
    false, recall, _ = roc_curve(gold, sure, drop_intermediate=False)
    assert np.array(row["roc"]) == pytest.approx(np.stack([false, recall], axis=1), abs=1e-4)
    assert row["roc_auc"] == pytest.approx(roc_auc_score(gold, sure))
    assert row["average_precision"] == pytest.approx(average_precision_score(gold, sure))
    if (limit := row["threshold"]) is not None:
        above = np.array(gold)[sure >= limit["at"]]
        assert above.mean() == pytest.approx(limit["precision"]) and limit["precision"] >= 0.8
        assert above.sum() / sum(gold) == pytest.approx(limit["recall"])


def test_mcnemar_counts_only_what_one_run_gets_right_alone():
    assert paired.mcnemar(0, 0)["p_value"] == 1.0
    assert paired.mcnemar(2, 14)["p_value"] == pytest.approx(binomtest(2, 16).pvalue)


def test_a_label_is_in_doubt_when_another_class_is_as_sure_as_where_it_is_the_label():
    sure = [("a", {"a": 0.9, "b": 0.1})] * 8 + [("b", {"a": 0.1, "b": 0.9})] * 8
    wrong, unsure = ("a", {"a": 0.05, "b": 0.95}), ("a", {"a": 0.45, "b": 0.55})
    assert doubtful([*sure, wrong, unsure]) == [16]


def test_a_long_curve_is_given_by_few_points_with_both_ends():
    chance = np.random.default_rng(0)
    gold, sure = chance.integers(0, 2, 3000).tolist(), chance.random(3000)
    row = curves.by_class(gold, np.stack([1 - sure, sure], axis=1), ["no", "yes"])["yes"]
    assert len(row["roc"]) <= curves.POINTS and row["roc"][0] == [0, 0] and row["roc"][-1] == [1, 1]
    assert len(row["precision_recall"]) <= curves.POINTS and row["precision_recall"][-1][0] == 1


def case(words, option="a", group="", language="", source=""):
    return ClassCase(1, "text", ("word",) * words, (option,), {"a": 0.9, "b": 0.1}, group, language, source=source)


def accuracy(cases):
    def of(positions):
        right = sum(cases[at].option == cases[at].predicted for at in positions)
        return {"accuracy": right / len(positions), "f1": 0.5}

    return of


def test_figures_are_cut_by_length_language_and_large_groups():
    cases = [case(5, "a", "wiki", "en")] * 8 + [case(30, "b", "news", "de")] * 2
    cut = slices.figures(cases, accuracy(cases))
    assert {name: list(rows) for name, rows in cut.items()} == {
        "length": ["up to 10 words", "21 to 40"], "language": ["en", "de"], "group": ["wiki", "news"],
    }  # fmt: skip
    row = cut["language"]["de"]
    assert (row["documents"], row["accuracy"], row["f1"]) == (2, 0.0, 0.5)
    low, high = cut["language"]["en"]["accuracy_ci95"]
    interval = binomtest(8, 8).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((interval.low, interval.high))


def test_figures_are_cut_by_the_file_that_texts_came_from_and_by_folders_of_documents():
    texts = [case(5, "a", source="in/a.csv")] * 8 + [case(5, "b", source="in/b.csv")] * 6
    assert list(slices.figures(texts, accuracy(texts))["source"]) == ["in/a.csv", "in/b.csv"]
    scans = [case(5, source=f"{folder}/{number}.pdf") for folder in ("may", "june") for number in range(8)]
    assert list(slices.figures(scans, accuracy(scans))["source"]) == ["may", "june"]
    assert slices.figures(scans[:8], accuracy(scans)) == {}


def test_a_cut_that_tells_nothing_apart_is_left_out():
    cases = [case(5, group=f"text {number}") for number in range(10)]
    assert slices.figures(cases, accuracy(cases)) == {}
