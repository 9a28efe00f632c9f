"""The importer of a format whose files are one document each, made of two functions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.exchange.reading import parsing
from workbench.exchange.reading.incoming import Incoming, Options, Rejected


@dataclass(frozen=True, slots=True)
class OneDocumentImporter:
    """Reads a file as one document; why it cannot be read becomes the file's rejection.

    Args:
        name: of the format.
        sure: how sure the format is a file's, 0..1, from its path and its first 64 KiB.
        document: reads a file; may raise InputProblem with the reason why it cannot be read.
    """

    name: str
    sure: Callable[[Path, bytes], float]
    document: Callable[[Path, Options], Incoming]

    def sniff(self, path: Path, head: bytes) -> float:
        return self.sure(path, head)

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        return parsing.only_document(path, lambda: self.document(path, options))
