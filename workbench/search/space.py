"""What a search varies: settings with the range or the choices that each may take. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from storage.exceptions import ConfigProblem
from workbench.runs.config import draft
from workbench.runs.config import files as config_files
from workbench.runs.config.tune import TuneConfig

_RANGE = re.compile(r"\s*(?P<low>[^\s.]\S*?)\s*\.\.\s*(?P<high>\S+?)(?P<log>\s+log)?\s*")
_MOST_LETTERS = 10_000  # of a setting's values
_EXAMPLE = "Write a range as train.learning_rate=1e-5..2e-4 log, or choices as train.lr_scheduler_type=linear,cosine."
MEDIUM, LARGE = 10_000, 100_000
SLOTS = "slots="
"""Before the number of runs that work at a time, where a search is ordered in one line."""
"""Training documents from which the handbook's ranges for medium and large data hold."""
FROM_A_HUB = frozenset({"layoutlmv3", "layoutlm", "lilt", "text"})
"""Families whose learning rates the handbook gives; the program's own small models learn at higher ones."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A setting that is varied: a range (both ends belong to it), or choices as they are typed."""

    key: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[str, ...] = ()

    def text(self) -> str:
        """As `parse` reads it."""
        if self.choices:
            return f"{self.key}={','.join(self.choices)}"
        return f"{self.key}={_short(self.low)}..{_short(self.high)}{' log' * self.log}"

    def place_of(self, config: TuneConfig) -> float | int | str | None:
        """The configuration's value as the search has it; None where it lies outside."""
        value = _value(config, self.key)
        if self.choices:
            typed = draft.shown(value)
            return typed if typed in self.choices else None
        if not isinstance(value, int | float) or isinstance(value, bool) or not self.low <= value <= self.high:
            return None
        return int(value) if self.whole else float(value)


def _short(number: float) -> str:
    """As short as it can be without becoming another number."""
    short = f"{number:g}"
    return short if float(short) == number else repr(number).removesuffix(".0")


def _value(config: TuneConfig, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)


def parse(text: str, base: TuneConfig) -> Dimension:
    """A dimension from `KEY=LOW..HIGH [log]` or `KEY=A,B,C`.

    Args:
        text: of the dimension.
        base: the configuration that is varied; its other settings must allow the ends and every choice.

    Raises:
        ConfigProblem: not of that shape, no such setting, or a value that cannot be.
    """
    key, equals, values = (part.strip() for part in text.partition("="))
    key = config_files.RENAMED.get(key, key)
    if not equals or not values or len(values) > _MOST_LETTERS:
        raise ConfigProblem(f"{text[:80]!r} does not say what a setting may be.", _EXAMPLE)
    if key not in draft.SETTINGS:
        raise ConfigProblem(f"{key[:80]} is not a setting{config_files.nearest(key) or '.'}", _EXAMPLE)
    kind = draft.SETTINGS[key].type
    if ends := _RANGE.fullmatch(values):
        if kind not in ("float", "int"):
            raise ConfigProblem(f"{key} is not a number and has no range.", _EXAMPLE)
        low, high = _number(key, ends["low"]), _number(key, ends["high"])
        log = bool(ends["log"])
        if not low < high or (log and low <= 0):
            raise ConfigProblem(
                f"{key}: {values[:80]} is no range{' on a logarithmic scale' * (log and low <= 0)}.", _EXAMPLE
            )
        dimension = Dimension(key, low, high, log, kind == "int" or _counts_epochs(key, low, high))
        tried: Iterable[str] = (_typed(dimension, low), _typed(dimension, high))
    else:
        choices = tuple(dict.fromkeys(value.strip() for value in values.split(",") if value.strip()))
        if len(choices) < 2:
            raise ConfigProblem(f"{key}: a search needs two values or more.", _EXAMPLE)
        dimension, tried = Dimension(key, choices=choices), choices
    for value in tried:
        config_files.apply_sets(base, [f"{key}={value}"])
    return dimension


