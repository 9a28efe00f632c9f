"""How far two labellings of the same documents agree: Cohen's kappa over tokens, F1 over spans, and what differs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from storage.records import Span

OUTSIDE = ""
"""The category of a token without a label."""


@dataclass(frozen=True, slots=True)
class LabelledTwice:
    """One document labelled twice."""

    first: frozenset[Span]
    second: frozenset[Span]
    length: int  # tokens


@dataclass(frozen=True, slots=True)
class AgreementLevel:
    """How far two labellings agree.

    Attributes:
        kappa: Cohen's, -1..1; None where chance alone would agree always (neither labelled anything).
        f1: of the second's spans against the first's, 0..1 (symmetric); None where neither has any.
        spans: the first's and the second's together.
    """

    kappa: float | None
    f1: float | None
    spans: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Over all documents and fields, and field by field."""

    documents: int
    overall: AgreementLevel
    fields: dict[str, AgreementLevel] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A field that two labellings see differently. None: this one has no span there."""

    field: str
    first: tuple[int, ...] | None
    second: tuple[int, ...] | None


def categories(spans: Iterable[Span], length: int) -> list[str]:
    """The field of every token; OUTSIDE where there is none."""
    found = [OUTSIDE] * length
    for span in spans:
        for token in span.tokens:
            found[token] = span.field
    return found


def kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Cohen's kappa of two sequences of categories; None where chance agreement is certain."""
    return kappa_of(Counter(zip(first, second, strict=True)))


def kappa_of(table: Counter[tuple[str, str]]) -> float | None:
    """Cohen's kappa from how often each pair of categories was given."""
    total = sum(table.values())
    if not total:
        return None
    rows: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    for (a, b), number in table.items():
        rows[a] += number
        columns[b] += number
    same = sum(number for (a, b), number in table.items() if a == b)
    chance = sum(rows[name] * columns[name] for name in rows)
    # in whole numbers, so that "certain" is exact
    return None if chance == total * total else (same * total - chance) / (total * total - chance)


def f1(first: Iterable[Span], second: Iterable[Span]) -> float | None:
    """F1 between two sets of spans; equal means the same field and the same tokens. None where both are empty."""
    a, b = _keys(first), _keys(second)
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else None


def _keys(spans: Iterable[Span]) -> set[tuple[str, tuple[int, ...]]]:
    return {(span.field, span.tokens) for span in spans}


def measure(pairs: Sequence[LabelledTwice]) -> Agreement:
    """Agreement over documents. A field's kappa asks of each token only whether it belongs to the field."""
    table: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        table.update(zip(categories(pair.first, pair.length), categories(pair.second, pair.length), strict=True))
    keys = [(_keys(pair.first), _keys(pair.second)) for pair in pairs]
    names = sorted({name for a, b in keys for name, _ in a | b})
    return Agreement(len(pairs), _level(table, keys, None), {name: _level(table, keys, name) for name in names})


def _level(
    table: Counter[tuple[str, str]],
    keys: Sequence[tuple[set[tuple[str, tuple[int, ...]]], set[tuple[str, tuple[int, ...]]]]],
    name: str | None,
) -> AgreementLevel:
    if name is not None:
        narrowed: Counter[tuple[str, str]] = Counter()
        for (a, b), number in table.items():
            narrowed[a if a == name else OUTSIDE, b if b == name else OUTSIDE] += number
        table = narrowed
        keys = [({k for k in a if k[0] == name}, {k for k in b if k[0] == name}) for a, b in keys]
    total = sum(len(a) + len(b) for a, b in keys)
    return AgreementLevel(kappa_of(table), 2 * sum(len(a & b) for a, b in keys) / total if total else None, total)


def differences(first: Iterable[Span], second: Iterable[Span]) -> list[Disagreement]:
    """What two labellings see differently, in reading order; spans of a field that overlap are one difference."""
    a, b = _keys(first), _keys(second)
    left, right = sorted(a - b, key=lambda k: (k[1], k[0])), sorted(b - a, key=lambda k: (k[1], k[0]))
    found = []
    for name, tokens in left:
        partner = next((k for k in right if k[0] == name and set(k[1]) & set(tokens)), None)
        if partner:
            right.remove(partner)
        found.append(Disagreement(name, tokens, partner[1] if partner else None))
    found += [Disagreement(name, None, tokens) for name, tokens in right]
    return sorted(found, key=lambda d: (d.first or d.second or (), d.field))
