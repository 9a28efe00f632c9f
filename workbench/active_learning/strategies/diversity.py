"""Strategies that look at how documents lie to each other; modAL does the querying where it has the method."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.active_learning.strategies import modal
from workbench.active_learning.strategies.clusters import clusters
from workbench.active_learning.strategies.combined import candidates
from workbench.active_learning.strategies.pool import SAME, Floats, Indices, Pool, Vectors, distances
from workbench.active_learning.strategies.uncertainty import Picked

_SAMPLE = 2000  # documents among which density is measured: the matrix has this many rows and columns


def _distinct(vectors: Vectors) -> Indices:
    """Positions without near-duplicates of an earlier one."""
    kept: list[int] = []
    for start in range(0, len(vectors), 256):
        part = vectors[start : start + 256]
        repeats: NDArray[np.bool_] = np.zeros(len(part), bool)
        if kept:
            repeats |= (part @ vectors[kept].T > SAME).any(axis=1)
        among = part @ part.T > SAME
        for position in range(len(part)):
            if not repeats[position]:
                kept.append(start + position)
                repeats |= among[position]
    return np.array(kept, np.intp)


def ranked_batch(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """modAL's ranked batch mode over the least sure candidates."""
    assert pool.embeddings is not None
    chosen = candidates(pool, "value_error", size)
    chosen = chosen[_distinct(pool.embeddings[chosen])]
    doubt = pool.scores["value_error"][chosen]

    def strategy(learner: Any, vectors: Vectors, n_instances: int) -> Any:
        return modal.ranked_batch(learner, vectors, doubt, n_instances, "euclidean", None)

    queried = modal.query(strategy, pool.embeddings[chosen], pool.centres(rng), min(size, len(chosen)))
    return [(int(chosen[index]), float(doubt[index])) for index in queried]


def density(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """Doubt times modAL's information density, measured among the candidates and a sample of the pool."""
    assert pool.embeddings is not None
    chosen = candidates(pool, "value_error", size)[:_SAMPLE]
    others = np.setdiff1d(np.arange(len(pool)), chosen)
    spare = min(len(others), _SAMPLE - len(chosen))
    sample = np.sort(rng.choice(others, spare, replace=False)) if spare else others[:0]
    dense = modal.information_density(pool.embeddings[np.concatenate([chosen, sample])])[: len(chosen)]
    worth = pool.scores["value_error"][chosen] * dense

    def strategy(_: Any, vectors: Vectors, n_instances: int) -> Any:
        order = np.argsort(-worth, kind="stable")
        best = order[_distinct(vectors[order])][:n_instances]
        return best, worth[best]

    queried = modal.query(strategy, pool.embeddings[chosen], pool.embeddings[:0], size)
    return [(int(chosen[index]), float(worth[index])) for index in queried]


def k_centre(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """Greedy k-centre: each pick is the one furthest from everything labelled or picked."""
    assert pool.embeddings is not None
    centres = pool.centres(rng)
    away = distances(pool.embeddings, centres)
    # with nothing to be far from, the first is the most typical document
    worth = away if len(centres) else pool.embeddings @ pool.embeddings.mean(axis=0)
    free = np.ones(len(pool), bool)
    picked: Picked = []
    while len(picked) < size and free.any():
        best = int(np.where(free, worth, -np.inf).argmax())
        picked.append((best, float(away[best])))
        nearness = pool.embeddings @ pool.embeddings[best]
        worth = away = np.minimum(away, 1 - nearness)
        free &= nearness <= SAME
        free[best] = False
    return picked


def per_cluster(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The least sure document of each of `size` clusters, then the second of each, and so on."""
    assert pool.embeddings is not None
    scores: Floats = pool.scores["value_error"]
    if not len(pool):
        return []
    fitted = clusters(pool.embeddings, size, int(rng.integers(2**31)))
    cluster_of = pool.clusters = fitted.predict(pool.embeddings)
    turns: dict[int, int] = {}
    order: list[tuple[int, int, int]] = []
    for index in pool.ranked(scores):
        turn = turns[cluster_of[index]] = turns.get(cluster_of[index], -1) + 1
        order.append((turn, len(order), int(index)))
    return pool.pick((index for *_, index in sorted(order)), scores, size)


def similar(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The documents nearest to any of those to find more of."""
    assert pool.embeddings is not None and pool.likes is not None
    nearness = 1 - distances(pool.embeddings, pool.likes).astype(np.float64)
    return pool.pick(pool.ranked(nearness), nearness, size)
