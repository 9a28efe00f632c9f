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
ALL = [("tokens", name) for name in NAMES] + [("classes", name) for name in sorted(strategies.FOR_CLASSES)]
SCORES = (
    "least_confidence", "worst_word", "margin", "entropy", "mnlp", "field_weighted", "value_error", "bald", "committee",
    "rare",
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


def run(name, pool, size, seed=0, task=""):
    return strategies.get(name, task).load()(pool, size, np.random.default_rng(seed))


def check(pool, size, found):
    indices = [index for index, _ in found]
    assert len(indices) == len(set(indices)) <= min(size, len(pool))
    assert all(0 <= index < len(pool) and type(index) is int for index in indices)
    assert all(np.isfinite(score) for _, score in found)
    chosen = pool.embeddings[indices]
    likeness = chosen @ chosen.T
    np.fill_diagonal(likeness, 0)
    assert not (likeness > SAME + 1e-6).any(), "near-duplicates in one batch"


@pytest.mark.parametrize(("task", "name"), ALL)
class TestContract:
    @hypothesis_settings(max_examples=12, deadline=None)
    @given(count=st.integers(1, 30), size=st.integers(1, 40), seed=st.integers(0, 50))
    def test_any_pool(self, task, name, count, size, seed):
        pool = make(count, seed)
        found = run(name, pool, size, seed, task)
        check(pool, size, found)
        assert found == run(name, make(count, seed), size, seed, task), "the same seed gives the same batch"

    def test_pool_of_one(self, task, name):
        assert [index for index, _ in run(name, make(1), 5, task=task)] == [0]

    def test_batch_larger_than_the_pool_takes_all(self, task, name):
        assert sorted(index for index, _ in run(name, make(12), 50, task=task)) == list(range(12))

    def test_all_scores_equal(self, task, name):
        pool = make(20, scores={name: np.full(20, 0.5) for name in SCORES})
        found = run(name, pool, 6, task=task)
        check(pool, 6, found)
        assert len(found) == 6

    def test_nothing_labelled_yet(self, task, name):
        pool = make(20, labelled=None)
        assert len(run(name, pool, 6, task=task)) == 6

    def test_a_copy_is_not_picked_with_its_original(self, task, name):
        base = vectors(10)
        pool = make(30, embeddings=np.concatenate([base, base, base]))
        found = run(name, pool, 30, task=task)
        check(pool, 30, found)
        assert len(found) == 10

    def test_not_a_number_is_refused(self, task, name):
        broken = np.full(5, 0.5)
        broken[3] = np.nan
        with pytest.raises(InputProblem, match="not a number"):
            run(name, make(5, scores=dict.fromkeys(SCORES, broken)), 2, task=task)
        holes = vectors(5)
        holes[2, 1] = np.inf
        with pytest.raises(InputProblem, match="not a number"):
            run(name, make(5, embeddings=holes), 2, task=task)

    def test_has_words_for_the_analyst(self, task, name):
        strategy = strategies.get(name, task)
        assert strategy.title and strategy.explanation.endswith(".")
        assert strategy.needs <= {"scores", "embeddings", "groups", "dropout", "committee", "likes"}


UNCERTAINTY = sorted(set(SCORES) - {"rare"})  # which class_balance asks for


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


def for_classes(name, pool, size):
    return [index for index, _ in run(name, pool, size, task="classes")]


def test_for_classes_the_kinds_with_most_doubt_come_first_and_each_once_before_any_twice():
    embeddings, _ = blobs()
    doubt = dict.fromkeys(SCORES, np.repeat([0.5, 0.45, 0.4, 0.35], 10))
    pool = make(40, embeddings=embeddings, scores=doubt, labelled=None)
    assert [index // 10 for index in for_classes("per_cluster", pool, 4)] == [0, 1, 2, 3]


def test_for_classes_an_unsure_text_that_others_are_like_goes_before_a_lonely_one_that_is_a_little_less_sure():
    embeddings, _ = blobs()
    lonely = unit(np.array([[0] * 15 + [1]], np.float32), np.zeros(16, np.float32))
    doubt = dict.fromkeys(SCORES, np.array([0.45] + [0.4] * 40))
    pool = make(41, embeddings=np.concatenate([lonely, embeddings]), scores=doubt, labelled=None)
    assert 0 not in for_classes("per_cluster", pool, 4)
    assert 0 in for_classes("per_cluster", pool, 41)


def test_for_classes_a_sure_text_is_left_where_others_are_unsure():
    embeddings, _ = blobs()
    doubt = dict.fromkeys(SCORES, np.repeat([0.01, 0.4, 0.4, 0.4], 10))
    pool = make(40, embeddings=embeddings, scores=doubt, labelled=None)
    assert {index // 10 for index in for_classes("per_cluster", pool, 3)} == {1, 2, 3}


@pytest.mark.parametrize("name", ["per_cluster", "typical"])
def test_for_classes_what_a_labelled_text_stands_for_is_left(name):
    embeddings, _ = blobs()
    even = {score: np.full(40, 0.5) for score in SCORES}
    pool = make(40, embeddings=embeddings, scores=even, labelled=embeddings[:10])
    assert {index // 10 for index in for_classes(name, pool, 3)} == {1, 2, 3}


def test_typical_texts_come_with_the_share_of_the_pool_that_is_likest_to_them():
    embeddings, _ = blobs()
    pool = make(25, embeddings=embeddings[:25], scores={}, labelled=None)
    found = run("typical", pool, 3)
    assert {index // 10: score for index, score in found} == pytest.approx({0: 0.4, 1: 0.4, 2: 0.2})
    assert found[-1][0] // 10 == 2  # the smallest kind comes last


@pytest.mark.parametrize("name", ["per_cluster", "typical"])
def test_for_classes_a_large_pool_is_chosen_from_by_samples_of_it(name):
    found = np.random.default_rng(3).normal(size=(9000, 6)).astype(np.float32)
    doubt = np.random.default_rng(4).random(9000) * 0.5
    pool = make(9000, embeddings=unit(found, found.mean(axis=0)), scores=dict.fromkeys(SCORES, doubt), labelled=None)
    picked = run(name, pool, 20, task="classes")
    check(pool, 20, picked)
    assert len(picked) == 20
    if name == "per_cluster":
        assert doubt[[index for index, _ in picked]].mean() > 0.35


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
