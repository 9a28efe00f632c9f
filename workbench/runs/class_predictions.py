"""What a run that learned a class field stores of its documents and predictions."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.runs import parquet
from workbench.runs.state import RunFolder


@dataclass(frozen=True, slots=True)
class ClassCase:
    """A document with what it is and what the model takes it to be."""

    document: int
    name: str
    group: str
    words: tuple[str, ...]
    option: str | None  # its label, where it has one
    probabilities: dict[str, float]  # option -> 0..1

    @property
    def predicted(self) -> str:
        """The likeliest option."""
        return max(self.probabilities, key=lambda option: self.probabilities[option])


def stream(folder: Path, split: str) -> Iterator[ClassCase]:
    """The documents of a split with their predictions, a few in memory at a time; none where there is no such split.

    Raises:
        InputProblem: there are no predictions, they are of another task, or a file is damaged.
    """
    parquet.check_predictions(folder, split, parquet.CLASSES)
    run = RunFolder(folder)
    columns = ["document", "name", "group", "words", parquet.CLASSES]
    if not run.dataset(split).is_file():
        return
    documents = (row for part in parquet.tables(run.dataset(split), columns) for row in parquet.rows_of(part))
    predictions = (
        row
        for part in parquet.tables(run.predictions, ["document", "labels", "probabilities"], split)
        for row in parquet.rows_of(part)
    )
    waiting: dict[int, dict[str, Any]] = {}  # of train a sample is predicted, in an order of its own
    for prediction in predictions:
        while prediction["document"] not in waiting:
            row = next(documents, None)
            if row is None:
                raise InputProblem(
                    f"{run.predictions.name} does not belong to {run.dataset(split).name}.",
                    "Copy the run folder again, or run it again.",
                )
            waiting[row["document"]] = row
        row = waiting.pop(prediction["document"])
        yield ClassCase(
            row["document"], row["name"], row["group"] or "", tuple(row["words"]), (row[parquet.CLASSES] or [None])[0],
            probabilities_of(prediction["labels"], prediction["probabilities"]),
        )  # fmt: skip


def probabilities_of(labels: Sequence[str], stored: bytes) -> dict[str, float]:
    """Option -> probability, from the little-endian 16-bit floats of a row."""
    return dict(zip(labels, struct.unpack(f"<{len(labels)}e", stored), strict=True))
