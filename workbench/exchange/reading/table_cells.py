"""What spreadsheet programs do to tables: encodings, lines above the header, number formats, shortened numbers."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import time
from itertools import chain, islice
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.reading import encodings
from workbench.fields.amounts import unmistakable
from workbench.fields.label_names import type_of_name
from workbench.fields.schema import FieldType
from workbench.files.import_root import opened
from workbench.settings import Limits

FILE_COLUMNS = ("file", "filename", "file_name", "document", "path", "image", "name", "id", "datei", "文件")
"""Names of the column with the document's file."""
SURE_COLUMNS = frozenset(FILE_COLUMNS) - {"name", "id"}
"""A file with one of these columns is a table of known values."""
_MORE_FILE_COLUMNS = frozenset(
    (
        "file name",
        "file path",
        "pdf",
        "document name",
        "invoice file",
        "attachment",
        "scan",
        "dateiname",
        "datei name",
        "dateipfad",
        "belegdatei",
        "anhang",
        "dokument",
        "fichier",
        "nom du fichier",
        "archivo",
        "fichero",
        "bestand",
        "bestandsnaam",
        "allegato",
        "文件名",
        "檔案",
        "ファイル名",
        "файл",
        "имя файла",
        "plik",
        "nazwa pliku",
        "soubor",
        "arquivo",
        "nome do arquivo",
        "nome file",
        "filnavn",
        "filnamn",
    )
)
"""What such a column is called in tables that were named as such."""

UNKNOWN = "\0"
"""A cell that begins with this holds why its value cannot be known."""

UNNAMED = "(a column without a name)"
"""What reports call such a column."""

_FILE = re.compile(r"\.(pdf|png|jpe?g|tiff?|xml|webp|heic)$", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9][0-9.,' ]*")
_AMOUNT = re.compile(r"-?[0-9]+([.,' \-/][0-9]+)+")  # or a date
_LAST_ROW = 1_048_576  # of a workbook's sheet
DETAILS_SHEET = "details"
"""The sheet of an exported workbook that says more of the documents on its first one."""
_DETAILS = frozenset({"group", "split", "state"})
_LARGEST_PART = 200_000_000  # bytes of a sheet in which formulas are looked at
_UNCALCULATED = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3}[0-9]{1,7})"[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_CALCULATED = 0.049
_WITH_WORDS = re.compile(r'(?:"(?P<before>[^"]*)")?0{2,}(?:"(?P<after>[^"]*)")?')  # "RE-"0000
_ABOVE = 20  # rows among which the header is looked for
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,}")
_SERIAL = re.compile(r"[2-6][0-9]{4}")  # days since 1900 (or 1904): 1954 to 2091


def decoded(data: bytes) -> tuple[str, str]:
    """(text of a CSV file, what it is written in where that is guessed, for the analyst).

    UTF-8, UTF-16 and UTF-32 are known by their marks; others are guessed by what they spell.
    """
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return data.decode("utf-32", "replace"), ""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), ""
    if data[1:4] == b"\0\0\0" or data[:3] == b"\0\0\0":
        codec = "utf-32-be" if data[:1] == b"\0" else "utf-32-le"
        return data.decode(codec, "replace"), "UTF-32 without a mark"
    if data[1:2] == b"\0" or data[:1] == b"\0":
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", "replace"), "UTF-16 without a mark"
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        pass
    return encodings.guessed(data)


def guess_note(path: Path, encoding: str) -> str:
    """What to tell the analyst about a table that is not UTF-8."""
    return f"{path.name} is not UTF-8 and was read as {encoding}; if letters are wrong, save it as CSV UTF-8"


def delimiter_line(text: str) -> tuple[str, str]:
    """(delimiter or "", text without it) of Excel's line `sep=;`."""
    match = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    return (match[1], text[match.end() :]) if match else ("", text)


def delimiter_of(text: str) -> str:
    """The delimiter that makes one of the first lines a header with a column for files; "" where none does."""
    lines = text.splitlines()[:_ABOVE]
    for delimiter in ",;\t|":
        rows = ([cell.strip(' "') for cell in line.split(delimiter)] for line in lines)
        if any(len(row) > 1 and has_file_column(row) for row in rows):
            return delimiter
    return ""


def from_header(rows: Iterable[Sequence[Any]]) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """The columns and the rows below them.

    The header is the first row that names a file's column; else the first with more than half as many filled cells as
    the fullest of the first rows: titles and notes fill fewer. A row of values, which may have more cells than its
    header ("1,234.00" without quotes), is none.
    """
    rest = iter(rows)
    first = list(islice(rest, _ABOVE))
    filled = [sum(bool(_named(cell)) for cell in row) for row in first]
    if not any(filled):
        return [], iter(())
    full = [number for number, count in enumerate(filled) if count > max(filled) / 2]
    header = next((number for number in full if has_file_column(first[number])), full[0])
    if _has_values(first[header]):
        named = (number for number in range(header) if filled[number] > 1 and has_file_column(first[number]))
        header = next(named, header)
    columns = [_named(cell) for cell in first[header]]
    while columns and not columns[-1]:  # the sheet is wider than its header, or the line ends with a delimiter
        columns.pop()
    return columns, chain(first[header + 1 :], rest)


