"""Documents with their gold labels and a model's predictions: what every figure is computed from.

A case is read from a run folder (`stored`) or made by hand. Nothing here needs numpy: probabilities are 16-bit floats,
and of non-negative ones the bit patterns order as the numbers do, so the best label of a word is found on the integers,
and only the few that are shown are turned into floats.
"""

import dataclasses
import itertools
import struct
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from storage.exceptions import InputProblem
from workbench import decoding
from workbench.decoding import Evidence
from workbench.values import joined

NONE = "none"
"""Stands for `no field` in tables of fields."""

_HALVES = struct.unpack("<15361e", struct.pack("<15361H", *range(15361)))  # 0x0000..0x3C00 are 0.0..1.0
_HALF = 0x3800  # 0.5
_NEARLY_ALL = next(half for half, share in enumerate(_HALVES) if share > 1 / (1 + decoding.LEAST))


@dataclass(frozen=True, slots=True, order=True)
class Chunk:
    """A contiguous stretch of words of one field. Equality ignores the confidence."""

    field: str
    start: int
    stop: int  # exclusive
    confidence: float = dataclasses.field(
        default=1.0, compare=False
    )  # mean over the words of P(B-field) + P(I-field), 0..1

    def overlap(self, other: "Chunk") -> int:
        """How many words both have."""
        return max(0, min(self.stop, other.stop) - max(self.start, other.start))


@dataclass(frozen=True, slots=True)
class Case:
    """One document under evaluation. Sequences have one entry a word, except `gold` and `predicted`."""

    document: int
    name: str
    group: str
    language: str
    words: tuple[str, ...]
    gold: tuple[Chunk, ...] = ()
    predicted: tuple[Chunk, ...] = ()  # as the model's probabilities are read (`decoding`)
    pages: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    boxes: tuple[tuple[int, int, int, int], ...] = ()  # 0-1000 of the page; none where they were not read
    confidences: tuple[float, ...] = ()  # of the OCR, 0..1
    tags: tuple[str, ...] = ()  # the likeliest tag of each word, before any repair
    certainty: tuple[float, ...] = ()  # probability of the predicted field (B and I together; O for no field)
    agreement: tuple[float, ...] = ()  # probability of the gold field
    windows: int = 1
    word_windows: tuple[int, ...] = ()  # the window that decided a word
    truncated: bool = False
    labelled: bool = True
    references: Mapping[str, str] = dataclasses.field(default_factory=dict)  # field -> value known from elsewhere
    unjudged: tuple[Chunk, ...] = ()  # predictions of fields that nobody labelled: neither right nor wrong

    def text(self, chunk: Chunk) -> str:
        """The words of a chunk, as they are printed."""
        return joined(self.words[chunk.start : chunk.stop])

    @property
    def page_count(self) -> int:
        """Pages that carry words; at least 1."""
        return len(set(self.pages)) or 1


def strict_chunks(tags: Iterable[str]) -> list[tuple[str, int, int]]:
    """(field, start, stop) of the chunks of IOB2 tags, strictly: without its B- an I- opens nothing."""
    found = []
    name, start, position = "", 0, 0
    for position, tag in enumerate(tags):
        if tag == "O" and not name:
            continue
        if tag[:2] == "I-" and name == tag[2:]:
            continue
        if name:
            found.append((name, start, position))
            name = ""
        if tag[:2] == "B-":
            name, start = tag[2:], position
    if name:
        found.append((name, start, position + 1))
    return found


def lenient_chunks(tags: Iterable[str]) -> list[tuple[str, int, int]]:
    """As `strict_chunks`, but an I- that continues nothing opens a chunk (conlleval's repair)."""
    repaired = []
    before = "O"
    for tag in tags:
        opens = tag[:2] == "I-" and before[2:] != tag[2:]
        repaired.append("B-" + tag[2:] if opens else tag)
        before = tag
    return strict_chunks(repaired)


def tags_of_chunks(chunks: Iterable[Chunk], length: int) -> list[str]:
    """IOB2 tags of chunks; where chunks overlap the later one wins."""
    tags = ["O"] * length
    for chunk in chunks:
        tags[chunk.start : chunk.stop] = ["B-" + chunk.field] + ["I-" + chunk.field] * (chunk.stop - chunk.start - 1)
    return tags


