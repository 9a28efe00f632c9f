"""Which kind of document a text is by its title: an invoice, a credit note, a reminder, a receipt … Pure.

Titles of letters about money, in nine languages. A credit note or a reminder names the invoice that it is about, so
that "invoice" counts least; what a till prints makes a receipt, also where its title is "tax invoice".
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from workbench.locate.headers import fold
from workbench.locate.till_slips import TILL_WORDS

_INVOICE, _RECEIPT = "invoice", "receipt"
TITLES = {
    _INVOICE: (
        "invoice|tax invoice|vat invoice|commercial invoice|sales invoice|rechnung|handelsrechnung|verkaufsrechnung|"
        "abschlagsrechnung|teilrechnung|schlussrechnung|facture|factuur|verkoopfactuur|fattura|factura|fatura|faktura|"
        "faktura vat|发票|增值税发票"
    ),
    "credit note": (
        "credit note|credit memo|credit invoice|credit advice|refund|refund note|gutschrift|rechnungskorrektur|"
        "rechnungsgutschrift|stornorechnung|storno|stornierung|korrekturrechnung|avoir|facture d avoir|facture avoir|"
        "note de credit|facture rectificative|remboursement|creditnota|creditfactuur|kredietnota|nota de abono|abono|"
        "factura rectificativa|factura de abono|nota de credito|nota di credito|nota di accredito|nota credito|"
        "faktura korygujaca|faktura vat korygujaca|korekta|korekta faktury|nota korygujaca|nota kredytowa|"
        "贷项|贷项通知单|贷记|红字|红字发票|退款|退货"
    ),
    "reminder": (
        "reminder|payment reminder|final notice|final demand|overdue|overdue notice|overdue payment|dunning|past due|"
        "mahnung|zahlungserinnerung|erinnerung|mahnschreiben|mahngebuhr|mahnstufe|zahlungsverzug|rappel|relance|"
        "mise en demeure|lettre de relance|impaye|retard de paiement|herinnering|betalingsherinnering|aanmaning|"
        "ingebrekestelling|achterstallig|recordatorio|reclamacion|reclamacion de pago|requerimiento de pago|"
        "aviso de impago|impago|sollecito|sollecito di pagamento|promemoria|insoluto|przypomnienie|"
        "przypomnienie o platnosci|wezwanie|wezwanie do zaplaty|monit|ponaglenie|zaleglosc|lembrete|aviso de cobranca|"
        "催款|催缴|付款提醒|逾期"
    ),
    _RECEIPT: (
        "receipt|cash bill|cash sale|kassenbon|kassenbeleg|quittung|ticket de caisse|recu|kassabon|scontrino|ricevuta|"
        "recibo|paragon|收据|小票"
    ),
    "order": (
        "order confirmation|sales order|bestellung|auftragsbestatigung|bon de commande|confirmation de commande|"
        "bestelbon|orderbevestiging|confirmacion de pedido|orden de compra|ordine di acquisto|conferma d ordine|"
        "potwierdzenie zamowienia|zamowienie|purchase order|采购订单|订单确认"
    ),
    "delivery note": (
        "delivery note|packing slip|packing list|lieferschein|bon de livraison|pakbon|leveringsbon|albaran|"
        "nota de entrega|documento di trasporto|dowod dostawy|送货单"
    ),
    "quote": (
        "quote|quotation|estimate|pro forma|proforma|angebot|kostenvoranschlag|devis|offerte|presupuesto|preventivo|"
        "报价单|报价"
    ),
    "statement": (
        "statement of account|account statement|kontoauszug|releve de compte|rekeningoverzicht|extracto de cuenta|"
        "estratto conto|wyciag z konta|对账单"
    ),
}
"""Kind -> what is printed on it."""
KINDS = tuple(TITLES)
_NAMES = {_RECEIPT: "till receipt|bon|kassenzettel|ticket|beleg|receipts"}
"""What a kind is called besides what is printed on it."""
_ABOUT_AN_INVOICE = ("credit note", "reminder")
_TITLE_WORDS = 40
"""A title stands among so many first words, after the letterhead."""
_MOST_WORDS = 2_000  # that are looked at: a long text says at its beginning what it is
_LONGEST = 4  # words of a title
_LEAST_TILL_WORDS = 2
_RIGHT = 0.9
"""How often a title is right, so that it is the probability that is shown (benchmarks/document_types.py)."""
_IDEOGRAPHS = re.compile("[\u4e00-\u9fff]")


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    """Folded title -> kind."""
    return {fold(title): kind for kind, titles in TITLES.items() for title in titles.split("|")}


@lru_cache(maxsize=1)
def _ideograph_titles() -> re.Pattern[str]:
    return re.compile("|".join(sorted(filter(_IDEOGRAPHS.match, _titles()), key=len, reverse=True)))


def kind_of(text: str) -> str | None:
    """One of `KINDS`, by the words of a document in reading order; None where nothing says what it is."""
    words = [folded for word in text.split(None, _MOST_WORDS)[:_MOST_WORDS] if (folded := fold(word))]
    first: dict[str, int] = {}
    for position, kind in _mentions(words):
        first[kind] = min(position, first.get(kind, position))
    about = [kind for kind in _ABOUT_AN_INVOICE if first.get(kind, _TITLE_WORDS) < _TITLE_WORDS]
    if about:
        return min(about, key=first.__getitem__)
    till_words = len(TILL_WORDS.intersection(words))
    if till_words >= _LEAST_TILL_WORDS:
        return _RECEIPT
    for kind in (_INVOICE, _RECEIPT):  # an order, a quote and a delivery note are named on them, too
        if kind in first:
            return kind
    return min(first, key=first.__getitem__, default=_RECEIPT if till_words else None)


@lru_cache(maxsize=1000)
def kind_named(option: str) -> str | None:
    """The kind of document that an option of a class field is called after ("Credit notes", "Gutschrift")."""
    words = [fold(word) for word in re.split(r"[\W_]+", option)]
    named = {fold(name): kind for kind, names in _NAMES.items() for name in names.split("|")} | _titles()
    for spelled in ("".join(words), "".join(words).removesuffix("s")):
        if spelled in named:
            return named[spelled]
    return None


def shares(options: Sequence[str], wanted: Collection[str]) -> dict[str | None, dict[str, float]]:
    """Kind -> option -> its probability, for the kinds that exactly one of the wanted options is called after.

    Nothing where fewer than two of all options are called after kinds: a "receipt" among costs is something else.
    """
    named = {option: kind for option in options if (kind := kind_named(option)) is not None}
    counts = Counter(named.values())
    if len(counts) < 2:
        return {}
    rest = round((1 - _RIGHT) / (len(options) - 1), 4)
    return {
        kind: {option: _RIGHT if option == meant else rest for option in options}
        for meant, kind in named.items()
        if meant in wanted and counts[kind] == 1
    }


def _mentions(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """(position, kind) of every title among folded words; the longest where several begin at a word."""
    titles = _titles()
    position = 0
    while position < len(words):
        for last in range(min(len(words), position + _LONGEST), position, -1):
            kind = titles.get("".join(words[position:last]))
            if kind is not None:
                yield position, kind
                break
        else:
            last = position + 1
        position = last
    joined = "".join(words)
    if _IDEOGRAPHS.search(joined):  # words are not divided as they are meant
        ends = list(accumulate(map(len, words)))
        for match in _ideograph_titles().finditer(joined):
            yield bisect_right(ends, match.start()), titles[match.group()]
