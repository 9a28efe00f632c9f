"""Agreement between two labellings."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from storage.records import Span
from workbench.annotation import agreement
from workbench.annotation.agreement import ClassifiedTwice, Disagreement, LabelledTwice

category = st.sampled_from(["", "a", "b", "c"])


def spans(*made):
    return frozenset(Span(name, tokens) for name, tokens in made)


@given(st.lists(st.tuples(category, category), min_size=1, max_size=40))
def test_kappa_is_cohens(pairs):
    first, second = zip(*pairs, strict=True)
    mine = agreement.kappa(Counter(pairs))
    if len({*first, *second}) == 1:
        assert mine is None
    else:
        assert mine == pytest.approx(cohen_kappa_score(first, second))


@given(st.lists(st.tuples(category, category), min_size=1, max_size=40))
def test_kappa_does_not_ask_who_was_first(pairs):
    turned = [(second, first) for first, second in pairs]
    assert agreement.kappa(Counter(pairs)) == agreement.kappa(Counter(turned))


def test_the_same_labels_agree_fully_and_none_say_nothing():
    labels = spans(("total", (1, 2)), ("date", (5,)))
    level = agreement.measure([LabelledTwice(labels, labels, 8)]).overall
    assert (level.kappa, level.f1) == (1.0, 1.0)
    nothing = agreement.measure([LabelledTwice(frozenset(), frozenset(), 8)]).overall
    assert (nothing.kappa, nothing.f1) == (None, None)


def test_fields_are_told_apart():
    first, second = spans(("total", (1,)), ("date", (5,))), spans(("total", (1,)), ("date", (6,)))
    found = agreement.measure([LabelledTwice(first, second, 8)])
    assert found.fields["total"].f1 == 1 and found.fields["total"].kappa == 1
    assert found.fields["date"].f1 == 0 and found.fields["date"].kappa < 0
    assert found.overall.f1 == 0.5


def test_differences_pair_what_overlaps():
    first = spans(("total", (1, 2)), ("date", (5,)), ("net", (9,)))
    second = spans(("total", (2,)), ("tax", (7,)), ("net", (9,)))
    assert agreement.differences(first, second) == [
        Disagreement("total", (1, 2), (2,)),
        Disagreement("date", (5,), None),
        Disagreement("tax", None, (7,)),
    ]


@given(
    st.sets(st.tuples(category, st.integers(0, 9)), max_size=6),
    st.sets(st.tuples(category, st.integers(0, 9)), max_size=6),
)
def test_every_difference_is_named_once(a, b):
    first, second = (frozenset(Span(n, (t,)) for n, t in made) for made in (a, b))
    found = agreement.differences(first, second)
    assert {(d.field, d.first) for d in found if d.first} == {(n, (t,)) for n, t in a - b}
    assert {(d.field, d.second) for d in found if d.second} == {(n, (t,)) for n, t in b - a}


option = st.sampled_from(["invoice", "reminder", "receipt"])


@given(st.lists(st.tuples(option, option), min_size=1, max_size=40))
def test_kappa_over_classified_documents_is_cohens(pairs):
    twice = [
        LabelledTwice(frozenset(), frozenset(), 0, (ClassifiedTwice("type", frozenset({a}), frozenset({b})),))
        for a, b in pairs
    ]
    measured = agreement.measure(twice)
    first, second = zip(*pairs, strict=True)
    known = None if len({*first, *second}) == 1 else pytest.approx(cohen_kappa_score(first, second))
    assert measured.fields["type"].kappa == measured.overall.kappa == known
    assert measured.overall.f1 == pytest.approx(sum(a == b for a, b in pairs) / len(pairs))


def test_of_several_options_each_is_a_yes_or_no():
    choices = ("urgent", "refund", "praise")
    first, second = frozenset({"urgent", "refund"}), frozenset({"urgent"})
    twice = LabelledTwice(frozenset(), frozenset(), 0, (ClassifiedTwice("about", first, second, choices),))
    level = agreement.measure([twice]).fields["about"]
    assert level.f1 == pytest.approx(2 / 3) and level.labels == 3
    assert level.kappa == pytest.approx(cohen_kappa_score([1, 1, 0], [1, 0, 0]))


def test_words_and_classes_of_a_document_are_told_apart():
    classified = ClassifiedTwice("type", frozenset({"invoice"}), frozenset({"reminder"}))
    labels = spans(("total", (1,)))
    measured = agreement.measure([LabelledTwice(labels, labels, 8, (classified,))])
    assert (measured.fields["total"].f1, measured.fields["type"].f1, measured.overall.f1) == (1, 0, 0.5)
