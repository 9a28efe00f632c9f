"""Configurations of runs: read, checked, changed, compared, written.

Light on purpose: the form, the command line and the worker all import it.
"""

import difflib
import reprlib
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from storage.exceptions import ConfigProblem
from storage.files import is_empty
from workbench.runs.config import families, safe_yaml, setting_descriptions
from workbench.runs.config.tune import TuneConfig

RENAMED = {
    "task": "model.task",
    "class_field": "model.class_field",
    "train.evaluation_strategy": "train.eval_strategy",
    "train.optimizer": "train.optim",
    "train.activation_checkpointing": "train.gradient_checkpointing",
    "train.group_by_length": "data.similar_length",
    "train.label_smoothing_factor": "regularization.label_smoothing_factor",
    "train.fsdp_config_file": "train.fsdp_config",
    "data.stride": "data.window_stride",
    "data.doc_stride": "data.window_stride",
    "data.max_seq_length": "data.max_length",
    "regularization.classifier_dropout": "model.classifier_dropout",
    "model.hidden_dropout_prob": "regularization.hidden_dropout_prob",
    "model.attention_probs_dropout_prob": "regularization.attention_probs_dropout_prob",
}
"""Names of other tools and older versions, and what they are called here."""

DECIDED = {
    "train.output_dir": "the run folder",
    "train.overwrite_output_dir": "every run has a folder of its own",
    "train.logging_dir": "the run folder",
    "train.save_safetensors": "weights are always kept as safetensors",
    "train.save_strategy": "train.eval_strategy decides for both",
    "train.half_precision_backend": "there is only one left",
    "train.include_inputs_for_metrics": "not needed",
    "train.greater_is_better": "follows from train.metric_for_best_model",
    "train.hub_token": "a token is kept in no file: set HF_TOKEN, or log in with `hf auth login`",
    "train.hub_strategy": "the model is uploaded once, when the run has finished",
    "train.hub_always_push": "the model is uploaded once, when the run has finished",
}
"""Settings that other files bring and that are decided elsewhere here: read over, with a note."""

_LARGEST = 1_000_000  # bytes of a file
_LONGEST = 100  # characters of a wrong value that a message repeats

_VALUES = {
    "train.optim": {
        "adamw_torch": "adamw", "adamw_torch_fused": "adamw", "adamw_hf": "adamw", "adam": "adamw",
    },
}  # fmt: skip


def load(source: Path | str) -> TuneConfig:
    """A configuration from a YAML file or from YAML text.

    Raises:
        ConfigProblem: not YAML, an unknown key, a value out of range, or an impossible combination.
    """
    text = _text_of(source)
    return from_dict(_parse(text), text)


def _text_of(source: Path | str) -> str:
    if isinstance(source, str):
        return source
    try:
        if source.exists() and not source.is_file():  # it is read more than once
            raise ConfigProblem(f"{source} is no regular file.", "Give the path of a YAML file.")
        if is_empty(source):
            return ""
        with source.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ConfigProblem(f"{source} is larger than a configuration can be.", "Give the path of a YAML file.")
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigProblem(f"{source} cannot be read: {error}", "Give the path of a YAML file, in UTF-8.") from error


def from_dict(data: Mapping[str, Any], text: str = "") -> TuneConfig:
    """A configuration from nested settings, with the names of other tools understood.

    `text` is the YAML that they were read from: a problem is named with its line.

    Raises:
        ConfigProblem: as `load`.
    """
    try:
        return TuneConfig.model_validate(_translate(data))
    except ValidationError as error:
        raise ConfigProblem(
            explain(error, safe_yaml.lines_of(text)),
            "Correct the setting; every setting's range is in the form and the documentation.",
        ) from error


def notes_on(source: Path | str) -> list[str]:
    """The settings of a file that are decided elsewhere here, one sentence each."""
    flat = values_in(source)
    return [f"{key} was read over: {why}." for key, why in DECIDED.items() if key in flat]


def values_in(source: Path | str) -> dict[str, Any]:
    """Dotted key -> value of a YAML file or of YAML text, as written there.

    Raises:
        ConfigProblem: not YAML, or no mapping.
    """
    return _flatten(_parse(_text_of(source)))


def dump(config: TuneConfig) -> str:
    """The configuration as YAML that `load` reads back to the same. Empty settings are left out."""
    return to_yaml(config.model_dump(mode="json", exclude_none=True))


def apply_sets(config: TuneConfig, sets: Iterable[str]) -> TuneConfig:
    """The configuration with `section.key=value` applied in order; `key=` empties an optional setting.

    Raises:
        ConfigProblem: not of that shape, or as `load`.
    """
    data = config.model_dump(mode="json")
    for text in sets:
        key, equals, value = text.partition("=")
        name = RENAMED.get(key.strip(), key).partition(".")[2]
        if not (equals and name):
            raise ConfigProblem(
                f"{text!r} is not a setting.", "Write it as section.key=value, such as train.learning_rate=3e-5."
            )
        try:
            parsed = safe_yaml.load(value) if value.strip() else None
        except ConfigProblem as problem:
            raise ConfigProblem(
                f"{text[:200]!r}: the value cannot be read: {problem.message}", "Quote it."
            ) from problem
        if key.strip() in DECIDED:
            continue
        target, parsed = _rename(key.strip(), parsed)
        section, _, name = target.partition(".")
        if (section == "model" and name == "name" and parsed) or _leaves_task(data, target, parsed):
            data.setdefault("model", {}).pop("family", None)
        if target == "model.family" and parsed != data["model"].get("family", parsed):
            data["model"]["name"] = ""  # a base belongs to its family
        data.setdefault(section, {})
        if not isinstance(data[section], dict):
            raise ConfigProblem(f"{section} is no group of settings.", "Write it as section.key=value.")
        data[section][name] = parsed
    return from_dict(data)


