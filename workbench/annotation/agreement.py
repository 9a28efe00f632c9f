"""How far two labellings of the same documents agree: Cohen's kappa over tokens and classes, F1 over labels, and what
differs.
"""

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from storage.records import Span

OUTSIDE = ""
"""The category of a token without a label."""

Key = tuple[str, tuple[int, ...]]
"""What makes two spans the same: the field and the tokens."""

Options = frozenset[str]
"""What a document is said to be by a class field; none: it cannot be told."""


@dataclass(frozen=True, slots=True)
class ClassifiedTwice:
    """One document and a class field that both have decided.

    Attributes:
        choices: of a field with several options all that it has, as each is a yes or no of its own; else none.
    """

    field: str
    first: Options
    second: Options
    choices: tuple[str, ...] = ()

    def categories(self) -> Iterable[tuple[str, str]]:
        """The first's and the second's category of every decision."""
        if not self.choices:
            yield f"{self.field}: {', '.join(self.first)}", f"{self.field}: {', '.join(self.second)}"
        for option in self.choices:
            yield (self.field if option in self.first else OUTSIDE, self.field if option in self.second else OUTSIDE)


@dataclass(frozen=True, slots=True)
class LabelledTwice:
    """One document labelled twice."""

    first: frozenset[Span]
    second: frozenset[Span]
    length: int  # tokens; 0 where the document is only classified
    classes: tuple[ClassifiedTwice, ...] = ()


@dataclass(frozen=True, slots=True)
class AgreementLevel:
    """How far two labellings agree.

    Attributes:
        kappa: Cohen's, -1..1; None where chance alone would agree always (neither labelled anything).
        f1: of the second's labels against the first's, 0..1 (symmetric); None where neither has any.
        labels: the first's and the second's together.
    """

    kappa: float | None
    f1: float | None
    labels: int


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


@dataclass(frozen=True, slots=True)
class ClassDisagreement:
    """A class field that two labellings see differently: options in alphabetical order, none for "cannot say".

    None: the first has not decided the field.
    """

    field: str
    first: tuple[str, ...] | None
    second: tuple[str, ...]


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
    """Agreement over documents.

    A field's kappa asks of each token only whether it belongs to the field, of each document which option it has. The
    overall one is over tokens and decided class fields together.
    """
    tokens: Counter[tuple[str, str]] = Counter()
    classes: dict[str, list[ClassifiedTwice]] = {}
    for pair in pairs:
        tokens.update(zip(categories(pair.first, pair.length), categories(pair.second, pair.length), strict=True))
        for classified in pair.classes:
            classes.setdefault(classified.field, []).append(classified)
    keys = [(_keys(pair.first), _keys(pair.second)) for pair in pairs]
    names = sorted({name for a, b in keys for name, _ in a | b})
    fields = {name: _field_level(tokens, keys, name) for name in names}
    fields |= {name: _level(*_of_classes(listed)) for name, listed in sorted(classes.items())}
    table, options = _of_classes([classified for listed in classes.values() for classified in listed])
    return Agreement(len(pairs), _level(tokens + table, [*keys, *options]), fields)


def _of_classes(classes: Sequence[ClassifiedTwice]) -> tuple[Counter[tuple[str, str]], list[tuple[Options, Options]]]:
    """How often each pair of categories was given, and the options of both."""
    return (
        Counter(pair for classified in classes for pair in classified.categories()),
        [(classified.first, classified.second) for classified in classes],
    )


def _level(table: Counter[tuple[str, str]], labels: Sequence[tuple[Set[Any], Set[Any]]]) -> AgreementLevel:
    total = sum(len(first) + len(second) for first, second in labels)
    same = sum(len(first & second) for first, second in labels)
    return AgreementLevel(kappa(table), 2 * same / total if total else None, total)


def _field_level(
    table: Counter[tuple[str, str]], keys: Sequence[tuple[set[Key], set[Key]]], name: str
) -> AgreementLevel:
    """The level of one field of spans: every other field counts as outside."""
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
