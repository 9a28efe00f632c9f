"""CII invoices: ZUGFeRD 1 and 2, Factur-X, XRechnung."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workbench.exchange.einvoices.xml import (
    Invoice,
    LineItem,
    addition,
    day,
    elements,
    is_true,
    joined,
    one_of,
    payments,
    taxes_by_rate,
    text,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

ROOTS = ("CrossIndustryInvoice", "CrossIndustryDocument")
# Of UNTDID 1001, as EN 16931 lists them:
_CREDIT_NOTES = frozenset(["81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"])
# Where each value stands, from the root, by local names: ZUGFeRD 1 and 2 differ in namespaces and in some names,
# and "|" divides those. The first path with an element counts.
_AGREEMENT = "ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement"
_SETTLEMENT = "ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement"
_TRADE = "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction"
_SUMS = (
    f"{_TRADE}/{_SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
)
_LINE_AGREEMENT = "SpecifiedLineTradeAgreement|SpecifiedSupplyChainTradeAgreement"
_LINE_SETTLEMENT = "SpecifiedLineTradeSettlement|SpecifiedSupplyChainTradeSettlement"
_LINE_SUMS = "SpecifiedTradeSettlementLineMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
_RATE = "RateApplicablePercent|ApplicablePercent"
_DELIVERY = "SpecifiedLineTradeDelivery|SpecifiedSupplyChainTradeDelivery"
_PATHS = {
    "invoice_no": "ExchangedDocument|HeaderExchangedDocument/ID",
    "invoice_date": "ExchangedDocument|HeaderExchangedDocument/IssueDateTime",
    "purchase_order": f"{_TRADE}/{_AGREEMENT}/BuyerOrderReferencedDocument/IssuerAssignedID|ID",
    "seller_name": f"{_TRADE}/{_AGREEMENT}/SellerTradeParty/Name",
    "buyer_name": f"{_TRADE}/{_AGREEMENT}/BuyerTradeParty/Name",
    "currency": f"{_TRADE}/{_SETTLEMENT}/InvoiceCurrencyCode",
    "amount_net": f"{_SUMS}/TaxBasisTotalAmount",
    "amount_total": f"{_SUMS}/GrandTotalAmount",
    "iban": f"{_TRADE}/{_SETTLEMENT}/SpecifiedTradeSettlementPaymentMeans/PayeePartyCreditorFinancialAccount/IBANID",
}


def matches(root: "_Element") -> bool:
    """Whether there is a transaction in it, whatever the root is called."""
    return bool(elements(root, _TRADE))


def read(root: "_Element") -> Invoice:
    """The values and lines of an invoice or credit note."""
    values = {field: text(root, path) for field, path in _PATHS.items()}
    values["invoice_date"] = _date(root, _PATHS["invoice_date"])
    values["due_date"] = _due_date(root)
    for side, party in (("seller", "SellerTradeParty"), ("buyer", "BuyerTradeParty")):
        values[f"{side}_address"] = _address(root, party)
        values[f"{side}_tax_id"] = _tax_id(root, party)
    values["amount_tax"] = _tax(root, values["currency"])
    taxes = elements(root, f"{_TRADE}/{_SETTLEMENT}/ApplicableTradeTax")
    values["tax_rate"] = one_of(text(tax, _RATE) for tax in taxes)
    lines = [
        LineItem(
            text(line, "SpecifiedTradeProduct/Name"),
            text(line, f"{_DELIVERY}/BilledQuantity"),
            text(line, *(f"{_LINE_AGREEMENT}/{kind}PriceProductTradePrice/ChargeAmount" for kind in ("Net", "Gross"))),
            text(line, f"{_LINE_SETTLEMENT}/{_LINE_SUMS}/LineTotalAmount"),
        )
        for line in elements(root, f"{_TRADE}/IncludedSupplyChainTradeLineItem")
    ]
    kind = text(root, "ExchangedDocument|HeaderExchangedDocument/TypeCode")
    title = "Credit note" if kind in _CREDIT_NOTES else "Invoice"
    return Invoice(
        values,
        tuple(lines),
        title,
        tuple(_additions(root, taxes)),
        payments(text(root, f"{_SUMS}/TotalPrepaidAmount"), text(root, f"{_SUMS}/DuePayableAmount")),
    )


def _additions(root: "_Element", taxes: "list[_Element]") -> Iterator[tuple[str, str]]:
    """Allowances and charges of the whole invoice, and its taxes where there are several."""
    for part in elements(root, f"{_TRADE}/{_SETTLEMENT}/SpecifiedTradeAllowanceCharge"):
        is_charge = is_true(text(part, "ChargeIndicator/Indicator", "ChargeIndicator"))
        yield addition(text(part, "Reason"), text(part, "ActualAmount"), is_charge=is_charge)
    yield from taxes_by_rate(
        [(text(tax, _RATE), text(tax, "BasisAmount"), text(tax, "CalculatedAmount")) for tax in taxes]
    )


def _date(element: "_Element", path: str) -> str:
    """A date: of format 102 (20180605) or a moment as ISO; other forms as they are."""
    written = text(element, f"{path}/DateTimeString|DateString", f"{path}/DateTime|Date", path)
    if len(written) == 8 and written.isdigit():
        return f"{written[:4]}-{written[4:6]}-{written[6:8]}"
    return day(written)


def _due_date(root: "_Element") -> str:
    """The day on which all is due: not that of terms with a discount, where there are others."""
    terms = elements(root, f"{_TRADE}/{_SETTLEMENT}/SpecifiedTradePaymentTerms")
    terms.sort(key=lambda term: bool(elements(term, "ApplicableTradePaymentDiscountTerms")))
    return next((date for term in terms if (date := _date(term, "DueDateDateTime"))), "")


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
