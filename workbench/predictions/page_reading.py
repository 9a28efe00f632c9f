"""The rules' reading of a whole page: fields that are decided together, and numbers that prove themselves.

`candidates.Finder` ranks the places of each field alone. Here the parties are told apart as blocks, the sums must add
up, accounts and tax numbers are taken by their check digits; what was decided so is `strong`.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from storage.records import Box
from workbench.fields import Field, FieldType, legal_forms
from workbench.fields.amounts import marks_of
from workbench.fields.values import normalise
from workbench.locate import checked_numbers, headers, till_slips
from workbench.locate.candidates import Finder
from workbench.locate.checked_numbers import CheckedNumber
from workbench.locate.parties.blocks import Party
from workbench.locate.parties.sides import CLEAR, SIDES, assign
from workbench.predictions import payment_sentences, sums

TokenIds = tuple[int, ...]
Believed = Mapping[str, tuple[TokenIds, float]]
"""Field -> (words, confidence) of a model."""
_VERY_CLEAR = 4.0  # evidence between seller and buyer
_MIXED_CASE = frozenset(["euro", "rs", "kč", "zł", "ft"])  # of other marks in small letters most are words
_NAMED = 0.6  # of a header's support
_OTHER_HEADER = -0.45  # the support of a header for another number, in the same row
_CAPTION = 4  # words of a tax number's caption
_BUYERS = re.compile(
    r"\b(?:nif|n\.i\.f\.?|cif|p\.? ?iva|partita iva|nip|vat|tva|btw|ust)\b.*\b(?:kunde\w*|client\w*|customer|acheteur|"
    r"klant|afnemer|nabywcy|kupującego|comprador)\b|"
    r"\b(?:your|ihre|votre|vostra|su|uw) (?:\S+ )?(?:vat|tva|ust|btw|nif|p\.? ?iva)",
    re.IGNORECASE,
)
"""The caption of the buyer's tax number, whose own words are not in the table of headers."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rules read a value; () with `strong`: it is not there."""

    tokens: TokenIds
    strong: bool = False


NOWHERE = Place((), True)
"""The field has no valid value on the page, whatever a model reads."""


