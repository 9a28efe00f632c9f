"""What the Doctor's actions did before: which of them a later run took up, and how its F1 changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from workbench.evaluation.bootstrap import Interval
from workbench.evaluation.doctor.findings import Diagnosis, Evidence


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """What a run changed against the run it came from. Actions taken together are judged together."""

    actions: tuple[str, ...]  # ids, sorted
    difference: float  # of micro F1, after - before
    ci95: Interval | None = None  # by the paired bootstrap (bootstrap.compare)

    def sentence(self) -> str:
        """For the analyst, when the run has ended."""
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


_TIMES = {1: "once", 2: "twice"}
_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def summaries(outcomes: Sequence[ActionOutcome]) -> dict[str, str]:
    """Action(s) -> what they did here so far, as in "lower learning rate: +0.021 F1, better twice of two"."""
    effects: dict[str, list[float]] = {}
    for outcome in outcomes:
        effects.setdefault(" + ".join(outcome.actions), []).append(outcome.difference)
    summary = {}
    for name, differences in effects.items():
        better, count = sum(difference > 0 for difference in differences), len(differences)
        of = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
        times = _TIMES.get(better, f"{better} times") if better else "never"
        summary[name] = f"{name}: {fmean(differences):+.3f} F1, better {times} of {of}"
    return summary
