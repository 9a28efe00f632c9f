"""Strategies that rank documents by one score each."""

import numpy as np

from workbench.active_learning.strategies.pool import Pool

Picked = list[tuple[int, float]]


def _best(name: str, pool: Pool, size: int) -> Picked:
    scores = pool.scores[name]
    return pool.pick(pool.ranked(scores), scores, size)


def value_error(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The highest chance that a value is wrong."""
    return _best("value_error", pool, size)


def field_weighted(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The highest doubt, weak fields counting more."""
    return _best("field_weighted", pool, size)


def least_confidence(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The lowest mean confidence."""
    return _best("least_confidence", pool, size)


def worst_word(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The lowest confidence of any word."""
    return _best("worst_word", pool, size)


def margin(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The smallest margin between the two best labels."""
    return _best("margin", pool, size)


def entropy(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The highest entropy."""
    return _best("entropy", pool, size)


def mnlp(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The lowest length-normalised sequence confidence."""
    return _best("mnlp", pool, size)


def bald(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The highest mutual information between labels and dropout masks."""
    return _best("bald", pool, size)


def committee(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The most divided votes of several runs."""
    return _best("committee", pool, size)


def class_balance(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The likeliest documents of classes with few labels."""
    return _best("rare", pool, size)


def at_random(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """Any documents, all alike."""
    return pool.pick(rng.permutation(len(pool)), np.zeros(len(pool)), size)


def per_vendor(pool: Pool, size: int, rng: np.random.Generator) -> Picked:
    """The least sure document of each vendor, then the second of each, and so on."""
    scores = pool.scores["value_error"]
    turns: dict[str, int] = {}
    order: list[tuple[int, int, int]] = []
    for index in pool.ranked(scores):
        group = pool.groups[index] or f"\0{index}"  # a document of no known vendor stands for itself
        turn = turns[group] = turns.get(group, -1) + 1
        order.append((turn, len(order), int(index)))
    return pool.pick((index for *_, index in sorted(order)), scores, size)
