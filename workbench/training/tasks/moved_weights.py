"""The head of a class model before the training, and what is moved in the model after it. [worker]

Both is done outside of the steps, so that it is the same with either engine, and after a run was resumed.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from storage.exceptions import RunProblem
from workbench.evaluation.classes import cut
from workbench.training.callbacks import Write
from workbench.training.encoding import EncodedDocument
from workbench.training.tasks.classes import ClassPredictor, ClassTask

STRENGTH = 1.0
"""Inverse of the regression's regularisation, as scikit-learn has it."""


def begin_with_regression(
    task: ClassTask, predictor: ClassPredictor, documents: Sequence[EncodedDocument], weights: Sequence[float] | None
) -> None:
    """Make the head logistic regression on what the encoder, as it is, says of the training documents.

    Args:
        documents: labelled ones.
        weights: what a mistake costs by class; None: the same for all. Options side by side are learned without.

    Raises:
        RunProblem: the head is more than one layer.
    """
    head = predictor.model.classifier
    if not isinstance(head, nn.Linear):
        raise RunProblem(
            "The head of this base has more than one layer: a regression cannot stand in its place.",
            "Set model.head_start to random.",
        )
    vectors = np.stack([prediction.embedding for prediction in predictor.predict_encoded(documents)])
    targets = [task.indices(document.row) for document in documents]
    rows = _of_options if task.multiple else _of_classes
    coefficients, intercepts = rows(vectors, targets, len(task.labels), weights)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(coefficients))
        head.bias.copy_(torch.from_numpy(intercepts))


def _of_classes(
    vectors: NDArray[np.float32], targets: Sequence[Sequence[int]], size: int, weights: Sequence[float] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of one class among all: a row (classes × hidden) and an intercept of each."""
    first = np.array([indices[0] for indices in targets])
    model = _regression(vectors, first, None if weights is None else np.array(weights)[first])
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # one row for the two of them
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    rows = np.zeros((size, vectors.shape[1]))
    starts = np.full(size, intercepts.min() - math.log(len(first) + 1))  # of a class without a document
    rows[model.classes_], starts[model.classes_] = coefficients, intercepts
    return rows, starts


def _of_options(
    vectors: NDArray[np.float32], targets: Sequence[Sequence[int]], size: int, weights: Sequence[float] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of options side by side, each against the rest."""
    rows, starts = np.zeros((size, vectors.shape[1])), np.zeros(size)
    for option in range(size):
        is_so = np.array([option in indices for indices in targets])
        if is_so.all() or not is_so.any():
            starts[option] = math.log(len(targets) + 1) * (1 if is_so.any() else -1)
        else:
            model = _regression(vectors, is_so, None)
            rows[option], starts[option] = model.coef_[0], model.intercept_[0]
    return rows, starts


def _regression(vectors: NDArray[np.float32], targets: NDArray[Any], weights: NDArray[np.float64] | None) -> Any:
    from sklearn.linear_model import LogisticRegression  # takes a while, and few runs begin so

    return LogisticRegression(C=STRENGTH, max_iter=2000).fit(vectors.astype(np.float64), targets, weights)


def weights_of(model: Any) -> dict[str, torch.Tensor]:
    """A copy of a model's weights as they are now."""
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def move_back(model: Any, start: Mapping[str, torch.Tensor], share: float) -> None:
    """Move a model's weights this share of the way back to those that it was trained from."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.lerp_(start[name].to(weight.device), share)


def move_cut(
    task: ClassTask, predictor: ClassPredictor, validation: Sequence[EncodedDocument], by: str, write: Write
) -> float | None:
    """Choose on validation where to cut between two classes, and move the head's bias so that it is at a half.

    Returns:
        The probability of the first class that is 0.5 now; None where nothing can be chosen, and a note says why.

    Raises:
        RunProblem: the head has no last layer that is known.
    """
    gold = [task.indices(document.row)[0] for document in validation]
    if task.multiple or len(task.labels) != 2 or len(set(gold)) < 2:
        of_two = len(task.labels) == 2 and not task.multiple
        why = "the validation documents are of one" if of_two else "it is for two classes, of which a document has one"
        write("note", message=f"train.cut ({by}) is left out: {why}.")
        return None
    head = predictor.model.classifier
    last = head if isinstance(head, nn.Linear) else getattr(head, "out_proj", None)
    if not isinstance(last, nn.Linear) or last.bias is None:
        raise RunProblem("The head of this base has no bias that could be moved.", "Set train.cut to half.")
    shares = np.stack([prediction.probabilities for prediction in predictor.predict_encoded(validation)])
    logs = np.log(np.clip(shares.astype(np.float64), 1e-9, 1))
    odds = cut.best(logs[:, 0] - logs[:, 1], np.array(gold) == 0, by)
    with torch.no_grad():
        last.bias.add_(torch.tensor([-odds / 2, odds / 2], dtype=last.bias.dtype, device=last.bias.device))
    return 1 / (1 + math.exp(-odds))
