"""Figures of documents that can have several classes, by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, precision_score, recall_score

from workbench.evaluation.classes import several

LABELS = ["fire", "rain", "wind"]
GOLD = [[0, 1], [1], [2], [0, 2], [1]]
SHARES = np.array([[0.9, 0.8, 0.1], [0.6, 0.7, 0.2], [0.1, 0.2, 0.3], [0.7, 0.1, 0.9], [0.4, 0.9, 0.5]])


def tables():
    given = np.array([[i in indices for i in range(3)] for indices in GOLD])
    return given, SHARES >= 0.5


def test_figures_are_those_of_scikit_learn():
    given, predicted = tables()
    full = several.full(GOLD, SHARES, LABELS)
    for number, label in enumerate(LABELS):
        row = full["classes"][label]
        assert row["precision"] == pytest.approx(precision_score(given[:, number], predicted[:, number]))
        assert row["recall"] == pytest.approx(recall_score(given[:, number], predicted[:, number]))
        low, high = row["ci95"]
        assert low <= row["f1"] <= high
    for name in ("micro", "macro", "weighted"):
        assert full[name]["f1"] == pytest.approx(f1_score(given, predicted, average=name)), name
    losses = [log_loss(given[:, number], SHARES[:, number]) for number in range(3)]
    assert full["loss"] == pytest.approx(np.mean(losses))


def test_subset_accuracy_wants_all_classes_of_a_document_and_no_other():
    full = several.full(GOLD, SHARES, LABELS)
    assert full["subset_accuracy"] == full["accuracy"] == 2 / 5  # the first and the fourth
    assert full["multiple"] and "confusion" not in full


def test_a_side_without_documents_has_figures_of_nothing():
    assert several.brief([], np.zeros((0, 3)), LABELS)["f1"] == 0.0
