"""A text file is one document: a text that stands on no page."""

from pathlib import Path

from storage.exceptions import InputProblem
from workbench.exchange.reading import parsing, table_cells
from workbench.exchange.reading.incoming import Incoming, Options
from workbench.exchange.reading.one_document import OneDocumentImporter


def _never(path: Path, head: bytes) -> float:
    """Any file may be a text: its folder says what it is about (`--class-folders`)."""
    return 0.0


def _document(path: Path, options: Options) -> Incoming:
    text, encoding = table_cells.decoded(parsing.content(path, options.limits))
    if not text.strip():
        raise InputProblem("its text is empty")
    name = f"{path.parent.name} {path.stem}" if options.by_folder else path.stem
    incoming = Incoming(name, str(path), [], "text-file", group=name, text=text)
    if encoding:
        incoming.notes.append(f"texts that are not UTF-8 were read as {encoding}")
    return incoming


IMPORTER = OneDocumentImporter("text-file", _never, _document)
