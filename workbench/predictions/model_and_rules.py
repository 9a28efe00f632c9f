"""Which of two readers of a document is taken: the model, or the rules about where a field's value probably stands.

The rules (`candidates.Finder`) know header words and forms of values and need no training; a model learns what the
analyst's documents look like. Each field keeps a record of how often either was right where they agreed, differed, or
only one proposed a value, by how sure the model was. The record comes with the program (made-up documents of templates
that the starter was not trained on) and is outweighed by what a run measures on its own validation documents. A
suggestion's confidence is the record's rate: histogram binning (Zadrozny and Elkan, 2001), so it is calibrated where
the record is.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from storage.records import Token
from workbench.fields import Field, FieldType, checks
from workbench.fields.values import is_clock, joined, normalise, same
from workbench.locate import checked_numbers
from workbench.locate.candidates import Finder
from workbench.locate.parties import extent
from workbench.locate.parties.words import is_heading
from workbench.locate.rates import is_idle, is_rate
from workbench.locate.vendors import own_fields
from workbench.predictions import page_reading, repair_rules
from workbench.predictions.cases import Case, Chunk
from workbench.runs.config import families

SHIPPED = families.STARTER_FOLDER / "readers.json"
PRIOR = 8.0
"""How many documents of the workspace weigh as much as the record that comes with the program."""
_A4 = math.sqrt(2)  # height by width
_BINS = (0.5, 0.8, 0.95)  # of the model's confidence
_EVEN = (0.5, 0.5)  # rates of a situation without any record
_STRONG_RATE = 0.85
_STRONG_WEIGHT = 8  # documents
_AHEAD = 0.5  # of the next place's score
_WITH_FORM = frozenset({FieldType.AMOUNT, FieldType.DATE, FieldType.ID, FieldType.RATE})
_NO_ACCOUNTS = frozenset({"invoice_no", "purchase_order", "seller_tax_id", "buyer_tax_id"})
_COUNTRY = 2  # words of a country's name
_LONG_NUMBER = 5  # digits
_ENOUGH_AMOUNTS = 3
_UNSURE = 0.65
_SUREST = 0.99  # more would be too much after so few documents

STRONG = " strong"
"""Ends the name of a situation in which the rules decided a field together with others, or by check digits."""
TokenIds = tuple[int, ...]
Values = Mapping[str, tuple[TokenIds, float]]
"""Field -> (words, confidence) of the model."""
Counts = dict[str, dict[str, list[int]]]
"""field -> situation -> [model right, rules right, documents]."""


@dataclass(frozen=True, slots=True)
class TwoReadings:
    """The words that each of the two readers takes for a field's value; () is none."""

    model: TokenIds
    sure: float  # the model's confidence, 0..1
    rules: TokenIds
    strong: bool = False  # the rules decided it together with other fields, or by check digits
    together: bool = False  # a party's block, which is not clearly this party's
    headed: bool = False  # a header names the rules' place, and no other comes near
    alike: bool = False  # both read the same value, at different places
    refused: bool = False  # the model read something that is no value of the field

    @property
    def situation(self) -> str:
        """How they stand to each other, and how sure the model is."""
        strong = STRONG if self.strong else " together" if self.together else " headed" if self.headed else ""
        if not self.model:
            return f"rules, model refused{strong}" if self.refused and self.rules else f"rules alone{strong}"
        sure = sum(self.sure >= edge for edge in _BINS)
        agree = self.alike or self.model == self.rules
        how = "agree" if agree else "differ" if self.rules else "model alone"
        return f"{how} {sure}{strong}"


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """How often the readers were right, before (what came with the program) and here."""

    before: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)
    here: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)

    def rates(self, name: str, situation: str) -> tuple[float, float]:
        """(model right, rules right) as shares, 0..1."""
        strong = situation.endswith(STRONG)
        alike = [
            rows[situation]
            for other, rows in self.before.items()
            if situation in rows and (not strong or _kin(other) == _kin(name))
        ]
        pooled = [sum(counts) for counts in zip(*alike, strict=True)] or [0, 0, 0]
        # what adds up or has its check digits is right more often than not, where no record says more
        start = (_STRONG_RATE if situation.startswith("agree") else 1 - _STRONG_RATE, _STRONG_RATE) if strong else _EVEN
        weight = _STRONG_WEIGHT if strong else 1
        known = self.before.get(name, {}).get(situation, (0, 0, 0))
        mine = self.here.get(name, {}).get(situation, (0, 0, 0))

        def rate(which: int) -> float:
            base: float = (pooled[which] + weight * start[which]) / (pooled[2] + weight)
            prior: float = (known[which] + PRIOR * base) / (known[2] + PRIOR)
            return (mine[which] + PRIOR * prior) / (mine[2] + PRIOR)

        return rate(0), rate(1)

    def believed(self, name: str, read: TwoReadings) -> tuple[TokenIds, float]:
        """The words that are taken, and how likely they are right; how sure the model is breaks ties."""
        model, rules = self.rates(name, read.situation)
        # on pages unlike those of the record an addressee without a block of name and address is often a part of one
        short = (
            name.startswith("buyer_")
            and not (read.strong or read.together)
            and sum(counts[2] for counts in self._here(name)) < PRIOR
        )
        surest = _UNSURE if short else _SUREST
        is_models = read.model and (not read.rules or model >= rules)
        if own_fields.is_own(name):
            counts = self.here.get(name, {}).get(read.situation, (0, 0, 0))
            surest = min(surest, own_fields.surest(counts[0 if is_models else 1]))
        if is_models:
            return read.model, min(surest, model + 0.01 * (read.sure - 0.5))
        return read.rules, min(surest, rules)

    def _here(self, name: str) -> Iterable[Sequence[int]]:
        return self.here.get(name, {}).values()


