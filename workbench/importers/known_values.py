"""Values known from elsewhere: a CSV, XLSX or JSON table with a file name and values a row."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.importers.base import Limits, Rejected

FILE_COLUMNS = ("file", "filename", "file_name", "document", "path", "image", "name", "id", "datei", "文件")
"""Names that the column with the document's file may have; otherwise it is the first one."""
_OLD_EXCEL = "cp1252"


@dataclass(frozen=True, slots=True)
class KnownRow:
    """What a table says of one document."""

    file: str
    values: Mapping[str, str]  # column -> value, empty ones left out
    record: str  # "row 3", for people


def read(path: Path, limits: Limits) -> Iterator[KnownRow | Rejected]:
    """The rows of a table, in its order; what is wrong with a row is said and the others go on.

    Raises:
        InputProblem: the file is not there, too large, or no table.
    """
    try:
        if path.stat().st_size > limits.file_bytes:
            raise InputProblem(f"{path} is larger than file_bytes under [limits] allows.")
        head = path.open("rb").read(4)
    except OSError as error:
        raise InputProblem(f"{path} cannot be read: {error.strerror}.", "Check the name.") from error
    if head.startswith(b"PK\x03\x04"):
        records: Iterable[Any] = _excel(path)
    elif path.suffix.lower() in (".json", ".jsonl"):
        records = _json(path)
    else:
        records = _csv(path)
    for number, record in enumerate(records, 1):
        yield _row(path, f"row {number}", record)


def _row(path: Path, record: str, given: Any) -> KnownRow | Rejected:
    if not isinstance(given, dict):
        return Rejected(str(path), record, "it is no object with a file and values")
    cells = {str(column).strip(): _text(value) for column, value in given.items() if column is not None}
    column = next((c for wanted in FILE_COLUMNS for c in cells if c.casefold() == wanted), next(iter(cells), ""))
    file = cells.pop(column, "")
    if not file:
        return Rejected(str(path), record, f"it names no file (column '{column}')")
    if None in given:
        return Rejected(str(path), record, "it has more cells than the table has columns")
    return KnownRow(file, {name: value for name, value in cells.items() if name and value}, record)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).split())


def _csv(path: Path) -> Iterator[Any]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode(_OLD_EXCEL, "replace")  # what Excel writes where it was not asked for UTF-8
    try:
        dialect: Any = csv.Sniffer().sniff(text[:4096], ",;\t|")
    except csv.Error:
        dialect = csv.excel  # a single column, or one line
    try:
        yield from csv.DictReader(io.StringIO(text, newline=""), dialect=dialect)
    except csv.Error as error:
        raise InputProblem(f"{path} is no CSV table: {error}.") from error


def _json(path: Path) -> Iterable[Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        loaded = (
            [json.loads(line) for line in text.splitlines() if line.strip()]
            if path.suffix.lower() == ".jsonl"
            else json.loads(text)
        )
    except (ValueError, RecursionError) as error:
        raise InputProblem(f"{path} is no JSON: {error}.", "Correct it, or give a CSV or XLSX table.") from error
    if isinstance(loaded, dict):  # {file: {field: value}}
        return [{"file": file, **values} if isinstance(values, dict) else values for file, values in loaded.items()]
    if not isinstance(loaded, list):
        raise InputProblem(f"{path} holds neither a list of rows nor an object of files.")
    return loaded


def _excel(path: Path) -> Iterator[Any]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError, OSError) as error:
        raise InputProblem(f"{path} is no Excel workbook: {error}.", "Save it as .xlsx or CSV.") from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True) if book.worksheets else iter(())
        columns = [str(cell) if cell is not None else "" for cell in next(rows, ())]
        for row in rows:
            if any(cell is not None for cell in row):
                yield dict(zip(columns, row, strict=False))
    finally:
        book.close()
