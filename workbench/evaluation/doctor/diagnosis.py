"""The diagnosis of a run: the evidence from its folder, and what every rule finds in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storage import events
from workbench.evaluation.doctor import data_rules, training_rules
from workbench.evaluation.doctor.data_facts import statistics
from workbench.evaluation.doctor.findings import Diagnosis, Evidence, Rule, Severity
from workbench.predictions.run_reader import read_dataset, read_labelled
from workbench.runs.state import RunFolder

RULES: dict[str, Rule] = {rule.__name__: rule for rule in (*training_rules.RULES, *data_rules.RULES)}
"""Rule's name -> rule, in the order in which they are applied."""


def diagnose(evidence: Evidence) -> Diagnosis:
    """What the rules find, problems first; without a problem the run is healthy."""
    findings = [finding for rule in RULES.values() if (finding := rule(evidence))]
    return Diagnosis(tuple(sorted(findings, key=lambda finding: finding.severity is not Severity.PROBLEM)))


def examine(
    folder: Path, report: Mapping[str, Any] | None = None, peers: Mapping[str, float] | None = None
) -> Evidence:
    """The evidence that a run folder holds, whatever state the run is in; what is missing stays empty.

    Args:
        folder: the run's.
        report: its evaluation; None takes that of report.json where it is there.
        peers: F1 of the runs shown beside it, by name.
    """
    from workbench.runs.config.request import Request  # loads pydantic

    request = Request.read(folder)
    run = RunFolder(folder)
    if report is None:
        report = run.read_report().get("evaluation") or {}
    predicted = run.predictions.is_file()
    split = report.get("split", "validation")
    evaluated = read_labelled(folder, split, boxes=False) if predicted else read_dataset(folder, split)
    return Evidence(
        events=tuple(events.iterate(run.events)),
        report=report,
        data=statistics(read_dataset(folder, "train"), [case for case in evaluated if case.labelled], split, predicted),
        config=request.config.model_dump(mode="json"),
        types={field.id: field.type for field in request.fields},
        peers=peers or {},
    )
