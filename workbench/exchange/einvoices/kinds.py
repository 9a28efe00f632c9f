"""The kinds of e-invoices: which one XML is, going by its root, and its invoices."""

import re

from storage.exceptions import InputProblem
from workbench.exchange.einvoices import cii, fattura, ubl
from workbench.exchange.einvoices.xml import REMEDY, Invoice, decoded, local_name, root_of
from workbench.exchange.reader_process import in_reader_process

_ROOTS = re.compile(rf"<(?:[\w.-]+:)?(?P<name>{'|'.join((*cii.ROOTS, *ubl.ROOTS, *fattura.ROOTS))})\b[^>]*>")
_KNOWN = ("urn:oasis:names:specification:ubl", "urn:un:unece", "urn:ferd:")
"""Parts of the namespaces of e-invoices: UBL's roots are common words."""


def looks_like(head: bytes) -> bool:
    """Whether a file begins as the XML of an e-invoice, going by its root."""
    text = decoded(head[:8192])
    if not text.lstrip().startswith("<"):
        return False
    match = _ROOTS.search(text)
    return match is not None and (match["name"] not in ubl.ROOTS or any(name in text for name in _KNOWN))


@in_reader_process
def invoices_of(data: bytes, name: str = "the XML") -> list[Invoice]:
    """The invoices in XML, at least one; entities are not expanded and nothing is fetched.

    Raises:
        InputProblem: it is not well-formed, has a document type, or is no invoice of a known kind.
    """
    root = root_of(data, name)
    if local_name(root) == "StandardBusinessDocument":  # the envelope that Peppol delivers invoices in
        root = next((child for child in root if local_name(child) in (*ubl.ROOTS, *cii.ROOTS)), root)
    kind = local_name(root)
    if cii.matches(root):
        invoices = [cii.read(root)]
    elif kind in fattura.ROOTS:
        invoices = fattura.read(root)
    elif kind in ubl.ROOTS:
        invoices = [ubl.read(root)]
    else:
        raise InputProblem(f"{name} is no e-invoice of a known kind: it starts with <{kind}>.", REMEDY)
    kept = [
        Invoice({field: value for field, value in invoice.values.items() if value}, invoice.lines, invoice.title)
        for invoice in invoices
    ]
    if not any(invoice.values for invoice in kept):
        raise InputProblem(f"{name} is an e-invoice without any values.", REMEDY)
    return kept
