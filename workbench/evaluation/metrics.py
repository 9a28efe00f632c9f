"""Figures of span extraction: strict scores, partial credit, values, slices, and their intervals.

Every figure with an interval is a ratio of sums over documents (F1 = 2·TP / (predicted + gold), exact match =
right / asked, ...). That is what makes the bootstrap cheap: a document is one large integer with a lane of
bits for every numerator and denominator, and a resample is a sum of such integers.
"""

import math
import random
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import NamedTuple

from storage.records import FieldScore
from workbench.fields import FieldType
from workbench.fields.values import joined
from workbench.predictions.cases import Case, Chunk, tags_of_chunks

Same = Callable[[FieldType, str, str], bool]
"""Whether two texts are the same value of this type."""

Ratio = tuple[int, int]
"""A document's share of a figure: numerator and denominator, both >= 0 and summed over documents."""

Interval = tuple[float, float]

_JOINED = {FieldType.ADDRESS, FieldType.PARTY, FieldType.TEXT}  # values that may be printed in several pieces


class ErrorKind(StrEnum):
    """How a gold and a predicted chunk stand to each other (nervaluate's classes, named for the analyst)."""

    CORRECT = "correct"
    BOUNDARY = "boundary"  # the right field, some of its words
    WRONG_FIELD = "wrong_field"  # the words (or some) under another field
    MISSING = "missing"
    SPURIOUS = "spurious"


class ChunkPair(NamedTuple):
    """One judgement. `gold` is None for spurious ones, `predicted` for missing ones."""

    kind: ErrorKind
    gold: Chunk | None
    predicted: Chunk | None

    @property
    def field(self) -> str:
        """The field the judgement is counted under: the gold one, where there is one."""
        chunk = self.gold or self.predicted
        assert chunk is not None
        return chunk.field


