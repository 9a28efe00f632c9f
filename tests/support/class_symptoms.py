"""Tiny class runs that are really trained and really have a fault, for the Doctor to name. Loads torch."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import symptoms, tiny_model
from workbench.runs import parquet
from workbench.runs.config.files import from_dict
from workbench.runs.config.request import Request

SIGNS = {"claim": "total", "other": "item", "rare": "date"}
Text = tuple[list[str], str]
"""Words and label."""
Change = Callable[[list[Text], random.Random], list[Text]]


def texts(shares: Mapping[str, int], draw: random.Random) -> list[Text]:
    """So many texts of each class: a sign of the class among words that mean nothing."""
    made = []
    for label, count in shares.items():
        for _ in range(count):
            words = [symptoms.word(draw) for _ in range(9)]
            made.append(([*words[:4], SIGNS[label], *words[4:]], label))
    draw.shuffle(made)
    return made


def as_they_are(made: list[Text], draw: random.Random) -> list[Text]:
    return made


def signless(made: list[Text], draw: random.Random) -> list[Text]:
    """Nothing in a text says what it is: it can be learned by heart and not otherwise."""
    return [([symptoms.word(draw) for _ in words], label) for words, label in made]


def mislabelled(made: list[Text], draw: random.Random) -> list[Text]:
    """Every sixth text has the other label."""
    other = {"claim": "other", "other": "claim"}
    return [(words, other[label] if n % 6 == 0 else label) for n, (words, label) in enumerate(made)]


def endless(made: list[Text], draw: random.Random) -> list[Text]:
    """Every eighth text has a word that is longer than a window."""
    return [([*words, "a" * 100] if n % 8 == 0 else words, label) for n, (words, label) in enumerate(made)]


def rare_unlike(made: list[Text], draw: random.Random) -> list[Text]:
    """Three of four texts of the rare class have the sign of another one."""
    return [
        ([SIGNS["other"] if word == SIGNS["rare"] and n % 4 else word for word in words], label)
        for n, (words, label) in enumerate(made)
    ]


EVEN = {"claim": 40, "other": 40}


@dataclass(frozen=True)
class Scenario:
    """A run to be trained, and the rules that have to speak (none for a healthy run)."""

    rules: Sequence[str] = ()
    train: Mapping[str, int] = field(default_factory=lambda: EVEN)
    measured: Mapping[str, int] = field(default_factory=lambda: EVEN)
    family: str = "baseline"
    settings: Mapping[str, Any] = field(default_factory=dict)  # of `train`
    trained: Change = as_they_are
    tested: Change = as_they_are
    copied: int = 0  # training texts that are measured as well


def run(folder: Path, scenario: Scenario) -> Path:
    """Train a scenario's run in this process."""
    draw = random.Random(7)
    train = scenario.trained(texts(scenario.train, draw), draw)
    sides = {
        "train": train,
        "validation": scenario.tested(texts(scenario.measured, draw), draw),
        "test": [*train[: scenario.copied], *scenario.tested(texts(scenario.measured, draw), draw)],
    }
    number = 0
    for side, made in sides.items():
        rows = []
        for words, label in made:
            number += 1
            count = len(words)
            rows.append(
                parquet.FrozenDocument(
                    document=number, name=str(number), language="en", page_sizes=[[0.0, 0.0]], words=words,
                    boxes=[[0] * 4] * count, lines=[0] * count, pages=[0] * count, confidences=[1.0] * count,
                    classes=[label], pictures=[""],
                )
            )  # fmt: skip
        parquet.write(folder / "dataset" / f"{side}.parquet", rows)
    model: dict[str, Any] = {"task": "classes", "family": scenario.family}
    if scenario.family == "text":
        model |= {"name": str(tiny_model.base(folder, "text")), "classifier_dropout": 0.0}
    config = from_dict(
        {
            "model": model,
            "train": {
                "learning_rate": 3e-3, "num_train_epochs": 8, "per_device_train_batch_size": 8, "logging_steps": 1,
                "gradient_accumulation_steps": 1, "device": "cpu", "bf16": False, "eval_strategy": "epoch",
                "early_stopping_patience": 0, "warmup_ratio": 0.1, "warmup_steps": 0, **scenario.settings,
            },
            "regularization": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
            "data": {"max_length": 48, "window_stride": 4},
        }
    )  # fmt: skip
    options = list(scenario.train)
    fields = [{"id": "kind", "name": "KIND", "type": "text", "kind": "class", "options": options}]
    request = Request(run=folder.name, fields=fields, config=config, threads=1, niceness=0)
    (folder / "request.yaml").write_text(request.text(), encoding="utf-8")
    symptoms.train(folder)
    return folder


RARE = {"claim": 150, "other": 150, "rare": 8}
SCENARIOS = {
    "healthy": Scenario(),
    "one class swallows": Scenario(
        ("majority_class", "imbalance", "averages_differ"), {"claim": 6, "other": 200}, {"claim": 10, "other": 60},
        trained=signless, tested=signless,
    ),
    "a rare class": Scenario(
        ("imbalance", "class_missed"), RARE, {"claim": 40, "other": 40, "rare": 20}, trained=rare_unlike,
        tested=rare_unlike,
    ),
    "texts on both sides": Scenario(("duplicates_across_sides",), copied=8),
    "wrong labels": Scenario(("label_noise",), tested=mislabelled),
    "five to measure on": Scenario(("small_evaluation",), measured={"claim": 3, "other": 2}, tested=mislabelled),
    "learned by heart": Scenario(
        ("overfitting",), {"claim": 8, "other": 8}, {"claim": 15, "other": 15}, family="text", trained=signless,
        tested=signless, settings={"num_train_epochs": 24, "learning_rate": 5e-3},
    ),
    "rate far too high": Scenario(
        ("rate_too_high", "warmup_missing"), family="text",
        settings={"learning_rate": 0.1, "warmup_ratio": 0.0, "max_grad_norm": 0.0, "num_train_epochs": 4},
    ),
    "words that are cut": Scenario(
        ("texts_cut",), measured={"claim": 8, "other": 8}, family="text",
        trained=endless, tested=endless, settings={"num_train_epochs": 1},
    ),
}  # fmt: skip