class NoHeader(InputProblem):
    """A table that begins with values."""


def refuse_values(path: Path, columns: Sequence[str]) -> None:
    """Refuse a table whose header is a row of values: that row would be lost, and the others have no columns.

    Raises:
        NoHeader: it is one.
    """
    if not has_file_column(columns) and any(_FILE.search(cell) or _AMOUNT.fullmatch(cell) for cell in columns):
        raise NoHeader(
            f"{path} has no header: its first row has values ({', '.join(map(_plain, columns))[:80]}).",
            "Add a first line that names the columns: file, then one a field.",
        )


def row_of(columns: Sequence[str], cells: Sequence[Any]) -> dict[str | None, Any]:
    """A row by column; the cells right of the last column, where one has a value, are the row's None."""
    row = joined_cells(columns, cells)
    if any(map(_named, beyond := cells[len(columns) :])):  # empty ones are of a delimiter at the end of the line
        row[None] = list(beyond)
    return row


def _has_values(row: Iterable[Any]) -> bool:
    """Whether a row names a document's file or has a number, as no header does."""
    return any(_FILE.search(cell) or _NUMBER.fullmatch(cell) for cell in map(_named, row))


def joined_cells(columns: Sequence[str], cells: Sequence[Any]) -> dict[str | None, Any]:
    """A row by column. Of columns that share a name the one with a value counts; where they differ it is not known."""
    row: dict[str | None, Any] = {}
    for column, cell in zip(columns, cells, strict=False):
        before = row.get(column)
        if not column or not _named(before) or _named(cell) == _named(before):
            row[column] = cell
        elif _named(cell):
            row[column] = (
                f"{UNKNOWN}the table has more than one column '{column}', with '{_plain(before)}' and "
                f"'{_plain(cell)}': rename one of them"
            )
    return row


def _plain(cell: Any) -> str:
    return _named(cell).removeprefix(UNKNOWN)


def has_file_column(row: Iterable[Any]) -> bool:
    """Whether a row is the header of a table of known values."""
    return any(_is_file_column(_named(cell)) for cell in row)


def file_column(cells: Mapping[str, str]) -> str:
    """The column of a row that has the document's file: by its name, else by a value with a document's suffix.

    Without either it is the first.
    """
    named = [column for name in FILE_COLUMNS for column in cells if column.casefold() == name]
    sure = [column for column in named if column.casefold() in SURE_COLUMNS]
    more = [column for column in cells if _is_file_column(column)]
    valued = [column for column, value in cells.items() if _FILE.search(value)]
    return next(iter((*sure, *more, *valued, *named, *cells)), "")


def _is_file_column(name: str) -> bool:
    plain = name.casefold()
    return plain in SURE_COLUMNS or re.sub(r"[\s_\-.:]+", " ", plain).strip() in _MORE_FILE_COLUMNS