def match(gold: Iterable[Chunk], predicted: Iterable[Chunk]) -> list[ChunkPair]:
    """Each gold and each predicted chunk in exactly one pair: equal ones, then the same field, then others.

    Among overlapping candidates the one with the larger overlap wins, then the one further left.
    """
    predictions = {chunk: chunk for chunk in predicted}  # equality ignores confidence; the value keeps it
    left = dict.fromkeys(gold)
    pairs = [
        ChunkPair(ErrorKind.CORRECT, chunk, predictions.pop(chunk)) for chunk in list(left) if chunk in predictions
    ]
    for pair in pairs:
        del left[pair.gold]  # type: ignore[arg-type]
    candidates = sorted(
        (a.field != b.field, -overlap, a.start, b.start, a, b)
        for a in left
        for b in predictions.values()
        if (overlap := a.overlap(b))
    )
    for other_field, *_, a, b in candidates:
        if a in left and b in predictions:
            del left[a], predictions[b]
            pairs.append(ChunkPair(ErrorKind.WRONG_FIELD if other_field else ErrorKind.BOUNDARY, a, b))
    pairs += [ChunkPair(ErrorKind.MISSING, chunk, None) for chunk in left]
    pairs += [ChunkPair(ErrorKind.SPURIOUS, None, chunk) for chunk in predictions.values()]
    return pairs


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums of one field (or of all): strict hits, predicted chunks, gold chunks."""

    right: int
    predicted: int
    gold: int

    def score(self, field: str) -> FieldScore:
        """Precision, recall and F1; 0.0 where the denominator is 0, as seqeval does."""
        return FieldScore(
            field=field,
            precision=_ratio(self.right, self.predicted),
            recall=_ratio(self.right, self.gold),
            f1=_ratio(2 * self.right, self.predicted + self.gold),
            support=self.gold,
        )


def total(counts: Iterable[Counts]) -> Counts:
    """The sums of all of them."""
    right = predicted = gold = 0
    for one in counts:
        right, predicted, gold = right + one.right, predicted + one.predicted, gold + one.gold
    return Counts(right, predicted, gold)


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else 0.0


def count(case: Case) -> dict[str, Counts]:
    """Strict counts of one document, of the fields that it has in gold or prediction."""
    gold, predicted = set(case.gold), set(case.predicted)
    asked = Counter(chunk.field for chunk in gold)
    given = Counter(chunk.field for chunk in predicted)
    right = Counter(chunk.field for chunk in gold & predicted)
    return {name: Counts(right[name], given[name], asked[name]) for name in asked.keys() | given.keys()}


def micro(cases: Iterable[Case]) -> FieldScore:
    """The strict score of all fields together."""
    right = predicted = gold = 0
    for case in cases:
        asked, given = set(case.gold), set(case.predicted)
        right, predicted, gold = right + len(asked & given), predicted + len(given), gold + len(asked)
    return Counts(right, predicted, gold).score("micro")


@dataclass(frozen=True, slots=True)
class Scores:
    """Strict scores over documents.

    `macro` is the plain mean over the fields that occur in gold or prediction.
    """

    fields: dict[str, FieldScore]
    micro: FieldScore
    macro: FieldScore


def scores(counts: Iterable[Mapping[str, Counts]]) -> Scores:
    """The strict scores (seqeval's strict IOB2) of documents counted by `count`."""
    sums: dict[str, list[int]] = {}
    for document in counts:
        for name, here in document.items():
            row = sums.setdefault(name, [0, 0, 0])
            row[0] += here.right
            row[1] += here.predicted
            row[2] += here.gold
    fields = {name: Counts(*sums[name]).score(name) for name in sorted(sums)}
    together = total(Counts(*row) for row in sums.values()).score("micro")
    each = list(fields.values())
    macro = FieldScore(
        "macro",
        _ratio(sum(s.precision for s in each), len(each)),
        _ratio(sum(s.recall for s in each), len(each)),
        _ratio(sum(s.f1 for s in each), len(each)),
        together.support,
    )
    return Scores(fields, together, macro)


def token_accuracy(cases: Iterable[Case]) -> float:
    """Share of words whose IOB2 tag is right, before any repair. `O` flatters it: look at the span scores."""
    right = words = 0
    for case in cases:
        length = len(case.words)
        predicted = case.tags or tags_of_chunks(case.predicted, length)
        right += sum(map(str.__eq__, predicted, tags_of_chunks(case.gold, length)))
        words += length
    return _ratio(right, words)


def partial_f1(kinds: Mapping[ErrorKind, int]) -> float:
    """F1 in which a boundary error counts half (nervaluate's `partial`, fields told apart)."""
    hit = kinds.get(ErrorKind.CORRECT, 0) + 0.5 * kinds.get(ErrorKind.BOUNDARY, 0)
    paired = sum(kinds.get(kind, 0) for kind in (ErrorKind.CORRECT, ErrorKind.BOUNDARY, ErrorKind.WRONG_FIELD))
    return _ratio(2 * hit, 2 * paired + kinds.get(ErrorKind.MISSING, 0) + kinds.get(ErrorKind.SPURIOUS, 0))


# --- values -------------------------------------------------------------------------------------------------


def predicted_value(case: Case, field: str, kind: FieldType) -> str | None:
    """The one value that the model gives a field: its surest chunk.

    For names and addresses all chunks joined.
    """
    chunks = [chunk for chunk in case.predicted if chunk.field == field]
    if not chunks:
        return None
    if kind in _JOINED:
        return joined(case.text(chunk) for chunk in sorted(chunks, key=lambda chunk: chunk.start))
    return case.text(max(chunks, key=lambda chunk: (chunk.confidence, -chunk.start)))


def gold_values(case: Case, field: str, kind: FieldType) -> list[str]:
    """The texts that are right for a field: every labelled place.

    For names and addresses all places joined.
    """
    chunks = [chunk for chunk in case.gold if chunk.field == field]
    texts = [case.text(chunk) for chunk in sorted(chunks, key=lambda chunk: chunk.start)]
    return [joined(texts)] if texts and kind in _JOINED else texts


def value_right(case: Case, field: str, kind: FieldType, same: Same) -> bool | None:
    """Whether the field's value is right after normalisation; None where gold has none and none is predicted.

    A value predicted where gold has none is wrong.
    """
    wanted = gold_values(case, field, kind)
    given = predicted_value(case, field, kind)
    if not wanted and given is None:
        return None
    return given is not None and any(text == given or same(kind, text, given) for text in wanted)


def reference_right(case: Case, field: str, kind: FieldType, same: Same) -> bool | None:
    """Whether the predicted value is the one known from elsewhere; None where nothing is known."""
    if field not in case.references:
        return None
    given = predicted_value(case, field, kind)
    return given is not None and same(kind, case.references[field], given)


# --- slices -------------------------------------------------------------------------------------------------


def _band(value: float, edges: Sequence[tuple[float, str]], above: str) -> str:
    return next((name for edge, name in edges if value < edge), above)


def slices(case: Case, train_groups: frozenset[str]) -> dict[str, str]:
    """To which slice a document belongs, for every way of cutting."""
    ocr = sum(case.confidences) / len(case.confidences) if case.confidences else 1.0
    return {
        "vendors": "seen" if case.group in train_groups else "unseen",
        "language": case.language or "unknown",
        "ocr_confidence": _band(ocr, ((0.8, "under 0.8"), (0.9, "0.8 to 0.9"), (0.97, "0.9 to 0.97")), "over 0.97"),
        "pages": _band(case.page_count, ((2, "1"), (3, "2")), "3 and more"),
        "length": _band(len(case.words), ((101, "up to 100 words"), (301, "101 to 300 words")), "over 300 words"),
        "windows": "truncated" if case.truncated else _band(case.windows, ((2, "one"),), "several"),
    }


# --- intervals ----------------------------------------------------------------------------------------------


def resample(
    figures: Mapping[str, Sequence[Ratio]], resamples: int = 1000, seed: int = 0
) -> dict[str, list[float | None]]:
    """Bootstrap over documents: every figure recomputed on documents drawn with replacement.

    All figures see the same draws, so that their samples can be combined (differences, means).

    Args:
        figures: name -> one (numerator, denominator) a document; all of the same length.
        resamples: how often to draw.
        seed: the same seed gives the same samples.

    Returns:
        name -> `resamples` values; None where a draw has nothing to divide by.
    """
    columns = list(figures.values())
    # a narrow lane where the largest sum that can be drawn fits into it: short integers add up twice as fast
    largest = [max((ratio[part] for ratio in column), default=0) for column in columns for part in (0, 1)]
    count = len(columns[0]) if columns else 0
    lanes = struct.Struct("<" + "".join("H" if one * count < 1 << 16 else "I" for one in largest))
    documents = [
        int.from_bytes(lanes.pack(*(part for ratio in row for part in ratio)), "little")
        for row in zip(*columns, strict=True)
    ]
    draw = random.Random(seed)
    samples: list[list[float | None]] = [[] for _ in columns]
    for _ in range(resamples if documents else 0):
        sums = lanes.unpack(sum(draw.choices(documents, k=len(documents))).to_bytes(lanes.size, "little"))
        for position, sample in enumerate(samples):
            below = sums[2 * position + 1]
            sample.append(sums[2 * position] / below if below else None)
    return dict(zip(figures, samples, strict=True))


def interval(samples: Sequence[float | None], documents: int, level: float = 0.95) -> Interval | None:
    """The percentile interval of a bootstrap, widened for few documents (Hesterberg's expanded percentiles).

    Where no resample differs (all right, or all wrong) the bootstrap knows nothing; Wilson's interval for
    that many documents is given instead. None where there is nothing to tell an interval from.

    Args:
        samples: values of `resample`, 0..1 or differences in -1..1.
        documents: how many documents carry the figure.
        level: the coverage wished.
    """
    known = sorted(value for value in samples if value is not None)
    if not known or documents < 2:
        return None
    z = NormalDist().inv_cdf(0.5 + level / 2)
    if known[0] == known[-1] and known[0] in (0.0, 1.0):
        edge = z * z / (documents + z * z)
        return (0.0, edge) if known[0] == 0.0 else (1.0 - edge, 1.0)
    tail = _tail(z, documents)
    return _quantile(known, tail), _quantile(known, 1 - tail)


def _tail(z: float, documents: int) -> float:
    """The share of resamples that stands for `z` normal deviations, where so few documents were drawn from."""
    nu = documents - 1
    student = z + (z**3 + z) / (4 * nu) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * nu * nu)  # Cornish and Fisher
    return NormalDist().cdf(-math.sqrt(documents / nu) * student)


