"""The values that an e-invoice carries about itself: ZUGFeRD 1 and 2, Factur-X and other CII, UBL 2.1, FatturaPA."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from storage.exceptions import InputProblem
from storage.records import ReferenceValue
from workbench.exchange.einvoices.attachments import xml_of
from workbench.exchange.einvoices.kinds import invoices_of, looks_like
from workbench.exchange.einvoices.xml import LARGEST, REMEDY
from workbench.exchange.reader_process import in_reader_process
from workbench.exchange.reading import pdf_pages
from workbench.exchange.reading.incoming import Options
from workbench.exchange.reading.named_files import of_same_name
from workbench.exchange.reading.parsing import head_of, is_within
from workbench.fields import FieldType, invoice_schema
from workbench.fields.values import normalise, occurrences, same
from workbench.files.import_root import content_of, opened

SOURCE = "e-invoice"
"""The `values_source` of these values."""


@in_reader_process
def read(source: Path | bytes, password: str | None = None) -> dict[str, str]:
    """The values of an e-invoice: field id -> value as the XML spells it (dates ISO, amounts with a point).

    Returns:
        {} when the PDF carries no e-invoice.

    Raises:
        InputProblem: the file is no PDF, or carries an e-invoice that cannot be read; the message says why.
    """
    attachment = xml_of(source, password)
    return {} if attachment is None else values_of(attachment[1], attachment[0])


def beside(path: Path, options: Options) -> Path | None:
    """The e-invoice NAME.xml beside NAME.pdf or a picture; None where there is none below the import's root."""
    return next(_all_beside(path, options), None)


def _all_beside(path: Path, options: Options) -> Iterator[Path]:
    for suffix in (".xml", ".xml.p7m"):
        other = of_same_name(path, (suffix,))
        try:
            if other is not None and is_within(options, other) and looks_like(head_of(other)):
                yield other
        except (OSError, InputProblem):
            continue


def left_beside(path: Path, options: Options) -> str:
    """What is said of the e-invoice beside a PDF or picture that cannot be read; "" where there is none."""
    other = beside(path, options)
    return "" if other is None else f"; the e-invoice {other.name} beside it was not read either: import it alone"


def values_for(path: Path, options: Options, notes: list[str]) -> dict[str, str]:
    """The values for a PDF or picture: of the e-invoice inside it, else of the one beside it.

    Where there are several, or the one beside it holds several invoices, `notes` gets which of them was taken.

    Raises:
        InputProblem: one is there and cannot be read.
    """
    others = list(_all_beside(path, options))
    other = others[0] if others else None
    try:
        inside = read(path, options.password) if path.suffix.lower() == ".pdf" and _is_pdf(path) else {}
    except InputProblem as problem:
        if other is None:
            raise
        notes.append(f"the e-invoice inside was not read, the one beside it was: {problem.message}")
        inside = {}
    if other is None:
        return inside
    if inside:
        if not _holds(other, inside):
            notes.append("the e-invoice beside it was left out, as another one is inside: import the XML alone")
        return inside
    if other.stat().st_size > LARGEST:
        raise InputProblem(f"{other.name} is larger than {LARGEST // 1_000_000} MB.", REMEDY)
    invoices = invoices_of(content_of(other), other.name)
    values = invoices[0].values
    if not all(_holds(file, values) for file in others[1:]):
        notes.append("the signed e-invoice beside it was left out, as the other one is another: import it alone")
    if len(invoices) > 1:
        number = f", number {values['invoice_no']}" if "invoice_no" in values else ""
        notes.append(
            f"the e-invoice beside it holds {len(invoices)} invoices: the values are those of the first{number}; "
            "for the others, import the XML alone"
        )
    return values


def _holds(path: Path, values: Mapping[str, str]) -> bool:
    """Whether an e-invoice's file has an invoice with these values."""
    if path.stat().st_size > LARGEST:
        return False
    try:
        return any(invoice.values == values for invoice in invoices_of(content_of(path), path.name))
    except InputProblem:
        return False


def _is_pdf(path: Path) -> bool:
    """Whether it is no picture that is called a PDF."""
    with opened(path) as file:
        return pdf_pages.is_pdf(file.read(1024))


def values_of(data: bytes, name: str = "the XML") -> dict[str, str]:
    """The values in an e-invoice's XML, those of the first invoice where there are several.

    Raises:
        InputProblem: it is not well-formed, has a document type, or is no invoice of a known kind.
    """
    return invoices_of(data, name)[0].values


def with_printed_signs(values: Mapping[str, str], page_text: str) -> dict[str, str]:
    """Values whose amounts have the sign of the page: a credit note's are positive in its XML, and seldom in print."""
    if not any(field.startswith("amount_") for field in values):
        return dict(values)
    printed = {reading for _, _, readings in occurrences(FieldType.AMOUNT, page_text) for reading in readings}

    def signed(field: str, value: str) -> str:
        amount = normalise(FieldType.AMOUNT, value).normal if field.startswith("amount_") else None
        is_negated = amount is not None and amount not in printed and f"-{amount}" in printed
        return f"-{value.strip()}" if is_negated else value

    return {field: signed(field, value) for field, value in values.items()}


def are_of_two_invoices(known: Iterable[ReferenceValue], others: Iterable[ReferenceValue]) -> bool:
    """Whether an e-invoice gave two documents different values of any field. The sign of an amount does not count."""
    first, second = _given(known), _given(others)
    return any(
        not same(field.type, first[field.id], second[field.id])
        for field in (invoice_schema() if first and second else ())
        if field.id in first and field.id in second
    )


def _given(values: Iterable[ReferenceValue]) -> dict[str, str]:
    given = {value.field: value.value for value in values if value.source == SOURCE}
    return {field: value.lstrip("- ") if field.startswith("amount_") else value for field, value in given.items()}
