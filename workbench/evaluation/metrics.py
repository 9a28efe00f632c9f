"""Figures of span extraction: pairs of chunks, strict scores, partial credit, values, slices."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from storage.records import FieldScore
from workbench.fields import FieldType
from workbench.fields.values import joined
from workbench.predictions.cases import (
    IN_PIECES,
    Case,
    Chunk,
    Value,
    tags_of_chunks,
    values_of,
    vendor_is_known,
    vendors_of,
)

Same = Callable[[FieldType, str, str], bool]
"""Whether two texts are the same value of this type."""


class ErrorKind(StrEnum):
    """How a gold and a predicted chunk stand to each other (nervaluate's classes, named for the analyst)."""

    CORRECT = "correct"
    BOUNDARY = "boundary"  # the right field, some of its words
    WRONG_FIELD = "wrong_field"  # the words (or some) under another field
    MISSING = "missing"
    SPURIOUS = "spurious"


class ChunkPair(NamedTuple):
    """A gold and a predicted chunk. `gold` is None for spurious ones, `predicted` for missing ones."""

    kind: ErrorKind
    gold: Chunk | None
    predicted: Chunk | None

    @property
    def field(self) -> str:
        """The field that the pair is counted under: the gold one, where there is one."""
        chunk = self.gold or self.predicted
        return chunk.field if chunk else ""


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


def value_pairs(case: Case) -> list[ChunkPair]:
    """The pairs of a document's values: one on two lines is one, right only as a whole."""
    return match(_whole(case, case.gold), _whole(case, case.predicted))


def _whole(case: Case, chunks: Iterable[Chunk]) -> list[Chunk]:
    """The chunks of a document, the pieces of a value put together."""
    of = {(chunk.field, chunk.start, chunk.stop): chunk for chunk in chunks}
    whole = []
    for value in sorted(values_of(of, case.lines, case.pages, case.in_pieces)):
        pieces = [of[piece] for piece in value]
        size = sum(len(piece.words) for piece in pieces)
        sure = sum(piece.confidence * len(piece.words) for piece in pieces) / size if size else pieces[0].confidence
        rest = tuple((piece.start, piece.stop) for piece in pieces[1:])
        whole.append(replace(pieces[0], confidence=sure, rest=rest) if rest else pieces[0])
    return whole


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
    for part in counts:
        right, predicted, gold = right + part.right, predicted + part.predicted, gold + part.gold
    return Counts(right, predicted, gold)


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else 0.0


def values(case: Case, chunks: Iterable[Chunk]) -> set[Value]:
    """The values of which these are pieces: a value on two lines counts once."""
    return values_of(((c.field, c.start, c.stop) for c in chunks), case.lines, case.pages, case.in_pieces)


def count(case: Case) -> dict[str, Counts]:
    """Strict counts of one document, of the fields that it has in gold or prediction."""
    gold, predicted = values(case, case.gold), values(case, case.predicted)
    in_gold = Counter(value[0][0] for value in gold)
    in_predicted = Counter(value[0][0] for value in predicted)
    in_both = Counter(value[0][0] for value in gold & predicted)
    return {
        name: Counts(in_both[name], in_predicted[name], in_gold[name]) for name in in_gold.keys() | in_predicted.keys()
    }


def micro(cases: Iterable[Case]) -> FieldScore:
    """The strict score of all fields together."""
    return total(_count_all(case) for case in cases).score("micro")


def _count_all(case: Case) -> Counts:
    """Strict counts of one document, all fields together."""
    gold, predicted = values(case, case.gold), values(case, case.predicted)
    return Counts(len(gold & predicted), len(predicted), len(gold))


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
        for name, part in document.items():
            row = sums.setdefault(name, [0, 0, 0])
            row[0] += part.right
            row[1] += part.predicted
            row[2] += part.gold
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


def strict_scores(cases: Iterable[Case]) -> Scores:
    """The strict scores of documents."""
    return scores(count(case) for case in cases)


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
    """F1 in which a boundary error counts half (nervaluate's `partial`, but of the same field only)."""
    hit = kinds.get(ErrorKind.CORRECT, 0) + 0.5 * kinds.get(ErrorKind.BOUNDARY, 0)
    paired = sum(kinds.get(kind, 0) for kind in (ErrorKind.CORRECT, ErrorKind.BOUNDARY, ErrorKind.WRONG_FIELD))
    return _ratio(2 * hit, 2 * paired + kinds.get(ErrorKind.MISSING, 0) + kinds.get(ErrorKind.SPURIOUS, 0))


# --- values -------------------------------------------------------------------------------------------------


def predicted_value(case: Case, field: str, kind: FieldType) -> str | None:
    """The value that the model gives a field: its surest chunk.

    For names and addresses all chunks joined.
    """
    chunks = [chunk for chunk in case.predicted if chunk.field == field]
    if not chunks:
        return None
    if kind in IN_PIECES:
        return joined(case.text(chunk) for chunk in sorted(chunks, key=lambda chunk: chunk.start))
    return case.text(max(chunks, key=lambda chunk: (chunk.confidence, -chunk.start)))


def gold_values(case: Case, field: str, kind: FieldType) -> list[str]:
    """The texts that are right for a field: every labelled place.

    For names and addresses all places joined.
    """
    chunks = [chunk for chunk in case.gold if chunk.field == field]
    texts = [case.text(chunk) for chunk in sorted(chunks, key=lambda chunk: chunk.start)]
    return [joined(texts)] if texts and kind in IN_PIECES else texts


def value_right(case: Case, field: str, kind: FieldType, same: Same) -> bool | None:
    """Whether the field's value is right after normalisation; None where gold has none and none is predicted.

    A value predicted where gold has none is wrong.
    """
    labelled = gold_values(case, field, kind)
    predicted = predicted_value(case, field, kind)
    if not labelled and predicted is None:
        return None
    return predicted is not None and any(text == predicted or same(kind, text, predicted) for text in labelled)


def reference_right(case: Case, field: str, kind: FieldType, same: Same) -> bool | None:
    """Whether the predicted value is the reference, known from elsewhere; None where there is none."""
    if field not in case.references:
        return None
    predicted = predicted_value(case, field, kind)
    return predicted is not None and same(kind, case.references[field], predicted)


# --- slices -------------------------------------------------------------------------------------------------


def _band(value: float, edges: Sequence[tuple[float, str]], above: str) -> str:
    return next((name for edge, name in edges if value < edge), above)


def _vendor_slice(case: Case, train_groups: frozenset[str]) -> str:
    if not train_groups.isdisjoint(vendors_of(case)):
        return "seen"
    return "unseen" if vendor_is_known(case) else "unknown"


def slices(case: Case, train_groups: frozenset[str]) -> dict[str, str]:
    """To which slice a document belongs, for every way of cutting."""
    ocr = sum(case.confidences) / len(case.confidences) if case.confidences else 1.0
    return {
        "vendors": _vendor_slice(case, train_groups),
        "language": case.language or "unknown",
        "ocr_confidence": _band(ocr, ((0.8, "under 0.8"), (0.9, "0.8 to 0.9"), (0.97, "0.9 to 0.97")), "over 0.97"),
        "pages": _band(case.page_count, ((2, "1"), (3, "2")), "3 and more"),
        "length": _band(len(case.words), ((101, "up to 100 words"), (301, "101 to 300 words")), "over 300 words"),
        "windows": "truncated" if case.truncated else _band(case.windows, ((2, "one"),), "several"),
    }
