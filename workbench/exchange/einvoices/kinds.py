"""The kinds of e-invoices: which one XML is, going by its root, and its invoices."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from storage.exceptions import InputProblem
from workbench.exchange.einvoices import cii, fattura, signed, ubl
from workbench.exchange.einvoices.xml import REMEDY, Invoice, decoded, local_name, root_of
from workbench.exchange.reader_process import in_reader_process
from workbench.exchange.reading import pdf_pages
from workbench.fields.amounts import unmistakable

if TYPE_CHECKING:
    from lxml.etree import _Element

_ROOTS = re.compile(rf"<(?:[\w.-]+:)?(?P<name>{'|'.join((*cii.ROOTS, *ubl.ROOTS, *fattura.ROOTS))})\b[^>]*>")
_BEFORE_ROOT = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_ROOT = re.compile(r"<[\w.:-]+[^>]*>")
_LOOKED_AT = 8192  # characters from the root on
_KNOWN = ("urn:oasis:names:specification:ubl", "urn:un:unece", "urn:ferd:")
"""Parts of the namespaces of e-invoices: UBL's roots are common words."""
_PRINT = "print it to a PDF and import that"
_NO_INVOICE = "only invoices, credit notes and debit notes are imported"
_OTHERS = (  # part of the root with its namespaces -> what it is, and what to do
    ("facturae", "a Facturae of Spain", _PRINT),
    ("ebinterface", "an ebInterface invoice of Austria", _PRINT),
    ("sat.gob.mx/cfd", "a CFDI of Mexico", _PRINT),
    ("crd.gov.pl", "an invoice of Poland's KSeF", _PRINT),
    ("portalfiscal.inf.br", "an NF-e of Brazil", _PRINT),
    ("finvoice", "a Finvoice of Finland", _PRINT),
    ("svefaktura", "a Svefaktura of Sweden", _PRINT),
    ("oioxml", "an OIOXML invoice of Denmark", _PRINT),
    ("xsd:order", "a UBL order", _NO_INVOICE),
    ("xsd:despatchadvice", "a UBL delivery note", _NO_INVOICE),
    ("xsd:applicationresponse", "a UBL answer to an invoice", _NO_INVOICE),
    ("scrdmccbdaciomessagestructure", "an Order-X order", _NO_INVOICE),
    ("camt.05", "a bank's statement", _NO_INVOICE),
    ("sdi/messaggi", "a notice of Italy's exchange system about an invoice", _NO_INVOICE),
)


def looks_like(head: bytes) -> bool:
    """Whether a file begins as an e-invoice: as its XML, going by the root, or as a signed file."""
    if signed.is_signed(head):
        return True
    text = _from_root(head)
    if not text:
        return False
    match = _ROOTS.search(text)
    return match is not None and (match["name"] not in ubl.ROOTS or any(name in text for name in _KNOWN))


def other_kind(head: bytes) -> str:
    """What a business's XML is that is not read, and what to do; "" where that is not known."""
    match = _ROOT.match(_from_root(head))
    root = match[0].casefold() if match else ""
    return next((f"it is {name}: {remedy}" for part, name, remedy in _OTHERS if part in root), "")


def _from_root(head: bytes) -> str:
    """XML from its root on; "" where a file is none."""
    text = decoded(head).lstrip("\ufeff")
    start = _BEFORE_ROOT.match(text)
    text = text[start.end() if start else 0 :][:_LOOKED_AT]
    return text if text.startswith("<") else ""


@in_reader_process
def invoices_of(data: bytes, name: str = "the XML") -> list[Invoice]:
    """The invoices in XML, which may be signed, at least one; entities are not expanded and nothing is fetched.

    Raises:
        InputProblem: it is not well-formed, has a document type, or is no invoice of a known kind.
    """
    inside = signed.unsigned(data)
    if inside is not data and not decoded(inside[:100]).lstrip("\ufeff \t\r\n").startswith("<"):
        what = "a PDF" if pdf_pages.is_pdf(inside) else "something else"
        raise InputProblem(f"{name} is signed and holds {what}, and no XML: take it out of it and import that", REMEDY)
    root = root_of(inside, name)
    roots = [root]
    if local_name(root) == "StandardBusinessDocument":  # the envelope that Peppol delivers invoices in
        roots = [child for child in root if local_name(child) in (*ubl.ROOTS, *cii.ROOTS)] or roots
    invoices = [invoice for each in roots for invoice in _read(each, name)]
    kept = [
        replace(invoice, values={field: _value(field, value) for field, value in invoice.values.items() if value})
        for invoice in invoices
    ]
    if not any(invoice.values for invoice in kept):
        raise InputProblem(f"{name} is an e-invoice without any values.", REMEDY)
    return kept


def _read(root: "_Element", name: str) -> list[Invoice]:
    kind = local_name(root)
    if cii.matches(root):
        return [cii.read(root)]
    if kind in fattura.ROOTS:
        return fattura.read(root)
    if kind in ubl.ROOTS:
        return [ubl.read(root)]
    raise InputProblem(f"{name} is no e-invoice of a known kind: it starts with <{kind}>.", REMEDY)


def _value(field: str, value: str) -> str:
    """A value as it is kept: the point of an amount in XML is always a decimal one, as in 1.358 Kuwaiti dinars."""
    return unmistakable(value) if field.startswith("amount_") else value
