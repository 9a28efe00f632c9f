"""Values as CSV: UTF-8 with a byte-order mark for spreadsheets, commas (or what a country's Excel wants), quotes.

Holds and cannot hold what `values` says. A cell that a spreadsheet would take for a formula gets an apostrophe.
"""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from storage.exceptions import UsageProblem
from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, whole_file
from workbench.exchange.exporters.formulas import without_formula
from workbench.exchange.exporters.values import header, numeric_columns, rows
from workbench.fields import FieldKind, Schema


class CsvExporter:
    """One row a document.

    Args:
        decimal: the decimal point of numbers.
        divider: of the columns; "": a semicolon where the decimal point is a comma, as Excel has it.
    """

    name = "values-csv"
    folder = False

    def __init__(self, decimal: str = ".", divider: str = "", day_first: bool | None = None) -> None:
        self._decimal, self._day_first = decimal, day_first
        self._divider = divider or (";" if decimal == "," else ",")

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        """Write one file; there are no pictures in it."""
        written = ExportReport(of_documents=False, retired=schema.retired(FieldKind.SPAN))
        with whole_file(target) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
            table = csv.writer(text, delimiter=self._divider)
            table.writerow([without_formula(name) for name in header(schema)])
            numeric = numeric_columns(schema)
            for row in rows(contents, schema, written, self._day_first):
                cells = map(without_formula, row)
                table.writerow([self._number(cell) if n in numeric else cell for n, cell in enumerate(cells)])
            text.detach()  # the file is flushed, closed and renamed by its own manager
        return written

    def _number(self, cell: str) -> str:
        return cell.replace(".", self._decimal) if _PLAIN.fullmatch(cell) else cell


def for_excel(locale: str, day_first: bool | None = None) -> CsvExporter:
    """The exporter for a country's Excel, such as de, fr_CH or en_US.

    Raises:
        UsageProblem: there is no such locale.
    """
    from babel import Locale, UnknownLocaleError
    from babel.numbers import get_decimal_symbol

    try:
        known = Locale.parse(locale.replace("-", "_"))
        return CsvExporter(get_decimal_symbol(known), ";" if known.territory in _SEMICOLONS else "", day_first)
    except (UnknownLocaleError, ValueError) as error:
        raise UsageProblem(
            f"There is no locale '{locale}'.", "Write a language, or one with its country: de, fr_CH."
        ) from error


_SEMICOLONS = frozenset({"CH", "LI"})
"""Where Windows divides lists by semicolons though the decimal point is none."""
_PLAIN = re.compile(r"-?[0-9]+\.[0-9]+")


EXPORTER = CsvExporter()
