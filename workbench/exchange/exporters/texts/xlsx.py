"""A workbook: a text a row with its classes.

Holds and cannot hold what `csv_file` says; control characters, and what is longer than a cell can be, are lost.
"""

from collections.abc import Iterable
from pathlib import Path

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, text_cells, workbook
from workbench.exchange.exporters.texts.csv_file import cell
from workbench.exchange.exporters.texts.rows import Columns, rows
from workbench.fields import FieldKind, Schema


class TextXlsxExporter:
    name = "texts-xlsx"
    folder = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        written, columns = ExportReport(of_words=False, retired=schema.retired(FieldKind.CLASS)), Columns.of(schema)
        listed = list(rows(contents, columns, written))  # before the workbook is begun: it cannot be abandoned half-way
        with workbook(target) as book:
            sheet = book.create_sheet("texts")
            sheet.freeze_panes = "A2"
            text_cell = text_cells(sheet, written)
            sheet.append([text_cell(name) for name in columns.names])
            multiple = {name: field.multiple for name, field in columns.fields}
            for row in listed:
                values = (cell(row[name], multiple[name]) if name in multiple else row[name] for name in columns.names)
                sheet.append([text_cell(value) if value else None for value in values])
        return written


EXPORTER = TextXlsxExporter()
