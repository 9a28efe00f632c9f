"""A document that was read, while its pages may still be in OCR."""

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

from storage.files import Files
from workbench.exchange.ocr import Readers
from workbench.exchange.ocr_text import PageText, turned
from workbench.exchange.reading.incoming import Incoming

_HARD = 0.8  # mean confidence of OCR below which a page is named as hard to read


@dataclass
class PendingDocument:
    """A document with its pictures stored, whose pages may still be in OCR."""

    incoming: Incoming
    digest: str
    path: Path
    original: str | None
    names: list[str | None]  # of the pages' pictures
    readings: "dict[int, Future[PageText]]" = field(default_factory=dict)

    @property
    def is_text(self) -> bool:
        """Whether it is a text that stands on no page, without labels of its words."""
        return self.incoming.text is not None

    @property
    def ready(self) -> bool:
        """Whether all its pages have been read."""
        return all(reading.done() for reading in self.readings.values())

    def take_words(self, files: Files) -> int:
        """Put the words from OCR into the pages, turned pages upright; the number of these pages.

        Raises:
            InputProblem: a page could not be read.
        """
        read = 0
        for number, page in enumerate(self.incoming.pages):
            if page.tokens is not None:
                continue
            page.tokens = []
            if number in self.readings:
                reading = Readers.result(self.readings[number])
                if reading.upright is not None:
                    self.names[number] = files.keep(files.pages, reading.upright, ".jpg")
                    if reading.turn % 180:
                        page.width, page.height = page.height, page.width
                    self.incoming.regions = [
                        replace(region, box=turned(region.box, reading.turn, page.width, page.height))
                        if region.page == number
                        else region
                        for region in self.incoming.regions
                    ]
                    self.incoming.notes.append("1 pages were turned upright")
                if reading.confidence < _HARD:
                    self.incoming.notes.append("1 pages were hard to read for OCR: look at their words")
                page.tokens = reading.scaled(page.width, page.height)
                page.engine, page.engine_version = reading.engine, reading.engine_version
                read += 1
        return read
