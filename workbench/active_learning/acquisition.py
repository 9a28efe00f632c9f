"""From stored word probabilities to one number a document: how much the model would learn from its labels.

Every score is "higher = more worth labelling". `score` takes the documents of one batch together: their words are
one matrix, and a document is a slice of its rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.predictions.calibration import scale_all
from workbench.predictions.probabilities import LabelColumns, word_matrix
from workbench.training.mc_dropout import SURELY_OUTSIDE, TINY

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int32]

SCORES = ("least_confidence", "worst_word", "margin", "entropy", "mnlp", "field_weighted", "value_error")
NEAR_MISS = 0.1  # a field without a value whose likeliest word reaches this was nearly found
_GROW = 8  # words to either side of a near miss that may belong to it


@dataclass(slots=True)
class Scored:
    """n documents and F fields; field f is `fields[f]`. Places are (first word, word after the last), -1 for none."""

    scores: dict[str, Floats]  # name -> n
    confidence: Singles  # n x F: calibrated confidence of the field's surest value; 0 where there is none
    places: Integers  # n x F x 2: of that value
    missed: Singles  # n x F: probability of the likeliest word, where there is no value
    missed_places: Integers  # n x F x 2: of the near miss; -1 below NEAR_MISS
    doubt_fields: NDArray[np.int16]  # n x 2: likeliest and second at the least sure word; -1 is "no field"
    doubt: Singles  # n x 2: their probabilities


def weights(f1: Mapping[str, tuple[float, int]], fields: Sequence[str], focus: Sequence[str] = ()) -> Floats:
    """How much each field's doubt counts, 0..1: its F1's distance from 1.

    An F1 of few cases is drawn towards the mean of all, as if it had been measured on five more of them.

    Args:
        f1: field -> (F1, support) on validation; fields that are not named count as the mean.
        fields: whose weights are wanted.
        focus: unless empty, the other fields count nothing.
    """
    support = sum(number for _, number in f1.values())
    mean = sum(score * number for score, number in f1.values()) / support if support else 0.0
    measured = [f1.get(name, (0.0, 0)) for name in fields]
    drawn = [(score * number + 5 * mean) / (number + 5) for score, number in measured]
    every = np.maximum(1.0 - np.array(drawn, np.float64), 0.02)
    return np.array([w if not focus or name in focus else 0.0 for name, w in zip(fields, every, strict=True)])


def score(
    blobs: Sequence[bytes], labels: Sequence[str], weight: Floats | None = None, temperature: float = 1.0
) -> Scored:
    """All scores of a batch of documents.

    Most words surely belong to no field: of those only that one probability is read.

    Args:
        blobs: one document each: words x labels 16-bit floats, row by row.
        labels: the columns, "O" first.
        weight: of each field for "field_weighted" (see `weights`); None: all alike.
        temperature: of the confidences, from workbench/predictions/calibration.py.

    Raises:
        InputProblem: as `word_matrix`.
    """
    matrix, counts = word_matrix(blobs, labels)
    columns = LabelColumns.of(labels)
    fields = columns.fields
    outside = matrix[:, 0].astype(np.float32)
    words = _Words(_Rows(np.cumsum([0, *counts])), np.flatnonzero(outside < SURELY_OUTSIDE))
    unsure = matrix[words.at].astype(np.float32)
    mass = np.zeros((len(unsure), 1 + len(fields)), np.float32)
    for position, field in enumerate(columns.of_label):
        mass[:, field] += unsure[:, position]
    np.minimum(mass, 1.0, out=mass)
    best = np.zeros(len(matrix), np.intp)
    best[words.at] = unsure.argmax(axis=1) if len(unsure) else 0
    scores = _word_scores(unsure, outside, words)
    confidence, places = _values(mass, columns.of_label[best], columns.begins[best], words)
    has_value = places[..., 0] >= 0
    confidence = np.where(has_value, scale_all(confidence, temperature), 0).astype(np.float32)
    missed, missed_places = _misses(mass[:, 1:], ~has_value, words)
    wrong = np.where(has_value, 1 - confidence, missed).astype(np.float64)
    scores["value_error"] = -np.expm1(np.log1p(-np.minimum(wrong, 1 - 1e-6)).sum(axis=1))
    scores["field_weighted"] = _weighted(mass[:, 1:], np.ones(len(fields)) if weight is None else weight, words.unsure)
    doubt_fields, doubt = _doubt(mass, words.unsure)
    return Scored(scores, confidence, places, missed, missed_places, doubt_fields, doubt)


class _Rows:
    """Which rows of a matrix belong to which document; sums and extremes by document."""

    def __init__(self, starts: NDArray[np.int64]) -> None:
        self.first = starts[:-1]
        self.lengths = np.diff(starts)
        self.count = len(self.lengths)
        self.owner = np.repeat(np.arange(self.count), self.lengths)
        self._some = np.flatnonzero(self.lengths)  # documents without words have no rows to reduce

    def mean(self, values: Singles) -> Floats:
        means: Floats = np.bincount(self.owner, values, self.count) / np.maximum(self.lengths, 1)
        return means

    def max(self, values: Singles) -> Singles:
        highest = np.zeros((self.count, *values.shape[1:]), np.float32)
        if len(self._some):
            highest[self._some] = np.maximum.reduceat(values, self.first[self._some], axis=0)
        return highest


class _Words:
    """All words, and those among them that may belong to a field: word `at[i]` is row i of the latter's matrix."""

    def __init__(self, rows: _Rows, at: NDArray[np.intp]) -> None:
        self.all = rows
        self.at = at
        self.unsure = _Rows(np.searchsorted(at, np.append(rows.first, len(rows.owner))))
        self.row = np.full(len(rows.owner), -1)  # of each word; -1: it surely belongs to no field
        self.row[at] = np.arange(len(at))


