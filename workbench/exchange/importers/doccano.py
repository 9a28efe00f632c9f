"""doccano: text with labelled character ranges, one JSON object a line; there are no boxes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.reading import parsing
from workbench.exchange.reading.incoming import Incoming, IncomingClass, Options, Rejected
from workbench.exchange.reading.running_text import Range, set_text
from workbench.exchange.reading.sides import take_side

_LABELS = ("label", "labels", "entities", "annotations")


class DoccanoImporter:
    """One record is one document; words are divided at the labels' edges too, so that no label grows."""

    name = "doccano"

    def sniff(self, path: Path, head: bytes) -> float:
        """By "text" (or "data" that is a text) beside "label", "labels" or "entities"."""
        if not parsing.is_json(head) or re.search(rb'"(words|form|documents|bbox|box|pages|blocks)"\s*:', head, re.I):
            return 0.0
        old = re.search(rb'"annotations"\s*:\s*\[\s*\{', head) and b'"start_offset"' in head  # of doccano 1
        ranges = old or re.search(rb'"(label|labels|entities)"\s*:\s*\[\s*(\[|\]|\{)', head)
        has_text = ranges and re.search(rb'"(text|data)"\s*:\s*"', head)
        return 0.0 if not has_text else 0.88 if old else 0.85

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        yield from parsing.each(
            path, parsing.records(path, options), lambda where, record: self._read(path, where, record)
        )

    def _read(self, path: Path, where: str, record: Any) -> Incoming:
        has_text = not isinstance(record, dict) or "text" in record
        text = parsing.need(record, "text" if has_text else "data", str)
        name = f"{path.stem} {record['id'] if isinstance(record.get('id'), int | str) else where}".strip()
        incoming = Incoming(name, f"{path} {where}".rstrip(), [], self.name)
        take_side(incoming, record.get("split"))
        incoming.group, incoming.language = _text_of(record, "group"), _text_of(record, "language")
        incoming.labelled = any(key in record for key in _LABELS)
        classes = record.get("cats", [])
        if (labels := record.get("label")) and isinstance(labels, list) and all(isinstance(e, str) for e in labels):
            classes, record, incoming.text = labels, {}, text
        if isinstance(classes, list):
            incoming.classes = [IncomingClass("label", str(option)) for option in classes]
        if incoming.text is None:
            ranges = _ranges(record)
            incoming.labelled = incoming.labelled and not any(marked.label.isdecimal() for marked in ranges)
            set_text(incoming, text, ranges)
        return incoming


def _text_of(record: dict[str, Any], key: str) -> str | None:
    value = record.get(key)
    return (value.strip() or None) if isinstance(value, str) else None


def _ranges(record: dict[str, Any]) -> list[Range]:
    ranges: list[Range] = []
    for key in _LABELS:
        listed = record.get(key) or []
        if not isinstance(listed, list):
            raise InputProblem(f'"{key}" is no list of [start, end, label]')
        for entry in listed:
            if isinstance(entry, dict):
                start, end, label = (entry.get(part) for part in ("start_offset", "end_offset", "label"))
            elif isinstance(entry, list) and len(entry) == 3:
                start, end, label = entry
            else:
                raise InputProblem(f'"{key}" holds {str(entry)[:60]}, which is no [start, end, label]')
            if isinstance(label, int) and not isinstance(label, bool):  # doccano 1 wrote the number of a label
                label = str(label)
            if not isinstance(start, int) or not isinstance(end, int) or not isinstance(label, str):
                raise InputProblem(f'"{key}" holds {str(entry)[:60]}, which is no [start, end, label]')
            ranges.append(Range(start, end, label))
    return ranges


IMPORTER = DoccanoImporter()
