"""Where a label stands on a page, and what stands there on another one: beside the same caption, or as far. Pure.

A vendor's next invoice has another order's number behind the same header, another customer's address in its window.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rapidfuzz import fuzz

from storage.records import Box, Token
from workbench.locate import headers
from workbench.locate.context import Surroundings
from workbench.locate.layout import Layout

_BEFORE = 3  # words before a value that describe it
_NEAR = 14  # thousandths of the page: a value without a header begins no further off
_ROWS_ABOVE = 12  # among which the caption of a column stands
_CAPTION = 3  # letters that it has at least
_ALIKE = 80.0  # least similarity (0..100) of a caption that OCR read twice

TokenIds = tuple[int, ...]


@dataclass(frozen=True)
class Page:
    """A document's words and labels; its layout is found when it is first needed.

    Attributes:
        words: as they are printed.
        boxes: in thousandths of the page.
        pages, lines: of the words.
        labels: field -> its values, each with its words.
        group: its vendor.
    """

    words: Sequence[str]
    boxes: Sequence[Sequence[float]]
    pages: Sequence[int]
    lines: Sequence[int]
    labels: Mapping[str, tuple[TokenIds, ...]] = field(default_factory=dict)
    group: str = ""
    _described: dict[Callable[["Page", int], str], dict[str, list[int]]] = field(default_factory=dict)

    @cached_property
    def tokens(self) -> list[Token]:
        """Its words as tokens, in thousandths of the page."""
        placed = enumerate(zip(self.words, self.pages, self.lines, self.boxes, strict=True))
        return [Token(number, page, line, text, _box(box)) for number, (text, page, line, box) in placed]

    @cached_property
    def around(self) -> Surroundings:
        """Its words in their rows, and the headers among them."""
        return Surroundings(self.tokens)

    @property
    def layout(self) -> Layout:
        """Where its words stand: rows, and their pieces."""
        return self.around.layout

    @cached_property
    def piece_of(self) -> dict[int, int]:
        """Word -> number of its piece."""
        return {word: number for number, piece in enumerate(self.layout.pieces) for word in piece}

    @cached_property
    def chains(self) -> list[list[list[int]]]:
        """Piece -> itself and the pieces below it."""
        return self.layout.chains()

    def before(self, word: int) -> str:
        """The letters of the words before a word in its row; none where a number stands between."""
        row = self.layout.rows[self.layout.row_of[word]]
        at = row.index(word)
        return self._letters(row[max(at - _BEFORE, 0) : at])

    def beside(self, word: int) -> str:
        """The letters of the word right before another one in its row; none where that is a number."""
        row = self.layout.rows[self.layout.row_of[word]]
        at = row.index(word)
        return self._letters(row[max(at - 1, 0) : at])

    def above(self, word: int) -> str:
        """The letters of the caption above a word: of the nearest words in its column without a number."""
        rows, number = self.layout.rows, self.layout.row_of[word]
        left, _, right, _ = self.boxes[word]
        for row in reversed(rows[max(number - _ROWS_ABOVE, 0) : number]):
            if self.pages[row[0]] != self.pages[word]:
                return ""
            over = [i for i in row if min(self.boxes[i][2], right) > max(self.boxes[i][0], left)]
            whole = self.layout.pieces[self.piece_of[over[0]]] if over else []
            letters = self._letters(whole)
            if len(letters) >= _CAPTION and not any(c.isdigit() for i in whole for c in self.words[i]):
                return letters
        return ""

    @cached_property
    def behind(self) -> dict[str, list[int]]:
        """The letters before words -> the words behind them, from top to bottom."""
        return self.by(Page.before)

    @cached_property
    def under(self) -> dict[str, list[int]]:
        """The letters of captions -> the words in their columns, from top to bottom."""
        return self.by(Page.above)

    def corner(self, word: int) -> tuple[int, float, float]:
        """(page, left, top) of a word."""
        return self.pages[word], self.boxes[word][0], self.boxes[word][1]

    def by(self, described: Callable[["Page", int], str]) -> dict[str, list[int]]:
        """What describes a word -> the words that it describes, from top to bottom; found once."""
        if described not in self._described:
            words: dict[str, list[int]] = {}
            for row in self.layout.rows:
                for word in row:
                    words.setdefault(described(self, word), []).append(word)
            self._described[described] = words
        return self._described[described]

    def _letters(self, words: Sequence[int]) -> str:
        return "".join(c for i in words for c in headers.fold(self.words[i]) if c.isalpha())


def _box(box: Sequence[float]) -> Box:
    x0, y0, x1, y1 = map(float, box)
    return x0, y0, x1, y1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field was labelled."""

    before: str
    above: str  # where nothing stands before it
    corner: tuple[int, float, float]
    words: int  # of the label in its first piece
    pieces: int  # that the label has words of
    whole_piece: bool  # it ends with its first piece
    whole_block: bool  # it ends with the block
    beside: str  # the word right before it

    @classmethod
    def of(cls, page: Page, label: TokenIds) -> "Place":
        """The place of a label."""
        first, before = label[0], page.before(label[0])
        chain = page.chains[page.piece_of[first]]
        covered = sum(not set(piece).isdisjoint(label) for piece in chain)
        own = [word for word in chain[0] if word in label]
        return cls(
            before, "" if before else page.above(first), page.corner(first), len(own), max(covered, 1),
            own[-1:] == chain[0][-1:], covered == len(chain), page.beside(first),
        )  # fmt: skip

    def captioned(self, page: Page) -> list[int]:
        """The words that stand beside the same words on a page, or under the same caption; from top to bottom."""
        if self.before:
            return page.behind.get(self.before, [])
        return page.under.get(self.above, []) if self.above else []

    def words_on(self, page: Page, *, is_headed: bool, by_column: bool = True, is_block: bool = True) -> TokenIds:
        """The words at this place of another page; () where nothing is like it there.

        Args:
            page: another one.
            is_headed: the place counts only beside its header.
            by_column: a caption above counts as a header.
            is_block: what stands before it in its row may be another block's: a name or an address.
        """
        starts = self.captioned(page) if self.before or by_column else []
        if not starts and not is_headed:
            near = [word for word in range(len(page.words)) if self._distance(page, word) <= _NEAR]
            starts = near if is_block else [word for word in near if not self._is_captioned_otherwise(page, word)]
        return self.read(page, min(starts, key=lambda word: self._distance(page, word))) if starts else ()

    def _is_captioned_otherwise(self, page: Page, word: int) -> bool:
        """Whether a word has another caption than the label had: "Weitere Referenz:" where "Bestellung:" stood."""
        caption = page.beside(word)
        return bool(caption and self.beside) and fuzz.ratio(caption, self.beside) < _ALIKE

    def read(self, page: Page, start: int) -> TokenIds:
        """The words that are as many from a word on as the label had."""
        chain = page.chains[page.piece_of[start]]
        first = chain[0][chain[0].index(start) :]
        taken = first if self.whole_piece else first[: self.words]
        if self.pieces > 1:
            below = chain[1:] if self.whole_block else chain[1 : self.pieces]
            taken = [*first, *(word for piece in below for word in piece)] if below else []
        return tuple(sorted(taken))

    def _distance(self, page: Page, word: int) -> float:
        number, left, top = page.corner(word)
        return abs(left - self.corner[1]) + abs(top - self.corner[2]) if number == self.corner[0] else 1e6


