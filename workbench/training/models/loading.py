"""What all families do alike: find weights that are safe to load, fit them to the fields. [worker]

Folders and hubs are not trusted: only safetensors are read, no code of theirs is run.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    LayoutLMv3ImageProcessorPil,
)
from transformers.modeling_layers import GradientCheckpointingLayer

from storage.exceptions import ConfigProblem, InputProblem, MissingTool, WorkbenchError
from workbench.fields import field_of_tag, invoice_schema
from workbench.fields.plain_text import counted
from workbench.files.typed_paths import expanded
from workbench.runs.config.families import position_offset
from workbench.runs.config.request import FieldSpec
from workbench.runs.config.tune import TuneConfig
from workbench.runs.model_folders import check as model_folders
from workbench.runs.model_folders import configuration
from workbench.training import encoding

_HEAD = {"classifier", "pre_classifier", "pooler", "head"}
"""Parts of a model that fine-tuning may begin anew."""


@dataclass(slots=True)
class Built:
    """A model that fits the fields, and what is needed to feed it."""

    model: Any
    tokenizer: Any
    sep_box: int = 0  # the box of the closing special token is this four times
    picture: Any | None = None  # an image processor
    notes: list[str] = field(default_factory=list)


def labels_of(fields: Sequence[FieldSpec]) -> list[str]:
    """The labels of a head for these fields: O, then B- and I- of each."""
    return ["O", *(f"{prefix}-{f.id}" for f in fields for prefix in "BI")]


def source_of(name: str) -> str:
    """A checked folder's path, or the hub name as it is.

    Raises:
        InputProblem: it is neither, or the folder is not safe.
    """
    model_folders.check_name(name)
    folder = expanded(name)
    return str(folder) if folder.is_dir() else name


@contextmanager
def loading(name: str) -> Iterator[None]:
    """Turn the errors that libraries raise when weights cannot be loaded into errors with a remedy.

    Args:
        name: of the folder or the model on the hub.
    """
    try:
        yield
    except SafetensorError as error:
        raise InputProblem(
            f"The weights of {name} are damaged: {error}",
            "Copy the folder again; for a hub name, remove it from the cache and load it anew.",
        ) from error
    except WorkbenchError:
        raise
    except BaseException as error:
        if not encoding.is_of_library(error):
            raise
        first = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
        if Path(name).is_dir() or not isinstance(error, OSError | ValueError):
            raise InputProblem(f"{name} cannot be loaded: {first}", "Check the folder.") from error
        raise MissingTool(
            f"{name} cannot be had: {first}",
            f"Connect to the network (and unset HF_HUB_OFFLINE), or bring a folder: run `hf download {name} "
            "--local-dir DIR` on a machine with network, copy DIR here and set model.name to its path.",
        ) from error


def load_tokenizer(source: str, **options: Any) -> Any:
    """The fast tokenizer of a base.

    Raises:
        InputProblem: it knows no words.
    """
    with loading(source):
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False, **options)
    if len(tokenizer) <= len(tokenizer.all_special_tokens):
        raise InputProblem(f"The tokenizer of {source} knows no words.", "Copy tokenizer.json of the same model.")
    return tokenizer


def pretrained(auto: Any, source: str, *, new_head: bool, **options: Any) -> Any:
    """A model with the weights of a source, in 32 bits.

    Args:
        auto: its class, or the Auto class that finds it.
        source: a checked folder or a hub name.
        new_head: it is to be fine-tuned, so that its head may be missing or of another size.
        options: for `from_pretrained`.

    Raises:
        InputProblem: a weight is missing or of another size, for which the library would take random numbers.
    """
    with loading(source):
        model, report = auto.from_pretrained(
            source, dtype=torch.float32, use_safetensors=True, trust_remote_code=False, output_loading_info=True,
            ignore_mismatched_sizes=True, **options,
        )  # fmt: skip
    random = sorted({*report["missing_keys"], *(entry[0] for entry in report["mismatched_keys"])})
    lost = [name for name in random if not (new_head and _HEAD.intersection(name.split(".")))]
    if lost:
        raise InputProblem(
            f"{source} is no whole model: {len(lost)} of its weights are missing or of another size, as {lost[0]}.",
            "Copy the folder again, or choose another base.",
        )
    return model


def fitting_tokenizer(model: Any, source: str) -> Any:
    """The tokenizer of a fine-tuned model, whose every token the model has an embedding for.

    Raises:
        InputProblem: it is that of another model.
    """
    options = {"add_prefix_space": True} if position_offset(model.config.model_type) else {}
    tokenizer = load_tokenizer(source, **options)
    rows = model.get_input_embeddings().num_embeddings
    # a mask is no word of a document, and the library adds one where there is none
    if max(number for token, number in tokenizer.get_vocab().items() if token != tokenizer.mask_token) >= rows:
        raise InputProblem(
            f"The tokenizer of {source} has more tokens than the {rows} that its model knows.",
            "Copy tokenizer.json of the same model.",
        )
    return tokenizer


SEVERAL = "multi_label_classification"
"""transformers' name for classifiers whose documents can have several options."""


