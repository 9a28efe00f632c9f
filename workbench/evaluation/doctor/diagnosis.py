"""The diagnosis of a run: the evidence from its folder, and what every rule finds in it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from storage import events
from workbench.evaluation.comparison import Figure, Figures
from workbench.evaluation.doctor import data_rules, training_rules
from workbench.evaluation.doctor.actions import counted
from workbench.evaluation.doctor.classes import facts as class_facts
from workbench.evaluation.doctor.classes import rules as class_rules
from workbench.evaluation.doctor.classes import training_rules as class_training_rules
from workbench.evaluation.doctor.data_facts import statistics
from workbench.evaluation.doctor.findings import Diagnosis, Evidence, Finding, Rule, Severity, Waiting
from workbench.predictions.run_reader import read_dataset, read_labelled
from workbench.runs import parquet
from workbench.runs.state import RunFolder

RULES: dict[str, Rule] = {rule.__name__: rule for rule in (*training_rules.RULES, *data_rules.RULES)}
"""Rule's name -> rule, in the order in which they are applied."""

CLASS_RULES: dict[str, Rule] = {rule.__name__: rule for rule in (*class_rules.RULES, *class_training_rules.RULES)}
"""Those for a run that tells what whole documents are."""


def diagnose(evidence: Evidence) -> Diagnosis:
    """What the rules find, what matters most first; without a problem the run is healthy.

    Too few measured documents come before everything, as they put all the other figures in doubt; hints come last.
    Where it is known which documents want labels, no action asks for others.
    """
    rules = RULES if evidence.classes is None else CLASS_RULES
    findings = [finding for rule in rules.values() if (finding := rule(evidence))]
    if (waiting := evidence.waiting) is not None:
        findings = [replace(f, actions=tuple(counted(action, waiting) for action in f.actions)) for f in findings]
    return Diagnosis(tuple(sorted(findings, key=_rank)))


def _rank(finding: Finding) -> tuple[bool, bool]:
    return finding.severity is not Severity.PROBLEM, finding.rule != data_rules.small_evaluation.__name__


def examine(
    folder: Path,
    report: Mapping[str, Any] | None = None,
    waiting: Waiting | None = None,
    figure: Figure | None = None,
    peers: Figures | None = None,
) -> Evidence:
    """The evidence that a run folder holds, whatever state the run is in; what is missing stays empty.

    Args:
        folder: the run's.
        report: its evaluation; None takes that of report.json where it is there.
        waiting: what could be labelled now, where it is known.
        figure: the F1 of its evaluation, and what that was measured on.
        peers: the same of the runs shown beside it, by name.
    """
    from workbench.runs.config.request import Request  # loads pydantic

    request = Request.read(folder)
    run = RunFolder(folder)
    of_classes = request.config.model.task == parquet.CLASSES
    if report is None:
        report = run.read_report().get(parquet.CLASSES if of_classes else "evaluation") or {}
    if of_classes:
        split = report.get("split", "validation")
        return Evidence(
            events=tuple(events.iterate(run.events)),
            report=report,
            config=request.config.model_dump(mode="json"),
            waiting=waiting,
            classes=class_facts.statistics(folder, split, multiple=request.fields[0].multiple),
        )
    predicted = run.predictions.is_file()
    split = report.get("split", "validation")
    evaluated = read_labelled(folder, split, boxes=False) if predicted else read_dataset(folder, split)
    return Evidence(
        events=tuple(events.iterate(run.events)),
        report=report,
        data=statistics(read_dataset(folder, "train"), [case for case in evaluated if case.labelled], split, predicted),
        config=request.config.model_dump(mode="json"),
        types={field.id: field.type for field in request.fields},
        waiting=waiting,
        figure=figure,
        peers=peers or {},
    )
