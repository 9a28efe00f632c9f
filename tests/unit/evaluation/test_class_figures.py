"""Figures of classes against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import classification_report

from workbench.evaluation.classes import figures

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
