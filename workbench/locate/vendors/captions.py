"""Values beside a caption that a field was labelled beside, on a document of any vendor. Pure.

It serves fields that no model and no table of header phrases knows: after one label, "Lieferschein-Nr. 4711" is found
on the next document by its caption and by the form of its value.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from workbench.fields import Field, FieldType, checks
from workbench.fields.values import joined
from workbench.locate import headers
from workbench.locate.vendors.own_texts import OwnTexts, Values
from workbench.locate.vendors.same_place import Page, TokenIds

_WORDS = 4  # of a caption at most
_SHORTEST = 4  # letters of a caption, without the word for "number"
_ALIKE = 90.0  # least similarity (0..100) of two captions
_NUMBER = re.compile(r"(?<=[a-z]{4})(?:number|nummer|numero|numer|no|nr)$")
_ABOVE = "^"  # begins a caption that stands above its value
_LONGER = 2  # times that a value's letters may be more or fewer than a labelled one's
_PRIOR_RIGHT, _PRIOR_WRONG = 2.4, 0.8
"""Right and wrong cases that a share of right ones begins with: what is found after one label is just surely right."""
_LATEST = 5  # labelled documents of a field that are looked at


def caption_of(page: Page, word: int) -> str:
    """The letters of the words right before a word, up to a gap, a number or a colon; else above it (marked)."""
    row = page.layout.rows[page.layout.row_of[word]]
    read: list[str] = []
    at = row.index(word)
    for left in reversed(row[max(at - _WORDS, 0) : at]):
        text = page.words[left]
        is_apart = page.piece_of[left] != page.piece_of[row[row.index(left) + 1]]
        if any(c.isdigit() for c in text) or (read and (is_apart or text.endswith((":", ",", ";")))):
            break
        read.insert(0, "".join(c for c in headers.fold(text) if c.isalpha()))
    return _NUMBER.sub("", "".join(read)) if any(read) else _ABOVE + _NUMBER.sub("", page.above(word))


@dataclass(frozen=True, slots=True)
class _Example:
    """A labelled value: what stood beside it, and what it looked like."""

    caption: str
    words: int
    has_digits: bool
    letters: int

    def is_like(self, text: str) -> bool:
        size = max(len(headers.fold(text)), 1)
        return (
            _has_digits(text) == self.has_digits and size <= _LONGER * self.letters and self.letters <= _LONGER * size
        )


def _has_digits(text: str) -> bool:
    return any(c.isdigit() for c in text)


class Captions:
    """The captions that some fields were labelled beside.

    Args:
        pages: labelled, the latest at the end.
        fields: that are looked for: a workspace's own.
    """

    def __init__(self, pages: Sequence[Page], fields: Iterable[Field]) -> None:
        self._fields = {field.id: field for field in fields if field.type in _FORMED}
        self._texts = OwnTexts(pages, self._fields.values(), caption_of)
        self._learned: dict[str, tuple[list[_Example], float]] = {}
        self._judged: dict[str, tuple[int, int]] = {}
        for name, field in self._fields.items():
            labelled = [page for page in pages if name in page.labels][-_LATEST:]
            examples: list[_Example] = []
            by_row = field.type in _IN_ROWS
            judged: list[bool] = []
            for at, page in enumerate(labelled):
                if value := self._read(field, examples, page, OwnTexts(labelled[:at], [field], caption_of)):
                    judged.append(value in page.labels[name])
                examples += [s for s in _examples(page, page.labels[name]) if not (by_row and s.caption[0] == _ABOVE)]
            if labelled:
                right = sum(judged)
                self._learned[name] = examples, (right + _PRIOR_RIGHT) / (len(judged) + _PRIOR_RIGHT + _PRIOR_WRONG)
                self._judged[name] = right, len(judged)

    def values(self, page: Page) -> dict[str, tuple[TokenIds, float]]:
        """Field -> (words, confidence 0..1) of what stands beside such a caption and looks like such a value."""
        read = {
            name: (self._read(self._fields[name], examples, page, self._texts), sure)
            for name, (examples, sure) in self._learned.items()
        }
        return self.believed({name: value for name, value in read.items() if value[0]}, page)

    def believed(self, values: Values, page: Page) -> dict[str, tuple[TokenIds, float]]:
        """The values of a page without those of text fields that are captions, or unlike what was labelled."""
        return self._texts.believed(values, page)

    def judged(self, name: str) -> tuple[int, int]:
        """(right, all) of a field: labelled documents on which the captions of those before had a value."""
        return self._judged.get(name, (0, 0))

    @staticmethod
    def _read(field: Field, examples: Sequence[_Example], page: Page, texts: OwnTexts) -> TokenIds:
        """The first value beside the caption that most labels stood beside, of those that the page has; else, of a
        text field, words like those that were labelled.
        """
        captions = {c: _plain(c) for c in page.by(caption_of) if not (c[:1] == _ABOVE and field.type in _IN_ROWS)}
        for caption, _ in Counter(label.caption for label in reversed(examples)).most_common():
            alike = process.extract(_plain(caption), captions, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=None)
            for word in (word for _, _, name in alike for word in page.by(caption_of)[name]):
                for label in (label for label in examples if label.caption == caption):
                    words = _words(page, word, label.words)
                    text = joined(page.words[i] for i in words)
                    if label.is_like(text) and checks.acceptable(field.id, field.type, text):
                        return words
        return texts.first_on(field.id, page)


def _plain(caption: str) -> str:
    return caption.removeprefix(_ABOVE)


_IN_ROWS = frozenset({FieldType.AMOUNT, FieldType.RATE, FieldType.CURRENCY})
"""Types of fields whose captions stand before them: what stands above is a table's, of lines or of taxes."""
_FORMED = frozenset(FieldType) - {FieldType.PARTY, FieldType.ADDRESS}
"""Types of fields whose values have a form; names and addresses are read as blocks."""


def _examples(page: Page, labels: Iterable[TokenIds]) -> list[_Example]:
    examples = []
    for label in labels:
        text, caption = joined(page.words[word] for word in label), caption_of(page, label[0])
        if len(caption.removeprefix(_ABOVE)) >= _SHORTEST:
            examples.append(_Example(caption, len(label), _has_digits(text), max(len(headers.fold(text)), 1)))
    return examples


def _words(page: Page, start: int, count: int) -> TokenIds:
    piece = page.layout.pieces[page.piece_of[start]]
    return tuple(piece[piece.index(start) :][:count])
