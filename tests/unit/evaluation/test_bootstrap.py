"""The bootstrap against a plain one, intervals that cover the truth and agree with p, and known values."""

import random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from workbench.evaluation import bootstrap
from workbench.predictions.cases import Case, Chunk

RATIOS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12)


def case(gold, predicted, number=0):
    words = tuple(f"w{i}" for i in range(20))
    return Case(number, f"d{number}", "g", "en", words, gold=tuple(gold), predicted=tuple(predicted))


@given(RATIOS, st.integers(0, 99))
def test_every_sample_is_the_figure_of_the_documents_drawn(rows, seed):
    samples = bootstrap.resample({"a": rows, "b": rows[::-1]}, 20, seed)
    even = np.full(len(rows), 1 / len(rows))
    drawn = np.random.default_rng(seed).multinomial(len(rows), even, 20)
    for counts, a, b in zip(drawn, samples["a"], samples["b"], strict=True):
        for documents, sample in ((rows, a), (rows[::-1], b)):
            picked = [row for row, times in zip(documents, counts, strict=True) for _ in range(times)]
            figure = bootstrap.quotient(picked)
            assert np.isnan(sample) if figure is None else sample == pytest.approx(figure)


def test_the_same_seed_gives_the_same_samples_and_many_documents_are_drawn_in_parts(monkeypatch):
    rows = [(n % 3, 4) for n in range(50)]
    samples = bootstrap.resample({"x": rows}, 30, seed=3)["x"]
    assert (bootstrap.resample({"x": rows}, 30, seed=3)["x"] == samples).all()
    assert (bootstrap.resample({"x": rows}, 30, seed=4)["x"] != samples).any()
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 350)  # seven resamples at once
    assert (bootstrap.resample({"x": rows}, 30, seed=3)["x"] == samples).all()


def test_the_samples_spread_as_those_of_another_bootstrap():
    """The mean and the deviation of documents drawn one by one, within their own noise."""
    draw = random.Random(5)
    rows = [(sum(draw.random() < 0.8 for _ in range(5)), 5) for _ in range(40)]
    plain = []
    for _ in range(4000):
        picked = draw.choices(rows, k=40)
        plain.append(sum(r[0] for r in picked) / sum(r[1] for r in picked))
    samples = bootstrap.resample({"x": rows}, 4000)["x"]
    assert samples.mean() == pytest.approx(np.mean(plain), abs=4 * np.std(plain) / 4000**0.5 * 2**0.5)
    assert samples.std() == pytest.approx(np.std(plain), rel=0.06)


def test_a_figure_that_nothing_carries_has_no_samples():
    assert np.isnan(bootstrap.resample({"x": [(0, 0)] * 3}, 10)["x"]).all()
    assert bootstrap.resample({"x": []}, 10)["x"].size == 0
    assert bootstrap.resample({}, 10) == {}


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """40 documents of 5 values, each right with its vendor's chance: 95 % intervals cover in 90 to 99 % of worlds."""
    draw = random.Random(1)
    covered, worlds = 0, 250
    for world in range(worlds):
        rows = []
        for _ in range(40):
            chance = draw.choice((0.6, 0.95))
            rows.append((sum(draw.random() < chance for _ in range(5)), 5))
        low, high = bootstrap.interval(bootstrap.resample({"x": rows}, 300, world)["x"], len(rows))
        covered += low <= 0.775 <= high
    assert 0.90 <= covered / worlds <= 0.99


def test_thirty_documents_all_right_do_not_promise_perfection():
    low, high = bootstrap.interval(bootstrap.resample({"x": [(4, 4)] * 30}, 100)["x"], 30)
    assert high == 1.0
    assert 0.85 < low < 0.95


def test_one_document_has_no_interval():
    assert bootstrap.interval(np.array([1.0, 1.0]), 1) is None
    assert bootstrap.interval(np.array([np.nan]), 30) is None
    assert bootstrap.interval(np.array([]), 30) is None


def test_a_real_difference_is_told_from_a_tie_and_from_noise():
    gold = [Chunk("x", 0, 1), Chunk("y", 2, 3)]
    good = [case(gold, gold, n) for n in range(40)]
    bad = [case(gold, gold[: 1 + (n % 2)], n) for n in range(40)]
    shared, better = bootstrap.compare(bad, good)
    assert shared == 40
    assert better["micro"].difference == pytest.approx(1 - 120 / 140)
    assert better["micro"].certain and better["y"].certain and better["micro"].p_value < 0.01
    assert better["x"].difference == 0 and not better["x"].certain
    assert not bootstrap.compare(good, good)[1]["micro"].certain
    luck = [case(gold, gold[:1] if n == 0 else gold, n) for n in range(40)]
    assert not bootstrap.compare(good, luck)[1]["micro"].certain


def test_runs_without_a_common_document_are_not_compared():
    assert bootstrap.compare([case([], [], 1)], [case([], [], 2)]) == (0, {})


def test_p_and_interval_of_few_documents_do_not_contradict_each_other():
    """`p 0.03` beside an interval that holds 0 would be no answer."""
    for documents in (2, 4, 7, 12, 25, 60, 400):
        values = [bootstrap.p_value(n / 1001, documents) for n in range(1, 501)]
        assert values == sorted(values)
        for level in (0.5, 0.9, 0.95):
            edge = bootstrap._tail(level, documents)
            assert bootstrap.p_value(edge, documents) == pytest.approx(1 - level, abs=1e-9)
    assert bootstrap.p_value(0.0125, 400) == pytest.approx(0.025, rel=0.1), "many documents: twice the share"
    assert bootstrap.p_value(0.5, 7) == 1.0


@pytest.mark.parametrize("documents", [2, 5, 30, 1000])
def test_where_no_sample_differs_the_interval_is_wilsons(documents):
    none, every = np.zeros(50), np.ones(50)
    for samples, right in ((none, 0), (every, documents)):
        wilson = scipy.stats.binomtest(right, documents).proportion_ci(0.95, method="wilson")
        assert bootstrap.interval(samples, documents) == pytest.approx((wilson.low, wilson.high))


@pytest.mark.parametrize("documents, tail", [(10, 0.008552), (20, 0.015878), (40, 0.020241)])
def test_percentiles_are_expanded_by_students_t(documents, tail):
    """Hesterberg (2015): with n documents the quantile at Φ(-√(n / (n - 1)) t) in place of 2.5 %."""
    expected = scipy.stats.norm.cdf(-((documents / (documents - 1)) ** 0.5) * scipy.stats.t.ppf(0.975, documents - 1))
    assert bootstrap._tail(0.95, documents) == pytest.approx(expected, abs=1e-12)
    assert bootstrap._tail(0.95, documents) == pytest.approx(tail, abs=1e-3)
