"""Power laws are found back, their future lies within the given range, and silence is said plainly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.evaluation.learning_curve_fit import Curve, forecast, forecasts

COUNTS = (10, 20, 40, 80)


@given(st.floats(0.6, 1.0), st.floats(0.3, 2.0), st.floats(0.3, 1.5))
def test_the_true_gain_lies_in_the_range(ceiling, scale, rate):
    truth = Curve(ceiling, scale, rate)
    points = [(n, truth.ceiling - truth.scale * n**-rate) for n in COUNTS]
    if points[0][1] < 0:
        return
    found = forecast("x", points)
    gain = truth.at(100) - truth.at(80)
    assert found.low - 0.003 <= gain <= found.high + 0.003
    assert found.low <= found.gain <= found.high


@given(st.lists(st.tuples(st.integers(0, 300), st.floats(0, 1)), max_size=8), st.integers(1, 50))
def test_any_points_give_a_range_or_a_reason(points, more):
    found = forecast("x", points, more)
    if found.gain is None:
        assert "too little to say" in found.sentence() and found.why
    else:
        assert 0 <= found.low <= found.gain <= found.high <= 1
        assert all(0 <= curve.at(n) <= 1 for curve in found.curves for n in (1, 1000))


@pytest.mark.parametrize(
    "points, why",
    [
        ([], "0 of 3"),
        ([(10, 0.5), (10, 0.6), (20, 0.7)], "2 of 3"),
        ([(50, 0.5), (55, 0.6), (60, 0.7)], "less than twofold"),
        ([(10, 0.5), (20, 0.8), (40, 0.6)], "noisy"),
    ],
)
def test_too_little_is_said_plainly(points, why):
    assert why in forecast("currency", points).sentence()


def test_a_flat_curve_is_saturated():
    found = forecast("date", [(n, 0.95) for n in COUNTS])
    assert found.saturated and "saturated" in found.sentence()


def test_fields_where_labels_pay_come_first():
    steep = [(n, 0.9 - 4 / n) for n in COUNTS]
    order = forecasts({"a": [(n, 0.9) for n in COUNTS], "b": steep, "c": []})
    assert [one.field for one in order] == ["b", "a", "c"]
    assert order[0].gain == pytest.approx(4 / 80 - 4 / 100, abs=0.006)
