"""Yes/no review over a workspace: what to ask, what stands around it, and what an answer does.

Every answer goes through a `DocumentEditor`: it is one act of the document's history and can be undone like any other.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from msgspec import Struct

from storage import queue
from storage.exceptions import InputProblem
from storage.files import CHOICE
from storage.records import Annotations, Content, Decision, Source, State, Suggestion
from storage.suggestions import leading, least_certain, least_sure_classes, rivals, wanting
from workbench.annotation import acts
from workbench.annotation.classes import states
from workbench.annotation.classes.states import ClassRow
from workbench.annotation.editor import DocumentEditor
from workbench.fields import Field, Schema
from workbench.files import small_files
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
    """Is this the field? Or, of a class field: is the document of these options?

    Attributes:
        tokens: none, where a class field is asked about.
        suggestion: None for a near miss: a place that the model just did not propose.
        options: of a class field; several only where a document can have several.
        ruled_out: options that were answered with no.
    """

    document: int
    field: str
    tokens: tuple[int, ...]
    confidence: float  # 0..1, that the answer is yes
    suggestion: Suggestion | None = None
    options: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()


class _Missed(Struct):
    document: int
    field: str
    tokens: list[int]
    confidence: float


class _Choice(Struct):
    """What of a selection's choice is asked about."""

    near_misses: list[_Missed]


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
    return _ordered(question for question in asked if not fields or question.field in fields)


def _ordered(asked: Iterable[Question]) -> list[Question]:
    return sorted(asked, key=lambda q: (abs(q.confidence - 0.5), q.document, q.tokens, q.field))


def class_question(
    document: int, field: Field, likely: Iterable[tuple[str, float]], ruled_out: tuple[str, ...] = ()
) -> Question | None:
    """What to ask about a class field; None where no option is left.

    Args:
        likely: [(option, probability)], the likeliest first.
        ruled_out: options that are not asked about.
    """
    shares = {option: share for option, share in likely if option in field.options and option not in ruled_out}
    if not shares:
        return None
    best = next(iter(shares))
    if not field.multiple:
        return Question(document, field.id, (), shares[best], options=(best,), ruled_out=ruled_out)
    options = tuple(option for option, share in shares.items() if share >= states.LIKELY) or (best,)
    sure = min(max(share, 1 - share) for share in shares.values())
    return Question(document, field.id, (), sure, options=options)


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
        of_classes = [
            (number, field, likely)
            for field in workspace.schema.classes
            if not fields or field.id in fields
            for number, likely in least_sure_classes(connection, field.id, SURE, _MOST, field.multiple).items()
        ]
        absent = {number: done for number, (_, done) in wanting(connection, [n for n, *_ in of_classes]).items()}
    asked = questions(
        {number: suggestions for number, (suggestions, _) in offered.items()},
        [miss for miss in misses if miss["document"] in offered],
        fields=active or [""],  # without any field nothing is asked
        sure=SURE,
        settled={number: done for number, (_, done) in offered.items()},
    )
    wanted = (each for each in of_classes if each[1].id not in absent.get(each[0], ()))
    return _ordered([*asked, *filter(None, (class_question(*each) for each in wanted))])


def _near_misses(workspace: Workspace, runs: Sequence[str]) -> list[dict[str, Any]]:
    """Of the newest selection that was made with a model."""
    for run in dict.fromkeys(name for name in runs if name):
        choices = sorted(workspace.files.selections(run).glob(f"*/{CHOICE}"), key=lambda path: path.stat().st_mtime)
        if choices:
            with suppress(InputProblem):  # a damaged one: then nothing is asked about them
                return list(small_files.read_as_it_is(choices[-1], _Choice, "")["near_misses"])
            return []
    return []


def still_open(content: Content, question: Question) -> bool:
    """Whether the question still wants an answer on the document as it is now."""
    state = content.annotations
    if state.state not in (State.NEW, State.STARTED) or question.field in state.absent:
        return False
    if question.options:
        return all(label.field != question.field for label in state.classes)
    if any(span.field == question.field for span in state.spans):
        return False
    return all(
        s.decision is Decision.OPEN for s in content.suggestions if (s.field, s.tokens) == _place(question)
    ) and (question.tokens[-1] < len(content.tokens))


def is_answered(content: Content, schema: Schema) -> bool:
    """Whether nothing that was suggested on the document is left to ask, of whatever field."""
    number, state = content.document.id, content.annotations
    settled = {span.field for span in state.spans} | state.absent
    doubtful = [row for row in _suggested(content, schema) if _confidence(row) < SURE]
    return not doubtful and not questions(
        {number: content.suggestions}, sure=SURE, settled={number: frozenset(settled)}
    )


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


def classify(
    editor: DocumentEditor, question: Question, options: Sequence[str], schema: Schema, source: Source = Source.HUMAN
) -> None:
    """Say of which options the document is; a text is finished with its last class field."""
    after = acts.classify(editor.state, question.field, options, editor.annotator, source)
    if states.is_only_classified(editor.content, schema):
        after = replace(after, state=states.state_of_text(after, {field.id for field in schema.classes}))
    editor.act("classify", after)


def instead(content: Content, question: Question, field: Field) -> Question | None:
    """What to ask of a class field after a no; None where a document can have several, or none is left."""
    likely = [(s.option, s.probability) for s in content.class_suggestions if s.field == field.id]
    ruled_out = (*question.ruled_out, *question.options)
    return None if field.multiple else class_question(question.document, field, likely, ruled_out)


def only_option_left(question: Question, field: Field) -> str | None:
    """The option that a no leaves of a class field, where it leaves one alone."""
    left = [option for option in field.options if option not in (*question.ruled_out, *question.options)]
    return left[0] if len(left) == 1 and not field.multiple else None


def _suggested(content: Content, schema: Schema) -> list[ClassRow]:
    return [row for row in states.rows(content, schema) if row.suggested]


def _confidence(row: ClassRow) -> float:
    shares = [option.probability for option in row.options if option.probability is not None]
    return min(max(share, 1 - share) for share in shares) if row.field.multiple else max(shares)


def sure_classes(content: Content, schema: Schema) -> list[tuple[Field, tuple[str, ...], float]]:
    """What completing a document would accept of its class fields: (field, options, confidence)."""
    return [
        (row.field, tuple(option.option for option in row.suggested), _confidence(row))
        for row in _suggested(content, schema)
        if _confidence(row) >= SURE
    ]


def completed(content: Content, annotator: str, schema: Schema) -> Annotations:
    """The document with its sure suggestions accepted, field by field where none is labelled yet, and finished."""
    state = content.annotations
    for field, options, _ in sure_classes(content, schema):
        state = acts.classify(state, field.id, options, annotator, Source.SUGGESTION)
    for suggestion in rest(content):
        state = acts.accept(state, suggestion, annotator, rivals(content.suggestions, suggestion))
    return acts.finish(state)


def rest(content: Content) -> list[Suggestion]:
    """What completing a document would accept: the surest open suggestion of each field without a label."""
    settled = {span.field for span in content.annotations.spans} | content.annotations.absent
    best: dict[str, Suggestion] = {}
    for suggestion in leading(content.suggestions, content.annotations.spans):
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
