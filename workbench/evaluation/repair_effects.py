"""What the rules that repair predictions do on labelled documents: how much each repairs and breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from workbench.evaluation.metrics import micro
from workbench.fields import FieldType
from workbench.predictions import repair_rules
from workbench.predictions.cases import Case
from workbench.predictions.repair_rules import Change, Rules


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule did over many documents."""

    rule: str
    changes: int
    repaired: int  # right now and wrong before, or a wrong chunk dropped
    broke: int  # wrong now and right before
    f1_without: float  # strict micro F1 with this rule alone switched off
    f1_with: float  # with all rules that are on

    @property
    def hurts(self) -> bool:
        """Whether the figures are better without it."""
        return self.f1_with < self.f1_without


def judge(case: Case, change: Change) -> int:
    """1 when a change repaired, -1 when it broke, 0 when it changed nothing that counts."""
    before = change.before is not None and change.before in case.gold
    after = change.after is not None and change.after in case.gold
    if change.after is None:
        return -1 if before else 1
    if change.before is None:
        return 1 if after else -1
    return after - before


def effects(cases: Sequence[Case], types: Mapping[str, FieldType], rules: Rules | None = None) -> dict[str, Effect]:
    """Rule -> what it repaired and broke, for the rules that are on.

    The figures of validation decide their use.
    """
    rules = rules or Rules()
    applied = [(case, *repair_rules.apply(case, types, rules)) for case in cases]
    f1_with = micro(repaired for _, repaired, _ in applied).f1
    measured = {}
    for name in (name for name, on in asdict(rules).items() if on is True):
        verdicts = [judge(case, change) for case, _, changes in applied for change in changes if change.rule == name]
        f1_without = f1_with
        if verdicts:
            off = replace(rules, **{name: False})
            f1_without = micro(repair_rules.apply(case, types, off)[0] for case in cases).f1
        measured[name] = Effect(name, len(verdicts), verdicts.count(1), verdicts.count(-1), f1_without, f1_with)
    return measured
