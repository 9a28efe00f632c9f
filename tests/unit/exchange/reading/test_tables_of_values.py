"""Tables of known values as spreadsheet programs write them."""

import datetime
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from storage.exceptions import InputProblem
from workbench.exchange.exporters.formulas import without_formula
from workbench.exchange.reading import document_names, parsing, table_cells
from workbench.exchange.reading.incoming import Rejected
from workbench.exchange.reading.values_table import KnownRow, is_table, read
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


def test_rows_of_further_sheets_are_named_as_not_read(tmp_path: Path) -> None:
    book = Workbook()
    for sheet, file in ((book.active, "a.pdf"), (book.create_sheet("February"), "b.pdf")):
        sheet.append(["file", "no"])  # type: ignore[union-attr]
        sheet.append([file, 1])  # type: ignore[union-attr]
    book.create_sheet("Notes").append(["by", "Ann"])
    book.save(tmp_path / "x.xlsx")
    good, reasons = rows_of(tmp_path / "x.xlsx")
    assert good == [{"file": "a.pdf", "no": "1"}]
    [reason] = reasons
    assert "'February' with 1 row was not read" in reason


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


@pytest.mark.parametrize(
    ("encoding", "seller"),
    [
        ("big5", "台灣電力股份有限公司"),
        ("cp932", "株式会社テスト"),
        ("cp932", "東京瓦斯株式會社"),
        ("euc_jp", "株式会社テスト"),
        ("gb18030", "深圳市腾讯计算机系统有限公司"),
        ("cp949", "주식회사 테스트 한국전력공사"),
        ("cp1251", "ООО Ромашка"),
        ("koi8-r", "ООО Ромашка"),
        ("cp866", "ООО Ромашка"),
        ("cp1253", "Παπαδόπουλος ΑΕ"),
        ("cp1255", "חברת החשמל"),
        ("cp1256", "شركة الكهرباء"),
        ("cp1256", "شركة الاختبار المحدودة"),  # whose bytes could be Chinese
        ("cp1254", "Türkiye İş Bankası"),
        ("mac_roman", "Müller Söhne"),
        ("utf-16", "Müller & Söhne"),
        ("utf-16-le", "Müller"),
        ("utf-16-be", "Müller"),
        ("utf-32", "Müller & Söhne"),
        ("utf-32-le", "Müller"),
        ("utf-32-be", "Müller"),
    ],
)
def test_tables_of_the_whole_world_are_read_as_they_were_written(encoding: str, seller: str) -> None:
    text, name = table_cells.decoded(f"file;seller;total\na.pdf;{seller};1.00\n".encode(encoding))
    assert seller in text, name