def _named(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def shown(value: Any, number_format: str, kind: str) -> Any:
    """A cell of a workbook as its number format shows it.

    Args:
        value: as openpyxl has it.
        number_format: Excel's code, such as 00000 or 0.00.
        kind: openpyxl's data type; "e" is an error.
    """
    if kind == "e":
        return f"{UNKNOWN}{value} is an error of the spreadsheet"
    if isinstance(value, bool):
        return f"{UNKNOWN}{value} is true or false, and no value of a field"
    if isinstance(value, time):
        return f"{UNKNOWN}{value} is a time, and no value of a field"
    if not isinstance(value, int | float):
        return value
    plain = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.', "", number_format.split(";")[0])
    if re.fullmatch(r"0{2,}", plain) and value == int(value):
        words = _WITH_WORDS.fullmatch(number_format)
        before, after = (words["before"] or "", words["after"] or "") if words else ("", "")
        return f"{before}{int(value):0{len(plain)}d}{after}"
    if match := re.search(r"[0#]\.?(0*)%", plain):
        return f"{_percent(value, len(match[1]))} %"
    if match := re.fullmatch(r"[^0#]*[#,0]*0\.(0+)[^0#]*", plain):
        return unmistakable(f"{value:.{max(len(match[1]), 2)}f}")  # 0.0 hides cents
    return value if isinstance(value, int) else float(f"{value:.12g}")  # 71.28099999999999 is what a sum leaves


def _percent(share: float, decimals: int) -> str:
    """A share in percent as its format shows it, or with its hundredths where that hides a decimal of the rate.

    A rate that was calculated from rounded amounts is some hundredths off, which the format is to hide.
    """
    exact = round(share * 100, 4)
    formatted = f"{exact:.{decimals}f}"
    return formatted if abs(exact - float(formatted)) < _CALCULATED else f"{exact:.4f}".rstrip("0")


def rows_of(sheet: Any, *, values_only: bool = False) -> Iterator[Sequence[Any]]:
    """The rows of a sheet of openpyxl's, those that are left out as empty ones.

    Raises:
        InputProblem: it has more than a workbook can have; a row may call itself the billionth.
    """
    for number, row in enumerate(sheet.iter_rows(max_row=_LAST_ROW + 1, values_only=values_only), 1):
        if number > _LAST_ROW:
            raise InputProblem(f"sheet {sheet.title!r} has more than {_LAST_ROW:,} rows, which no workbook has")
        yield row


def unread_sheets(book: Any, read: Any, columns: Iterable[str]) -> Iterator[str]:
    """Why the rows of other tables of a workbook are not read, as each file is one table.

    Args:
        book: of openpyxl's, opened to be read only.
        read: the sheet whose rows are read.
        columns: of that sheet; a sheet that has none of them, and no column for files, is no table of the same kind.
    """
    known = {column.casefold() for column in columns if column}
    for sheet in book.worksheets:
        if sheet.title == read.title or sheet.sheet_state != "visible":
            continue
        header, below = from_header(rows_of(sheet, values_only=True))
        names = {column.casefold() for column in header if column}
        if sheet.title == DETAILS_SHEET and names >= _DETAILS:
            continue
        count = sum(any(cell is not None for cell in row) for row in below)
        if count and (names & known or has_file_column(header)):
            yield (
                f"the sheet '{sheet.title}' with {count:,} row{'s' if count > 1 else ''} was not read, only "
                f"'{read.title}' was: save it as a file of its own"
            )


def without_returns(cell: Any) -> Any:
    """A cell of a workbook, its lines divided by line ends alone: Excel writes carriage returns as _x000D_."""
    return cell.replace("_x000D_\n", "\n").removesuffix("_x000D_") if isinstance(cell, str) else cell


def formulas_without_value(path: Path, sheet: Any) -> set[tuple[int, int]]:
    """(row, column), from 1, of cells whose formula was never calculated: a program wrote it, and no spreadsheet did.

    Args:
        path: of the workbook.
        sheet: of openpyxl's, opened to be read only.
    """
    import zipfile

    from openpyxl.utils.cell import coordinate_to_tuple

    with opened(path) as file, zipfile.ZipFile(file) as archive:
        part = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
        if part not in archive.namelist() or archive.getinfo(part).file_size > _LARGEST_PART:
            return set()
        return {coordinate_to_tuple(match[1].decode()) for match in _UNCALCULATED.finditer(archive.read(part))}


def doubt(column: str, text: str) -> str:
    """Why a cell's value cannot be known; "" where it can."""
    if text.startswith(UNKNOWN):
        return text.removeprefix(UNKNOWN)
    if _SHORTENED.fullmatch(text):
        return f"{text} was shortened by a spreadsheet: make the column a text column, and export it again"
    if _SERIAL.fullmatch(text) and type_of_name(column) is FieldType.DATE:
        return f"{text} is a spreadsheet's number for a day: give the column a date format, and export it again"
    return ""


@contextmanager
def workbook(path: Path, limits: Limits, subject: str) -> Iterator[Any]:
    """An Excel workbook, open to be read; in the reader's process.

    Args:
        path: of the file.
        limits: how large it may be unpacked.
        subject: what messages call it: a report of an import has its name already.

    Raises:
        InputProblem: it is damaged or no workbook, has no sheet with cells, or is too large unpacked.
    """
    import zipfile

    from openpyxl.chartsheet import Chartsheet
    from openpyxl.reader.excel import ExcelReader

    class Reader(ExcelReader):  # type: ignore[misc]
        """Passes over what chart sheets hold: openpyxl gives up on the workbook where it cannot read one."""

        def read_chartsheet(self, sheet: Any, rel: Any) -> None:
            self.wb._add_sheet(Chartsheet(parent=self.wb, title=sheet.name))

    try:
        with opened(path) as file:
            with zipfile.ZipFile(file) as archive:
                unpacked = sum(part.file_size for part in archive.infolist())
            if unpacked > limits.unpacked_bytes:
                raise InputProblem(
                    f"{subject} has {unpacked / 1e6:,.0f} MB unpacked; the limit is "
                    f"{limits.unpacked_bytes / 1e6:,.0f} MB (unpacked_bytes under [limits])."
                )
            reader = Reader(file, read_only=True, data_only=True)
            reader.read()
            book = reader.wb
            if not book.worksheets:
                raise InputProblem(
                    f"{subject} has no sheet with cells, only charts or nothing.",
                    "Save the table itself as .xlsx or CSV.",
                )
            yield book
            book.close()
    except (InputProblem, MemoryError):
        raise
    except Exception as error:  # openpyxl, lxml, zipfile and zlib raise a dozen kinds for damaged files
        raise InputProblem(f"{subject} is no Excel workbook: {error}.", "Save it as .xlsx or CSV.") from error
