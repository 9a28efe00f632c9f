"""PDF: words from the text layer, pictures of the pages, and an e-invoice's own values."""

from collections.abc import Iterator
from pathlib import Path

from storage.exceptions import InputProblem, WorkspaceProblem
from storage.files import temporary_folder
from workbench.exchange.einvoices import attachments, document_values
from workbench.exchange.reading import pdf_pages
from workbench.exchange.reading.incoming import Incoming, Options, Rejected


class PdfImporter:
    name = "pdf"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the signature."""
        return 0.9 if pdf_pages.is_pdf(head) else 0.0

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """One document; the pages' pictures are files that exist until the next document is requested."""
        incoming = Incoming(path.stem, str(path), [], self.name)
        with temporary_folder("pdf") as folder:
            try:
                for number, page in enumerate(pdf_pages.pages_of(path, options)):
                    if isinstance(page.picture, bytes):
                        picture = folder / f"{number}.jpg"
                        _write(picture, page.picture)
                        page.picture = picture
                    incoming.pages.append(page)
            except InputProblem as problem:
                yield Rejected(str(path), "", problem.message + document_values.left_beside(path, options))
                return
            self._add_values(incoming, path, options)
            incoming.notes += attachments.not_read(path, options.password)
            yield incoming

    def _add_values(self, incoming: Incoming, path: Path, options: Options) -> None:
        try:
            words = (token.text for page in incoming.pages for token in page.tokens or ())
            incoming.values = document_values.with_printed_signs(
                document_values.values_for(path, options, incoming.notes), " ".join(words)
            )
        except InputProblem as problem:
            incoming.notes.append(f"the e-invoice was not read: {problem.message}")
        if incoming.values:
            incoming.values_source = "e-invoice"


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise WorkspaceProblem(
            f"The temporary folder {path.parent} cannot be written: {error.strerror or error}.",
            "Free some space there, or set TMPDIR to another folder.",
        ) from error


IMPORTER = PdfImporter()