def _kin(name: str) -> str:
    """What is read alike together shares its record where its own is short: the sums, the names, the addresses."""
    side, _, rest = name.partition("_")
    if side == "amount":
        return side
    return rest if side in ("seller", "buyer") else "other"


def finder_of(case: Case) -> Finder:
    """The rules over a case's words.

    Its boxes are thousandths of the page. The rules compare gaps with heights as they are on an A4 page, so that
    heights are stretched as much as the page is longer: on long receipts every gap between words looked wide.
    """
    stretch = {number: height / width / _A4 for number, (width, height) in enumerate(case.page_sizes) if width > 0}
    return Finder(
        [
            Token(number, page, line, text, (float(x0), y0 * down, float(x1), y1 * down))
            for number, (text, page, line, (x0, y0, x1, y1)) in enumerate(
                zip(case.words, case.pages, case.lines, case.boxes, strict=True)
            )
            for down in (stretch.get(page, 1.0),)
        ]
    )


def read_all(finder: Finder, fields: Sequence[Field], values: Values) -> dict[str, TwoReadings]:
    """Both readings of every field that either finds.

    Where both agree it is as good as labelled, and shows the rules where to look for the others. What the page decides
    as a whole (`page_reading`) comes before the likeliest place of a field alone.

    Args:
        values: field -> (words, confidence) of the model.
    """
    page = page_reading.PageReading(finder, fields, values)
    together, contradicted = page.places(), page.contradicted()
    own = {
        name: value
        for name, value in values.items()
        if together.get(name) != page_reading.NOWHERE and name not in contradicted
    }
    taken = own.get("seller_tax_id", ((), 0.0))
    if taken[0] and page.stands_under_buyer(taken[0]):
        del own["seller_tax_id"]
        own.setdefault("buyer_tax_id", taken)

    printed = {token for places in finder.amounts.values() for tokens in places for token in tokens}

    def acceptable(field: Field, words: TokenIds) -> bool:
        if not words or not checks.acceptable(field.id, field.type, finder.around.text(words)):
            return False
        if field.type is FieldType.RATE:
            return is_rate(finder.around, field, words) and not is_idle(finder.around, words)
        text = finder.around.text(words)
        is_of_party = field.type in (FieldType.PARTY, FieldType.ADDRESS)
        if extent.is_none(field.type, text) or (is_of_party and is_heading(text)):
            return False
        if field.id == "seller_tax_id" and page.stands_under_buyer(words):
            return False
        if field.type is FieldType.ID and checked_numbers.is_piece(finder.around, words):
            return False
        if _is_swapped(finder, field, words):
            return False
        # among amounts with cents or currency a bare whole number is a post code, a quantity, an account
        return field.type is not FieldType.AMOUNT or len(printed) < _ENOUGH_AMOUNTS or bool(printed & set(words))

    def both(field: Field, labelled: Mapping[str, TokenIds]) -> TwoReadings:
        model, sure = own.get(field.id, ((), 0.0))
        model = _tidied(finder, field, model)
        refused = False
        if not acceptable(field, model):
            # an unreadable date says nothing of another one, but a name's place was taken for something else
            refused = bool(model) and (field.id in _NO_ACCOUNTS or field.type in (FieldType.PARTY, FieldType.ADDRESS))
            model, sure = (), 0.0
        place = together.get(field.id)
        if place and field.type is FieldType.RATE and is_idle(finder.around, place.tokens):
            place = None
        rules, headed = _likeliest(finder, field, labelled) if place is None or not place.strong else ((), False)
        if place is not None:
            # sums that add up and are not all headed: at their header they are as sure as alone
            rules, headed = place.tokens, headed and rules == place.tokens
        rules = _tidied(finder, field, rules)
        if not acceptable(field, rules):
            rules, headed = (), False
        headed = headed or _is_only_date(finder, field, model, rules)
        is_name = field.type is FieldType.PARTY and extent.is_whole_name(finder.around, rules, model)
        if is_name or _is_part(finder, field, model, sure, rules, is_decided=place is not None):
            model = rules
        alike = bool(model and rules) and _alike(finder, field, model, rules)
        is_formed = alike and field.type in _WITH_FORM
        if is_formed and _is_named(finder, field, rules) and not _is_named(finder, field, model):
            model = rules  # the same value beside its header: a total, not what was paid
        is_strong = place is not None and place.strong
        # doubtful sums are no surer than a likely place: with a rate of their own 33 of 439 receipts lost their total
        is_block = field.type in (FieldType.PARTY, FieldType.ADDRESS)
        is_together = is_block and place is not None and not place.strong and bool(rules)
        return TwoReadings(model, sure, rules, is_strong, is_together, headed, alike, refused)

    first = {field.id: both(field, {}) for field in fields}
    agreed = {name: read.model for name, read in first.items() if read.model and read.model == read.rules}
    second = {field.id: first[field.id] if field.id in agreed else both(field, agreed) for field in fields}
    return {name: read for name, read in second.items() if read.model or read.rules}


