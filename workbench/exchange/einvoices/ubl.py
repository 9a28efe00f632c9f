"""UBL 2.1 invoices and credit notes (Peppol BIS, XRechnung)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workbench.exchange.einvoices.xml import (
    Invoice,
    LineItem,
    addition,
    day,
    elements,
    first,
    is_true,
    joined,
    local_name,
    one_of,
    payments,
    taxes_by_rate,
    text,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

_TITLES = {
    "Invoice": "Invoice",
    "CreditNote": "Credit note",
    "DebitNote": "Debit note",
    "SelfBilledInvoice": "Invoice",
    "SelfBilledCreditNote": "Credit note",
}
ROOTS = tuple(_TITLES)
_NO_ORDER = "NA"  # what Peppol has written where there is a sales order alone
_TAX_SCHEMES = frozenset({"VKN", "TCKN"})
"""Of identifications that are tax numbers: in Turkey they do not stand with the tax scheme."""
_TOTAL = "LegalMonetaryTotal|RequestedMonetaryTotal"


def read(root: "_Element") -> Invoice:
    """The values and lines of an invoice or credit note."""
    currency = text(root, "DocumentCurrencyCode")
    values = {
        "invoice_no": text(root, "ID"),
        "invoice_date": day(text(root, "IssueDate")),
        "due_date": day(text(root, "DueDate", "PaymentMeans/PaymentDueDate", "PaymentTerms/PaymentDueDate")),
        "purchase_order": order if (order := text(root, "OrderReference/ID")) != _NO_ORDER else "",
        "currency": currency,
        "amount_net": text(root, f"{_TOTAL}/TaxExclusiveAmount"),
        "amount_tax": _tax(root, currency),
        "amount_total": text(root, f"{_TOTAL}/TaxInclusiveAmount", f"{_TOTAL}/PayableAmount"),
        "tax_rate": one_of(text(tax, "Percent") for tax in elements(root, "TaxTotal/TaxSubtotal/TaxCategory")),
        "iban": text(root, "PaymentMeans/PayeeFinancialAccount/ID"),
    }
    for side, name in (("seller", "AccountingSupplierParty"), ("buyer", "AccountingCustomerParty")):
        party = first(root, f"{name}/Party")
        if party is None:
            continue
        person = (text(party, f"Person/{part}") for part in ("FirstName", "MiddleName", "FamilyName"))
        company = text(party, "PartyLegalEntity/RegistrationName", "PartyName/Name")
        values[f"{side}_name"] = company or " ".join(part for part in person if part)
        values[f"{side}_address"] = _address(party)
        values[f"{side}_tax_id"] = _tax_id(party)
    lines = [
        LineItem(
            text(line, "Item/Name", "Item/Description"),
            text(line, "InvoicedQuantity|CreditedQuantity|DebitedQuantity"),
            text(line, "Price/PriceAmount"),
            text(line, "LineExtensionAmount"),
        )
        for line in elements(root, "InvoiceLine|CreditNoteLine|DebitNoteLine")
    ]
    return Invoice(
        values,
        tuple(lines),
        _TITLES.get(local_name(root), "Invoice"),
        tuple(_additions(root)),
        payments(text(root, f"{_TOTAL}/PrepaidAmount"), text(root, f"{_TOTAL}/PayableAmount")),
    )


def _additions(root: "_Element") -> Iterator[tuple[str, str]]:
    """Allowances and charges of the whole invoice, and its taxes where there are several."""
    for part in elements(root, "AllowanceCharge"):
        is_charge = is_true(text(part, "ChargeIndicator"))
        reason = text(part, "AllowanceChargeReason")
        yield addition(reason, text(part, "Amount"), is_charge=is_charge)
    yield from taxes_by_rate(
        [
            (text(tax, "TaxCategory/Percent"), base, text(tax, "TaxAmount"))
            for tax in elements(root, "TaxTotal/TaxSubtotal")
            if (base := text(tax, "TaxableAmount"))
        ]
    )


def _address(party: "_Element") -> str:
    place = first(party, "PostalAddress")
    if place is None:
        return ""
    street = f"{text(place, 'StreetName')} {text(place, 'BuildingNumber')}"
    town = f"{text(place, 'PostalZone')} {text(place, 'CityName')}"
    return joined(street, text(place, "AdditionalStreetName"), text(place, "AddressLine/Line"), town)


def _tax_id(party: "_Element") -> str:
    """The VAT number, else another tax number."""
    numbers = {
        text(scheme, "TaxScheme/ID").upper(): text(scheme, "CompanyID") for scheme in elements(party, "PartyTaxScheme")
    }
    for identification in elements(party, "PartyIdentification/ID"):
        if identification.get("schemeID") in _TAX_SCHEMES:
            numbers[str(identification.get("schemeID"))] = " ".join((identification.text or "").split())
    # "Godkänd för F-skatt" is no number.
    return numbers.get("VAT") or next((number for number in numbers.values() if any(map(str.isdigit, number))), "")


def _tax(root: "_Element", currency: str) -> str:
    """The tax total in the invoice's currency; it may be given a second time in the seller's own."""
    totals = elements(root, "TaxTotal/TaxAmount")
    own = [total for total in totals if total.get("currencyID") in (currency, None)]
    return next(((total.text or "").strip() for total in own or totals), "")
