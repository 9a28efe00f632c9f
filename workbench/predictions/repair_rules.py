"""Rules that repair predictions after the model. Each can be switched off, and what each did can be measured.

Distances are in thousandths of the page (boxes are 0-1000 of the page): a radius of 500 is half a page,
which on a page scaled to 1,000 pixels is the handbook's 500 px.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from workbench.fields import FieldType, amounts, checks, chunks_of
from workbench.fields.values import Value, joined, normalise
from workbench.locate import headers
from workbench.predictions.cases import IN_PIECES, Case, Chunk, with_confidence
from workbench.settings import REPAIR_RULES

Checker = Callable[[Mapping[str, Value]], Sequence[checks.Check]]

_READ = {FieldType.AMOUNT, FieldType.DATE, FieldType.CURRENCY, FieldType.RATE}  # refused when meaningless
_HEADED = {FieldType.AMOUNT, FieldType.DATE, FieldType.RATE, FieldType.ID}
_CONTRADICTIONS = {"sum", "rate", "sign", "dates", "iban", "tax-id"}
_DOUBT = 0.5  # what a contradiction leaves of a confidence


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rules are on; the order here is the order in which they work."""

    iob_repair: bool = True
    neighbourhood: bool = True
    unsupported: bool = False  # drops values, so it is on only where it was measured to help
    normalisation: bool = True
    one_value: bool = True
    cross_field: bool = True
    radius: float = 500.0  # thousandths of the page, how far a header or currency sign may be


ALL = Rules(unsupported=True)
"""Every rule on, to measure what each would do."""


def chosen(effects: Mapping[str, Mapping[str, Any]], settings: Mapping[str, bool]) -> Rules:
    """The rules to work with: the settings decide, else what was measured on validation, else the default.

    Args:
        effects: rule -> its `repair_effects.Effect` as a mapping, as a run's report keeps them under `postprocess`.
        settings: rule -> on or off, from [postprocess] of workbench.toml.
    """
    default = Rules()
    on = {}
    for name in REPAIR_RULES:
        on[name] = settings.get(name, _works(effects.get(name), bool(getattr(default, name))))
    return replace(default, **on)


def _works(effect: Mapping[str, Any] | None, by_default: bool) -> bool:
    """Whether a rule is on where the settings say nothing: never one by which F1 was measured to be lower."""
    if effect is None:
        return by_default
    return verdict(effect) > 0 or (by_default and effect["f1_with"] >= effect["f1_without"])


def verdict(effect: Mapping[str, Any]) -> int:
    """What follows from measuring a rule: 1 it helps, -1 it hurts, 0 nothing.

    Its changes have to be right (or wrong) oftener than chance alone would have it (by more than a standard deviation
    of tosses of a coin, and two): on a dozen documents one unlucky change would switch off what helps on a hundred.
    """
    repaired, broke = effect["repaired"], effect["broke"]
    gain = effect["f1_with"] - effect["f1_without"]
    if abs(repaired - broke) < max(2.0, math.sqrt(repaired + broke)) or gain * (repaired - broke) <= 0:
        return 0
    return 1 if gain > 0 else -1


@dataclass(frozen=True, slots=True)
class Change:
    """What a rule did to one chunk: added it (`before` None), dropped it (`after` None), or altered it."""

    rule: str
    before: Chunk | None
    after: Chunk | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Header:
    """A printed phrase that names fields ("" for one that names some other number)."""

    text: str
    page: int
    box: tuple[float, float, float, float]
    fields: Mapping[str, float]  # field -> weight, 0..1


