"""Header phrases among the words of a page: which field the words beside a value name. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from workbench.fields import Field, FieldType
from workbench.fields.header_phrases import PHRASES
from workbench.fields.other_captions import MEANINGS
from workbench.fields.plain_text import normal_form

FIELDS = frozenset(PHRASES)
"""The fields that have header phrases here."""
_WEAK = 0.4
KINDS = {
    FieldType.AMOUNT: frozenset({"amount_total", "amount_net", "amount_tax", "~amount", "~given", "~change"}),
    FieldType.DATE: frozenset({"invoice_date", "due_date", "~date"}),
    FieldType.ID: frozenset({"invoice_no", "purchase_order", "seller_tax_id", "buyer_tax_id", "iban", "~id"}),
    FieldType.PARTY: frozenset({"seller_name", "buyer_name"}),
    FieldType.ADDRESS: frozenset({"seller_address", "buyer_address"}),
}
"""Fields whose headers compete with each other, by type."""
_LONGEST = 6  # words of a phrase
_VALUE_IN_WORD = re.compile(r"[0-9]|(?<=[\w#.])[:：]")
_VALUE_BEHIND_COLON = re.compile(r"^[^\W\d_]+[.#]?[:：][^:：]*[0-9]")
_CURRENCY_AT_END = re.compile("(?<=[a-z])(?:rm|myr|eur|usd|in eur|chf|gbp)$")
_NO_LETTERS = {code: None for code in range(128) if not chr(code).isalnum()}
_STRUCK = str.maketrans("łŁøØđĐ", "lLoOdD")  # these have no accent to take away


_MOST_FOLDED = 2_000


def fold(text: str) -> str:
    """Letters and digits only, without case and accents: for comparing phrases with printed words.

    Of a text that is longer than any of these its beginning: a letter may be written out in eighteen ("ﷺ").
    """
    text = text[:_MOST_FOLDED]
    if text.isascii():
        return text.casefold().translate(_NO_LETTERS)
    text = "".join(c for c in normal_form("NFKD", text) if not unicodedata.combining(c))
    # Precomposed Hangul and the like come back together; Latin letters stay without their accents.
    text = normal_form("NFC", text).translate(_STRUCK)
    return "".join(c for c in text.casefold() if c.isalnum())


_DUE = (
    "amount due|total due|balance due|total payable|amount payable|total amount payable|net amount payable|due payable|"
    "amount to pay|please pay|total to pay|to pay|zahlbetrag|zu zahlen|zu zahlender betrag|falliger betrag|"
    "zu uberweisen|offener betrag|net a payer|total a payer|total net a payer|montant a payer|somme due|montant du|"
    "solde|te betalen|total a pagar|kwota do zaplaty|montant a regler"
)
_DUE_FOLDED = frozenset(map(fold, _DUE.split("|")))


def is_due(text: str) -> bool:
    """Whether the header of a total says what is to be paid, not what the invoice amounts to."""
    return fold(text) in _DUE_FOLDED


_NUMERO = re.compile(r"\bn\b")
_NUMBER = ("", "no", "nr", "number", "n")


@lru_cache(maxsize=256)
def names_of(field: Field) -> frozenset[str]:
    """What is printed beside the value of a field that has no header phrases here, folded: its own names, and what else
    means the same ("Lieferschein" of a field that is called "delivery note").
    """
    own = {name + number for name in map(fold, (field.id, field.name, *field.aliases)) if name for number in _NUMBER}
    alike = {phrase for phrases in _meanings() if not own.isdisjoint(phrases) for phrase in phrases}
    return frozenset(own | {name + number for name in alike for number in _NUMBER})


@lru_cache(maxsize=1)
def _meanings() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(map(fold, phrases.split("|"))) for phrases in MEANINGS)


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = {}
    for field, phrases in PHRASES.items():
        for phrase in phrases.split("|"):
            weak = phrase.endswith("?")
            for spelled in {fold(phrase), fold(_NUMERO.sub("no", phrase))}:  # "N°" and "Nº"
                table.setdefault(spelled, {})[field] = _WEAK if weak else 1.0
    table.pop("", None)
    return table


@lru_cache(maxsize=65_536)  # the same few words stand on all pages
def fields_of(phrase: str) -> Mapping[str, float] | None:
    """Field -> weight (0..1) of a folded phrase; None when it is no header.

    Besides fields there are "~amount", "~date", "~id" (some other amount, date or number), "~given", "~change" (at a
    till) and "-" (nothing).
    """
    table = _table()
    return table.get(phrase) or table.get(_CURRENCY_AT_END.sub("", phrase))


def field_under(caption: str) -> str:
    """The field whose values a column of this caption holds ("Rechnungsnummer"); "" where it may hold several's."""
    meant = {field for field, weight in (fields_of(fold(caption)) or {}).items() if weight == 1}
    meant = {field for field in meant if not field.endswith("_address")} or meant  # a party's name above its address
    field = meant.pop() if len(meant) == 1 else ""
    return field if field.isidentifier() else ""


@dataclass(frozen=True, slots=True)
class HeaderPhrase:
    """A header phrase among the words of a row."""

    fields: Mapping[str, float]  # as `fields_of` gives them
    first: int  # positions in the row
    last: int
    text: str


def header_phrases(
    words: Sequence[str],
    folded: Sequence[str],
    *,
    glued: bool = True,
    accepts: Callable[[HeaderPhrase], bool] | None = None,
) -> Iterator[HeaderPhrase]:
    """The header phrases of a row from left to right: the longest at each place, none inside another.

    Args:
        words: the row's words as they are printed.
        folded: the same words, folded.
        glued: whether the last word may have the value in it, as "Total:9.00" and "GST ID:0001" have.
        accepts: refuses phrases; a shorter one at the same place may then count.
    """
    first = 0
    while first < len(folded):
        for last in range(min(first + _LONGEST, len(folded)) - 1, first - 1, -1):
            letters = "".join(folded[first:last])
            if glued and (last == first or _VALUE_BEHIND_COLON.search(words[last])):
                letters += fold(_VALUE_IN_WORD.split(words[last])[0])
            else:
                letters += folded[last]
            fields = fields_of(letters)
            if fields is None:
                continue
            phrase = HeaderPhrase(fields, first, last, " ".join(words[first : last + 1]))
            if accepts is None or accepts(phrase):
                yield phrase
                first = last
                break
        first += 1
