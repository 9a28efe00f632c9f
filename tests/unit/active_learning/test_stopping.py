"""Learning curves and when to stop."""

import pytest

from workbench.active_learning import stopping
from workbench.active_learning.stopping import Ground, Point


def points(*made):
    return [Point(*one) for one in made]


def test_labels_needed_lie_between_the_points():
    curve = points((10, 0.5), (20, 0.7), (30, 0.8))
    assert stopping.labels_needed(curve, 0.6) == pytest.approx(15)
    assert stopping.labels_needed(curve, 0.4) == 10
    assert stopping.labels_needed(curve, 0.9) is None
    assert stopping.labels_needed(points((10, 0.5), (20, 0.8), (30, 0.6), (40, 0.9)), 0.7) > 30, "reached for good"
    assert stopping.labels_needed([], 0.5) is None


FLAT = points((20, 0.80), (40, 0.801), (60, 0.8012), (80, 0.8013))
STEEP = points((10, 0.3), (20, 0.5), (30, 0.6))
ENOUGH = Ground(80, 4, (0.78, 0.83))


def test_advice_to_stop_when_labels_no_longer_pay():
    assert stopping.advise(FLAT, 20, ENOUGH).stop and not stopping.advise(STEEP, 20, ENOUGH).stop
    assert stopping.advise(STEEP, 20, ENOUGH, 0.30, 0.30).stop, "the queue is as sure as the rest"
    assert not stopping.advise(STEEP, 20, ENOUGH, 0.50, 0.30).stop
    few = stopping.advise(STEEP[:2], 20, ENOUGH)
    assert not few.stop and few.reason


@pytest.mark.parametrize(
    "ground, why",
    [
        (Ground(22, 4, (0.78, 0.83)), "22 training documents and 4 closed rounds are too few"),
        (Ground(80, 1, (0.78, 0.83)), "80 training documents and 1 closed round are too few"),
        (Ground(80, 4, (0.41, 0.61)), "between 0.41 and 0.61"),
        (Ground(80, 4, None), "not evaluated"),
    ],
)
def test_no_advice_to_stop_without_documents_rounds_and_a_narrow_interval(ground, why):
    for advice in (stopping.advise(FLAT, 20, ground), stopping.advise(STEEP, 20, ground, 0.30, 0.30)):
        assert not advice.stop and why in advice.reason


def test_interval_over_seeds():
    assert stopping.interval([0.5]) is None and stopping.interval([54.0, 102.0]) is None
    low, high = stopping.interval([0.4, 0.5, 0.6])
    half = 4.302653 * 0.1 / 3**0.5  # Student's t at 97.5 % with 2 degrees of freedom
    assert low == pytest.approx(0.5 - half) and high == pytest.approx(0.5 + half)


def test_an_interval_says_nothing_that_cannot_be():
    assert stopping.interval([4.0, 60.0, 200.0], 4, 200) == (4, 200)
    low, high = stopping.interval([0.96, 0.99, 1.0], 0, 1)
    assert 0.9 < low < 0.96 and high == 1
