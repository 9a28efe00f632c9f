"""How useful each document of the pool would be as the next one, and the file that has their order. [worker]

A document is useful where a head is unsure of it. On receipts whose vendors are mixed this order needs as many labels
as any other (docs/measurements.md); it brings what is new to the front where a list has the same kind over and over.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from storage import document_list
from storage.document_list import Filter
from storage.records import Side
from workbench import pool_order
from workbench.training.learner.head import Head
from workbench.workspace import Workspace

PART = 100
"""Documents in a step."""


class PoolScores:
    """The scores that the learners of a workspace give; a document has the highest of those that it was given.

    Args:
        workspace: open.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._scores: dict[str, dict[int, float]] = {}  # what it is about -> document -> 0..1
        self._pool: list[int] = []
        self._order: list[int] = []

    @property
    def is_wanted(self) -> bool:
        """Whether documents are to come in this order."""
        return self._workspace.settings.order == pool_order.LIVE

    def parts(self, about: str, first: Iterable[int]) -> Iterator[list[int]]:
        """The undecided documents of the training side: `first` and those that were most useful, then the others."""
        with self._workspace.db.read() as connection:
            self._pool = document_list.ids(connection, Filter("unlabelled", side=Side.TRAIN))
        known = self._scores.get(about, {})
        by_score = sorted(self._pool, key=lambda number: -known.get(number, -1.0))
        ordered = pool_order.arranged(by_score, first)
        return (ordered[start : start + PART] for start in range(0, len(ordered), PART))

    def note(self, about: str, scores: Mapping[int, float]) -> None:
        """Keep what is believed of documents now."""
        self._scores.setdefault(about, {}).update(scores)

    def forget(self, about: str) -> None:
        """Drop what was believed: it is learned anew."""
        self._scores.pop(about, None)

    def keep(self) -> None:
        """Write the order where it is another one than before.

        Raises:
            WorkspaceProblem: the disk is full, or the folder cannot be written.
        """
        highest = {
            number: max(scores)
            for number in self._pool
            if (scores := [known[number] for known in self._scores.values() if number in known])
        }
        order = sorted(highest, key=lambda number: (-highest[number], number))[: pool_order.MOST]
        if order != self._order:
            pool_order.write(self._workspace.files.pool_order, order)
            self._order = order

    def best(self, count: int) -> list[int]:
        """The most useful documents, as written last."""
        return self._order[:count]


def doubt(head: Head, shares: Mapping[str, float], states: NDArray[np.float16]) -> float:
    """The chance that a head is wrong about at least one field of a document.

    Args:
        head: fitted.
        shares: field -> share of the labelled documents that have it.
        states: (words, hidden).
    """
    if not len(states):
        return 0.0
    surest = np.exp(head.log_probabilities(states).max(axis=0))
    chance_right = 1.0
    for field in sorted(head.fields):
        sure = min(float(surest[head.labels.index(f"B-{field}")]), 1.0)
        chance_right *= 1 - max(shares.get(field, 0.0) * (1 - sure), min(sure, 1 - sure))
    return round(1 - chance_right, 4)
