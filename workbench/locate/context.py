"""What stands around a word: its row, the header words beside and above it. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from storage.records import Token
from workbench.fields import Field
from workbench.locate import headers
from workbench.locate.layout import Layout


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where a field's value may stand."""

    tokens: tuple[int, ...]
    score: float  # comparable within one field only
    reason: str  # for people


class Surroundings:
    """A document's words in their rows; the rows and header words are found once, when first asked for."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.pace: Callable[[], None] | None = None  # called at every few words: it may wait, or end the search

    @cached_property
    def layout(self) -> Layout:
        """The rows and their pieces."""
        return Layout(self.tokens)

    def text(self, tokens: Iterable[int]) -> str:
        """Words, joined by spaces."""
        if self.pace is not None:
            self.pace()
        return " ".join(self.tokens[i].text for i in tokens)

    @cached_property
    def pieces(self) -> list[list[list[int]]]:
        """For every row its pieces: words without a wide gap between them."""
        found: list[list[list[int]]] = [[] for _ in self.layout.rows]
        for piece in self.layout.pieces:
            found[self.layout.row_of[piece[0]]].append(piece)
        return found

    @cached_property
    def headings(self) -> list[list[tuple[int, int, dict[str, float], str]]]:
        """For every row: (first position, last position, fields, text) of its header phrases, the longest first."""
        found = []
        letters = [headers.fold(token.text) for token in self.tokens]
        for row in self.layout.rows:
            here = []
            at = 0
            while at < len(row):
                for length in range(min(headers.LONGEST, len(row) - at), 0, -1):
                    joined = "".join(letters[i] for i in row[at : at + length])
                    if length == 1:  # "Total:9.00" in one word
                        joined = headers.fold(re.split(r"[0-9]|(?<=\w)[:：]", self.tokens[row[at]].text)[0])
                    if joined and (known := headers.fields_of(joined)):
                        text = " ".join(self.tokens[i].text for i in row[at : at + length])
                        here.append((at, at + length - 1, known, text))
                        at += length - 1
                        break
                at += 1
            found.append(here)
        return found

    @cached_property
    def usual_height(self) -> float:
        """The height of most words."""
        heights = sorted(self.layout.height(i) for i in range(len(self.tokens)))
        return heights[len(heights) // 2]

    def context(self, field: Field, number: int, position: int) -> tuple[float, str]:
        """How well the headers to the left and above speak for the field, -1..1, and the best one's words."""
        kind = headers.KINDS.get(field.type, frozenset())
        best, rival, words = 0.0, 0.0, ""
        for known, near, text in self._headers_beside(number, position):
            if field.id in known:
                if known[field.id] * near > best:
                    best, words = known[field.id] * near, text
            elif against := [weight for name, weight in known.items() if name in kind]:
                rival = max(rival, max(against) * near)
        return (best - 0.5 * max(rival - best, 0), words) if best else (-0.5 * rival, "")

    def _headers_beside(self, number: int, position: int) -> Iterator[tuple[dict[str, float], float, str]]:
        row = self.layout.rows[number]
        left = [h for h in self.headings[number] if h[0] <= position]
        for steps, (_, _, known, text) in enumerate(reversed(left)):
            yield known, max(1.0 - 0.2 * steps, 0.2), text
        token = self.tokens[row[position]]
        height = self.layout.height(row[position])
        worded = any(sum(c.isalpha() for c in self.tokens[i].text) > 2 for i in row[:position])
        for above in range(number - 1, max(number - 6, -1), -1):
            upper = self.layout.rows[above]
            first = self.tokens[upper[0]]
            if first.page != token.page:
                break
            distance = (token.box[1] - first.box[3]) / height
            weight = 0.3 if worded else 0.7
            for a, b, known, text in self.headings[above]:
                x0, x1 = self.tokens[upper[a]].box[0], self.tokens[upper[b]].box[2]
                if min(x1, token.box[2]) > max(x0, token.box[0]) - height:
                    yield known, max(weight - 0.1 * max(distance, 0.0), 0.1), text
                elif not left and not worded and distance < 0.5:
                    yield known, 0.5, text  # the row was divided by a slanted scan