def _word_scores(unsure: Singles, outside: Singles, words: _Words) -> dict[str, Floats]:
    highest = unsure.max(axis=1, initial=0)
    top = outside.copy()
    top[words.at] = highest
    second = np.partition(unsure, -2, axis=1)[:, -2] if unsure.shape[1] > 1 else np.zeros(len(unsure), np.float32)
    spread = -(unsure * np.log(unsure + TINY)).sum(axis=1) / np.log(max(unsure.shape[1], 2))
    return {
        "least_confidence": words.all.mean(1 - top),
        "worst_word": words.all.max(1 - top).astype(np.float64),
        "margin": words.unsure.mean(1 - (highest - second)),
        "entropy": words.unsure.mean(np.maximum(spread, 0)),
        "mnlp": words.all.mean(-np.log(np.maximum(top, 1e-7))),
    }


def _values(
    mass: Singles, field: NDArray[np.intp], begins: NDArray[np.bool_], words: _Words
) -> tuple[Singles, Integers]:
    """Each document's and field's surest value and its place: runs of the likeliest tags (strict IOB2).

    Not what `value_spans` reads, which takes five times as long over a whole pool.
    """
    rows = words.all
    count = mass.shape[1] - 1
    confidence = np.zeros((rows.count, count), np.float32)
    places = np.full((rows.count, count, 2), -1, np.int32)
    if not len(field):
        return confidence, places
    opens = begins.copy()
    opens[0] = True
    opens[1:] |= (field[1:] != field[:-1]) | (rows.owner[1:] != rows.owner[:-1])
    starts = np.flatnonzero(opens)
    stops = np.append(starts[1:], len(field))
    own = np.zeros(len(field), np.float32)
    own[words.at] = mass[np.arange(len(mass)), field[words.at]]
    sure = np.add.reduceat(own, starts) / (stops - starts)
    kept = np.flatnonzero((field[starts] > 0) & begins[starts])
    kept = kept[np.argsort(sure[kept], kind="stable")]  # the surest is written last
    owner, of = rows.owner[starts[kept]], field[starts[kept]] - 1
    confidence[owner, of] = sure[kept]
    places[owner, of, 0] = starts[kept] - rows.first[owner]
    places[owner, of, 1] = stops[kept] - rows.first[owner]
    return confidence, places


