"""The columns of the document list: vendor, number, date and total, how wide each is, and the sorting by one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from rich.cells import cell_len, set_cell_size

from storage.document_list import ListedValue, Origin
from storage.records import Document
from workbench.exchange.vendor_groups import GUESSED
from workbench.fields import FieldType
from workbench.fields.values import normalise

Values = Mapping[str, ListedValue]
"""Field -> its value in the list."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the field that it shows, its head, and the cells that it takes."""

    field: str
    head: str
    type: FieldType
    width: int


_VENDOR = Column("seller_name", "vendor", FieldType.PARTY, 16)
_NUMBER = Column("invoice_no", "number", FieldType.ID, 13)
_DATE = Column("invoice_date", "date", FieldType.DATE, 10)
_TOTAL = Column("amount_total", "total", FieldType.AMOUNT, 11)
COLUMNS = (_VENDOR, _NUMBER, _DATE, _TOTAL)
FIELDS = tuple(column.field for column in COLUMNS)
_NEEDED = (_VENDOR, _TOTAL, _DATE, _NUMBER)  # in the order in which a narrow list gives up the last
NAME = "document"
SORTS = ("", NAME, *(column.head for column in COLUMNS))
"""What the list can be sorted by; "" is its own order."""
MARKS = 10
"""Cells for the marks at the end: open suggestions, labels, a problem, a note."""
_NAME_WIDTH = 20  # cells that the name is left at least, with the sign before it, where it needs them
_LEAST_NAME_WIDTH = 12  # for the head
MATCH = 14
"""Cells beside a name for what a search found."""
_MORE = 14  # cells that the vendor takes more, where there is space


def columns_for(width: int, longest: int) -> tuple[Column, ...]:
    """The columns that a list of so many cells has space for, where the longest name has so many."""
    needed = min(max(longest + 4, _LEAST_NAME_WIDTH), _NAME_WIDTH)
    left = width - needed - MARKS
    chosen = []
    for column in _NEEDED:
        if left > column.width:
            chosen.append(column)
            left -= column.width + 1
    more = min(_MORE, max(left, 0) // (2 if longest + 4 > needed else 1))  # a long name takes its half
    return tuple(
        replace(column, width=column.width + more) if column is _VENDOR else column
        for column in COLUMNS
        if column in chosen
    )


def shown(column: Column, document: Document, values: Values) -> tuple[str, bool]:
    """(a cell's text, whether it is no more than a suggestion); amounts and dates of all documents in one form."""
    if (value := values.get(column.field)) is not None:
        in_one_form = column.type in (FieldType.AMOUNT, FieldType.DATE)
        text = normalise(column.type, value.text).normal if in_one_form else None
        return text or value.text, value.origin is Origin.SUGGESTION
    if column.field == _VENDOR.field and document.group and not document.group.startswith(GUESSED):
        return document.group, True
    return "", False


def heading(columns: Iterable[Column], sort: str, width: int) -> str:
    """The heads of the columns, which of them sorts, and what the marks at the end are."""
    heads = [(column.head, column.width, column.type is FieldType.AMOUNT) for column in columns]
    marked = [(f"{head} ▲" if head == sort else head, size, right) for head, size, right in heads]
    cells = "".join(f" {head[:size].rjust(size) if right else head[:size].ljust(size)}" for head, size, right in marked)
    end = set_cell_size(" labels", MARKS)
    space = max(width - cell_len(cells) - cell_len(end), 4)
    return set_cell_size(f"   {NAME}{' ▲' if sort == NAME else ''}", space) + cells + end


def holds(columns: Iterable[Column], document: Document, values: Values, match: str, searched: str) -> bool:
    """Whether one of the columns has what a search found in a document, so that it need not be said again."""
    words = [word for word in searched.casefold().split() if word in match.casefold()]
    for column in columns:
        text, _ = shown(column, document, values)
        in_one_form = column.type in (FieldType.AMOUNT, FieldType.DATE)
        whole = normalise(column.type, match).normal if in_one_form else match
        if text and (text == whole or (words and all(word in text.casefold() for word in words))):
            return True
    return False


def marks(document: Document) -> str:
    """Open suggestions, labels, what is not as known or does not fit, a note: the end of a document's row."""
    doubts = ("≠" if document.disagreements else "") + ("!" if document.problems else "")
    return "".join(
        (
            f" {document.suggestions}?" if document.suggestions else "",
            f" {document.labels}✓" if document.labels else "",
            f" {doubts}" if doubts else "",
            " ⚑" if document.note else "",
        )
    )


def cut(text: str, space: int) -> str:
    """A text that takes at most `space` cells: the beginning of a longer one, with a sign that it goes on."""
    return text if cell_len(text) <= space else set_cell_size(text, space - 1).rstrip() + "…"


def fitted(name: str, space: int) -> str:
    """A name in exactly `space` cells; of a long one the beginning and the end, where names differ, are kept."""
    if cell_len(name) > space:
        tail = (space - 1) // 2
        name = set_cell_size(name, space - 1 - tail).rstrip() + "…" + name[-tail:]
    return set_cell_size(name, space)


def sort_key(sort: str, document: Document, values: Values) -> tuple[bool, float | str]:
    """Documents without a value come last; dates and amounts are sorted as what they mean."""
    if sort == NAME:
        return False, document.name.casefold()
    column = next(column for column in COLUMNS if column.head == sort)
    text, _ = shown(column, document, values)
    normal = normalise(column.type, text).normal if text else None
    if column.type is FieldType.AMOUNT:
        try:
            return normal is None, float(normal) if normal is not None else 0.0
        except ValueError:
            return True, 0.0
    return not text, (normal or text).casefold()
