"""The table for CSV and Excel: one row a document, one column a field, with confidence and who decided.

A value is, in this order: the label (confidence 1), a known value's open suggestion, the known value, the surest open
suggestion of a model; the last two not once a person has accepted the document without them: a known value that was
found nowhere on the page is then no value of it. Amounts, dates, currencies, rates and ids are written in one form
(1234.50, 2024-03-31, EUR, 19, DE136695976) where they can be read, everything else as it is printed. An amount of
three decimals has a zero behind them (1.3580), as 1.358 would be read as thousands. Numbers of documents are written
as they are printed, and in one form in a column at the end. Several labels of one field are joined by " | " in
reading order.

Holds: what was decided, per field.
Cannot hold: words, boxes, pages, where on the page a value stands.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial

from storage.records import (
    CORRECTION,
    KNOWN_SOURCES,
    Content,
    Decision,
    ReferenceValue,
    Source,
    Span,
    State,
    Suggestion,
)
from storage.suggestions import leading
from workbench.exchange.exporters.base import ExportReport, ordered_spans, own_columns
from workbench.fields import Field, FieldType, Schema, document_values
from workbench.fields.amounts import unmistakable
from workbench.fields.values import joined, normalise, trimmed

JOIN = " | "
_IN_ONE_FORM = frozenset({FieldType.AMOUNT, FieldType.DATE, FieldType.CURRENCY, FieldType.RATE, FieldType.ID})
_PLAIN_ID = re.compile(r"[\w/-]+")
_WHO = {
    Source.HUMAN: "labelled",
    Source.IMPORT: "imported",
    Source.SUGGESTION: "suggestion accepted",
    Source.TEMPLATE: "copied from a similar document",
    Source.CONFIRMED: "confirmed",
}


_FIRST = ("file", "group", "split", "state")
DETAILS = len(_FIRST)
"""The columns before those of the fields."""


def header(schema: Schema) -> list[str]:
    """The column names: the document, a column a field, then confidence and decision of each field.

    No two are the same: a field that is called "file" has the column "file field".
    """
    names = own_columns([entry.name for entry in schema.spans], _FIRST, " field")
    extra = [f"{name} ({what})" for name in names for what in ("confidence", "decided by")]
    numbers = [name for name, entry in zip(names, schema.spans, strict=True) if _is_document_number(entry)]
    others = [*extra, *(f"{name} (normalised)" for name in numbers)]
    return [*_FIRST, *names, *own_columns(others, names, " of the value")]


def columns_in_one_form(schema: Schema) -> dict[int, int]:
    """Column of a field whose value is written as it is printed -> the column of its normalised form."""
    printed = [place for place, entry in enumerate(schema.spans, DETAILS) if _is_document_number(entry)]
    return dict(zip(printed, range(len(header(schema)) - len(printed), len(header(schema))), strict=True))


def numeric_columns(schema: Schema) -> frozenset[int]:
    """The numbers of the columns with amounts, rates and confidences."""
    fields, first = schema.spans, DETAILS
    numbers = {n for n, entry in enumerate(fields, first) if entry.type in (FieldType.AMOUNT, FieldType.RATE)}
    return frozenset(numbers | {first + len(fields) + 2 * n for n in range(len(fields))})


def rows(
    contents: Iterable[Content], schema: Schema, written: ExportReport, day_first: bool | None = None
) -> Iterator[list[str]]:
    """A row a document, in the order of `header`; `day_first`: how 03/04/2024 is meant where that is known."""
    for content in contents:
        cells = [_cell(content, entry, day_first) for entry in schema.spans]
        document = content.document
        extra = [part for _, confidence, who in cells for part in (confidence, who)]
        yield [
            document.name,
            document.group,
            document.split.value,
            document.state.value,
            *(value for value, _, _ in cells),
            *extra,
            *(
                _normalised(value)
                for entry, (value, _, _) in zip(schema.spans, cells, strict=True)
                if _is_document_number(entry)
            ),
        ]
        written.count(content)


def _cell(content: Content, entry: Field, day_first: bool | None) -> tuple[str, str, str]:
    """Value, confidence and who decided; empty strings where nothing is known."""
    in_one_form = partial(_in_one_form, content, entry, day_first)
    spans: list[Span] = [span for span in ordered_spans(content) if span.field == entry.id]
    if spans:
        values = dict.fromkeys(in_one_form(_text(content, span.tokens)) for span in spans)
        return JOIN.join(values), "1", JOIN.join(dict.fromkeys(_who(span) for span in spans))
    if entry.id in content.annotations.absent:
        return "", "1", "said to be absent"
    own = [s for s in content.suggestions if s.field == entry.id]
    proposed: list[Suggestion] = [s for s in leading(own, content.annotations.spans) if s.tokens]
    known: list[ReferenceValue] = [r for r in content.references if r.field == entry.id]
    if _is_labelled_here(content):  # what was left open when it was accepted is no value of it
        proposed = [s for s in proposed if s.run in KNOWN_SOURCES]
        known = []
    was_refused = any(s.run in KNOWN_SOURCES and s.decision is Decision.REJECTED for s in own)
    if proposed and (proposed[0].run in {*KNOWN_SOURCES, CORRECTION} or was_refused or not known):
        best = max(proposed, key=lambda s: s.confidence)
        return in_one_form(_text(content, best.tokens)), f"{best.confidence:.3f}", f"suggested by {best.run}"
    if known:
        return in_one_form(known[0].value), "", f"known value ({known[0].source})"
    return "", "", ""


def _is_labelled_here(content: Content) -> bool:
    """Whether a person accepted the document; the labels of an import say nothing of the fields that have none."""
    by_hand = any(span.source is not Source.IMPORT for span in content.annotations.spans)
    return content.document.state is State.LABELLED and by_hand


def _who(span: Span) -> str:
    return f"{_WHO[span.source]} by {span.annotator}" if span.annotator else _WHO[span.source]


def _text(content: Content, tokens: tuple[int, ...]) -> str:
    listed = content.tokens
    return joined(listed[number].text for number in tokens)


def _is_document_number(entry: Field) -> bool:
    """Whether it is a number that people look for as it is printed, unlike an account's or a tax number."""
    return entry.type is FieldType.ID and entry.id != "iban" and not entry.id.endswith("tax_id")


def _normalised(cell: str) -> str:
    return JOIN.join(normalise(FieldType.ID, value).normal or value for value in cell.split(JOIN)) if cell else ""


def _in_one_form(content: Content, entry: Field, day_first: bool | None, text: str) -> str:
    text = trimmed(entry.type, text)
    if entry.type not in _IN_ONE_FORM or _is_document_number(entry):
        return text
    normal = document_values.read(content, entry, text, day_first).normal
    if normal is None or (entry.type is FieldType.ID and not _PLAIN_ID.fullmatch(normal)):
        return text  # of an id with other signs, more than a caption would be lost
    return unmistakable(normal) if entry.type is FieldType.AMOUNT else normal
