"""Which of two readers of a document is taken: the model, or the rules about where a field's value probably stands.

The rules (`candidates.Finder`) know header words and forms of values and need no training; a model learns what the
analyst's documents look like. Each field keeps a record of how often either was right where they agreed, differed, or
only one proposed a value, by how sure the model was. The record comes with the program (made-up documents of templates
that the starter was not trained on) and is outweighed by what a run measures on its own validation documents. A
suggestion's confidence is the record's rate: histogram binning (Zadrozny and Elkan, 2001), so it is calibrated where
the record is.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from storage.records import Token
from workbench.fields import Field
from workbench.locate.candidates import Finder
from workbench.predictions import repair_rules
from workbench.predictions.cases import Case, Chunk
from workbench.runs.config import families

SHIPPED = families.STARTER_FOLDER / "readers.json"
PRIOR = 8.0
"""How many documents of the workspace weigh as much as the record that comes with the program."""
_BINS = (0.5, 0.8, 0.95)  # of the model's confidence
_RATE = 0.5  # of a situation without any record
_SUREST = 0.99  # more would be too much after so few documents

TokenIds = tuple[int, ...]
Counts = dict[str, dict[str, list[int]]]
"""field -> situation -> [model right, rules right, documents]."""


@dataclass(frozen=True, slots=True)
class TwoReadings:
    """The words that each of the two readers takes for a field's value; () is none."""

    model: TokenIds
    sure: float  # the model's confidence, 0..1
    rules: TokenIds

    @property
    def situation(self) -> str:
        """How they stand to each other, and how sure the model is."""
        if not self.model:
            return "rules alone"
        sure = sum(self.sure >= edge for edge in _BINS)
        how = "agree" if self.model == self.rules else "differ" if self.rules else "model alone"
        return f"{how} {sure}"


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """How often the readers were right, before (what came with the program) and here."""

    before: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)
    here: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)

    def rates(self, name: str, situation: str) -> tuple[float, float]:
        """(model right, rules right) as shares, 0..1."""
        alike = [rows[situation] for rows in self.before.values() if situation in rows]
        pooled = [sum(counts) for counts in zip(*alike, strict=True)] or [0, 0, 0]
        known = self.before.get(name, {}).get(situation, (0, 0, 0))
        mine = self.here.get(name, {}).get(situation, (0, 0, 0))

        def rate(which: int) -> float:
            base: float = (pooled[which] + _RATE) / (pooled[2] + 1)
            prior: float = (known[which] + PRIOR * base) / (known[2] + PRIOR)
            return (mine[which] + PRIOR * prior) / (mine[2] + PRIOR)

        return rate(0), rate(1)

    def believed(self, name: str, read: TwoReadings) -> tuple[TokenIds, float]:
        """The words that are taken, and how likely they are right; how sure the model is breaks ties."""
        model, rules = self.rates(name, read.situation)
        if read.model and (not read.rules or model >= rules):
            return read.model, min(_SUREST, model + 0.01 * (read.sure - 0.5))
        return read.rules, min(_SUREST, rules)


def finder_of(case: Case) -> Finder:
    """The rules over a case's words; its boxes are thousandths of the page, which they take as they are."""
    return Finder(
        [
            Token(number, page, line, text, tuple(map(float, box)))  # type: ignore[arg-type]
            for number, (text, page, line, box) in enumerate(
                zip(case.words, case.pages, case.lines, case.boxes, strict=True)
            )
        ]
    )


def read_all(
    finder: Finder, fields: Sequence[Field], values: Mapping[str, tuple[TokenIds, float]]
) -> dict[str, TwoReadings]:
    """Both readings of every field that either finds.

    Where both agree it is as good as labelled, and shows the rules where to look for the others.

    Args:
        values: field -> (words, confidence) of the model.
    """
    first = {f.id: TwoReadings(*values.get(f.id, ((), 0.0)), _likeliest(finder, f, {})) for f in fields}
    agreed = {name: read.model for name, read in first.items() if read.model and read.model == read.rules}
    second = {
        f.id: first[f.id] if f.id in agreed else replace(first[f.id], rules=_likeliest(finder, f, agreed))
        for f in fields
    }
    return {name: read for name, read in second.items() if read.model or read.rules}


def _likeliest(finder: Finder, wanted: Field, labelled: Mapping[str, TokenIds]) -> TokenIds:
    ranked = finder.ranked(wanted, labelled)
    return tuple(sorted(ranked[0].tokens)) if ranked else ()


def measure(
    cases: Iterable[Case], fields: Sequence[Field], values: Callable[[Case], Mapping[str, tuple[TokenIds, float]]]
) -> Counts:
    """What a record is made of: on labelled documents, how often the model (its `values`) and the rules were right."""
    counts: Counts = {f.id: {} for f in fields}
    for case in cases:
        gold = values_of(case)
        for name, read in read_all(finder_of(case), fields, values(case)).items():
            row = counts[name].setdefault(read.situation, [0, 0, 0])
            right = gold.get(name, frozenset())
            row[0] += read.model in right
            row[1] += read.rules in right
            row[2] += 1
    return counts


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
