"""Values known from elsewhere: a CSV, XLSX or JSON table, a row a document; or NAME.json beside NAME.pdf."""

import codecs
import contextlib
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem, WorkbenchError
from storage.files import is_empty
from workbench.exchange.exporters.formulas import without_formula
from workbench.exchange.reader_process import in_reader_process
from workbench.exchange.reading import parsing, table_cells
from workbench.exchange.reading.incoming import Rejected
from workbench.exchange.reading.named_files import of_same_name
from workbench.exchange.reading.parsing import PICTURES
from workbench.fields.amounts import unmistakable, written
from workbench.fields.plain_text import harmless, has_controls
from workbench.files.import_root import content_of, opened
from workbench.settings import Limits

_TABLES = (".csv", ".tsv", ".xlsx", ".json", ".jsonl")
_DOCUMENTS = (".pdf", *PICTURES)


_END = "\0end"
"""The line that is put behind a CSV table: where it does not come back as a row, a quote is still open."""
_NOT_CLOSED = f"{table_cells.UNKNOWN}a quote that is opened in it is not closed: "
_TWICE = f"{table_cells.UNKNOWN}it stands twice in the file, with different values"
_UNCALCULATED = f"{table_cells.UNKNOWN}its formula has no result: open the file in a spreadsheet program and save it"


@dataclass(frozen=True, slots=True)
class KnownRow:
    """One document's values in a table."""

    file: str
    values: Mapping[str, str]  # column -> value, empty ones left out
    record: str  # "row 3", for display
    left_out: tuple[str, ...] = ()  # columns that hold a list or an object, such as line items: no values of a field
    has_unnamed: bool = False  # a column without a name has a value
    with_controls: int = 0  # cells with control characters, which were replaced


def is_table(path: Path, limits: Limits) -> bool:
    """Whether a file is a table of known values: it has a column for files, or is named after a document.

    Raises:
        InputProblem: it is called a workbook, and is damaged or too large unpacked.
    """
    if path.suffix.lower() not in _TABLES:
        return False
    try:
        first = next(iter(_records(path, limits)), None)
    except table_cells.NoHeader:
        return False
    except InputProblem:
        if path.suffix.lower() == ".xlsx":
            raise
        return False
    return isinstance(first, dict) and len(first) > 1 and table_cells.has_file_column(first)


def read(path: Path, limits: Limits) -> Iterator[KnownRow | Rejected]:
    """The rows of a table, in its order; a row that cannot be used is a `Rejected`.

    Raises:
        InputProblem: the file is not there, too large, or no table.
    """
    try:
        for number, record in enumerate(_records(path, limits), 1):
            yield from _row(path, f"row {number}", record)
    except WorkbenchError:
        raise
    except OSError as error:  # it vanished meanwhile
        raise InputProblem(f"{path} cannot be read: {error.strerror or error}.", "Check the name.") from error
    except Exception as error:
        raise InputProblem(f"{path} is damaged: {type(error).__name__}: {str(error)[:200]}.") from error


def _records(path: Path, limits: Limits) -> Iterable[Any]:
    head = _head_of(path, limits)
    if head.startswith(b"PK\x03\x04"):
        return _excel(path, limits)
    return _json(path) if path.suffix.lower() in (".json", ".jsonl") else _csv(path)


def _head_of(path: Path, limits: Limits) -> bytes:
    """The first four bytes of a file that may be read whole."""
    try:
        if path.exists() and not path.is_file():
            raise InputProblem(f"{path} is no regular file.", "Name a file, not a device or a pipe.")
        if path.stat().st_size > limits.file_bytes:
            raise InputProblem(f"{path} is larger than file_bytes under [limits] allows.")
        if is_empty(path):
            raise InputProblem(f"{path} is empty.")
        with opened(path) as file:
            return file.read(4)
    except OSError as error:
        raise InputProblem(f"{path} cannot be read: {error.strerror}.", "Check the name.") from error


