"""How many known values a model reads right: of any workspace that has known values, before anything is labelled.

Known values come from e-invoices, from expected values beside a PDF, or from a table (`workbench values`). What is
offered for a field is compared with them by the field's own comparison (`values.same`): 1.234,50 is 1234.50.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from storage import document_list, documents
from storage.exceptions import RunProblem
from storage.records import SURE, Content, Split
from workbench.evaluation import prediction_process
from workbench.fields import FieldType, dates
from workbench.fields.values import joined, normalise, same
from workbench.locate import language
from workbench.predictions import calibration, run_reader, suggestions
from workbench.runs.suggestions_file import Proposal
from workbench.workspace import Workspace

_TRAINED = (Split.TRAIN, Split.VALIDATION)


@dataclass(frozen=True, slots=True)
class Judged:
    """A known value, and what is offered for it ("" and 0.0: nothing)."""

    document: str
    language: str
    layout: str
    field: str
    known: str
    offered: str
    confidence: float
    right: bool

    @property
    def sure_and_wrong(self) -> bool:
        """Whether it is wrong and looks sure."""
        return bool(self.offered) and not self.right and self.confidence > SURE


def evaluate(
    workspace: Workspace, model: str, on: Split | None = None, tick: prediction_process.Tick | None = None
) -> dict[str, Any]:
    """The figures of a model on the documents with known values.

    Args:
        workspace: with known values; its labels do not count.
        model: "starter", a model folder, or a run. Documents that a run was trained or measured on while it was
            trained are left out.
        on: only the documents of this side.

    Raises:
        RunProblem: no document has a known value, or the run was trained on all of them.
    """
    source = prediction_process.model_of(workspace, model)
    used = _trained_on(source)
    with workspace.db.read() as connection:
        numbers = document_list.with_known_values(connection, on)
        known = {number: documents.open_document(connection, number) for number in numbers}
    fresh = {number: content for number, content in known.items() if content.document.name not in used}
    if not known:
        raise RunProblem(
            "No document has known values.", "`workbench values TABLE` brings them in; e-invoices have their own."
        )
    if not fresh:
        raise RunProblem(
            f"{model} was trained on all documents that have known values.", "Import others, or ask the starter."
        )
    with prediction_process.reading(workspace, source, {Split.POOL: tuple(fresh)}, tick) as folder:
        proposals = prediction_process.proposed(workspace, folder)
    types = {field.id: field.type for field in workspace.schema.spans}
    judged = [row for number, content in fresh.items() for row in judge(content, proposals.get(number, []), types)]
    return figures(judged) | {"model": model, "left_out": len(known) - len(fresh)}


def _trained_on(source: str) -> frozenset[str]:
    """The names of the documents that a model's run was trained or measured on."""
    folder = suggestions.source_run(source)
    if folder is None:
        return frozenset()
    return frozenset(case.name for split in _TRAINED for case in run_reader.read_dataset(folder, split.value))


def judge(content: Content, proposals: Iterable[Proposal], types: Mapping[str, FieldType]) -> list[Judged]:
    """What is offered for each known value of a document.

    A field with several known values (of several sources) counts once, and each of them is right.
    """
    offers = {field: (joined(content.tokens[t].text for t in tokens), sure) for field, tokens, sure in proposals}
    values: dict[str, list[str]] = {}
    for reference in content.references:
        if reference.field in types:
            values.setdefault(reference.field, []).append(reference.value)
    document = content.document
    day_first = dates.day_first_on(token.text for token in content.tokens)
    spoken = document.language or language.guess(token.text for token in content.tokens) or "unknown"
    layout = document.group or next(iter(values.get("seller_name", ())), document.name)
    rows = []
    for field, known in values.items():
        offered, sure = offers.get(field, ("", 0.0))
        meant = offered
        if types[field] is FieldType.DATE and offered:
            meant = normalise(FieldType.DATE, offered, day_first=day_first).normal or offered
        right = bool(offered) and any(same(types[field], meant, value) for value in known)
        rows.append(Judged(document.name, spoken, layout, field, known[0], offered, sure, right))
    return rows


def figures(judged: Iterable[Judged]) -> dict[str, Any]:
    """`right`, `known`, `wrong`, `missing`, `sure`, `sure_wrong`, `ece`; the same by field, language and layout.

    `one_a_layout` counts the first document (by name) of every layout. `wrong_values` lists what is offered and wrong,
    the surest first.
    """
    rows = list(judged)
    first: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: row.document):
        first.setdefault(row.layout, row.document)
    wrong = sorted((row for row in rows if row.offered and not row.right), key=lambda row: -row.confidence)
    return _counts(rows) | {
        "documents": len({row.document for row in rows}),
        "fields": _by(rows, "field"),
        "languages": _by(rows, "language"),
        "layouts": _by(rows, "layout"),
        "one_a_layout": _counts([row for row in rows if first[row.layout] == row.document]),
        "wrong_values": [
            {"document": r.document, "field": r.field, "offered": r.offered, "known": r.known,
             "confidence": round(r.confidence, 4)}
            for r in wrong
        ],
    }  # fmt: skip


def _by(rows: list[Judged], attribute: str) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Judged]] = {}
    for row in rows:
        groups.setdefault(getattr(row, attribute), []).append(row)
    return {name: _counts(groups[name]) for name in sorted(groups)}


def _counts(rows: list[Judged]) -> dict[str, Any]:
    offered = [row for row in rows if row.offered]
    right = sum(row.right for row in rows)
    return {
        "right": right,
        "wrong": len(offered) - right,
        "missing": len(rows) - len(offered),
        "known": len(rows),
        "sure": sum(row.confidence > SURE for row in offered),
        "sure_wrong": sum(row.sure_and_wrong for row in offered),
        "ece": calibration.expected_calibration_error([(row.confidence, row.right) for row in offered]),
    }