def problem_of(fields: Sequence[FieldSpec]) -> str:
    """What a classifier for a class field is called in its configuration."""
    return SEVERAL if fields[0].multiple else "single_label_classification"


def build(config: TuneConfig, fields: Sequence[FieldSpec], source: str, model_types: Sequence[str] = ()) -> Built:
    """A classifier of tokens (or documents, by the task) on a base's weights, with the configured structure.

    Args:
        source: a checked folder or a hub name.
        model_types: those that the family can take; empty: any.

    Raises:
        MissingTool, InputProblem, ConfigProblem: the weights cannot be had, are not safe, or do not fit.
    """
    is_classifier = config.model.task == "classes"
    labels = list(fields[0].options) if is_classifier else labels_of(fields)
    problem_type = problem_of(fields) if is_classifier else None
    auto = AutoModelForSequenceClassification if is_classifier else AutoModelForTokenClassification
    with loading(source):
        settings = AutoConfig.from_pretrained(source, trust_remote_code=False)
        configuration.check(source, settings.to_dict())  # a hub's, too, and what the library assumes
    if model_types and settings.model_type not in model_types:
        raise ConfigProblem(
            f"{source} is a {settings.model_type} model, not one of the family {config.model.family}.",
            "Choose the family it belongs to, or another base.",
        )
    offset = position_offset(settings.model_type)
    # RoBERTa and the like need words to begin as after a space.
    tokenizer = load_tokenizer(source, **({"add_prefix_space": True} if offset else {}))
    known = [] if is_classifier else _own_labels(settings)
    notes = []
    set_dropouts(settings, config)
    settings.problem_type = problem_type
    changed = _restructure(settings, config, offset)
    positions = getattr(settings, "max_position_embeddings", 0) - offset
    if 0 < positions < config.data.max_length:
        raise ConfigProblem(
            f"data.max_length ({config.data.max_length}) is more than the {positions} positions of {source}.",
            f"Set data.max_length to {positions}; longer pages become windows.",
        )
    if changed:
        model = _new_model(auto, source, settings, labels)
        notes.append(
            f"A new model was built ({', '.join(f'{k} {a} → {b}' for k, (a, b) in changed.items())}): the pretrained "
            "weights do not fit it, so it starts from nothing."
        )
    else:
        _set_labels(settings, known or labels)
        model = pretrained(auto, source, new_head=True, config=settings)
        carried = _fit_head(model, known, fields, config) if known else {}
        if carried and known != labels:
            renamed = ", ".join(f"{field} ← {known_as}" for field, known_as in carried.items() if field != known_as)
            fields_known = counted(len(carried), "field")
            notes.append(f"Started from what the base knows of {fields_known}{renamed and f': {renamed}'}.")
    _fit_vocabulary(model, tokenizer, config)
    allow_checkpointing(model)
    return Built(model, tokenizer, notes=notes)


def allow_checkpointing(model: Any) -> None:
    """Let a model checkpoint its activations where its layers can.

    transformers 5 builds LayoutLMv3 of layers that do it, but its class says that it does not.
    """
    if any(isinstance(part, GradientCheckpointingLayer) for part in model.modules()):
        model.supports_gradient_checkpointing = True


def _new_model(auto: Any, source: str, settings: Any, labels: Sequence[str]) -> Any:
    _set_labels(settings, labels)
    with loading(source):
        return auto.from_config(settings, dtype=torch.float32)


def _fit_head(model: Any, known: Sequence[str], fields: Sequence[FieldSpec], config: TuneConfig) -> dict[str, str]:
    by_hand = config.model.head_map if config.model.carry_head else {}
    return carry_head(model, known, fields, by_hand, by_meaning=config.model.carry_head)


def _fit_vocabulary(model: Any, tokenizer: Any, config: TuneConfig) -> None:
    if config.model.added_tokens:
        tokenizer.add_tokens(list(config.model.added_tokens), special_tokens=True)
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        if config.model.vocab_size is not None:
            raise ConfigProblem(
                f"model.vocab_size ({config.model.vocab_size}) is less than the tokenizer's {len(tokenizer)} tokens.",
                "Give at least as many.",
            )
        model.resize_token_embeddings(len(tokenizer))


def _own_labels(settings: Any) -> list[str]:
    """The labels of the base's head where it is a fine-tuned token classifier, else none."""
    labels = [settings.id2label[i] for i in range(settings.num_labels)]
    trained = any("TokenClassification" in name for name in settings.architectures or ())
    return labels if trained and "O" in labels and any(label.startswith("B-") for label in labels) else []


