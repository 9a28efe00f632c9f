"""Tables of texts: CSV, TSV and Excel, row by row, and what numbers in them mean."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, TextIO

from storage.exceptions import InputProblem
from workbench.exchange.reader_process import in_reader_process
from workbench.exchange.reading import parsing, table_cells
from workbench.exchange.reading.incoming import Options
from workbench.fields.plain_text import counted
from workbench.files.import_root import opened
from workbench.settings import Limits

SUFFIXES = (".csv", ".tsv", ".xlsx")
_DELIMITERS = ",;\t|"
_NAMES_BESIDE = ("labels.txt", "id2label.json", "dataset_info.json")
_BROKEN = "\ufffd"
_CHUNK = 1 << 20


def header_of(line: str) -> tuple[list[str], str]:
    """(columns, delimiter) of the first line of a table."""
    delimiter = max(_DELIMITERS, key=line.count) if any(map(line.count, _DELIMITERS)) else ","
    return [cell.strip().strip('"') for cell in line.strip("\r\n").split(delimiter)], delimiter


def csv_rows(path: Path, options: Options, assumptions: list[str]) -> Iterator[tuple[str, Any]]:
    """(where, row by column, or why it cannot be read) of a CSV or TSV table.

    Args:
        path: of the table.
        options: of the import.
        assumptions: what is assumed of the whole table is added before its first row.

    Raises:
        InputProblem: the table as a whole cannot be read.
    """
    parsing.content_size(path, options.limits)
    csv.field_size_limit(options.limits.file_bytes)
    opened, encoding, is_repaired = _opened(path, options)
    if encoding:
        assumptions.append(table_cells.guess_note(path, encoding))
    with opened as lines:
        first = lines.readline()
        if first[:4].casefold() == "sep=":
            first = lines.readline()
        if not first.strip():
            raise InputProblem("it is empty")
        columns, delimiter = header_of(first)
        has_quotes = path.suffix.lower() != ".tsv" or not _is_without_quotes(lines, len(columns) - 1)
        if has_quotes:
            columns = next(csv.reader([first], delimiter=delimiter, skipinitialspace=True))
        columns = [column.strip() for column in columns]
        _refuse_same_names(columns)
        rows = csv.reader(
            lines, delimiter=delimiter, strict=True, skipinitialspace=f"{delimiter} " in first,
            quoting=csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE,
        )  # fmt: skip
        yield from _records(rows, columns, is_repaired)


def _refuse_same_names(columns: Sequence[str]) -> None:
    if twice := [column for column in dict.fromkeys(columns) if column and columns.count(column) > 1]:
        raise InputProblem(f"two of its columns are called {twice[0]}: rename one of them")


def _records(rows: Any, columns: Sequence[str], is_repaired: bool) -> Iterator[tuple[str, Any]]:
    width = len(columns)
    begins = 2  # the line that the row begins on
    try:
        for row in rows:
            where, begins = f"line {begins}", rows.line_num + 2
            if len(row) == width:
                record = dict(zip(columns, row, strict=True))
                if is_repaired and _BROKEN in "".join(row):
                    yield where, InputProblem("it is not UTF-8 text")
                else:
                    yield where, record
            elif len(row) > width:
                yield where, InputProblem("it has more cells than the table has columns")
            elif any(cell.strip() for cell in row):
                yield where, dict(zip(columns, [*row, *[None] * (width - len(row))], strict=True))
    except csv.Error as error:
        yield (
            f"line {begins}",
            InputProblem(f"a quote that is opened in it is not closed, or has text behind it ({error}): "
                         "nothing from this line on was read"),
        )  # fmt: skip


def _opened(path: Path, options: Options) -> tuple[TextIO, str, bool]:
    """(the table as text, its encoding where that is guessed, whether bytes that are no UTF-8 became �).

    It is UTF-8, also where a few characters are broken (they become �), or what a spreadsheet wrote.
    """
    try:
        with opened(path) as file:
            start = file.read(4)
            file.seek(0)
            decoder = codecs.getincrementaldecoder("utf-8")()
            with suppress(UnicodeDecodeError):
                if not start.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" not in start:
                    while chunk := file.read(_CHUNK):
                        decoder.decode(chunk)
                    decoder.decode(b"", final=True)
                    return io.TextIOWrapper(opened(path), encoding="utf-8-sig", newline=""), "", False
        data = parsing.content(path, options.limits)
    except OSError as error:
        raise InputProblem(f"it cannot be read: {error.strerror or error}") from error
    repaired = data.decode("utf-8", "replace")
    broken = repaired.count(_BROKEN)
    whole = sum(not character.isascii() for character in repaired) - broken
    is_broken = whole > broken and b"\0" not in data[:4]
    text, encoding = (repaired, "") if is_broken else table_cells.decoded(data)
    return io.StringIO(text, newline=""), encoding, is_broken


def _is_without_quotes(lines: TextIO, delimiters: int) -> bool:
    """Whether quotes in a TSV are letters: all its lines are rows, and one has a quote without its other."""
    here = lines.tell()
    odd = False
    for line in lines:
        if line.count("\t") != delimiters and line.strip():
            odd = False
            break
        odd = odd or line.count('"') % 2 == 1
    lines.seek(here)
    return odd


def excel_columns(path: Path, limits: Limits) -> list[str]:
    """The columns of the sheet that `excel_rows` reads; none where it is no workbook."""
    with suppress(InputProblem):
        first = next(iter(excel_rows(path, limits, 1)), None)
        return [] if first is None else list(first[1])
    return []


@in_reader_process
def excel_rows(path: Path, limits: Limits, most: int | None = None) -> Iterator[tuple[str, Any]]:
    """(where, row by column, or why it cannot be read) of a workbook's first sheet with a table.

    Args:
        most: rows to read.

    Raises:
        InputProblem: it is damaged or no workbook.
    """
    with table_cells.workbook(path, limits, "it") as book:
        for sheet in book.worksheets:
            listed = table_cells.rows_of(sheet, values_only=True)
            rows = ((number, list(row)) for number, row in enumerate(listed, 1))
            header = next((row for _, row in rows if sum(cell is not None for cell in row) > 1), None)
            if header is not None:
                columns = ["" if cell is None else str(cell).strip() for cell in header]
                if most is None:
                    _refuse_same_names(columns)
                unnamed = 0
                for number, row in islice(rows, most):
                    if any(cell is not None for cell in row):
                        unnamed += _has_unnamed(columns, row)
                        yield f"row {number}", _cells(columns, row)
                if most is None:
                    if unnamed:
                        yield "", InputProblem(_unread_cells(sheet.title, unnamed))
                    if formulas := len(table_cells.formulas_without_value(path, sheet)):
                        yield "", InputProblem(_uncalculated(sheet.title, formulas))
                    for reason in table_cells.unread_sheets(book, sheet, columns):
                        yield "", InputProblem(reason)
                break


def _has_unnamed(columns: Sequence[str], row: Sequence[Any]) -> bool:
    """Whether a row has a value right of the header's last column, or below a cell of the header that is empty."""
    return any(cell is not None and str(cell).strip() for column, cell in zip_longest(columns, row) if not column)


