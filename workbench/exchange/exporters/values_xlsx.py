"""Values as a workbook: amounts and rates as numbers, dates as dates, everything else as text.

A number of more digits than a workbook keeps is text as well.

The sheet `values` has what a colleague wants: the file and a column a field, its value in one form wherever there is
one. The sheet `details` has the rest of what `values` says, a row a document in the same order; numbers of documents
stand there as they are printed. Characters that a workbook cannot hold (control characters) are left
out.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from storage.records import Content, Document
from workbench.exchange.exporters.base import ExportReport, text_cells, workbook
from workbench.exchange.exporters.values import DETAILS, columns_in_one_form, header, rows
from workbench.fields import FieldKind, FieldType, Schema

_NUMBERS = frozenset({FieldType.AMOUNT, FieldType.RATE})
_AMOUNT = "#,##0.00"  # Excel shows it with the separators of its country
_DIGITS = 15  # of a number that a workbook keeps
_FILES = frozenset({".pdf", ".xml", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".gif", ".webp"})


class XlsxExporter:
    """Two sheets, one row a document."""

    name = "values-xlsx"
    folder = False

    def __init__(self, day_first: bool | None = None) -> None:
        self._day_first = day_first

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        """Write one file; there are no pictures in it."""
        written, files = ExportReport(of_documents=False, retired=schema.retired(FieldKind.SPAN)), list[str]()
        # Before the workbook is begun, as it cannot be abandoned half-way.
        table = list(rows(_noting(contents, files), schema, written, self._day_first))
        names = header(schema)
        in_one_form = columns_in_one_form(schema)
        for row in table:
            for place, normal in in_one_form.items():
                if row[place].replace(".", "") == row[normal]:  # dots are part of a number as people write it
                    row[normal] = row[place]
        first = [in_one_form.get(place, place) for place in range(DETAILS, DETAILS + len(schema.spans))]
        printed = {place: f"{names[place]} (as printed)" for place in in_one_form}
        others = [place for place in range(1, len(names)) if place not in first and place not in in_one_form]
        kinds = {place: entry.type for place, entry in zip(first, schema.spans, strict=True)}
        number = len(schema.spans)
        kinds |= dict.fromkeys(range(DETAILS + number, DETAILS + 3 * number, 2), FieldType.RATE)  # confidences
        titles = dict(zip(first, names[DETAILS:], strict=False)) | printed
        with workbook(target) as book:
            for title, places in (("values", first), ("details", [*others, *printed])):
                sheet = book.create_sheet(title)
                sheet.freeze_panes = "B2"
                cell = _cells(sheet, written)
                sheet.append([cell(name) for name in ("file", *(titles.get(place, names[place]) for place in places))])
                for file, row in zip(files, table, strict=True):
                    values = (_typed(row[place], kinds.get(place)) for place in places)
                    formats = (_format(row[place]) if kinds.get(place) is FieldType.AMOUNT else "" for place in places)
                    sheet.append([cell(file), *map(cell, values, formats)])
        return written


def _noting(contents: Iterable[Content], files: list[str]) -> Iterator[Content]:
    """The documents; the names of their files are added to `files` as they go by."""
    for content in contents:
        files.append(file_name(content.document))
        yield content


def file_name(document: Document) -> str:
    """The name by which a document is shown, with the ending of its file where the file has this name."""
    source = PurePosixPath(document.source.replace("\\", "/"))
    own = PurePosixPath(document.name).name
    return document.name + source.suffix if source.stem == own and source.suffix.lower() in _FILES else document.name


def _cells(sheet: Any, written: ExportReport) -> Callable[..., Any]:
    from openpyxl.cell import WriteOnlyCell

    text_cell = text_cells(sheet, written)

    def cell(value: Any, number_format: str = "") -> Any:
        if isinstance(value, str):
            return text_cell(value)
        if not number_format:
            return value
        made = WriteOnlyCell(sheet, value)
        made.number_format = number_format
        return made

    return cell


def _format(amount: str) -> str:
    """The number format that shows all decimals of an amount, at least two."""
    decimals = amount.partition(".")[2].rstrip("0")
    return _AMOUNT + "0" * (len(decimals) - 2)


def _typed(value: str, kind: FieldType | None) -> Any:
    try:
        if value and kind in _NUMBERS:
            digits = value.lstrip("-0.").rstrip("0") if "." in value else value
            return float(value) if sum(map(str.isdigit, digits)) <= _DIGITS else value
        if value and kind is FieldType.DATE:
            return date.fromisoformat(value)
    except ValueError:  # not read into one form, or several values: the text as it is
        return value
    return value


EXPORTER = XlsxExporter()