def _row(path: Path, record: str, data: Any) -> Iterator[KnownRow | Rejected]:
    """A row's values, and why some of its cells cannot be used."""
    if isinstance(data, Rejected):
        yield data
        return
    if not isinstance(data, dict):
        yield Rejected(str(path), record, "it is no object with a file and values")
        return
    cells = {harmless(str(column)).strip(): _text(value) for column, value in data.items() if column is not None}
    column = table_cells.file_column(cells)
    file = cells.pop(column, "")
    if file.startswith(table_cells.UNKNOWN):
        yield Rejected(str(path), record, file.removeprefix(table_cells.UNKNOWN))
        return
    if not file:
        yield Rejected(str(path), record, f"it names no file (column '{column}')")
        return
    if None in data:
        yield Rejected(str(path), record, "it has more cells than the table has columns")
        return
    doubts = {name: reason for name, value in cells.items() if (reason := table_cells.doubt(name, value))}
    for name, reason in doubts.items():
        yield Rejected(str(path), record, f"{name}: {reason}")
    known = {name: value for name, value in cells.items() if name and value and name not in doubts}
    left_out = tuple(
        harmless(str(name)).strip() for name, value in data.items() if isinstance(value, list | dict) and value
    )
    with_controls = sum(has_controls(value.removeprefix(table_cells.UNKNOWN)) for value in _texts(data))
    yield KnownRow(file, known, record, left_out, bool(cells.get("")), with_controls)


def _texts(data: Mapping[Any, Any]) -> Iterator[str]:
    return (value for value in data.values() if isinstance(value, str))


def _text(value: Any) -> str:
    if value is None or isinstance(value, list | dict):
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(table_cells.shown(value, "", "b"))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = written(value)
    if text.startswith(table_cells.UNKNOWN):
        return text
    text = " ".join(harmless(text).split())
    # ="00042" and '00042 keep a spreadsheet from taking a text for a number
    kept = re.fullmatch(r"=\"(?P<text>[^\"]*)\"|'(?P<number>[0-9].*)", text)
    if kept:
        return kept["text"] or kept["number"] or ""
    return text[1:] if text.startswith("'") and text == without_formula(text[1:]) else text  # as values-csv writes it


def _csv(path: Path) -> Iterator[Any]:
    delimiter, text = table_cells.delimiter_line(table_cells.decoded(content_of(path))[0])
    delimiter = delimiter or table_cells.delimiter_of(text)
    dialect: Any = csv.excel  # a single column, or one line
    if not delimiter:
        with contextlib.suppress(csv.Error):
            dialect = csv.Sniffer().sniff(text[:4096], ",;\t|")
    try:
        columns, rows = table_cells.from_header(_csv_rows(path, text, dialect, delimiter or dialect.delimiter))
        table_cells.refuse_values(path, columns)
        for row in rows:
            if any(cell.strip() for cell in row):
                yield table_cells.row_of(columns, row)
    except csv.Error as error:
        raise InputProblem(f"{path} is no CSV table: {error}.") from error


def _csv_rows(path: Path, text: str, dialect: Any, delimiter: str) -> Iterator[list[str]]:
    """The rows of a table; where a quote is not closed, which takes rows after it into a value, a cell that says so.

    Raises:
        InputProblem: it is not closed in the header, or above.
    """
    lines: list[str] = []  # of the row that is being read
    rows = csv.reader(_noted(io.StringIO(f"{text}\n{_END}\n", newline=""), lines), dialect, delimiter=delimiter)
    has_header = False
    for row in rows:
        if row == [_END]:
            return
        lost = ""
        if any(_END in cell for cell in row):
            lost = "nothing from here on was read"
        elif len(lines) > 1 and not _is_strict(lines, dialect, delimiter):  # a cell may well have several lines
            lost = f"{len(lines)} lines were not read"
        if lost and not has_header:
            raise InputProblem(f"{path} is no CSV table: a quote in its first lines is not closed.")
        yield [f"{_NOT_CLOSED}{lost}"] if lost else row
        has_header = has_header or table_cells.has_file_column(row)
        lines.clear()


def _noted(lines: Iterable[str], into: list[str]) -> Iterator[str]:
    for line in lines:
        into.append(line)
        yield line


def _is_strict(lines: list[str], dialect: Any, delimiter: str) -> bool:
    """Whether nothing but a delimiter stands behind each quote that closes."""
    try:
        return bool(list(csv.reader(lines, dialect, delimiter=delimiter, strict=True)))
    except csv.Error:
        return False


