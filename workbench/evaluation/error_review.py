"""The errors of a run as the analyst walks through them: what the errors screen shows, without a screen.

A review is read from the run folder once. What people did since (labels fixed, labels confirmed, documents queued) is
compared with it whenever it is shown, so that nothing about it has to be kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from storage import label_queries
from storage.exceptions import InputProblem
from storage.label_queries import Place
from storage.records import Decision, QueueEntry
from storage.suggestions import keep_suggestions
from workbench.annotation import acts, rounds
from workbench.annotation.editor import DocumentEditor
from workbench.evaluation import error_analysis, metrics
from workbench.evaluation.error_analysis import Concentration, ErrorRecord, FailingVendor
from workbench.evaluation.label_errors import Suspect, suspects
from workbench.evaluation.metrics import ErrorKind
from workbench.predictions import cases, run_reader
from workbench.predictions.cases import NONE, Chunk
from workbench.runs.state import MEASURED_FIRST
from workbench.workspace import Workspace

ERRORS = tuple(kind for kind in ErrorKind if kind is not ErrorKind.CORRECT)
TOTAL = "all"
"""The row of all fields."""


class Verdict(StrEnum):
    """What people did about an error since the run."""

    OPEN = ""
    FIXED = "fixed"  # the label was wrong, and was changed
    CONFIRMED = "confirmed"  # the label is right, the model is wrong
    QUEUED = "queued"  # the document waits in a relabel round


@dataclass(frozen=True, slots=True)
class ErrorItem:
    """A line of a list: an error, or a label to doubt."""

    document: int
    name: str
    group: str
    kind: str  # an ErrorKind's value, or "doubt"
    gold_field: str
    predicted_field: str
    gold: Place | None
    predicted: Place | None
    gold_value: str
    predicted_value: str
    confidence: float
    snippet: tuple[str, str, str]
    marks: tuple[str, ...]  # "window edge", "truncated", "several lines"
    labelled: frozenset[tuple[str, int]] = frozenset()  # (field, word) of labels at the prediction, as frozen
    record: ErrorRecord | None = None

    @property
    def field(self) -> str:
        """The field that the item is counted under."""
        return self.predicted_field if self.gold_field == NONE else self.gold_field

    @property
    def tokens(self) -> tuple[int, ...]:
        """Where the document opens: at the prediction, where there is one."""
        place = self.predicted or self.gold
        assert place is not None
        return place[1]


@dataclass(frozen=True)
class ErrorReview:
    """All that the errors screen shows of a run on a split."""

    run: str
    split: str
    splits: tuple[str, ...]  # that can be looked at
    documents: int
    f1: float
    items: tuple[ErrorItem, ...]
    doubts: tuple[ErrorItem, ...]
    matrix: Mapping[str, Mapping[ErrorKind, int]]
    confusion: Mapping[str, Mapping[str, int]]
    vendors: tuple[FailingVendor, ...]
    concentrations: tuple[Concentration, ...]
    lengths: Mapping[int, tuple[str, int]] = field(repr=False)  # document -> (name, words): which document is meant

    def of_document(self, number: int) -> tuple[ErrorItem, ...]:
        """The errors and the doubts of a document."""
        return tuple(item for item in (*self.items, *self.doubts) if item.document == number)

    def of_cell(self, name: str, kind: ErrorKind | None) -> tuple[ErrorItem, ...]:
        """The errors of a cell of the matrix; TOTAL and None stand for all fields and all kinds."""
        return tuple(
            item
            for item in self.items
            if (name == TOTAL or item.field == name) and (kind is None or item.kind == kind.value)
        )

    def of_pair(self, gold: str, predicted: str) -> tuple[ErrorItem, ...]:
        """The errors of a cell of the confusion matrix; on its diagonal are boundary errors."""
        return tuple(item for item in self.items if (item.gold_field, item.predicted_field) == (gold, predicted))

    def of_vendor(self, vendor: str) -> tuple[ErrorItem, ...]:
        """The errors on a vendor's documents."""
        return tuple(item for item in self.items if item.group == vendor)

    @property
    def groups(self) -> tuple[FailingVendor | Concentration, ...]:
        """Where errors pile up, the vendors that fail altogether first."""
        return (*self.vendors, *self.concentrations)

    def of_group(self, group: FailingVendor | Concentration) -> tuple[ErrorItem, ...]:
        """The errors that a sentence about groups is about."""
        if isinstance(group, FailingVendor):
            return self.of_vendor(group.vendor)
        return tuple(
            item
            for item in self.items
            if item.record is not None
            and item.field == group.field
            and error_analysis.member(item.record, group.dimension) in group.members
        )


