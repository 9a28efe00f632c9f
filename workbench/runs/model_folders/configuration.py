"""A model's config.json against bounds: what a library would build of it, before it is asked to."""

import re
from collections.abc import Mapping
from typing import Any

from storage.exceptions import InputProblem

_REMEDY = "Use a folder as save_pretrained() writes it, of one of the families that the tune screen (F4) offers."
MODEL_TYPES = frozenset({
    "layoutlm", "layoutlmv3", "lilt", "bert", "roberta", "xlm-roberta", "camembert", "distilbert", "electra", "mpnet",
    "albert", "rembert", "ernie", "deberta", "deberta-v2", "roformer", "modernbert",
})  # fmt: skip
"""Encoders that can tell tokens, or whole texts, apart."""
_ACTIVATIONS = frozenset({
    "gelu", "gelu_new", "gelu_fast", "gelu_python", "gelu_pytorch_tanh", "gelu_accurate", "gelu_10", "quick_gelu",
    "relu", "relu2", "relu6", "leaky_relu", "prelu", "silu", "swish", "mish", "tanh", "sigmoid", "linear", "laplace",
})  # fmt: skip
_WHOLE = {
    "hidden_size": (1, 8192), "dim": (1, 8192), "embedding_size": (1, 8192), "intermediate_size": (1, 65_536),
    "hidden_dim": (1, 65_536), "num_hidden_layers": (1, 100), "n_layers": (1, 100), "num_attention_heads": (1, 256),
    "n_heads": (1, 256), "vocab_size": (2, 2_000_000), "max_position_embeddings": (8, 65_536),
    "type_vocab_size": (0, 100), "max_2d_position_embeddings": (1001, 65_536), "channel_shrink_ratio": (1, 64),
    "coordinate_size": (1, 8192), "shape_size": (1, 8192), "input_size": (16, 2048), "patch_size": (4, 256),
    "num_channels": (1, 4), "pad_token_id": (-1, 2_000_000), "num_labels": (1, 10_000),
    "rel_pos_bins": (1, 1024), "max_rel_pos": (1, 65_536), "rel_2d_pos_bins": (1, 1024),
    "max_rel_2d_pos": (1, 65_536), "num_hidden_groups": (1, 100), "inner_group_num": (1, 100),
    "relative_attention_num_buckets": (1, 4096), "max_relative_positions": (-1, 65_536), "position_buckets": (-1, 4096),
    "chunk_size_feed_forward": (0, 1_000_000),
}  # fmt: skip
_NUMBERS = {
    "hidden_dropout_prob": (0, 0.99), "attention_probs_dropout_prob": (0, 0.99), "classifier_dropout": (0, 0.99),
    "dropout": (0, 0.99), "attention_dropout": (0, 0.99), "layer_norm_eps": (1e-20, 1), "initializer_range": (0, 10),
}  # fmt: skip
_COMMANDS_CODE = ("auto_map", "quantization_config", "kernel_config", "use_kernels", "custom_pipelines")
_ATTENTIONS = (None, "eager", "sdpa")
_DEPTH = 20


def problem_of(path: Any, reason: str) -> InputProblem:
    """The refusal of a file of a model folder."""
    return InputProblem(f"{path}: {reason}", _REMEDY)


def refuse_orders(path: Any, content: Mapping[str, Any]) -> None:
    """Refuse a file of a model folder that wants code to be run or fetched, or other arithmetic than plain weights.

    Raises:
        InputProblem: it does.
    """
    stack: list[tuple[Any, int]] = [(content, 0)]
    while stack:
        value, depth = stack.pop()
        if depth > _DEPTH:
            raise problem_of(path, f"it is nested more than {_DEPTH} deep.")
        if isinstance(value, dict):
            for name, entry in value.items():
                if name in _COMMANDS_CODE and entry:
                    wish = "run code of its own" if name == "auto_map" else "be loaded in a way that is not supported"
                    raise InputProblem(f"{path} wants to {wish} ({name}): refused.", "Ask its maker for a plain model.")
                if "attn_implementation" in name and not _is_known_attention(entry):
                    raise InputProblem(
                        f"{path} wants an attention of its own ({name} {str(entry)[:60]!r}): refused.",
                        f"Remove {name} from the file.",
                    )
                stack.append((entry, depth + 1))
        elif isinstance(value, list):
            stack += [(entry, depth + 1) for entry in value]


def _is_known_attention(value: Any) -> bool:
    return all(map(_is_known_attention, value.values())) if isinstance(value, dict) else value in _ATTENTIONS


def check(path: Any, config: Mapping[str, Any]) -> None:
    """Refuse a configuration out of bounds.

    Args:
        path: of the file, for the message.
        config: config.json as read, or the settings that a library made of it.

    Raises:
        InputProblem: naming the key.
    """
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in MODEL_TYPES:
        raise problem_of(path, f"a model of type {str(kind)[:60]!r} cannot be used.")
    for name, (least, most) in _WHOLE.items():
        value = config.get(name)
        if value is not None and not (_is_whole(value) and least <= value <= most):
            raise problem_of(path, f"{name} is {str(value)[:60]}, not a whole number from {least} to {most}.")
    for name, bounds in _NUMBERS.items():
        value = config.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not bounds[0] <= value <= bounds[1]:
            raise problem_of(path, f"{name} is {str(value)[:60]}, not a number from {bounds[0]} to {bounds[1]}.")
    for name in ("hidden_act", "activation", "hidden_activation"):
        value = config.get(name)
        if value is not None and (not isinstance(value, str) or value not in _ACTIVATIONS):
            raise problem_of(path, f"{name} {str(value)[:60]!r} is no activation that is known.")
    hidden, heads = size(config, "hidden_size", "dim"), size(config, "num_attention_heads", "n_heads")
    if hidden and heads and hidden % heads:
        raise problem_of(path, f"a hidden size of {hidden} does not divide into {heads} heads.")
    padding, words = config.get("pad_token_id"), config.get("vocab_size")
    if padding is not None and words is not None and padding >= words:
        raise problem_of(path, f"pad_token_id {padding} is outside its {words} words.")
    _check_labels(path, config)


def size(config: Mapping[str, Any], *names: str) -> int | None:
    """The first of these that the configuration has."""
    return next((config[name] for name in names if config.get(name) is not None), None)


def labels(config: Mapping[str, Any]) -> list[str]:
    """The names of the head's rows, in their order; empty where the file names none."""
    names = config.get("id2label") or {}
    return [names[key] for key in sorted(names, key=int)]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(name: str) -> bool:
    """Whether it can be written: half of a letter of two parts cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _check_labels(path: Any, config: Mapping[str, Any]) -> None:
    names = config.get("id2label")
    if names is None:
        return
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise problem_of(path, "id2label is no table of numbers and names.")
    if not all(map(_is_text, names.values())):
        raise problem_of(path, "id2label has a name that is no text.")
    if len(names) > (most := _WHOLE["num_labels"][1]):
        raise problem_of(path, f"id2label has {len(names):,} labels; the limit is {most:,}.")
    if not all(re.fullmatch(r"\d{1,5}", str(key)) for key in names):
        raise problem_of(path, "id2label has keys that are no numbers.")
    if sorted(int(key) for key in names) != list(range(len(names))):
        raise problem_of(path, f"id2label does not number its {len(names)} labels from 0 on.")
    numbers = config.get("label2id")
    if numbers is not None and not (isinstance(numbers, dict) and all(map(_is_whole, numbers.values()))):
        raise problem_of(path, "label2id is no table of names and numbers.")
