"""The pages of a PDF, read in a child process: words from the text layer, and pictures."""

from collections.abc import Iterator
from pathlib import Path

from workbench.exchange.reader_process import in_reader_process
from workbench.exchange.reading.incoming import IncomingPage, Options


def is_pdf(head: bytes) -> bool:
    """Whether a file that begins so is a PDF: its signature need not be at the very start. An archive may hold one."""
    return b"%PDF-" in head[:1024] and not head.startswith(b"PK\x03\x04") and head[257:262] != b"ustar"


@in_reader_process
def pages_of(path: Path, options: Options) -> Iterator[IncomingPage]:
    """As `pdfium.pages_of`."""
    from workbench.exchange import pdfium

    yield from pdfium.pages_of(path, options)


@in_reader_process
def pictures_of(path: Path, options: Options) -> Iterator[bytes]:
    """As `pdfium.pictures_of`."""
    from workbench.exchange import pdfium

    yield from pdfium.pictures_of(path, options)
