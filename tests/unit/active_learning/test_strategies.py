"""The contract that every strategy keeps, and what each is for."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from storage.exceptions import InputProblem, UsageProblem
from workbench.active_learning.strategies import registry as strategies
from workbench.active_learning.strategies.pool import SAME, Pool, unit

NAMES = sorted(strategies.STRATEGIES)
SCORES = (
    "least_confidence", "worst_word", "margin", "entropy", "mnlp", "field_weighted", "value_error", "bald", "committee",
)  # fmt: skip


def vectors(count, seed=0, width=8):
    found = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    return unit(found, found.mean(axis=0)) if count > 1 else found / np.linalg.norm(found)


def make(count, seed=0, **changes):
    rng = np.random.default_rng(seed)
    parts = {
        "documents": np.arange(100, 100 + count),
        "scores": {name: rng.random(count) for name in SCORES},
        "embeddings": vectors(count, seed),
        "labelled": vectors(3, seed + 1),
        "groups": [f"vendor {i % 5}" for i in range(count)],
        "likes": vectors(2, seed + 2),
    }
    return Pool(**{**parts, **changes})


def run(name, pool, size, seed=0):
    return strategies.get(name).load()(pool, size, np.random.default_rng(seed))


def check(pool, size, found):
    indices = [index for index, _ in found]
    assert len(indices) == len(set(indices)) <= min(size, len(pool))
    assert all(0 <= index < len(pool) and type(index) is int for index in indices)
    assert all(np.isfinite(score) for _, score in found)
    chosen = pool.embeddings[indices]
    likeness = chosen @ chosen.T
    np.fill_diagonal(likeness, 0)
    assert not (likeness > SAME + 1e-6).any(), "near-duplicates in one batch"


@pytest.mark.parametrize("name", NAMES)
class TestContract:
    @hypothesis_settings(max_examples=12, deadline=None)
    @given(count=st.integers(1, 30), size=st.integers(1, 40), seed=st.integers(0, 50))
    def test_any_pool(self, name, count, size, seed):
        pool = make(count, seed)
        found = run(name, pool, size, seed)
        check(pool, size, found)
        assert found == run(name, make(count, seed), size, seed), "the same seed gives the same batch"

    def test_pool_of_one(self, name):
        assert [index for index, _ in run(name, make(1), 5)] == [0]

    def test_batch_larger_than_the_pool_takes_all(self, name):
        assert sorted(index for index, _ in run(name, make(12), 50)) == list(range(12))

    def test_all_scores_equal(self, name):
        pool = make(20, scores={name: np.full(20, 0.5) for name in SCORES})
        found = run(name, pool, 6)
        check(pool, 6, found)
        assert len(found) == 6

    def test_nothing_labelled_yet(self, name):
        pool = make(20, labelled=None)
        assert len(run(name, pool, 6)) == 6

    def test_a_copy_is_not_picked_with_its_original(self, name):
        base = vectors(10)
        pool = make(30, embeddings=np.concatenate([base, base, base]))
        found = run(name, pool, 30)
        check(pool, 30, found)
        assert len(found) == 10

    def test_not_a_number_is_refused(self, name):
        broken = np.full(5, 0.5)
        broken[3] = np.nan
        with pytest.raises(InputProblem, match="not a number"):
            run(name, make(5, scores=dict.fromkeys(SCORES, broken)), 2)
        holes = vectors(5)
        holes[2, 1] = np.inf
        with pytest.raises(InputProblem, match="not a number"):
            run(name, make(5, embeddings=holes), 2)

    def test_has_words_for_the_analyst(self, name):
        strategy = strategies.get(name)
        assert strategy.title and strategy.explanation.endswith(".")
        assert strategy.needs <= {"scores", "embeddings", "groups", "dropout", "committee", "likes"}


UNCERTAINTY = sorted(SCORES)


@pytest.mark.parametrize("name", UNCERTAINTY)
def test_uncertainty_takes_the_highest_scores_and_keeps_the_order_of_ties(name):
    scores = {other: np.zeros(8) for other in SCORES} | {name: np.array([0.2, 0.9, 0.5, 0.9, 0.1, 0.5, 0.9, 0.0])}
    found = run(name, make(8, scores=scores), 5)
    assert found == [(1, 0.9), (3, 0.9), (6, 0.9), (2, 0.5), (5, 0.5)]


def test_random_changes_with_the_seed():
    assert run("random", make(50), 10, 1) != run("random", make(50), 10, 2)


def test_one_per_vendor_before_the_second_of_any():
    pool = make(25)
    first = [pool.groups[index] for index, _ in run("per_vendor", pool, 5)]
    assert sorted(first) == [f"vendor {i}" for i in range(5)]


def test_documents_of_no_known_vendor_are_not_one_vendor():
    pool = make(6, groups=[""] * 6)
    scores = pool.scores["value_error"]
    assert [index for index, _ in run("per_vendor", pool, 6)] == list(np.argsort(-scores))


def blobs():
    """Four tight clusters of ten; the first is the most doubtful."""
    rng = np.random.default_rng(5)
    centres = np.eye(4, 16, dtype=np.float32) * 10
    found = np.repeat(centres, 10, axis=0) + rng.normal(size=(40, 16)).astype(np.float32)
    doubt = np.repeat([0.9, 0.5, 0.4, 0.3], 10) + np.linspace(0, 0.05, 40)
    return unit(found, found.mean(axis=0)), dict.fromkeys(SCORES, doubt)


def test_for_classes_one_of_each_kind_is_taken_among_the_least_sure_alone():
    embeddings, scores = blobs()
    pool = make(40, embeddings=embeddings, scores=scores, labelled=None)
    choose = strategies.get("per_cluster", "classes").load()
    picked = [index for index, _ in choose(pool, 4, np.random.default_rng(0))]
    assert {index // 10 for index in picked} == {0, 1}  # twenty are looked at: the two most doubtful clusters
    everything = choose(pool, 40, np.random.default_rng(0))
    assert sorted(index for index, _ in everything) == list(range(40))


@pytest.mark.parametrize("name", ["combined", "k_centre", "per_cluster", "ranked_batch"])
def test_diversity_visits_every_cluster(name):
    embeddings, scores = blobs()
    pool = make(40, embeddings=embeddings, scores=scores, labelled=None)
    assert {index // 10 for index, _ in run(name, pool, 4)} == {0, 1, 2, 3}


def test_uncertainty_alone_stays_in_one_cluster():
    embeddings, scores = blobs()
    pool = make(40, embeddings=embeddings, scores=scores, labelled=None)
    assert {index // 10 for index, _ in run("value_error", pool, 4)} == {0}


def test_combined_leaves_what_is_labelled_already():
    embeddings, scores = blobs()
    pool = make(40, embeddings=embeddings, scores=scores, labelled=embeddings[:5])
    assert [index // 10 for index, _ in run("combined", pool, 3)].count(0) == 0


def test_density_prefers_the_typical_of_two_equally_unsure():
    embeddings, _ = blobs()
    lonely = unit(np.array([[0] * 15 + [1]], np.float32), np.zeros(16, np.float32))
    pool = make(41, embeddings=np.concatenate([lonely, embeddings]), scores={name: np.full(41, 0.5) for name in SCORES})
    assert run("density", pool, 1)[0][0] != 0


def test_similar_finds_the_neighbours():
    embeddings, scores = blobs()
    pool = make(40, embeddings=embeddings, scores=scores, likes=embeddings[20:22])
    assert {index // 10 for index, _ in run("similar", pool, 6)} == {2}


def test_an_unknown_strategy_names_the_known_ones():
    with pytest.raises(UsageProblem) as caught:
        strategies.get("best")
    assert "combined" in caught.value.remedy


def test_the_list_of_strategies_needs_no_numpy():
    code = (
        "import sys; from workbench.active_learning.strategies import registry;"
        "registry.get('combined'); print({'numpy', 'modAL'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "set()"
