"""Rows of a text and its class, whatever file they stand in: which columns count, and the document of a row."""

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.reading.incoming import Incoming, IncomingClass, Options
from workbench.exchange.reading.sides import take_side
from workbench.fields.schema import folded

TEXT_COLUMNS = ("text", "sentence", "content", "statement", "comment", "review", "body", "utterance", "message")
LABEL_COLUMNS = (
    *("label", "labels", "class", "category", "target", "verdict", "sentiment", "intent", "cats", "accept"),
    *("choice", "choices", "taxonomy"),
)
_ID_COLUMNS = ("id", "idx", "sentence_id", "guid")
_GROUP_COLUMNS = ("group", "speaker", "source", "author")
_LANGUAGE_COLUMNS = ("language", "lang")
_NAMED = ("_text", "_name", "_names")  # of a column beside one of numbers that says what these mean
_UNLABELLED = -1  # as the datasets library writes it for a ClassLabel
_CELLS = 10_000
LEVELS = " / "
"""Between the levels of a taxonomy, in the name of an option."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that count, as the file names them; "" for what it has not."""

    text: str
    labels: tuple[tuple[str, str], ...]  # (column, the class field that it is about)
    id: str = ""
    group: str = ""
    side: str = ""
    language: str = ""


def columns_of(names: Sequence[str], options: Options) -> Columns:
    """The columns of a table or record with these names.

    Raises:
        InputProblem: there is no text, a column that was asked for is not there, or two could be the classes.
    """
    known = {str(name).strip().casefold(): str(name) for name in reversed(names) if name is not None}
    listed = ", ".join(map(str, names))
    text = _asked(known, options.text_column, listed) or _first(known, TEXT_COLUMNS)
    if not text:
        raise InputProblem(f"it has no text (columns: {listed}); --text names the column")
    group = _asked(known, options.group_column, listed) or _first(known, _GROUP_COLUMNS)
    return Columns(
        text, _label_columns(known, options, listed, text), _first(known, _ID_COLUMNS), group,
        known.get("split", ""), _first(known, _LANGUAGE_COLUMNS),
    )  # fmt: skip


def _asked(known: Mapping[str, str], wanted: str, listed: str) -> str:
    if not wanted:
        return ""
    if wanted.strip().casefold() not in known:
        raise InputProblem(f"it has no column {wanted} (columns: {listed})")
    return known[wanted.strip().casefold()]


def _first(known: Mapping[str, str], usual: Sequence[str]) -> str:
    return next((known[name] for name in usual if name in known), "")


def _label_columns(known: Mapping[str, str], options: Options, listed: str, text: str) -> tuple[tuple[str, str], ...]:
    if options.label_columns:
        asked = [_asked(known, wanted, listed) for wanted in options.label_columns]
        return tuple((column, column) for column in asked)
    fields = {folded(name) for name in options.class_fields}
    own = [column for name, column in known.items() if folded(name) in fields and column != text]
    if own:
        return tuple((column, column) for column in reversed(own))
    if "accept" in known and "options" in known:  # Prodigy's choice
        return ((known["accept"], "label"),)
    usual = [name for name in LABEL_COLUMNS if name in known and name != "accept" and known[name] != text]
    if len(usual) > 1:
        names = " and ".join(known[name] for name in usual)
        raise InputProblem(f"{names} could both be its classes; --label names the column (or several, one each)")
    if not usual:
        return ((known["accept"], "label"),) if "accept" in known else ()
    column = known[usual[0]]
    named = next((known[usual[0] + ending] for ending in _NAMED if usual[0] + ending in known), column)
    return ((named, column),)


