"""FatturaPA, the Italian e-invoice; a file may hold several invoices of one seller to one buyer."""

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from workbench.exchange.einvoices.xml import (
    Invoice,
    LineItem,
    day,
    elements,
    first,
    joined,
    local_name,
    one_of,
    taxes_by_rate,
    text,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

_SIMPLIFIED = "FatturaElettronicaSemplificata"
ROOTS = ("FatturaElettronica", _SIMPLIFIED)
_DOCUMENT = "DatiGenerali/DatiGeneraliDocumento"
_CREDIT = frozenset({"TD04", "TD08"})


def read(root: "_Element") -> list[Invoice]:
    """The values and lines of each invoice of the file."""
    if local_name(root) == _SIMPLIFIED:
        return _simplified(root)
    parties: dict[str, str] = {}
    for side, name in (("seller", "CedentePrestatore"), ("buyer", "CessionarioCommittente")):
        party = first(root, f"FatturaElettronicaHeader/{name}")
        if party is not None:
            parties |= _party(side, party)
    return [_invoice(body, parties) for body in elements(root, "FatturaElettronicaBody")]


def _party(side: str, party: "_Element") -> dict[str, str]:
    person = f"{text(party, 'DatiAnagrafici/Anagrafica/Nome')} {text(party, 'DatiAnagrafici/Anagrafica/Cognome')}"
    vat = f"{text(party, 'DatiAnagrafici/IdFiscaleIVA/IdPaese')}{text(party, 'DatiAnagrafici/IdFiscaleIVA/IdCodice')}"
    return {
        f"{side}_name": text(party, "DatiAnagrafici/Anagrafica/Denominazione") or person.strip(),
        f"{side}_address": _address(party),
        f"{side}_tax_id": vat or text(party, "DatiAnagrafici/CodiceFiscale"),
    }


def _address(party: "_Element") -> str:
    street = f"{text(party, 'Sede/Indirizzo')} {text(party, 'Sede/NumeroCivico')}"
    town = f"{text(party, 'Sede/CAP')} {text(party, 'Sede/Comune')} {text(party, 'Sede/Provincia')}"
    return joined(street, " ".join(town.split()))


def _invoice(body: "_Element", parties: dict[str, str]) -> Invoice:
    summaries = elements(body, "DatiBeniServizi/DatiRiepilogo")
    net, tax = (_sum(summaries, name) for name in ("ImponibileImporto", "Imposta"))
    payment = "DatiPagamento/DettaglioPagamento"
    values = parties | {
        "invoice_no": text(body, f"{_DOCUMENT}/Numero"),
        "invoice_date": day(text(body, f"{_DOCUMENT}/Data")),
        "due_date": day(text(body, f"{payment}/DataScadenzaPagamento")),
        "purchase_order": text(body, "DatiGenerali/DatiOrdineAcquisto/IdDocumento"),
        "currency": text(body, f"{_DOCUMENT}/Divisa"),
        "amount_net": "" if net is None else str(net),
        "amount_tax": "" if tax is None else str(tax),
        "amount_total": text(body, f"{_DOCUMENT}/ImportoTotaleDocumento")
        or ("" if net is None or tax is None else str(net + tax)),
        "tax_rate": one_of(text(summary, "AliquotaIVA") for summary in summaries),
        "iban": text(body, f"{payment}/IBAN"),
    }
    taxes = [(text(part, "AliquotaIVA"), text(part, "ImponibileImporto"), text(part, "Imposta")) for part in summaries]
    withheld = [("Withheld", text(part, "ImportoRitenuta")) for part in elements(body, f"{_DOCUMENT}/DatiRitenuta")]
    due = [("Amount due", text(body, f"{payment}/ImportoPagamento"))] if withheld else []
    lines = [
        LineItem(
            text(line, "Descrizione"), text(line, "Quantita"), text(line, "PrezzoUnitario"), text(line, "PrezzoTotale")
        )
        for line in elements(body, "DatiBeniServizi/DettaglioLinee")
    ]
    return Invoice(values, tuple(lines), _title(body), tuple(taxes_by_rate(taxes)), (*withheld, *due))


def _title(body: "_Element") -> str:
    return "Credit note" if text(body, f"{_DOCUMENT}/TipoDocumento") in _CREDIT else "Invoice"


def _simplified(root: "_Element") -> list[Invoice]:
    """The invoices of a file in the simplified form, whose amounts are printed with their tax."""
    parties: dict[str, str] = {}
    for side, name in (("seller", "CedentePrestatore"), ("buyer", "CessionarioCommittente")):
        party = first(root, f"FatturaElettronicaHeader/{name}")
        if party is not None:
            parties |= _simplified_party(side, party)
    invoices = []
    for body in elements(root, "FatturaElettronicaBody"):
        items = elements(body, "DatiBeniServizi")
        total, tax = _sum(items, "Importo"), _sum(items, "DatiIVA/Imposta")
        values = parties | {
            "invoice_no": text(body, f"{_DOCUMENT}/Numero"),
            "invoice_date": day(text(body, f"{_DOCUMENT}/Data")),
            "currency": text(body, f"{_DOCUMENT}/Divisa"),
            "amount_net": "" if total is None or tax is None else str(total - tax),
            "amount_tax": "" if tax is None else str(tax),
            "amount_total": "" if total is None else str(total),
            "tax_rate": one_of(text(item, "DatiIVA/Aliquota") for item in items),
        }
        lines = tuple(LineItem(text(item, "Descrizione"), amount=text(item, "Importo")) for item in items)
        invoices.append(Invoice(values, lines, _title(body)))
    return invoices


def _simplified_party(side: str, party: "_Element") -> dict[str, str]:
    numbers, names = ("IdentificativiFiscali", "AltriDatiIdentificativi") if side == "buyer" else (".", ".")
    number, known = (party if part == "." else first(party, part) for part in (numbers, names))
    values: dict[str, str] = {}
    if number is not None:
        vat = f"{text(number, 'IdFiscaleIVA/IdPaese')}{text(number, 'IdFiscaleIVA/IdCodice')}"
        values[f"{side}_tax_id"] = vat or text(number, "CodiceFiscale")
    if known is not None:
        values[f"{side}_name"] = (
            text(known, "Denominazione") or f"{text(known, 'Nome')} {text(known, 'Cognome')}".strip()
        )
        values[f"{side}_address"] = _address(known)
    return values


def _sum(summaries: "list[_Element]", name: str) -> Decimal | None:
    """The sum over the tax rates; None where a number is missing or is none."""
    try:
        amounts = [Decimal(text(summary, name)) for summary in summaries]
    except InvalidOperation:
        return None
    finite = bool(amounts) and all(amount.is_finite() for amount in amounts)
    return sum(amounts, Decimal(0)) if finite else None
