"""seqeval's figures, which a run stores, are those that the terminal counts."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.evaluation import metrics
from workbench.fields import chunks_of
from workbench.predictions.cases import Case, with_confidence
from workbench.training import scoring

TAGS = st.sampled_from(["O", "B-x", "I-x", "B-y", "I-y", "B-z"])
PAIRS = st.lists(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=12), min_size=1, max_size=6)


def case(number: int, pairs: list[tuple[str, str]]) -> Case:
    words = tuple(f"w{i}" for i in range(len(pairs)))
    gold, predicted = (
        with_confidence(chunks_of([pair[side] for pair in pairs], strict=True), [1.0] * len(pairs)) for side in (0, 1)
    )
    lines = tuple(i // 2 for i in range(len(pairs)))
    return Case(
        number, f"d{number}", words=words, group="g", language="en", gold=gold, predicted=predicted,
        lines=lines, pages=(0,) * len(pairs), in_pieces=frozenset("x"),
    )  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(PAIRS)
def test_the_stored_figures_are_those_that_the_terminal_counts(documents: list[list[tuple[str, str]]]) -> None:
    """`workbench evaluate`, intervals, slices and screens count; report.json has seqeval's figures."""
    cases = [case(number, pairs) for number, pairs in enumerate(documents)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stored = scoring.strict_scores(cases)
    counted = metrics.strict_scores(cases)
    assert list(stored.fields) == list(counted.fields)
    pairs = [(stored.micro, counted.micro), (stored.macro, counted.macro)]
    for score, expected in [*pairs, *zip(stored.fields.values(), counted.fields.values(), strict=True)]:
        assert (score.field, score.support) == (expected.field, expected.support)
        assert (score.precision, score.recall, score.f1) == pytest.approx(
            (expected.precision, expected.recall, expected.f1), abs=1e-12
        )
    assert metrics.micro(cases) == counted.micro
