"""What the Doctor looks at and what it finds: evidence, findings, actions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from workbench.evaluation.comparison import Figure
from workbench.evaluation.doctor.data_facts import DataStatistics
from workbench.runs.config import families


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
    """A thing to do. `changes` maps dotted keys to new values; a data task has none."""

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
        return tuple(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in self.evidence.items())


def _shown(value: object) -> str:
    """A fact as it is read: figures with three digits."""
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_shown, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(part)}" for key, part in value.items())
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
        figure: the F1 of the evaluation, and what it was measured on.
        peers: the same of the other runs, by name.
    """

    events: Sequence[Mapping[str, Any]] = ()
    report: Mapping[str, Any] = field(default_factory=dict)
    data: DataStatistics | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    figure: Figure | None = None
    peers: Mapping[str, Figure] = field(default_factory=dict)

    def get(self, key: str, default: Any) -> Any:
        """A configuration value by its dotted key; the default where it is missing or left to the base."""
        value: Any = self.config
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return default if value is None else value

    def of(self, type: str) -> list[Mapping[str, Any]]:
        """The events of a type, in order."""
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
        """All changes together; where two actions want the same key, the earlier counts."""
        combined: dict[str, Any] = {}
        for finding in self.findings:
            for action in finding.actions:
                if action.target is target:
                    combined = {**action.changes, **combined}
        return combined


Rule = Callable[[Evidence], Finding | None]
"""A finding carries the name of its rule; a rule that lacks its evidence returns None."""
