"""Actions that several rules advise."""

import math
from dataclasses import replace

from workbench.evaluation.doctor.findings import Action, Evidence, Target, Waiting

RETRAIN = "one training run"
_USUAL = (5e-5, 3e-5, 2e-5, 1e-5)


def _rounded(rate: float) -> float:
    """A learning rate rounded to the handbook's steps where one is near, else to two digits."""
    nearest = min(_USUAL, key=lambda usual: abs(math.log(usual / rate)))
    return nearest if abs(math.log(nearest / rate)) < math.log(1.25) else float(f"{rate:.1e}")


def lower_rate(evidence: Evidence, factor: float) -> Action:
    """A learning rate of about `factor` times the present one."""
    rate = _rounded(evidence.learning_rate * factor)
    title = f"Lower the learning rate from {evidence.learning_rate:g} to {rate:g}"
    return Action("lower learning rate", title, RETRAIN, changes={"train.learning_rate": rate})


def more_warmup(evidence: Evidence, ratio: float) -> list[Action]:
    """A longer warmup, where the present one is shorter."""
    if evidence.get("train.warmup_ratio", 0.0) >= ratio or evidence.get("train.warmup_steps", 0):
        return []
    return [
        Action("more warmup", f"Warm up over {ratio:.0%} of the steps", RETRAIN, changes={"train.warmup_ratio": ratio})
    ]


def larger_batch(evidence: Evidence) -> Action:
    """Twice the effective batch by accumulation, which needs no memory."""
    steps = evidence.get("train.gradient_accumulation_steps", 1)
    return Action(
        "larger effective batch",
        f"Accumulate {2 * steps} batches before a step, not {steps}",
        f"{RETRAIN}, with half the steps an epoch",
        changes={"train.gradient_accumulation_steps": 2 * steps},
    )


def more_dropout(evidence: Evidence, hidden: float) -> list[Action]:
    """A step up of the head's dropout (to 0.3 at most) and of the hidden layers' (to `hidden` at most)."""
    actions = []
    for key, most, name in (
        ("model.classifier_dropout", 0.3, "head dropout"),
        ("regularization.hidden_dropout_prob", hidden, "hidden dropout"),
    ):
        now = evidence.get(key, 0.1)
        new = 0.2 if now < 0.2 else most
        if new > now:
            text, cost = f"Raise the {name} from {now:g} to {new:g}", f"{RETRAIN}, slower on a CPU"
            actions.append(Action(f"more {name}", text, cost, changes={key: new}))
    return actions


def windows(evidence: Evidence) -> list[Action]:
    """Longer windows, or ones that overlap more; none where every page fits into one."""
    if evidence.data and not evidence.data.windowed[0] and evidence.data.windowed[1]:
        return []
    length, stride = evidence.get("data.max_length", 512), evidence.get("data.window_stride", 64)
    longest = min(512, evidence.positions)
    if length < longest:
        return [
            Action(
                "longer windows",
                f"Windows of {longest} sub-tokens, not {length}",
                f"{RETRAIN}, slower and more memory",
                changes={"data.max_length": longest},
            )
        ]
    wider = min(max(64, 2 * stride), length // 2)
    if wider <= stride:
        return []
    return [
        Action(
            "more overlap",
            f"Let windows overlap by {wider} sub-tokens, not {stride}",
            f"{RETRAIN}, some slower",
            changes={"data.window_stride": wider},
        )
    ]


def merged_lines(evidence: Evidence) -> list[Action]:
    """Line merging, where it is off and would merge something."""
    if evidence.get("data.merge_lines", False):
        return []
    if evidence.data and not evidence.data.torn[0] and evidence.data.torn[1]:
        return []
    return [
        Action(
            "merge lines",
            "Merge the tokens of a line that belong together (numbers, amounts)",
            RETRAIN,
            changes={"data.merge_lines": True},
        )
    ]


def layout_augmentation() -> Action:
    """Other boxes, angles and header words, for layouts that training has not."""
    changes = {"augmentation.box_jitter": 8.0, "augmentation.rotation": 1.0, "augmentation.header_synonyms": 0.3}
    return Action("layout augmentation", "Vary layout, angle and header words", RETRAIN, changes=changes)


def task(id: str, title: str, cost: str = "labelling time, then one training run", screen: str = "queue") -> Action:
    """A task for people, done on a screen ("" where a command does it)."""
    return Action(id, title, cost, Target.DATA, screen=screen)


def labelling(id: str, title: str, cost: str, **documents: str) -> Action:
    """Label certain documents, which are not for the queue to choose."""
    return Action(id, title, cost, Target.DATA, screen="annotate", documents=documents)


def counted(action: Action, waiting: Waiting) -> Action:
    """A labelling task with the documents that there are for it; where there are none, the task of importing some."""
    if action.target is not Target.DATA or not (action.documents or action.screen == "queue"):
        return action
    split = action.documents.get("split", "pool")
    count = waiting.on("train" if split == "pool" else split, action.documents.get("group"))
    if count:
        return replace(action, title=f"{action.title} ({count:,} wait{'s' if count == 1 else ''} for labels)")
    title = f"Import more documents first: none of these waits for labels. Then: {action.title}"
    return replace(action, title=title, screen="", documents={})
