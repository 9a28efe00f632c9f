"""Strategies that take texts which many others are like: their labels tell something about those, too."""

from dataclasses import dataclass

import numpy as np

from workbench.active_learning.strategies.pool import SAME, Floats, Indices, Pool, Vectors
from workbench.active_learning.strategies.uncertainty import Picked

_SAMPLE = 2_000  # texts that the chosen ones are to be like: the matrix has so many rows
_CANDIDATES = 4_000  # texts that are compared with those: the matrix has so many columns
_NEAR, _FEWEST_NEAR = 0.02, 5  # the share of the pool that is near a text, and so many at least
_POWER = 2  # of a text's own doubt, against the doubt that it covers


@dataclass(frozen=True, slots=True)
class _Likeness:
    """How alike texts are, 0..1, by the squared distance of their vectors; at `scale` it is 1/e."""

    scale: float

    @classmethod
    def of(cls, vectors: Vectors) -> "_Likeness":
        """By how near these lie to each other."""
        near = min(len(vectors) - 1, max(_FEWEST_NEAR, round(len(vectors) * _NEAR)))  # itself stands first
        apart = np.partition(_apart(vectors, vectors), near, axis=1)[:, near]
        return cls(max(float(np.median(apart)), 1e-6))

    def between(self, some: Vectors, others: Vectors) -> Vectors:
        """Of each of some with each of others."""
        alike: Vectors = np.exp(-_apart(some, others) / self.scale)
        return alike


def _apart(some: Vectors, others: Vectors) -> Vectors:
    """Squared distances of unit vectors."""
    distances: Vectors = np.clip(2 - 2 * (some @ others.T), 0, None)
    return distances


def typical(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """Greedily the text that most others are like, of which nothing labelled or picked was as like.

    The score is the share of the pool that no other picked text is liker to.
    """
    even = np.ones(len(pool))
    order = _covering(pool, _drawn(len(pool), _CANDIDATES, rng), even, even, size, rng)
    others = np.setdiff1d(np.arange(len(pool)), order).tolist()
    picked = [index for index, _ in pool.pick([*order, *others], even, size)]
    pool.clusters = _nearest(pool, picked)
    shares = np.bincount(pool.clusters, minlength=len(picked)) / max(1, len(pool))
    return [(index, float(shares[number])) for number, index in enumerate(picked)]


def unsure_typical(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """As `typical`, where each text that one is like counts by its doubt, and the one itself by its own doubt too."""
    doubt: Floats = pool.scores["value_error"]
    ranked = pool.ranked(doubt)
    candidates = ranked
    if len(pool) > _CANDIDATES:  # the least sure, and any
        least = ranked[: _CANDIDATES // 2]
        candidates = np.union1d(least, _drawn(len(pool), _CANDIDATES // 2, rng))
    order = _covering(pool, candidates, doubt, np.maximum(doubt, 0) ** _POWER, size, rng)
    picked = pool.pick([*order, *ranked.tolist()], doubt, size)
    pool.clusters = _nearest(pool, [index for index, _ in picked])
    return picked


def _covering(
    pool: Pool, candidates: Indices, counts: Floats, own: Floats, size: int, rng: np.random.Generator
) -> list[int]:
    """At most `size` candidates in the order in which they were picked, no near-duplicates.

    Args:
        counts: of each text of the pool, how much it counts that one is like it.
        own: of each text of the pool, what its worth is multiplied by.
    """
    assert pool.embeddings is not None
    sample = _drawn(len(pool), _SAMPLE, rng)
    vectors, texts = pool.embeddings[candidates], pool.embeddings[sample]
    likeness = _Likeness.of(texts)
    alike, weights, factor = likeness.between(texts, vectors), counts[sample].astype(np.float32), own[candidates]
    centres = pool.centres(rng)
    covered = likeness.between(texts, centres).max(axis=1) if len(centres) else np.zeros(len(texts), np.float32)
    free = np.ones(len(candidates), bool)
    picked: list[int] = []
    while len(picked) < size and free.any():
        worth = factor * (weights @ np.clip(alike - covered[:, None], 0, None))
        best = int(np.where(free, worth, -np.inf).argmax())
        picked.append(int(candidates[best]))
        covered = np.maximum(covered, alike[:, best])
        free &= vectors @ vectors[best] <= SAME
        free[best] = False
    return picked


def _drawn(count: int, most: int, rng: np.random.Generator) -> Indices:
    """All indices, or a sample of them."""
    return np.arange(count) if count <= most else np.sort(rng.choice(count, most, replace=False))


def _nearest(pool: Pool, picked: list[int], chunk: int = 8192) -> Indices:
    """The position of the picked text that each text of the pool is likest to."""
    assert pool.embeddings is not None
    nearest = np.zeros(len(pool), np.intp)
    for start in range(0, len(pool) if picked else 0, chunk):
        part = pool.embeddings[start : start + chunk]
        nearest[start : start + chunk] = (part @ pool.embeddings[picked].T).argmax(axis=1)
    nearest[picked] = np.arange(len(picked))
    return nearest
