"""A configuration being edited, as the form shows it. Pure; a value that cannot be is kept with the reason."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Any

from storage.exceptions import ConfigProblem
from workbench.runs.config import files as config_files
from workbench.runs.config import setting_descriptions
from workbench.runs.config.setting_descriptions import Setting
from workbench.runs.config.tune import Group, TuneConfig

SETTINGS: Mapping[str, Setting] = {setting.key: setting for setting in setting_descriptions.settings()}

MOST_VARIANTS = 200
"""Runs of one grid."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The last configuration that is possible, and what was typed and is not (yet)."""

    config: TuneConfig
    origin: TuneConfig  # what it began as: a preset, a file or another run
    preset: str = ""
    problems: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # key -> (as typed, why it cannot be)

    @classmethod
    def of(cls, config: TuneConfig, preset: str = "") -> "Draft":
        return cls(config, config, preset)

    def value(self, key: str) -> Any:
        """The setting's value in the configuration."""
        section, _, name = key.partition(".")
        return getattr(getattr(self.config, section), name)

    def text(self, key: str) -> str:
        """What the form shows of a setting: what was typed, or the value."""
        return self.problems[key][0] if key in self.problems else shown(self.value(key))

    def changed(self, key: str) -> bool:
        """Whether the setting is not as it began."""
        section, _, name = key.partition(".")
        return key in self.problems or self.value(key) != getattr(getattr(self.origin, section), name)

    def change(self, key: str, text: str) -> "Draft":
        """Another value for a setting.

        Values that were impossible are tried again with it: two of them may only fit together (hidden size and heads).
        """
        typed = {**{name: old for name, (old, _) in self.problems.items()}, key: text}
        sets = [_setting(name, value) for name, value in typed.items()]
        if key == "model.family":
            sets = ["model.name=''", *sets]  # a base belongs to its family
        try:
            return replace(self, config=config_files.apply_sets(self.config, sets), problems={})
        except ConfigProblem:
            pass
        state = replace(self, problems={})
        for name, value in typed.items():  # whatever fits alone is taken, the rest keeps its reason
            try:
                state = replace(state, config=config_files.apply_sets(state.config, [_setting(name, value)]))
            except ConfigProblem as problem:
                state = replace(state, problems={**state.problems, name: (value, problem.message)})
        return state

    def reset(self, key: str) -> "Draft":
        """The setting as it began."""
        section, _, name = key.partition(".")
        problems = {other: what for other, what in self.problems.items() if other != key}
        return replace(self, problems=problems).change(key, shown(getattr(getattr(self.origin, section), name)))

    def based_on(self, origin: TuneConfig) -> "Draft":
        """The same draft as if it had begun as `origin`: what was not changed by hand is as it is there."""
        moved = [key for key, _ in config_files.difference(self.origin, origin).items() if not self.changed(key)]
        of_origin = Draft.of(origin)
        sets = [_setting(key, shown(of_origin.value(key))) for key in moved]
        return replace(self, config=config_files.apply_sets(self.config, sets), origin=origin)

    def choices(self, key: str) -> tuple[str, ...]:
        """The choices that are possible beside the other settings: some families learn only one task."""
        return tuple(name for name in SETTINGS[key].choices if key not in self.change(key, name).problems)

    def stepped(self, key: str, by: int) -> "Draft":
        """The next or previous choice; numbers go on by a step that makes a difference."""
        setting, value = SETTINGS[key], self.value(key)
        if setting.choices:
            names = self.choices(key)
            at = names.index(value) if value in names else -1
            return self.change(key, names[(at + by) % len(names)])
        if setting.type == "bool":
            order: list[Any] = [None, True, False] if setting.optional else [False, True]
            return self.change(key, shown(order[(order.index(value) + by) % len(order)]))
        if setting.type in ("int", "float"):
            now = self.change(key, shown(_next(setting, value, by)))
            return self if key in now.problems and key not in self.problems else now  # the end of its range
        return self


