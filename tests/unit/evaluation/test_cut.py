"""Where two classes are cut apart."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from workbench.evaluation.classes import cut


def test_a_class_that_is_missed_is_found_from_a_lower_probability_on() -> None:
    odds = np.array([-5.0, -4.0, -3.0, -1.5, -1.0, 0.5])
    is_first = np.array([False, False, False, True, True, True])
    assert cut.best(odds, is_first, "f1") == cut.best(odds, is_first, "recall") == pytest.approx(-2.25)


def test_a_half_is_kept_where_nothing_is_better() -> None:
    assert cut.best(np.array([-3.0, -2.0, 2.0, 3.0]), np.array([False, False, True, True]), "f1") == 0
    assert cut.best(np.array([1.0, 1.0]), np.array([True, False]), "recall") == 0


@pytest.mark.parametrize("by", ["f1", "recall"])
def test_no_other_cut_is_better_on_the_documents_it_is_chosen_on(by: str) -> None:
    draw = np.random.default_rng(3)
    is_first = draw.random(200) < 0.25
    odds = draw.normal(2.0 * is_first - 2.0)
    figure = (
        balanced_accuracy_score
        if by == "recall"
        else lambda gold, predicted: f1_score(gold, predicted, average="macro")
    )
    chosen = figure(is_first, odds > cut.best(odds, is_first, by))
    assert chosen == pytest.approx(max(figure(is_first, odds > at) for at in [-np.inf, *odds]))
