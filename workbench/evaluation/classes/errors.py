"""What a class run gets wrong: the texts of every cell of its confusion matrix, and what was done about them since."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage import label_queries
from storage.exceptions import InputProblem
from storage.records import QueueEntry
from workbench.annotation import rounds
from workbench.evaluation.classes import class_report
from workbench.evaluation.error_review import Verdict
from workbench.fields.values import joined
from workbench.runs.config.request import Request
from workbench.runs.state import MEASURED_FIRST, RunFolder
from workbench.workspace import Workspace

EVERY = ""
"""Stands for every class in a cell."""


@dataclass(frozen=True, slots=True)
class ClassItem:
    """A document that a run judged, with its label."""

    document: int
    name: str
    text: str
    label: str  # as it was frozen for the run
    predicted: str
    probability: float  # of the prediction
    of_label: float  # probability of the label


@dataclass(frozen=True)
class ClassReview:
    """All that the errors screen shows of a class run on a split.

    Attributes:
        figures: as `class_report.evaluate_run` gives them.
        items: every judged document, the surest first.
    """

    run: str
    field: str
    split: str
    splits: tuple[str, ...]
    labels: tuple[str, ...]
    figures: Mapping[str, Any]
    items: tuple[ClassItem, ...]
    lengths: Mapping[int, tuple[str, int]] = dataclasses.field(repr=False)  # document -> (name, words)

    @property
    def wrong(self) -> tuple[ClassItem, ...]:
        """The documents that are taken for another class, the surest first."""
        return tuple(item for item in self.items if item.label != item.predicted)

    def of_cell(self, label: str, predicted: str) -> tuple[ClassItem, ...]:
        """The documents of a cell, the surest first; `EVERY` for all that are wrong of a row or a column."""
        if EVERY in (label, predicted):
            return tuple(i for i in self.wrong if label in (EVERY, i.label) and predicted in (EVERY, i.predicted))
        return tuple(item for item in self.items if (item.label, item.predicted) == (label, predicted))


def look(folder: Path, split: str | None = None) -> ClassReview:
    """Read the errors of a class run's folder.

    Args:
        folder: the run's.
        split: None takes the first of test, validation and train that has labels and predictions.

    Raises:
        InputProblem: there are no predictions on labelled documents, or a file is damaged.
    """
    request = Request.read(folder)
    if request.fields[0].multiple:
        raise InputProblem(
            f"{request.fields[0].id}: documents can have several classes, and this screen shows which one is taken for "
            "which.",
            f"`workbench evaluate {folder.name}` has the figures of each option.",
        )
    labels = request.fields[0].options
    names = tuple(name for name in MEASURED_FIRST if RunFolder(folder).dataset(name).is_file())
    chosen = split or next((name for name in names if class_report.judged(folder, name, labels)), "")
    if not chosen:
        raise InputProblem(
            f"Run {folder.name} has no labelled documents with predictions.",
            "Label documents of the validation or the test side, then train again.",
        )
    cases = class_report.judged(folder, chosen, labels)
    items = [
        ClassItem(
            case.document, case.name, joined(case.words), case.option or "", case.predicted,
            case.probabilities[case.predicted], case.probabilities.get(case.option or "", 0.0),
        )
        for case in cases
    ]  # fmt: skip
    return ClassReview(
        folder.name,
        request.fields[0].id,
        chosen,
        names,
        labels,
        class_report.evaluate_run(folder, chosen),
        tuple(sorted(items, key=lambda item: (-item.probability, item.document))),
        {case.document: (case.name, len(case.words)) for case in cases},
    )


def verdicts(workspace: Workspace, review: ClassReview) -> dict[int, Verdict | None]:
    """Document -> what was done about it; None where it is not a document of this workspace."""
    ids = [item.document for item in review.items]
    with workspace.db.read() as connection:
        here = {n for n, facts in label_queries.lengths(connection, ids).items() if facts == review.lengths[n]}
        now = label_queries.classified(connection, review.field)
        waiting = label_queries.queued(connection)
    known: dict[int, Verdict | None] = {}
    for item in review.items:
        if item.document not in here:
            known[item.document] = None
        elif item.label not in now.get(item.document, ()):
            known[item.document] = Verdict.FIXED
        else:
            known[item.document] = Verdict.QUEUED if item.document in waiting else Verdict.OPEN
    return known


def enqueue(workspace: Workspace, review: ClassReview, item: ClassItem) -> int:
    """Put a document into the open relabel round, or a new one, and open it anew; returns the round.

    Raises:
        Conflict: another person changed the document just now.
    """
    reason = f"labelled {item.label}, taken for {item.predicted} ({item.probability:.0%})"
    entry = QueueEntry(0, item.document, 1, item.probability, (reason,), {review.field: item.of_label})
    return rounds.put_back(workspace, review.run, entry)
