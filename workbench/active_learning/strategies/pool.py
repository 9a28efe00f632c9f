"""What every strategy chooses from: the pool's scores and embeddings, checked once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from storage.exceptions import InputProblem

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Indices = NDArray[np.intp]

SAME = 0.98
"""Centred embeddings with a higher cosine count as near-duplicates."""

_CENTRES = 512  # labelled documents that distances are taken to: more cost time and change no choice


@dataclass
class Pool:
    """n documents to choose from.

    Attributes:
        documents: the ids, n different ones.
        scores: name -> n numbers, higher = more worth labelling (see workbench/active_learning/acquisition.py).
        embeddings: n unit vectors, centred on the pool's mean; None where the run has none.
        labelled: unit vectors of what the model was trained on, centred alike; may be empty.
        groups: the vendor or template of each document; "" where unknown.
        known_groups: the groups among the labelled documents.
        likes: unit vectors that `similar` looks for.
        clusters: the cluster of each document, as a strategy made them; None before.

    Raises:
        InputProblem: a score or an embedding is not a number.
    """

    documents: NDArray[np.int64]
    scores: Mapping[str, Floats] = field(default_factory=dict)
    embeddings: Vectors | None = None
    labelled: Vectors | None = None
    groups: Sequence[str] = ()
    known_groups: frozenset[str] = frozenset()
    likes: Vectors | None = None
    clusters: Indices | None = None

    def __post_init__(self) -> None:
        numbers = {**self.scores, "embeddings": self.embeddings, "labelled embeddings": self.labelled}
        for name, values in numbers.items():
            if values is not None and not np.isfinite(values).all():
                raise InputProblem(
                    f"The pool's {name} hold something that is not a number.",
                    "The model diverged: train again with a lower learning rate, then score the pool again.",
                )

    def __len__(self) -> int:
        return len(self.documents)

    def vendor(self, index: int) -> str:
        """The vendor or template of a document; "" where unknown."""
        return self.groups[index] if self.groups else ""

    def ranked(self, scores: Floats) -> Indices:
        """All indices, the highest score first; equal scores in the pool's order."""
        return np.argsort(-scores, kind="stable")

    def pick(self, order: Iterable[int], scores: Floats, size: int) -> list[tuple[int, float]]:
        """The first `size` of an order that are no near-duplicates of one picked before."""
        chosen: list[int] = []
        for index in order:
            if len(chosen) == size:
                break
            if not self._repeats(index, chosen):
                chosen.append(int(index))
        return [(index, float(scores[index])) for index in chosen]

    def _repeats(self, index: int, chosen: list[int]) -> bool:
        if self.embeddings is None or not chosen:
            return False
        return bool((self.embeddings[chosen] @ self.embeddings[index]).max() > SAME)

    def centres(self, rng: np.random.Generator) -> Vectors:
        """The labelled vectors, or a sample of them where there are many; at least none."""
        assert self.embeddings is not None
        if self.labelled is None or not len(self.labelled):
            return np.zeros((0, self.embeddings.shape[1]), np.float32)
        if len(self.labelled) <= _CENTRES:
            return self.labelled
        return self.labelled[np.sort(rng.choice(len(self.labelled), _CENTRES, replace=False))]


def unit(vectors: Vectors, mean: Vectors) -> Vectors:
    """The vectors centred on a mean and brought to length 1, in place.

    The mean over words of an encoder points nearly the same way for every document; only the difference from the
    pool's mean tells documents apart.
    """
    vectors -= mean
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    vectors /= np.maximum(lengths, 1e-12)[:, None]
    return vectors


def distances(vectors: Vectors, to: Vectors, chunk: int = 8192) -> Vectors:
    """Distance (0..2, one minus the cosine) of each vector to the nearest of `to`; 2 where `to` is empty."""
    nearest = np.full(len(vectors), 2, np.float32)
    if len(to):
        for start in range(0, len(vectors), chunk):
            nearest[start : start + chunk] = 1 - (vectors[start : start + chunk] @ to.T).max(axis=1)
    return nearest
