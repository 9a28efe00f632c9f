"""The Doctor: from what a run left behind to findings, each with its evidence, cause, and actions in order.

Pure functions. The rules are in `doctor_rules` (curves and configuration) and `doctor_data` (data and labels), each
registered under an id with `rule`. A rule that lacks its evidence says nothing; no finding is an answer: healthy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from workbench.evaluation.doctor.data_facts import DataStatistics
from workbench.evaluation.metrics import Interval
from workbench.runs.config import families

__all__ = ["Action", "DataStatistics", "Diagnosis", "Evidence", "Finding", "Severity", "Target", "diagnose", "rule"]


class Severity(StrEnum):
    """How much a finding matters."""

    PROBLEM = "problem"  # it costs quality, or the figures cannot be believed
    HINT = "hint"  # to be known when the figures are read


class Target(StrEnum):
    """What an action changes."""

    CONFIG = "config"  # the next run's configuration
    POSTPROCESS = "postprocess"  # rules after the model; no new training
    DATA = "data"  # a task for people


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. `changes` maps dotted keys to new values; a data task has none."""

    id: str  # stable, for the memory of what it did: "lower learning rate"
    title: str
    cost: str
    target: Target = Target.CONFIG
    changes: Mapping[str, Any] = field(default_factory=dict)
    screen: str = ""  # of a data task: where it is done ("" when a command does it)
    documents: Mapping[str, str] = field(default_factory=dict)  # to be labelled there: of this "split" or "group"


@dataclass(frozen=True, slots=True)
class Finding:
    """A symptom that the evidence shows, why it is likely so, and what to do, in this order."""

    rule: str
    symptom: str
    evidence: Mapping[str, Any]  # name -> number (or short text); never empty
    cause: str
    actions: tuple[Action, ...]
    severity: Severity = Severity.PROBLEM

    @property
    def facts(self) -> tuple[str, ...]:
        """The evidence as it is read."""
        return tuple(f"{name.replace('_', ' ')} {_told(value)}" for name, value in self.evidence.items())


def _told(value: object) -> str:
    """A fact as it is read: figures with three digits."""
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_told, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_told(one)}" for key, one in value.items())
    return str(value)


