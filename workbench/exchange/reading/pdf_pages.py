"""The pages of a PDF, read in a child process: words from the text layer, and pictures."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from workbench.exchange.reader_process import OverProcessorLimit, in_reader_process
from workbench.exchange.reading.incoming import IncomingPage, Options

DRAWING_SECONDS = 10.0
"""Of the processor, for a page's picture: one that takes more has none."""
_MOST_UNDRAWN = 3  # pages of a file; the others are not tried after them

T = TypeVar("T")


def is_pdf(head: bytes) -> bool:
    """Whether a file that begins so is a PDF: its signature need not be at the very start. An archive may hold one."""
    return b"%PDF-" in head[:1024] and not head.startswith(b"PK\x03\x04") and head[257:262] != b"ustar"


def pages_of(path: Path, options: Options) -> Iterator[IncomingPage]:
    """The pages of a PDF with their words and pictures; one that takes too long to draw has its words alone.

    Raises:
        InputProblem: it cannot be read, or is larger than the limits allow; the message is a reason without the name.
    """
    for page in _as_drawn(_pages, path, options):
        if page.picture is None:
            page.notes.append("1 pages take too long to draw: their words are all of the text layer, seen or not")
        page.pdf = path
        yield page


def pictures_of(path: Path, options: Options) -> Iterator[bytes | None]:
    """The pages' pictures; None for one that takes too long to draw.

    Raises:
        InputProblem: as `pages_of`.
    """
    yield from _as_drawn(_pictures, path, options)


def _as_drawn(
    read: Callable[[Path, Options, int, int | None, float], Iterator[T]], path: Path, options: Options
) -> Iterator[T]:
    """What is read of each page: drawn, and where drawing it ended the reader, anew without."""
    number = 0
    for attempt in range(1, _MOST_UNDRAWN + 1):
        try:
            for page in read(path, options, number, None, DRAWING_SECONDS):
                yield page
                number += 1
            return
        except OverProcessorLimit:
            last = number + 1 if attempt < _MOST_UNDRAWN else None
            for page in read(path, options, number, last, 0.0):
                yield page
                number += 1


@in_reader_process
def _pages(path: Path, options: Options, first: int, last: int | None, drawing: float) -> Iterator[IncomingPage]:
    from workbench.exchange.pdf import pdfium

    yield from pdfium.pages_of(path, options, first, last, drawing=drawing)


@in_reader_process
def _pictures(path: Path, options: Options, first: int, last: int | None, drawing: float) -> Iterator[bytes | None]:
    from workbench.exchange.pdf import pdfium

    yield from pdfium.pictures_of(path, options, first, last, drawing=drawing)