@dataclass(frozen=True)
class _Work:
    """What the rules look at, beside the chunks."""

    case: Case
    types: Mapping[str, FieldType]
    radius: float
    checker: Checker

    def type(self, chunk: Chunk) -> FieldType:
        return self.types.get(chunk.field, FieldType.TEXT)

    def box(self, start: int, stop: int) -> tuple[float, float, float, float]:
        left, top, right, bottom = zip(*self.case.boxes[start:stop], strict=True)
        return min(left), min(top), max(right), max(bottom)

    @cached_property
    def headers(self) -> list[_Header]:
        """All header phrases, the longest at each place; a phrase stays on its line."""
        case, phrases = self.case, []
        folded = [headers.fold(word) for word in case.words]
        start = 0
        for _, line in groupby(zip(case.pages, case.lines, strict=True)):
            stop = start + len(list(line))
            for header in headers.header_phrases(case.words[start:stop], folded[start:stop], glued=False):
                first, end = start + header.first, start + header.last + 1
                text = case.text(Chunk("", first, end))
                phrases.append(_Header(text, case.pages[first], self.box(first, end), header.fields))
            start = stop
        return phrases

    def near(self, chunk: Chunk) -> Iterator[tuple[float, _Header]]:
        """(distance, header) of the headers left of a chunk in its row, or above it in its column.

        Distances are in thousandths, as the rule's radius is; `locate.context` counts rows, which a case has none of.
        """
        x0, y0, x1, y1 = self.box(chunk.start, chunk.stop)
        for header in self.headers:
            if header.page != self.case.pages[chunk.start]:
                continue
            left, top, right, bottom = header.box
            in_row = min(bottom, y1) - max(top, y0) > 0.5 * min(bottom - top, y1 - y0)
            if in_row and right <= x0 + 1:
                yield x0 - right, header
            elif not in_row and bottom <= y0 + 1 and min(right, x1) > max(left, x0):
                yield y0 - bottom, header


def _iob_repair(work: _Work, chunks: Sequence[Chunk]) -> Iterator[Change]:
    """Reads values as a whole (`value_spans`) where the likeliest tag of every word, taken alone, tears them apart."""
    read = work.case.predicted
    waiting = [chunk for chunk in chunks if chunk not in read]
    for value in read:
        if value in chunks:
            continue
        torn = [chunk for chunk in waiting if chunk.field == value.field and chunk.overlap(value)]
        waiting = [chunk for chunk in waiting if chunk not in torn]
        yield Change("iob_repair", torn[0] if torn else None, value, "read as a whole")
        for chunk in torn[1:]:
            yield Change("iob_repair", chunk, None, f"a part of “{work.case.text(value)}”")
    for chunk in waiting:
        surer = next((value for value in read if value.field == chunk.field), None)
        yield Change("iob_repair", chunk, None, f"“{work.case.text(surer)}” is surer" if surer else "torn, and unsure")


def _neighbourhood(work: _Work, chunks: Sequence[Chunk]) -> Iterator[Change]:
    for chunk in chunks:
        if work.type(chunk) not in _HEADED:
            continue
        near = [(d, header) for d, header in work.near(chunk) if d <= work.radius]
        if not near:
            continue
        _, header = min(near, key=lambda pair: pair[0])
        named = [
            name for name, weight in header.fields.items() if weight == 1.0 and work.types.get(name) is work.type(chunk)
        ]
        if chunk.field not in header.fields and len(named) == 1:
            yield Change("neighbourhood", chunk, replace(chunk, field=named[0]), f"stands beside “{header.text}”")


def _unsupported(work: _Work, chunks: Sequence[Chunk]) -> Iterator[Change]:
    for chunk in chunks:
        if work.type(chunk) is not FieldType.AMOUNT:
            continue
        headed = any(d <= work.radius and chunk.field in header.fields for d, header in work.near(chunk))
        line = [
            i
            for i in range(len(work.case.words))
            if (work.case.pages[i], work.case.lines[i]) == (work.case.pages[chunk.start], work.case.lines[chunk.start])
            and abs(work.case.boxes[i][0] - work.case.boxes[chunk.start][0]) <= work.radius
        ]
        if not headed and not any(amounts.marks_of(work.case.words[i]) for i in line):
            yield Change("unsupported", chunk, None, "no header of the field and no currency sign near it")


def _normalisation(work: _Work, chunks: Sequence[Chunk]) -> Iterator[Change]:
    for chunk in chunks:
        kind = work.type(chunk)
        if kind not in _READ or normalise(kind, work.case.text(chunk)).normal is not None:
            continue
        taken = {i for other in chunks if other is not chunk for i in range(other.start, other.stop)}
        for start, stop in _alternatives(work.case, chunk):
            other = replace(chunk, start=start, stop=stop)
            if not taken & set(range(start, stop)) and normalise(kind, work.case.text(other)).normal is not None:
                reason = f"“{work.case.text(chunk)}” is no {kind}, “{work.case.text(other)}” is"
                yield Change("normalisation", chunk, other, reason)
                break


def readable(kind: FieldType | None, text: str) -> bool:
    """Whether a text is a value of its field's type, as far as that has a form."""
    return kind not in _READ or normalise(kind, text).normal is not None


