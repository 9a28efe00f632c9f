"""CSV: a text a row with its classes.

Holds: texts with their lines, classes (several of one field as a JSON list), split, group, language.
Cannot hold: pages, boxes, labels of words, suggestions, who labelled.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, whole_file
from workbench.exchange.exporters.formulas import without_formula
from workbench.exchange.exporters.texts.rows import Columns, rows
from workbench.fields import FieldKind, Schema

_FORMULAS = "a spreadsheet would take a cell for a formula: open texts-xlsx there, which holds text"


class TextCsvExporter:
    """UTF-8 with commas. Texts stay as they are, for other programs; those that a spreadsheet would take for a formula
    are counted."""

    name = "texts-csv"
    folder = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        written, columns = ExportReport(of_words=False, retired=schema.retired(FieldKind.CLASS)), Columns.of(schema)
        with whole_file(target) as file:
            text = io.TextIOWrapper(file, "utf-8", newline="")
            table = csv.DictWriter(text, columns.names)
            table.writeheader()
            for row in rows(contents, columns, written):
                cells = row | {name: cell(row[name], field.multiple) for name, field in columns.fields}
                table.writerow(cells)
                written.lost[_FORMULAS] += any(without_formula(str(value)) != str(value) for value in cells.values())
            text.detach()
        written.lost += Counter()  # leaves out what never occurred
        return written


def cell(options: list[str], multiple: bool) -> str:
    """A field's options in one cell; "" where there is none."""
    if multiple and options:
        return json.dumps(options, ensure_ascii=False)
    return options[0] if options else ""


EXPORTER = TextCsvExporter()
