"""The learner's head: multinomial logistic regression over what the encoder says of each word. [worker]

The encoder is held, so a fit takes a fraction of a second. docs/measurements.md has what was tried: the last layer
alone was best; earlier layers, hashed words, and the base's own probabilities as features brought nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.fields import field_of_tag

STEPS = 12
"""Of L-BFGS in one fit, from the fit before."""
MOST_WORDS = 9_000
"""About 75 receipts: of more, words without a label are left out evenly."""
_PENALTY = 1.0  # of the squared weights, in words: more was too stiff at 60 documents, less noisier at 30
_BALANCE = 0.5  # of the weights of words' labels


@dataclass(frozen=True, slots=True)
class Head:
    """A fitted head. `weights` are (hidden + 1, labels), the last row the bias."""

    labels: tuple[str, ...]
    weights: torch.Tensor

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it learned."""
        return frozenset(field_of_tag(label) for label in self.labels if label != "O")

    def log_probabilities(self, states: NDArray[Any]) -> NDArray[np.float32]:
        """(words, labels), in natural logarithms."""
        features = torch.from_numpy(np.asarray(states, np.float32))
        scores = features @ self.weights[:-1] + self.weights[-1]
        logs: NDArray[np.float32] = torch.log_softmax(scores, 1).numpy()
        return logs


def fit(
    states: Sequence[NDArray[Any]],
    tags: Sequence[Sequence[str]],
    labels: Sequence[str],
    before: Head | None,
    balance: float = _BALANCE,
) -> Head:
    """A head for labelled documents. The same documents in the same order, and the same head before, give the same.

    Args:
        states: of each document, (words, hidden).
        tags: of each document, one a word; those that are not among the labels count as "O".
        labels: "O" first.
        before: the fit to go on from; its weights are taken for the labels that it knows.
        balance: of class weights: 0 none, 1 every class weighs the same.
    """
    index = {label: number for number, label in enumerate(labels)}
    targets = np.array([index.get(tag, 0) for document in tags for tag in document])
    rows, weights = _sampled(targets)
    counts = np.bincount(targets, minlength=len(labels)).astype(np.float32)
    weights = weights * ((counts.sum() / np.maximum(counts, 1) / len(labels)) ** balance)[targets[rows]]
    features = torch.from_numpy(np.concatenate([np.asarray(s, np.float32) for s in states])[rows])
    wanted, share = torch.from_numpy(targets[rows]), torch.from_numpy((weights / weights.sum()).astype(np.float32))
    parameters = _start(features.shape[1], labels, before).requires_grad_()
    optimizer = torch.optim.LBFGS(
        [parameters], max_iter=STEPS, history_size=10, line_search_fn="strong_wolfe", tolerance_change=1e-7
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        scores = features @ parameters[:-1] + parameters[-1]
        loss = (torch.nn.functional.cross_entropy(scores, wanted, reduction="none") * share).sum()
        loss = loss + _PENALTY / (2 * len(targets)) * (parameters[:-1] ** 2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return Head(tuple(labels), parameters.detach())


def _sampled(targets: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows to learn from, and what each weighs: all with a label, and as many without as there is space for."""
    plain = np.flatnonzero(targets == 0)
    stride = max(1, -(-len(plain) // max(1, MOST_WORDS - (len(targets) - len(plain)))))
    rows = np.sort(np.concatenate([np.flatnonzero(targets), plain[::stride]]))
    return rows, np.where(targets[rows] == 0, float(stride), 1.0)


def _start(hidden: int, labels: Sequence[str], before: Head | None) -> torch.Tensor:
    weights = torch.zeros(hidden + 1, len(labels))
    if before is not None and len(before.weights) == hidden + 1:
        known = {label: number for number, label in enumerate(before.labels)}
        for number, label in enumerate(labels):
            if label in known:
                weights[:, number] = before.weights[:, known[label]]
    return weights
