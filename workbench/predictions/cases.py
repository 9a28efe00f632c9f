"""Documents with their gold labels and a model's predictions: what every figure is computed from.

A case is read from a run folder (`run_reader`), or built by a test.
"""

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from workbench.fields import FieldType, chunks_of, field_of_tag, schema
from workbench.fields.schema import SELLER
from workbench.fields.values import joined, normalise
from workbench.predictions import value_spans
from workbench.predictions.probabilities import LabelColumns, does_not_fit, word_matrix
from workbench.predictions.value_spans import WordEvidence

NONE = "none"
"""Stands for `no field` in tables of fields."""


@dataclass(frozen=True, slots=True, order=True)
class Chunk:
    """A contiguous stretch of words of one field, or a value in several pieces. Equality ignores the confidence."""

    field: str
    start: int
    stop: int  # exclusive
    confidence: float = dataclasses.field(
        default=1.0, compare=False
    )  # mean over the words of P(B-field) + P(I-field), 0..1
    rest: tuple[tuple[int, int], ...] = ()  # start and stop of the value's further pieces, in their order

    @property
    def words(self) -> tuple[int, ...]:
        """The words of all pieces."""
        pieces = ((self.start, self.stop), *self.rest)
        return tuple(word for start, stop in pieces for word in range(start, stop))

    def overlap(self, other: "Chunk") -> int:
        """How many words both have."""
        if self.rest or other.rest:
            return len(set(self.words).intersection(other.words))
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
    predicted: tuple[Chunk, ...] = ()  # as the model's probabilities are read (`decode`)
    pages: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    boxes: tuple[tuple[int, int, int, int], ...] = ()  # 0-1000 of the page; none where they were not read
    page_sizes: tuple[tuple[float, float], ...] = ()  # width and height of each page; none where they are not known
    confidences: tuple[float, ...] = ()  # of the OCR, 0..1
    tags: tuple[str, ...] = ()  # the likeliest tag of each word, before any repair
    certainty: tuple[float, ...] = ()  # probability of the predicted field (B and I together; O for no field)
    agreement: tuple[float, ...] = ()  # probability of the gold field
    windows: int = 1
    word_windows: tuple[int, ...] = ()  # the window that decided a word
    truncated: bool = False
    labelled: bool = True
    references: Mapping[str, str] = dataclasses.field(default_factory=dict)  # field -> value known from elsewhere
    unjudged: tuple[Chunk, ...] = ()  # predictions of fields without any label: neither right nor wrong
    in_pieces: Set[str] = frozenset()  # fields whose values may be printed in several pieces (`values_of`)

    def text(self, chunk: Chunk) -> str:
        """The words of a chunk, as they are printed."""
        return joined(self.words[word] for word in chunk.words)

    def lines_of(self, words: Iterable[int]) -> int:
        """How many printed lines these words stand on."""
        return len({(self.pages[word], self.lines[word]) for word in words if word < len(self.lines)})

    @property
    def page_count(self) -> int:
        """Pages that carry words; at least 1."""
        return len(set(self.pages)) or 1


IN_PIECES = frozenset({FieldType.ADDRESS, FieldType.PARTY, FieldType.TEXT})
"""Types of values that may be printed in several pieces."""

Value = tuple[schema.BioChunk, ...]
"""The pieces of a value, in their order; most have one."""


def values_of(
    chunks: Iterable[schema.BioChunk], lines: Sequence[int], pages: Sequence[int], in_pieces: Set[str]
) -> set[Value]:
    """The values that chunks are pieces of: what strict figures count.

    A piece of a name, an address or a text continues the piece of the same field before it where it stands on the same
    line of the page or the one below: words of another column stand between. Any other chunk is a value of its own.

    Args:
        chunks: of one document.
        lines, pages: of its words; none where they are not known.
        in_pieces: fields whose values may be printed in several pieces.
    """
    values: list[list[schema.BioChunk]] = []
    last: dict[str, list[schema.BioChunk]] = {}
    for chunk in sorted(chunks, key=lambda chunk: chunk[1:]):
        field, start, _ = chunk
        value = last.get(field)
        if value is not None and field in in_pieces and lines:
            end = value[-1][2] - 1
            if lines[start] - lines[end] in (0, 1) and (not pages or pages[start] == pages[end]):
                value.append(chunk)
                continue
        last[field] = [chunk]
        values.append(last[field])
    return {tuple(value) for value in values}


_OWN_GROUP = re.compile(r" \([0-9]+\)$")  # behind the name of a document that has a group of its own


def vendors_of(case: Case) -> tuple[str, ...]:
    """The names by which a document's vendor is known: its group, and its labelled or known seller.

    A group that is the document's own (`import --group-by none`) tells nothing of the vendor: where no seller is
    labelled or known either, there is none. Near-duplicates are in one group even then.
    """
    sellers = [case.text(chunk) for chunk in case.gold if chunk.field == SELLER]
    if SELLER in case.references:
        sellers.append(case.references[SELLER])
    keys = {normalise(FieldType.PARTY, seller).normal or "" for seller in sellers} - {""}
    return tuple(name for name in (case.group, *(f"seller {key}" for key in sorted(keys))) if name)


def vendor_is_known(case: Case) -> bool:
    """Whether anything says of which vendor a document is."""
    own = not case.group or _OWN_GROUP.sub("", case.group) == case.name
    return not own or len(vendors_of(case)) > bool(case.group)


def tags_of_chunks(chunks: Iterable[Chunk], length: int) -> list[str]:
    """IOB2 tags of chunks; where chunks overlap the later one wins."""
    return schema.tags_of_chunks(((chunk.field, chunk.start, chunk.stop) for chunk in chunks), length)


