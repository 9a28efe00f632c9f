"""A run's model read several times with parts of it switched off: where it contradicts itself. [worker]

`dropout.parquet` lies beside predictions.parquet, one row a document: `document` int64, `entropy_of_mean` and
`mean_entropy` float64 (see `disagreement`). torch is imported only when something has to be read.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from storage.exceptions import RunProblem
from storage.files import replacing
from workbench.runs import parquet
from workbench.runs.state import RunFolder

if TYPE_CHECKING:
    from workbench.training.predictor import Predictor
    from workbench.training.tasks.classes import ClassPredictor

PASSES = 8
_CHUNK = 16
_LEAST, _PLACES = 100, 5  # documents that are read several times: each costs seconds
SURELY_OUTSIDE = 0.98
"""Words that belong to no field with this probability say nothing about fields."""

TINY = 1e-12
"""Added to probabilities of which a logarithm is taken."""


def read(folder: Path) -> dict[int, tuple[float, float]]:
    """{document: (entropy of the mean, mean of the entropies)}; empty where nothing was read under dropout."""
    import pyarrow.parquet as pq

    path = RunFolder(folder).dropout
    if not path.is_file():
        return {}
    table = pq.read_table(path)
    pairs = zip(table.column("entropy_of_mean").to_pylist(), table.column("mean_entropy").to_pylist(), strict=True)
    return dict(zip(table.column("document").to_pylist(), pairs, strict=True))


def extend(
    folder: Path, documents: Collection[int], progress: Callable[[int, int], None], passes: int = PASSES, seed: int = 0
) -> dict[int, tuple[float, float]]:
    """Read pool documents `passes` times under dropout, and keep and give everything known then.

    Raises:
        RunProblem: the run's model is gone, or it has no dropout.
    """
    progress(0, len(documents))  # loading takes a while
    import torch

    from workbench.training.prediction_run import load_any

    if not RunFolder(folder).has_model():
        raise RunProblem(f"Run {folder.name} has no model to read with.", "Choose another run, or another strategy.")
    predictor, description = load_any(str(RunFolder(folder).model))
    if not _keep_dropout(getattr(predictor, "model", None)):
        raise RunProblem(f"The model of run {folder.name} has no dropout.", "Choose another strategy.")
    torch.manual_seed(seed)
    pool = parquet.stream(RunFolder(folder).dataset("pool"))
    wanted = [row.anchor(folder) for row in pool if row.document in documents]
    known = read(folder)
    classes = description.task == "classes"
    several = classes and description.fields[0].multiple
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        turns = _class_turns(predictor, part, passes) if classes else _word_turns(predictor, part, passes)
        for row, matrices in zip(part, zip(*turns, strict=True), strict=True):
            each = np.stack(matrices)
            known[row.document] = disagreement_of_classes(each, several=several) if classes else disagreement(each)
        progress(min(start + _CHUNK, len(wanted)), len(wanted))
    _write(folder, known)
    return known


def bald(
    folder: Path,
    documents: NDArray[np.int64],
    entropy: NDArray[np.float64],
    size: int,
    progress: Callable[[int, int], None],
) -> NDArray[np.float64]:
    """BALD of the documents with the highest entropy; the others, which could hardly win a place, get 0.

    Args:
        folder: the run's.
        documents: ids of pool documents.
        entropy: of each of them.
        size: documents that will be picked.
        progress: gets the documents done, and how many there are.

    Raises:
        RunProblem: as for `extend`.
    """
    likely = np.argsort(-entropy, kind="stable")[: max(_LEAST, _PLACES * size)]
    known = read(folder)
    missing = {int(documents[row]) for row in likely} - known.keys()
    if missing:
        known = extend(folder, missing, progress)
    gain = np.zeros(len(documents))
    for row in likely:
        of_mean, of_each = known.get(int(documents[row]), (0.0, 0.0))
        gain[row] = of_mean - of_each
    return gain


def _word_turns(
    predictor: "Predictor", rows: Sequence[parquet.FrozenDocument], passes: int
) -> list[list[NDArray[np.floating[Any]]]]:
    encoded = [predictor.encoder.encode(row) for row in rows]
    return [[read.probabilities for read in predictor.predict_encoded(encoded)] for _ in range(passes)]


def _class_turns(
    predictor: "ClassPredictor", rows: Sequence[parquet.FrozenDocument], passes: int
) -> list[list[NDArray[np.floating[Any]]]]:
    return [[read.probabilities for read in predictor.predict(rows)] for _ in range(passes)]


def disagreement(passes: NDArray[np.floating[Any]]) -> tuple[float, float]:
    """Of one document's passes under dropout: (entropy of the mean, mean of the entropies), in nats a word.

    Their difference is BALD: the information that knowing the right weights would give. Both are means over the words
    that may belong to a field.

    Args:
        passes: T x words x labels probabilities, "O" first.
    """
    mean = passes.mean(axis=0)
    matters = mean[:, 0] < SURELY_OUTSIDE
    if not matters.any():
        return 0.0, 0.0
    return _entropies(passes[:, matters].astype(np.float64))


def disagreement_of_classes(passes: NDArray[np.floating[Any]], *, several: bool) -> tuple[float, float]:
    """As `disagreement`, of a document's class.

    Args:
        passes: T x options probabilities.
        several: a document can have several options; then the means are over the options, each yes or no.
    """
    each = passes.astype(np.float64)
    return _entropies(np.stack([each, 1 - each], axis=2) if several else each[:, None, :])


def _entropies(each: NDArray[np.float64]) -> tuple[float, float]:
    """(entropy of the mean, mean of the entropies) of T x rows x labels, in nats a row."""
    middle = each.mean(axis=0)
    of_mean = -(middle * np.log(middle + TINY)).sum(axis=1).mean()
    of_each = -(each * np.log(each + TINY)).sum(axis=2).mean()
    return float(of_mean), float(min(of_each, of_mean))


def _keep_dropout(model: object) -> bool:
    """Let the dropout layers work in evaluation too; whether there are any that do something."""
    from torch import nn
    from torch.nn import functional

    if not isinstance(model, nn.Module):
        return False  # the baseline
    layers = [module for module in model.modules() if isinstance(module, nn.Dropout) and module.p > 0]
    for layer in layers:
        layer.forward = partial(functional.dropout, p=layer.p, training=True)  # type: ignore[method-assign]
    return bool(layers)


def _write(folder: Path, known: dict[int, tuple[float, float]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "document": pa.array(known, pa.int64()),
            "entropy_of_mean": pa.array([pair[0] for pair in known.values()], pa.float64()),
            "mean_entropy": pa.array([pair[1] for pair in known.values()], pa.float64()),
        }
    )
    with replacing(RunFolder(folder).dropout) as file:
        pq.write_table(table, file)