def _tidied(finder: Finder, field: Field, words: TokenIds) -> TokenIds:
    """A name or an address from its beginning to its end, a date without the time of day behind it; other values as
    they are."""
    if field.type is FieldType.DATE:
        return _without_time(finder, words)
    if not words or field.type not in (FieldType.PARTY, FieldType.ADDRESS):
        return words
    return extent.tidied(finder.around, field.type, extent.without_next(finder.around, field.type, words))


def _without_time(finder: Finder, date: TokenIds) -> TokenIds:
    text = finder.around.text
    ends = (end for end in range(1, len(date)) if is_clock(text(date[end:])))
    return next((date[:end] for end in ends if same(FieldType.DATE, text(date[:end]), text(date))), date)


def _is_swapped(finder: Finder, field: Field, words: TokenIds) -> bool:
    """Whether the header right before a document's number says that it is a tax number, or the other way round; or
    whether a number is an account, by its check digits or the header right before it."""
    number, tax = ("invoice_no", "seller_tax_id")
    if field.id not in _NO_ACCOUNTS:
        return False
    header = finder.around.header_before(words[0])
    if (header is not None and header.fields.get("iban") == 1) or checked_numbers.is_account(finder.around, words):
        return True
    if field.id not in (number, tax):
        return False
    other = tax if field.id == number else number
    return header is not None and header.fields.get(other) == 1 and field.id not in header.fields


def _is_part(finder: Finder, field: Field, model: TokenIds, sure: float, rules: TokenIds, *, is_decided: bool) -> bool:
    """Whether a model reads a part only of what the rules read as a whole: an address, a decided value, an amount, a
    number. A long number before the words of a sure model is no part of an address, but a register's or of taxes."""
    if not model or not set(model) < set(rules):
        return False
    if is_decided or checked_numbers.is_broken(finder.around, rules):
        return True
    if field.type is FieldType.ADDRESS:
        before = finder.around.text([word for word in rules if word < min(model)])
        return sure < _BINS[-1] or sum(map(str.isdigit, before)) < _LONG_NUMBER
    return rules in finder.amounts.get(finder.size(rules), ())


def _is_named(finder: Finder, field: Field, words: TokenIds) -> bool:
    """Whether the header beside words names the field."""
    row = finder.around.layout.row_of[words[0]]
    return finder.around.context(field, row, finder.around.layout.rows[row].index(words[0]))[0] > 0


def _alike(finder: Finder, field: Field, first: TokenIds, second: TokenIds) -> bool:
    return same(field.type, finder.around.text(first), finder.around.text(second))


