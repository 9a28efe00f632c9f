"""Values as a workbook: amounts and rates as numbers, dates as dates, everything else as text.

Holds and cannot hold what `values` says; characters that a workbook cannot hold (control characters) are left out.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, text_cells, workbook
from workbench.exchange.exporters.values import header, rows
from workbench.fields import FieldType, Schema

_NUMBERS = frozenset({FieldType.AMOUNT, FieldType.RATE})
_FIRST = 4  # columns before the fields


class XlsxExporter:
    """One sheet, one row a document."""

    name = "values-xlsx"
    folder = False

    def __init__(self, day_first: bool | None = None) -> None:
        self._day_first = day_first

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        """Write one file; there are no pictures in it."""
        written = ExportReport()
        # Before the workbook is begun, as it cannot be abandoned half-way.
        table = list(rows(contents, schema, written, self._day_first))
        with workbook(target) as book:
            sheet = book.create_sheet("values")
            sheet.freeze_panes = "B2"

            text_cell = text_cells(sheet, written)

            def cell(value: Any) -> Any:
                return text_cell(value) if isinstance(value, str) else value

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
