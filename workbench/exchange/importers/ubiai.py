"""UBIAI: texts of documents with labelled tokens."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.exchange.reading import parsing
from workbench.exchange.reading.answers import listed
from workbench.exchange.reading.incoming import Incoming, Options, Rejected
from workbench.exchange.reading.running_text import Range, set_text


class UbiaiImporter:
    """A record is a document; only its labelled tokens have places on the page, so its words are set anew."""

    name = "ubiai"

    def sniff(self, path: Path, head: bytes) -> float:
        """By a document's name and tokens with entity labels."""
        if not parsing.is_json(head):
            return 0.0
        return 0.97 if b'"entityLabel"' in head or re.search(rb'"documentName"\s*:', head) else 0.0

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        yield from parsing.each(
            path, parsing.records(path, options), lambda where, record: self._read(path, where, record)
        )

    def _read(self, path: Path, where: str, record: Any) -> Incoming:
        text = parsing.need(record, "document", str)
        name = record.get("documentName")
        stem = Path(parsing.local_name(name)).stem if isinstance(name, str) else ""
        incoming = Incoming(stem or f"{path.stem} {where}", f"{path} {where}".rstrip(), [], self.name, labelled=True)
        ranges = []
        for token in listed(record, "tokens"):
            label = token.get("entityLabel")
            if isinstance(label, str) and label:
                start, end = parsing.need(token, "start", int, "a token"), parsing.need(token, "end", int, "a token")
                spelled = token.get("text")
                ranges.append(Range(start, end, label, text=spelled if isinstance(spelled, str) else ""))
        set_text(incoming, text, ranges)
        return incoming


IMPORTER = UbiaiImporter()
