"""Values as a workbook: amounts and rates as numbers, dates as dates, everything else as text.

Holds and cannot hold what `values` says; characters that a workbook cannot hold (control characters) are left out.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, workbook
from workbench.exchange.exporters.values import header, rows
from workbench.fields import FieldType, Schema

_NUMBERS = frozenset({FieldType.AMOUNT, FieldType.RATE})
_FIRST = 4  # columns before the fields
_LONGEST = 32_767  # characters of a cell


class XlsxExporter:
    """One sheet, one row a document."""

    name = "values-xlsx"
    folder = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        """Write one file; there are no pictures in it."""
        from openpyxl.cell import WriteOnlyCell  # only for this format
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        written = ExportReport()
        table = list(
            rows(contents, schema, written)
        )  # before the workbook is begun, as it cannot be abandoned half-way
        with workbook(target) as book:
            sheet = book.create_sheet("values")
            sheet.freeze_panes = "B2"

            def cell(value: Any) -> Any:
                if isinstance(value, str):
                    text_cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:_LONGEST])
                    text_cell.data_type = "s"  # never a formula
                    return text_cell
                return value

            names = header(schema)
            kinds = {_FIRST + place: entry.type for place, entry in enumerate(schema.spans)}
            sheet.append([cell(name) for name in names])
            for row in table:
                sheet.append([cell(_typed(value, kinds.get(place), names[place])) for place, value in enumerate(row)])
        return written


def _typed(value: str, kind: FieldType | None, name: str) -> Any:
    try:
        if value and (kind in _NUMBERS or (kind is None and name.endswith("(confidence)"))):
            return float(value)
        if value and kind is FieldType.DATE:
            return date.fromisoformat(value)
    except ValueError:  # not read into one form, or several values: the text as it is
        return value
    return value


EXPORTER = XlsxExporter()
