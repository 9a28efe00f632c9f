"""Tables of known values as spreadsheet programs write them."""

import datetime
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from workbench.exchange.reading import document_names, table_cells
from workbench.exchange.reading.incoming import Rejected
from workbench.exchange.reading.values_table import is_table, read
from workbench.settings import Limits


def rows_of(path: Path) -> tuple[list[dict[str, str]], list[str]]:
    """(file and values of every row, reasons of what cannot be used)."""
    listed = list(read(path, Limits()))
    good = [{"file": row.file, **row.values} for row in listed if not isinstance(row, Rejected)]
    return good, [row.reason for row in listed if isinstance(row, Rejected)]


TABLE = "datei;betrag\nMüller.pdf;1.234,56\n"


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode(), TABLE.encode("utf-8-sig"), TABLE.encode("utf-16"), TABLE.encode("utf-16-le"),
        TABLE.encode("cp1252"), b"sep=;\r\n" + TABLE.encode("cp1252"),
        b"Buchungsjournal 2024;;\n;;\n" + TABLE.encode("cp1252"),
    ],
)  # fmt: skip
def test_encodings_and_lines_above_the_header(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "k.csv"
    path.write_bytes(data)
    assert rows_of(path) == ([{"file": "Müller.pdf", "betrag": "1.234,56"}], [])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("文件,价税合计,销售方\na.pdf,573.34,北京测试有限公司\n", "gb18030"),
        ("datei;währung\nŁódź.pdf;zł\n", "cp1250"),
        ("файл;сумма;продавец\na.pdf;12,00;ООО Ёлка\n", "cp1251"), ("Straße;datei\nx;Müller.pdf\n", "cp1252"),
        ("file;seller\na.pdf;Société Générale\n", "cp1252"),
    ],
)  # fmt: skip
def test_old_encodings_are_known_by_what_they_spell(text: str, encoding: str) -> None:
    assert table_cells.decoded(text.encode(encoding))[0] == text


@pytest.mark.parametrize("head", ["Dateiname;Betrag", "Nom du fichier;Montant", "файл;сумма", "Allegato;Importo"])
def test_a_table_is_known_by_its_column_of_files_in_other_languages(tmp_path: Path, head: str) -> None:
    path = tmp_path / "k.csv"
    path.write_text(f"{head}\na.pdf;12,00\n")
    assert is_table(path, Limits())
    assert rows_of(path) == ([{"file": "a.pdf", head.partition(";")[2]: "12,00"}], [])


def test_what_keeps_a_text_from_being_a_number_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "k.csv"
    path.write_text("file,no,name\na.pdf,=\"00042\",O'Neil\nb.pdf,'00042,'s Gravenhage\nc.pdf,00042,x,\nd.pdf,1,x,2\n")
    good, reasons = rows_of(path)
    assert good == [
        {"file": "a.pdf", "no": "00042", "name": "O'Neil"},
        {"file": "b.pdf", "no": "00042", "name": "'s Gravenhage"},
        {"file": "c.pdf", "no": "00042", "name": "x"},  # a delimiter at the end of the line
    ]
    assert reasons == ["it has more cells than the table has columns"]


def test_a_hidden_sheet_is_not_taken_before_one_that_is_seen(tmp_path: Path) -> None:
    book = Workbook()
    for sheet, file in ((book.active, "hidden.pdf"), (book.create_sheet("Data"), "seen.pdf")):
        sheet.append(["file", "no"])  # type: ignore[union-attr]
        sheet.append([file, 1])  # type: ignore[union-attr]
    book.active.sheet_state = "hidden"  # type: ignore[union-attr]
    book.save(tmp_path / "x.xlsx")
    assert rows_of(tmp_path / "x.xlsx") == ([{"file": "seen.pdf", "no": "1"}], [])


def test_what_a_spreadsheet_shortened_is_refused_and_the_rest_goes_in(tmp_path: Path) -> None:
    path = tmp_path / "k.csv"
    path.write_text("file,invoice_no,invoice_date,amount\nA.pdf,1.23E+11,45382,45382\n")
    good, reasons = rows_of(path)
    assert good == [{"file": "A.pdf", "amount": "45382"}]
    assert ["shortened" in reasons[0], "number for a day" in reasons[1]] == [True, True]


def test_number_formats_sheets_and_errors_of_a_workbook(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["x"])  # type: ignore[union-attr]
    sheet = book.create_sheet("Data")
    sheet.append(["Invoices 2024"])
    sheet.append(["file", "no", "total", "sum", "rate", "date", "ok", "wrong"])
    sheet.append(["A.pdf", 42, 71.28099999999999, 0.1 + 0.2, 0.19, datetime.date(2024, 3, 31), True, "#N/A"])
    for column, code in (("B", "00000"), ("C", "0.00"), ("E", "0%")):
        sheet[f"{column}3"].number_format = code
    sheet["H3"].data_type = "e"
    path = tmp_path / "x.xlsx"
    book.save(path)
    good, reasons = rows_of(path)
    assert good == [
        {"file": "A.pdf", "no": "00042", "total": "71.28", "sum": "0.3", "rate": "19 %", "date": "2024-03-31"}
    ]
    assert len(reasons) == 2


def test_names_of_files_are_the_same_however_accents_are_written() -> None:
    assert document_names.folded(unicodedata.normalize("NFD", "MÜLLER.pdf")) == document_names.folded("müller.pdf")


def test_a_header_is_looked_for(tmp_path: Any) -> None:
    columns, rows = table_cells.from_header([["Title"], [None], ["file", "total"], ["a.pdf", 1]])
    assert (columns, list(rows)) == (["file", "total"], [["a.pdf", 1]])
    columns, rows = table_cells.from_header([["x", "total"], ["a.pdf", 1]])
    assert (columns, list(rows)) == (["x", "total"], [["a.pdf", 1]])
