"""The acts of labelling: pure functions from one state of the annotations to the next.

A token carries one field at most: assigning tokens takes them from the spans that had them.
"""

from collections.abc import Iterable
from dataclasses import replace

from storage.records import Annotations, ClassLabel, Content, Decision, Source, Span, State, Suggestion
from storage.suggestions import rivals


def _touched(state: Annotations) -> State:
    return State.STARTED if state.state is State.NEW else state.state


def _without(spans: frozenset[Span], tokens: frozenset[int]) -> frozenset[Span]:
    """The spans with these tokens taken out; a span that loses all of its tokens is gone."""
    left = set()
    for span in spans:
        rest = tuple(token for token in span.tokens if token not in tokens)
        if rest == span.tokens:
            left.add(span)
        elif rest:
            left.add(replace(span, tokens=rest))
    return frozenset(left)


def assign(
    state: Annotations, field: str, tokens: Iterable[int], annotator: str, source: Source = Source.HUMAN
) -> Annotations:
    """Label tokens as one span of a field; a field said to be absent is present again."""
    wanted = tuple(sorted(set(tokens)))
    if not wanted:
        return state
    spans = _without(state.spans, frozenset(wanted)) | {Span(field, wanted, source, annotator)}
    return replace(state, spans=spans, absent=state.absent - {field}, state=_touched(state))


def extend(state: Annotations, span: Span, tokens: Iterable[int], annotator: str) -> Annotations:
    """Give a span other tokens (more or fewer); without tokens it is cleared."""
    base = replace(state, spans=state.spans - {span})
    wanted = set(tokens)
    return assign(base, span.field, wanted, annotator) if wanted else replace(base, state=_touched(state))


def clear(state: Annotations, tokens: Iterable[int]) -> Annotations:
    """Take the labels of tokens away."""
    spans = _without(state.spans, frozenset(tokens))
    return state if spans == state.spans else replace(state, spans=spans, state=_touched(state))


def clear_spans(state: Annotations, spans: Iterable[Span]) -> Annotations:
    left = state.spans - frozenset(spans)
    return state if left == state.spans else replace(state, spans=left, state=_touched(state))


def _decide(state: Annotations, suggestion: int, decision: Decision) -> frozenset[tuple[int, Decision]]:
    rest = {(number, known) for number, known in state.decisions if number != suggestion}
    return frozenset(rest | {(suggestion, decision)})


def accept(
    state: Annotations, suggestion: Suggestion, annotator: str, instead_of: Iterable[Suggestion] = ()
) -> Annotations:
    """Make a suggestion a label, and reject others of its field (see `storage.suggestions.rivals`)."""
    labelled = assign(state, suggestion.field, suggestion.tokens, annotator, Source.SUGGESTION)
    decided = replace(labelled, decisions=_decide(state, suggestion.id, Decision.ACCEPTED))
    for other in instead_of:
        decided = reject(decided, other)
    return decided


def accept_all(state: Annotations, suggestions: Iterable[Suggestion], content: Content, annotator: str) -> Annotations:
    """Make several of a document's suggestions labels, each with its rivals rejected; none is another's rival."""
    chosen = [*suggestions]
    taken = {s.id for s in chosen}
    for suggestion in chosen:
        others = (s for s in rivals(content.suggestions, suggestion) if s.id not in taken)
        state = accept(state, suggestion, annotator, others)
    return state


def reject(state: Annotations, suggestion: Suggestion) -> Annotations:
    """Say that a suggestion is wrong."""
    return replace(state, decisions=_decide(state, suggestion.id, Decision.REJECTED), state=_touched(state))


def affirm(state: Annotations, suggestion: Suggestion) -> Annotations:
    """Say that a label that was doubted is right as it stands."""
    return replace(state, decisions=_decide(state, suggestion.id, Decision.ACCEPTED), state=_touched(state))


def mark_absent(state: Annotations, field: str, absent: bool = True) -> Annotations:
    """Say that a field is not on the document (or take that back)."""
    return replace(state, absent=state.absent | {field} if absent else state.absent - {field}, state=_touched(state))


def classify(
    state: Annotations, field: str, options: Iterable[str], annotator: str, source: Source = Source.HUMAN
) -> Annotations:
    """Say of which options of a class field the document is, instead of what it was; none takes its label away."""
    before = {label.option: label for label in state.classes if label.field == field}
    labels = {before.get(option) or ClassLabel(field, option, source, annotator) for option in options}
    others = frozenset(label for label in state.classes if label.field != field)
    return replace(state, classes=others | labels, absent=state.absent - {field}, state=_touched(state))


def confirm_class(state: Annotations, field: str) -> Annotations:
    """Say that the label of a class field is right as it stands, although it was doubted."""
    classes = (replace(c, source=Source.CONFIRMED) if c.field == field else c for c in state.classes)
    return replace(state, classes=frozenset(classes))


def cannot_say(state: Annotations, field: str) -> Annotations:
    """Say that the document is of no option of a class field, as far as can be told."""
    return mark_absent(replace(state, classes=frozenset(c for c in state.classes if c.field != field)), field)


def correct(state: Annotations, token: int, text: str, original: str) -> Annotations:
    """Correct what OCR read; the original is kept with the token. The original text takes the correction back."""
    rest = {(number, known) for number, known in state.texts if number != token}
    return replace(state, texts=frozenset(rest if text == original else rest | {(token, text)}), state=_touched(state))


def finish(state: Annotations) -> Annotations:
    """Confirm: the labels are complete, the document may train or test a model."""
    return replace(state, state=State.LABELLED)


def set_aside(state: Annotations, how: State) -> Annotations:
    """Skip the document, mark it unusable, or open it again (State.STARTED)."""
    return replace(state, state=how)


def flag(state: Annotations, note: str) -> Annotations:
    """Leave a note on the document; an empty note takes the flag away."""
    return replace(state, note=note)


def merge(theirs: Annotations, before: Annotations, after: Annotations) -> Annotations:
    """Repeat an act that was made on `before` on the newer state of another annotator.

    Only what the act changed is changed; a token labelled by it loses the label that they gave it, and so does a class
    field.
    """
    decided = {label.field for label in after.classes ^ before.classes}
    classes = frozenset(
        label
        for state, own in ((theirs, False), (after, True))
        for label in state.classes
        if (label.field in decided) is own
    )
    merged = clear_spans(theirs, before.spans - after.spans)
    for span in after.spans - before.spans:
        merged = replace(
            merged, spans=_without(merged.spans, frozenset(span.tokens)) | {span}, absent=merged.absent - {span.field}
        )
    return Annotations(
        merged.spans,
        (merged.absent - (before.absent - after.absent) - {c.field for c in classes if c.field in decided})
        | (after.absent - before.absent),
        after.state if after.state is not before.state else merged.state,
        after.note if after.note != before.note else merged.note,
        frozenset({**dict(merged.texts), **dict(after.texts - before.texts)}.items()),
        frozenset({**dict(merged.decisions), **dict(after.decisions - before.decisions)}.items()),
        classes,
    )