def test_columns_of_one_name_are_refused_where_their_values_differ(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("file,total,total,date,date\na.pdf,1.00,2.00,2024-01-02,2024-01-02\nb.pdf,1.00,,,2024-01-03\n")
    refused, first, second = read(path, Limits())
    assert isinstance(refused, Rejected)
    assert "more than one column 'total', with '1.00' and '2.00'" in refused.reason
    assert isinstance(first, KnownRow)
    assert isinstance(second, KnownRow)
    assert first.values == {"date": "2024-01-02"}
    assert second.values == {"total": "1.00", "date": "2024-01-03"}


def test_formulas_that_no_spreadsheet_has_calculated_are_refused(tmp_path: Path) -> None:
    book = Workbook()
    for row in (["file", "net", "total"], ["a.pdf", 1, "=B2*1.19"], ["b.pdf", 2, 3]):
        book.active.append(row)
    book.save(tmp_path / "v.xlsx")
    refused, first, second = read(tmp_path / "v.xlsx", Limits())
    assert isinstance(refused, Rejected)
    assert "total: its formula has no result" in refused.reason
    assert isinstance(first, KnownRow)
    assert isinstance(second, KnownRow)
    assert (first.values, second.values) == ({"net": "1"}, {"net": "2", "total": "3"})


def test_a_workbooks_row_that_is_wider_than_its_header_is_refused(tmp_path: Path) -> None:
    book = Workbook()
    for row in (["file", "net"], ["a.pdf", 1, 234.0], ["b.pdf", 2, None, " "], ["c.pdf", 3]):
        book.active.append(row)
    book.save(tmp_path / "v.xlsx")
    good, reasons = rows_of(tmp_path / "v.xlsx")
    assert good == [{"file": "b.pdf", "net": "2"}, {"file": "c.pdf", "net": "3"}]
    assert reasons == ["it has more cells than the table has columns"]


@pytest.mark.parametrize("name", ["v.csv", "v.xlsx"])
@pytest.mark.parametrize(
    "first", [["a.pdf", "INV-1", "seller"], ["d001", "INV-1", "12.00"], ["d001", "2024-03-31", "x"]]
)
def test_a_table_without_a_header_is_refused_instead_of_losing_its_first_row(
    tmp_path: Path, name: str, first: list[str]
) -> None:
    path = tmp_path / name
    if name == "v.csv":
        path.write_text(",".join(first) + "\n")
    else:
        book = Workbook()
        book.active.append(first)
        book.save(path)
    with pytest.raises(InputProblem) as problem:
        list(read(path, Limits()))
    assert f"has no header: its first row has values ({first[0]}, " in problem.value.message
    assert "file, then one a field" in problem.value.remedy
    assert not is_table(path, Limits())


def test_true_and_false_are_no_values_of_a_field(tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    path.write_text('[{"file": "a.pdf", "paid": true, "ok": false, "total": 1}]')
    good, reasons = rows_of(path)
    assert good == [{"file": "a.pdf", "total": "1"}]
    assert reasons == [
        "paid: True is true or false, and no value of a field",
        "ok: False is true or false, and no value of a field",
    ]


def test_json_of_values_that_takes_more_memory_than_it_may_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "MEMORY", 1_000_000)
    path = tmp_path / "v.json"
    path.write_text("[" + "{}," * 100_000 + "{}]")
    with pytest.raises(InputProblem, match=r"v\.json: reading it takes 0\.0 GB of memory"):
        list(read(path, Limits()))


@pytest.mark.parametrize("text", ["{", "nope", "\ufeff["])
def test_json_of_values_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "v.json"
    path.write_text(text)
    with pytest.raises(InputProblem, match=r"v\.json is no JSON: "):
        list(read(path, Limits()))


def test_three_decimals_of_a_number_are_no_thousands(tmp_path: Path) -> None:
    """A number of a workbook or of JSON has no thousands: 1.358 dinars are not 1,358."""
    book = Workbook()
    for row in (["file", "total"], ["a.pdf", 1.358], ["b.pdf", 1.5], ["c.pdf", "1.358"]):
        book.active.append(row)
    book.active["B3"].number_format = "0.000"
    book.save(tmp_path / "k.xlsx")
    (tmp_path / "k.json").write_text('[{"file": "a.pdf", "total": 1.358}, {"file": "b.pdf", "total": 1.5}]')
    good, _ = rows_of(tmp_path / "k.xlsx")
    assert [row["total"] for row in good] == ["1.3580", "1.5000", "1.358"]
    good, _ = rows_of(tmp_path / "k.json")
    assert [row["total"] for row in good] == ["1.3580", "1.5"]


@pytest.mark.parametrize(
    ("value", "number_format", "read"),
    [
        (0.077, "0%", "7.7 %"), (0.0825, "0%", "8.25 %"), (0.19, "0%", "19 %"), (0.190476, "0%", "19 %"),
        (0.0825, "0.0%", "8.25 %"), (0.07, "0.00%", "7.00 %"), (19.99, "0.0", "19.99"),
        (1234.567, "#,##0.00", "1234.57"), (42, '"RE-"0000', "RE-0042"), (42, '0000"/24"', "0042/24"),
        (42, "[Red]00", "42"),
    ],
)  # fmt: skip
def test_a_number_format_hides_no_part_of_a_value(value: float, number_format: str, read: str) -> None:
    """The button for percent of a spreadsheet shows 7.7 % as 8 %."""
    assert table_cells.shown(value, number_format, "n") == read


@pytest.mark.parametrize(
    "value", ["=Equal Ltd", "@Home GmbH", "-Minus AG", "+49 30 1234", "＝x", "'s Gravenhage", "-5"]
)
def test_the_apostrophe_of_an_exported_table_is_no_part_of_a_value(tmp_path: Path, value: str) -> None:
    (tmp_path / "k.csv").write_text(f"file,seller\na.pdf,{without_formula(value)}\n")
    assert rows_of(tmp_path / "k.csv")[0] == [{"file": "a.pdf", "seller": value}]


def test_numbers_of_json_are_read_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "k.json").write_text(
        '[{"file": "a", "no": 7.10, "total": 12345678901234567.89, "net": 9.0, "tax": 1e2}]'
    )
    assert rows_of(tmp_path / "k.json")[0] == [
        {"file": "a", "no": "7.10", "total": "12345678901234567.89", "net": "9", "tax": "100"}
    ]


def test_what_stands_twice_in_json_is_said(tmp_path: Path) -> None:
    (tmp_path / "k.json").write_text('[{"file": "a", "no": "A1", "no": "B2", "total": "9", "total": "9"}]')
    good, reasons = rows_of(tmp_path / "k.json")
    assert good == [{"file": "a", "total": "9"}] and reasons == [
        "no: it stands twice in the file, with different values"
    ]
    (tmp_path / "k.json").write_text('{"a": {"no": "A1", "net": "8"}, "a": {"no": "B2", "total": "9"}}')
    good, reasons = rows_of(tmp_path / "k.json")
    assert good == [{"file": "a", "net": "8", "total": "9"}] and len(reasons) == 1


def test_carriage_returns_of_a_workbook_are_no_words(tmp_path: Path) -> None:
    book = Workbook()
    for row in (["file", "address"], ["a.pdf", "Weg 1_x000D_\n12345 Ort"]):
        book.active.append(row)
    book.save(tmp_path / "k.xlsx")
    assert rows_of(tmp_path / "k.xlsx")[0] == [{"file": "a.pdf", "address": "Weg 1 12345 Ort"}]


def test_a_workbook_in_which_no_table_is_found_is_refused(tmp_path: Path) -> None:
    """Excel's form "Strict Open XML" has other names, by which openpyxl finds no cell."""
    Workbook().save(tmp_path / "k.xlsx")
    with pytest.raises(InputProblem, match="no table that can be read"):
        rows_of(tmp_path / "k.xlsx")
