"""Texts with a class: a CSV or TSV table, JSON or JSON lines with a column of texts and, mostly, one of labels."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import TEXT
from workbench.exchange.reading import parsing, running_text, table_cells
from workbench.exchange.reading.incoming import Incoming, IncomingClass, Options, Rejected

TEXT_COLUMNS = ("text", "sentence", "content", "statement", "comment", "review", "body", "utterance", "message")
LABEL_COLUMNS = ("label", "labels", "class", "category", "target", "verdict", "sentiment", "intent", "cats", "accept")
_ID_COLUMNS = ("id", "idx", "sentence_id", "guid")
_GROUP_COLUMNS = ("group", "speaker", "source", "author")
_TABLES = (".csv", ".tsv")
_WHOLE = re.compile(rb'"(text|sentence)"\s*:\s*"')
_CLASS = re.compile(rb'"(label|labels|class|category|cats)"\s*:\s*("|\d|true|false|\[\s*(\]|"[^"]*"\s*[,\]]))')
_CHOICES = re.compile(rb'"options"\s*:\s*\[.*"accept"\s*:\s*\[', re.S)  # Prodigy's choice of classes
_ONE_LABEL = re.compile(rb'"label"\s*:\s*"((?:[^"\\]|\\.)*)"')
_RANGES = re.compile(rb'"(entities|spans|words|tokens|form|bbox|bboxes|box|documents|data)"\s*:')


class TextsImporter:
    """One row is one document: a text that stands on no page, and what it is."""

    name = "texts"
    description = "Texts with a class: CSV, TSV, JSON or JSONL with a text column and a label column"

    def sniff(self, path: Path, head: bytes) -> float:
        """By a text column beside a label column whose values are no ranges."""
        if path.suffix.lower() in _TABLES:
            first = table_cells.delimiter_line(table_cells.decoded(head)[0])[1].split("\n", 1)[0]
            columns = {cell.strip().strip('"').casefold() for cell in re.split(r"[,;\t|]", first)}
            return 0.9 if columns & set(TEXT_COLUMNS) and columns & set(LABEL_COLUMNS) else 0.0
        if not parsing.is_json(head) or _RANGES.search(head) or not _WHOLE.search(head):
            return 0.0
        return 0.86 if _CLASS.search(head) or _CHOICES.search(head) else 0.5

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        try:
            binary = _is_binary(path, options)
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)
            return
        assumptions: list[str] = []
        for item in parsing.each(
            path,
            _records(path, options, assumptions),
            lambda where, record: _document(path, where, record, options, binary),
        ):
            if isinstance(item, Incoming):
                item.notes += assumptions
            yield item


def _is_binary(path: Path, options: Options) -> bool:
    """Whether all records of a file of Prodigy are about one label, so that what was rejected is the other class."""
    if path.suffix.lower() in _TABLES:
        return False
    data = parsing.content(path, options.limits)
    return b'"answer"' in data and len(set(_ONE_LABEL.findall(data))) == 1


def _records(path: Path, options: Options, assumptions: list[str]) -> Iterator[tuple[str, Any]]:
    """(where, record) of a file; what is assumed of all of it is added to `assumptions` before the first."""
    if path.suffix.lower() not in _TABLES:
        yield from parsing.records(path, options)
        return
    text, encoding = table_cells.decoded(parsing.content(path, options.limits))
    if encoding:
        assumptions.append(table_cells.guess_note(path, encoding))
    delimiter, text = table_cells.delimiter_line(text)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:4096], ",;\t|")
        dialect.strict = True
    except csv.Error:
        dialect = csv.excel
    rows = csv.DictReader(io.StringIO(text, newline=""), dialect=dialect, delimiter=delimiter or dialect.delimiter)
    try:
        for row in rows:
            if None in row:
                yield f"line {rows.line_num}", InputProblem("it has more cells than the table has columns")
            else:
                yield f"line {rows.line_num}", row
    except csv.Error as error:
        yield f"line {rows.line_num}", InputProblem(f"its quotes do not match: {error}; nothing after it was read")


def _document(path: Path, where: str, record: Any, options: Options, binary: bool = False) -> Incoming:
    if not isinstance(record, dict):
        raise InputProblem("it is no object with a text")
    columns = {str(name).strip().casefold(): name for name in record if name is not None}
    text_column = _column(columns, options.text_column, TEXT_COLUMNS)
    text = record.get(columns.get(text_column, ""), None)
    if not isinstance(text, str):
        raise InputProblem(f"it has no text (columns: {', '.join(map(str, record))}); --text names the column")
    if not text.strip():
        raise InputProblem("its text is empty")
    number = next((record[columns[c]] for c in _ID_COLUMNS if c in columns), None)
    name = f"{path.stem} {number if isinstance(number, int | str) and str(number).strip() else where}"
    group = next((str(record[columns[c]]) for c in _GROUP_COLUMNS if record.get(columns.get(c, ""))), "")
    page = running_text.typeset(_lines(text))
    page.engine = TEXT
    incoming = Incoming(name, f"{path} {where}".rstrip(), [page], "texts", group=group or name)
    label_column = _column(columns, options.label_column, LABEL_COLUMNS)
    if label_column in columns:
        classes = _answered(_classes(record[columns[label_column]]), record.get("answer", "accept"), incoming, binary)
        field = "label" if label_column == "accept" and "options" in columns else columns[label_column]
        incoming.classes = [IncomingClass(field, option) for option in classes]
        incoming.labelled = bool(classes)
    elif options.label_column:
        raise InputProblem(f"it has no column {options.label_column}")
    return incoming


def _column(columns: dict[str, str], wanted: str, usual: Sequence[str]) -> str:
    if wanted:
        return wanted.strip().casefold()
    return next((name for name in usual if name in columns), "")


def _lines(text: str) -> list[list[str]]:
    lines = (line for line in text.splitlines() if line.strip())
    return [[line[start:end] for start, end in running_text.pieces_of(line)] for line in lines]


def _classes(value: Any) -> list[str]:
    """The options that a cell names: one, a list of them, or a map to numbers of which the high ones count."""
    if isinstance(value, str) and value.strip().startswith("[") and value.strip().endswith("]"):
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, dict):  # spaCy's cats
        return [str(name) for name, share in value.items() if isinstance(share, int | float) and share >= 0.5]
    listed = value if isinstance(value, list) else [value]
    if any(isinstance(entry, list | dict) for entry in listed):
        raise InputProblem("its label is no class but ranges of the text")
    return list(dict.fromkeys(text for entry in listed if entry is not None and (text := _name(entry))))


def _answered(classes: list[str], answer: Any, incoming: Incoming, binary: bool) -> list[str]:
    """What a text is, going by Prodigy's answer: a rejected label says what it is only where there are two classes."""
    if answer == "accept" or answer not in ("reject", "ignore"):
        return classes
    if answer == "reject" and binary and classes:
        return [f"not {classes[0]}"]
    if classes:
        incoming.notes.append(f"{', '.join(classes)} was left out: the answer is {answer}")
    return []


def _name(entry: Any) -> str:
    if isinstance(entry, bool):
        return "yes" if entry else "no"
    if isinstance(entry, float) and entry.is_integer():
        entry = int(entry)
    return " ".join(str(entry).split())


IMPORTER = TextsImporter()