def _counts_epochs(key: str, low: float, high: float) -> bool:
    """Epochs may be parts of one, but 4.37 of them are no better than 4."""
    return key == "train.num_train_epochs" and low == int(low) and high == int(high)


def _number(key: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ConfigProblem(f"{key}: {text[:40]!r} is not a number.", _EXAMPLE) from None
    if not abs(value) < 1e12:  # not infinite, and not "not a number"
        raise ConfigProblem(f"{key}: {text[:40]!r} is no end of a range.", _EXAMPLE)
    return value


def _typed(dimension: Dimension, value: float | int | str) -> str:
    if isinstance(value, str):
        return value
    return str(round(value)) if dimension.whole else repr(float(value))


def applied(base: TuneConfig, space: Iterable[Dimension], values: Mapping[str, Any]) -> TuneConfig:
    """The configuration of a trial.

    Args:
        base: what is varied.
        space: the dimensions.
        values: setting -> the value that was proposed.

    Raises:
        ConfigProblem: the values do not fit each other.
    """
    return config_files.apply_sets(base, [f"{d.key}={_typed(d, values[d.key])}" for d in space])


def space_of(texts: Iterable[str], base: TuneConfig) -> tuple[Dimension, ...]:
    """The dimensions of several texts.

    Raises:
        ConfigProblem: as for `parse`, or a setting is named twice.
    """
    dimensions = tuple(parse(text, base) for text in texts)
    keys = [dimension.key for dimension in dimensions]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise ConfigProblem(f"{twice} is varied twice.", "Name each setting once.")
    return dimensions


def order(text: str, base: TuneConfig) -> tuple[int, int, tuple[Dimension, ...]]:
    """The number of trials, how many work at a time, and the dimensions after them (with `;` between); none: empty.

    Raises:
        ConfigProblem: it does not begin with a number, or as for `parse`.
    """
    number, _, varied = text.strip().partition(" ")
    if not number.isdecimal():
        raise ConfigProblem(f"{number[:40]!r} is no number of runs.", "Write 12, or 12 train.warmup_ratio=0..0.2")
    slots = "1"
    if varied.strip().startswith(SLOTS):
        slots, _, varied = varied.strip().removeprefix(SLOTS).partition(" ")
        if not slots.isdecimal() or not int(slots):
            raise ConfigProblem(
                f"{slots[:40]!r} is no number of runs that work at a time.", f"Write 12 {SLOTS}2, or leave {SLOTS} out."
            )
    return int(number), int(slots), space_of((part for part in varied.split(";") if part.strip()), base)


def default(base: TuneConfig, documents: int) -> tuple[Dimension, ...]:
    """What is worth varying first: learning rate, warm-up, schedule, and what holds against overfitting.

    The ranges are those that the presets come from: hub models learn at 2e-5 to 1e-4 on small data, 1e-5 to
    5e-5 on medium, 5e-6 to 3e-5 on large. The program's own small models learn at a multiple of that, so that their
    range lies around the preset's rate.

    Args:
        base: the configuration that is varied.
        documents: labelled training documents.
    """
    rate = base.train.learning_rate
    if base.model.family in FROM_A_HUB:
        low, high = (2e-5, 1e-4) if documents < MEDIUM else (1e-5, 5e-5) if documents < LARGE else (5e-6, 3e-5)
        low, high = min(low, rate), max(high, rate)
    else:
        low, high = rate / 4, rate * 4
    dimensions = space_of(
        (
            f"train.learning_rate={low:g}..{high:g} log",
            "train.warmup_ratio=0..0.2",
            "train.lr_scheduler_type=linear,cosine",
            "train.weight_decay=0..0.1",
            "regularization.label_smoothing_factor=0..0.1",
            "regularization.hidden_dropout_prob=0.05..0.25",
        ),
        base,
    )
    # a configuration that leaves a setting to the model has no place in its range, and the preset is to be a trial
    return tuple(dimension for dimension in dimensions if dimension.place_of(base) is not None)
