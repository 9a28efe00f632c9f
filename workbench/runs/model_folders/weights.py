"""What a safetensors file says of its weights, from its header alone, and whether that fits the configuration."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.runs.model_folders import configuration
from workbench.runs.model_folders.configuration import problem_of, size

FILE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_HEADER_BYTES = 50_000_000
_MOST = 20_000
"""Weights of a file; the largest models that can be used have less than 2,000. A library takes minutes for 200,000."""
_BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2, "I8": 1,
    "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
}  # fmt: skip
_LAYER = re.compile(r"(?:^|\.)(?:layer|layers)\.(\d+)\.")
_HEADS = ("classifier.weight", "classifier.out_proj.weight", "score.weight")
_SHAPES: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    (r"word_embeddings\.weight|tok_embeddings\.weight", (("vocab_size",), ("embedding_size", "hidden_size", "dim"))),
    (
        r"embeddings\.position_embeddings\.weight",
        (("max_position_embeddings",), ("embedding_size", "hidden_size", "dim")),
    ),
    (r"embeddings\.token_type_embeddings\.weight", (("type_vocab_size",), ("embedding_size", "hidden_size", "dim"))),
    (
        r"attention\.(?:self\.(?:query|key|value)|output\.dense|q_lin|k_lin|v_lin|out_lin)\.weight",
        (("hidden_size", "dim"), ("hidden_size", "dim")),
    ),
    (r"\d+\.(?:intermediate\.dense|ffn\.lin1)\.weight", (("intermediate_size", "hidden_dim"), ("hidden_size", "dim"))),
    (
        r"\d+\.(?:output\.dense|ffn\.lin2)\.weight",
        (("hidden_size", "dim"), ("intermediate_size", "hidden_dim")),
    ),
)
"""Weights by the end of their names, and the settings that their sizes are."""

Shapes = dict[str, tuple[int, ...]]


def shapes_of(path: Path) -> Shapes:
    """The weights of a file: name -> sizes.

    Raises:
        InputProblem: the file is damaged.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            there = path.stat().st_size - 8
            if not 2 <= length <= min(there, _HEADER_BYTES):
                raise problem_of(path, "the weights are damaged: its header is cut or none.")
            header = json.loads(file.read(length))
    except (OSError, ValueError, RecursionError) as error:
        raise problem_of(path, f"the weights cannot be read: {str(error)[:200]}") from error
    shapes: Shapes = {}
    end = 0
    if not isinstance(header, dict):
        raise problem_of(path, "the weights are damaged: its header is no table.")
    if len(header) > _MOST:
        raise problem_of(path, f"it names {len(header):,} weights, and a model has fewer than {_MOST:,}.")
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        sizes, stop = _entry(path, name, entry)
        shapes[name], end = sizes, max(end, stop)
    if end != there - length:
        raise problem_of(path, "the weights are damaged: it is not as long as its header says.")
    return shapes


def _entry(path: Path, name: str, entry: Any) -> tuple[tuple[int, ...], int]:
    """A weight's sizes, and where its bytes end."""
    try:
        sizes, (start, stop), width = entry["shape"], entry["data_offsets"], _BYTES[entry["dtype"]]
        count = 1
        for length in sizes:
            if type(length) is not int or not 0 <= length < 2**40:
                raise ValueError(length)
            count *= length
        if len(sizes) > 8 or start < 0 or stop - start != count * width:
            raise ValueError(sizes)
    except (KeyError, TypeError, ValueError) as error:
        raise problem_of(path, f"the weights are damaged at {name[:80]!r}.") from error
    return tuple(sizes), stop


def of_folder(folder: Path, index: Mapping[str, Any] | None) -> Shapes:
    """All weights of a model folder.

    Args:
        folder: with model.safetensors, or several such files.
        index: the content of model.safetensors.index.json; None where there is none.

    Raises:
        InputProblem: a file is missing, damaged, or no safetensors.
    """
    if (folder / FILE).is_file():
        return shapes_of(folder / FILE)
    names = index.get("weight_map") if index else None
    if not isinstance(names, dict) or not names:
        raise problem_of(folder / INDEX, "it names no weights.")
    every: Shapes = {}
    for name in sorted(set(map(str, names.values()))):
        every |= shapes_of(folder / name)
    missing = names.keys() - every.keys()
    if missing:
        raise problem_of(folder / INDEX, f"{len(missing)} weights that it names are in no file, as {min(missing)}.")
    return every


def check(folder: Path, shapes: Shapes, config: Mapping[str, Any]) -> None:
    """Refuse weights that are not those of the configuration. The head is left aside.

    Raises:
        InputProblem: naming the weight.
    """
    path = folder / FILE if (folder / FILE).is_file() else folder / INDEX
    if not any(all(sizes) for sizes in shapes.values()):
        raise problem_of(path, "it holds no weights.")
    if not any(name.endswith(("word_embeddings.weight", "tok_embeddings.weight")) for name in shapes):
        raise problem_of(path, "it has no word embeddings: these are not the weights of such a model.")
    for name, sizes in shapes.items():
        for pattern, settings in _SHAPES:
            if re.search(rf"(?:^|\.)(?:{pattern})$", name):
                wanted = tuple(size(config, *names) for names in settings)
                if len(sizes) != len(wanted) or any(b is not None and a != b for a, b in zip(sizes, wanted)):  # noqa: B905
                    raise problem_of(
                        path, f"{name[:80]} is {_product(sizes)}, but config.json says {_product(wanted)}."
                    )
    layers = {int(match[1]) for name in shapes if (match := _LAYER.search(name))}
    wanted_layers = size(config, "num_hidden_layers", "n_layers")
    if config.get("model_type") != "albert" and wanted_layers and layers != set(range(wanted_layers)):
        raise problem_of(path, f"it has {len(layers)} layers, but config.json says {wanted_layers}.")


def check_head(folder: Path, shapes: Shapes, config: Mapping[str, Any]) -> None:
    """Refuse a model that was never fine-tuned, or whose head is not that of its labels.

    Raises:
        InputProblem: it is no model to predict with.
    """
    head = next((shapes[name] for name in _HEADS if name in shapes), None)
    if head is None:
        raise problem_of(folder, "its weights have no head, so it was never fine-tuned to tell anything apart.")
    names = configuration.labels(config)
    if names and head[0] != len(names):
        raise problem_of(folder, f"its head has {head[0]} rows, but config.json names {len(names)} labels.")


def _product(sizes: tuple[int | None, ...]) -> str:
    return " × ".join("?" if length is None else str(length) for length in sizes)