def _p_value(share: float, documents: int) -> float:
    """The two-sided p of a share of resamples on the other side: widened as the intervals are, to agree with them."""
    if documents < 2 or share >= 0.5:
        return 1.0
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _tail(middle, documents) > share else (low, middle)
    return 2 * NormalDist().cdf(-low)


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def carrying(ratios: Sequence[Ratio]) -> int:
    """How many documents say anything about a figure."""
    return sum(1 for _, below in ratios if below)


def f1_ratio(counts: Counts) -> Ratio:
    """A document's share of an F1: 2·TP over predicted + gold."""
    return 2 * counts.right, counts.predicted + counts.gold


@dataclass(frozen=True, slots=True)
class Difference:
    """How run B differs from run A in one figure, over the documents that both have."""

    a: float
    b: float
    difference: float  # b - a
    ci95: Interval | None
    p_value: float  # two-sided, by the share of resamples on the other side of 0

    @property
    def certain(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.ci95 is not None and not self.ci95[0] <= 0.0 <= self.ci95[1]


def compare(
    a: Sequence[Case], b: Sequence[Case], resamples: int = 1000, seed: int = 0
) -> tuple[int, dict[str, Difference]]:
    """Paired bootstrap of two runs' F1.

    How many documents both have, and `micro` and every field's difference. A document is known by its name and words:
    a run from another workspace counts its documents otherwise.
    """
    ours, theirs = ({(case.name, case.words): count(case) for case in cases} for cases in (a, b))
    shared = [document for document in ours if document in theirs]
    names = sorted({name for run in (ours, theirs) for document in shared for name in run[document]})
    nothing = Counts(0, 0, 0)
    figures: dict[str, list[Ratio]] = {}
    for side, run in (("a", ours), ("b", theirs)):
        figures[f"{side} micro"] = [f1_ratio(total(run[document].values())) for document in shared]
        for name in names:
            figures[f"{side} {name}"] = [f1_ratio(run[document].get(name, nothing)) for document in shared]
    samples = resample(figures, resamples, seed)
    return len(shared), {name: _difference(figures, samples, name) for name in (["micro", *names] if shared else [])}


def _difference(
    figures: Mapping[str, Sequence[Ratio]], samples: Mapping[str, Sequence[float | None]], name: str
) -> Difference:
    before, after = figures[f"a {name}"], figures[f"b {name}"]
    a, b = (_ratio(sum(r[0] for r in side), sum(r[1] for r in side)) for side in (before, after))
    drawn = [
        y - x
        for x, y in zip(samples[f"a {name}"], samples[f"b {name}"], strict=True)
        if x is not None and y is not None
    ]
    under, over = sum(d <= 0 for d in drawn), sum(d >= 0 for d in drawn)
    documents = sum(1 for x, y in zip(before, after, strict=True) if x[1] or y[1])
    # Two runs that agree everywhere are an exact tie, not an interval of Wilson's.
    ci95 = (0.0, 0.0) if drawn and not any(drawn) else interval(drawn, documents)
    share = (min(under, over) + 1) / (len(drawn) + 1)
    return Difference(a, b, b - a, ci95, _p_value(share, documents))
