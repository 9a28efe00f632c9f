"""The starter: a LayoutLM of MiniLM's size that comes with the program. [worker]

Its boxes enter smoothly (see `smooth_boxes`), in the starter's own training and in every fine-tuning from it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoTokenizer, LayoutLMConfig, LayoutLMForTokenClassification

from storage.exceptions import InputProblem, MissingTool
from storage.files import digest_of
from workbench.runs.config import families
from workbench.runs.config.request import FieldSpec
from workbench.runs.config.tune import TuneConfig
from workbench.runs.model_folders import weights as weight_files
from workbench.training.models import loading, smooth_boxes

SHIPPED = families.STARTER_FOLDER
"""config.json (with the labels), tokenizer files, model.safetensors (fp16), and SHA256 over the latter."""

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of all-MiniLM-L6-v2's model.safetensors, as its makers published it."""

_REMEDY = (
    "Install the program again, rebuild the starter with `make starter`, or set model.name to a LayoutLM folder "
    "(every other part works without the starter)."
)


def shipped() -> Path:
    """The folder of the starter that came with the program, checked.

    Raises:
        MissingTool: it is not there.
        InputProblem: it is damaged.
    """
    weights, checksum = SHIPPED / weight_files.FILE, SHIPPED / "SHA256"
    if not (weights.is_file() and checksum.is_file()):
        raise MissingTool(f"The starter model is missing: there is no {weights}.", _REMEDY)
    if digest_of(weights) != checksum.read_text(encoding="ascii").split()[0]:
        raise InputProblem(f"The starter model is damaged: {weights} is not what {checksum.name} says.", _REMEDY)
    return SHIPPED


def build(config: TuneConfig, fields: Sequence[FieldSpec]) -> loading.Built:
    """The starter (or another LayoutLM folder) for these fields, its boxes moving smoothly."""
    source = loading.source_of(config.model.name) if config.model.name else str(shipped())
    built = loading.build(config, fields, source, ("layoutlm",))
    built.sep_box = 1000
    smooth_boxes.smoothen(built.model)
    return built


def build_from_minilm(folder: Path, labels: Sequence[str]) -> loading.Built:
    """A LayoutLM with MiniLM's text weights, layout tables of zeros and a new head; boxes moving smoothly.

    Args:
        folder: all-MiniLM-L6-v2 as its makers published it (model.safetensors, tokenizer.json).
        labels: of the head, "O" first.

    Raises:
        InputProblem: the weights are not the published ones.
    """
    weights = folder / weight_files.FILE
    if not weights.is_file() or digest_of(weights) != MINILM_SHA256:
        raise InputProblem(
            f"{weights} is not the published all-MiniLM-L6-v2.", "Bring the file whose SHA-256 is " + MINILM_SHA256
        )
    settings = LayoutLMConfig(
        vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536,
        max_position_embeddings=512, max_2d_position_embeddings=1024, type_vocab_size=2,
        id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)},
    )  # fmt: skip
    model = LayoutLMForTokenClassification(settings)
    state = {f"layoutlm.{name}": tensor for name, tensor in load_file(weights).items() if "position_ids" not in name}
    missing, unexpected = model.load_state_dict(state, strict=False)
    tables = [name for name in missing if "classifier" not in name]
    if unexpected or len(tables) != len(smooth_boxes.TABLES):
        raise InputProblem(f"{weights} does not fit a LayoutLM: {unexpected or tables}.", "Bring the published file.")
    with torch.no_grad():
        for name in smooth_boxes.TABLES:
            getattr(smooth_boxes.embeddings(model), name).weight.zero_()
    smooth_boxes.smoothen(model)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.model_max_length = 512
    tokenizer.backend_tokenizer.no_padding()  # the published file pads everything to 128 and cuts it there
    tokenizer.backend_tokenizer.no_truncation()
    return loading.Built(model, tokenizer, sep_box=1000)


def reopen(folder: Path) -> loading.Built:
    """A starter that was saved, to go on making it; boxes moving smoothly."""
    model = LayoutLMForTokenClassification.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    smooth_boxes.smoothen(model)
    return loading.Built(model, AutoTokenizer.from_pretrained(folder), sep_box=1000)


def without_dropout(model: nn.Module) -> None:
    """Switch every dropout off, that of attention too: a module, and a number beside it that SDPA is called with."""
    for part in model.modules():
        module: Any = part
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, "attention_dropout"):
            module.attention_dropout = 0.0


def save_shipped(built: loading.Built, folder: Path) -> None:
    """Write a model as the shipped starter: tables baked, fp16, with its checksum. The model itself stays as it is."""
    plain = LayoutLMForTokenClassification(built.model.config)
    plain.load_state_dict(smooth_boxes.baked(built.model))
    folder.mkdir(parents=True, exist_ok=True)
    plain.half().save_pretrained(folder)
    built.tokenizer.save_pretrained(folder)
    weights = folder / weight_files.FILE
    (folder / "SHA256").write_text(f"{digest_of(weights)}  {weights.name}\n", encoding="ascii")
