"""The receipts of tills: they have no buyer, unless a header names one, and say what was paid. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from workbench.fields import Field, FieldType
from workbench.locate import headers
from workbench.locate.context import Candidate, Surroundings

_WORDS = (
    "cash cashier change tendered rounding rounded tunai baki wechselgeld ruckgeld zuruck gegeben bar kassierer "
    "bediener especes caissier caissiere rendu contant wisselgeld kassier kassabon efectivo cambio cajero contanti "
    "resto cassiere gotowka reszta kasjer dinheiro troco 现金 找零 收银员 "
    "table pax paxs waiter server visa mastercard tisch kellner serveur"
)
TILL_WORDS = frozenset(_WORDS.split())
"""What tills print, folded."""
_LEAST_WORDS = 2
_LONGEST_LINE = 5  # words: a longer line is a sentence
_GIVEN, _CHANGE = (Field(name, name, FieldType.AMOUNT, "", "") for name in ("~given", "~change"))
_NAMED = 0.5  # how well the header beside an amount fits
_COIN = 5  # cents: the smallest coin where cash totals are rounded
_A_LITTLE, _NO_TOTAL = 0.01, 2.0  # of a score
SURELY = 1.0
"""How much speaks for what was paid by the amounts given and the change."""
_GIVEN_EXACTLY = 0.4  # where there was change, too
_MOST_WAYS = 400  # of taking change from what was given: a page with more is no till's, and all of them take minutes


def is_till_slip(around: Surroundings) -> bool:
    """Whether at least two different words of tills stand at the start of short lines."""
    starts = {
        headers.fold(around.tokens[piece[0]].text)
        for pieces in around.pieces
        for piece in pieces
        if len(piece) <= _LONGEST_LINE
    }
    return len(starts & TILL_WORDS) >= _LEAST_WORDS


@dataclass(frozen=True, slots=True)
class Payment:
    """What a receipt says about its payment."""

    paid: Mapping[int, float]  # hundredths -> how much speaks for its being what was to be paid, 0..1
    places: frozenset[tuple[int, int]]  # (row, position) of what was given and of the change
    gives_change: bool = False  # as only tills do


def payment(around: Surroundings, amounts: Iterable[tuple[int, int, int]]) -> Payment:
    """What was given at the till, less the change; nothing of a page with very many of both.

    Args:
        around: of the page.
        amounts: (row, position in the row, hundredths) of all amounts.
    """
    given, change, places = set[int](), set[int](), set[tuple[int, int]]()
    for row, position, hundredths in amounts:
        is_given, is_change = (around.context(kind, row, position)[0] for kind in (_GIVEN, _CHANGE))
        if max(is_given, is_change) >= _NAMED:
            (given if is_given > is_change else change).add(hundredths)
            places.add((row, position))
    if len(given) * len(change) > _MOST_WAYS:
        return Payment({}, frozenset(places), bool(change))
    differences = {more - less for more in given for less in change - {0} if more > less}
    exact = {amount: SURELY if change <= {0} else _GIVEN_EXACTLY for amount in given if amount}
    return Payment(exact | dict.fromkeys(differences, SURELY), frozenset(places), bool(change))


def rounded_first(candidates: list[Candidate], amounts: list[float], paid: list[float]) -> list[Candidate]:
    """The likeliest total gives way to one that is a few cents off and in whole coins: that one was to be paid in cash.

    What is no more than such a difference is the rounding itself, and no total.

    Args:
        candidates: for the total.
        amounts: of each.
        paid: how much speaks for each being what was to be paid; nothing for what was given.
    """
    cents = [round(100 * amount) for amount in amounts]
    if max(cents, default=0) > _COIN:
        candidates = [
            replace(c, score=c.score - _NO_TOTAL) if size <= _COIN else c
            for c, size in zip(candidates, cents, strict=True)
        ]
    best, exact = max(zip(candidates, cents, strict=True), key=lambda placed: placed[0].score, default=(None, 0))
    if best is None or exact % _COIN == 0:
        return candidates
    return [
        replace(c, score=max(c.score, best.score + _A_LITTLE))
        if (c.headed or speaks) and size % _COIN == 0 and abs(size - exact) < _COIN
        else c
        for c, size, speaks in zip(candidates, cents, paid, strict=True)
    ]
