"""Groups go to sides whole, the sides come near their shares, and what cannot be is said."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.exceptions import UsageProblem
from storage.records import Side
from workbench.runs.splits import divide, divide_by_class

_groups = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=4),
    st.tuples(st.integers(1, 30), st.integers(0, 30)).map(lambda pair: (pair[0], min(pair))),
    min_size=1,
    max_size=60,
)


@given(_groups, st.integers(0, 5))
def test_every_group_stands_on_one_side(groups: dict[str, tuple[int, int]], seed: int) -> None:
    division = divide(groups, seed=seed)
    assert division.sides.keys() == groups.keys()
    assert sum(division.documents.values()) == sum(n for n, _ in groups.values())
    assert sum(division.groups.values()) == len(groups)
    assert divide(groups, seed=seed).sides == division.sides
    if len(groups) >= 3:
        assert all(division.groups[side] for side in Side)


def test_many_small_groups_come_near_the_shares() -> None:
    groups = {f"vendor {i}": (1 + i % 7, 1 + i % 7) for i in range(200)}
    division = divide(groups, test=0.2, validation=0.1, seed=3)
    everything = sum(division.documents.values())
    assert abs(division.documents[Side.TEST] / everything - 0.2) < 0.02
    assert abs(division.documents[Side.VALIDATION] / everything - 0.1) < 0.02
    assert division.warnings == []


def test_another_seed_divides_otherwise() -> None:
    groups = {f"vendor {i}": (1, 1) for i in range(40)}
    assert divide(groups, seed=1).sides != divide(groups, seed=2).sides


def test_a_group_that_is_too_large_is_trained_on_and_said() -> None:
    groups = {"giant": (500, 500), **{f"small {i}": (2, 2) for i in range(5)}}
    division = divide(groups)
    assert division.sides["giant"] is Side.TRAIN
    assert any("the largest has 500" in warning for warning in division.warnings)


def test_no_vendor_is_most_of_what_measures() -> None:
    sizes = [36, 30, 25, 20, 15, 12, 10, 9, 8, 7, 6, 5, *[3] * 30, *[1] * 80]  # as real piles are
    groups = {f"vendor {i}": (n, n) for i, n in enumerate(sizes)}
    for seed in range(5):
        division = divide(groups, seed=seed)
        for side in (Side.VALIDATION, Side.TEST):
            largest = max(groups[name][1] for name, where in division.sides.items() if where is side)
            assert largest <= 0.3 * division.labelled[side]
        assert division.warnings == []


def test_too_few_groups_are_said() -> None:
    division = divide({"only": (10, 10)})
    assert division.sides == {"only": Side.TRAIN}
    assert any("There is 1 group for 3 sides" in warning for warning in division.warnings)


def test_a_side_without_labels_is_said() -> None:
    groups = {"a": (10, 10), "b": (10, 0), "c": (10, 0)}
    assert any("is labelled yet" in warning for warning in divide(groups).warnings)


def test_no_test_side_when_none_is_asked_for() -> None:
    division = divide({f"v{i}": (1, 1) for i in range(10)}, test=0.0, validation=0.2)
    assert division.groups[Side.TEST] == 0


@pytest.mark.parametrize(("test", "validation"), [(0.9, 0.1), (0.6, 0.6), (-0.1, 0.1)])
def test_shares_that_leave_nothing_to_train_on(test: float, validation: float) -> None:
    with pytest.raises(UsageProblem, match="nothing to train on"):
        divide({"a": (1, 1)}, test=test, validation=validation)


def test_every_side_has_its_share_of_each_class():
    groups = {f"text {i}": (1, 1) for i in range(100)}
    class_of = {name: "rare" if i < 10 else "common" for i, name in enumerate(groups)}
    division = divide_by_class(groups, class_of, validation=0.1, test=0.2, seed=3)
    rare = Counter(division.sides[name] for name, option in class_of.items() if option == "rare")
    assert rare == {Side.TRAIN: 7, Side.VALIDATION: 1, Side.TEST: 2}
    assert division.documents == {Side.TRAIN: 70, Side.VALIDATION: 10, Side.TEST: 20}
    assert division.warnings == []


def test_a_side_without_a_class_is_said():
    groups = {"a": (1, 1), "b": (1, 1), **{f"c{i}": (1, 1) for i in range(20)}}
    class_of = {name: "rare" if name in "ab" else "common" for name in groups}
    warnings = divide_by_class(groups, class_of, validation=0.1, test=0.2).warnings
    assert any("has no document of rare" in warning for warning in warnings)
