"""The XML that a PDF carries: as an attachment, an associated file of the document, or an annotation on a page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.einvoices import xml
from workbench.exchange.einvoices.kinds import looks_like
from workbench.exchange.pdf.opening import open_pdf
from workbench.exchange.reader_process import in_reader_process
from workbench.exchange.reading.named_files import DOCUMENTS
from workbench.files.import_root import content_of

NAMES = frozenset({"factur-x.xml", "zugferd-invoice.xml", "zugferd_invoice.xml", "xrechnung.xml"})
"""How the standards name the attachment; what is named so is an e-invoice even where it is broken."""

_PAGES = 200  # on which annotations are looked for


def xml_of(source: Path | bytes, password: str | None = None) -> tuple[str, bytes] | None:
    """The e-invoice inside a PDF as (attachment's name, XML); None when there is none.

    Raises:
        InputProblem: the file is no PDF, is encrypted, or the attachment is too large.
    """
    import pypdfium2

    try:
        pdf = open_pdf(source, password)
        try:
            invoice_xml = _best(_attachments(pdf))
        finally:
            pdf.close()
    except (pypdfium2.PdfiumError, FileNotFoundError) as error:
        raise InputProblem(
            f"The PDF cannot be opened: {error}", "Check that the file is a PDF without a password."
        ) from error
    if invoice_xml is None and b"EmbeddedFile" in (source if isinstance(source, bytes) else content_of(source)):
        invoice_xml = _best(_associated(source, password))
    return invoice_xml


@in_reader_process
def not_read(source: Path, password: str | None = None) -> list[str]:
    """What is said of documents inside a PDF that are no pages of it: those of a portfolio, and a second e-invoice."""
    import pypdfium2

    notes = []
    try:
        pdf = open_pdf(source, password)
        try:
            attachments = list(_attachments(pdf))
        finally:
            pdf.close()
    except pypdfium2.PdfiumError:
        return []  # damaged there: its pages were read
    if any(name.lower().endswith(DOCUMENTS) for name, _ in attachments):
        notes.append("a PDF carries other PDFs or pictures, which were not read: save these as files")
    if len({data for _, data in attachments if looks_like(data)}) > 1:
        notes.append("a PDF carries several e-invoices, of which one gave its values: save the others as files")
    return notes


def _best(attachments: Iterator[tuple[str, bytes]]) -> tuple[str, bytes] | None:
    """The likeliest: an invoice by the root of its XML, and named as the standards name it; the first of these."""
    likeliest: dict[tuple[bool, bool], tuple[str, bytes]] = {}
    for name, data in attachments:
        is_named = name.casefold() in NAMES
        if not is_named and not looks_like(data):
            continue
        if len(data) > xml.LARGEST:
            raise InputProblem(f"{name} is larger than {xml.LARGEST // 1_000_000} MB.", xml.REMEDY)
        likeliest.setdefault((looks_like(data), is_named), (name, data))
    return likeliest[max(likeliest)] if likeliest else None


def _attachments(pdf: Any) -> Iterator[tuple[str, bytes]]:
    for number in range(pdf.count_attachments()):
        attachment = pdf.get_attachment(number)
        yield attachment.get_name(), bytes(attachment.get_data())


def _associated(source: Path | bytes, password: str | None) -> Iterator[tuple[str, bytes]]:
    """Files of /AF and of annotations, which PDFium does not list."""
    from io import BytesIO

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(BytesIO(source if isinstance(source, bytes) else content_of(source)), strict=False)
        if reader.is_encrypted and not (reader.decrypt("") or reader.decrypt(password or "")):
            return
        specifications = [_object(entry) for entry in _listed(reader.root_object.get("/AF"))]
        for page in reader.pages[:_PAGES]:
            for annotation in map(_object, _listed(page.get("/Annots"))):
                if annotation.get("/Subtype") == "/FileAttachment":
                    specifications.append(_object(annotation.get("/FS")))
        for specification in specifications:
            files = _object(specification.get("/EF"))
            stream = _object(files.get("/UF") or files.get("/F"))
            if hasattr(stream, "get_data"):
                yield str(specification.get("/UF") or specification.get("/F") or "attachment"), stream.get_data()
    except (PyPdfError, OSError, ValueError, KeyError, TypeError, AttributeError, NotImplementedError, RecursionError):
        return  # damaged there: PDFium has read the pages, and has found no attachment


def _object(value: Any) -> Any:
    """What a reference refers to; an empty dictionary for nothing."""
    value = value.get_object() if hasattr(value, "get_object") else value
    return {} if value is None else value


def _listed(value: Any) -> list[Any]:
    value = _object(value)
    return list(value) if isinstance(value, list) else [value] if value else []
