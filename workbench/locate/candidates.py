"""Likely places of a field's value, without a model: by type, header words and position. Pure.

A field's key steps through these places. Values with a form (amounts, dates) are found here, parties in `parties`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from types import MappingProxyType

from storage.records import Token
from workbench.fields import Field, FieldType
from workbench.fields.amounts import marks_of
from workbench.fields.values import looks_like, normalise
from workbench.locate import checked_numbers as numbers
from workbench.locate import headers, till_slips
from workbench.locate.context import Candidate, Surroundings
from workbench.locate.parties import extent, names_and_addresses, sides
from workbench.locate.parties.blocks import Party, PartyBlocks
from workbench.locate.rates import is_rate

MOST = 12
"""The most candidates per field."""

_EXACT = (FieldType.AMOUNT, FieldType.DATE, FieldType.RATE, FieldType.CURRENCY, FieldType.ID)
_WORDS = {FieldType.AMOUNT: 2, FieldType.DATE: 5, FieldType.RATE: 2, FieldType.ID: 2}
_GROUP = re.compile(r"(?=.*[0-9])[A-Z0-9]{2,5}|[0-9]{8,12}")
_COUNTRY = re.compile(r"(?!UE|EU)[A-Z]{2}[0-9]{0,2}")  # "VAT UE 957…" names the Union, no country
_SPACED_DATE = re.compile(r"[0-9]{1,2}[./-] ?[0-9]{1,2}[./-] ?[0-9]{2,4}|[^\W\d_]{3,9}\.? [0-9]{1,2} ?, [0-9]{4}")
_SPACED = re.compile(r"[0-9]{1,3}(?: [0-9]{3})+")
_FIRST_GROUP = re.compile(r"[-–+(]?(?:[$€£]|[A-Z]{3})?[0-9]{1,3}")
_NEXT_GROUP, _LAST_GROUP = re.compile("[0-9]{3}"), re.compile(r"[0-9]{3}[.,][0-9]{2}(?:[€)\-]|[A-Z]{3})?")
_SPACE = 0.9  # heights of a word, which are longer than widths in thousandths: the widest space inside a number
_WHOLE = re.compile(r"[0-9]{1,3}(?:,?[0-9]{3})*|[0-9]+")
_BARE_RATE = re.compile(r"[0-2]?[0-9](?:[.,][0-9]{1,2})?")
_CENTS = re.compile(r"[.,][0-9]{1,2}(?![0-9])")
_DIGIT, _ONLY_CENTS = re.compile(r"\d"), re.compile(r"[.,][0-9]{2}")
_VAT = re.compile(r"[A-Z]{2}U?[0-9]{8,12}(?:B[0-9]{2})?")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{11,30}")
_TAX_DIGITS = 7  # tax numbers have at least so many
_MOST_TAX = 0.3  # of the net amount
_A_LITTLE, _MUCH, _LEAST_SHARE = 0.01, 0.3, 0.6  # of a score
_PAID, _BLOCK = 1.5, 1.5  # for a total that was paid; for a name and an address that stand together
_TAXED, _CENT = 2.0, 0.011  # for a tax that is what was taxed; a difference by rounding
_NONE: Mapping[str, tuple[int, ...]] = MappingProxyType({})


@lru_cache(maxsize=8192)
def _reads(type: FieldType, text: str) -> bool:
    """Whether a text is a value of a type, and nothing else."""
    if type is FieldType.DATE and _SPACED_DATE.fullmatch(text):
        return normalise(type, text).normal is not None
    return _looks_like(type, text) and normalise(type, text).normal is not None


_looks_like = lru_cache(maxsize=8192)(looks_like)  # the same words stand on many pages
_TOTAL = Field("amount_total", "Total", FieldType.AMOUNT, "", "")


class Finder:
    """The candidates of a document's fields; the layout is computed once, when it is first needed."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.around = Surroundings(tokens)  # rows, header phrases
        self._tokens = self.around.tokens
        self._known: dict[str, list[Candidate]] = {}
        self._valid: dict[str, list[Candidate]] = {}
        self._ranked: dict[str, list[Candidate]] = {}  # where no field is labelled
        self._sizes: dict[tuple[int, ...], float] = {}
        self._by_type: dict[FieldType, list[list[tuple[int, tuple[int, ...]]]]] = {}

    def pace(self, step: Callable[[], None] | None) -> None:
        """Set a function that is called every few words, in the thread that searches; None: no function."""
        self.around.pace = step

    def ranked(self, field: Field, labelled: Mapping[str, tuple[int, ...]] = _NONE) -> list[Candidate]:
        """The places where the field's value may stand, the likeliest first.

        Args:
            field: the field.
            labelled: the tokens of fields that are labelled. They are no candidates, but show where others are: an
                address is below its name, net and tax add up to the total.
        """
        if not labelled and field.id in self._ranked:
            return self._ranked[field.id]
        used = {t for tokens in labelled.values() for t in tokens}
        best: dict[tuple[int, ...], Candidate] = {}
        if field.id not in self._valid:
            self._valid[field.id] = [c for c in self._candidates(field) if self._is_valid(field, c)]
        for c in self._with_block(field, self._valid[field.id], labelled):
            if used.isdisjoint(c.tokens):
                score = c.score + self._agreement(field, c, labelled)
                if c.tokens not in best or best[c.tokens].score < score:
                    best[c.tokens] = Candidate(c.tokens, score, c.reason)
        ranked = sorted(best.values(), key=lambda c: (-c.score, c.tokens))[:MOST]
        return ranked if labelled else self._ranked.setdefault(field.id, ranked)

    @cached_property
    def parties(self) -> list[Party]:
        """The blocks of a name and an address, with what speaks for either party."""
        return sides.PartySides(PartyBlocks(self.around)).parties

    def _with_block(
        self, field: Field, candidates: Sequence[Candidate], labelled: Mapping[str, tuple[int, ...]]
    ) -> Sequence[Candidate]:
        """The candidates, likelier where they are the name or address of the block that is clearly the party's."""
        if not candidates or field.type not in (FieldType.PARTY, FieldType.ADDRESS):
            return candidates
        tokens, evidence = sides.words_of(self.parties, field, labelled)
        tokens = extent.tidied(self.around, field.type, tokens)
        if not tokens:
            return candidates
        more = _BLOCK * min(max(evidence / 2, _LEAST_SHARE), 1.0)
        spelled = headers.fold(self.around.text(tokens))
        alike = {c.tokens for c in candidates if headers.fold(self.around.text(c.tokens)) == spelled}
        listed = [replace(c, score=c.score + more) if c.tokens in alike else c for c in candidates]
        if tokens not in {c.tokens for c in candidates}:
            near = max((c.score for c in candidates if not set(c.tokens).isdisjoint(tokens)), default=0.0)
            listed.append(Candidate(tokens, near + more, "with the other data of the party"))
        return listed

    def _is_valid(self, field: Field, c: Candidate) -> bool:
        """Whether a candidate is a valid value of the field."""
        text = self.around.text(c.tokens)
        if field.id == "iban":  # a wrong check digit is reported by the checks
            return bool(_IBAN.fullmatch(text.replace(" ", "").rstrip(".,;")))
        if field.id.endswith("tax_id") and sum(map(str.isdigit, text)) < _TAX_DIGITS:
            return False
        is_money = field.type is FieldType.ID and numbers.is_money(self.around, c.tokens)
        if is_money or (field.type is FieldType.RATE and not is_rate(self.around, field, c.tokens)):
            return False
        return field.type not in _EXACT or normalise(field.type, text).normal is not None

    def _agreement(self, field: Field, c: Candidate, labelled: Mapping[str, tuple[int, ...]]) -> float:
        """How well a candidate agrees with the labelled fields."""
        if field.id in ("amount_net", "amount_tax"):
            return 2.0 * self._adds_up(field, c, labelled)
        if field.type is FieldType.CURRENCY:
            return 1.0 * self._beside_total(c, labelled.get("amount_total"))
        return names_and_addresses.nearness(self.around, field, c, labelled)

    def _candidates(self, field: Field) -> list[Candidate]:
        if field.id not in self._known:
            self._known[field.id] = list(self._possible(field) if self._tokens else ())
        return self._known[field.id]

    def _possible(self, field: Field) -> Iterable[Candidate]:
        if field.type in _EXACT:
            return self._exact(field)
        if field.type is FieldType.PARTY:
            return self._tidied(field, names_and_addresses.names(self.around, field))
        if field.type is FieldType.ADDRESS:
            return self._tidied(field, names_and_addresses.addresses(self.around, field))
        return self._beside(field)

    def _tidied(self, field: Field, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        """Names and addresses; before each the same without what is none of it (a country, a telephone's line)."""
        for c in candidates:
            tidy = extent.tidied(self.around, field.type, c.tokens)
            if tidy != c.tokens:
                yield replace(c, tokens=tidy, score=c.score + _A_LITTLE)
            yield c

    def _exact(self, field: Field) -> list[Candidate]:
        rows = self.around.layout.rows
        candidates, values = list[Candidate](), list[float]()
        for number, windows in enumerate(self._values(field.type)):
            here: list[Candidate] = []
            for first, window in windows:
                context, beside = self.around.context(field, number, first)
                # Totals are low on the page, other fields high; of several equal totals the last one wins.
                depth = number / len(rows)
                place = depth if field.id.startswith("amount") or field.type is FieldType.CURRENCY else 1 - depth
                score = 2 * context + 0.5 * place + self._resemblance(field, window)
                here.append(Candidate(window, score, f"beside “{beside}”" if beside else "looks like one"))
            if field.id == "amount_total":
                # A row of several amounts is a line item or a table of taxes.
                several = 0.7 * (len(here) > 1)
                here = [replace(c, score=c.score - several) for c in here]
                values += [self._size(c.tokens) for c in here]
            elif field.id == "amount_tax":
                taxed = self._taxed(number)
                here = [Candidate(c.tokens, c.score - _TAXED, "taxed") if c.tokens in taxed else c for c in here]
            candidates += here
        if field.id == "amount_total":
            headed = [v for v, c in zip(values, candidates, strict=True) if c.score > 1.2]
            most = max(headed, default=0.0) or 1.0
            candidates = [
                replace(c, score=c.score + 0.8 * min(v / most, 1.0) * (c.score > 1.2))
                for v, c in zip(values, candidates, strict=True)
            ]
            paid = [0.0 if self._is_payment(c) else self.payment.paid.get(self.size(c.tokens), 0.0) for c in candidates]
            candidates = [
                replace(c, score=c.score + _PAID * speaks) for c, speaks in zip(candidates, paid, strict=True)
            ]
            return till_slips.rounded_first(_gross_before_due(candidates, values), values, paid)
        return candidates

    def _taxed(self, row: int) -> set[tuple[int, ...]]:
        """The amounts of a row whose tax by a rate that is printed there stands in the row, too ("6% 10.75 .65")."""
        amounts = [tokens for _, tokens in self._values(FieldType.AMOUNT)[row]]
        printed = [normalise(FieldType.RATE, self.around.text(t)).normal for _, t in self._values(FieldType.RATE)[row]]
        rates = [float(rate) / 100 for rate in printed if rate]
        cents = [(i,) for i in self.around.layout.rows[row] if _ONLY_CENTS.fullmatch(self._tokens[i].text)]
        sizes = {tokens: self._size(tokens) for tokens in amounts + cents}
        return {
            base
            for base in amounts
            for rate in rates
            if sizes[base]
            and any(other != base and abs(sizes[base] * rate - size) < _CENT for other, size in sizes.items())
        }

    def _size(self, tokens: tuple[int, ...]) -> float:
        if tokens not in self._sizes:
            normal = normalise(FieldType.AMOUNT, self.around.text(tokens)).normal
            self._sizes[tokens] = abs(float(normal)) if normal else 0.0
        return self._sizes[tokens]

    def size(self, tokens: tuple[int, ...]) -> int:
        """An amount without its sign in hundredths; 0 for what is no amount."""
        return round(100 * self._size(tokens))

    def _resemblance(self, field: Field, window: tuple[int, ...]) -> float:
        """How much the words look like a value of the field: large print for amounts, no caption in a date's word."""
        text, kind = self.around.text(window), field.type
        if kind is FieldType.AMOUNT:
            large = 0.15 * min(self.around.layout.height(window[0]) / self.around.usual_height, 2.0)
            # A whole number with a space in it is more often a telephone number than an amount.
            return large - 0.5 * (not _CENTS.search(text)) - 0.8 * bool(_SPACED.fullmatch(text))
        if kind is FieldType.ID:
            return numbers.resemblance(self.around, field, window)
        if kind is FieldType.DATE:
            return 0.3 * (not text[0].isalpha()) + 0.2 * bool(numbers.YEAR.search(text))
        return 0.0

    def _values(self, type: FieldType) -> list[list[tuple[int, tuple[int, ...]]]]:
        """For every row the values in it, (position, words) from left to right: the same for all fields of a type."""
        if type not in self._by_type:
            self._by_type[type] = [list(self._in_row(type, row)) for row in self.around.layout.rows]
        return self._by_type[type]

    def _in_row(self, type: FieldType, row: list[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
        at = 0
        while at < len(row):
            window = self._window(type, row, at)
            if window:
                yield at, window
            at += len(window) or 1

    def _window(self, type: FieldType, row: list[int], at: int) -> tuple[int, ...]:
        """The words from a position on that are one value, without unneeded words."""
        words, text = self._tokens, self._tokens[row[at]].text
        if type is FieldType.CURRENCY:
            is_one = _looks_like(type, text) and self.around.is_currency(row[at])
            return (row[at],) if is_one and not self.around.is_ringgit(row[at]) else ()
        if self.around.numeric.isdisjoint(row[at : at + _WORDS[type]]):
            return ()
        if type in (FieldType.AMOUNT, FieldType.RATE) and not _DIGIT.search(text):
            return ()
        if type is FieldType.RATE and _BARE_RATE.fullmatch(text) and self.around.is_under_percent(row[at]):
            return (row[at],)
        if type is FieldType.AMOUNT and (thousands := self._thousands(row, at)):
            return thousands
        if type is FieldType.AMOUNT and at and _WHOLE.fullmatch(text):
            before = words[row[at - 1]].text  # "Rs 1939"
            return (row[at],) if before and marks_of(before + " ") == (before,) else ()
        if type is FieldType.ID:
            if _VAT.fullmatch(text):
                return (row[at],)
            if numbers.is_broken(self.around, row[at : at + 2]):
                return tuple(row[at : at + 2])
            groups = numbers.chain(self.around, row[at]) or self._groups(row, at)
            if len(groups) > 2 or (groups and numbers.TAX_ID.fullmatch(self.around.text(groups).replace(" ", ""))):
                return groups
        for length in range(1, min(_WORDS[type], len(row) - at) + 1):
            window = row[at : at + length]
            if length > 1:
                gap = words[window[-1]].box[0] - words[window[-2]].box[2]
                if gap > 1.5 * self.around.layout.height(window[0]) or self._is_value(type, window[1:]):
                    return ()  # the value begins with the second word
            if self._is_value(type, window):
                return tuple(window)
        if type is FieldType.ID:
            return (row[at],) if numbers.is_named(self.around, row[at]) else ()
        # "Date:25/12/2018" in one word
        return (row[at],) if "%" not in text and _looks_like(type, text) else ()

    def _thousands(self, row: list[int], at: int) -> tuple[int, ...]:
        """An amount whose thousands stand apart, as French and Polish ones do ("5 044,89"); () where none begins."""
        if not _FIRST_GROUP.fullmatch(self._tokens[row[at]].text):
            return ()
        for end in range(at + 1, min(at + 4, len(row))):
            left, right = self._tokens[row[end - 1]], self._tokens[row[end]]
            if right.box[0] - left.box[2] > _SPACE * self.around.layout.height(row[at]):
                break
            if _LAST_GROUP.fullmatch(right.text):
                return tuple(row[at : end + 1])
            if not _NEXT_GROUP.fullmatch(right.text):
                break
        return ()

    def _groups(self, row: list[int], at: int) -> tuple[int, ...]:
        """An IBAN or a tax number that is printed in groups: capitals and digits, a country's two letters before it."""
        end = at
        while end < len(row) and end - at < 10:
            text = self._tokens[row[end]].text
            if not (_GROUP.fullmatch(text) or (end == at and _COUNTRY.fullmatch(text))):
                break
            end += 1
        return tuple(row[at:end])

    def _is_value(self, type: FieldType, window: Sequence[int]) -> bool:
        if self.around.numeric.isdisjoint(window):
            return False
        text = self.around.text(window)
        if (type is FieldType.AMOUNT and "%" in text) or (type is FieldType.DATE and " - " in text):
            return False  # a rate; from one date to another: "July 1 - July 31"
        if type is FieldType.ID and len(window) > 1 and not all(_DIGIT.search(self._tokens[i].text) for i in window):
            return False
        return _reads(type, text)

    @cached_property
    def amounts(self) -> dict[int, list[tuple[int, ...]]]:
        """Amount in hundredths -> its places on the page."""
        places: dict[int, list[tuple[int, ...]]] = {}
        for row in self._values(FieldType.AMOUNT):
            for _, window in row:
                places.setdefault(self.size(window), []).append(window)
        return places

    @cached_property
    def payment(self) -> till_slips.Payment:
        rows = enumerate(self._values(FieldType.AMOUNT))
        amounts = [(row, at, self.size(window)) for row, windows in rows for at, window in windows]
        return till_slips.payment(self.around, amounts)

    def _is_payment(self, c: Candidate) -> bool:
        """Whether an amount is what was given at a till, or the change."""
        row = self.around.layout.row_of[c.tokens[0]]
        return (row, self.around.layout.rows[row].index(c.tokens[0])) in self.payment.places

    @cached_property
    def _likely_totals(self) -> list[tuple[int, ...]]:
        likely = self._candidates(_TOTAL)
        most = max((c.score for c in likely), default=0.0)
        near = [c for c in likely if c.score > most - 1.0 and c.score > 1.2]
        return [c.tokens for c in sorted(near, key=lambda c: -c.score)]

    def _totals(self, labelled: tuple[int, ...] | None) -> list[tuple[int, ...]]:
        """The place where the total is labelled; else its likely places."""
        return [labelled] if labelled else self._likely_totals

    def _adds_up(self, field: Field, c: Candidate, labelled: Mapping[str, tuple[int, ...]]) -> bool:
        """Whether a candidate and another amount, or the labelled one (".90" is found nowhere), add up to the total."""
        own = self.size(c.tokens)
        beside = labelled.get("amount_tax" if field.id == "amount_net" else "amount_net")
        for tokens in self._totals(labelled.get("amount_total")) if own else ():
            other = self.size(tokens) - own
            is_labelled = beside is not None and self.size(beside) == other
            if other and (is_labelled or any(place != c.tokens for place in self.amounts.get(other, ()))):
                net, tax = (own, other) if field.id == "amount_net" else (other, own)
                if tax <= _MOST_TAX * net:
                    return True
        return False

    def _beside_total(self, c: Candidate, total: tuple[int, ...] | None) -> float:
        """1 for a candidate in the row of the likeliest total, less in the rows of others, else 0."""
        rows = self.around.layout.row_of
        totals = [rows[tokens[0]] for tokens in self._totals(total)]
        return 1.0 if rows[c.tokens[0]] in totals[:1] else 0.6 * (rows[c.tokens[0]] in totals)

    def _beside(self, field: Field) -> Iterator[Candidate]:
        """The candidates of a text field: the words to the right of the field's name, up to a gap."""
        own = headers.names_of(field)
        for number, row in enumerate(self.around.layout.rows):
            folded = [headers.fold(self._tokens[i].text) for i in row]
            for at in range(len(row)):
                for length in (3, 2, 1):
                    if not (rest := row[at + length :]) or "".join(folded[at : at + length]) not in own:
                        continue
                    first = next(piece for piece in self.around.pieces[number] if rest[0] in piece)
                    beside = f"beside “{self.around.text(row[at : at + length])}”"
                    yield Candidate(tuple(word for word in rest if word in first), 1.0 + 0.1 * length, beside)


def _gross_before_due(candidates: Sequence[Candidate], amounts: Sequence[float]) -> list[Candidate]:
    """Of one amount, the place that is headed as what is to be paid comes after the one headed as the total."""
    gross: dict[float, float] = {}  # amount -> score of the best place
    for c, amount in zip(candidates, amounts, strict=True):
        if c.headed and not headers.is_due(c.header):
            gross[amount] = max(c.score, gross.get(amount, c.score))
    return [
        replace(c, score=min(c.score, gross[amount] - _A_LITTLE))
        if amount in gross and c.headed and headers.is_due(c.header) and c.score - gross[amount] < _MUCH
        else c
        for c, amount in zip(candidates, amounts, strict=True)
    ]
