"""Which documents the list shows, in which order: found and sorted in a thread, the latest wish only."""

from array import array
from asyncio import to_thread
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from screens.annotate import list_columns
from storage import document_list
from storage.database import Database
from storage.document_list import Filter

_PART = 500  # documents whose values are read at a time


@dataclass(frozen=True, slots=True)
class Wish:
    """What the list is to show.

    Args:
        text: what was typed; "" for the worklist.
        sort: one of list_columns.SORTS.
        listed: the worklist, in its order.
        blind: documents whose labels stay hidden.
    """

    text: str
    sort: str
    listed: Sequence[int] = field(compare=False, repr=False)
    blind: Collection[int] = field(compare=False, repr=False)


class ListOrder:
    """Finds and sorts documents one wish after the other; one that a newer wish overtook is dropped.

    Args:
        db: where the documents are.
        take: called with a wish and its documents.
        progress: called with how many documents of how many were read to sort them.
    """

    def __init__(
        self, db: Database, take: Callable[[Wish, Sequence[int]], None], progress: Callable[[int, int], None]
    ) -> None:
        self._db = db
        self._take = take
        self._progress = progress
        self._wish: Wish | None = None
        self._is_at_work = False

    @property
    def is_at_work(self) -> bool:
        """Whether documents are looked for."""
        return self._is_at_work

    def drop(self) -> None:
        """What is looked for is wanted no more."""
        self._wish = None

    def want(self, wish: Wish) -> bool:
        """Look for these next; True where `follow` has to be started for it."""
        self._wish = wish
        starts, self._is_at_work = not self._is_at_work, True
        return starts

    async def follow(self) -> None:
        """Look for what is wanted, until nothing newer is."""
        try:
            while (wish := self._wish) is not None:
                ids = await to_thread(self._documents, wish)
                if ids is not None and wish is self._wish:
                    self._wish = None
                    self._take(wish, ids)
        finally:
            self._is_at_work = False

    def _documents(self, wish: Wish) -> Sequence[int] | None:
        """The documents in their order; None where something else is wanted by now."""
        ids = wish.listed
        if wish.text.strip():
            with self._db.read() as connection:
                ids = array("q", document_list.search(connection, wish.text))
        return self._sorted(wish, ids) if wish.sort else ids

    def _sorted(self, wish: Wish, ids: Sequence[int]) -> Sequence[int] | None:
        fields = [column.field for column in list_columns.COLUMNS if column.head == wish.sort]
        keys: dict[int, tuple[bool, float | str]] = {}
        for start in range(0, len(ids), _PART):
            if wish is not self._wish:
                return None
            part = tuple(ids[start : start + _PART])
            with self._db.read() as connection:
                rows = document_list.page(connection, Filter(ids=part), 0, len(part))
                shown = [number for number in part if number not in wish.blind]
                values = document_list.listed_values(connection, shown, fields) if fields else {}
            keys.update({row.id: list_columns.sort_key(wish.sort, row, values.get(row.id, {})) for row in rows})
            self._progress(start + len(part), len(ids))
        return array("q", sorted((number for number in ids if number in keys), key=lambda number: keys[number]))
