"""Yes/no review: one proposal after the other, one key each, the least certain answer first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.records import Decision, Suggestion


@dataclass(frozen=True, slots=True)
class Question:
    """Is this the field? `suggestion` is None for a near miss: a place that the model just did not propose."""

    document: int
    field: str
    tokens: tuple[int, ...]
    confidence: float  # 0..1, that the answer is yes
    suggestion: Suggestion | None = None


def questions(
    suggestions: Mapping[int, Iterable[Suggestion]],
    near_misses: Iterable[Mapping[str, Any]] = (),
    *,
    fields: Sequence[str] = (),
    sure: float = 0.97,
    settled: Mapping[int, frozenset[str]] | None = None,
) -> list[Question]:
    """What to ask, the least certain first (confidence nearest to one half); equal ones by document and place.

    Args:
        suggestions: open and decided ones by document; decided ones are not asked again.
        near_misses: `{document, field, tokens, confidence}` as a selection leaves them (workbench/sampling.py).
        fields: ask of these alone; empty: of all.
        sure: suggestions with at least this confidence are not asked.
        settled: fields by document that are labelled, or said to be absent, already.
    """
    done = settled or {}
    asked = []
    taken = set()
    for document, listed in suggestions.items():
        for s in listed:
            taken.add((document, s.field, s.tokens))
            if s.decision is Decision.OPEN and s.confidence < sure and s.field not in done.get(document, ()):
                asked.append(Question(document, s.field, s.tokens, s.confidence, s))
    for miss in near_misses:
        question = Question(miss["document"], miss["field"], tuple(miss["tokens"]), miss["confidence"])
        known = (question.document, question.field, question.tokens) in taken
        if not known and question.field not in done.get(question.document, ()):
            asked.append(question)
    wanted = [question for question in asked if not fields or question.field in fields]
    return sorted(wanted, key=lambda q: (abs(q.confidence - 0.5), q.document, q.tokens, q.field))
