"""Temperatures find back what was distorted; thresholds keep what they promise."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.predictions import calibration
from workbench.predictions.calibration import Judgement

JUDGED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60)


def overconfident(temperature, count=4000):
    """Chunks whose true chance of being right is sigmoid(logit(confidence) / temperature)."""
    draw = random.Random(0)
    confidences = [1 / (1 + math.exp(-draw.uniform(-2, 8))) for _ in range(count)]
    return [(c, draw.random() < calibration.scale(c, temperature)) for c in confidences]


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.5])
def test_the_temperature_that_distorted_is_found(temperature):
    judged = overconfident(temperature)
    fitted = calibration.fit_temperature(judged)
    assert fitted == pytest.approx(temperature, rel=0.12)
    after = [(calibration.scale(c, fitted), right) for c, right in judged]
    assert calibration.expected_calibration_error(after) < 0.03
    if temperature == 2.5:
        assert calibration.expected_calibration_error(judged) > 0.08


def surprise(judged, temperature):
    """Mean negative log likelihood; confidences stay off 0 and 1, as nothing learned from examples is surer."""
    inside = [(min(max(c, 1e-4), 1 - 1e-4), right) for c, right in judged]
    margins = [math.log(c / (1 - c)) * (1 if right else -1) for c, right in inside]
    return sum(math.log1p(math.exp(-margin / temperature)) for margin in margins) / len(margins)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=20, max_size=60), st.floats(0.25, 15))
def test_no_other_temperature_surprises_less(judged, other):
    fitted = calibration.fit_temperature(judged)
    if fitted is not None:
        assert surprise(judged, fitted) <= surprise(judged, other) + 1e-6


def test_too_little_carries_no_temperature():
    assert calibration.fit_temperature([(0.9, True)] * 100) is None
    assert calibration.fit_temperature([(0.9, True), (0.8, False)]) is None


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.2, 20))
def test_scaling_keeps_the_order_and_stays_a_probability(a, b, temperature):
    low, high = sorted((a, b))
    assert 0 <= calibration.scale(low, temperature) <= calibration.scale(high, temperature) <= 1


@given(JUDGED)
def test_the_bars_hold_every_chunk(judged):
    bars = calibration.reliability(judged)
    assert sum(bar.count for bar in bars) == len(judged)
    for bar in bars:
        assert bar.low - 1e-9 <= bar.confidence <= bar.high + 1e-9


def test_the_calibration_error_of_a_known_case():
    judged = [(0.95, True)] * 3 + [(0.95, False)] + [(0.25, False)] * 4
    assert calibration.expected_calibration_error(judged) == pytest.approx((0.2 + 0.25) / 2)
    assert calibration.expected_calibration_error([]) is None


@given(JUDGED, st.floats(0.05, 1))
def test_a_threshold_is_the_lowest_that_keeps_its_promise(judged, precision):
    lowest = calibration.threshold(judged, precision)

    def reached(limit):
        here = [right for c, right in judged if c >= limit]
        return sum(here) / len(here)

    keeps = [c for c, _ in judged if reached(c) >= precision]
    if lowest is None:
        assert not keeps
    else:
        assert lowest.confidence == min(keeps)
        assert lowest.precision == pytest.approx(reached(lowest.confidence))
        assert lowest.lower <= lowest.precision


def test_few_chunks_promise_little():
    assert calibration.threshold([(0.9, True)] * 5, 0.99).lower < 0.7
    assert calibration.threshold([(0.9, True)] * 600, 0.99).lower > 0.99


def test_documents_pass_only_when_every_field_does():
    documents = [
        Judgement({"a": 0.9, "b": 0.8}, True),
        Judgement({"a": 0.9, "b": 0.2}, False),
        Judgement({}, False),
        Judgement({"a": 0.95, "c": 0.99}, True),
    ]
    rates = calibration.passing(documents, {"a": 0.5, "b": 0.5, "c": None})
    assert (rates.automatic_pass_rate, rates.human_review_rate, rates.passed_right) == (0.25, 0.75, 1.0)
    assert calibration.passing([], {}).passed_right is None


def test_a_document_without_a_field_that_all_have_goes_to_a_person():
    limits = {"amount_total": 0.5, "invoice_date": 0.5}
    confidences = {"invoice_date": 0.9}
    assert calibration.passes(confidences, limits)
    assert not calibration.passes(confidences, limits, expected=["amount_total"])
    assert calibration.passes({**confidences, "amount_total": 0.6}, limits, expected=["amount_total"])
