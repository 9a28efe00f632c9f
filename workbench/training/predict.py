"""A run folder whose documents are only to be predicted, with a model that is there already. [worker]"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import RunProblem
from workbench.predictions import suggestions
from workbench.runs import parquet
from workbench.runs.config.files import Request
from workbench.training import predictor as predicting
from workbench.training import scoring


def run(folder: Path, request: Request, task: str, write: Any, control: Any) -> None:
    """Predict the folder's documents ("score": only the pool) into `predictions.parquet`; ends with `finished`.

    Raises:
        WorkbenchError: the model or the documents cannot be used.
    """
    began = time.monotonic()
    predictor, description = predicting.load_named(request.model or str(folder / "model"))
    splits = ("pool",) if task == "score" else parquet.SPLITS
    sizes = {split: parquet.count(parquet.source(folder, split)) for split in splits}
    total = sum(sizes.values())
    if not total:
        raise RunProblem("There are no documents to predict.", "Import some first.")
    judged: dict[str, list[predicting.DocumentPrediction]] = {}

    def predictions() -> Iterator[parquet.Prediction]:
        """Document by document: a pool may have a hundred thousand, so only what is judged stays in memory."""
        done = 0
        for split in splits:
            documents = (parquet.anchored(row, folder) for row in parquet.stream(parquet.source(folder, split)))
            for outcome in predictor.predict(documents):
                yield outcome.prediction(split, predictor.labels)
                if outcome.row.tags is not None:
                    judged.setdefault(split, []).append(outcome)
                done += 1
                if done % 20 == 0 or done == total:
                    write("predicting", done=done, total=total)
                _go_on(control, done, total)

    parquet.write_predictions(folder / "predictions.parquet", predictions(), description.once)
    once = frozenset(description.once)
    figures = {split: scoring.figures(found, predictor.labels, once) for split, found in judged.items()}
    f1 = figures.get("validation", {}).get("f1")
    report = {
        "run": request.run, "state": "finished", "family": description.family, "base": request.model, "f1": f1,
        "labels": predictor.labels, "documents": sizes, "figures": figures,
        "seconds": round(time.monotonic() - began, 2),
    }  # fmt: skip
    predicting.write_json(folder / "report.json", report)
    if task == "predict":
        source = None if request.model == "starter" else Path(request.model).parent
        suggestions.write(folder, source, lambda done, of: _go_on(control, done, of))
    write("finished", state="finished", seconds=report["seconds"], f1=f1, epochs=0)


def _go_on(control: Any, done: int, of: int) -> None:
    if control.wishes() >= 2:
        raise RunProblem(f"Stopped after {done} of {of} documents.", "Start it again when there is time.")