def picture_processor(model: Any) -> Any | None:
    """What makes a LayoutLMv3's picture of a page; None for models that see none."""
    if model.config.model_type != "layoutlmv3" or not model.config.visual_embed:
        return None
    side = model.config.input_size
    return LayoutLMv3ImageProcessorPil(apply_ocr=False, size={"height": side, "width": side})


def set_dropouts(settings: Any, config: TuneConfig) -> None:
    """Put the configured dropouts into a model's settings."""
    wanted = {
        "hidden_dropout_prob": config.regularization.hidden_dropout_prob,
        "attention_probs_dropout_prob": config.regularization.attention_probs_dropout_prob,
        "classifier_dropout": config.model.classifier_dropout,
    }
    for name, value in wanted.items():
        if value is not None:
            setattr(settings, name, value)


def _restructure(settings: Any, config: TuneConfig, offset: int) -> dict[str, tuple[int, int]]:
    """Put the wanted structure into the settings, and return what it changes."""
    changed = {}
    for name, value in config.model.structure.items():
        old = getattr(settings, name, None)
        if old is None:
            raise ConfigProblem(f"{settings.model_type} has no {name}.", f"Leave model.{name} empty.")
        wanted = value + offset if name == "max_position_embeddings" and value != old else value
        if wanted != old:
            changed[name] = (old, wanted)
            setattr(settings, name, wanted)
            if name == "hidden_size":
                settings.intermediate_size = 4 * wanted
                if hasattr(settings, "coordinate_size"):
                    settings.coordinate_size = settings.shape_size = wanted // 6
    if settings.hidden_size % settings.num_attention_heads:
        raise ConfigProblem(
            f"The hidden size {settings.hidden_size} is not a multiple of {settings.num_attention_heads} heads.",
            "Change model.hidden_size and model.num_attention_heads together.",
        )
    return changed


def _set_labels(settings: Any, labels: Sequence[str]) -> None:
    settings.id2label = dict(enumerate(labels))
    settings.label2id = {label: i for i, label in enumerate(labels)}


def head_mapping(
    from_labels: Sequence[str], fields: Sequence[FieldSpec], by_hand: Mapping[str, str], *, by_meaning: bool = True
) -> dict[str, str]:
    """The user's field id -> the base's field id whose rows it starts from: by hand, by id, by name, by type.

    By type only a base's field that no other field maps to, so that no two fields start as the same.
    """
    base = list(dict.fromkeys(field_of_tag(label) for label in from_labels if label != "O"))
    mapping = {
        field: target for field, target in by_hand.items() if target in base and any(f.id == field for f in fields)
    }
    if not by_meaning:
        return mapping
    schema = invoice_schema()
    for spec in fields:
        if spec.id in mapping:
            continue
        resolved = schema.resolve(spec.id) or schema.resolve(spec.name)
        for candidate in (spec.id, resolved.id if resolved else ""):
            if candidate in base and candidate not in mapping.values():
                mapping[spec.id] = candidate
                break
    types = {f.id: f.type.value for f in schema}
    for spec in fields:
        if spec.id not in mapping and spec.type != "text":
            free = [name for name in base if types.get(name) == spec.type and name not in mapping.values()]
            if free:
                mapping[spec.id] = free[0]
    return mapping


def carry_head(
    model: Any, from_labels: Sequence[str], to_fields: Sequence[FieldSpec], by_hand: Mapping[str, str] | None = None,
    *, by_meaning: bool = True,
) -> dict[str, str]:  # fmt: skip
    """Give the model a head for other fields, with the rows of the fields that mean the same carried over.

    Returns:
        field id -> the base's field id it starts from.
    """
    labels = labels_of(to_fields)
    mapping = head_mapping(from_labels, to_fields, by_hand or {}, by_meaning=by_meaning)
    head = model.classifier
    holder, name = (head, "out_proj") if hasattr(head, "out_proj") else (model, "classifier")
    old = getattr(holder, name)
    new = nn.Linear(old.in_features, len(labels), dtype=old.weight.dtype)
    nn.init.normal_(new.weight, std=0.02)
    nn.init.zeros_(new.bias)
    index = {label: i for i, label in enumerate(from_labels)}
    with torch.no_grad():
        for i, label in enumerate(labels):
            origin = label if label == "O" else f"{label[:2]}{mapping.get(field_of_tag(label), '')}"
            if (mapping or by_meaning) and origin in index:
                new.weight[i], new.bias[i] = old.weight[index[origin]], old.bias[index[origin]]
    setattr(holder, name, new)
    _set_labels(model.config, labels)
    model.num_labels = len(labels)
    return mapping
