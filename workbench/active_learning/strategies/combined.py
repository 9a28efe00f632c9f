"""Doubt times difference."""

import numpy as np

from workbench.active_learning.strategies.pool import SAME, Floats, Indices, Pool, Vectors, distances
from workbench.active_learning.strategies.uncertainty import Picked

_PLACES = 20  # candidates for each place of the batch
_LEAST = 500  # and at least so many


def candidates(pool: Pool, score: str, size: int) -> Indices:
    """The indices with the highest scores: few enough that comparing them with each other costs little."""
    return pool.ranked(pool.scores[score])[: max(_LEAST, _PLACES * size)]


def combined(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """Greedily the candidate with the highest doubt x distance to all that is labelled or picked.

    Doubt is the rank of the expected value error: its scale changes from round to round, its order does not.
    """
    assert pool.embeddings is not None
    chosen = candidates(pool, "value_error", size)
    vectors: Vectors = pool.embeddings[chosen]
    doubt = _rank_share(pool.scores["value_error"], chosen)
    away = distances(vectors, pool.centres(rng)).astype(np.float64)
    picked: Picked = []
    repeated = np.zeros(len(chosen), bool)
    while len(picked) < min(size, len(chosen)):
        worth = np.where(repeated, -1.0, doubt * np.clip(away, 1e-6, None))
        best = int(worth.argmax())
        if repeated[best]:
            break
        picked.append((int(chosen[best]), float(worth[best])))
        nearness = vectors @ vectors[best]
        repeated |= nearness > SAME
        repeated[best] = True
        away = np.minimum(away, 1 - nearness)
    return picked


def _rank_share(scores: Floats, chosen: Indices) -> Floats:
    """The share of the pool that is not less sure than each chosen one: 1 for the top, equal for equal scores."""
    ordered = np.sort(scores)
    shares: Floats = np.searchsorted(ordered, scores[chosen], side="right") / len(scores)
    return shares
