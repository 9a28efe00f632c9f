"""How far two labellings of the same documents agree: Cohen's kappa over tokens, F1 over spans, and what differs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from storage.records import Span

OUTSIDE = ""
"""The category of a token without a label."""

Key = tuple[str, tuple[int, ...]]
"""What makes two spans the same: the field and the tokens."""


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
    fields = [OUTSIDE] * length
    for span in spans:
        for token in span.tokens:
            fields[token] = span.field
    return fields


def kappa(table: Counter[tuple[str, str]]) -> float | None:
    """Cohen's kappa from how often each pair of categories was given; None where chance agreement is certain."""
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


def _keys(spans: Iterable[Span]) -> set[Key]:
    return {(span.field, span.tokens) for span in spans}


def measure(pairs: Sequence[LabelledTwice]) -> Agreement:
    """Agreement over documents. A field's kappa asks of each token only whether it belongs to the field."""
    table: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        table.update(zip(categories(pair.first, pair.length), categories(pair.second, pair.length), strict=True))
    keys = [(_keys(pair.first), _keys(pair.second)) for pair in pairs]
    names = sorted({name for a, b in keys for name, _ in a | b})
    return Agreement(len(pairs), _level(table, keys), {name: _field_level(table, keys, name) for name in names})


def _level(table: Counter[tuple[str, str]], keys: Sequence[tuple[set[Key], set[Key]]]) -> AgreementLevel:
    total = sum(len(first) + len(second) for first, second in keys)
    same = sum(len(first & second) for first, second in keys)
    return AgreementLevel(kappa(table), 2 * same / total if total else None, total)


def _field_level(
    table: Counter[tuple[str, str]], keys: Sequence[tuple[set[Key], set[Key]]], name: str
) -> AgreementLevel:
    """The level of one field: every other field counts as outside."""
    narrowed: Counter[tuple[str, str]] = Counter()
    for (first, second), number in table.items():
        narrowed[first if first == name else OUTSIDE, second if second == name else OUTSIDE] += number
    own = [({k for k in first if k[0] == name}, {k for k in second if k[0] == name}) for first, second in keys]
    return _level(narrowed, own)


def differences(first: Iterable[Span], second: Iterable[Span]) -> list[Disagreement]:
    """What two labellings see differently, in reading order; spans of a field that overlap are one difference."""
    a, b = _keys(first), _keys(second)
    left, right = sorted(a - b, key=lambda k: (k[1], k[0])), sorted(b - a, key=lambda k: (k[1], k[0]))
    disagreements = []
    for name, tokens in left:
        partner = next((k for k in right if k[0] == name and set(k[1]) & set(tokens)), None)
        if partner:
            right.remove(partner)
        disagreements.append(Disagreement(name, tokens, partner[1] if partner else None))
    disagreements += [Disagreement(name, None, tokens) for name, tokens in right]
    return sorted(disagreements, key=lambda d: (d.first or d.second or (), d.field))