class TextRecords:
    """Makes documents of the records of one file.

    Args:
        path: of the file.
        names: column -> what its numbers mean; "" stands for every other column.
        title: what the texts' names begin with; "" is the file's name.
        is_binary: all records are about one label, so that a rejected one says that the text is not so.
    """

    def __init__(
        self,
        path: Path,
        options: Options,
        names: Mapping[str, Mapping[int, str]] | None = None,
        *,
        format: str = "texts",
        is_binary: bool = False,
        title: str = "",
    ) -> None:
        self._path, self._options, self._names = path, options, names or {}
        self._format, self._is_binary = format, is_binary
        self._title = title or path.stem
        self._columns: dict[tuple[str, ...], Columns] = {}
        self._cells: dict[tuple[str, str] | None, list[IncomingClass]] = {}  # what cells say: a million rows have few

    def document(self, where: str, record: Any) -> Incoming:
        """The document of a record.

        Raises:
            InputProblem: it has no text, an empty one, or labels that are no classes.
        """
        if not isinstance(record, dict):
            raise InputProblem("it is no object with a text")
        keys = tuple(record)
        columns = self._columns.get(keys)
        if columns is None:
            columns = self._columns[keys] = columns_of(keys, self._options)
        text = record[columns.text]
        if isinstance(text, bool | int | float) and text == text:
            text = _option(text)
        if text is not None and not isinstance(text, str):
            raise InputProblem(f"its {columns.text} is no text; --text names the column")
        if not text or not text.strip():
            raise InputProblem("its text is empty")
        number = record[columns.id] if columns.id else None
        name = f"{self._title} {number if isinstance(number, int | str) and str(number).strip() else where}"
        group = record[columns.group] if columns.group else None
        incoming = Incoming(name, f"{self._path} {where}".rstrip(), [], self._format, text=text)
        incoming.group = (group is not None and _option(group)) or name
        take_side(incoming, record[columns.side] if columns.side else None)
        language = record[columns.language] if columns.language else None
        incoming.language = language if isinstance(language, str) and 0 < len(language) <= 16 else None
        for column, field in columns.labels:
            self._label(incoming, record, column, field)
        incoming.labelled = len({label.label for label in incoming.classes}) == len(columns.labels) > 0
        if not columns.labels and not self._options.by_folder:
            listed = ", ".join(map(str, keys))
            incoming.notes.append(f"texts without a column of classes (columns: {listed}); --label names it")
        return incoming

    def _label(self, incoming: Incoming, record: Mapping[str, Any], column: str, field: str) -> None:
        value = record[column]
        key = (column, value) if isinstance(value, str) and "answer" not in record else None
        if key in self._cells:
            incoming.classes += self._cells[key]
            return
        options = classes_of(value, multiple=self._options.multiple)
        meanings = self._names.get(column, self._names.get(""))
        if options and all(option.lstrip("-").isdecimal() for option in options):
            if meanings is None:
                incoming.notes.append(
                    f"{field}: the classes are numbers without names; a labels.txt beside the file names them"
                )
            else:
                options = [self._meaning(int(option), meanings) for option in options if int(option) != _UNLABELLED]
        options = _answered(options, record.get("answer", "accept"), incoming, self._is_binary)
        classes = [IncomingClass(field, option) for option in options]
        incoming.classes += classes
        if key is not None and not incoming.notes and len(self._cells) < _CELLS:
            self._cells[key] = classes

    @staticmethod
    def _meaning(number: int, meanings: Mapping[int, str]) -> str:
        if number not in meanings:
            raise InputProblem(f"class number {number} has no name (there are {len(meanings)})")
        return meanings[number]


def classes_of(value: Any, *, multiple: bool = False) -> list[str]:
    """The options that a cell names: one, a list of them, or a map to numbers of which the high ones count.

    Raises:
        InputProblem: it holds ranges of the text.
    """
    if isinstance(value, str):
        plain = value.strip()
        if plain.startswith("[") and plain.endswith("]"):
            with suppress(ValueError):
                value = json.loads(plain)
        elif multiple:
            value = plain.replace(";", "|").split("|")
    if isinstance(value, dict):
        listed = value.get("choices") or value.get("taxonomy")
        if not isinstance(listed, list):  # spaCy's cats
            return [str(name) for name, share in value.items() if isinstance(share, int | float) and share >= 0.5]
        value = listed
    listed = value if isinstance(value, list) else [value]
    paths = [_path(entry) if isinstance(entry, list) else entry for entry in listed]
    if any(isinstance(entry, dict) for entry in paths):
        raise InputProblem("its label is no class but ranges of the text")
    return list(dict.fromkeys(text for entry in paths if entry is not None and (text := _option(entry))))


def _path(levels: list[Any]) -> str:
    """A path of a taxonomy as the name of an option."""
    if not levels or not all(isinstance(level, str) for level in levels):
        raise InputProblem("its label is no class but ranges of the text")
    return LEVELS.join(levels)


def _answered(classes: list[str], answer: Any, incoming: Incoming, is_binary: bool) -> list[str]:
    """What a text is, going by Prodigy's answer: a rejected label says what it is only where there are two classes."""
    if answer == "accept" or answer not in ("reject", "ignore"):
        return classes
    if answer == "reject" and is_binary and classes:
        return [f"not {classes[0]}"]
    if classes:
        incoming.notes.append(f"{', '.join(classes)} was left out: the answer is {answer}")
    return []


def _option(entry: Any) -> str:
    if isinstance(entry, bool):
        return "yes" if entry else "no"
    if isinstance(entry, float):
        if math.isnan(entry):
            return ""
        entry = int(entry) if entry.is_integer() else entry
    return str(entry).strip()
