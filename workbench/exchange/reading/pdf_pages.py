"""The pages of a PDF, read in a child process: words from the text layer, and pictures."""

from collections.abc import Iterator
from pathlib import Path

from workbench.exchange.reader_process import in_reader_process
from workbench.exchange.reading.incoming import IncomingPage, Options


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
