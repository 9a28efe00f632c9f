"""doccano: text with labelled character ranges, one JSON object a line; there are no boxes."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.importers import parsing
from workbench.exchange.importers.base import Incoming, IncomingSpan, Options, Rejected


class DoccanoImporter:
    """One record is one document; words are divided at the labels' edges too, so that no label grows."""

    name = "doccano"
    description = "doccano JSONL: text with labelled character ranges, no boxes"

    def sniff(self, path: Path, head: bytes) -> float:
        """By "text" beside "label", "labels" or "entities"."""
        if not parsing.is_json(head) or re.search(rb'"(words|form|documents|data|bbox|box)"\s*:', head):
            return 0.0
        ranges = re.search(rb'"(label|labels|entities)"\s*:\s*\[\s*(\[|\]|\{)', head)
        return 0.85 if b'"text"' in head and ranges else 0.0

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        try:
            for where, record in parsing.records(path, options):
                try:
                    if isinstance(record, InputProblem):
                        raise record
                    yield self._read(path, where, record)
                except InputProblem as problem:
                    yield parsing.rejected(path, where, problem)
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)

    def _read(self, path: Path, where: str, record: Any) -> Incoming:
        text = parsing.need(record, "text", str)
        name = f"{path.stem} {record['id'] if isinstance(record.get('id'), int | str) else where}".strip()
        incoming = Incoming(name, f"{path} {where}".rstrip(), [], self.name, notes=[parsing.TYPESET])
        ranges = _ranges(record, len(text))
        incoming.labelled = any(key in record for key in ("label", "labels", "entities"))
        edges = {edge for start, end, _ in ranges for edge in (start, end)}
        pieces: list[tuple[int, int]] = []
        lines: list[list[str]] = [[]]
        done = 0
        for start, end in parsing.pieces_of(text):
            if "\n" in text[done:start] and lines[-1]:
                lines.append([])
            done = end
            cuts = [start, *sorted(edge for edge in edges if start < edge < end), end]
            for left, right in pairwise(cuts):
                pieces.append((left, right))
                lines[-1].append(text[left:right])
        for start, end, label in ranges:
            tokens = tuple(i for i, (left, right) in enumerate(pieces) if left >= start and right <= end)
            if tokens:
                incoming.spans.append(IncomingSpan(label, tokens))
        if len(incoming.spans) < len(ranges):
            incoming.notes.append(f"{len(ranges) - len(incoming.spans)} labels hold no word and were dropped")
        incoming.pages = [parsing.typeset(lines)]
        return incoming


def _ranges(record: dict[str, Any], length: int) -> list[tuple[int, int, str]]:
    ranges: list[tuple[int, int, str]] = []
    for key in ("label", "labels", "entities"):
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
            if not isinstance(start, int) or not isinstance(end, int) or not isinstance(label, str):
                raise InputProblem(f'"{key}" holds {str(entry)[:60]}, which is no [start, end, label]')
            if not 0 <= start <= end <= length:
                raise InputProblem(f"the label {label} [{start}, {end}] leaves the text, which has {length} characters")
            ranges.append((start, end, label))
    return sorted(ranges)


IMPORTER = DoccanoImporter()