def with_confidence(chunks: Iterable[schema.BioChunk], certainty: Sequence[float]) -> tuple[Chunk, ...]:
    """Chunks whose confidence is the mean certainty of their words."""
    return tuple(Chunk(f, a, b, sum(certainty[a:b]) / (b - a)) for f, a, b in chunks)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The reading of one document's probabilities, word by word."""

    tags: tuple[str, ...]
    certainty: tuple[float, ...]
    agreement: tuple[float, ...]
    values: tuple[Chunk, ...] = ()


class Stored(NamedTuple):
    """One document's probabilities (words x labels little-endian 16-bit floats in 0..1, row by row), and what is known
    of its words: the gold tags, one a word, and the pages; none: all on one."""

    probabilities: bytes
    gold_tags: Sequence[str]
    pages: Sequence[int] = ()


_TOGETHER = 64
"""Documents that are decoded together: enough to share what every step costs, few enough for the processor's cache."""


def decode(documents: Iterable[Stored], labels: Sequence[str], once: Set[str] = frozenset()) -> Iterator[Decoded]:
    """The likeliest tag of each word, its field's probability, the gold field's probability, and the values.

    Args:
        documents: read as they are asked for, some at a time.
        labels: the column order, "O" first.
        once: fields of which a document has one value.

    Raises:
        InputProblem: the bytes are not that many numbers, or a number is not a probability.
    """
    remaining = iter(documents)
    while some := list(itertools.islice(remaining, _TOGETHER)):
        yield from _decode(some, labels, once)


def _decode(documents: Sequence[Stored], labels: Sequence[str], once: Set[str]) -> Iterator[Decoded]:
    import numpy as np  # heavy, but pyarrow, which has read what is decoded here, has loaded it

    stored, counts = word_matrix([document.probabilities for document in documents], labels)
    for document, count in zip(documents, counts, strict=True):
        if count != len(document.gold_tags):
            raise does_not_fit(f"{len(document.gold_tags)} words")
    table, columns = stored.astype(np.float64), LabelColumns.of(labels)
    names = ["", *columns.fields]
    begins, continues = np.zeros((2, len(table), len(names)))
    first = columns.begins | (columns.of_label == 0)
    begins[:, columns.of_label[first]] = table[:, first]
    continues[:, columns.of_label[~first]] = table[:, ~first]
    shares = np.minimum(begins + continues, 1.0)
    words = np.arange(len(table))
    best = table.argmax(1)
    sure = shares[words, columns.of_label[best]]
    # a field that the model does not know has no probability: it is read where all are 0
    number = {name: column for column, name in enumerate(names)}
    asked = [number.get(field_of_tag(tag), len(names)) for document in documents for tag in document.gold_tags]
    agreed = np.pad(shares, ((0, 0), (0, 1)))[words, asked]
    tags, certainty, agreement = map(labels.__getitem__, best.tolist()), iter(sure.tolist()), iter(agreed.tolist())
    for document, count, evidence in zip(documents, counts, _evidence(names, begins, continues, counts), strict=True):
        yield Decoded(
            tuple(itertools.islice(tags, count)),
            tuple(itertools.islice(certainty, count)),
            tuple(itertools.islice(agreement, count)),
            tuple(Chunk(*value[1:]) for value in value_spans.read(evidence, _page_breaks(document.pages), once)),
        )


def _page_breaks(pages: Sequence[int]) -> list[int]:
    """The words that begin a page."""
    return [word for word, (before, page) in enumerate(itertools.pairwise(pages), 1) if before != page]


def _evidence(
    names: Sequence[str], begins: Any, continues: Any, counts: Sequence[int]
) -> list[dict[str, list[WordEvidence]]]:
    """For every document the words that may be a field's (`value_spans.LEAST`).

    Args:
        names: of the fields; the first is none's.
        begins: an array of words x names, of all documents.
        continues: the like.
        counts: words of each document.
    """
    import numpy as np

    shares = begins + continues
    rows = np.arange(len(shares))
    likeliest = shares.argmax(1)
    otherwise = np.repeat(shares[rows, likeliest][:, None], len(names), 1)
    rivals = shares.copy()
    rivals[rows, likeliest] = 0.0
    otherwise[rows, likeliest] = rivals.max(1)
    may = (shares > 0.0) & (shares >= value_spans.LEAST * otherwise)
    may[:, 0] = False
    words, columns = may.nonzero()
    document = np.repeat(np.arange(len(counts)), counts)[words]
    within = words - (np.cumsum(counts) - counts)[document]
    evidence: list[dict[str, list[WordEvidence]]] = [{} for _ in counts]
    columns_of = (document, columns, within, begins[may], continues[may], otherwise[may])
    for at, name, word, begin, go_on, other in zip(*(column.tolist() for column in columns_of), strict=True):
        evidence[at].setdefault(names[name], []).append(WordEvidence(word, begin, go_on, other))
    return evidence


SELDOM = 30


def labelled_once(tagged: Iterable[Sequence[str] | None]) -> frozenset[str]:
    """The fields that labelled documents have once: of each there is one value, and a model is read so.

    One document in `SELDOM` may have it twice: a second name at the foot of two receipts among three hundred would
    else let every doubtful name fall into two.
    """
    has: Counter[str] = Counter()
    twice: Counter[str] = Counter()
    for tags in tagged:
        counts = Counter(name for name, *_ in chunks_of(tags or ()))
        has.update(counts.keys())
        twice.update(name for name, number in counts.items() if number > 1)
    return frozenset(name for name, number in has.items() if twice[name] * SELDOM <= number)
