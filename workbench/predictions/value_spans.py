"""From the probabilities of words to values: which stretches of words are a field's.

The likeliest tag of every word, taken alone, tears values apart: one doubtful word in "99 SPEED MART" makes two of it,
and a beginning seen at every line makes four of an address. So a stretch is judged as a whole: it scores the sum of its
words' log odds of being the field's rather than the likeliest other's or none's, less for a beginning where the model
sees none, and for a word inside that looks like a beginning. The best stretch is found as the maximum subarray
(Kadane), the next ones in what it leaves.
`docs/measurements.md` has what this brought over the plain tags.
"""

import math
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

_DOUBT = 3.0  # log odds at which a word is as sure as it gets, either way: one word must not decide about all
_SMOOTHING = 0.01  # added to both of a beginning's and an inside's probability before they are compared
_NOTHING = 1e-6
LEAST = math.exp(-_DOUBT)
"""Words that are less likely a field's than this share (0.05) of what else they may be speak against it all alike, and
need not be named."""


class WordEvidence(NamedTuple):
    """How likely a word begins or continues a value of a field, or is what it is likeliest else; each 0..1."""

    word: int
    begins: float
    continues: float
    otherwise: float  # of another field (the likeliest), or of none

    @property
    def belongs(self) -> float:
        """How likely it is the field's at all."""
        return self.begins + self.continues

    @property
    def likeliest(self) -> bool:
        """Whether it is the field's rather than anything else."""
        return self.begins + self.continues > self.otherwise


class Stretch(NamedTuple):
    """Words from `start` to before `stop` that are a field's."""

    score: float
    field: str
    start: int
    stop: int
    confidence: float  # mean over its words of how likely they are the field's, 0..1


def read(
    evidence: Mapping[str, Sequence[WordEvidence]], breaks: Sequence[int] = (), once: Set[str] = frozenset()
) -> list[Stretch]:
    """The values that are in a document, in its order; no word is in two of them.

    Args:
        evidence: field -> the words that may be its (see `LEAST`), in order.
        breaks: words that begin a page; no value runs over them.
        once: fields of which a document has one value: the best is taken. Of the others, a word that is more likely
            a beginning than anything else begins another value.
    """
    likely = {name: {item.word for item in words if item.likeliest} for name, words in evidence.items()}
    all_likely = set().union(*likely.values())
    stretches: list[Stretch] = []
    for name, words in evidence.items():
        if own := likely[name]:
            starts = set(breaks)
            if name not in once:
                starts |= {item.word for item in words if item.begins > max(item.continues, item.otherwise)}
            stretches += _stretches(name, words, own, all_likely - own, starts)
    taken: set[int] = set()
    read_once: set[str] = set()
    kept = []
    for stretch in sorted(stretches, key=lambda stretch: (-stretch.score, stretch.start)):
        words_of = range(stretch.start, stretch.stop)
        if stretch.field in read_once or not taken.isdisjoint(words_of):
            continue
        kept.append(stretch)
        taken.update(words_of)
        if stretch.field in once:
            read_once.add(stretch.field)
    return sorted(kept, key=lambda stretch: stretch.start)


def _stretches(
    name: str, words: Sequence[WordEvidence], likely: Set[int], others: Set[int], starts: Set[int]
) -> list[Stretch]:
    """All stretches of a field that speak for it, the best first; `others` are the words of other fields."""
    stretches: list[Stretch] = []
    barred = set(others)
    while not likely <= barred and (best := _best(words, barred, starts)):  # without a likely word nothing scores
        score, start, stop = best
        inside = [item.belongs for item in words if start <= item.word < stop]
        stretches.append(Stretch(score, name, start, stop, min(1.0, sum(inside) / (stop - start))))
        barred.update(range(start, stop))
    return stretches


def _best(words: Sequence[WordEvidence], barred: Set[int], starts: Set[int]) -> tuple[float, int, int] | None:
    """(score, start, stop) of the stretch that scores most, if that is more than nothing."""
    best: tuple[float, int, int] | None = None
    score, start, before = -math.inf, 0, -1
    for word, begins, continues, otherwise in words:
        if word in barred:
            continue
        odds = max(-_DOUBT, min(_DOUBT, math.log((begins + continues) / max(otherwise, _NOTHING))))
        beginning = math.log((begins + _SMOOTHING) / (continues + _SMOOTHING))
        between = range(before + 1, word)
        if word in starts or (between and not (barred.isdisjoint(between) and starts.isdisjoint(between))):
            score = -math.inf
        longer = score - _DOUBT * len(between) + odds - max(0.0, beginning)
        fresh = odds + min(0.0, beginning)
        if longer >= fresh:
            score = longer
        else:
            score, start = fresh, word
        before = word
        if score > (best[0] if best else 0.0):
            best = score, start, word + 1
    return best
