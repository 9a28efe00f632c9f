"""A document's values for other programs: what is known about it, else what a model reads; checked as in the panel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from storage.records import KNOWN_SOURCES, Box, Content, Decision, Suggestion
from workbench.annotation.field_states import problems_of, text_of
from workbench.fields import Field, Schema, document_values
from workbench.fields.values import Value, iban_is_valid, normalise, same
from workbench.runs.suggestions_file import Proposal

MODEL = "model"


@dataclass(frozen=True, slots=True)
class ExtractedField:
    """A field's value on a document."""

    field: str
    value: str  # as printed, or as an e-invoice's XML spells what is printed nowhere
    normalised: str | None
    confidence: float
    page: int | None  # from 1; None where the value has no place
    box: Box | None  # in the page's units
    tokens: tuple[int, ...]
    source: str = MODEL  # or where the value is known from
    second_opinion: str | None = None  # what the model reads, where that is not the known value
    warnings: tuple[str, ...] = ()  # what does not fit: the panel's words


@dataclass(frozen=True, slots=True)
class RefusedField:
    """A text that was read as a field, but is no value of it."""

    field: str
    value: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """What is extracted from a document."""

    fields: tuple[ExtractedField, ...]
    refused: tuple[RefusedField, ...]


def extracted(
    content: Content, proposals: Sequence[Proposal], schema: Schema, day_first: bool | None = None
) -> Extraction:
    """The values of a document. Per field the first that the field's own check does not refuse: the known value at its
    place, the known value without one, the model's.

    Args:
        proposals: what the model reads.
        day_first: how 03/04/2024 is meant where that is known; None: as the document's other dates have it.
    """
    fields: list[ExtractedField] = []
    refused: list[RefusedField] = []
    meanings: dict[str, list[Value]] = {}
    for field in schema.active:
        read = [proposal for proposal in proposals if proposal[0] == field.id]
        texts = [text_of(content.tokens, tokens) for _, tokens, _ in read]
        for entry, value in _candidates(content, field, read, day_first):
            if reason := _refusal(field, value):
                refused.append(RefusedField(field.name, value.text, entry.source, reason))
                continue
            if entry.source != MODEL:
                other = next((text for text in texts if not same(field.type, text, value.text)), None)
                entry = replace(entry, second_opinion=other)
            fields.append(entry)
            meanings.setdefault(field.id, []).append(value)
            if entry.source != MODEL:
                break
    problems, _ = problems_of({name: values[0] for name, values in meanings.items()}, content, several=meanings)
    by_name = {field.name: tuple(problems.get(field.id, ())) for field in schema.active}
    return Extraction(tuple(replace(entry, warnings=by_name[entry.field]) for entry in fields), tuple(refused))


def by_field(extraction: Extraction) -> dict[str, ExtractedField]:
    """Field name -> its value; of several the surest."""
    surest: dict[str, ExtractedField] = {}
    for entry in extraction.fields:
        if entry.field not in surest or entry.confidence > surest[entry.field].confidence:
            surest[entry.field] = entry
    return surest


def with_extraction(content: Content, extraction: Extraction, schema: Schema, model: str) -> Content:
    """The document with the extraction as its only suggestions and known values, for the exporters of values."""
    ids = {field.name: field.id for field in schema.active}
    suggestions = tuple(
        Suggestion(
            number, ids[entry.field], entry.tokens, entry.confidence, model if entry.source == MODEL else entry.source
        )
        for number, entry in enumerate(extraction.fields)
        if entry.tokens
    )
    known = {ids[entry.field] for entry in extraction.fields if entry.source != MODEL}
    references = tuple(reference for reference in content.references if reference.field in known)
    return replace(content, suggestions=suggestions, references=references)


def _candidates(
    content: Content, field: Field, read: Sequence[Proposal], day_first: bool | None
) -> list[tuple[ExtractedField, Value]]:
    """A field's values with their meaning, the most trusted first."""
    references = [r for r in content.references if r.field == field.id and r.source in KNOWN_SOURCES]
    candidates: list[tuple[ExtractedField, Value]] = []

    def add(tokens: tuple[int, ...], confidence: float, source: str) -> None:
        value = document_values.read(content, field, text_of(content.tokens, tokens), day_first)
        page, box = _place(content, tokens)
        entry = ExtractedField(field.name, value.text, value.normal, confidence, page, box, tokens, source)
        candidates.append((entry, value))

    for suggestion in content.suggestions:
        if (
            suggestion.field == field.id
            and suggestion.run in KNOWN_SOURCES
            and suggestion.decision is not Decision.REJECTED
        ):
            add(suggestion.tokens, suggestion.confidence, suggestion.run)
    for reference in references:
        value = normalise(field.type, reference.value)
        entry = ExtractedField(field.name, reference.value, value.normal, 1.0, None, None, (), reference.source)
        candidates.append((entry, value))
    for _, tokens, confidence in read:
        add(tokens, confidence, MODEL)
    return candidates


def _place(content: Content, tokens: tuple[int, ...]) -> tuple[int, Box]:
    boxes = [content.tokens[number].box for number in tokens]
    corners = zip(*boxes, strict=True)
    x0, y0, x1, y1 = (pick(side) for pick, side in zip(_PICKS, corners, strict=True))
    return content.tokens[tokens[0]].page + 1, (x0, y0, x1, y1)


_PICKS: tuple[Callable[..., float], ...] = (min, min, max, max)


def _refusal(field: Field, value: Value) -> str:
    """Why a text is no value of its field; "" where it is one."""
    if value.normal is None:
        return value.note
    if field.id == "iban" and not iban_is_valid(value.normal):
        return "it is no valid IBAN: a digit is wrong or missing"
    return ""
