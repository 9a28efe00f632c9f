"""Whether a new model is better than the one that it is to replace. [worker]"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.evaluation import bootstrap
from workbench.evaluation.report import EvaluationSettings
from workbench.predictions.run_reader import (
    documents_of,
    fields_labelled,
    in_pieces,
    judgeable,
    mapping,
    predicted_cases,
    read_labelled,
)
from workbench.runs import parquet
from workbench.runs.state import RunFolder
from workbench.training.predictor import load_named


def compare(folder: Path, rival: str) -> dict[str, Any]:
    """The paired bootstrap of F1 on a run's validation documents, without those that the rival learned from.

    Args:
        folder: of the run, with its predictions.
        rival: "starter", or the model folder of a run.

    Returns:
        model, documents, certain, and where there are documents difference (the run's F1 less the rival's) and ci95.

    Raises:
        InputProblem: the rival is damaged.
        OSError: it is gone.
    """
    learned = frozenset() if rival == "starter" else documents_of(Path(rival).parent, "train")
    rows = [
        row.anchor(folder)
        for row in parquet.stream(RunFolder(folder).dataset("validation"))
        if row.tags is not None and (row.name, len(row.words)) not in learned
    ]
    predictor, description = load_named(rival)

    def pairs() -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        for row, prediction in zip(rows, predictor.predict(rows), strict=True):
            yield mapping(row), mapping(prediction.as_row("validation", predictor.labels))

    asked = fields_labelled(folder)
    cases = [
        judgeable(case, asked) for case in predicted_cases(pairs(), frozenset(description.once), in_pieces(folder))
    ]
    settings = EvaluationSettings()
    documents, differences = bootstrap.compare(
        cases, read_labelled(folder, "validation"), settings.resamples, settings.seed
    )
    compared: dict[str, Any] = {"model": rival, "documents": documents, "certain": False}
    if documents:
        micro = differences["micro"]
        compared |= {"certain": micro.certain, "difference": micro.difference, "ci95": micro.ci95}
    return compared
