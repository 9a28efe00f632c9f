"""What the Doctor looks at and what it finds: evidence, findings, actions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from workbench.evaluation.comparison import Figure
from workbench.evaluation.doctor.classes.facts import ClassData
from workbench.evaluation.doctor.data_facts import DataStatistics
from workbench.runs.config import families


class Severity(StrEnum):
    """How much a finding matters."""

    PROBLEM = "problem"  # it costs quality, or the figures cannot be believed
    HINT = "hint"  # to be known when the figures are read


class Target(StrEnum):
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
    documents: Mapping[str, str] = field(default_factory=dict)
    """To be labelled there: of this "split" and "group"; or those most "like" the documents of a vendor."""

    @property
    def leads(self) -> bool:
        """Whether the screens can do it or go where it is done; otherwise it is for people, or a command does it."""
        return self.target is not Target.DATA or bool(self.screen or self.documents)


@dataclass(frozen=True, slots=True)
class Finding:
    """A symptom that the evidence shows, why it is likely so, and what to do, in this order."""

    rule: str
    symptom: str  # a sentence, without its full stop
    evidence: Mapping[str, Any]  # name -> number (or short text); never empty
    cause: str  # a sentence
    actions: tuple[Action, ...]
    severity: Severity = Severity.PROBLEM
    phrases: tuple[str, ...] = ()  # the evidence as it is read, where its names depend on fields or vendors

    @property
    def facts(self) -> tuple[str, ...]:
        """The evidence as it is read."""
        return self.phrases or tuple(_phrase(name, value) for name, value in self.evidence.items())


_PHRASES = {
    "train_f1": "F1 {:.2f} on training documents",
    "validation_f1": "F1 {:.2f} on validation",
    "evaluations": "{} evaluations",
    "train_vendors": "{} vendors in training",
    "share_of_two_largest_vendors": "{:.0%} of their documents come from the two largest",
    "learning_rate": "learning rate {:g}",
    "usual_learning_rate": "usual learning rate {:g}",
    "lowest_validation_loss": "lowest loss on validation {:.3g}",
    "last_validation_loss": "last {:.3g}",
    "loss_of_guessing": "guessing has a loss of {:.2f}",
    "highest_early_loss": "highest early loss {:.2f}",
    "mean_late_loss": "mean loss of the second half {:.2f}",
    "mean_jump": "it jumps by {:.2f} from step to step",
    "broken_steps": "{} steps without a loss",
    "logged_steps": "{} steps logged",
    "lowest_loss": "lowest loss {:.3g}",
    "last_loss": "last loss {:.3g}",
    "loss_half_way": "loss half way {:.3g}",
    "best_train_f1": "best F1 on training documents {:.2f}",
    "falls_of_validation_f1": "F1 on validation fell {} times",
    "largest_fall": "at most by {:.2f}",
    "train_documents": "{} training documents",
    "f1_half_way": "F1 half way {:.2f}",
    "best_f1": "best F1 {:.2f}",
    "gained_in_last_evaluations": "{:+.3f} F1 in the last evaluations",
    "train_f1_at_the_end": "F1 on training documents at the end {}",
    "gain_left": "about {:+.3f} F1 still to gain",
    "epochs": "{:g} epochs",
    "wished_epochs": "{:g} wished",
    "events": "{} messages",
    "said": "“{}”",
    "batch": "batches of {}",
    "max_length": "windows of {} sub-tokens",
    "truncated_in_preparation": "{} cut when they were prepared",
    "truncated_documents": "{} of the measured documents cut",
    "evaluated_documents": "{} documents measured",
    "f1": "F1 {:.3f}",
    "best_other_f1": "F1 of the other {:.3f}",
    "difference": "difference {:+.3f}",
    "half_interval": "noise ±{:.3f}",
    "wrong_several_lines": "{:.0%} of the values over several lines are wrong",
    "values_several_lines": "{} such values",
    "wrong_window_edges": "{:.0%} of the values at window edges are wrong",
    "values_window_edges": "{} such values",
    "wrong_one_line": "{:.0%} of the values on one line are wrong",
    "language": "{}",
    "best_language_f1": "F1 elsewhere {:.2f}",
    "share_of_training": "{:.0%} of the training documents",
    "seen_f1": "F1 {:.2f} on vendors of the training",
    "unseen_f1": "F1 {:.2f} on other vendors",
    "seen_documents": "{} documents of the first",
    "unseen_documents": "{} of the others",
    "share_without_field": "{:.0%} of the words have no field",
    "precision": "precision {:.2f}",
    "recall": "recall {:.2f}",
    "share_of_documents_of_training_vendors": "{:.0%} of the measured documents are of vendors of the training",
    "near_duplicates": "{} repeat a training document",
    "suspected_documents": "{} documents with a label in doubt",
    "documents": "{} documents",
    "training_documents_under": "{} training documents read badly",
    "training_documents": "of {}",
    "limit": "read with a confidence under {}",
    "f1_lost": "F1 lower by {:.2f} on such documents",
    "interval_low": "at least {:.2f}",
    "interval_high": "at most {:.2f}",
}
"""How a piece of evidence is read."""


def _phrase(name: str, value: Any) -> str:
    if isinstance(value, (list, tuple)):
        value = ", ".join(f"{part:.2f}" for part in value)
    return _PHRASES.get(name, name.replace("_", " ") + " {}").format(value)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Documents of a workspace that want labels: (side, vendor) -> how many."""

    counts: Mapping[tuple[str, str], int]

    def on(self, side: str, vendor: str | None = None) -> int:
        """Of a side ("train", "validation", "test"), and of a vendor where one is named."""
        return sum(n for (at, name), n in self.counts.items() if at == side and vendor in (None, name))


@dataclass(frozen=True)
class Evidence:
    """What is known of a run. Anything may be missing; then the rules that need it are silent.

    Attributes:
        events: the run's events (storage/events.py), in order.
        report: the evaluation (workbench/evaluation/report.py).
        data: statistics of the frozen data.
        classes: those of a run that tells what whole documents are; `data` is None then.
        config: the configuration as nested mappings (model, train, regularization, data, augmentation).
        types: field id -> type's name.
        waiting: what could be labelled now; None where it is not known.
        figure: the F1 of the evaluation, and what it was measured on.
        peers: the same of the other runs, by name.
    """

    events: Sequence[Mapping[str, Any]] = ()
    report: Mapping[str, Any] = field(default_factory=dict)
    data: DataStatistics | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    waiting: Waiting | None = None
    figure: Figure | None = None
    peers: Mapping[str, Figure] = field(default_factory=dict)
    classes: ClassData | None = None

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
        for finding in findings:
            finding.pop("phrases")
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
