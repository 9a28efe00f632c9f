"""Values are read as a whole: bridged, split, kept apart; and nothing is read twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.predictions import value_spans
from workbench.predictions.value_spans import WordEvidence


def read(rows, breaks=(), once=frozenset()):
    """From {field: [(begins, continues) a word]}: {(field, start, stop)}."""
    evidence: dict[str, list[WordEvidence]] = {}
    for i, shares in enumerate(zip(*rows.values(), strict=True)):
        own = dict(zip(rows, map(sum, shares), strict=True))
        for name, (begins, continues) in zip(rows, shares, strict=True):
            others = [share for other, share in own.items() if other != name]
            otherwise = max(1 - sum(own.values()), *others, 0.0)
            if begins + continues and begins + continues >= value_spans.LEAST * otherwise:
                evidence.setdefault(name, []).append(WordEvidence(i, begins, continues, otherwise))
    return [(name, start, stop) for _, name, start, stop, _ in value_spans.read(evidence, breaks, once)]


def test_a_doubtful_word_between_sure_ones_is_part_of_the_value():
    # 99 | SPEED | MART
    assert read({"seller": [(0.9, 0.0), (0.0, 0.3), (0.0, 0.9)]}) == [("seller", 0, 3)]
    assert read({"seller": [(0.6, 0.0), (0.0, 0.01), (0.3, 0.3)]}) == [("seller", 0, 1), ("seller", 2, 3)]


def test_an_address_whose_beginning_the_model_does_not_see_is_whole():
    words = [(0.02, 0.9), (0.02, 0.9), (0.55, 0.4), (0.02, 0.9)]
    assert read({"address": words}, once={"address"}) == [("address", 0, 4)]


def test_a_clear_beginning_begins_another_value():
    words = [(0.95, 0.0), (0.0, 0.9), (0.95, 0.0), (0.0, 0.9)]
    assert read({"line": words}) == [("line", 0, 2), ("line", 2, 4)]
    assert read({"line": words}, once={"line"}) == [("line", 0, 4)]


def test_no_value_runs_over_a_page_or_over_another_fields_word():
    assert read({"a": [(0.95, 0.0), (0.0, 0.95), (0.45, 0.5)]}, breaks=[2]) == [("a", 0, 2), ("a", 2, 3)]
    other = {"a": [(0.9, 0.0), (0.0, 0.1), (0.3, 0.6)], "b": [(0.0, 0.0), (0.8, 0.0), (0.0, 0.0)]}
    assert read(other) == [("a", 0, 1), ("b", 1, 2), ("a", 2, 3)]


def test_a_field_that_stands_once_gives_its_best_value_and_the_upper_of_equals():
    twice = {"date": [(0.9, 0.0), (0.0, 0.0), (0.97, 0.0), (0.0, 0.0), (0.97, 0.0)]}
    assert read(twice, once={"date"}) == [("date", 2, 3)]
    assert len(read(twice)) == 3


_SHARES = st.lists(st.tuples(*[st.floats(0, 1)] * 5), min_size=1, max_size=12)


@given(_SHARES, st.sets(st.integers(1, 11)), st.sets(st.sampled_from(["a", "b"])))
def test_no_word_is_read_twice_and_every_value_has_a_likely_word(rows, breaks, once):
    rows = [[share / (sum(row) or 1) for share in row] for row in rows]
    fields = {"a": [(row[1], row[2]) for row in rows], "b": [(row[3], row[4]) for row in rows]}
    values = read(fields, breaks, once)
    words = [word for _, start, stop in values for word in range(start, stop)]
    assert words == sorted(set(words))
    shares = [{name: sum(fields[name][word]) for name in fields} for word in range(len(rows))]
    for name, start, stop in values:
        # none's share is what is left of one, as `read` above counts it: rounding decides ties
        assert any(
            shares[word][name] > max(1 - sum(shares[word].values()), *(shares[word][f] for f in fields if f != name))
            for word in range(start, stop)
        )
        assert not any(start < page < stop for page in breaks)
    for name in once:
        assert [value[0] for value in values].count(name) <= 1


def test_a_values_confidence_is_that_of_its_words():
    (value,) = value_spans.read({"a": [WordEvidence(0, 0.9, 0.0, 0.1), WordEvidence(1, 0.0, 0.6, 0.4)]})
    assert value.confidence == pytest.approx(0.75)


def test_a_model_that_is_sure_of_little_still_says_what_is_likeliest():
    assert read({"a": [(0.3, 0.0), (0.1, 0.25)], "b": [(0.2, 0.0), (0.1, 0.1)]} | {"c": [(0.2, 0.0), (0.1, 0.1)]}) == [
        ("a", 0, 2)
    ]