def shown(value: Any) -> str:
    """A value as it is typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    return str(value)


def _setting(key: str, text: str) -> str:
    kind, text = SETTINGS[key].type, text.strip()
    if kind == "list":
        return f"{key}=[{text}]"
    if kind == "map" or (key == "regularization.class_weights" and ":" in text):
        return f"{key}={{{text.strip('{}')}}}"
    if kind == "text":
        return f"{key}={text!r}" if text else f"{key}=''"
    return f"{key}={text}"


_LADDER = (1.0, 2.0, 3.0, 5.0, 7.0)


def _next(setting: Setting, value: Any, by: int) -> float | int:
    """The next number up or down, inside the setting's range."""
    low = setting.low if setting.low is not None else float("-inf")
    high = setting.high if setting.high is not None else float("inf")
    if setting.type == "int":
        if value is None:
            return int(max(low, 1))
        step = 1 if abs(value) < 16 else 8 if abs(value) < 128 else 64
        return int(min(high, max(low, value + by * step)))
    if value is None:
        value = 0.0
    if 0 < value < 0.01:  # rates: 1, 2, 3, 5, 7 times a power of ten
        power = math.floor(math.log10(value) + 1e-9)
        near = min(range(len(_LADDER)), key=lambda i: abs(_LADDER[i] - value / 10**power))
        raised, place = divmod(near + by, len(_LADDER))
        return float(f"{_LADDER[place] * 10.0 ** (power + raised):.6g}")
    stride = 0.05 if high <= 1 else 1.0
    moved = round((value + by * stride) / stride) * stride
    limited: float = min(high - (1e-9 if high == 1 else 0), max(low, moved))
    return float(f"{limited:.6g}")


def visible(unfolded: Iterable[Group], chosen: Collection[str] = ()) -> list[tuple[Group, list[Setting]]]:
    """The form's rows: of every group the settings that matter most, and all of those groups that are unfolded.

    Args:
        unfolded: the groups that are.
        chosen: keys of further settings that matter here.
    """
    opened = set(unfolded)
    return [
        (group, [k for k in SETTINGS.values() if k.group is group and (group in opened or k.basic or k.key in chosen)])
        for group in Group
    ]


def variants(config: TuneConfig, text: str, *, paired: bool = False) -> dict[str, TuneConfig]:
    """Configurations from one line, such as `train.learning_rate=1e-4,3e-4 train.seed=1,2`, each with its name.

    Args:
        config: what they are variants of.
        text: a setting with its values, and the next one.
        paired: the first values together, the second values together, and so on; else every combination.

    Raises:
        ConfigProblem: not of that shape, a combination cannot be or is there twice, or pairs are asked of lists of
            different lengths.
    """
    axes = []
    for part in text.split():
        key, equals, values = part.partition("=")
        if not equals or not values:
            raise ConfigProblem(
                f"{part[:80]!r} is no list of values for a setting.", "Write it as train.learning_rate=1e-4,3e-4."
            )
        if key not in SETTINGS and key not in config_files.RENAMED:
            raise ConfigProblem(
                f"{key[:80]} is not a setting{config_files.nearest(key) or '.'}",
                "Write it as train.learning_rate=1e-4,3e-4.",
            )
        if not all(values.split(",")):
            raise ConfigProblem(f"{key} has an empty value.", "Write one value between every two commas.")
        axes.append([(key, value) for value in values.split(",")])
    if not axes:
        raise ConfigProblem("The grid is empty.", "Write settings as train.learning_rate=1e-4,3e-4.")
    if paired and len({len(axis) for axis in axes}) > 1:
        counts = ", ".join(f"{axis[0][0]} has {len(axis)}" for axis in axes if axis)
        raise ConfigProblem(f"Pairs need as many values of each setting: {counts}.", "Give each the same number.")
    number = len(axes[0]) if paired else prod(map(len, axes))
    if number > MOST_VARIANTS:
        raise ConfigProblem(
            f"These are {number:,} runs; at most {MOST_VARIANTS} are made at once.", "Give fewer values, or --zip them."
        )
    configs: dict[str, TuneConfig] = {}
    for sets in zip(*axes, strict=True) if paired else product(*axes):
        name = " ".join(f"{key.rpartition('.')[2]}={value}" for key, value in sets)
        if name in configs:
            raise ConfigProblem(f"{name[:80]} stands there twice.", "Give every run values of its own.")
        configs[name] = config_files.apply_sets(config, [f"{key}={value}" for key, value in sets])
    return configs
