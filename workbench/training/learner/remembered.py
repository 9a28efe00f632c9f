"""Values that were labelled before and are printed again: a vendor's name, address, bank account and numbers. [worker]

A vendor's next invoice says the same words where its last one said them; no model is needed to know them again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from workbench.fields import FieldType, Schema, chunks_of
from workbench.locate import headers
from workbench.runs.parquet import FrozenDocument

_REPEATED = frozenset({FieldType.PARTY, FieldType.ADDRESS, FieldType.ID, FieldType.TEXT})
"""Types of fields whose values stand on several invoices; dates and sums are others each time."""
_PRIOR_RIGHT, _PRIOR_WRONG = 0.9, 0.1
"""Right and wrong cases that a share of right ones begins with: of names and addresses on 220 receipts that had been
labelled once before, 110 of 111 were right (docs/starter.md)."""
_LEAST = 0.75
"""Values that were labelled more seldom than this where their words stood are no help: with half a case of each as the
prior 4 of 19 were right there."""
_SHORTEST = 4
"""Letters and digits of a value that is worth remembering: shorter ones stand anywhere."""

Pieces = tuple[tuple[str, ...], ...]
"""A value as it was printed: the words of each piece, letters and digits only."""


@dataclass(slots=True)
class _Known:
    """A value of a field that was labelled."""

    heights: list[float] = field(default_factory=list)  # where, pages and thousandths of a page from the first's top
    right: int = 0  # documents that have the words and were labelled there
    wrong: int = 0  # documents that have the words, and not this label there

    @property
    def sure(self) -> float:
        return (self.right + _PRIOR_RIGHT) / (self.right + self.wrong + _PRIOR_RIGHT + _PRIOR_WRONG)


@dataclass(frozen=True, slots=True)
class Printed:
    """A document's words as they are compared, and where its labels are: field -> the tokens of its value."""

    words: tuple[str, ...]
    heights: tuple[float, ...]
    labels: Mapping[str, tuple[tuple[int, int], ...]]  # field -> (start, stop) of its pieces

    @classmethod
    def of(cls, row: FrozenDocument) -> "Printed":
        """A frozen document's."""
        labels: dict[str, list[tuple[int, int]]] = {}
        for name, start, stop in chunks_of(row.tags or ()):
            labels.setdefault(name, []).append((start, stop))
        return cls(
            tuple(headers.fold(word) for word in row.words),
            tuple(1000.0 * page + box[1] for page, box in zip(row.pages, row.boxes, strict=True)),
            {name: tuple(sorted(pieces)) for name, pieces in labels.items()},
        )


class Remembered:
    """The values of labelled documents.

    Args:
        documents: labelled.
        schema: says which fields' values repeat.
    """

    def __init__(self, documents: Sequence[Printed], schema: Schema) -> None:
        self._known: dict[tuple[str, Pieces], _Known] = {}
        self._by_word: dict[str, set[tuple[str, Pieces]]] = {}
        wanted = {field.id for field in schema.spans if field.type in _REPEATED}
        for printed in documents:
            for name in wanted & printed.labels.keys():
                pieces = tuple(printed.words[start:stop] for start, stop in printed.labels[name])
                if sum(len(word) for piece in pieces for word in piece) < _SHORTEST or not pieces[0][0]:
                    continue
                known = self._known.setdefault((name, pieces), _Known())
                known.heights.append(printed.heights[printed.labels[name][0][0]])
                self._by_word.setdefault(pieces[0][0], set()).add((name, pieces))
        for printed in documents:
            for (name, pieces), words in self._printed_again(printed):
                known = self._known[name, pieces]
                if words == _words(printed.labels.get(name, ())):
                    known.right += 1
                else:
                    known.wrong += 1

    def values(self, printed: Printed) -> dict[str, tuple[tuple[int, ...], float]]:
        """Field -> (words, confidence 0..1): the surest of the values that are printed again, of these the longest."""
        best: dict[str, tuple[float, int, tuple[int, ...]]] = {}
        for (name, pieces), words in self._printed_again(printed):
            candidate = (self._known[name, pieces].sure, len(words), words)
            if candidate[0] >= _LEAST and (name not in best or candidate[:2] > best[name][:2]):
                best[name] = candidate
        return {name: (words, sure) for name, (sure, _, words) in best.items()}

    def _printed_again(self, printed: Printed) -> Iterator[tuple[tuple[str, Pieces], tuple[int, ...]]]:
        """The remembered values whose words a document has, each where it is nearest to where it was labelled."""
        starts: dict[tuple[str, Pieces], list[int]] = {}
        for start, word in enumerate(printed.words):
            for key in self._by_word.get(word, ()):
                starts.setdefault(key, []).append(start)
        for key, candidates in starts.items():
            usual = median(self._known[key].heights)
            for start in sorted(candidates, key=lambda s: abs(printed.heights[s] - usual)):
                if words := _read(printed.words, start, key[1]):
                    yield key, words
                    break


def _words(pieces: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(word for start, stop in pieces for word in range(start, stop))


def _read(words: Sequence[str], start: int, pieces: Pieces) -> tuple[int, ...]:
    """The words of a value that begins here, later pieces at the next places that have them; () where one has none."""
    read: list[int] = []
    for piece in pieces:
        at = start if not read else _next(words, read[-1] + 1, piece)
        if words[at : at + len(piece)] != piece:
            return ()
        read += range(at, at + len(piece))
    return tuple(read)


def _next(words: Sequence[str], start: int, piece: tuple[str, ...]) -> int:
    """Where a piece stands next; the end where it does not."""
    places = (at for at in range(start, len(words) - len(piece) + 1) if words[at : at + len(piece)] == piece)
    return next(places, len(words))
