"""A run folder whose documents are only to be predicted, with a model that is there already. [worker]"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from storage.exceptions import RunProblem
from storage.files import write_atomic
from workbench.predictions import suggestions
from workbench.predictions.run_reader import fields_labelled, in_pieces
from workbench.runs import parquet
from workbench.runs.config.request import Request
from workbench.runs.state import MODEL_DESCRIPTION, RunFolder
from workbench.training import scoring
from workbench.training.callbacks import Control, Write
from workbench.training.models import held_layers
from workbench.training.predictor import Description, DocumentPrediction, describe, load_named
from workbench.training.tasks import classifiers


def run(path: Path, request: Request, task: str, write: Write, control: Control) -> None:
    """Predict the folder's documents ("score": only the pool) into `predictions.parquet`; ends with `finished`.

    Raises:
        WorkbenchError: the model or the documents cannot be used.
    """
    began = time.monotonic()
    folder = RunFolder(path)
    predictor, description = load_any(request.model or str(folder.model))
    splits = ("pool",) if task == "score" else parquet.SPLITS
    sizes = {split: parquet.count(folder.dataset(split)) for split in splits}
    total = sum(sizes.values())
    if not total:
        raise RunProblem("There are no documents to predict.", "Import some first.")
    judged: dict[str, list[DocumentPrediction]] = {}
    reads_fields = description.task == parquet.TOKENS
    if reads_fields:
        held_layers.read_kept(predictor.model, Path(request.model).parent if request.model else path)

    def predictions() -> Iterator[parquet.Prediction]:
        """Document by document: a pool may have a hundred thousand, so only what is judged stays in memory."""
        done = 0
        for split in splits:
            documents = (row.anchor(path) for row in parquet.stream(folder.dataset(split)))
            for prediction in predictor.predict(documents):
                yield prediction.as_row(split, predictor.labels)
                if reads_fields and prediction.row.tags is not None:
                    judged.setdefault(split, []).append(prediction)
                done += 1
                if done % 20 == 0 or done == total:
                    write("predicting", done=done, total=total)
                _stop_if_asked(control, done, total)

    parquet.write_predictions(folder.predictions, predictions(), description.once, description.task)
    once = frozenset(description.once)
    asked = fields_labelled(path)
    # figures of classes are taken from the stored predictions
    pieces = in_pieces(path)
    figures = {split: scoring.figures(rows, predictor.labels, once, asked, pieces) for split, rows in judged.items()}
    f1 = figures.get("validation", {}).get("f1")
    report = {
        "run": request.run, "task": description.task, "state": "finished", "family": description.family,
        "base": request.model, "f1": f1,
        "labels": predictor.labels, "documents": sizes, "figures": figures,
        "seconds": round(time.monotonic() - began, 2),
    }  # fmt: skip
    write_atomic(folder.report, json.dumps(report, ensure_ascii=False, indent=1))
    if task == "predict" and reads_fields:
        source = suggestions.source_run(request.model)
        suggestions.write(path, source, lambda done, total: _stop_if_asked(control, done, total))
    write("finished", state="finished", seconds=report["seconds"], f1=f1, epochs=0)


def load_any(name: str, device: torch.device | None = None) -> tuple[Any, Description]:
    """The model of a name ("starter", or a folder of either task), and what it says of itself.

    Raises:
        InputProblem: it is no model folder, not safe, or damaged.
    """
    path = Path(name)
    if (path / MODEL_DESCRIPTION).is_file() and (description := describe(path, "")).task == parquet.CLASSES:
        return classifiers.load(path, description, device), description
    return load_named(name, device)


def _stop_if_asked(control: Control, done: int, total: int) -> None:
    if control.wishes() >= 2:
        raise RunProblem(f"Stopped after {done} of {total} documents.", "Start it again when there is time.")
