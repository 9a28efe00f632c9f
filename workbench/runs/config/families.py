"""The model families: what each is, needs and costs. Plain facts; the modules that build models load torch."""

import json
from dataclasses import dataclass
from pathlib import Path

import workbench
from storage.exceptions import ConfigProblem
from workbench.files.typed_paths import expanded


@dataclass(frozen=True, slots=True)
class Base:
    """A pretrained model that a family starts from. Sizes are the model's own; positions are usable ones."""

    name: str
    title: str
    hidden: int
    layers: int
    heads: int
    vocabulary: int
    positions: int = 512


@dataclass(frozen=True, slots=True)
class Spec:
    """One family. The first base is its default."""

    name: str
    title: str
    bases: tuple[Base, ...]
    boxes: bool
    picture: bool
    licence: str  # of the weights
    commercial: str  # what it means for commercial use
    learned_from: str  # what the weights know before fine-tuning
    module: str  # has build(); only the worker imports it
    tasks: tuple[str, ...] = ("tokens", "classes")  # what it can learn


STARTER_FOLDER = Path(workbench.__file__).parent / "starter_model"
"""The starter that comes with the program: weights, tokenizer, and readers.json, its record beside the rules."""

STARTER = "starter"
"""The model that comes with the program, as it is named where a model is asked for; also its family."""

DEFAULTS = {"tokens": "starter", "classes": "embedded"}
"""The family that a task begins with."""

ENCODER_FOLDER = Path(workbench.__file__).parent / "text_encoder"
"""The text encoder that comes with the program, for classes."""

_BY_USER = "Depends on the weights you name: read their licence before you sell what they read."

FAMILIES: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec(
            "starter",
            "Starter (words and boxes, 22 M parameters, comes with the program)",
            (Base("", "the starter that comes with the program", 384, 6, 12, 30522),),
            True,
            False,
            "Apache-2.0",
            "Free for commercial use.",
            "made-up receipts and invoices in English, German, French, Dutch and Chinese; no real document.",
            "workbench.training.models.starter",
        ),
        Spec(
            "layoutlmv3",
            "LayoutLMv3 (words, boxes and the page's picture)",
            (
                Base("microsoft/layoutlmv3-base", "base, 125 M parameters", 768, 12, 12, 50265),
                Base("microsoft/layoutlmv3-large", "large, 357 M parameters", 1024, 24, 16, 50265),
            ),
            True,
            True,
            "CC BY-NC-SA 4.0",
            "Not for commercial use, and neither is a model fine-tuned from it.",
            "11 million scanned pages of English business letters and forms (IIT-CDIP), with pictures.",
            "workbench.training.models.layoutlmv3",
        ),
        Spec(
            "layoutlm",
            "LayoutLM (words and boxes)",
            (Base("microsoft/layoutlm-base-uncased", "base, 113 M parameters", 768, 12, 12, 30522),),
            True,
            False,
            "MIT",
            "Free for commercial use.",
            "11 million scanned pages of English business letters and forms (IIT-CDIP).",
            "workbench.training.models.layoutlm",
        ),
        Spec(
            "lilt",
            "LiLT (words and boxes; one variant for many languages)",
            (
                Base("SCUT-DLVCLab/lilt-roberta-en-base", "English, 131 M parameters", 768, 12, 12, 50265),
                Base("SCUT-DLVCLab/lilt-infoxlm-base", "many languages, 284 M parameters", 768, 12, 12, 250002),
            ),
            True,
            False,
            "MIT",
            "Free for commercial use.",
            "layout from 11 million scanned English pages (IIT-CDIP), words from RoBERTa or InfoXLM.",
            "workbench.training.models.lilt",
        ),
        Spec(
            "text",
            "Text only (any BERT-like encoder; words without layout)",
            (
                Base("bert-base-uncased", "English, 110 M parameters, Apache-2.0", 768, 12, 12, 30522),
                Base("bert-base-chinese", "Chinese, 102 M parameters, Apache-2.0", 768, 12, 12, 21128),
                Base("xlm-roberta-base", "100 languages, 278 M parameters, MIT", 768, 12, 12, 250002),
            ),
            False,
            False,
            "its own",
            _BY_USER,
            "running text; nothing about pages.",
            "workbench.training.models.text",
        ),
        Spec(
            "embedded",
            "Embedded (words alone, MiniLM, 22 M parameters, comes with the program)",
            (Base("", "all-MiniLM-L6-v2", 384, 6, 12, 30522),),
            False,
            False,
            "Apache-2.0",
            "Free for commercial use.",
            "a billion pairs of English sentences.",
            "workbench.training.models.embedded",
            ("classes",),
        ),
        Spec(
            "baseline",
            "Baseline (counts of words and pairs of words, seconds)",
            (Base("", "learned from your texts alone", 1, 1, 1, 1, 1_000_000),),
            False,
            False,
            "yours",
            "Free for commercial use.",
            "nothing before your labels.",
            "workbench.training.tasks.baseline",
            ("classes",),
        ),
    )
}


def spec(name: str) -> Spec:
    """The family of this name.

    Raises:
        ConfigProblem: there is none.
    """
    if name not in FAMILIES:
        raise ConfigProblem(f"There is no model family {name!r}.", f"Choose one of: {', '.join(FAMILIES)}.")
    return FAMILIES[name]


def infer(name: str) -> str:
    """The family that a base's hub name or folder belongs to; `text` where nothing says otherwise."""
    kind = str(_folder_config(name).get("model_type", ""))
    if not kind:
        for family in FAMILIES.values():
            if name and any(base.name == name for base in family.bases):
                return family.name
        kind = name.lower().rsplit("/", 1)[-1]
    for family_name in ("layoutlmv3", "layoutlm", "lilt"):
        if kind.startswith(family_name) and not kind.startswith("layoutlmv2"):
            return family_name
    return "text"


def base(family: str, name: str) -> Base | None:
    """What is known of a base before it is loaded: the registry's facts, or a folder's config.json."""
    bases = spec(family).bases
    if not name:
        return bases[0]
    known = next((b for b in bases if b.name == name), None)
    if known:
        return known
    config = _folder_config(name)
    try:
        sizes = [int(str(config[key])) for key in _SIZES]
    except (KeyError, TypeError, ValueError):
        return None
    sizes[-1] -= position_offset(str(config.get("model_type", "")))
    return Base(name, Path(name).name, *sizes)


_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "max_position_embeddings")


def position_offset(model_type: str) -> int:
    """How many of a model's positions cannot be used: RoBERTa and the like start counting after the padding id."""
    return 2 if model_type in {"roberta", "xlm-roberta", "camembert", "layoutlmv3", "lilt"} else 0


_MOST_BYTES = 50_000_000  # of a config.json: with ten thousand labels it has less than one


def _folder_config(name: str) -> dict[str, object]:
    path = expanded(name) / "config.json"
    try:
        is_one = bool(name) and path.is_file() and path.stat().st_size <= _MOST_BYTES
        loaded = json.loads(path.read_text(encoding="utf-8")) if is_one else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