class PageReading:
    """What is decided together on a page."""

    def __init__(self, finder: Finder, fields: Sequence[Field], believed: Believed) -> None:
        self._finder = finder
        self._around = finder.around
        self._fields = {field.id: field for field in fields}
        self._believed = believed

    def places(self) -> dict[str, Place]:
        """Field -> its place, for the fields that are decided here."""
        sums_read = self._sums() | self._paid()
        places = {**sums_read, **self._parties(), **self._tax_ids(), **self._accounts(), **self._due_date()}
        places |= self._currency({token for place in sums_read.values() for token in place.tokens})
        if till_slips.is_till_slip(self._around) or self._finder.payment.gives_change:
            places["purchase_order"] = NOWHERE  # its order is the kitchen's
        return {name: place for name, place in places.items() if name in self._fields}

    def _accounts(self) -> dict[str, Place]:
        """The first valid IBAN: it is the seller's, except in a debit, which few documents announce."""
        ibans = checked_numbers.ibans(self._around)
        return {"iban": Place(ibans[0].tokens, True) if ibans else NOWHERE}

    def _due_date(self) -> dict[str, Place]:
        field = self._fields.get("due_date")
        tokens = payment_sentences.due_date(self._finder, field) if field else ()
        return {"due_date": Place(tokens, True)} if tokens else {}

    @cached_property
    def _sides(self) -> tuple[Party | None, Party | None, float]:
        names = {
            side: frozenset(self._believed.get(f"{side}_name", ((), 0.0))[0])
            | frozenset(self._believed.get(f"{side}_address", ((), 0.0))[0])
            for side in SIDES
        }
        return assign(self._finder.parties, names)

    @property
    def _is_headed(self) -> bool:
        """Whether a heading says which block is the buyer's: it says nothing of which other one is the seller's."""
        _, buyer, clear = self._sides
        return buyer is not None and buyer.headed == "buyer" and clear > 0

    def _stands_in(self, name: str, party: Party) -> bool:
        """Whether what a model reads for a field stands in a party's block."""
        words, _ = self._believed.get(name, ((), 0.0))
        return bool(words) and self._is_inside(words, party)

    def contradicted(self) -> frozenset[str]:
        """Names and addresses that a model reads outside the blocks that are clearly the parties'.

        One name for both parties is wrong for the one that the model is less sure of, and a currency that is a word of
        a company's name is none.
        """
        seller, buyer, clear = self._sides
        wrong = self._read_twice() | self._without_buyer() | self._other_numbers()
        words, _ = self._believed.get("currency", ((), 0.0))
        if any(map(self._around.is_legal_form, words)):
            wrong.add("currency")
        told: dict[str, Party] = {}
        if buyer is not None and self._is_headed:
            wrong |= {name for name in ("seller_name", "seller_address") if self._stands_in(name, buyer)}
            told = {"buyer": buyer}
        if seller is not None and buyer is not None and clear >= _VERY_CLEAR:
            told = {"seller": seller, "buyer": buyer}
        for side, party in told.items():
            for what, tokens in (("name", party.name), ("address", party.address)):
                name = f"{side}_{what}"
                if tokens and self._believed.get(name, ((), 0.0))[0] and not self._stands_in(name, party):
                    wrong.add(name)
        return frozenset(wrong)

    def _read_twice(self) -> set[str]:
        """The side whose name or address is also the other side's, and more surely."""
        wrong = set()
        for what in ("name", "address"):
            own = [(self._believed.get(f"{side}_{what}", ((), 0.0)), f"{side}_{what}") for side in SIDES]
            spelled = [headers.fold(legal_forms.LEGAL.sub("", self._around.text(words))) for (words, _), _ in own]
            if spelled[0] and spelled[0] == spelled[1]:
                wrong.add(min(own, key=lambda reading: reading[0][1])[1])
        return wrong

    def _other_numbers(self) -> set[str]:
        """Tax numbers, sums, due dates that a model reads beside another header ("Globale Nummer", "Lieferdatum")."""
        of_parties = self._misread([f"{side}_tax_id" for side in SIDES])
        return of_parties.union(*(self._misread([name]) for name in (sums.NET, sums.TAX, "due_date")))

    def _misread(self, fields: Sequence[str]) -> set[str]:
        """Those of the fields that a model reads where a header names what none of them is."""
        names = [name for name in fields if name in self._fields]
        read = {name: words for name in names if (words := self._believed.get(name, ((), 0.0))[0])}
        return {
            name for name, words in read.items() if max(self._context(each, words) for each in names) <= _OTHER_HEADER
        }

    def _context(self, name: str, words: TokenIds) -> float:
        """How well the headers beside words fit a field, -1..1."""
        row = self._around.layout.row_of[words[0]]
        fit, _ = self._around.context(self._fields[name], row, self._around.layout.rows[row].index(words[0]))
        return fit

    def _without_buyer(self) -> set[str]:
        """What a model reads as a buyer's on the receipt of a till, where no header names a buyer beside it."""
        if not till_slips.is_till_slip(self._around):
            return set()
        words, _ = self._believed.get("buyer_name", ((), 0.0))
        if words and "buyer_name" in self._fields and self._context("buyer_name", words) >= _NAMED:
            return set()
        return {"buyer_name", "buyer_address", "buyer_tax_id"}

    def _is_inside(self, words: TokenIds, party: Party) -> bool:
        x0, y0, x1, y1 = party.box
        slack = 0.5 * self._around.usual_height
        for token in (self._around.tokens[i] for i in words):
            x, y = (token.box[0] + token.box[2]) / 2, (token.box[1] + token.box[3]) / 2
            if token.page != party.page or not (x0 - slack <= x <= x1 + slack and y0 - slack <= y <= y1 + slack):
                return False
        return True

    def _parties(self) -> dict[str, Place]:
        seller, buyer, clear = self._sides
        if buyer is None or (not self._is_headed and (seller is None or clear < CLEAR)):
            return {}
        if till_slips.is_till_slip(self._around) and buyer.headed != "buyer":
            return {}  # its lines of goods looked like a seller, and the shop like the one who buys from it
        places = {}
        for side, party in zip(SIDES, (seller, buyer), strict=True):
            if party is None or (side == "seller" and clear < CLEAR):
                continue
            is_sure = (seller is not None and clear >= _VERY_CLEAR) or (side == "buyer" and self._is_headed)
            for what, tokens in (("name", party.name), ("address", party.address)):
                if tokens:
                    places[f"{side}_{what}"] = Place(tuple(sorted(tokens)), is_sure)
        return places

    def _tax_ids(self) -> dict[str, Place]:
        numbers = checked_numbers.tax_numbers(self._around)
        of_side: dict[str, list[CheckedNumber]] = {side: [] for side in SIDES}
        for number in numbers:
            side, headed = self._side_of(number)
            if number.valid or headed:  # with wrong check digits only where a header names it
                of_side[side].append(number)
        places = {}
        for side, own in of_side.items():
            if own:
                # the VAT number before the tax office's, the valid before the others
                best = max(own, key=lambda number: (number.text[0].isalpha(), number.valid))
                places[f"{side}_tax_id"] = Place(best.tokens, best.valid or best.text[0].isalpha())
        return places

    def _side_of(self, number: CheckedNumber) -> tuple[str, bool]:
        """Whose tax number it is, by its header or the party that it stands under; whether a header names it."""
        row = self._around.layout.row_of[number.tokens[0]]
        position = self._around.layout.rows[row].index(number.tokens[0])
        says = {}
        for side in SIDES:
            if field := self._fields.get(f"{side}_tax_id"):
                says[side], _ = self._around.context(field, row, position)
        headed = max(says.values(), default=0.0) >= _NAMED
        before = self._around.text(self._around.layout.rows[row][max(0, position - _CAPTION) : position])
        if _BUYERS.search(f"{before} {self._around.text(number.tokens[:1])}"):
            return "buyer", True
        if says.get("buyer", 0.0) > max(says.get("seller", 0.0), 0.3):
            return "buyer", headed
        return "buyer" if self.stands_under_buyer(number.tokens) else "seller", headed

    def stands_under_buyer(self, words: TokenIds) -> bool:
        """Whether words stand right below the buyer's block and no nearer to the seller's."""
        token, height = self._around.tokens[words[0]], self._around.usual_height
        seller, buyer = self._blocks
        if buyer is None or buyer[0] != token.page:
            return False
        x0, _, x1, y1 = buyer[1]
        under = -height < token.box[1] - y1 < 5 * height
        beside = token.box[0] < max(x1, x0 + 200) and token.box[2] > x0 - 200
        is_nearer = (
            seller is None or seller[0] != buyer[0] or _aside(token.box, buyer[1]) <= _aside(token.box, seller[1])
        )
        return under and beside and is_nearer

    @cached_property
    def _blocks(self) -> tuple[tuple[int, Box] | None, tuple[int, Box] | None]:
        """(page, box) of the seller and of the buyer, by what tells them clearly apart, else as a model reads them."""
        seller, buyer, clear = self._sides
        if buyer is not None and clear >= CLEAR:
            return (seller.page, seller.box) if seller else None, (buyer.page, buyer.box)
        return self._believed_block("seller"), self._believed_block("buyer")

    def _believed_block(self, side: str) -> tuple[int, Box] | None:
        """(page, box) of the name and the address that a model reads for a party; None where it reads no address."""
        words = [word for what in ("name", "address") for word in self._believed.get(f"{side}_{what}", ((), 0.0))[0]]
        if (
            not self._believed.get(f"{side}_address", ((), 0.0))[0]
            or len({self._around.tokens[i].page for i in words}) > 1
        ):
            return None
        return self._around.tokens[words[0]].page, self._around.bounds(words)

    def _sums(self) -> dict[str, Place]:
        field = self._fields.get(sums.RATE)
        rates = sums.printed_rates(self._finder, field) if field else {}
        misread = self._misread([sums.NET]) | self._misread([sums.TAX])
        believed = {name: value for name, value in self._believed.items() if name not in misread}
        together = sums.read(self._finder, list(self._fields.values()), believed, rates)
        if together is None:
            return self._included(rates)
        places = {name: Place(tokens, together.strong) for name, tokens in together.places.items()}
        if together.rate is not None and together.rate in rates:
            places[sums.RATE] = Place(rates[together.rate][0], together.strong)
        elif together.several_rates and len(rates) > 1:
            places[sums.RATE] = NOWHERE
        if together.tax_unprinted and together.strong:
            places[sums.TAX] = NOWHERE
        return places

    def _included(self, rates: Mapping[Decimal, Sequence[TokenIds]]) -> dict[str, Place]:
        """The tax in the likeliest total, where it and its rate are printed in one row ("GST @6% INCLUDED 3.01")."""
        field = self._fields.get(sums.TOTAL)
        ranked = self._finder.ranked(field) if field else []
        total, row_of = self._finder.size(ranked[0].tokens) if ranked else 0, self._around.layout.row_of
        for rate, places in rates.items():
            tax = round(total * rate / (100 + rate))
            near = [tokens for cents in (tax, tax - 1, tax + 1) for tokens in self._finder.amounts.get(cents, ())]
            for place in places if total else ():
                if beside := next((tokens for tokens in near if row_of[tokens[0]] == row_of[place[0]]), ()):
                    return {sums.TAX: Place(beside, True), sums.RATE: Place(place, True)}
        return {}

    def _paid(self) -> dict[str, Place]:
        """The likeliest total, where it is what was given at a till less the change."""
        field = self._fields.get(sums.TOTAL)
        ranked = self._finder.ranked(field) if field else []
        if not ranked or self._finder.payment.paid.get(self._finder.size(ranked[0].tokens)) != till_slips.SURELY:
            return {}
        return {sums.TOTAL: Place(ranked[0].tokens, True)}

    def _is_payment(self, token: int) -> bool:
        """Whether a word is what was given at a till, or the change."""
        row = self._around.layout.row_of[token]
        return (row, self._around.layout.rows[row].index(token)) in self._finder.payment.places

    def _currency(self, taken: Collection[int]) -> dict[str, Place]:
        """The only currency on the page, where it is printed alone or beside an amount that is no field's already."""
        marked: dict[str, list[int]] = {}
        is_ringgit = False
        for token in self._around.tokens:
            if self._around.is_ringgit(token.id):
                is_ringgit = True
                continue
            for mark in marks_of(token.text) if len(token.text) <= 20 else ():
                is_alone = mark == token.text or f"({mark})" in token.text  # "AMOUNT(RM)"
                if not is_alone and not any(c.isdigit() for c in token.text):
                    continue
                if mark.isalpha() and not mark.isupper() and mark.casefold() not in _MIXED_CASE:
                    continue
                code = normalise(FieldType.CURRENCY, mark).normal
                if code and self._around.is_currency(token.id):
                    marked.setdefault(code, []).append(token.id)
        if not marked:
            return {"currency": NOWHERE} if is_ringgit else {}  # a model would read a dollar
        counts = Counter({code: len(tokens) for code, tokens in marked.items()})
        code, most = counts.most_common(1)[0]
        alone = [t for t in marked[code] if not any(c.isdigit() for c in self._around.tokens[t].text)]
        if len(counts) > 1 and most < 3 * counts.most_common(2)[1][1]:
            return {}
        free = [token for token in marked[code] if token not in taken and not self._is_payment(token)]
        bare = [token for token in alone if self._around.tokens[token].text.isalpha()]
        return {"currency": Place(((bare or alone or free or marked[code])[-1],), len(counts) == 1)}


def _aside(inner: Box, outer: Box) -> float:
    """How far a box is left or right of another; 0 where it is above or below it."""
    return max(0.0, outer[0] - inner[2], inner[0] - outer[2])
