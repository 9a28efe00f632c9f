"""Near-duplicates: the same page scanned or sent twice. Found by fingerprints, confirmed by comparing the words. Pure.

Invoices of one template differ mainly in their numbers, so mostly the numbers are compared.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

_BINS = 16
_MIX = 2654435761  # Knuth's multiplier: spreads neighbouring checksums
_EDGES = ".,:;()[]{}'\"*#-_/\\|!?=~`"
_ENOUGH_WORDS = 12  # with fewer, two different slips look alike
_ENOUGH_NUMBERS = 6
_NEARLY_ALL, _LEAST_SAME, _EVENLY = 0.88, 0.6, 0.15  # overlaps (Jaccard); see Words.same
_FEW_STRANGERS = 0.04  # of the numbers: so many have no counterpart in the other reading
# 2 and 3 find no more pairs (benchmarks/duplicates.py), and 2 eight times as many short texts to compare
_LEAST_BANDS = 4
_DIGIT = re.compile(r"\d")

Fingerprint = tuple[int, ...]
"""One 16-bit number a bin: the least hash of the features that fell into it (one-permutation minwise hashing)."""


def fingerprint_of(features: Iterable[str]) -> Fingerprint:
    """The fingerprint of a set: the share of equal parts of two fingerprints estimates the sets' Jaccard overlap."""
    least: list[int | None] = [None] * _BINS
    for feature in features:
        value = crc32(feature.encode()) * _MIX & 0xFFFFFFFF
        position, rest = value >> 28, value >> 12 & 0xFFFF
        known = least[position]
        if known is None or rest < known:
            least[position] = rest
    # An empty bin takes the next filled bin's value, so that small sets can be compared as well.
    filled = [value for value in least if value is not None] or [0]
    result: list[int] = []
    following = filled[0]
    for number in reversed(least):
        following = following if number is None else number
        result.append(following)
    return tuple(reversed(result))


def to_text(fingerprint: Fingerprint) -> str:
    """64 hexadecimal digits."""
    return "".join(f"{part:04x}" for part in fingerprint)


def from_text(text: str) -> Fingerprint:
    """The fingerprint of 64 hexadecimal digits."""
    return tuple(int(text[start : start + 4], 16) for start in range(0, len(text), 4))


class Index:
    """Finds fingerprints that are near, in about constant time. A fingerprint takes about 2 kB."""

    def __init__(self) -> None:
        self._bands: dict[int, int | list[int]] = {}  # most bands have one key only: no list for those

    def add(self, key: int, fingerprint: Fingerprint) -> None:
        """Add a fingerprint under a key."""
        for band in self._bands_of(fingerprint):
            keys = self._bands.setdefault(band, key)
            if isinstance(keys, list):
                keys.append(key)
            elif keys != key:
                self._bands[band] = [keys, key]

    def near(self, fingerprint: Fingerprint, least: int = _LEAST_BANDS) -> list[int]:
        """Keys that share at least this many of 16 bands, the nearest first."""
        shared: Counter[int] = Counter()
        for band in self._bands_of(fingerprint):
            keys = self._bands.get(band)
            if keys is not None:  # rarely
                shared.update((keys,) if isinstance(keys, int) else keys)
        return [key for key, bands in shared.most_common(20) if bands >= least]

    @staticmethod
    def _bands_of(fingerprint: Fingerprint) -> Iterable[int]:
        # A band is two neighbouring parts, and bands overlap: near-duplicates share many, other documents hardly one.
        following = (*fingerprint[1:], fingerprint[0])
        return [i << 32 | a << 16 | b for i, (a, b) in enumerate(zip(fingerprint, following, strict=True))]


@dataclass(frozen=True, slots=True)
class Words:
    """A document's words for comparison: in lower case, without punctuation at their ends."""

    plain: frozenset[str]
    numbers: frozenset[str]  # with a digit in them

    @classmethod
    def of(cls, words: Iterable[str]) -> "Words":
        """The words of a document, as they are printed."""
        bare = {word.casefold().strip(_EDGES) for word in words} - {""}
        plain = {word for word in bare if word.isalpha() or len(word) < 2 or not _DIGIT.search(word)}
        return cls(frozenset(plain), frozenset(bare - plain))

    def fingerprint(self) -> Fingerprint | None:
        """The document's fingerprint; None when there are too few words to tell documents apart."""
        if len(self.plain) + len(self.numbers) < _ENOUGH_WORDS:
            return None
        return fingerprint_of(self.numbers if len(self.numbers) >= _ENOUGH_NUMBERS else self.plain | self.numbers)

    def same(self, other: "Words") -> bool:
        """Whether these are the words of one page, read twice.

        Either nearly all numbers are the same; or many are, and the other words differ as much or the numbers that
        differ do so by one character, which is a difference of reading. Another invoice of the same vendor has the
        same words and other numbers.
        """
        numbers, words = _overlap(self.numbers, other.numbers), _overlap(self.plain, other.plain)
        if words < _LEAST_SAME or numbers < _LEAST_SAME:
            return False
        if numbers >= _NEARLY_ALL or words <= numbers + _EVENLY:
            return True
        return _strangers(self.numbers, other.numbers) <= _FEW_STRANGERS * min(len(self.numbers), len(other.numbers))


@dataclass(frozen=True, slots=True)
class Twin:
    """A document that another document repeats: in the workspace (id) or in the batch (position)."""

    name: str
    group: str
    id: int | None
    position: int | None


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a or b else 1.0


def _strangers(a: frozenset[str], b: frozenset[str]) -> int:
    """Of the numbers that only one of two readings has: those of the shorter list without one of the other list that
    differs by one character."""
    fewer, more = sorted((a - b, b - a), key=len)
    free = set(more)
    strangers = 0
    for number in sorted(fewer):
        counterpart = min((other for other in free if _differ_by_one(number, other)), default=None)
        if counterpart is None:
            strangers += 1
        else:
            free.discard(counterpart)
    return strangers


def _differ_by_one(a: str, b: str) -> bool:
    """Whether one replaced, added or left out character makes one of the other."""
    shorter, longer = sorted((a, b), key=len)
    if len(longer) - len(shorter) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(shorter, longer, strict=False)) if x != y), len(shorter))
    return shorter[start + (len(shorter) == len(longer)) :] == longer[start + 1 :]
