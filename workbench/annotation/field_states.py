"""What the panel of fields shows: every field's values as they will be extracted, their state, and what does not fit.

Pure: from a document's content and the schema to rows. `judge` counts the same things for the document list.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from storage.records import CORRECTION, KNOWN_SOURCES, Annotations, Content, Decision, Span, Suggestion, Token
from storage.suggestions import leading
from workbench.fields import Field, FieldKind, FieldType, Schema, checks
from workbench.fields.countries import is_malaysian
from workbench.fields.document_values import read
from workbench.fields.values import Value, joined, looks_like, normalise, same

_OTHER_PARTY = {"seller": "buyer", "buyer": "seller"}


class FieldState(StrEnum):
    """How a field stands on a document."""

    LABELLED = "labelled"
    SUGGESTED = "suggested"
    MISSING = "missing"
    ABSENT = "absent"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class FieldRow:
    field: Field
    state: FieldState
    values: tuple[Value, ...] = ()  # of its labels, or of its open suggestions where it has no label
    confidence: float | None = None  # of the surest open suggestion
    reference: str | None = None
    agrees: bool | None = None  # with the reference value; None where there is nothing to compare
    second_opinions: tuple[str, ...] = ()  # what models suggest instead of the known value
    problems: tuple[str, ...] = ()


def text_of(tokens: Sequence[Token], ids: Sequence[int]) -> str:
    """A span's text as it will be extracted: its words in order."""
    return joined(tokens[i].text for i in ids)


_FINISHED = 5  # documents from which on their labels say which fields are seldom there
_SELDOM = 80  # percent of the finished documents that have no label of such a field


def seldom_filled(schema: Schema, finished: Sequence[Collection[str]]) -> frozenset[str]:
    """The fields that most finished documents are without: of one more without them nothing is said.

    Args:
        finished: of each finished document the fields that it has a label of.
    """
    if len(finished) < _FINISHED:
        return frozenset()
    without = {field.id: sum(field.id not in labelled for labelled in finished) for field in schema.spans}
    return frozenset(name for name, count in without.items() if 100 * count >= _SELDOM * len(finished))


def usually_filled(
    schema: Schema, finished: Sequence[Collection[str]], of_vendor: Sequence[Collection[str]] = ()
) -> list[str]:
    """The ids of the fields, those first that the vendor's documents mostly have, then those that all mostly have.

    Args:
        schema: of the fields.
        finished: of each finished document the fields that it has a label of.
        of_vendor: of the vendor's finished documents.
    """

    def count(field: str, among: Sequence[Collection[str]]) -> int:
        return sum(field in labelled for labelled in among)

    listed = [field.id for field in schema.spans]
    return sorted(listed, key=lambda field: (-count(field, of_vendor), -count(field, finished)))


def empty_fields(state: Annotations, schema: Schema, left_out: Collection[str] = ()) -> tuple[str, ...]:
    """The ids of the fields with neither a label nor a mark that they are not there, in the schema's order; without
    those of `left_out`.
    """
    filled = {span.field for span in state.spans} | state.absent
    return tuple(field.id for field in schema.spans if field.id not in filled and field.id not in left_out)


def seller_of(content: Content) -> str:
    """The seller's name as it is labelled; "" where it is not."""
    return next((text_of(content.tokens, s.tokens) for s in content.annotations.spans if s.field == "seller_name"), "")


def rows(content: Content, schema: Schema, day_first: bool | None = None) -> tuple[FieldRow, ...]:
    """The fields in use, and retired ones that still have labels, in the schema's order."""
    tokens = content.tokens
    spans: dict[str, list[Span]] = {}
    for span in sorted(content.annotations.spans, key=lambda s: s.tokens):
        spans.setdefault(span.field, []).append(span)
    proposed: dict[str, list[Suggestion]] = {}
    for suggestion in leading(content.suggestions, content.annotations.spans):
        proposed.setdefault(suggestion.field, []).append(suggestion)
    references = {r.field: r.value for r in content.references}
    listed: list[FieldRow] = []
    surest: dict[str, Value] = {}  # of what is suggested
    for field in schema:
        if field.kind is FieldKind.CLASS or (field.retired and field.id not in spans):
            continue
        own, open_ones = spans.get(field.id, []), proposed.get(field.id, [])
        if own:
            state = FieldState.LABELLED
            values = tuple(read(content, field, text_of(tokens, s.tokens), day_first) for s in own)
        elif field.id in content.annotations.absent:
            state, values = FieldState.ABSENT, ()
        elif open_ones:
            state = FieldState.SUGGESTED
            values = tuple(read(content, field, text_of(tokens, s.tokens), day_first) for s in open_ones)
            surest[field.id] = max(zip(open_ones, values, strict=True), key=lambda pair: pair[0].confidence)[1]
        else:
            state, values = FieldState.MISSING, ()
        sure = max((s.confidence for s in open_ones), default=None)
        reference = references.get(field.id)
        agrees = None
        if reference is not None and values:
            is_known = not own and any(s.run in KNOWN_SOURCES for s in open_ones)
            agrees = is_known or any(_agrees(field, value, reference) for value in values)
        others = _second_opinions(content, field, values) if state is FieldState.SUGGESTED else ()
        listed.append(FieldRow(field, state, values, sure, reference, agrees, others))
    return _checked(tuple(listed), content, surest)


def contradicts(content: Content, field: Field, suggestion: Suggestion) -> bool:
    """Whether a model's suggestion is another value than the known one. What a person corrected it to is none."""
    values = [r.value for r in content.references if r.field == field.id]
    if suggestion.run in {*KNOWN_SOURCES, CORRECTION} or not values:
        return False
    value = read(content, field, text_of(content.tokens, suggestion.tokens))
    return not any(_agrees(field, value, reference) for reference in values)