def with_confidence(found: Iterable[tuple[str, int, int]], certainty: Sequence[float]) -> tuple[Chunk, ...]:
    """Chunks whose confidence is the mean certainty of their words."""
    return tuple(Chunk(f, a, b, sum(certainty[a:b]) / (b - a)) for f, a, b in found)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the probabilities of one document say, word by word."""

    tags: tuple[str, ...]
    certainty: tuple[float, ...]
    agreement: tuple[float, ...]
    values: tuple[Chunk, ...] = ()


def decode(
    probabilities: bytes,
    labels: Sequence[str],
    gold_tags: Sequence[str],
    pages: Sequence[int] = (),
    once: Set[str] = frozenset(),
) -> Decoded:
    """The likeliest tag of each word, its field's probability, the gold field's probability, and the values.

    Args:
        probabilities: words x labels little-endian 16-bit floats in 0..1, row by row.
        labels: the column order, "O" first.
        gold_tags: one tag a word; their count is the count of words.
        pages: the page of each word; none: all on one.
        once: fields of which a document has one value.

    Raises:
        InputProblem: the bytes are not that many numbers, or a number is not a probability.
    """
    width, count = len(labels), len(gold_tags)
    if not labels or labels[0] != "O" or len(probabilities) != 2 * width * count:
        raise InputProblem(
            f"{len(probabilities)} bytes of probabilities do not fit {count} words and {width} labels.",
            "Predict again with this run; the file was written by another version or cut off.",
        )
    halves = array("H", probabilities)
    if sys.byteorder == "big":
        halves.byteswap()
    columns: dict[str, list[int]] = {}
    for column, label in enumerate(labels):
        columns.setdefault(label[2:], []).append(column)
    breaks = [word for word, (before, page) in enumerate(itertools.pairwise(pages), 1) if before != page]
    try:
        decoded, evidence = _decode(halves, labels, gold_tags, columns)
    except IndexError:  # a bit pattern beyond 1.0: too large, negative, or no number
        raise InputProblem(
            "The stored predictions hold numbers that are not probabilities.",
            "The model diverged or the file is damaged: train again with a lower learning rate.",
        ) from None
    found = decoding.read(evidence, breaks, once)
    return dataclasses.replace(decoded, values=tuple(Chunk(name, a, b, sure) for _, name, a, b, sure in found))


def _decode(
    halves: "array[int]", labels: Sequence[str], gold_tags: Sequence[str], columns: Mapping[str, Sequence[int]]
) -> tuple[Decoded, dict[str, list[Evidence]]]:
    width = len(labels)
    outside = halves[::width]
    tags = ["O"] * len(gold_tags)
    certainty = [_HALVES[half] for half in outside]
    agreement = certainty.copy()
    evidence: dict[str, list[Evidence]] = {}
    place = {label: column for column, label in enumerate(labels)}
    pairs = [(name, place.get(f"B-{name}", width), place.get(f"I-{name}", width)) for name in columns if name]
    for word, (half, gold) in enumerate(zip(outside, gold_tags, strict=True)):
        if half > _NEARLY_ALL and gold == "O":  # no field has anything to say, as with most words
            continue
        # half floats stand in the order of their bits: what even the likeliest label cannot bring about, none can
        row = halves[word * width : (word + 1) * width]
        if half <= _NEARLY_ALL and 2 * _HALVES[max(row[1:], default=0)] >= decoding.LEAST * _HALVES[half]:
            values = [*map(_HALVES.__getitem__, row), 0.0]  # the last one stands for a label that there is not
            shares = [values[begins] + values[continues] for _, begins, continues in pairs]
            first, second = ([*sorted(shares, reverse=True), 0.0, 0.0])[:2]
            least = decoding.LEAST * max(values[0], first)
            for (name, begins, continues), share in zip(pairs, shares, strict=True):
                if share < least and share != first:
                    continue
                otherwise = max(values[0], second if share == first else first)
                if share and share >= decoding.LEAST * otherwise:
                    evidence.setdefault(name, []).append(Evidence(word, values[begins], values[continues], otherwise))
        if half <= _HALF:
            tags[word] = tag = labels[row.index(max(row))]
            certainty[word] = min(1.0, sum(_HALVES[row[column]] for column in columns[tag[2:]]))
        if gold != "O":  # a field that the model does not know has no probability
            agreement[word] = min(1.0, sum(_HALVES[row[column]] for column in columns.get(gold[2:], ())))
    return Decoded(tuple(tags), tuple(certainty), tuple(agreement)), evidence


SELDOM = 30


def labelled_once(tagged: Iterable[Sequence[str] | None]) -> frozenset[str]:
    """The fields that labelled documents have once: of each there is one value, and a model is read so.

    One document in `SELDOM` may have it twice: a second name at the foot of two receipts among three hundred would
    else let every doubtful name fall into two.
    """
    has: Counter[str] = Counter()
    twice: Counter[str] = Counter()
    for tags in tagged:
        counts = Counter(name for name, *_ in lenient_chunks(tags or ()))
        has.update(counts.keys())
        twice.update(name for name, number in counts.items() if number > 1)
    return frozenset(name for name, number in has.items() if twice[name] * SELDOM <= number)
