"""CSV: a text a row with its classes.

Holds: texts with their lines, classes (several of one field as a JSON list), split, group, language.
Cannot hold: pages, boxes, labels of words, suggestions, who labelled.
"""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, whole_file
from workbench.exchange.exporters.texts.rows import Columns, rows
from workbench.fields import Schema


class TextCsvExporter:
    """UTF-8 with commas. Texts stay as they are, also those that a spreadsheet would take for a formula."""

    name = "texts-csv"
    folder = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        written, columns = ExportReport(), Columns.of(schema)
        with whole_file(target) as file:
            text = io.TextIOWrapper(file, "utf-8", newline="")
            table = csv.DictWriter(text, columns.names)
            table.writeheader()
            for row in rows(contents, columns, written):
                table.writerow(row | {name: cell(row[name], field.multiple) for name, field in columns.fields})
            text.detach()
        return written


def cell(options: list[str], multiple: bool) -> str:
    """A field's options in one cell; "" where there is none."""
    if multiple and options:
        return json.dumps(options, ensure_ascii=False)
    return options[0] if options else ""


EXPORTER = TextCsvExporter()
