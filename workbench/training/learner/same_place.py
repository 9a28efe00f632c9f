"""What stands where a field was labelled on a vendor's invoices before: beside the same words, or there. [worker]"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from workbench.fields import Field, FieldType, Schema, checks, chunks_of
from workbench.fields.values import joined
from workbench.locate.vendors.same_place import Page, Place, TokenIds
from workbench.runs.parquet import FrozenDocument

_PRIOR_RIGHT, _PRIOR_WRONG = 1.5, 0.8
"""Right and wrong cases that a share of right ones begins with."""
_LEAST = 0.5
_LATEST = 10  # documents of a vendor that are looked at: its layout changes, and every label asks anew
_ONLY_HEADED = frozenset(
    {FieldType.AMOUNT, FieldType.RATE, FieldType.CURRENCY}
)  # where they stand depends on the lines above

_KEPT = 40  # documents that come next, and some more
_BLOCKS = frozenset({FieldType.PARTY, FieldType.ADDRESS})


def page_of(row: FrozenDocument) -> Page:
    """A frozen document; all labels of a field are one value."""
    labels: dict[str, list[int]] = {}
    for name, start, stop in chunks_of(row.tags or ()):
        labels.setdefault(name, []).extend(range(start, stop))
    values = {name: (tuple(words),) for name, words in labels.items()}
    return Page(row.words, row.boxes, row.pages, row.lines, values, row.group)


class Pages:
    """Pages of documents that come next, without their labels: rows and captions are asked for after every label."""

    def __init__(self) -> None:
        self._kept: dict[int, Page] = {}

    def of(self, row: FrozenDocument) -> Page:
        """A document's; found anew where it was read anew."""
        page = self._kept.pop(row.document, None)
        if page is None or (page.words, page.boxes, page.group) != (row.words, row.boxes, row.group):
            page = page_of(replace(row, tags=None))
        self._kept[row.document] = page
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return page


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
        self._places: dict[str, dict[str, tuple[Place, float]]] = {}

    def values(self, page: Page) -> dict[str, tuple[TokenIds, float]]:
        """Field -> (words, confidence 0..1) of what stands where the vendor's last label of it stood."""
        if not page.words or page.group not in self._by_group:
            return {}
        if page.group not in self._places:
            self._places[page.group] = dict(self._learned(self._by_group[page.group]))
        read = {
            name: (self._read(self._fields[name], place, page), sure)
            for name, (place, sure) in self._places[page.group].items()
        }
        return {name: value for name, value in read.items() if value[0]}

    def _learned(self, pages: Sequence[Page]) -> Iterator[tuple[str, tuple[Place, float]]]:
        """Field -> its last place, and how often the place before was right on the next document."""
        for name, field in self._fields.items():
            right, wrong, last = _PRIOR_RIGHT, _PRIOR_WRONG, None
            for page in pages:
                (label,) = page.labels.get(name, ((),))
                if last is not None and (words := self._read(field, last, page)):
                    right, wrong = right + (words == label), wrong + (words != label)
                if label:
                    last = Place.of(page, label)
            if last is not None and (sure := right / (right + wrong)) >= _LEAST:
                yield name, (last, sure)

    def _read(self, field: Field, place: Place, page: Page) -> TokenIds:
        is_headed, is_block = field.type in _ONLY_HEADED, field.type in _BLOCKS
        words = place.words_on(page, is_headed=is_headed, by_column=False, is_block=is_block)
        text = joined(page.words[word] for word in words)
        return words if words and checks.acceptable(field.id, field.type, text) else ()
