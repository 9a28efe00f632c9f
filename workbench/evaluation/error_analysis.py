"""What a model gets wrong: a record of every error, tables over them, and where they pile up."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workbench.evaluation.metrics import ChunkPair, ErrorKind, slices, value_pairs
from workbench.fields.plain_text import counted
from workbench.predictions.cases import NONE, Case, Chunk

_AROUND = 4  # words shown on each side of an error


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """An error, with what a person needs to judge it."""

    document: int
    name: str
    group: str
    language: str
    kind: ErrorKind
    gold_field: str  # NONE for spurious ones
    predicted_field: str  # NONE for missing ones
    gold: Chunk | None
    predicted: Chunk | None
    gold_value: str
    predicted_value: str
    confidence: float  # of the predicted chunk; for missing ones how sure the model is that nothing is there
    page: int
    snippet: tuple[str, str, str]  # the words before, the words at the error, the words after
    window_edge: bool  # the deciding window changes inside, or beside, the error's words
    truncated: bool  # the model did not read all words of the document
    several_lines: bool
    slices: Mapping[str, str]

    @property
    def field(self) -> str:
        """The field that the error is counted under: the gold one, where there is one."""
        return self.predicted_field if self.gold_field == NONE else self.gold_field

    @property
    def word(self) -> int:
        """Where the annotate screen opens: the first word of the error."""
        return min(chunk.start for chunk in (self.gold, self.predicted) if chunk)


class Judged(NamedTuple):
    """A document with its pairs, matched once for all tables."""

    case: Case
    pairs: tuple[ChunkPair, ...]
    cuts: Mapping[str, str]  # the slices it belongs to


def judge(cases: Iterable[Case], train_groups: frozenset[str] = frozenset()) -> list[Judged]:
    """Documents with gold labels, judged; `train_groups` are the vendors that the model was trained on."""
    return [Judged(case, tuple(value_pairs(case)), slices(case, train_groups)) for case in cases]


def find(documents: Iterable[Judged]) -> list[ErrorRecord]:
    """The errors, in the documents' order and from the first word to the last."""
    records = []
    for case, pairs, cuts in documents:
        here = [_record(case, *pair, cuts) for pair in pairs if pair.kind is not ErrorKind.CORRECT]
        records += sorted(here, key=lambda record: record.word)
    return records


def _record(
    case: Case, kind: ErrorKind, gold: Chunk | None, predicted: Chunk | None, cuts: Mapping[str, str]
) -> ErrorRecord:
    chunks = [chunk for chunk in (gold, predicted) if chunk]
    start, stop = min(chunk.start for chunk in chunks), max(chunk.stop for chunk in chunks)
    sure = case.certainty[start:stop]
    words = sorted({word for chunk in chunks for word in chunk.words})
    windows = case.word_windows[max(0, words[0] - 1) : words[-1] + 2] if words else ()
    return ErrorRecord(
        document=case.document,
        name=case.name,
        group=case.group,
        language=case.language,
        kind=kind,
        gold_field=gold.field if gold else NONE,
        predicted_field=predicted.field if predicted else NONE,
        gold=gold,
        predicted=predicted,
        gold_value=case.text(gold) if gold else "",
        predicted_value=case.text(predicted) if predicted else "",
        confidence=predicted.confidence if predicted else sum(sure) / len(sure) if sure else 0.0,
        page=case.pages[start] if case.pages else 0,
        snippet=around(case, start, stop),
        window_edge=len(set(windows)) > 1,
        truncated=case.truncated,
        several_lines=case.lines_of(words) > 1,
        slices=cuts,
    )


def around(case: Case, start: int, stop: int) -> tuple[str, str, str]:
    """The words before a place, at it, and after it."""
    return (
        " ".join(case.words[max(0, start - _AROUND) : start]),
        " ".join(case.words[start:stop]),
        " ".join(case.words[stop : stop + _AROUND]),
    )


def matrix(pairs: Iterable[ChunkPair]) -> dict[str, dict[ErrorKind, int]]:
    """Field -> how often each kind occurs (every kind is named), fields in alphabetical order."""
    counts: defaultdict[str, Counter[ErrorKind]] = defaultdict(Counter)
    for pair in pairs:
        counts[pair.field][pair.kind] += 1
    return {name: {kind: counts[name][kind] for kind in ErrorKind} for name in sorted(counts)}


def confusion(pairs: Iterable[ChunkPair]) -> dict[str, dict[str, int]]:
    """Gold field -> predicted field -> how often, NONE standing for nothing.

    Boundary errors are on the diagonal.
    """
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, gold, predicted in pairs:
        table[gold.field if gold else NONE][predicted.field if predicted else NONE] += 1
    return {name: dict(sorted(table[name].items())) for name in sorted(table)}


