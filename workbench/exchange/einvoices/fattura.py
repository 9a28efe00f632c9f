"""FatturaPA, the Italian e-invoice; a file may hold several invoices of one seller to one buyer."""

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from workbench.exchange.einvoices.xml import Invoice, LineItem, elements, first, joined, one_of, text

if TYPE_CHECKING:
    from lxml.etree import _Element

ROOTS = ("FatturaElettronica",)
_DOCUMENT = "DatiGenerali/DatiGeneraliDocumento"
_CREDIT = frozenset({"TD04", "TD08"})


def read(root: "_Element") -> list[Invoice]:
    """The values and lines of each invoice of the file."""
    parties: dict[str, str] = {}
    for side, name in (("seller", "CedentePrestatore"), ("buyer", "CessionarioCommittente")):
        party = first(root, f"FatturaElettronicaHeader/{name}")
        if party is not None:
            parties |= _party(side, party)
    return [_invoice(body, parties) for body in elements(root, "FatturaElettronicaBody")]


def _party(side: str, party: "_Element") -> dict[str, str]:
    person = f"{text(party, 'DatiAnagrafici/Anagrafica/Nome')} {text(party, 'DatiAnagrafici/Anagrafica/Cognome')}"
    vat = f"{text(party, 'DatiAnagrafici/IdFiscaleIVA/IdPaese')}{text(party, 'DatiAnagrafici/IdFiscaleIVA/IdCodice')}"
    street = f"{text(party, 'Sede/Indirizzo')} {text(party, 'Sede/NumeroCivico')}"
    town = f"{text(party, 'Sede/CAP')} {text(party, 'Sede/Comune')} {text(party, 'Sede/Provincia')}"
    return {
        f"{side}_name": text(party, "DatiAnagrafici/Anagrafica/Denominazione") or person.strip(),
        f"{side}_address": joined(street, " ".join(town.split())),
        f"{side}_tax_id": vat or text(party, "DatiAnagrafici/CodiceFiscale"),
    }


def _invoice(body: "_Element", parties: dict[str, str]) -> Invoice:
    summaries = elements(body, "DatiBeniServizi/DatiRiepilogo")
    net, tax = (_sum(summaries, name) for name in ("ImponibileImporto", "Imposta"))
    payment = "DatiPagamento/DettaglioPagamento"
    values = parties | {
        "invoice_no": text(body, f"{_DOCUMENT}/Numero"),
        "invoice_date": text(body, f"{_DOCUMENT}/Data"),
        "due_date": text(body, f"{payment}/DataScadenzaPagamento"),
        "purchase_order": text(body, "DatiGenerali/DatiOrdineAcquisto/IdDocumento"),
        "currency": text(body, f"{_DOCUMENT}/Divisa"),
        "amount_net": "" if net is None else str(net),
        "amount_tax": "" if tax is None else str(tax),
        "amount_total": text(body, f"{_DOCUMENT}/ImportoTotaleDocumento")
        or ("" if net is None or tax is None else str(net + tax)),
        "tax_rate": one_of(text(summary, "AliquotaIVA") for summary in summaries),
        "iban": text(body, f"{payment}/IBAN"),
    }
    lines = [
        LineItem(
            text(line, "Descrizione"), text(line, "Quantita"), text(line, "PrezzoUnitario"), text(line, "PrezzoTotale")
        )
        for line in elements(body, "DatiBeniServizi/DettaglioLinee")
    ]
    is_credit = text(body, f"{_DOCUMENT}/TipoDocumento") in _CREDIT
    return Invoice(values, tuple(lines), "Credit note" if is_credit else "Invoice")


def _sum(summaries: "list[_Element]", name: str) -> Decimal | None:
    """The sum over the tax rates; None where a number is missing or is none."""
    try:
        amounts = [Decimal(text(summary, name)) for summary in summaries]
    except InvalidOperation:
        return None
    finite = bool(amounts) and all(amount.is_finite() for amount in amounts)
    return sum(amounts, Decimal(0)) if finite else None
