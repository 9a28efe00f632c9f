"""Yes/no review: what is asked, and in which order."""

from hypothesis import given
from hypothesis import strategies as st

from storage.records import Decision, Suggestion
from workbench.annotation.review import questions


def suggestion(number, field="total", tokens=(1,), sure=0.5, decision=Decision.OPEN):
    return Suggestion(number, field, tokens, sure, "r1", decision)


def test_the_least_certain_answers_come_first_across_documents():
    asked = questions({1: [suggestion(1, sure=0.9), suggestion(2, "net", sure=0.55)], 2: [suggestion(3, sure=0.3)]})
    assert [(q.document, q.confidence) for q in asked] == [(1, 0.55), (2, 0.3), (1, 0.9)]


def test_what_is_decided_sure_or_settled_is_not_asked():
    listed = {1: [suggestion(1, decision=Decision.REJECTED), suggestion(2, "net", sure=0.99), suggestion(3, "date")]}
    assert questions(listed, settled={1: frozenset({"date"})}) == []


def test_near_misses_are_asked_too_so_that_missing_values_are_found():
    misses = [
        {"document": 4, "field": "net", "tokens": [3, 4], "confidence": 0.4},
        {"document": 1, "field": "total", "tokens": [1], "confidence": 0.45},  # suggested and rejected before
    ]
    asked = questions({1: [suggestion(1, decision=Decision.REJECTED)]}, misses)
    assert [(q.document, q.field, q.tokens, q.suggestion) for q in asked] == [(4, "net", (3, 4), None)]


def test_only_the_fields_wanted():
    asked = questions({1: [suggestion(1), suggestion(2, "net")]}, fields=["net"])
    assert [q.field for q in asked] == ["net"]


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 1)), max_size=20))
def test_nothing_open_and_unsure_is_left_out(made):
    listed: dict[int, list[Suggestion]] = {}
    for number, (document, sure) in enumerate(made):
        listed.setdefault(document, []).append(suggestion(number, tokens=(number,), sure=sure))
    asked = questions(listed)
    assert len(asked) == sum(sure < 0.97 for _, sure in made)
    doubts = [abs(q.confidence - 0.5) for q in asked]
    assert doubts == sorted(doubts)
