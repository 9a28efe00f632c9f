"""A text file is one document: a text that stands on no page."""

from collections.abc import Iterator
from pathlib import Path

from storage.exceptions import InputProblem
from workbench.exchange.reading import parsing, table_cells
from workbench.exchange.reading.incoming import Incoming, Options, Rejected


class TextFileImporter:
    """What the text is about, its folder says (`--class-folders`)."""

    name = "text-file"

    def sniff(self, path: Path, head: bytes) -> float:
        """Never by itself: any file may be a text."""
        return 0.0

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The document."""
        yield from parsing.only_document(path, lambda: _document(path, options))


def _document(path: Path, options: Options) -> Incoming:
    text, encoding = table_cells.decoded(parsing.content(path, options.limits))
    if not text.strip():
        raise InputProblem("its text is empty")
    name = f"{path.parent.name} {path.stem}" if options.by_folder else path.stem
    incoming = Incoming(name, str(path), [], TextFileImporter.name, group=name, text=text)
    if encoding:
        incoming.notes.append(f"texts that are not UTF-8 were read as {encoding}")
    return incoming


IMPORTER = TextFileImporter()
