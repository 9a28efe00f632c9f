"""XFUND: FUNSD in seven languages, many documents in one JSON, boxes that may be four points."""

import re
from collections.abc import Iterator
from pathlib import Path

from storage.exceptions import InputProblem
from workbench.exchange.importers.funsd import PICTURE_FOLDERS, read_form
from workbench.exchange.reading import parsing
from workbench.exchange.reading.incoming import Incoming, Options, Rejected


class XfundImporter:
    """A record is a document of one page."""

    name = "xfund"

    def sniff(self, path: Path, head: bytes) -> float:
        """By "documents" that hold a "document"."""
        if not parsing.is_json(head) or not re.search(rb'"documents"\s*:\s*\[', head):
            return 0.0
        return 0.95 if re.search(rb'"document"\s*:\s*\[', head) or b'"fname"' in head else 0.6

    def companions(self, path: Path) -> Iterator[Path]:
        """The pictures that the documents name."""
        try:
            data = parsing.json_of(path, Options(path.parent).limits)
            listed = parsing.need(data, "documents", list)
        except InputProblem:
            return
        for entry in listed:
            img = entry.get("img") if isinstance(entry, dict) else None
            name = img.get("fname") if isinstance(img, dict) else None
            if isinstance(name, str):
                for folder in (path.stem, path.stem.split(".")[0], *PICTURE_FOLDERS):
                    yield path.parent / folder / name

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        try:
            data = parsing.json_of(path, options.limits)
            listed = parsing.need(data, "documents", list)
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)
            return
        language = data.get("lang")
        for number, entry in enumerate(listed, 1):
            where = f"document {number}"
            try:
                form = parsing.need(entry, "document", list)
                name = str(entry.get("id") or f"{path.stem} {number}")
                incoming = Incoming(name, f"{path} {where}", [], self.name, labelled=True)
                incoming.language = language if isinstance(language, str) else None
                read_form(incoming, form, entry.get("img"), path, options)
            except InputProblem as problem:
                yield parsing.rejected(path, where, problem)
                continue
            yield incoming


IMPORTER = XfundImporter()