@dataclass(frozen=True)
class Evidence:
    """What is known of a run. Anything may be missing; then the rules that need it are silent.

    Attributes:
        events: the run's events (storage/events.py), in order.
        report: the evaluation (workbench/evaluation/report.py).
        data: statistics of the frozen data.
        config: the configuration as nested mappings (model, train, regularization, data, augmentation).
        types: field id -> type's name.
        peers: F1 of the runs that are shown beside this one, by name.
    """

    events: Sequence[Mapping[str, Any]] = ()
    report: Mapping[str, Any] = field(default_factory=dict)
    data: DataStatistics | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    peers: Mapping[str, float] = field(default_factory=dict)

    def get(self, key: str, default: Any) -> Any:
        """A configuration value by its dotted key; the default where it is missing or left to the base."""
        value: Any = self.config
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return default if value is None else value

    def of(self, type: str) -> list[Mapping[str, Any]]:
        """The events of one type, in order."""
        return [event for event in self.events if event["type"] == type]

    @cached_property
    def evaluations(self) -> list[Mapping[str, Any]]:
        """The evaluations that carry validation figures."""
        return [event for event in self.of("evaluated") if event.get("validation")]

    def curve(self, side: str, figure: str) -> list[float]:
        """A figure ("f1", "loss") over the evaluations, on "train" or "validation"."""
        values = [(event.get(side) or {}).get(figure) for event in self.evaluations]
        return [value for value in values if value is not None]

    @cached_property
    def losses(self) -> list[float]:
        """The training loss of every logged step; a number that is none (NaN) is left out."""
        return [event["loss"] for event in self.of("step") if event.get("loss") is not None]

    @property
    def learning_rate(self) -> float:
        """The configured peak."""
        return float(self.get("train.learning_rate", 5e-5))

    @property
    def positions(self) -> int:
        """Sub-tokens that the model can read at once."""
        base = families.base(self.get("model.family", "layoutlmv3"), self.get("model.name", ""))
        return int(self.get("model.max_position_embeddings", base.positions if base else 512))

    @property
    def usual_rate(self) -> float:
        """What the handbook gives as a good learning rate; small models take more."""
        parameters = next((event.get("parameters") for event in self.of("prepared")), None)
        if parameters is not None and parameters < 5_000_000:
            return 1e-3
        if self.get("model.family", "layoutlmv3") == "starter":
            return 1e-4  # it has been trained on invoices already
        return 3e-4 if (parameters or 1e9) < 40_000_000 else 5e-5


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings, problems first."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether no problem was found; hints do not count."""
        return not any(finding.severity is Severity.PROBLEM for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Stable keys for `--json`."""
        findings = [asdict(finding) for finding in self.findings]
        for action in (action for finding in findings for action in finding["actions"]):
            action["room"] = action.pop("screen")  # the key that scripts know
        return {"healthy": self.healthy, "findings": findings}

    def changes(self, target: Target = Target.CONFIG) -> dict[str, Any]:
        """All changes together; where two actions want the same key, the earlier one counts."""
        combined: dict[str, Any] = {}
        for finding in self.findings:
            for action in finding.actions:
                if action.target is target:
                    combined = {**action.changes, **combined}
        return combined


Rule = Callable[[Evidence], Finding | None]
RULES: dict[str, Rule] = {}


def rule(id: str) -> Callable[[Rule], Rule]:
    """Register a rule under its id; its findings must carry the same."""

    def register(function: Rule) -> Rule:
        RULES[id] = function
        return function

    return register


def diagnose(evidence: Evidence) -> Diagnosis:
    """Ask every rule."""
    from workbench.evaluation.doctor import (
        data_rules,  # noqa: F401  they register themselves
        training_rules,  # noqa: F401  they register themselves
    )

    found = [finding for function in RULES.values() if (finding := function(evidence))]
    return Diagnosis(tuple(sorted(found, key=lambda finding: finding.severity is not Severity.PROBLEM)))


def examine(
    folder: Path, report: Mapping[str, Any] | None = None, peers: Mapping[str, float] | None = None
) -> Evidence:
    """The evidence that a run folder holds, whatever state the run is in; what is missing stays empty.

    Args:
        folder: the run's.
        report: its evaluation; None takes that of report.json where it is there.
        peers: F1 of the runs shown beside it, by name.
    """
    import json

    from storage import events
    from workbench.evaluation.doctor.data_facts import statistics
    from workbench.predictions.run_reader import read_dataset, read_labelled
    from workbench.runs.config.files import Request

    request = Request.read(folder)
    kept = folder / "report.json"
    if report is None:
        report = (json.loads(kept.read_text(encoding="utf-8")).get("evaluation") or {}) if kept.is_file() else {}
    predicted = (folder / "predictions.parquet").is_file()
    split = report.get("split", "validation")
    evaluated = read_labelled(folder, split, boxes=False) if predicted else read_dataset(folder, split)
    return Evidence(
        events=tuple(events.iterate(folder / "events.jsonl")),
        report=report,
        data=statistics(read_dataset(folder, "train"), [case for case in evaluated if case.labelled], split, predicted),
        config=request.config.model_dump(mode="json"),
        types={field.id: field.type for field in request.fields},
        peers=peers or {},
    )


# --- the memory of what actions did -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """What a run changed against the run it came from. Actions taken together are judged together."""

    actions: tuple[str, ...]  # ids, sorted
    difference: float  # of micro F1, after - before
    ci95: Interval | None = None  # by the paired bootstrap (metrics.compare)

    def sentence(self) -> str:
        """As it is said when the run ends."""
        about = f" (95 % between {self.ci95[0]:+.3f} and {self.ci95[1]:+.3f})" if self.ci95 else ""
        unsure = self.ci95 is not None and self.ci95[0] <= 0 <= self.ci95[1]
        return f"{' + '.join(self.actions)}: {self.difference:+.3f} F1{about}{', within the noise' if unsure else ''}"


def taken(diagnosis: Diagnosis, before: Evidence, after: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the actions that a later configuration has taken up in full, at least one change of them new."""
    later = Evidence(config=after)
    ids = {
        action.id
        for finding in diagnosis.findings
        for action in finding.actions
        if action.changes
        and all(later.get(key, None) == value for key, value in action.changes.items())
        and any(before.get(key, None) != value for key, value in action.changes.items())
    }
    return tuple(sorted(ids))


def remember(
    memory: Sequence[ActionOutcome], actions: Sequence[str], before: float, after: float, ci95: Interval | None = None
) -> tuple[ActionOutcome, ...]:
    """The memory with one more outcome; nothing is added when no action was taken."""
    return (*memory, ActionOutcome(tuple(sorted(actions)), after - before, ci95)) if actions else tuple(memory)


_TIMES = {1: "once", 2: "twice"}
_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def summaries(memory: Sequence[ActionOutcome]) -> dict[str, str]:
    """Action(s) -> what they did here so far, as in "lower learning rate: +0.021 F1, better twice of two"."""
    effects: dict[str, list[float]] = {}
    for outcome in memory:
        effects.setdefault(" + ".join(outcome.actions), []).append(outcome.difference)
    said = {}
    for name, differences in effects.items():
        better, count = sum(difference > 0 for difference in differences), len(differences)
        of = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
        times = _TIMES.get(better, f"{better} times") if better else "never"
        said[name] = f"{name}: {fmean(differences):+.3f} F1, better {times} of {of}"
    return said
