"""The Doctor's rules about how a class run was trained: its losses, and what it learned by heart."""

import math
from itertools import pairwise
from statistics import fmean, median
from typing import Any

from workbench.evaluation.doctor import training_rules
from workbench.evaluation.doctor.actions import RETRAIN, larger_batch, lower_rate, more_dropout, more_warmup
from workbench.evaluation.doctor.findings import Action, Evidence, Finding, Rule

_LAST = 3  # evaluations that a statement about "the end" looks at
_LOGGED = 8  # logged losses that a statement about their course needs


def overfitting(evidence: Evidence) -> Finding | None:
    """Training texts are known by heart, validation texts are not."""
    if not evidence.losses:  # counting words takes no steps
        return None
    pairs = [
        (event["train"]["f1"], event["validation"]["f1"])
        for event in evidence.evaluations
        if (event.get("train") or {}).get("f1") is not None and event["validation"].get("f1") is not None
    ][-_LAST:]
    if not pairs:
        return None
    train, validation = (fmean(side) for side in zip(*pairs, strict=True))
    if train < 0.9 or train - validation < 0.1:
        return None
    facts: dict[str, Any] = {"train_f1": train, "validation_f1": validation, "evaluations": len(pairs)}
    losses = evidence.curve("validation", "loss")
    if losses and losses[-1] > 1.2 * min(losses):
        facts |= {"lowest_validation_loss": min(losses), "last_validation_loss": losses[-1]}
    if evidence.classes:
        facts["train_documents"] = evidence.classes.documents.get("train", 0)
    actions = [lower_rate(evidence, 0.5), *more_dropout(evidence, hidden=0.3)]
    if evidence.get("train.freeze", "none") == "none":
        frozen = {"train.freeze": "head_only"}
        actions.append(Action("head only", "Train the head alone", RETRAIN, changes=frozen))
    return Finding(
        "overfitting",
        "The model has memorised its training texts and does worse on others",
        facts,
        "There are too few texts for so many steps at this rate, or their labels do not follow from what they say.",
        tuple(actions),
    )


def rate_too_high(evidence: Evidence) -> Finding | None:
    """Losses that break off, rise, stay at the level of guessing, or jump about."""
    facts = _instability(evidence)
    if not facts:
        return None
    factor = 0.5 if evidence.learning_rate < 4 * evidence.usual_rate else evidence.usual_rate / evidence.learning_rate
    actions = [lower_rate(evidence, factor), *more_warmup(evidence, 0.1), larger_batch(evidence)]
    clip = evidence.get("train.max_grad_norm", 1.0)
    if not 0 < clip <= 1:
        actions.append(Action("clip gradients", "Clip gradients at 1", RETRAIN, changes={"train.max_grad_norm": 1.0}))
    return Finding(
        "rate_too_high",
        "The training does not settle: its loss breaks off, stays high, or jumps about",
        {"learning_rate": evidence.learning_rate, "usual_learning_rate": evidence.usual_rate, **facts},
        "Its steps are too large: the learning rate is too high, or the batch too small.",
        tuple(actions),
    )


def _instability(evidence: Evidence) -> dict[str, Any]:
    losses, guess = evidence.losses, _guess(evidence)
    broken = sum(event.get("loss") is None for event in evidence.of("step"))
    failed = " ".join(f"{e.get('title', '')} {e.get('message', '')}" for e in evidence.of("failed")).casefold()
    if broken or any(word in failed for word in ("diverg", "nan", "explod")):
        return {"broken_steps": broken, "logged_steps": len(losses) + broken}
    if len(losses) < _LOGGED:
        return {}
    parts = _parts(losses)
    low = min(parts)
    if parts[-1] > 1.5 * low and parts[-1] - low > 0.15 * guess:
        return {"lowest_loss": low, "last_loss": parts[-1]}
    if evidence.learning_rate < 2 * evidence.usual_rate:
        return {}
    late = losses[len(losses) // 2 :]
    if min(parts[2:]) > 0.9 * guess:
        return {"loss_of_guessing": guess, "last_loss": parts[-1]}
    jump = fmean(abs(b - a) for a, b in pairwise(late))
    if fmean(late) > 0.15 * guess and jump > 0.4 * fmean(late):
        return {"mean_late_loss": fmean(late), "mean_jump": jump}
    return {}


def warmup_missing(evidence: Evidence) -> Finding | None:
    """Without a warm-up the first steps made the loss higher than guessing is."""
    losses, guess = evidence.losses, _guess(evidence)
    if evidence.get("train.warmup_ratio", 0.0) or evidence.get("train.warmup_steps", 0) or len(losses) < _LOGGED:
        return None
    early = losses[: max(3, len(losses) // 4)]
    if max(early) < 1.3 * guess:
        return None
    facts = {"loss_of_guessing": guess, "highest_early_loss": max(early), "learning_rate": evidence.learning_rate}
    return Finding(
        "warmup_missing",
        "The first steps threw away what the encoder had learned: the loss rose above that of guessing",
        facts,
        "The rate began at its full height, where a new head sends large gradients through the encoder.",
        (*more_warmup(evidence, 0.1), lower_rate(evidence, 0.5)),
    )


def learning_rate_low(evidence: Evidence) -> Finding | None:
    """Even the training texts are not learned, at a rate far below the usual."""
    if not evidence.losses or _instability(evidence):
        return None
    return training_rules.learning_rate_low(evidence)


def ended_early(evidence: Evidence) -> Finding | None:
    """The run ended while validation was still rising."""
    return training_rules.ended_early(evidence) if evidence.losses else None


def _guess(evidence: Evidence) -> float:
    """The loss of guessing every class alike, in nats."""
    labels = next((event.get("labels") for event in evidence.of("prepared")), None) or ["", ""]
    return math.log(2 if evidence.report.get("multiple") else max(2, len(labels)))


def _parts(losses: list[float]) -> list[float]:
    """Medians of eight equal stretches: a single wild step does not count."""
    edges = [round(i * len(losses) / _LOGGED) for i in range(_LOGGED + 1)]
    return [median(losses[a:b]) for a, b in pairwise(edges)]


RULES: tuple[Rule, ...] = (
    overfitting,
    rate_too_high,
    warmup_missing,
    learning_rate_low,
    ended_early,
    training_rules.out_of_memory,
)
