"""How many documents that would have passed without review had to be corrected when people labelled them later."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from storage import document_list, label_queries
from storage.records import Span
from workbench.evaluation import metrics
from workbench.fields import FieldType, chunks_of, tags_of, values
from workbench.predictions import calibration, run_reader
from workbench.predictions.cases import Case, Chunk
from workbench.workspace import Workspace


@run_reader.uncollected()
def measure(workspace: Workspace, folder: Path, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Of a run's pool, the documents that are labelled now.

    A document is corrected when a value on it differs from the run's, or is missing there. Values of fields that the
    run was not trained on do not count.

    Args:
        workspace: with today's labels.
        folder: the run's.
        figures: its evaluation, with the temperatures and the thresholds.

    Returns:
        {"processed": documents of the pool that were labelled since, "passed": of these, by the thresholds,
        "corrected": of the passed, "rate": corrected / passed, None where none passed}
    """
    types = {field.id: field.type for field in workspace.schema}
    limits = {name: row and row["confidence"] for name, row in figures["thresholds"]["fields"].items()}
    cases = _labelled_since(workspace, folder)
    passed, corrected = [], []
    for case in cases:
        confidences: dict[str, float] = {}
        for chunk in case.predicted:
            confidence = _scaled(figures["calibration"], chunk)
            confidences[chunk.field] = max(confidence, confidences.get(chunk.field, 0.0))
        if calibration.passes(confidences, limits, figures["thresholds"]["expected"]):
            passed.append(case.document)
        kinds = {chunk.field: types.get(chunk.field, FieldType.TEXT) for chunk in (*case.gold, *case.predicted)}
        if any(metrics.value_right(case, name, kind, values.same) is False for name, kind in kinds.items()):
            corrected.append(case.document)
    return {
        "processed": len(cases),
        "passed": len(passed),
        "corrected": len(set(passed) & set(corrected)),
        "rate": calibration.rollback_rate(passed, corrected),
    }


def _labelled_since(workspace: Workspace, folder: Path) -> list[Case]:
    """The documents of a run's pool that are labelled now, with these labels."""
    trained = run_reader.fields_labelled(folder)
    with workspace.db.read() as connection:
        done = frozenset(document_list.ids(connection, document_list.Filter("labelled")))
    cases = list(run_reader.stream_cases(folder, "pool", done))
    ids = [case.document for case in cases]
    with workspace.db.read() as connection:
        facts, now = label_queries.lengths(connection, ids), label_queries.labels(connection, ids)
    relabelled = []
    for case in cases:
        if facts.get(case.document) == (case.name, len(case.words)):  # else the run comes from another workspace
            spans = [Span(name, tokens) for name, tokens in now[case.document] if name in trained]
            gold = tuple(Chunk(*chunk) for chunk in chunks_of(tags_of(spans, len(case.words))))
            relabelled.append(run_reader.judgeable(replace(case, gold=gold), trained))
    return relabelled


def _scaled(measured: Mapping[str, Any], chunk: Chunk) -> float:
    own = measured["fields"].get(chunk.field) or measured
    return calibration.scale(chunk.confidence, own["temperature"])