def _agrees(field: Field, value: Value, reference: str) -> bool:
    return value.normal == _normal(field, reference) or same(field.type, value.text, reference)


def _second_opinions(content: Content, field: Field, values: tuple[Value, ...]) -> tuple[str, ...]:
    """What else is suggested: no part of a value that is shown, and nothing that the other party has."""
    leaders = leading(content.suggestions, content.annotations.spans)
    first = {suggestion.id for suggestion in leaders}
    shown = [f" {value.text.casefold()} " for value in values]
    theirs = _of_other_party(content, field, leaders)
    texts = [
        f"{s.confidence:.0%} {text}"
        for s in content.suggestions
        if s.field == field.id and s.decision is Decision.OPEN and s.id not in first
        for text in (text_of(content.tokens, s.tokens),)
        if not any(f" {text.casefold()} " in value for value in shown)
        if not any(same(field.type, text, other) for other in (*(value.text for value in values), *theirs))
    ]
    return tuple(texts)


def _of_other_party(content: Content, field: Field, leaders: Collection[Suggestion]) -> tuple[str, ...]:
    """The other party's values of such a field: its labels, or what is suggested first."""
    other = _OTHER_PARTY.get(field.id.partition("_")[0])
    if other is None:
        return ()
    name = f"{other}_{field.id.partition('_')[2]}"
    labels = [span.tokens for span in content.annotations.spans if span.field == name]
    return tuple(text_of(content.tokens, t) for t in labels or [s.tokens for s in leaders if s.field == name])


def _normal(field: Field, reference: str) -> str | None:
    return normalise(field.type, reference).normal or reference


def _checked(listed: tuple[FieldRow, ...], content: Content, surest: Mapping[str, Value]) -> tuple[FieldRow, ...]:
    """The rows with what does not fit together put to the fields concerned; what a suggestion would not fit to it.

    That the currency is missing is a problem only where one is printed, and not suggested: most receipts print none.
    """
    values = {row.field.id: row.values[0] for row in listed if row.state is FieldState.LABELLED}
    suggested = {row.field.id for row in listed if row.state is FieldState.SUGGESTED}
    problems, refused = problems_of(values, content, suggested, _several(listed))
    for failed in checks.check({**surest, **values}, _several(listed)):
        concerned = [field for field in failed.fields if field in surest]
        if concerned and failed.rule not in _SOFT:
            problems.setdefault(concerned[-1], []).append(_message(failed))
    return tuple(
        replace(
            row,
            state=FieldState.INVALID if row.field.id in refused else row.state,
            problems=tuple(problems.get(row.field.id, ())),
        )
        if row.field.id in problems
        else row
        for row in listed
    )


def _several(listed: Sequence[FieldRow]) -> dict[str, tuple[Value, ...]]:
    """All labelled values of the fields that have several."""
    return {row.field.id: row.values for row in listed if len(row.values) > 1 and row.state is not FieldState.SUGGESTED}


def problems_of(
    values: Mapping[str, Value],
    content: Content,
    suggested: Collection[str] = (),
    several: Mapping[str, Sequence[Value]] = MappingProxyType({}),
) -> tuple[dict[str, list[str]], set[str]]:
    """What does not fit together: messages by the field that they are put to, and the fields whose text is refused.

    Args:
        values: of each field.
        content: the document.
        suggested: fields that have an open suggestion.
        several: all values of the fields that have several.
    """
    problems: dict[str, list[str]] = {}
    refused: set[str] = set()
    currency = values.get("currency")
    is_sign = currency is not None and currency.normal == "USD" and bool(currency.note)  # "$"
    if currency is not None and is_sign and is_malaysian(token.text for token in content.tokens):
        problems["currency"] = [f"“{currency.text}” is read as USD, but the document is Malaysian: MYR?"]
    is_currency_decided = "currency" in content.annotations.absent or "currency" in suggested
    for check in checks.check(values, several):
        if check.rule == "currency" and (is_currency_decided or not _prints_currency(content)):
            continue
        if check.rule == "invalid":
            refused.update(check.fields)
        problems.setdefault(check.fields[-1], []).append(_message(check))
    return problems, refused


def _message(check: checks.Check) -> str:
    return check.message.removeprefix(f"{check.fields[0]}: ")


def _prints_currency(content: Content) -> bool:
    return any(_is_currency(token.text) for token in content.tokens)


@lru_cache(maxsize=65_536)  # asked of every word of the page, twice an act: 60 ms for 2,000 words
def _is_currency(text: str) -> bool:
    return looks_like(FieldType.CURRENCY, text)


_SOFT = ("currency", "ambiguous")
"""Rules that inform but are no reason to look a document up again: receipts seldom print a currency."""


def failed_labels(listed: Sequence[FieldRow]) -> list[tuple[Field, str]]:
    """What does not fit of a document's labels, each with the field that it is put to."""
    own = {row.field.id: row for row in listed if row.values and row.state is not FieldState.SUGGESTED}
    failed = checks.check({name: row.values[0] for name, row in own.items()}, _several(listed))
    return [(own[c.fields[-1]].field, _message(c)) for c in failed if c.rule not in _SOFT]


def judge(schema: Schema, day_first: bool | None = None) -> Callable[[Content], tuple[int, int]]:
    """Counts (labels that contradict a reference value, checks that failed) of a document, for `DocumentEditor`."""

    def count(content: Content) -> tuple[int, int]:
        listed = rows(content, schema, day_first)
        wrong = (row.agrees is False and row.state is not FieldState.SUGGESTED for row in listed)
        return sum(wrong), len(failed_labels(listed))

    return count
