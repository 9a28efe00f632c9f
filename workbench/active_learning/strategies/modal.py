"""modAL, without torch.

modAL imports torch where it finds it, only to know torch's tensors when it sees them: seconds and a quarter of a
gigabyte for nothing, as a selection has arrays. While modAL is imported there is no torch; afterwards there is.

Its `fit` and `teach` do not work with current scikit-learn, its `query` does: the learner wraps an estimator that
never learns, and the scores come from the run.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from workbench.active_learning.strategies.pool import Floats, Vectors

_loaded: dict[str, Any] = sys.modules
_with_torch = _loaded.setdefault("torch", None) is not None
try:
    from modAL.batch import ranked_batch
    from modAL.density import information_density
    from modAL.models import ActiveLearner
    from modAL.uncertainty import classifier_entropy, classifier_margin, classifier_uncertainty
finally:
    if not _with_torch:
        del _loaded["torch"]

__all__ = ["class_doubt", "information_density", "query", "ranked_batch"]


class _Stored(BaseEstimator):  # type: ignore[misc]
    """Stands where modAL wants an estimator; the probabilities were stored by the run."""


def query(strategy: Callable[..., Any], vectors: Vectors, labelled: Vectors, size: int) -> list[int]:
    """The indices that modAL's learner queries with this strategy."""
    learner = ActiveLearner(estimator=_Stored(), query_strategy=strategy)
    if len(labelled):
        learner.X_training = labelled
    indices, _ = learner.query(vectors, n_instances=size)
    return [int(index) for index in np.asarray(indices)]


class _Shares:
    """Stands where modAL wants a classifier: a document is the index of its stored probabilities."""

    def __init__(self, shares: Floats) -> None:
        self._shares = shares

    def predict_proba(self, indices: Sequence[int]) -> Floats:
        """The stored probabilities of these documents."""
        return self._shares[list(indices)]


def class_doubt(shares: Floats) -> tuple[Floats, Floats, Floats]:
    """(uncertainty, margin between the two likeliest, entropy in nats) of documents by modAL's own measures.

    Args:
        shares: documents × classes.
    """
    stored, every = _Shares(shares), range(len(shares))
    if not len(shares):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    return (
        classifier_uncertainty(stored, every),
        classifier_margin(stored, every),
        classifier_entropy(stored, every),
    )
