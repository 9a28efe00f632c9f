"""The figures of a classifier whose documents can have several options: each option is a yes or no of its own.

numpy is imported where it is used, so that the terminal's start stays light.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.evaluation.classes import slices
from workbench.predictions.run_reader import none_predicted
from workbench.runs import parquet
from workbench.runs.config.request import Request
from workbench.runs.parquet import ClassCase
from workbench.runs.state import MEASURED_FIRST, RunFolder

if TYPE_CHECKING:
    from numpy.typing import NDArray

THRESHOLD = 0.5
"""From which probability on a document is said to have an option."""
RESAMPLES = 1000


def brief(gold: Sequence[Sequence[int]], probabilities: "NDArray[Any]", labels: Sequence[str]) -> dict[str, Any]:
    """What a run reports at an evaluation.

    Args:
        gold: of each document, the indices of its options.
        probabilities: documents × options, each by itself between 0 and 1.
        labels: the options' names.

    Returns:
        documents, loss (mean binary cross-entropy, nats), subset_accuracy (all options of a document right), precision,
        recall and f1 (means over the options that occur in gold or prediction), support, fields: the same for each of
        these options. `accuracy` is the subset accuracy.
    """
    import numpy as np

    given, predicted = _tables(gold, probabilities, len(labels))
    rows = _rows(given, predicted)
    used = _used(given, predicted)
    subset = float((given == predicted).all(axis=1).mean()) if len(gold) else 0.0
    sure = np.clip(np.where(given, probabilities, 1 - probabilities), 1e-9, 1) if len(gold) else np.ones((1, 1))
    return {
        "documents": len(gold),
        "loss": float(-np.log(sure).mean()),
        "accuracy": subset,
        "subset_accuracy": subset,
        **{name: _mean([rows[i][name] for i in used]) for name in ("precision", "recall", "f1")},
        "support": int(given.sum()),
        "fields": {labels[i]: rows[i] for i in used},
    }


def full(
    gold: Sequence[Sequence[int]], probabilities: "NDArray[Any]", labels: Sequence[str], *, seed: int = 0
) -> dict[str, Any]:
    """All figures of one side, as `workbench evaluate` shows them.

    Returns:
        task, multiple, threshold, documents, loss, subset_accuracy and its ci95, micro, macro and weighted (precision,
        recall, f1), classes {name: precision, recall, f1, support, ci95}. Intervals are over documents.
    """
    import numpy as np

    given, predicted = _tables(gold, probabilities, len(labels))
    rows, used = _rows(given, predicted), _used(given, predicted)
    shown = brief(gold, probabilities, labels)
    draws = np.random.default_rng(seed).integers(0, max(1, len(gold)), (RESAMPLES, max(1, len(gold))))
    right = (given & predicted)[draws].sum(axis=1) if len(gold) else np.zeros((1, len(labels)))
    both = (given[draws].sum(axis=1) + predicted[draws].sum(axis=1)) if len(gold) else np.zeros((1, len(labels)))
    f1 = 2 * right / np.maximum(1, both)
    whole = (given == predicted).all(axis=1)
    subset = whole[draws].mean(axis=1) if len(gold) else np.zeros(1)
    support = np.array([rows[i]["support"] for i in used], float)
    weights = support / max(1.0, support.sum())
    means = {name: [rows[i][name] for i in used] for name in ("precision", "recall", "f1")}
    return {
        "task": "classes",
        "multiple": True,
        "threshold": THRESHOLD,
        "documents": len(gold),
        "loss": shown["loss"],
        "accuracy": shown["accuracy"],
        "subset_accuracy": shown["subset_accuracy"],
        "subset_accuracy_ci95": _interval(subset),
        "micro": _row(int((given & predicted).sum()), int(given.sum()), int(predicted.sum())),
        "macro": {**{name: _mean(row) for name, row in means.items()}, "ci95": _interval(f1[:, used].mean(axis=1))}
        if used
        else {"precision": 0.0, "recall": 0.0, "f1": 0.0, "ci95": [0.0, 0.0]},
        "weighted": {name: float(np.dot(row, weights)) if used else 0.0 for name, row in means.items()},
        "classes": {labels[i]: {**rows[i], "ci95": _interval(f1[:, i])} for i in used},
    }


def evaluate_run(folder: Path, on: str | None = None) -> dict[str, Any]:
    """All figures of one side of a run, on the test side where it has one, else on validation.

    Raises:
        InputProblem: the side has no labelled document with a stored prediction, or a file is damaged.
    """
    request = Request.read(folder)
    labels = list(request.fields[0].options)
    sides = {side: _judged(folder, side) for side in MEASURED_FIRST}
    chosen = on or next((side for side in MEASURED_FIRST if sides[side]), "test")
    if not sides[chosen]:
        raise none_predicted(folder, chosen, "Evaluate another side with --on, or label documents of that side.")

    def of(cases: Sequence[ClassCase]) -> dict[str, Any]:
        return brief(*_arrays(cases, labels), labels)

    briefs = {side: of(cases) for side, cases in sides.items() if cases}
    return {
        "run": request.run,
        "split": chosen,
        "field": request.fields[0].id,
        **full(*_arrays(sides[chosen], labels), labels, seed=request.config.train.seed),
        "splits": {
            side: {name: figures[name] for name in ("documents", "accuracy", "f1")} for side, figures in briefs.items()
        },
        "slices": slices.figures(sides[chosen], lambda positions: of([sides[chosen][at] for at in positions])),
    }


def _judged(folder: Path, side: str) -> list[ClassCase]:
    present = RunFolder(folder).dataset(side).is_file()
    return [case for case in parquet.stream_classes(folder, side) if case.options] if present else []


def _arrays(cases: Sequence[ClassCase], labels: Sequence[str]) -> tuple[list[list[int]], Any]:
    import numpy as np

    index = {label: i for i, label in enumerate(labels)}
    gold = [[index[option] for option in case.options if option in index] for case in cases]
    return gold, np.array([[case.probabilities.get(label, 0.0) for label in labels] for case in cases])


def _tables(
    gold: Sequence[Sequence[int]], probabilities: "NDArray[Any]", size: int
) -> "tuple[NDArray[Any], NDArray[Any]]":
    """(what is so, what is predicted): documents × options, true or false."""
    import numpy as np

    given = np.zeros((len(gold), size), bool)
    for number, indices in enumerate(gold):
        given[number, list(indices)] = True
    predicted = probabilities >= THRESHOLD if len(gold) else np.zeros((0, size), bool)
    return given, predicted


def _used(given: "NDArray[Any]", predicted: "NDArray[Any]") -> list[int]:
    return [int(i) for i in (given | predicted).any(axis=0).nonzero()[0]]


def _rows(given: "NDArray[Any]", predicted: "NDArray[Any]") -> list[dict[str, Any]]:
    return [
        _row(int((own & other).sum()), int(own.sum()), int(other.sum()))
        for own, other in zip(given.T, predicted.T, strict=True)
    ]


def _row(right: int, labelled: int, predicted: int) -> dict[str, Any]:
    return {
        "precision": right / predicted if predicted else 0.0,
        "recall": right / labelled if labelled else 0.0,
        "f1": 2 * right / (labelled + predicted) if labelled + predicted else 0.0,
        "support": labelled,
    }


def _interval(values: "NDArray[Any]") -> list[float]:
    import numpy as np

    low, high = np.percentile(values, [2.5, 97.5])
    return [float(low), float(high)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
