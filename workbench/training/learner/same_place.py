"""What stands where a field was labelled on a vendor's invoices before: beside the same words, or there. [worker]

A vendor's next invoice has another order's number behind the same header, another customer's address in its window.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from storage.records import Token
from workbench.fields import Field, FieldType, Schema, checks, chunks_of
from workbench.fields.values import joined
from workbench.locate import headers
from workbench.locate.layout import Layout
from workbench.runs.parquet import FrozenDocument

_PRIOR_RIGHT, _PRIOR_WRONG = 1.5, 0.8
"""Right and wrong cases that a share of right ones begins with."""
_LEAST = 0.5
_LATEST = 10  # documents of a vendor that are looked at: its layout changes, and every label asks anew
_BEFORE = 3  # words before a value that describe it
_NEAR = 14  # thousandths of the page: a value without a header begins no further off
_ONLY_HEADED = frozenset(
    {FieldType.AMOUNT, FieldType.RATE, FieldType.CURRENCY}
)  # where they stand depends on the lines above

TokenIds = tuple[int, ...]


class Page:
    """A document's layout and labels; both are found when they are first needed."""

    def __init__(self, row: FrozenDocument) -> None:
        self._row = row
        self.group = row.group
        self.words = row.words

    @cached_property
    def layout(self) -> Layout:
        """Its rows; boxes are thousandths of the page."""
        row = self._row
        return Layout(
            [
                Token(number, page, line, text, tuple(map(float, box)))  # type: ignore[arg-type]
                for number, (text, page, line, box) in enumerate(
                    zip(row.words, row.pages, row.lines, row.boxes, strict=True)
                )
            ]
        )

    @cached_property
    def piece_of(self) -> dict[int, int]:
        """Word -> number of its piece."""
        return {word: number for number, piece in enumerate(self.layout.pieces) for word in piece}

    @cached_property
    def chains(self) -> list[list[list[int]]]:
        """Piece -> itself and the pieces below it."""
        return self.layout.chains()

    @cached_property
    def labels(self) -> dict[str, TokenIds]:
        """Field -> the words of all its labels."""
        words: dict[str, list[int]] = {}
        for name, start, stop in chunks_of(self._row.tags or ()):
            words.setdefault(name, []).extend(range(start, stop))
        return {name: tuple(listed) for name, listed in words.items()}

    def before(self, word: int) -> str:
        """The letters of the words before a word in its row; none where a number stands between."""
        row = self.layout.rows[self.layout.row_of[word]]
        at = row.index(word)
        return "".join(c for i in row[max(at - _BEFORE, 0) : at] for c in headers.fold(self.words[i]) if c.isalpha())

    @cached_property
    def behind(self) -> dict[str, list[int]]:
        """The letters before words -> the words behind them."""
        behind: dict[str, list[int]] = {}
        for word in range(len(self.words)):
            behind.setdefault(self.before(word), []).append(word)
        return behind

    def corner(self, word: int) -> tuple[int, float, float]:
        """(page, left, top) of a word."""
        token = self.layout.words[word]
        return token.page, token.box[0], token.box[1]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a field was labelled."""

    before: str
    corner: tuple[int, float, float]
    words: int  # of the label in its first piece
    pieces: int  # that the label has words of
    whole_piece: bool  # it ends with its first piece
    whole_block: bool  # it ends with the block

    @classmethod
    def of(cls, page: Page, label: TokenIds) -> "_Place":
        first = label[0]
        chain = page.chains[page.piece_of[first]]
        covered = sum(not set(piece).isdisjoint(label) for piece in chain)
        own = [word for word in chain[0] if word in label]
        return cls(
            page.before(first), page.corner(first), len(own), max(covered, 1), own[-1:] == chain[0][-1:],
            covered == len(chain),
        )  # fmt: skip

    def words_on(self, page: Page, *, is_headed: bool) -> TokenIds:
        """The words at this place of another page; () where nothing is like it there.

        Args:
            page: another one.
            is_headed: the place counts only beside its header.
        """
        starts = page.behind.get(self.before, []) if self.before else []
        if not starts and not is_headed:
            starts = [word for word in range(len(page.words)) if self._distance(page, word) <= _NEAR]
        if not starts:
            return ()
        start = min(starts, key=lambda word: self._distance(page, word))
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


class SamePlaces:
    """Where the fields of labelled documents stand, by vendor.

    Args:
        pages: labelled, the latest at the end.
        schema: of the fields.
    """

    def __init__(self, pages: Sequence[Page], schema: Schema) -> None:
        self._fields = {field.id: field for field in schema.spans}
        self._by_group: dict[str, list[Page]] = {}
        for page in pages:
            self._by_group.setdefault(page.group, []).append(page)
        for group, listed in self._by_group.items():
            self._by_group[group] = listed[-_LATEST:]
        self._places: dict[str, dict[str, tuple[_Place, float]]] = {}

    def values(self, row: FrozenDocument) -> dict[str, tuple[TokenIds, float]]:
        """Field -> (words, confidence 0..1) of what stands where the vendor's last label of it stood."""
        if not row.words or row.group not in self._by_group:
            return {}
        if row.group not in self._places:
            self._places[row.group] = dict(self._learned(self._by_group[row.group]))
        page = Page(row)
        read = {
            name: (self._read(self._fields[name], place, page), sure)
            for name, (place, sure) in self._places[row.group].items()
        }
        return {name: value for name, value in read.items() if value[0]}

    def _learned(self, pages: Sequence[Page]) -> Iterator[tuple[str, tuple[_Place, float]]]:
        """Field -> its last place, and how often the place before was right on the next document."""
        for name, field in self._fields.items():
            right, wrong, last = _PRIOR_RIGHT, _PRIOR_WRONG, None
            for page in pages:
                label = page.labels.get(name)
                if last is not None and (words := self._read(field, last, page)):
                    right, wrong = right + (words == label), wrong + (words != label)
                if label:
                    last = _Place.of(page, label)
            if last is not None and (sure := right / (right + wrong)) >= _LEAST:
                yield name, (last, sure)

    def _read(self, field: Field, place: _Place, page: Page) -> TokenIds:
        words = place.words_on(page, is_headed=field.type in _ONLY_HEADED)
        text = joined(page.words[word] for word in words)
        return words if words and checks.acceptable(field.id, field.type, text) else ()