# --- where errors pile up -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Concentration:
    """Few members of a dimension that make many of a field's errors."""

    field: str
    dimension: str  # "vendor", "language", "pages", "length", ...
    members: tuple[str, ...]
    errors: int  # of these members
    of: int  # of the field
    share: float  # errors / of
    expected: float  # the members' share of the field's gold and predicted chunks

    def sentence(self) -> str:
        count = len(self.members)
        plural = f"{self.dimension}s" if self.dimension in ("vendor", "language") and count > 1 else self.dimension
        if self.dimension == "vendor":
            members = f"{count} {plural} ({', '.join(self.members)})" if count > 1 else f"Vendor {self.members[0]}"
        else:
            members = f"{self.dimension}: {', '.join(self.members)}"
        verb = "make" if count > 1 else "makes"
        return f"{members} {verb} {self.share:.0%} of the errors in {self.field} ({self.errors} of {self.of})"


_MEMBER: dict[str, Callable[[ErrorRecord], str]] = {
    "vendor": lambda record: record.group or "unknown",
    "language": lambda record: record.slices["language"],
    "length": lambda record: record.slices["length"],
    "pages": lambda record: record.slices["pages"],
    "ocr_confidence": lambda record: record.slices["ocr_confidence"],
    "windows": lambda record: record.slices["windows"],
}


def member(record: ErrorRecord, dimension: str) -> str:
    """To which member of a dimension ("vendor", "language", ...) an error belongs."""
    return _MEMBER[dimension](record)


def concentrations(
    documents: Sequence[Judged],
    records: Sequence[ErrorRecord],
    least: int = 5,
    share: float = 0.5,
    lift: float = 1.5,
    most: int = 3,
) -> list[Concentration]:
    """Where few members make many of a field's errors, the most striking first.

    Args:
        documents: the evaluated ones.
        records: their errors (`find`).
        least: fields with fewer errors are left out.
        share: how much of the field's errors the members must make, 0..1.
        lift: how many times their part of the field's chunks that must be; big vendors make many errors
            anyway.
        most: how many members are named together at most.
    """
    chances: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for case, pairs, slices_of in documents:
        cuts = {**slices_of, "vendor": case.group or "unknown"}
        for name, count in Counter(pair.field for pair in pairs).items():
            for dimension in _MEMBER:
                chances[name, dimension][cuts[dimension]] += count
    by_field: defaultdict[str, list[ErrorRecord]] = defaultdict(list)
    for record in records:
        by_field[record.field].append(record)
    concentrated = []
    for (name, dimension), chance in chances.items():
        errors = Counter(_MEMBER[dimension](record) for record in by_field[name])
        if errors.total() < least:
            continue
        for count in range(1, most + 1):
            top = sorted(errors.items(), key=lambda item: (-item[1], item[0]))[:count]
            errors_of_top = sum(number for _, number in top)
            expected = sum(chance[member] for member, _ in top) / chance.total()
            if errors_of_top >= share * errors.total():
                if errors_of_top >= lift * expected * errors.total():
                    members = tuple(member for member, _ in top)
                    part = errors_of_top / errors.total()
                    concentrated.append(
                        Concentration(name, dimension, members, errors_of_top, errors.total(), part, expected)
                    )
                break
    return sorted(
        concentrated, key=lambda item: (-item.errors * (item.share - item.expected), item.field, item.dimension)
    )


@dataclass(frozen=True, slots=True)
class FailingVendor:
    """A vendor of whose values far more are wrong than of the others'."""

    vendor: str
    wrong: int  # of its labelled values
    of: int

    def sentence(self) -> str:
        return f"{self.vendor}: {self.wrong} of {counted(self.of, 'value')} wrong, all fields together"


def failing(rows: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Of vendors with (wrong, labelled) values, those that fail far more than the others, and than chance explains."""
    bad = {}
    for name, row in rows.items():
        others = [other for vendor, other in rows.items() if vendor != name]
        wrong, of = sum(other[0] for other in others), sum(other[1] for other in others)
        if not of or row[1] < 10:
            continue
        elsewhere = wrong / of
        # some vendor is always the worst: it counts where chance would not make any of so many that bad
        if row[0] / row[1] >= max(0.4, 2 * elsewhere) and len(rows) * _at_least(row, elsewhere) < 0.05:
            bad[name] = row
    return bad


def _at_least(part: tuple[int, int], chance: float) -> float:
    """How likely that many (or more) of so many go wrong, when each does by this chance."""
    return sum(math.comb(part[1], k) * chance**k * (1 - chance) ** (part[1] - k) for k in range(part[0], part[1] + 1))


def failing_vendors(documents: Iterable[Judged]) -> list[FailingVendor]:
    """The vendors that fail, the worst first."""
    rows: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for case, pairs, _ in documents:
        for pair in pairs:
            if case.group and pair.gold is not None:
                rows[case.group][0] += pair.kind is not ErrorKind.CORRECT
                rows[case.group][1] += 1
    bad = failing({name: (wrong, of) for name, (wrong, of) in sorted(rows.items())})
    return [FailingVendor(name, *row) for name, row in sorted(bad.items(), key=lambda item: -item[1][0])]