@run_reader.uncollected()
def look(folder: Path, split: str | None = None) -> ErrorReview:
    """Read the errors of a run folder.

    Args:
        folder: the run's.
        split: None takes the first of test, validation and train that has labels and predictions.

    Raises:
        InputProblem: there are no predictions on labelled documents, or a file is damaged.
    """
    chosen, documents = "", []
    for chosen in (split,) if split else MEASURED_FIRST:
        documents = run_reader.read_labelled(folder, chosen, boxes=False)
        if documents:
            break
    if not documents:
        remedy = "Label documents of the validation or the test side, then train again."
        if split:
            raise run_reader.none_predicted(folder, split, remedy)
        raise InputProblem(f"Run {folder.name} has no labelled documents with predictions.", remedy)
    judged = error_analysis.judge(documents, run_reader.read_vendors(folder, "train"))
    records = error_analysis.find(judged)
    pairs = [pair for document in judged for pair in document.pairs]
    by_document = {case.document: case for case in documents}
    return ErrorReview(
        run=folder.name,
        split=chosen,
        splits=run_reader.sides_read(folder),
        documents=len(documents),
        f1=metrics.micro(documents).f1,
        items=tuple(_item(record, by_document[record.document]) for record in records),
        doubts=tuple(_doubt(suspect, by_document[suspect.document]) for suspect in suspects(documents)),
        matrix=error_analysis.matrix(pairs),
        confusion=error_analysis.confusion(pairs),
        vendors=tuple(error_analysis.failing_vendors(judged)),
        concentrations=tuple(error_analysis.concentrations(judged, records)),
        lengths={case.document: (case.name, len(case.words)) for case in documents},
    )


def _place(chunk: Chunk | None) -> Place | None:
    return (chunk.field, chunk.words) if chunk else None


def _labelled(case: cases.Case, predicted: Chunk | None) -> frozenset[tuple[str, int]]:
    words = predicted.words if predicted else ()
    return frozenset((chunk.field, word) for chunk in case.gold for word in words if chunk.start <= word < chunk.stop)


def _item(record: ErrorRecord, case: cases.Case) -> ErrorItem:
    marks = (
        ("window edge", record.window_edge),
        ("truncated", record.truncated),
        ("several lines", record.several_lines),
    )
    return ErrorItem(
        record.document,
        record.name,
        record.group,
        record.kind.value,
        record.gold_field,
        record.predicted_field,
        _place(record.gold),
        _place(record.predicted),
        record.gold_value,
        record.predicted_value,
        record.confidence,
        record.snippet,
        tuple(name for name, on in marks if on),
        _labelled(case, record.predicted),
        record,
    )


def _doubt(suspect: Suspect, case: cases.Case) -> ErrorItem:
    """A label to doubt, with the whole spans that stand at its worst word."""
    gold = next((c for c in case.gold if c.start <= suspect.word < c.stop), None)
    predicted = next((c for c in case.predicted if c.start <= suspect.word < c.stop), None)
    alone = Chunk(suspect.predicted_field, suspect.word, suspect.word + 1, suspect.certainty)
    if predicted is None and suspect.predicted_field != NONE:
        predicted = alone
    start = min(c.start for c in (gold, predicted, alone) if c)
    stop = max(c.stop for c in (gold, predicted, alone) if c)
    return ErrorItem(
        suspect.document,
        suspect.name,
        case.group,
        "doubt",
        suspect.gold_field,
        suspect.predicted_field,
        _place(gold),
        _place(predicted),
        case.text(gold) if gold else "",
        case.text(predicted) if predicted else "",
        suspect.certainty,
        error_analysis.around(case, start, stop),
        (f"{suspect.words} words in doubt",) if suspect.words > 1 else (),
        _labelled(case, predicted),
    )


# --- what people did since --------------------------------------------------------------------------------------


def verdicts(workspace: Workspace, review: ErrorReview) -> dict[int, Verdict | None]:
    """What was done about every item, by `id(item)`; None where the document is not in this workspace.

    A label that differs from the one when the run started counts as fixed, no matter where it was changed.
    """
    items = (*review.items, *review.doubts)
    ids = sorted({item.document for item in items})
    with workspace.db.read() as connection:
        here = {n for n, facts in label_queries.lengths(connection, ids).items() if facts == review.lengths[n]}
        now = label_queries.labels(connection, sorted(here))
        rejected = label_queries.decided(connection, ids, Decision.REJECTED, review.run)
        affirmed = label_queries.decided(connection, ids, Decision.ACCEPTED, review.run)
        waiting = label_queries.queued(connection)
    verdict_of: dict[int, Verdict | None] = {}
    for item in items:
        number = item.document
        if number not in here:
            verdict_of[id(item)] = None
        elif _changed(item, now[number]):
            verdict_of[id(item)] = Verdict.FIXED
        elif item.predicted in rejected.get(number, ()) or (
            item.predicted is None and item.gold in affirmed.get(number, ())
        ):
            verdict_of[id(item)] = Verdict.CONFIRMED
        else:
            verdict_of[id(item)] = Verdict.QUEUED if number in waiting else Verdict.OPEN
    return verdict_of


