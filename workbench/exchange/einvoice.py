"""The values that an e-invoice carries about itself: ZUGFeRD 1 and 2, Factur-X."""

from pathlib import Path
from typing import TYPE_CHECKING

from storage.exceptions import InputProblem
from workbench.exchange.reader_process import in_reader_process

if TYPE_CHECKING:
    from lxml.etree import _Element

_FILES = frozenset({"factur-x.xml", "zugferd-invoice.xml", "zugferd_invoice.xml", "xrechnung.xml"})
_LARGEST = 20_000_000  # bytes of XML; real ones have some ten thousand
_REMEDY = "Look at the PDF's attachments, or import the PDF without its values."

# Where each value stands, from the root, by local names: ZUGFeRD 1 and 2 differ in namespaces and in some names,
# and "|" divides those. The first path with an element counts.
_AGREEMENT = "ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement"
_SETTLEMENT = "ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement"
_TRADE = "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction"
_SUMS = (
    f"{_TRADE}/{_SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
)
_PATHS = {
    "invoice_no": "ExchangedDocument|HeaderExchangedDocument/ID",
    "invoice_date": "ExchangedDocument|HeaderExchangedDocument/IssueDateTime",
    "due_date": f"{_TRADE}/{_SETTLEMENT}/SpecifiedTradePaymentTerms/DueDateDateTime",
    "purchase_order": f"{_TRADE}/{_AGREEMENT}/BuyerOrderReferencedDocument/IssuerAssignedID|ID",
    "seller_name": f"{_TRADE}/{_AGREEMENT}/SellerTradeParty/Name",
    "buyer_name": f"{_TRADE}/{_AGREEMENT}/BuyerTradeParty/Name",
    "currency": f"{_TRADE}/{_SETTLEMENT}/InvoiceCurrencyCode",
    "amount_net": f"{_SUMS}/TaxBasisTotalAmount",
    "amount_total": f"{_SUMS}/GrandTotalAmount",
    "iban": f"{_TRADE}/{_SETTLEMENT}/SpecifiedTradeSettlementPaymentMeans/PayeePartyCreditorFinancialAccount/IBANID",
}


@in_reader_process
def read(source: Path | bytes) -> dict[str, str]:
    """The values of an e-invoice: field id -> value as the XML spells it (dates ISO, amounts with a point).

    Returns:
        {} when the PDF carries no e-invoice.

    Raises:
        InputProblem: the file is no PDF, or carries an e-invoice that cannot be read; the message says why.
    """
    attachment = xml_of(source)
    return {} if attachment is None else values_of(attachment[1], attachment[0])


def xml_of(source: Path | bytes) -> tuple[str, bytes] | None:
    """The e-invoice inside a PDF as (attachment's name, XML); None when there is none.

    Raises:
        InputProblem: the file is no PDF, is encrypted, or the attachment is too large.
    """
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(source)
        try:
            for number in range(pdf.count_attachments()):
                attachment = pdf.get_attachment(number)
                name = attachment.get_name()
                if name.casefold() in _FILES:
                    data = bytes(attachment.get_data())
                    if len(data) > _LARGEST:
                        raise InputProblem(f"{name} is larger than {_LARGEST // 1_000_000} MB.", _REMEDY)
                    return name, data
        finally:
            pdf.close()
    except (pypdfium2.PdfiumError, FileNotFoundError) as error:
        raise InputProblem(
            f"The PDF cannot be opened: {error}", "Check that the file is a PDF without a password."
        ) from error
    return None


def values_of(data: bytes, name: str = "the XML") -> dict[str, str]:
    """The values in an e-invoice's XML; entities are not expanded and nothing is fetched.

    Raises:
        InputProblem: it is not well-formed, has a document type, or is no invoice of a known kind.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise InputProblem(f"{name} is broken XML: {error}", _REMEDY) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise InputProblem(f"{name} declares a document type, which e-invoices never do; it is not read.", _REMEDY)
    if not _elements(root, _TRADE):
        raise InputProblem(f"{name} is no ZUGFeRD or Factur-X invoice: it starts with <{_local_name(root)}>.", _REMEDY)
    values = {field: _text(root, path) for field, path in _PATHS.items()}
    for field in ("invoice_date", "due_date"):
        values[field] = _iso(_text(root, f"{_PATHS[field]}/DateTimeString") or values[field])
    for side, party in (("seller", "SellerTradeParty"), ("buyer", "BuyerTradeParty")):
        values[f"{side}_address"] = _address(root, party)
        values[f"{side}_tax_id"] = _tax_id(root, party)
    values["amount_tax"] = _tax(root, values["currency"])
    # One rate only: an invoice with several has no single value to label.
    rates = {
        _text(tax, "RateApplicablePercent|ApplicablePercent")
        for tax in _elements(root, f"{_TRADE}/{_SETTLEMENT}/ApplicableTradeTax")
    }
    values["tax_rate"] = rates.pop() if len(rates) == 1 else ""
    return {field: value for field, value in values.items() if value}


def _local_name(element: "_Element") -> str:
    # Processing instructions have no name that is a string.
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _elements(element: "_Element", path: str) -> "list[_Element]":
    elements = [element]
    for step in path.split("/"):
        names = step.split("|")
        elements = [child for parent in elements for child in parent if _local_name(child) in names]
    return elements


def _text(element: "_Element", path: str) -> str:
    return next((text for node in _elements(element, path) if (text := " ".join((node.text or "").split()))), "")


def _iso(text: str) -> str:
    """Format 102 (20180605) as ISO; other forms as they are."""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else text


def _address(root: "_Element", party: str) -> str:
    """Street, further lines, post code and town in the order in which they are printed on the continent."""
    for place in _elements(root, f"{_TRADE}/{_AGREEMENT}/{party}/PostalTradeAddress"):
        lines = [_text(place, name) for name in ("LineOne", "LineTwo", "LineThree")]
        town = f"{_text(place, 'PostcodeCode')} {_text(place, 'CityName')}"
        return ", ".join(line.strip() for line in (*lines, town) if line.strip())
    return ""


def _tax_id(root: "_Element", party: str) -> str:
    """The VAT number (VA), else the tax office's number (FC)."""
    numbers = {
        number.get("schemeID", ""): " ".join((number.text or "").split())
        for number in _elements(root, f"{_TRADE}/{_AGREEMENT}/{party}/SpecifiedTaxRegistration/ID")
    }
    return numbers.get("VA") or numbers.get("FC") or ""


def _tax(root: "_Element", currency: str) -> str:
    """The tax total; it may be given a second time in the seller's own currency."""
    totals = _elements(root, f"{_SUMS}/TaxTotalAmount")
    own = [total for total in totals if total.get("currencyID") in (currency, None)]
    return next(((total.text or "").strip() for total in own or totals), "")
