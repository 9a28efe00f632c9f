"""What a form, a flag or a page of documentation needs to know of each setting, from its declaration in `tune`."""

import typing
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from workbench.runs.config.tune import Group, TuneConfig


@dataclass(frozen=True, slots=True)
class Setting:
    key: str  # dotted: "train.learning_rate"
    type: str  # "float", "int", "bool", "text", "choice", "list", "map"
    default: Any
    title: str
    does: str
    when: str
    risk: str
    group: Group
    basic: bool  # shown first
    optional: bool  # may be empty: the base or the device decides
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


_OF_FIELDS = ("augmentation.", "model.carry_head", "model.head_map")
"""What only a run that learns fields on words looks at: whole settings, or all of a section."""
_OF_PAGES = ("data.bbox_norm", "data.boxes", "data.merge_lines", "data.reading_order")
"""What only documents with pages have."""

_OF_CLASSES = ("data.long_texts", "model.head_start", "train.back_to_start", "train.cut")
"""What only a run that learns a class field looks at."""


def without_effect(key: str, *, task: str, only_texts: bool) -> bool:
    """Whether a setting changes nothing in a run.

    Args:
        key: dotted.
        task: "tokens" or "classes".
        only_texts: no document of the workspace stands on a page.
    """
    of_other_task = key.startswith(_OF_FIELDS) if task == "classes" else key in _OF_CLASSES
    return of_other_task or (only_texts and key in _OF_PAGES)


def settings() -> list[Setting]:
    """Every setting, in the order of tuning and, within a group, as declared."""
    listed = []
    for section, info in TuneConfig.model_fields.items():
        model = info.annotation
        assert isinstance(model, type) and issubclass(model, BaseModel)
        listed += [_setting(f"{section}.{name}", field) for name, field in model.model_fields.items()]
    order = list(Group)
    return sorted(listed, key=lambda setting: order.index(setting.group))


def _setting(key: str, field: FieldInfo) -> Setting:
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    kind, optional, choices = _kind(field.annotation)
    if isinstance(names := extra["choices"], list) and names:  # from a registry, not from the type
        kind, choices = "choice", tuple(map(str, names))
    low: Any = None
    high: Any = None
    for limit in field.metadata:
        if isinstance(limit, annotated_types.Ge):
            low = limit.ge
        elif isinstance(limit, annotated_types.Gt):
            low = limit.gt
        elif isinstance(limit, annotated_types.Le):
            high = limit.le
        elif isinstance(limit, annotated_types.Lt):
            high = limit.lt
    return Setting(
        key, kind, field.get_default(call_default_factory=True), field.title or key, field.description or "",
        str(extra["when"]), str(extra["risk"]), Group(str(extra["group"])), bool(extra["basic"]), optional, choices,
        low, high,
    )  # fmt: skip


def _kind(annotation: Any) -> tuple[str, bool, tuple[str, ...]]:
    """A type's name for forms, whether it may be empty, and its choices."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (UnionType, typing.Union):
        rest = [arg for arg in args if arg is not type(None)]
        kind, _, choices = _kind(rest[0])
        return kind, len(rest) < len(args), choices
    if origin is Literal:
        return "choice", False, tuple(str(arg) for arg in args)
    names: dict[Any, str] = {bool: "bool", int: "int", float: "float", str: "text"}
    return names.get(annotation, "list" if origin is list else "map"), False, ()