def _leaves_task(data: Mapping[str, Any], key: str, value: Any) -> bool:
    """Whether a setting changes the task to one for which the family is not the one to begin with."""
    if key != "model.task" or value == data["model"].get("task"):
        return False
    family = data["model"].get("family")
    return family in families.DEFAULTS.values() or value not in families.FAMILIES[family].tasks


def difference(a: TuneConfig, b: TuneConfig) -> dict[str, tuple[Any, Any]]:
    """The settings that differ: dotted key -> (value in a, value in b)."""
    first, second = _flatten(a.model_dump(mode="json")), _flatten(b.model_dump(mode="json"))
    return {key: (first[key], second[key]) for key in first if first[key] != second[key]}


def _parse(text: str) -> dict[str, Any]:
    data = safe_yaml.load(text)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigProblem(
            "A configuration is a YAML mapping of sections.", "Begin with model:, train:, regularization: or data:."
        )
    return data


def _translate(data: Mapping[str, Any]) -> dict[str, Any]:
    """Other tools' names and values, as they are called here."""
    result: dict[str, Any] = {}
    for section, settings in data.items():
        if not isinstance(settings, dict):
            # An empty section is no setting at all; anything else is left to the validation's message.
            if section in RENAMED:
                target, _, name = RENAMED[section].partition(".")
                result.setdefault(target, {})[name] = settings
            elif settings is not None:
                result[section] = settings
            continue
        for name, value in settings.items():
            key = f"{section}.{name}"
            if key in DECIDED:
                continue
            if key in ("train.no_cuda", "train.use_cpu"):
                key, value = "train.device", "cpu" if value else "auto"
            key, value = _rename(key, value)
            target, _, name = key.partition(".")
            result.setdefault(target, {})[name] = value
    return result


def _rename(key: str, value: Any) -> tuple[str, Any]:
    key = RENAMED.get(key, key)
    if isinstance(value, str):
        value = _VALUES.get(key, {}).get(value, value)
    if key == "train.report_to" and isinstance(value, str):
        value = [] if value == "none" else [value]
    return key, value


def _flatten(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{section}.{name}": value
        for section, settings in data.items()
        if isinstance(settings, dict)
        for name, value in settings.items()
    }


def explain(error: ValidationError, lines: Mapping[str, int] | None = None) -> str:
    """All problems, one a line, in words that name the key, and the line that it is on in the file."""
    sentences = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            sentence = f"{key} is not a setting{nearest(key) or '.'}"
        elif problem["type"] == "value_error":
            sentence = str(problem["ctx"]["error"])
        else:
            sentence = f"{key}: {_shortened(problem['input'])}: {problem['msg'].lower()}."
        line = _line(key, lines or {})
        sentences.append(f"Line {line}: {sentence}" if line else sentence)
    return "\n".join(dict.fromkeys(sentences))


def _shortened(value: Any) -> str:
    text = reprlib.repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _line(key: str, lines: Mapping[str, int]) -> int:
    """The line of a setting, which the file may call by another tool's name, or of its section; 0 when unknown."""
    setting = ".".join(key.split(".")[:2])
    names = (setting, *(old for old, new in RENAMED.items() if new == setting), setting.partition(".")[0])
    return next((lines[name] for name in names if name in lines), 0)


def nearest(key: str) -> str:
    """The end of a sentence that names the setting which a misspelt key is nearest to; "" where none is near."""
    section, _, name = key.partition(".")
    known = {k: k.rpartition(".")[2] for k in (*(setting.key for setting in setting_descriptions.settings()), *RENAMED)}
    if not name:
        near = difflib.get_close_matches(section, list(TuneConfig.model_fields), 1, 0.5)
    else:
        # The right name in the wrong section is nearer than anything spelled alike.
        alike = difflib.get_close_matches(name, known.values(), 1, 0.6)
        near = [k for k, own in known.items() if own == name] or [k for k, own in known.items() if own in alike]
        near = [k for k in near if k.startswith(f"{section}.")] or near
    return f"; did you mean {RENAMED.get(near[0], near[0])}?" if near else ""


def to_yaml(data: dict[str, Any]) -> str:
    """YAML in the order of the data, with enumerations as their values."""
    return yaml.dump(data, sort_keys=False, allow_unicode=True, Dumper=_Dumper)


class _Dumper(yaml.SafeDumper):
    """YAML with learning rates as 3.0e-05, which other readers also take for numbers."""


def _number(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    text = repr(value)
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e", 1)
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


_Dumper.add_representer(float, _number)
_Dumper.add_multi_representer(Enum, lambda dumper, value: dumper.represent_str(str(value.value)))
