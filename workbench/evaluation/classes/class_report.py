"""The evaluation of a run that learned a class field: every figure of its report and of `workbench evaluate`."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.evaluation.classes import figures as class_figures
from workbench.evaluation.classes import several, slices
from workbench.predictions.run_reader import none_predicted
from workbench.runs import parquet
from workbench.runs.config.request import Request
from workbench.runs.parquet import ClassCase
from workbench.runs.state import MEASURED_FIRST, RunFolder


def evaluate_run(folder: Path, on: str | None = None) -> dict[str, Any]:
    """All figures of one side of a run, on the test side where it has one, else on validation.

    Returns:
        `class_figures.full` (`several.full` where documents have several options), with run, split, field, splits
        {side: documents, accuracy, f1}, and slices (see `slices.figures`).

    Raises:
        InputProblem: the side has no labelled document with a stored prediction, or a file is damaged.
    """
    request = Request.read(folder)
    if request.fields[0].multiple:
        return several.evaluate_run(folder, on)
    labels = list(request.fields[0].options)
    sides = {side: judged(folder, side, labels) for side in MEASURED_FIRST}
    chosen = on or next((side for side in MEASURED_FIRST if sides[side]), "test")
    if not sides.get(chosen):
        raise none_predicted(folder, chosen, "Evaluate another side with --on, or label documents of that side.")
    figures = class_figures.full(*_arrays(sides[chosen], labels), labels, seed=request.config.train.seed)
    briefs = {side: class_figures.brief(*_arrays(cases, labels), labels) for side, cases in sides.items() if cases}
    return {
        "run": request.run,
        "split": chosen,
        "field": request.fields[0].id,
        **figures,
        "splits": {
            side: {name: brief[name] for name in ("documents", "accuracy", "f1")} for side, brief in briefs.items()
        },
        "slices": slices.figures(
            sides[chosen],
            lambda positions: class_figures.brief(*_arrays([sides[chosen][at] for at in positions], labels), labels),
        ),
    }


def of_class(figures: dict[str, Any], name: str) -> dict[str, Any]:
    """The figures of a class that is the positive one, under the name `positive`.

    Raises:
        InputProblem: no measured document has it, and none was taken for it.
    """
    row = figures["classes"].get(name)
    if row is None:
        known = ", ".join(figures["classes"])
        raise InputProblem(f"No measured document is of the class {name}.", f"Those that are measured: {known}.")
    return {"class": name, **row}


def final(folder: Path) -> dict[str, Any] | None:
    """What a run's report keeps as `classes`, without the curves' points; None where nothing labelled was predicted."""
    try:
        figures = evaluate_run(folder)
    except InputProblem:
        return None
    for row in figures.get("curves", {}).values():
        del row["roc"], row["precision_recall"]
    return figures


def judged(folder: Path, side: str, labels: Collection[str]) -> list[ClassCase]:
    """The documents of a side that have one of the labels, and a probability of it."""
    if not RunFolder(folder).dataset(side).is_file():
        return []
    cases = parquet.stream_classes(folder, side)
    return [case for case in cases if case.option in case.probabilities and case.option in labels]


def _arrays(cases: list[ClassCase], labels: list[str]) -> tuple[list[int], Any]:
    import numpy as np

    index = {label: i for i, label in enumerate(labels)}
    gold = [index[case.option] for case in cases if case.option is not None]
    return gold, np.array([[case.probabilities.get(label, 0.0) for label in labels] for case in cases])