def guessed_encoding(path: Path, limits: Limits) -> str:
    """The note about a CSV table whose encoding is guessed; "" where it is sure, or the table cannot be read."""
    if path.suffix.lower() in (".json", ".jsonl"):
        return ""
    try:
        is_book = _head_of(path, limits).startswith(b"PK\x03\x04")
        encoding = "" if is_book else table_cells.decoded(content_of(path))[1]
    except (InputProblem, OSError):
        return ""
    return table_cells.guess_note(path, encoding) if encoding else ""


def _loaded(data: bytes) -> Any:
    """JSON with its numbers as they are written, and with the values that it has twice as unknown ones."""
    return json.loads(data, parse_float=_as_written, object_pairs_hook=_once_each)


def _as_written(number: str) -> str | float:
    """A number that is no whole one: as a float 7.10 would be 7.1, and 12345678901234567.89 another amount."""
    if "e" in number.casefold():
        return float(number)
    whole, _, decimals = number.partition(".")
    return unmistakable(number) if decimals.strip("0") else whole


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for key, value in pairs:
        if key in known and known[key] != value:
            both = isinstance(known[key], dict) and isinstance(value, dict)  # {file: {field: value}}
            value = _once_each([*known[key].items(), *value.items()]) if both else _TWICE
        known[key] = value
    return known


def _json(path: Path) -> Iterable[Any]:
    try:
        data = content_of(path).removeprefix(codecs.BOM_UTF8)
        is_lines = path.suffix.lower() == ".jsonl"
        parsing.check_memory(data, quote=28)
        loaded = [_loaded(line) for line in data.splitlines() if line.strip()] if is_lines else _loaded(data)
    except (InputProblem, ValueError, RecursionError) as error:
        what = f"{path} is no JSON: {error}." if not isinstance(error, InputProblem) else f"{path}: {error.message}."
        raise InputProblem(what, "Correct it, or give a CSV or XLSX table.") from error
    alone = loaded[0] if isinstance(loaded, list) and len(loaded) == 1 else loaded
    if isinstance(alone, dict) and not all(isinstance(value, list | dict) for value in alone.values()):
        document = _document_beside(path)
        if document is not None:
            return [{**alone, "file": str(document)}]
    if isinstance(loaded, dict):  # {file: {field: value}}
        return [{"file": file, **values} if isinstance(values, dict) else values for file, values in loaded.items()]
    if not isinstance(loaded, list):
        raise InputProblem(f"{path} holds neither a list of rows nor an object of files.")
    return loaded


@in_reader_process
def _excel(path: Path, limits: Limits) -> Iterator[dict[str | None, Any] | Rejected]:
    """The rows of a workbook's first sheet that has a column for files, as column -> cell; then what is not read."""
    with table_cells.workbook(path, limits, "it") as book:
        columns, rows = table_cells.from_header(())
        chosen = None
        # the first with a column for files, else the first; what is seen before what is hidden
        for sheet in sorted(book.worksheets, key=lambda sheet: sheet.sheet_state != "visible"):
            table = table_cells.from_header(_rows(path, sheet))
            if not columns or table_cells.has_file_column(table[0]):
                columns, rows = table
                chosen = sheet
            if table_cells.has_file_column(columns):
                break
        if not columns:
            raise InputProblem(
                f"{path} has no table that can be read.", "Save it as .xlsx (not as Strict Open XML) or CSV."
            )
        table_cells.refuse_values(path, columns)
        for row in rows:
            if any(cell is not None for cell in row):
                yield table_cells.row_of(columns, [_cell(cell) for cell in row])
        if chosen is not None:
            for reason in table_cells.unread_sheets(book, chosen, columns):
                yield Rejected(str(path), "", reason)


def _rows(path: Path, sheet: Any) -> Iterator[list[Any]]:
    uncalculated = table_cells.formulas_without_value(path, sheet)
    for number, row in enumerate(table_cells.rows_of(sheet), 1):
        cells = [table_cells.shown(cell.value, str(cell.number_format or ""), str(cell.data_type)) for cell in row]
        for column in range(len(cells)) if uncalculated else ():
            if (number, column + 1) in uncalculated:
                cells[column] = _UNCALCULATED
        yield cells


def _cell(value: Any) -> Any:
    value = table_cells.without_returns(value)
    return value if value is None or isinstance(value, str | int | float | date) else str(value)


def _document_beside(path: Path) -> Path | None:
    """The document that a file of values is named after."""
    return of_same_name(path, _DOCUMENTS)
