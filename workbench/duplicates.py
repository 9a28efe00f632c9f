"""Near-duplicates: the same page scanned or sent twice. Found by fingerprints, confirmed by comparing the words. Pure.

Invoices of one template differ in little but their numbers, so it is mostly the numbers that are compared.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b

_BINS = 16
_LETTERS = ".,:;()[]{}'\"*#-_/\\|!?=~`"
_ENOUGH_WORDS = 12  # with fewer, two different slips look alike
_ENOUGH_NUMBERS = 6
_SAME_NUMBERS, _SAME_WORDS = 0.88, 0.6  # least overlap (Jaccard) of a document scanned twice
_LEAST_BANDS = 2

Fingerprint = tuple[int, ...]
"""One 16-bit number a bin: the least hash of the features that fell into it (one-permutation minwise hashing)."""


def fingerprint_of(features: Iterable[str]) -> Fingerprint:
    """A fingerprint whose equal parts are about as many, of 16, as the share of features that two sets share."""
    least: list[int | None] = [None] * _BINS
    for feature in features:
        value = int.from_bytes(blake2b(feature.encode(), digest_size=4).digest(), "big")
        position, rest = value % _BINS, value >> 16
        known = least[position]
        if known is None or rest < known:
            least[position] = rest
    # An empty bin takes the next full one's number, so that small sets can be compared as well.
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
    """Finds fingerprints that are near, in about constant time."""

    def __init__(self) -> None:
        self._bands: dict[tuple[int, int, int], list[int]] = {}

    def add(self, key: int, fingerprint: Fingerprint) -> None:
        """Keep a fingerprint under a key."""
        for band in self._bands_of(fingerprint):
            self._bands.setdefault(band, []).append(key)

    def near(self, fingerprint: Fingerprint, least: int = _LEAST_BANDS) -> list[int]:
        """Keys that share at least this many of 16 bands, the nearest first."""
        shared = Counter(key for band in self._bands_of(fingerprint) for key in self._bands.get(band, ()))
        return [key for key, bands in shared.most_common(20) if bands >= least]

    @staticmethod
    def _bands_of(fingerprint: Fingerprint) -> Iterable[tuple[int, int, int]]:
        # Two neighbouring parts a band, and the bands overlap: near ones share many, strangers hardly one.
        return ((i, fingerprint[i], fingerprint[(i + 1) % _BINS]) for i in range(_BINS))


def _numbers(words: Iterable[str]) -> set[str]:
    return {word for word in words if len(word) > 1 and any(c.isdigit() for c in word)}


def _stripped(words: Sequence[str]) -> set[str]:
    return {bare for word in words if (bare := word.strip(_LETTERS))}


def fingerprint(words: Sequence[str]) -> Fingerprint | None:
    """The fingerprint of a document's words (case-folded); None when there are too few to tell documents apart."""
    if len(words) < _ENOUGH_WORDS:
        return None
    bare = _stripped(words)
    numbers = _numbers(bare)
    return fingerprint_of(numbers if len(numbers) >= _ENOUGH_NUMBERS else bare)


def same(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether two documents' words (case-folded) are those of one page, read twice."""
    first, second = _stripped(a), _stripped(b)
    return (
        _overlap(_numbers(first), _numbers(second)) >= _SAME_NUMBERS and _overlap(first, second) >= _SAME_WORDS
    )  # fmt: skip


def _overlap(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b) if a or b else 1.0