def _alternatives(case: Case, chunk: Chunk) -> Iterator[tuple[int, int]]:
    """Parts of a chunk, the longest first, then the chunk with a neighbour of its line."""
    for length in range(chunk.stop - chunk.start - 1, 0, -1):
        for start in range(chunk.start, chunk.stop - length + 1):
            yield start, start + length
    for start, stop, new, old in (
        (chunk.start, chunk.stop + 1, chunk.stop, chunk.stop - 1),
        (chunk.start - 1, chunk.stop, chunk.start - 1, chunk.start),
    ):
        if 0 <= new < len(case.words) and (case.pages[new], case.lines[new]) == (case.pages[old], case.lines[old]):
            yield start, stop


def _one_value(work: _Work, chunks: Sequence[Chunk]) -> Iterator[Change]:
    by_field: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        by_field.setdefault(chunk.field, []).append(chunk)
    for rivals in by_field.values():
        is_joined = work.type(rivals[0]) in IN_PIECES
        pieces = together(work.case, rivals) if is_joined else [[chunk] for chunk in sorted(rivals)]
        best = max(pieces, key=weight if is_joined else lambda piece: piece[0].confidence)
        text = joined(map(work.case.text, best))
        for chunk in rivals:
            if chunk not in best:
                yield Change("one_value", chunk, None, f"“{text}” is surer")


def weight(pieces: Sequence[Chunk]) -> float:
    """How much speaks for a value in pieces: confidence, counted for every word."""
    return sum(piece.confidence * (piece.stop - piece.start) for piece in pieces)


def together(case: Case, chunks: Iterable[Chunk]) -> list[list[Chunk]]:
    """Chunks of one field; those with at most two words between (a line's end, a comma) are one value."""
    groups: list[list[Chunk]] = []
    for chunk in sorted(chunks):
        last = groups[-1][-1] if groups else None
        near = last is not None and chunk.start - last.stop <= 2 and case.pages[chunk.start] == case.pages[last.start]
        if near and len(groups[-1]) < 8:
            groups[-1].append(chunk)
        else:
            groups.append([chunk])
    return groups


def _cross_field(work: _Work, chunks: Sequence[Chunk]) -> Iterator[Change]:
    values: dict[str, Value] = {}
    for chunk in sorted(chunks, key=lambda chunk: chunk.confidence):  # the surest of a field stays
        if work.type(chunk) not in IN_PIECES:
            values[chunk.field] = normalise(work.type(chunk), work.case.text(chunk))
    doubted: dict[str, str] = {}
    for check in work.checker(values):
        if check.rule in _CONTRADICTIONS:
            for name in check.fields:
                doubted.setdefault(name, check.message)
    for chunk in chunks:
        if chunk.field in doubted:
            doubtful = replace(chunk, confidence=chunk.confidence * _DOUBT)
            yield Change("cross_field", chunk, doubtful, doubted[chunk.field])


_RULES: dict[str, Callable[[_Work, Sequence[Chunk]], Iterable[Change]]] = {
    "iob_repair": _iob_repair,
    "neighbourhood": _neighbourhood,
    "unsupported": _unsupported,
    "normalisation": _normalisation,
    "one_value": _one_value,
    "cross_field": _cross_field,
}


def apply(
    case: Case, types: Mapping[str, FieldType], rules: Rules | None = None, checker: Checker = checks.check
) -> tuple[Case, list[Change]]:
    """A case with repaired predictions, and every change in the order of the rules.

    Args:
        case: with predictions; without boxes the rules about places do nothing.
        types: field id -> type; fields that are not named count as text.
        rules: which rules are on; None is the default set.
        checker: finds contradictions between the values of one document.
    """
    rules = rules or Rules()
    work = _Work(case, types, rules.radius, checker)
    # the chunks of the likeliest tags; of a case without tags, its values
    plain = with_confidence(chunks_of(case.tags, strict=True), case.certainty) if case.tags else case.predicted
    chunks, changes = list(plain), []
    for name in REPAIR_RULES:
        if not getattr(rules, name) or (name in ("neighbourhood", "unsupported") and not case.boxes):
            continue
        applied = list(_RULES[name](work, tuple(chunks)))
        for change in applied:
            if change.before is not None:
                chunks.remove(change.before)
            # two rules' roads may lead to the same chunk: it is there once
            if change.after is not None and change.after not in chunks:
                chunks.append(change.after)
        changes += applied
    return replace(case, predicted=tuple(sorted(chunks))), changes
