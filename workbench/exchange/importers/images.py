"""Pictures of documents: PNG, JPEG, TIFF (several pages) and others that Pillow reads. Their words come from OCR."""

from collections.abc import Iterator
from pathlib import Path

from storage.exceptions import InputProblem
from workbench.exchange import pictures
from workbench.exchange.einvoices import document_values
from workbench.exchange.reading.incoming import Incoming, IncomingPage, Options, Rejected

_MAGIC = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"GIF87a", b"GIF89a"),
    *(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),  # JPEG 2000
)


class ImageImporter:
    """One picture file is one document; a TIFF's frames are its pages."""

    name = "image"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the first bytes: a text file named .png is none."""
        is_bmp = head[:2] == b"BM" and head[6:10] == b"\0\0\0\0"
        is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
        return 0.9 if head.startswith(_MAGIC) or is_bmp or is_webp or pictures.container_of(head) else 0.0

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """One document without words; its pages are as large as the upright picture, in pixels."""
        try:
            sizes = pictures.measure(path, options.limits)
            has_others = pictures.has_others(path)
        except InputProblem as problem:
            yield Rejected(str(path), "", problem.message + document_values.left_beside(path, options))
            return
        pages = [
            IncomingPage(float(width), float(height), None, path, number)
            for number, (width, height) in enumerate(sizes)
        ]
        incoming = Incoming(path.stem, str(path), pages, self.name)
        if has_others:
            incoming.notes.append("of a file with several pictures the first was read: save the others as files")
        try:
            incoming.values = document_values.values_for(path, options, incoming.notes)
        except InputProblem as problem:
            incoming.notes.append(f"the e-invoice was not read: {problem.message}")
        incoming.values_source = document_values.SOURCE if incoming.values else ""
        yield incoming


IMPORTER = ImageImporter()
