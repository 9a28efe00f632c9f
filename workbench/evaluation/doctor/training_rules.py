"""The Doctor's rules about the curves and the configuration: how the training went."""

import math
from itertools import pairwise
from statistics import fmean, median
from typing import Any

from workbench.evaluation import comparison
from workbench.evaluation.doctor.actions import (
    RETRAIN,
    larger_batch,
    lower_rate,
    merged_lines,
    more_dropout,
    more_warmup,
    windows,
)
from workbench.evaluation.doctor.findings import Action, Evidence, Finding, Rule, Severity, Target

_LAST = 3  # evaluations that a statement about "the end" looks at


def overfitting(evidence: Evidence) -> Finding | None:
    """Train F1 high, validation F1 low."""
    pairs = [
        (event["train"]["f1"], event["validation"]["f1"])
        for event in evidence.evaluations
        if (event.get("train") or {}).get("f1") is not None and event["validation"].get("f1") is not None
    ][-_LAST:]
    if not pairs:
        return None
    train, validation = (fmean(side) for side in zip(*pairs, strict=True))
    if train < 0.85 or train - validation < 0.1:
        return None
    facts: dict[str, Any] = {"train_f1": train, "validation_f1": validation, "evaluations": len(pairs)}
    vendors = sorted((evidence.data.vendors.get("train") or {}).values(), reverse=True) if evidence.data else []
    if vendors:
        facts |= {"train_vendors": len(vendors), "share_of_two_largest_vendors": sum(vendors[:2]) / sum(vendors)}
    actions = [lower_rate(evidence, 0.5), *more_dropout(evidence, hidden=0.2)]
    if not evidence.get("augmentation.box_jitter", 0.0):
        changes = {"augmentation.box_jitter": 5.0, "augmentation.header_synonyms": 0.2}
        actions.append(
            Action("augmentation", "Vary boxes and header words of the training documents", RETRAIN, changes=changes)
        )
    actions += more_warmup(evidence, 0.1)
    return Finding(
        "overfitting",
        "The model has memorised its training documents and does worse on others",
        facts,
        "The learning rate is too high, regularisation too low, or there are too few documents or vendors.",
        tuple(actions),
    )


def unstable(evidence: Evidence) -> Finding | None:
    """Losses that stay, jump, or break off."""
    facts = _instability(evidence)
    if not facts:
        return None
    factor = 0.5 if "broken_steps" in facts else 0.6
    learned = max(evidence.curve("train", "f1") or evidence.curve("validation", "f1"), default=0.0)
    if learned < 0.3 and evidence.learning_rate >= 10 * evidence.usual_rate:
        factor = evidence.usual_rate / evidence.learning_rate  # step by step down from there would take many runs
    actions = [lower_rate(evidence, factor), larger_batch(evidence)]
    actions += more_warmup(evidence, 0.1)
    if evidence.get("train.lr_scheduler_type", "linear") == "linear":
        actions.append(
            Action(
                "cosine schedule",
                "Let the learning rate fall along a cosine",
                RETRAIN,
                changes={"train.lr_scheduler_type": "cosine"},
            )
        )
    clip = evidence.get("train.max_grad_norm", 1.0)
    if not 0 < clip <= 0.5:
        clip = 0.5 if clip == 1.0 else 1.0
        actions.append(
            Action("clip gradients", f"Clip gradients at {clip:g}", RETRAIN, changes={"train.max_grad_norm": clip})
        )
    cause = "Its steps are too large: the learning rate is too high, or the batch too small."
    return Finding(
        "unstable",
        "The training does not settle: its loss stays high, jumps, or breaks off",
        facts,
        cause,
        tuple(actions),
    )


