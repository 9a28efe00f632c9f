"""Values as CSV: UTF-8 with a byte-order mark for spreadsheets, commas, quotes where needed.

Holds and cannot hold what `values` says. A cell that a spreadsheet would take for a formula gets an apostrophe.
"""

import csv
import io
import math
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, whole_file
from workbench.exchange.exporters.values import header, rows
from workbench.fields import Schema


class CsvExporter:
    """One row a document."""

    name = "values-csv"
    description = "one row a document, one column a field"
    folder = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        """Write one file; there are no pictures in it."""
        written = ExportReport()
        with whole_file(target) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
            table = csv.writer(text)
            table.writerow([_no_formula(name) for name in header(schema)])
            for row in rows(contents, schema, written):
                table.writerow([_no_formula(cell) for cell in row])
            text.detach()  # the file is flushed, closed and renamed by its own manager
        return written


def _no_formula(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would calculate; full-width signs count as plain ones."""
    start = unicodedata.normalize("NFKC", cell.lstrip()[:1])
    if start in {"=", "@"} or cell.startswith(("\t", "\r")) or (start in {"+", "-", "\u2212"} and not _is_number(cell)):
        return "'" + cell
    return cell


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


EXPORTER = CsvExporter()
