"""What a class run gets wrong: the texts of every cell of its confusion matrix, and what was done about them since."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage import label_queries
from storage.exceptions import InputProblem
from storage.records import QueueEntry
from workbench.annotation import acts, rounds
from workbench.annotation.editor import DocumentEditor
from workbench.evaluation.classes import class_report, several, speaking_words
from workbench.evaluation.classes.doubts import doubtful
from workbench.evaluation.error_review import Verdict
from workbench.fields.values import joined
from workbench.predictions import run_reader
from workbench.runs.config.request import FieldSpec, Request
from workbench.runs.parquet import ClassCase
from workbench.workspace import Workspace

EVERY = ""
"""Stands for every class in a cell."""

Key = tuple[int, str]
"""A document, and the option that it is judged by where it can have several."""


@dataclass(frozen=True, slots=True)
class ClassItem:
    """A document that a run judged, with its label.

    Where a document can have several options it is judged by each: its label and the prediction are then the option's
    name or `without(option)`.
    """

    document: int
    name: str
    text: str
    label: str  # as it was frozen for the run
    predicted: str
    probability: float  # of the prediction
    of_label: float  # probability of the label
    option: str = ""  # by which it is judged, where documents can have several
    words: tuple[str, ...] = ()  # of a document with weights
    weights: tuple[float, ...] = ()  # by how much each word speaks for the prediction

    @property
    def key(self) -> Key:
        return self.document, self.option


@dataclass(frozen=True)
class ClassReview:
    """All that the errors screen shows of a class run on a split.

    Attributes:
        labels: the options.
        several: documents can have several options, and each is a table of its own.
        figures: as `class_report.evaluate_run` gives them.
        items: every judged document, the surest first.
        doubts: those of them whose label is probably wrong, the least probable label first.
    """

    run: str
    field: str
    split: str
    splits: tuple[str, ...]
    labels: tuple[str, ...]
    figures: Mapping[str, Any]
    items: tuple[ClassItem, ...]
    lengths: Mapping[int, tuple[str, int]] = dataclasses.field(repr=False)  # document -> (name, words)
    several: bool = False
    doubts: tuple[ClassItem, ...] = ()

    @property
    def wrong(self) -> tuple[ClassItem, ...]:
        """The documents that are taken for another class, the surest first."""
        return tuple(item for item in self.items if item.label != item.predicted)

    def of_cell(self, label: str, predicted: str) -> tuple[ClassItem, ...]:
        """The documents of a cell, the surest first; `EVERY` for all that are wrong of a row or a column.

        Where documents can have several options the cell's names say of which option it is.
        """
        if EVERY in (label, predicted):
            return tuple(i for i in self.wrong if label in (EVERY, i.label) and predicted in (EVERY, i.predicted))
        return tuple(item for item in self.items if (item.label, item.predicted) == (label, predicted))

    def of_option(self, option: str) -> tuple[ClassItem, ...]:
        """The documents that are judged wrong by an option, where they can have several."""
        return tuple(item for item in self.wrong if item.option == option)

    def confusion(self, option: str = "") -> tuple[tuple[str, ...], list[list[int]]]:
        """The names and the counts: rows are the labels, columns the predictions.

        Args:
            option: whose table it is, where documents can have several.
        """
        if not self.several:
            return self.labels, self.figures["confusion"]["counts"]
        names = (option, without(option))
        counts = Counter((item.label, item.predicted) for item in self.items if item.option == option)
        return names, [[counts[label, predicted] for predicted in names] for label in names]


def without(option: str) -> str:
    """What a document is called that has not an option of several."""
    return f"not {option}"


def look(folder: Path, split: str | None = None) -> ClassReview:
    """Read the errors of a class run's folder.

    Args:
        folder: the run's.
        split: None takes the first of test, validation and train that has labels and predictions.

    Raises:
        InputProblem: there are no predictions on labelled documents, or a file is damaged.
    """
    request = Request.read(folder)
    field = request.fields[0]
    names = run_reader.sides_read(folder)
    chosen = split or next((name for name in names if class_report.judged(folder, name, field.options)), "")
    if not chosen:
        raise InputProblem(
            f"Run {folder.name} has no labelled documents with predictions.",
            "Label documents of the validation or the test side, then train again.",
        )
    cases = class_report.judged(folder, chosen, field.options)
    items = _items_of_options(cases, field.options) if field.multiple else [_item(case) for case in cases]
    items = list(
        _with_weights(items, {case.document: case.words for case in cases}, speaking_words.read(folder, chosen))
    )
    return ClassReview(
        folder.name,
        field.id,
        chosen,
        names,
        tuple(field.options),
        class_report.evaluate_run(folder, chosen),
        tuple(sorted(items, key=lambda item: (-item.probability, item.document))),
        {case.document: (case.name, len(case.words)) for case in cases},
        field.multiple,
        # of the documents that it was trained on a model has learned the errors
        tuple(_doubts(cases, items, field)) if chosen != "train" else (),
    )


def _item(case: ClassCase) -> ClassItem:
    label, predicted = case.option or "", case.predicted
    return ClassItem(
        case.document, case.name, joined(case.words), label, predicted, case.probabilities[predicted],
        case.probabilities.get(label, 0.0),
    )  # fmt: skip


def _items_of_options(cases: Sequence[ClassCase], options: Sequence[str]) -> list[ClassItem]:
    items = []
    for case in cases:
        text = joined(case.words)
        for option in options:
            share = case.probabilities.get(option, 0.0)
            label = option if option in case.options else without(option)
            predicted = option if share >= several.THRESHOLD else without(option)
            sure = max(share, 1 - share)
            items.append(
                ClassItem(
                    case.document, case.name, text, label, predicted, sure, sure if label == predicted else 1 - sure,
                    option,
                )
            )  # fmt: skip
    return items


def _with_weights(
    items: Sequence[ClassItem],
    words: Mapping[int, tuple[str, ...]],
    weights: Mapping[tuple[int, str], tuple[float, ...]],
) -> Iterator[ClassItem]:
    """The items with what each word speaks for, where the run kept it."""
    for item in items:
        own = weights.get((item.document, item.option or item.predicted), ())
        if len(own) == len(words[item.document]):
            is_against = bool(item.option) and item.predicted != item.option
            shown = tuple(-weight for weight in own) if is_against else own
            yield dataclasses.replace(item, words=words[item.document], weights=shown)
        else:
            yield item


def _doubts(cases: Sequence[ClassCase], items: Sequence[ClassItem], field: FieldSpec) -> Iterator[ClassItem]:
    if not field.multiple:
        judged = [(item.label, case.probabilities) for item, case in zip(items, cases, strict=True)]
        yield from (items[at] for at in doubtful(judged))
        return
    for option in field.options:
        own = [item for item in items if item.option == option]
        shares = [{item.label: item.of_label} | {_other(item): 1 - item.of_label} for item in own]
        yield from (own[at] for at in doubtful([(i.label, s) for i, s in zip(own, shares, strict=True)]))


def _other(item: ClassItem) -> str:
    return without(item.option) if item.label == item.option else item.option


def verdicts(workspace: Workspace, review: ClassReview) -> dict[Key, Verdict | None]:
    """Item's key -> what was done about it; None where it is not a document of this workspace."""
    ids = sorted(review.lengths)
    with workspace.db.read() as connection:
        here = {n for n, facts in label_queries.lengths(connection, ids).items() if facts == review.lengths[n]}
        now = label_queries.classified(connection, review.field)
        confirmed = label_queries.confirmed(connection, review.field)
        waiting = label_queries.queued(connection)
    known: dict[Key, Verdict | None] = {}
    for item in review.items:
        if item.document not in here:
            known[item.key] = None
        elif _is_changed(item, now.get(item.document, ())):
            known[item.key] = Verdict.FIXED
        elif item.document in confirmed:
            known[item.key] = Verdict.CONFIRMED
        else:
            known[item.key] = Verdict.QUEUED if item.document in waiting else Verdict.OPEN
    return known


def _is_changed(item: ClassItem, now: Sequence[str]) -> bool:
    """Whether the label is another one than the run's."""
    if item.option:
        return (item.label == item.option) != (item.option in now)
    return item.label not in now


def confirm(workspace: Workspace, review: ClassReview, item: ClassItem) -> None:
    """Say that a document's label is right, as an act of its history, which can be undone there.

    Where it can have several options all that it has are right.

    Raises:
        Conflict: another person changed the document just now.
    """
    editor = DocumentEditor(workspace, item.document)
    editor.act("confirm", acts.confirm_class(editor.state, review.field))


def enqueue(workspace: Workspace, review: ClassReview, item: ClassItem) -> int:
    """Put a document into the open relabel round, or a new one, and open it anew; returns the round.

    Raises:
        Conflict: another person changed the document just now.
    """
    doubt = "label in doubt: " if item.key in {doubted.key for doubted in review.doubts} else ""
    reason = f"{doubt}labelled {item.label}, taken for {item.predicted} ({item.probability:.0%})"
    entry = QueueEntry(0, item.document, 1, item.probability, (reason,), {review.field: item.of_label})
    return rounds.put_back(workspace, review.run, entry)