def _misses(mass: Singles, absent: NDArray[np.bool_], words: _Words) -> tuple[Singles, Integers]:
    """For fields without a value: the likeliest word's probability, and the words around it that go along."""
    missed = np.where(absent, words.unsure.max(mass), 0).astype(np.float32)
    places = np.full((*missed.shape, 2), -1, np.int32)
    near = missed >= NEAR_MISS
    if not near.any():
        return missed, places
    rows, of = np.nonzero(near[words.unsure.owner] & (mass >= missed[words.unsure.owner]))
    pair = words.unsure.owner[rows].astype(np.int64) * missed.shape[1] + of
    _, once = np.unique(pair, return_index=True)  # of equal words the first
    rows, of = rows[once], of[once]
    owner = words.unsure.owner[rows]
    enough = missed[owner, of] / 2
    first = words.all.first[owner]
    last = first + words.all.lengths[owner]
    low, high = words.at[rows], words.at[rows] + 1

    def goes_along(word: NDArray[np.intp]) -> NDArray[np.bool_]:
        row = words.row[np.clip(word, 0, len(words.row) - 1)]
        along: NDArray[np.bool_] = (row >= 0) & (mass[row, of] >= enough)
        return along

    for _ in range(_GROW):
        low -= (low > first) & goes_along(low - 1)
        high += (high < last) & goes_along(high)
    places[owner, of, 0] = low - first
    places[owner, of, 1] = high - first
    return missed, places


def _weighted(mass: Singles, weight: Floats, rows: _Rows) -> Floats:
    """The weighted mean over fields of the doubt at each field's least sure word, 0..1."""
    nearest = rows.max(0.5 - np.abs(mass - 0.5))  # the word whose probability is nearest to one half
    entropy = -(nearest * np.log2(nearest + TINY) + (1 - nearest) * np.log2(1 - nearest + TINY))
    total = float(weight.sum())
    means: Floats = np.maximum(entropy, 0).astype(np.float64) @ weight / total if total else np.zeros(rows.count)
    return means


def _doubt(mass: Singles, rows: _Rows) -> tuple[NDArray[np.int16], Singles]:
    """The two likeliest fields of the least sure word of each document; -1 and 0 where no word may have a field."""
    fields = np.full((rows.count, 2), -1, np.int16)
    sure = np.zeros((rows.count, 2), np.float32)
    if not len(mass) or mass.shape[1] < 2:
        return fields, sure
    two = np.argpartition(mass, -2, axis=1)[:, -2:]
    values = np.take_along_axis(mass, two, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    two, values = np.take_along_axis(two, order, axis=1), np.take_along_axis(values, order, axis=1)
    # the smallest gap of each document stands first, of equal ones the first word
    least = np.lexsort((np.arange(len(mass)), values[:, 0] - values[:, 1], rows.owner))
    documents, first = np.unique(rows.owner[least], return_index=True)
    fields[documents] = two[least[first]] - 1
    sure[documents] = values[least[first]]
    return fields, sure


def votes(places: Sequence[Integers]) -> Floats:
    """How divided several runs are about each document, 0..1.

    For every field each run votes with the place of the value it found (or with "none"); the score is the entropy of
    the votes, divided by its largest possible value, on average over the fields for which any run found a value.

    Args:
        places: for each run n x F x 2, fields in the same order.
    """
    stacked = np.stack(places)  # R x n x F x 2
    runs = len(stacked)
    same = (stacked[:, None] == stacked[None]).all(axis=-1)  # R x R x n x F
    share = same.mean(axis=1)  # the share of runs that vote as run r does
    entropy = -np.log(share).mean(axis=0) / np.log(max(runs, 2))
    voted = (stacked[..., 0] >= 0).any(axis=0)
    means: Floats = (entropy * voted).sum(axis=1) / np.maximum(voted.sum(axis=1), 1)
    return means
