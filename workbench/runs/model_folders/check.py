"""Whether a model folder can be used and is safe to load: known before anything is built, without torch."""

import json
import os
import re
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.files.typed_paths import expanded
from workbench.runs.model_folders import configuration, tokenizer, weights
from workbench.runs.model_folders.configuration import problem_of

_REMEDY = "Use a folder with config.json, a tokenizer and model.safetensors, as save_pretrained() writes it."
_TOKENIZERS = (
    ("tokenizer.json",), ("vocab.txt",), ("vocab.json", "merges.txt"), ("sentencepiece.bpe.model",), ("spiece.model",),
    ("spm.model",), ("tokenizer.model",),
)  # fmt: skip
"""Any of these is a tokenizer."""
_FILE_BYTES = 200_000_000
VOCABULARY = "vocabulary.json"
"""Of a baseline: the words that it counts."""
_HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)


def check_folder(folder: Path, *, fine_tuned: bool = False) -> None:
    """Refuse a model folder that wants to run code, reaches outside itself, or does not hold the model it describes.

    Args:
        folder: of a Hugging Face model, or of a baseline.
        fine_tuned: it is to predict, so its head must be there.

    Raises:
        InputProblem: it is no model folder, or not a safe one.
    """
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise InputProblem(f"{path} is no regular file: refused.", "Remove it from the folder.")
    files = {path.name: _content(path) for path in sorted(folder.glob("*.json")) if path.is_file()}
    if fine_tuned and VOCABULARY in files and "config.json" not in files:
        return  # a baseline is read by its own reader, which builds nothing
    if "config.json" not in files:
        raise InputProblem(f"{folder} is no model folder: it has no config.json.", _REMEDY)
    if "adapter_config.json" in files:
        raise InputProblem(f"{folder} is an adapter, not a whole model.", "Merge it into its base first.")
    for name, content in files.items():
        if isinstance(content, dict):
            _check_file(folder / name, content)
    _check_weight_files(folder)
    config = files["config.json"]
    if not isinstance(config, dict):
        raise problem_of(folder / "config.json", "it is no table.")
    configuration.check(folder / "config.json", config)
    if not any(all(_is_filled(folder / name) for name in names) for names in _TOKENIZERS):
        raise InputProblem(
            f"{folder} has no tokenizer: without its own, a model reads nothing but noise.",
            "Copy tokenizer.json and tokenizer_config.json of the same model into it.",
        )
    if isinstance(words := files.get(tokenizer.FILE), dict):
        tokenizer.check(folder / tokenizer.FILE, words)
    index = files.get(weights.INDEX)
    shapes = weights.of_folder(folder, index if isinstance(index, dict) else None)
    weights.check(folder, shapes, config)
    if fine_tuned:
        weights.check_head(folder, shapes, config)


def check_name(name: str) -> None:
    """Refuse a base that is neither a model folder that can be used nor a name on the hub; "" is the family's own.

    Raises:
        InputProblem: naming it.
    """
    folder = expanded(name)
    if name and os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises for names that cannot be a file's
        check_folder(folder)
    elif name and not (_HUB_NAME.fullmatch(name) and ".." not in name):
        raise InputProblem(f"There is no model folder {name[:200]}.", "Correct model.name.")


def _content(path: Path) -> Any:
    try:
        if path.stat().st_size > _FILE_BYTES:
            raise problem_of(path, "it is too large.")
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputProblem(f"{path} cannot be read: {str(error)[:200]}", _REMEDY) from error


def _check_file(path: Path, content: dict[str, Any]) -> None:
    if path.name not in ("tokenizer.json", "vocab.json"):  # these are tables of words, which may have any name
        configuration.refuse_orders(path, content)
    elif "auto_map" in content and not isinstance(content["auto_map"], int):
        raise InputProblem(f"{path} wants to run code of its own (auto_map): refused.", _REMEDY)
    names = content.get("weight_map", {})
    if not isinstance(names, dict):
        return
    for name in names.values():
        if Path(str(name)).name != str(name):
            raise InputProblem(f"{path} names weights outside the folder: refused.", _REMEDY)
        if path.name == weights.INDEX and not str(name).endswith(".safetensors"):
            raise InputProblem(f"{path} names {name[:60]}, which is no safetensors: refused.", _REMEDY)


def _check_weight_files(folder: Path) -> None:
    if any((folder / name).is_file() for name in (weights.FILE, weights.INDEX)):
        return
    pickles = sorted(p.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for p in folder.glob(pattern))
    reason = f"its weights ({', '.join(pickles)}) are pickles, which can run code" if pickles else "it has no weights"
    raise InputProblem(
        f"{folder} cannot be used: {reason}.", "Convert the weights to model.safetensors where you trust them."
    )


def _is_filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 2
