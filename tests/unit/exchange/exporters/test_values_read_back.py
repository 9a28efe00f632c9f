"""Values that were exported are the same numbers when they are read back as known values."""

import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from storage.records import Annotations, Content, Document, Page, Side, Source, Span, State, Token
from workbench.exchange.exporters import registry as exporters
from workbench.exchange.exporters.values_csv import for_excel
from workbench.exchange.exporters.values_xlsx import XlsxExporter
from workbench.exchange.reading import values_table
from workbench.exchange.reading.incoming import Rejected
from workbench.fields import FieldType, invoice_schema
from workbench.fields.values import normalise
from workbench.settings import Limits

SCHEMA = invoice_schema()
AMOUNT = "amount_total"
EXPORTERS = {
    "csv": exporters.load("values-csv"),
    "csv for Germany": for_excel("de"),
    "csv for Switzerland": for_excel("de_CH"),
    "xlsx": exporters.load("values-xlsx"),
}


def with_amount(text: str) -> Content:
    document = Document(1, "d1", "", "d", "x", None, "g", Side.TRAIN, State.LABELLED, "", 1, 1, 1, labels=1)
    page = Page(0, 100.0, 100.0, (Token(0, 0, 0, text, (10.0, 10.0, 90.0, 20.0)),))
    spans = frozenset({Span(AMOUNT, (0,), Source.HUMAN, "ann")})
    return Content(document, (page,), Annotations(spans, state=State.LABELLED), (), ())


def read_back(text: str, kind: str, folder: Path) -> str:
    """The amount that `workbench values` takes from the export of a label."""
    exporter = EXPORTERS[kind]
    path = folder / ("v.xlsx" if isinstance(exporter, XlsxExporter) else "v.csv")
    exporter.write([with_amount(text)], SCHEMA, path)
    (row,) = values_table.read(path, Limits())
    assert not isinstance(row, Rejected)
    return row.values[SCHEMA.name(AMOUNT)]


@pytest.mark.parametrize("kind", EXPORTERS)
@given(st.decimals("-9999999999999", "9999999999999", places=4), st.integers(0, 4), st.booleans())
@settings(max_examples=60)
def test_an_amount_stays_the_same_number(kind: str, number: Decimal, places: int, is_grouped: bool) -> None:
    printed = f"{number:{',' if is_grouped else ''}.{places}f}"
    meant = normalise(FieldType.AMOUNT, printed)
    with tempfile.TemporaryDirectory() as folder:
        again = normalise(FieldType.AMOUNT, read_back(printed, kind, Path(folder)))
    assert (again.normal, again.note) == (meant.normal, "")


@pytest.mark.parametrize("kind", EXPORTERS)
@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("1,3580", "1.358"),
        ("2,275.125", "2275.125"),
        ("-1.3580", "-1.358"),
        ("12,345,678,901,234,567.89", "12345678901234567.89"),
    ],
)
def test_three_decimals_are_no_thousands(kind: str, printed: str, meant: str, tmp_path: Path) -> None:
    again = normalise(FieldType.AMOUNT, read_back(printed, kind, tmp_path))
    assert (again.normal, again.note) == (meant, "")


def test_a_workbook_shows_all_decimals_of_an_amount(tmp_path: Path) -> None:
    amounts = ("2,275.125", "12.50", "1.23456")
    XlsxExporter().write([with_amount(text) for text in amounts], SCHEMA, tmp_path / "v.xlsx")
    sheet = load_workbook(tmp_path / "v.xlsx")["values"]
    at = [cell.value for cell in sheet[1]].index(SCHEMA.name(AMOUNT))
    assert [sheet.cell(row, at + 1).number_format for row in (2, 3, 4)] == ["#,##0.000", "#,##0.00", "#,##0.00000"]
