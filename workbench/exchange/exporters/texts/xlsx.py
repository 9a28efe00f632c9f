"""A workbook: a text a row with its classes.

Holds and cannot hold what `csv_file` says; control characters, and what is longer than a cell can be, are lost.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, workbook
from workbench.exchange.exporters.texts.csv_file import cell
from workbench.exchange.exporters.texts.rows import Columns, rows
from workbench.fields import Schema

_LONGEST = 32_767  # characters of a cell


class TextXlsxExporter:
    name = "texts-xlsx"
    folder = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        from openpyxl.cell import WriteOnlyCell  # only for this format
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        written, columns = ExportReport(), Columns.of(schema)
        listed = list(rows(contents, columns, written))  # before the workbook is begun: it cannot be abandoned half-way
        with workbook(target) as book:
            sheet = book.create_sheet("texts")
            sheet.freeze_panes = "A2"

            def plain(value: Any) -> Any:
                text = ILLEGAL_CHARACTERS_RE.sub("", value or "")
                if len(text) > _LONGEST:
                    written.lost[f"texts longer than {_LONGEST:,} characters were cut"] += 1
                text_cell = WriteOnlyCell(sheet, text[:_LONGEST])
                text_cell.data_type = "s"  # never a formula
                return text_cell

            sheet.append([plain(name) for name in columns.names])
            multiple = {name: field.multiple for name, field in columns.fields}
            for row in listed:
                values = (cell(row[name], multiple[name]) if name in multiple else row[name] for name in columns.names)
                sheet.append([plain(value) if value else None for value in values])
        return written


EXPORTER = TextXlsxExporter()