def _instability(evidence: Evidence) -> dict[str, Any]:
    losses = evidence.losses
    broken = sum(event.get("loss") is None for event in evidence.of("step"))
    failed = " ".join(f"{e.get('title', '')} {e.get('message', '')}" for e in evidence.of("failed")).casefold()
    rate = {"learning_rate": evidence.learning_rate}
    if broken or any(word in failed for word in ("diverg", "nan", "explod")):
        return {**rate, "broken_steps": broken, "logged_steps": len(losses) + broken}
    if len(losses) < 8:
        return {}
    parts = _segments(losses, 8)
    low = min(parts)
    if parts[-1] > 1.5 * low and parts[-1] > 0.3 * parts[0] and parts[-1] - low > 0.1:
        return {**rate, "lowest_loss": low, "last_loss": parts[-1]}
    learned = max(evidence.curve("train", "f1") or evidence.curve("validation", "f1"), default=None)
    flat = abs(parts[-1] - parts[4]) < 0.1 * parts[4]
    if learned is not None and learned < 0.3 and flat and evidence.learning_rate >= 2 * evidence.usual_rate:
        return {**rate, "best_train_f1": learned, "loss_half_way": parts[4], "last_loss": parts[-1]}
    scores = evidence.curve("validation", "f1")
    late = scores[len(scores) // 3 :]
    falls = [a - b for a, b in pairwise(late) if a - b > 0.08]
    if len(falls) >= 2:
        return {**rate, "falls_of_validation_f1": len(falls), "largest_fall": max(falls)}
    return {}


def _segments(values: list[float], count: int) -> list[float]:
    """Medians of equal stretches: a single wild step does not count."""
    edges = [round(i * len(values) / count) for i in range(count + 1)]
    return [median(values[a:b]) for a, b in pairwise(edges)]


def slow_convergence(evidence: Evidence) -> Finding | None:
    """Small data, and nothing learned for the first half of the run."""
    scores = evidence.curve("validation", "f1")
    documents = evidence.data.documents.get("train", 0) if evidence.data else 0
    if not 0 < documents < 500 or len(scores) < 4:
        return None
    half, best = scores[(len(scores) - 1) // 2], max(scores)
    late = scores.index(best) >= 2 * len(scores) // 3
    if best < 0.1 or half > 0.4 * best or not late:
        return None
    actions = more_warmup(evidence, 0.2)
    if evidence.learning_rate < evidence.usual_rate:
        changes = {"train.learning_rate": evidence.usual_rate}
        actions.append(
            Action(
                "raise learning rate", f"Raise the learning rate to {evidence.usual_rate:g}", RETRAIN, changes=changes
            )
        )
    if evidence.get("train.freeze", "none") == "none":
        frozen = {"train.freeze": "lowest", "train.freeze_layers": 3, "train.unfreeze_after_epochs": 2}
        actions.append(Action("freeze early", "Freeze the lowest 3 layers for 2 epochs", RETRAIN, changes=frozen))
    return Finding(
        "slow_convergence",
        "The model learned almost nothing in the first half of the run",
        {"train_documents": documents, "f1_half_way": half, "best_f1": best, "evaluations": len(scores)},
        "For so few documents the warmup is too short, or the learning rate too low.",
        tuple(actions),
    )


def learning_rate_low(evidence: Evidence) -> Finding | None:
    """Even the training documents are not learned, at a rate far below the usual."""
    scores = evidence.curve("train", "f1") or evidence.curve("validation", "f1")
    if not scores or max(scores) > 0.8 or evidence.learning_rate > evidence.usual_rate / 4 or _instability(evidence):
        return None
    rate = evidence.usual_rate
    raised = Action(
        "raise learning rate", f"Raise the learning rate to {rate:g}", RETRAIN, changes={"train.learning_rate": rate}
    )
    return Finding(
        "learning_rate_low",
        "The model did not even learn its training documents",
        {"best_train_f1": max(scores), "learning_rate": evidence.learning_rate, "usual_learning_rate": rate},
        "The learning rate is far below the usual one, so its steps were too small for the time it had.",
        (raised, *more_warmup(evidence, 0.1)),
    )


def ended_early(evidence: Evidence) -> Finding | None:
    """The run ended while validation was still rising."""
    scores = evidence.curve("validation", "f1")
    end = next(iter(evidence.of("finished")), None)
    if end is None or end.get("state") != "finished" or len(scores) < 4:
        return None
    gains = [b - a for a, b in pairwise(scores[-_LAST - 1 :])]
    if gains[-1] < 0.02 or scores[-1] < max(scores):
        return None
    facts: dict[str, Any] = {"gained_in_last_evaluations": sum(gains)}
    # A rate that falls to nothing lets every curve settle: whether training documents are still being learned
    # shows more.
    train = evidence.curve("train", "f1")[-_LAST:]
    if len(train) == _LAST and train[-1] < 0.85 and all(b - a >= 0.02 for a, b in pairwise(train)):
        facts["train_f1_at_the_end"] = train
    else:
        # A curve that settles gains less each time, by about the same ratio: what is left is a geometric series.
        ratio = min(0.9, math.sqrt(gains[-1] / gains[0])) if min(gains) > 0 else 0.0
        facts["gain_left"] = gains[-1] * ratio / (1 - ratio)
        if facts["gain_left"] < 0.03:
            return None
    wished, done = float(evidence.get("train.num_train_epochs", 15)), float(end.get("epochs") or 0.0)
    facts |= {"epochs": done, "wished_epochs": wished}
    if done < 0.9 * wished:
        patience = int(evidence.get("train.early_stopping_patience", 3))
        action = Action(
            "more patience",
            f"Stop after {2 * patience} evaluations without gain, not {patience}",
            f"{RETRAIN}, up to {wished:g} epochs",
            changes={"train.early_stopping_patience": 2 * patience, "train.early_stopping_threshold": 0.0},
        )
        cause = "Early stopping ended it too soon."
    else:
        more = math.ceil(1.5 * wished)
        action = Action(
            "more epochs",
            f"Train {more} epochs, not {wished:g}",
            f"{RETRAIN}, half as long again",
            changes={"train.num_train_epochs": more},
        )
        cause = "It had too few epochs."
    symptom = "The run ended while the model was still getting better"
    return Finding("ended_early", symptom, facts, cause, (action,))


def out_of_memory(evidence: Evidence) -> Finding | None:
    """The memory was too small, whether the run died of it or was helped."""
    messages = [
        text
        for event in (*evidence.of("failed"), *evidence.of("note"))
        if "out of memory" in (text := f"{event.get('title', '')} {event.get('message', '')}".strip()).casefold()
        or "out-of-memory" in text.casefold()
    ]
    if not messages:
        return None
    batch = evidence.get("train.per_device_train_batch_size", 4)
    steps, length = evidence.get("train.gradient_accumulation_steps", 1), evidence.get("data.max_length", 512)
    actions = []
    if length > 256:
        actions.append(
            Action(
                "shorter windows",
                f"Windows of {length // 2} sub-tokens, not {length}",
                RETRAIN,
                changes={"data.max_length": length // 2},
            )
        )
    if batch > 1:
        changes = {"train.per_device_train_batch_size": batch // 2, "train.gradient_accumulation_steps": 2 * steps}
        actions.append(
            Action(
                "smaller batch",
                f"Batches of {batch // 2}, and {2 * steps} of them a step",
                f"{RETRAIN}, somewhat slower",
                changes=changes,
            )
        )
    if not evidence.get("train.gradient_checkpointing", False):
        actions.append(
            Action(
                "gradient checkpointing",
                "Keep less in memory and compute it again",
                f"{RETRAIN}, about a third slower",
                changes={"train.gradient_checkpointing": True},
            )
        )
    facts = {"events": len(messages), "said": messages[-1], "batch": batch, "max_length": length}
    cause = "The windows are too long, the batch too large, or the model too deep for this machine."
    return Finding("out_of_memory", "The training ran out of memory", facts, cause, tuple(actions))


def truncation(evidence: Evidence) -> Finding | None:
    """Words that the model did not read."""
    cut = sum(int(event.get("truncated") or 0) for event in evidence.of("prepared"))
    truncated, of = evidence.data.truncated if evidence.data else (0, 0)
    if not cut and not truncated:
        return None
    actions = [action for action in windows(evidence) if action.id == "longer windows"]
    if evidence.get("data.window_stride", 64) < 64:
        changes = {"data.window_stride": 64}
        cost = f"{RETRAIN}, slower on long pages"
        actions.append(Action("windows", "Cut long pages into overlapping windows", cost, changes=changes))
    look = "Correct words that are longer than a window: they are rarely words"
    actions.append(Action("long words", look, "minutes, then one training run", Target.DATA, screen="annotate"))
    facts = {"truncated_in_preparation": cut, "truncated_documents": truncated, "evaluated_documents": of}
    symptom = f"Of {cut or truncated} documents the model did not see every word"
    return Finding(
        "truncation",
        symptom,
        facts,
        "Long pages were cut off instead of being divided into windows, or a word is longer than a window.",
        (*actions, *merged_lines(evidence)),
    )


def noise(evidence: Evidence) -> Finding | None:
    """A difference to another run, measured on the same documents, that these cannot carry."""
    micro = evidence.report.get("micro") or {}
    above = {name: comparison.difference(evidence.figure, peer) for name, peer in evidence.peers.items()}
    compared = {name: gain for name, gain in above.items() if gain is not None}
    if not compared or not micro.get("ci95"):
        return None
    low, high = micro["ci95"]
    name = max(compared, key=lambda name: (compared[name], name))
    gain, half = compared[name], (high - low) / 2
    if gain == 0 or abs(gain) > half:
        return None
    facts = {"f1": micro["f1"], "best_other_f1": evidence.peers[name].value, "difference": gain, "half_interval": half}
    title = f"Compare with {name} by the paired bootstrap before choosing"
    action = Action("compare paired", title, "seconds", Target.DATA, screen="runs")
    symptom = (
        f"This run and {name} cannot be told apart on the same documents: {gain:+.3f} F1, with a noise of ±{half:.3f}"
    )
    return Finding(
        "noise",
        symptom,
        facts,
        "There are too few evaluated documents to tell these runs apart.",
        (action,),
        Severity.HINT,
    )


RULES: tuple[Rule, ...] = (
    overfitting,
    unstable,
    slow_convergence,
    learning_rate_low,
    ended_early,
    out_of_memory,
    truncation,
    noise,
)