def values_like(
    labels: Sequence[TokenIds], source: Page, target: Page, is_value: Callable[[Page, TokenIds], bool]
) -> list[TokenIds]:
    """The values of a page that stand beside the captions that a field's labels have on another one.

    Where all values beside a caption were labelled (the rates of a table), all are taken; else as many as there were,
    at the same places among them.

    Args:
        labels: of one field.
        source: the page that they are on.
        target: the page to look at.
        is_value: whether words can be a value of the field.
    """
    values: list[TokenIds] = []
    by_caption: dict[tuple[str, str], list[tuple[Place, TokenIds]]] = {}
    for label in sorted(labels):
        place = Place.of(source, label)
        if place.before or place.above:
            by_caption.setdefault((place.before, place.above), []).append((place, label))
    for placed in by_caption.values():
        place = placed[0][0]
        labelled = [label[0] for _, label in placed]
        there = [word for word in place.captioned(source) if word in labelled or _is_at(place, source, word, is_value)]
        here = [word for word in place.captioned(target) if _is_at(place, target, word, is_value)]
        if len(there) == len(labelled):
            chosen = here if len(placed) > 1 or len(here) == 1 else []
        elif len(there) == len(here):
            chosen = [here[there.index(word)] for word in labelled]
        else:
            chosen = []
        values += [place.read(target, word) for word in chosen]
        if not chosen and here:
            nearest = place.words_on(target, is_headed=True)
            values += [nearest] if len(placed) == 1 and is_value(target, nearest) else []
    return sorted(set(values))


def _is_at(place: Place, page: Page, word: int, is_value: Callable[[Page, TokenIds], bool]) -> bool:
    words = place.read(page, word)
    return bool(words) and is_value(page, words)
