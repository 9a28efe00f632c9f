"""Texts with a class: a CSV, TSV or Excel table, JSON or JSON lines with a column of texts and one of classes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.reading import parsing, table_cells, text_tables
from workbench.exchange.reading.incoming import Incoming, Options, Rejected
from workbench.exchange.reading.text_records import LABEL_COLUMNS, TEXT_COLUMNS, TextRecords, columns_of

_WHOLE = re.compile(rb'"(text|sentence)"\s*:\s*"')
_CLASS = re.compile(rb'"(label|labels|class|category|cats)"\s*:\s*("|\d|true|false|\[\s*"[^"]*"\s*[,\]])')
_NO_CLASS = re.compile(rb'"(label|labels)"\s*:\s*\[\s*[\[{]')  # ranges
_CHOICES = re.compile(rb'"options"\s*:\s*\[.*"accept"\s*:\s*\[', re.S)  # Prodigy's choice of classes
_ONE_LABEL = re.compile(rb'"label"\s*:\s*"((?:[^"\\]|\\.)*)"')
_RANGES = re.compile(rb'"(entities|spans|words|tokens|form|bbox|bboxes|box|documents|data)"\s*:')


class TextsImporter:
    """One row is one document: a text that stands on no page, and what it is."""

    name = "texts"

    def sniff(self, path: Path, head: bytes) -> float:
        """By a text column beside a label column whose values are no ranges."""
        suffix = path.suffix.lower()
        if suffix in text_tables.SUFFIXES:
            if suffix == ".xlsx":
                if not head.startswith(b"PK\x03\x04"):
                    return 0.0
                columns = text_tables.excel_columns(path, Options(path.parent).limits)
            else:
                whole_lines = head[: head.rfind(b"\n") + 1] or head
                columns, _ = text_tables.header_of(table_cells.decoded(whole_lines)[0].split("\n", 1)[0])
            names = {column.casefold() for column in columns}
            if not names & set(TEXT_COLUMNS) or names & table_cells.SURE_COLUMNS:
                return 0.0
            return 0.9 if names & set(LABEL_COLUMNS) else 0.5
        if not parsing.is_json(head) or _RANGES.search(head) or not _WHOLE.search(head) or _NO_CLASS.search(head):
            return 0.0
        return 0.86 if _CLASS.search(head) or _CHOICES.search(head) else 0.5

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        try:
            beside = text_tables.names_beside(path, options)
            names = {} if beside is None else {"": beside}
            records = TextRecords(path, options, names, is_binary=_is_binary(path, options))
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)
            return
        assumptions: list[str] = []
        for item in parsing.each(path, _rows(path, options, assumptions), records.document):
            if isinstance(item, Incoming):
                item.notes += assumptions
            yield item


def _is_binary(path: Path, options: Options) -> bool:
    """Whether all records of a file of Prodigy are about one label, so that what was rejected is the other class."""
    if path.suffix.lower() in text_tables.SUFFIXES:
        return False
    if b'"answer"' not in parsing.head_of(path):
        return False
    data = parsing.content(path, options.limits)
    return len(set(_ONE_LABEL.findall(data))) == 1


def _rows(path: Path, options: Options, assumptions: list[str]) -> Iterator[tuple[str, Any]]:
    suffix = path.suffix.lower()
    if suffix not in text_tables.SUFFIXES:
        yield from parsing.records(path, options)
        return
    is_first = True
    if suffix == ".xlsx":
        rows: Iterator[tuple[str, Any]] = text_tables.excel_rows(path, options.limits)
    else:
        rows = text_tables.csv_rows(path, options, assumptions)
    for where, row in rows:
        if is_first and isinstance(row, dict):
            columns_of(list(row), options)  # what is wrong with the header is said once
            is_first = False
        yield where, row


IMPORTER = TextsImporter()
