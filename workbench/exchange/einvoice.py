"""The values that an e-invoice carries about itself: ZUGFeRD 1 and 2, Factur-X and other CII, UBL 2.1, FatturaPA."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from storage.exceptions import InputProblem
from workbench.exchange.einvoices import fattura, ubl
from workbench.exchange.einvoices.attachments import xml_of
from workbench.exchange.einvoices.xml import (
    LARGEST,
    REMEDY,
    Invoice,
    LineItem,
    elements,
    joined,
    local_name,
    looks_like,
    one_of,
    root_of,
    text,
)
from workbench.exchange.reader_process import in_reader_process
from workbench.fields import FieldType
from workbench.fields.values import normalise, occurrences

if TYPE_CHECKING:
    from lxml.etree import _Element

# Of UNTDID 1001, as EN 16931 lists them:
_CREDIT_NOTES = frozenset(["81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"])
# Where each value stands, from the root, by local names: ZUGFeRD 1 and 2 differ in namespaces and in some names,
# and "|" divides those. The first path with an element counts.
_AGREEMENT = "ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement"
_SETTLEMENT = "ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement"
_CII = "CrossIndustryInvoice"
_TRADE = "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction"
_SUMS = (
    f"{_TRADE}/{_SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
)
_LINE_AGREEMENT = "SpecifiedLineTradeAgreement|SpecifiedSupplyChainTradeAgreement"
_LINE_SETTLEMENT = "SpecifiedLineTradeSettlement|SpecifiedSupplyChainTradeSettlement"
_LINE_SUMS = "SpecifiedTradeSettlementLineMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
_DELIVERY = "SpecifiedLineTradeDelivery|SpecifiedSupplyChainTradeDelivery"
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
def read(source: Path | bytes, password: str | None = None) -> dict[str, str]:
    """The values of an e-invoice: field id -> value as the XML spells it (dates ISO, amounts with a point).

    Returns:
        {} when the PDF carries no e-invoice.

    Raises:
        InputProblem: the file is no PDF, or carries an e-invoice that cannot be read; the message says why.
    """
    attachment = xml_of(source, password)
    return {} if attachment is None else values_of(attachment[1], attachment[0])


def beside(path: Path) -> Path | None:
    """The e-invoice NAME.xml beside NAME.pdf or a picture; None where there is none."""
    for suffix in (".xml", ".XML"):
        other = path.with_suffix(suffix)
        try:
            if other != path and other.is_file() and looks_like(other.open("rb").read(8192)):
                return other
        except OSError:
            continue
    return None


def values_for(path: Path, password: str | None = None) -> dict[str, str]:
    """The values for a PDF or picture: of the e-invoice inside it, else of the one beside it.

    Raises:
        InputProblem: one is there and cannot be read.
    """
    inside = read(path, password) if path.suffix.lower() == ".pdf" else {}
    other = None if inside else beside(path)
    if other is None:
        return inside
    if other.stat().st_size > LARGEST:
        raise InputProblem(f"{other.name} is larger than {LARGEST // 1_000_000} MB.", REMEDY)
    return values_of(other.read_bytes(), other.name)


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


@in_reader_process
def invoices_of(data: bytes, name: str = "the XML") -> list[Invoice]:
    """The invoices in XML, at least one; entities are not expanded and nothing is fetched.

    Raises:
        InputProblem: it is not well-formed, has a document type, or is no invoice of a known kind.
    """
    root = root_of(data, name)
    if local_name(root) == "StandardBusinessDocument":  # the envelope that Peppol delivers invoices in
        root = next((child for child in root if local_name(child) in ("Invoice", "CreditNote", _CII)), root)
    kind = local_name(root)
    if elements(root, _TRADE):
        invoices = [_cii(root)]
    elif kind == "FatturaElettronica":
        invoices = fattura.read(root)
    elif kind in ("Invoice", "CreditNote"):
        invoices = [ubl.read(root, kind == "CreditNote")]
    else:
        raise InputProblem(f"{name} is no e-invoice of a known kind: it starts with <{kind}>.", REMEDY)
    kept = [
        Invoice({field: value for field, value in invoice.values.items() if value}, invoice.lines, invoice.title)
        for invoice in invoices
    ]
    if not any(invoice.values for invoice in kept):
        raise InputProblem(f"{name} is an e-invoice without any values.", REMEDY)
    return kept


def _cii(root: "_Element") -> Invoice:
    values = {field: text(root, path) for field, path in _PATHS.items()}
    for field in ("invoice_date", "due_date"):
        values[field] = _iso(text(root, f"{_PATHS[field]}/DateTimeString") or values[field])
    for side, party in (("seller", "SellerTradeParty"), ("buyer", "BuyerTradeParty")):
        values[f"{side}_address"] = _address(root, party)
        values[f"{side}_tax_id"] = _tax_id(root, party)
    values["amount_tax"] = _tax(root, values["currency"])
    taxes = elements(root, f"{_TRADE}/{_SETTLEMENT}/ApplicableTradeTax")
    values["tax_rate"] = one_of(text(tax, "RateApplicablePercent|ApplicablePercent") for tax in taxes)
    lines = [
        LineItem(
            text(line, "SpecifiedTradeProduct/Name"),
            text(line, f"{_DELIVERY}/BilledQuantity"),
            text(line, f"{_LINE_AGREEMENT}/NetPriceProductTradePrice/ChargeAmount"),
            text(line, f"{_LINE_SETTLEMENT}/{_LINE_SUMS}/LineTotalAmount"),
        )
        for line in elements(root, f"{_TRADE}/IncludedSupplyChainTradeLineItem")
    ]
    kind = text(root, "ExchangedDocument|HeaderExchangedDocument/TypeCode")
    return Invoice(values, tuple(lines), "Credit note" if kind in _CREDIT_NOTES else "Invoice")


def _iso(day: str) -> str:
    """Format 102 (20180605) as ISO; other forms as they are."""
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}" if len(day) == 8 and day.isdigit() else day


def _address(root: "_Element", party: str) -> str:
    """Street, further lines, post code and town in the order in which they are printed on the continent."""
    for place in elements(root, f"{_TRADE}/{_AGREEMENT}/{party}/PostalTradeAddress"):
        lines = [text(place, name) for name in ("LineOne", "LineTwo", "LineThree")]
        return joined(*lines, f"{text(place, 'PostcodeCode')} {text(place, 'CityName')}")
    return ""


def _tax_id(root: "_Element", party: str) -> str:
    """The VAT number (VA), else the tax office's number (FC)."""
    numbers = {
        number.get("schemeID", ""): " ".join((number.text or "").split())
        for number in elements(root, f"{_TRADE}/{_AGREEMENT}/{party}/SpecifiedTaxRegistration/ID")
    }
    return numbers.get("VA") or numbers.get("FC") or ""


def _tax(root: "_Element", currency: str) -> str:
    """The tax total; it may be given a second time in the seller's own currency."""
    totals = elements(root, f"{_SUMS}/TaxTotalAmount")
    own = [total for total in totals if total.get("currencyID") in (currency, None)]
    return next(((total.text or "").strip() for total in own or totals), "")
