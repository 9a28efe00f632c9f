"""Find the words that spell a name or an address, allowing for misread letters and for words that do not belong."""

from collections.abc import Sequence

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

_ASIDE = 7  # words that may stand between the parts of an address


class FuzzyFinder:
    """Finds windows of words by their letters.

    Args:
        letters: every word of the document, folded (`headers.fold`).
    """

    def __init__(self, letters: Sequence[str]) -> None:
        self._letters = letters

    def best_window(self, wanted: str, stream: list[int], least: float) -> tuple[tuple[int, ...], float] | None:
        """The words that spell a value best, and how well, 0..1; words that do not belong to it are left out.

        Args:
            wanted: the value, folded.
            stream: word numbers in one reading order.
            least: the percentage of alike letters below which a stream is not looked at further.
        """
        text = "".join(self._letters[i] for i in stream)
        # No part of a text is more like the value than its length allows.
        if 200 * len(text) < least * (len(text) + len(wanted)):
            return None
        owner = [n for n, i in enumerate(stream) for _ in self._letters[i]]
        if len(text) > len(wanted):
            match = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=least)
            if match is None:
                return None
            first, last = owner[match.dest_start], owner[max(match.dest_end - 1, match.dest_start)]
        else:
            first, last = 0, len(stream) - 1
        # Words of another column can stand between two lines: the second try begins with more on both sides.
        close = self._without_odd_words(wanted, self._grown(wanted, stream, first, last))
        wide = self._without_odd_words(wanted, stream[max(first - _ASIDE, 0) : last + 1 + _ASIDE])
        window = max(close, wide, key=lambda window: self._ratio(wanted, window))
        spelled = [n for n, i in enumerate(window) if self._letters[i]]
        window = window[spelled[0] : spelled[-1] + 1] if spelled else []
        return (tuple(window), self._ratio(wanted, window) / 100) if window else None

    def _ratio(self, wanted: str, window: list[int]) -> float:
        return fuzz.ratio(wanted, "".join(self._letters[i] for i in window))

    def _grown(self, wanted: str, stream: list[int], first: int, last: int) -> list[int]:
        """The window with its ends where it fits best, up to a line away."""

        def fit(a: int, b: int) -> float:
            return self._ratio(wanted, stream[a : b + 1])

        best = fit(first, last)
        for _ in range(3):
            before = best
            for a in range(max(first - 3, 0), min(first + 4, last + 1)):
                if (score := fit(a, last)) > best:
                    best, first = score, a
            for b in range(max(last - 3, first), min(last + 9, len(stream))):
                if (score := fit(first, b)) > best:
                    best, last = score, b
            if best == before:
                break
        return stream[first : last + 1]

    def _without_odd_words(self, wanted: str, window: list[int]) -> list[int]:
        """The window without the words of which hardly a letter is in the value (a number between two lines)."""
        text = "".join(self._letters[i] for i in window)
        matched = [False] * len(text)
        for block in Indel.opcodes(wanted, text):
            if block.tag == "equal":
                matched[block.dest_start : block.dest_end] = [True] * (block.dest_end - block.dest_start)
        kept, at, before = list[int](), 0, -1
        for index in window:
            size = len(self._letters[index])
            # A lone "&" stays where the words around it stay.
            if sum(matched[at : at + size]) >= 0.5 * size if size else kept and kept[-1] == before:
                kept.append(index)
            before = index
            at += size
        return kept if self._ratio(wanted, kept) > self._ratio(wanted, window) + 1 else window