def _likeliest(finder: Finder, wanted: Field, labelled: Mapping[str, TokenIds]) -> tuple[TokenIds, bool]:
    """The likeliest place, and whether a header names it and no other place comes near.

    Of numbers and dates it is enough that no header names another place.
    """
    ranked = finder.ranked(wanted, labelled)
    if wanted.type is FieldType.RATE:
        ranked = [c for c in ranked if not is_idle(finder.around, c.tokens)]
    if not ranked:
        return (), False
    first, text = ranked[0], finder.around.text(ranked[0].tokens)
    others = (c for c in ranked[1:] if not same(wanted.type, finder.around.text(c.tokens), text))
    rival = next(others, None)
    is_ahead = rival is None or first.score - rival.score >= _AHEAD
    alone = wanted.type in (FieldType.ID, FieldType.DATE) and not (
        rival and (first.score <= rival.score or rival.headed or any(c.headed for c in others))
    )
    is_company = wanted.id == "seller_name" and extent.is_company(finder.around, first.tokens)
    return tuple(sorted(first.tokens)), (first.headed and (alone or is_ahead)) or (is_company and is_ahead)


def _is_only_date(finder: Finder, field: Field, model: TokenIds, rules: TokenIds) -> bool:
    """Whether no other date is printed than the one that the rules take for the document's, nor read by the model."""
    if field.id != "invoice_date" or not rules or (model and not _alike(finder, field, model, rules)):
        return False
    ranked = finder.ranked(field)
    text = finder.around.text(rules)
    return ranked[0].score > 0 and all(same(field.type, finder.around.text(c.tokens), text) for c in ranked)


def measure(
    cases: Iterable[Case], fields: Sequence[Field], values: Callable[[Case], Mapping[str, tuple[TokenIds, float]]]
) -> Counts:
    """What a record is made of: on labelled documents, how often the model (its `values`) and the rules were right."""
    counts: Counts = {f.id: {} for f in fields}
    types = {f.id: f.type for f in fields}
    for case in cases:
        gold = values_of(case)
        for name, read in read_all(finder_of(case), fields, values(case)).items():
            right = gold.get(name, frozenset())
            if read.strong and not right:
                continue  # it is there, and merely not labelled
            row = counts[name].setdefault(read.situation, [0, 0, 0])
            row[0] += _is_right(case, types[name], read.model, right)
            row[1] += _is_right(case, types[name], read.rules, right)
            row[2] += 1
    return counts


def _is_right(case: Case, kind: FieldType, words: TokenIds, right: Iterable[TokenIds]) -> bool:
    """Whether words are a labelled value, or the same value printed elsewhere."""
    if not words or words in right:
        return bool(words)
    text = joined(case.words[word] for word in words)
    labels = [joined(case.words[word] for word in gold) for gold in right]
    if kind is FieldType.ADDRESS:
        return any(_same_place(text, label) for label in labels)
    return any(same(kind, text, label) for label in labels)


def _same_place(first: str, second: str) -> bool:
    """Whether two addresses are the same, up to the country behind one of them."""
    short, long = sorted((normalise(FieldType.ADDRESS, text).normal or "" for text in (first, second)), key=len)
    rest = long[len(short) :]
    return bool(short) and long.startswith(short) and len(rest.split()) <= _COUNTRY and not re.search(r"\d", rest)


def values_of(case: Case) -> dict[str, frozenset[TokenIds]]:
    """Field -> the words of each of its labelled values; where there are several, also all of them as one value."""
    by_field: dict[str, list[Chunk]] = {}
    for chunk in case.gold:
        by_field.setdefault(chunk.field, []).append(chunk)
    return {
        name: frozenset(_words(pieces) for pieces in [*repair_rules.together(case, chunks), sorted(chunks)])
        for name, chunks in by_field.items()
    }


def _words(pieces: Iterable[Chunk]) -> TokenIds:
    return tuple(word for piece in pieces for word in range(piece.start, piece.stop))


@cache
def shipped() -> Mapping[str, Mapping[str, Sequence[int]]]:
    """The record that comes with the program; empty where it is missing."""
    try:
        record: Counts = json.loads(SHIPPED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record


def apart(proposals: Iterable[tuple[str, TokenIds, float]]) -> list[tuple[str, TokenIds, float]]:
    """Without those whose words a surer proposal of another field has, in the order of the page."""
    kept: list[tuple[str, TokenIds, float]] = []
    taken: Counter[int] = Counter()
    for proposal in sorted(proposals, key=lambda proposal: (-proposal[2], proposal[1], proposal[0])):
        if not any(taken[word] for word in proposal[1]):
            taken.update(proposal[1])
            kept.append(proposal)
    return sorted(kept, key=lambda proposal: proposal[1])
