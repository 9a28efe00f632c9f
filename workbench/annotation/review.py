"""Yes/no review over a workspace: what to ask, what stands around it, and what an answer does.

Every answer goes through a `DocumentEditor`: it is one act of the document's history and can be undone like any other.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage import queue
from storage.files import CHOICE
from storage.records import Annotations, Content, Decision, State, Suggestion
from storage.suggestions import leading, least_certain, rivals, wanting
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.workspace import Workspace

SURE = 0.97
"""Suggestions from this confidence on are not asked one by one."""
NEAR_MISS = "near-miss"
"""Stands in for the run of what was asked although the model did not propose it."""
_MOST = 1000
"""Documents that are asked about at a time."""

Line = tuple[tuple[str, bool], ...]
"""Words of a line, each with whether it is asked about."""


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
    sure: float = SURE,
    settled: Mapping[int, frozenset[str]] | None = None,
) -> list[Question]:
    """What to ask, the least certain first (confidence nearest to one half); equal ones by document and place.

    Args:
        suggestions: open and decided ones by document; decided ones are not asked again.
        near_misses: `{document, field, tokens, confidence}` as a selection leaves them.
        fields: ask of these alone; empty: of all.
        sure: suggestions with at least this confidence are not asked.
        settled: fields by document that are labelled, or said to be absent, already.
    """
    done = settled or {}
    asked = []
    taken: set[tuple[int, str, tuple[int, ...]]] = set()
    for document, listed in suggestions.items():
        offered = list(listed)
        taken.update((document, s.field, s.tokens) for s in offered)
        for s in leading(offered):
            if s.confidence < sure and s.field not in done.get(document, ()):
                asked.append(Question(document, s.field, s.tokens, s.confidence, s))
    for miss in near_misses:
        question = Question(miss["document"], miss["field"], tuple(miss["tokens"]), miss["confidence"])
        known = (question.document, question.field, question.tokens) in taken
        if not known and question.field not in done.get(question.document, ()):
            asked.append(question)
    wanted = [question for question in asked if not fields or question.field in fields]
    return sorted(wanted, key=lambda q: (abs(q.confidence - 0.5), q.document, q.tokens, q.field))


def collect(workspace: Workspace, fields: Sequence[str] = ()) -> list[Question]:
    """What to ask, the least certain answer first; of some fields alone, or of all that are not retired.

    Near misses come from the newest selection of the relabel queue: without one, only what was suggested is asked.
    """
    active = [field.id for field in workspace.schema.spans if not fields or field.id in fields]
    with workspace.db.read() as connection:
        misses = _near_misses(workspace, [r.run for r in queue.listed(connection)][::-1])
        ids = least_certain(connection, active, SURE, _MOST)
        ids += sorted({miss["document"] for miss in misses} - set(ids))
        offered = wanting(connection, ids)
    return questions(
        {number: suggestions for number, (suggestions, _) in offered.items()},
        [miss for miss in misses if miss["document"] in offered],
        fields=active or [""],  # without any field nothing is asked
        sure=SURE,
        settled={number: done for number, (_, done) in offered.items()},
    )


def _near_misses(workspace: Workspace, runs: Sequence[str]) -> list[dict[str, Any]]:
    """Of the newest selection that was made with a model."""
    for run in dict.fromkeys(name for name in runs if name):
        choices = sorted(workspace.files.selections(run).glob(f"*/{CHOICE}"), key=lambda path: path.stat().st_mtime)
        if choices:
            misses: list[dict[str, Any]] = json.loads(choices[-1].read_text(encoding="utf-8"))["near_misses"]
            return misses
    return []


def still_open(content: Content, question: Question) -> bool:
    """Whether the question still wants an answer on the document as it is now."""
    state = content.annotations
    if state.state not in (State.NEW, State.STARTED) or question.field in state.absent:
        return False
    if any(span.field == question.field for span in state.spans):
        return False
    return all(
        s.decision is Decision.OPEN for s in content.suggestions if (s.field, s.tokens) == _place(question)
    ) and (question.tokens[-1] < len(content.tokens))


def is_answered(content: Content) -> bool:
    """Whether nothing that was suggested on the document is left to ask, of whatever field."""
    number, state = content.document.id, content.annotations
    settled = {span.field for span in state.spans} | state.absent
    return not questions({number: content.suggestions}, sure=SURE, settled={number: frozenset(settled)})


def _place(question: Question) -> tuple[str, tuple[int, ...]]:
    return question.field, question.tokens


def _asked(editor: DocumentEditor, question: Question) -> Suggestion:
    """The suggestion that is asked about; a near miss becomes one, so that its answer is remembered."""
    if not any((s.field, s.tokens) == _place(question) for s in editor.content.suggestions):
        editor.suggest(NEAR_MISS, [(question.field, question.tokens, question.confidence)])
    return next(s for s in editor.content.suggestions if (s.field, s.tokens) == _place(question))


def yes(editor: DocumentEditor, question: Question) -> None:
    """It is that field: the suggestion becomes a label."""
    asked = _asked(editor, question)
    instead_of = rivals(editor.content.suggestions, asked)
    editor.act("accept", acts.accept(editor.state, asked, editor.annotator, instead_of))


def no(editor: DocumentEditor, question: Question) -> None:
    """It is not that field; it is not asked again."""
    editor.act("reject", acts.reject(editor.state, _asked(editor, question)))


def other(editor: DocumentEditor, question: Question, field: str) -> None:
    rejected = acts.reject(editor.state, _asked(editor, question))
    editor.act("change", acts.assign(rejected, field, question.tokens, editor.annotator))


def completed(content: Content, annotator: str) -> Annotations:
    """The document with its sure suggestions accepted, field by field where none is labelled yet, and finished."""
    state = content.annotations
    for suggestion in rest(content):
        state = acts.accept(state, suggestion, annotator, rivals(content.suggestions, suggestion))
    return acts.finish(state)


def rest(content: Content) -> list[Suggestion]:
    """What completing a document would accept: the surest open suggestion of each field without a label."""
    settled = {span.field for span in content.annotations.spans} | content.annotations.absent
    best: dict[str, Suggestion] = {}
    for suggestion in leading(content.suggestions):
        known = best.get(suggestion.field)
        if suggestion.confidence >= SURE and suggestion.field not in settled:
            best[suggestion.field] = max(known, suggestion, key=lambda s: s.confidence) if known else suggestion
    return sorted(best.values(), key=lambda s: s.tokens)


def around(content: Content, tokens: Sequence[int], lines: int = 2) -> list[Line]:
    """The lines that the tokens stand in, with so many lines before and after; the tokens asked about are marked."""
    asked = set(tokens)
    page = next((p for p in content.pages if any(t.id in asked for t in p.tokens)), None)
    if page is None:
        return []
    grouped: dict[int, list[tuple[str, bool]]] = {}
    for token in page.tokens:
        grouped.setdefault(token.line, []).append((token.text, token.id in asked))
    listed = list(grouped.values())
    places = [number for number, line in enumerate(listed) if any(marked for _, marked in line)]
    return [tuple(line) for line in listed[max(places[0] - lines, 0) : places[-1] + lines + 1]]