def _unread_cells(sheet: str, rows: int) -> str:
    return (
        f"cells of {counted(rows, 'row')} of the sheet '{sheet}' were not read, as the header names no column for "
        "them: write the column's name above them"
    )


def _uncalculated(sheet: str, formulas: int) -> str:
    have = "has" if formulas == 1 else "have"
    return (
        f"{counted(formulas, 'cell')} of the sheet '{sheet}' {have} no value, as a formula was never calculated: open "
        "the file in a spreadsheet program and save it"
    )


def _cells(columns: Iterable[str], row: Iterable[Any]) -> dict[str, Any]:
    return {
        column: table_cells.without_returns(cell) if cell is None or isinstance(cell, str | int | float) else str(cell)
        for column, cell in zip(columns, row, strict=False)
        if column
    }


def names_beside(path: Path, options: Options) -> Mapping[int, str] | None:
    """What class numbers mean, from labels.txt, id2label.json or dataset_info.json beside a file."""
    for name in _NAMES_BESIDE:
        with suppress(InputProblem):
            beside = parsing.inside(options, path.parent, name)
            if beside is None:
                continue
            data = parsing.content(beside, options.limits)
            if name.endswith(".txt"):
                lines = [line.strip() for line in parsing.text_of(data).splitlines() if line.strip()]
                return dict(enumerate(lines))
            if meanings := _meanings(parsing.decode(data)):
                return meanings
    return None


def _meanings(loaded: Any) -> dict[int, str]:
    """The names in an id2label map, in a model's configuration, or of a data set's only ClassLabel."""
    if not isinstance(loaded, dict):
        return {}
    named = loaded.get("id2label", loaded)
    if isinstance(named, dict) and named and all(re.fullmatch(r"\d+", str(key)) for key in named):
        return {int(key): str(name) for key, name in named.items()}
    features = loaded.get("features")
    labels = (
        [f for f in features.values() if isinstance(f, dict) and f.get("names")] if isinstance(features, dict) else []
    )
    return dict(enumerate(map(str, labels[0]["names"]))) if len(labels) == 1 else {}