def _changed(item: ErrorItem, now: set[Place]) -> bool:
    if item.gold is not None:
        return not _stands(item.gold, now)
    # nothing was labelled for it; what overlaps it was perhaps: the border of another label
    words = set(item.tokens)
    return item.labelled != {(name, word) for name, tokens in now for word in words.intersection(tokens)}


def _stands(place: Place, now: set[Place]) -> bool:
    """Whether a label is still there, no longer and no shorter. One value may be several spans, one span several."""
    name, words = place[0], set(place[1])
    spans = [set(tokens) for field, tokens in now if field == name and words.intersection(tokens)]
    labelled = set().union(*spans)
    longer = any(word - 1 in words or word + 1 in words for word in labelled - words)
    return words <= labelled and not longer


def propose(workspace: Workspace, review: ErrorReview, item: ErrorItem) -> None:
    """Put the prediction beside the labels as an open suggestion, to be taken or rejected there."""
    if item.predicted is not None:
        proposal = (*item.predicted, item.confidence)
        with workspace.db.write() as connection:
            keep_suggestions(connection, review.run, {item.document: [proposal]}, replaces=(review.run,))


def confirm(workspace: Workspace, review: ErrorReview, item: ErrorItem) -> None:
    """Confirm that the label is right: the prediction is rejected, or, where there is none, the label affirmed.

    It is an act in the document's history, which can be undone there.
    """
    place = item.predicted or item.gold
    assert place is not None
    with workspace.db.write() as connection:
        proposals = {item.document: [(*place, item.confidence)]}
        keep_suggestions(connection, review.run, proposals, replaces=(review.run,), settled=item.predicted is None)
    editor = DocumentEditor(workspace, item.document)
    for suggestion in editor.content.suggestions:
        if (suggestion.field, suggestion.tokens) == place and suggestion.decision is Decision.OPEN:
            if item.predicted is not None:
                after = acts.reject(editor.state, suggestion)
            else:
                after = acts.affirm(editor.state, suggestion)
            editor.act("confirm", after)
            return


def enqueue(workspace: Workspace, review: ErrorReview, item: ErrorItem) -> int:
    """Put the document into the open relabel round (or a new one) and open it anew; returns the round.

    Raises:
        Conflict: another person changed the document just now.
    """
    reason = f"{item.field}: labelled “{item.gold_value or '–'}”, predicted “{item.predicted_value or '–'}”"
    entry = QueueEntry(0, item.document, 1, item.confidence, (reason,), {item.field: item.confidence})
    return rounds.put_back(workspace, review.run, entry)


# --- tables -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldLine:
    field: str
    counts: Mapping[ErrorKind, int]

    @property
    def wrong(self) -> int:
        return sum(self.counts[kind] for kind in ERRORS)

    def share(self, kind: ErrorKind | None) -> float:
        """Of all judged spans of the field, how many went wrong so (None: at all), 0..1."""
        total = sum(self.counts.values())
        return (self.wrong if kind is None else self.counts[kind]) / total if total else 0.0


def lines(review: ErrorReview, order: str = "errors") -> list[FieldLine]:
    """The matrix's rows and, last, the row of all fields.

    Args:
        order: "field", "errors" (most first), an ErrorKind's value (most first), or "share" of what went wrong.
    """
    rows = [FieldLine(name, counts) for name, counts in review.matrix.items()]
    keys: dict[str, Any] = {
        "field": lambda line: line.field,
        "errors": lambda line: (-line.wrong, line.field),
        "share": lambda line: (-line.share(None), line.field),
    }
    if order in keys:
        rows.sort(key=keys[order])
    else:
        rows.sort(key=lambda line: (-line.counts[ErrorKind(order)], line.field))
    total = {kind: sum(line.counts[kind] for line in rows) for kind in ErrorKind}
    return [*rows, FieldLine(TOTAL, total)]


def fields_of(review: ErrorReview) -> list[str]:
    """Fields in the confusion matrix, "none" last."""
    names = {*review.confusion, *(name for row in review.confusion.values() for name in row)}
    return sorted(names, key=lambda name: (name == NONE, name))


def label_errors(review: ErrorReview, known: Mapping[int, Verdict | None]) -> tuple[int, int]:
    """(errors whose label was fixed since, errors in all)."""
    return sum(known.get(id(item)) is Verdict.FIXED for item in review.items), len(review.items)
