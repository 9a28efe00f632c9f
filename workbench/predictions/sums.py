"""The sums of an invoice read together: of all amounts on the page, the net, tax and total that add up.

An amount beside "Total" may be a line's, a table's or another page's; three amounts with net + tax = total, of which
the tax is a printed rate of the net, are hardly there by chance.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations

from workbench.fields import Field, FieldType
from workbench.fields.values import normalise
from workbench.locate.candidates import Finder

TokenIds = tuple[int, ...]
NET, TAX, TOTAL, RATE = "amount_net", "amount_tax", "amount_total", "tax_rate"
_FIELDS = (NET, TAX, TOTAL)
_MOST_VALUES = 80  # different amounts: more are a long list of goods, whose largest are enough
_MOST_TAXES = 12  # with a header, of which two may be added
_MOST_TAX = 0.28  # of the net: Hungary's 27 % is the highest
_HEADED = 0.4  # a place whose header says so
_SURE_HEADER = 1.2  # the header and rank of a place that is the total in all likelihood
_LESS = 0.15
_RANKED = (0.5, 0.2)  # for the likeliest places of each field alone
_COIN = 5  # cents: the smallest coin that totals are rounded to
_LEAST = 1.0  # of the three places' support together


@dataclass(frozen=True, slots=True)
class Sums:
    """The places of the sums that add up."""

    places: Mapping[str, TokenIds]
    strong: bool  # headers or the model speak for all of them, or for two and a printed rate
    rate: Decimal | None  # percent, where tax and net are a printed rate
    several_rates: bool  # the tax is surely of more than one rate
    tax_unprinted: bool  # there are taxes of two rates, and their sum is not on the page


@dataclass(frozen=True, slots=True)
class _Place:
    support: float  # of a header and a model
    tokens: TokenIds
    header: float  # the header's and the rank's part of it


def read(
    finder: Finder, fields: Sequence[Field], believed: Mapping[str, tuple[TokenIds, float]], rates: Iterable[Decimal]
) -> Sums | None:
    """The net, tax and total that add up and that most speaks for; None where none do.

    Args:
        finder: of the document.
        fields: of the schema.
        believed: field -> (words, confidence) of a model.
        rates: the rates that are printed, in percent.
    """
    wanted = {field.id: field for field in fields if field.id in _FIELDS}
    if len(wanted) < len(_FIELDS):
        return None
    best_of = {name: _places(finder, field, believed.get(name)) for name, field in wanted.items()}
    amounts = sorted((value for value in finder.amounts if value), reverse=True)[:_MOST_VALUES]
    known = set(amounts) | ({0} & set(finder.amounts))
    printed = sorted(set(rates))
    of_two = _two_taxes(best_of[TAX])
    best: tuple[float, int, int, Decimal | None] | None = None
    totals = best_of[TOTAL]
    surest = max(totals, key=lambda value: totals[value].header, default=0)
    for total in amounts:
        if total < surest and totals[total].header < min(totals[surest].header, _SURE_HEADER) - _LESS:
            continue  # parts of a document add up, too
        for net, tax in ((net, total + cents - net) for net in amounts for cents in _roundings(finder, total)):
            if not 0 <= tax <= _MOST_TAX * net or (total != net + tax and (tax not in known or not tax)):
                continue
            if tax not in known and tax:
                are_headed = min(totals[total].header, best_of[NET][net].header) >= _HEADED
                if tax not in of_two or not are_headed:
                    continue
            tax_support = best_of[TAX][tax].support if tax in best_of[TAX] else of_two.get(tax, 0.0)
            score, rate = _score(best_of, net, tax, total, printed, tax_support, tax in of_two)
            if score is not None and (best is None or score > best[0]):
                best = score, net, tax, rate
    if best is None or best[0] < _LEAST:
        return None
    _, net, tax, rate = best
    total = _rounded(best_of[TOTAL], net + tax)
    chosen = {TOTAL: best_of[TOTAL].get(total), NET: best_of[NET].get(net), TAX: best_of[TAX].get(tax)}
    places: dict[str, TokenIds] = {}
    for name, place in sorted(chosen.items(), key=lambda item: -(item[1].support if item[1] else 0.0)):
        if place is None or (place.support <= 0 and not tax):
            continue
        if all(set(place.tokens).isdisjoint(tokens) for tokens in places.values()):
            places[name] = place.tokens
    headed = sum(place is not None and place.support >= _HEADED for place in chosen.values())
    is_unprinted = chosen[TAX] is None and tax in of_two
    headed += is_unprinted
    is_strong = headed == 3 or (headed == 2 and (rate is not None or tax in of_two))
    return Sums(places, is_strong, rate, tax > 0 and rate is None and (is_strong or tax in of_two), is_unprinted)


def _roundings(finder: Finder, total: int) -> list[int]:
    """The cents by which net and tax may be more than a total: those that are printed, of a total in whole coins."""
    printed = [cents for cents in range(1, _COIN) if cents in finder.amounts and total % _COIN == 0]
    return [0, *printed, *(-cents for cents in printed)]


def _rounded(places: Mapping[int, _Place], total: int) -> int:
    """The total after rounding to the smallest coin, where that is printed with a header of its own."""
    near = [value for value in places if value % _COIN == 0 and 0 < abs(value - total) < _COIN]
    headed = [value for value in near if places[value].support >= _HEADED]
    return headed[0] if headed else total


def _places(finder: Finder, field: Field, believed: tuple[TokenIds, float] | None) -> dict[int, _Place]:
    """Amount in hundredths -> its likeliest place for a field."""
    rows = finder.around.layout.row_of
    best: dict[int, _Place] = {}
    words = set(believed[0]) if believed else set[int]()
    first = {candidate.tokens: bonus for candidate, bonus in zip(finder.ranked(field), _RANKED, strict=False)}
    for value, places in finder.amounts.items():
        captioned: _Place | None = None  # where the field's own header stands: an equal amount may be what was paid
        is_bare = True
        for tokens in places:
            row = rows[tokens[0]]
            context, _ = finder.around.context(field, row, finder.around.layout.rows[row].index(tokens[0]))
            header = context + first.get(tokens, 0.0)
            support = header + (0.8 * believed[1] if believed and words & set(tokens) else 0.0)
            place = _Place(support + 0.001 * row / (len(rows) or 1), tokens, header)
            if context > 0 and (captioned is None or header > captioned.header):
                captioned = place
            if value not in best or place.support > best[value].support:
                best[value], is_bare = place, context <= 0
        if captioned is not None and is_bare:
            best[value] = replace(captioned, support=max(captioned.support, best[value].support))
    return best


def _two_taxes(taxes: Mapping[int, _Place]) -> dict[int, float]:
    """The sums of two taxes that each have their header (of two rates, whose sum need not be printed) -> support."""
    headed = [(value, place.support) for value, place in taxes.items() if value and place.header >= _HEADED]
    headed = sorted(headed, key=lambda tax: -tax[1])[:_MOST_TAXES]
    return {first + second: min(a, b) for (first, a), (second, b) in combinations(headed, 2)}


def _score(
    best_of: Mapping[str, Mapping[int, _Place]],
    net: int,
    tax: int,
    total: int,
    printed: Sequence[Decimal],
    tax_support: float,
    is_of_two: bool,
) -> tuple[float | None, Decimal | None]:
    """How much speaks for three amounts that add up, and the printed rate that fits; None for too little.

    A tax that is the sum of two (`is_of_two`) is as hardly there by chance as one that is a printed rate of the net.
    """
    sure = [best_of[TOTAL][total].support, best_of[NET][net].support]
    if tax == 0:  # net and total are equal, so that it takes two places with their own headers
        zero = best_of[TAX].get(0)
        if min(sure) < _HEADED or best_of[TOTAL][total].tokens == best_of[NET][net].tokens:
            return None, None
        return sum(sure) + (max(zero.support, 0.0) if zero else 0.0), Decimal(0) if Decimal(0) in printed else None
    sure.append(tax_support)
    fitting = [rate for rate in printed if rate and abs(net * rate / 100 - tax) <= max(2, net // 2000)]
    headed = sum(support >= _HEADED for support in sure)
    is_fitting = bool(fitting) or is_of_two
    if headed == 0 or (headed == 1 and not is_fitting):
        return None, None
    return sum(max(support, -0.5) for support in sure) + 0.7 * is_fitting, fitting[0] if fitting else None


def printed_rates(finder: Finder, field: Field) -> dict[Decimal, list[TokenIds]]:
    """The tax rates on the page -> their places."""
    rates: dict[Decimal, list[TokenIds]] = {}
    for candidate in finder.ranked(field):
        normal = normalise(FieldType.RATE, finder.around.text(candidate.tokens)).normal
        if normal is not None and Decimal(normal) <= 30:
            rates.setdefault(Decimal(normal), []).append(candidate.tokens)
    return rates
