"""The text encoder that comes with the program: all-MiniLM-L6-v2, taught to say in its first token what a text is about
(make_text_encoder.py), kept as 8-bit integers. [worker]

The weights of a matrix are kept as integers from -127 to 127 and one scale a row; what is fine-tuned, and what is
saved, are ordinary 32-bit weights. The tokenizer is the starter's: both have BERT's English vocabulary.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, BertModel

from storage.exceptions import InputProblem, MissingTool
from storage.files import digest_of
from workbench.runs.config import families
from workbench.runs.config.request import FieldSpec
from workbench.runs.config.tune import TuneConfig
from workbench.runs.model_folders import weights as weight_files
from workbench.training.models import loading, starter

SHIPPED = families.ENCODER_FOLDER
"""model.safetensors (8-bit), and SHA256 over it."""
_SCALE = ".scale"
_REMEDY = "Install the program again, or set model.family to text and model.name to a folder with an encoder."


def build(config: TuneConfig, fields: Sequence[FieldSpec]) -> loading.Built:
    """A classifier for the options of one class field on the encoder, or on an encoder in a folder.

    Raises:
        MissingTool: the encoder is not there.
        InputProblem: it is damaged.
        ConfigProblem: the configuration asks for what it cannot do.
    """
    if config.model.name:
        return loading.build(config, fields, loading.source_of(config.model.name), ("bert",))
    if config.model.structure:
        raise InputProblem(
            "The encoder that comes with the program keeps its structure.",
            "Leave model.hidden_size and the like empty, or choose the family text.",
        )
    settings = _settings(
        id2label=dict(enumerate(fields[0].options)),
        label2id={option: i for i, option in enumerate(fields[0].options)},
        problem_type=loading.problem_of(fields),
    )
    loading.set_dropouts(settings, config)
    model = BertForSequenceClassification(settings)
    _load_shipped(model.bert)
    return loading.Built(model, AutoTokenizer.from_pretrained(starter.shipped()))


def encoder(layers: int) -> tuple[BertModel, Any]:
    """The lowest layers of the encoder that comes with the program, to read with, and its tokenizer.

    Raises:
        MissingTool: the encoder is not there.
        InputProblem: it is damaged.
    """
    model = BertModel(_settings(), add_pooling_layer=False)
    _load_shipped(model)
    model.encoder.layer = model.encoder.layer[:layers]
    return model.eval(), AutoTokenizer.from_pretrained(starter.shipped())


def published(minilm: Path) -> dict[str, torch.Tensor]:
    """The weights of all-MiniLM-L6-v2 as its makers published it (model.safetensors in a folder).

    Raises:
        InputProblem: the weights are not the published ones.
    """
    weights = minilm / weight_files.FILE
    if not weights.is_file() or digest_of(weights) != starter.MINILM_SHA256:
        raise InputProblem(
            f"{weights} is not the published all-MiniLM-L6-v2.",
            "Bring the file whose SHA-256 is " + starter.MINILM_SHA256,
        )
    return {name: tensor for name, tensor in load_file(weights).items() if "position_ids" not in name}


def bare(state: dict[str, torch.Tensor]) -> BertModel:
    """An encoder of these weights without a pooler and without dropout."""
    model = BertModel(_settings(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0), add_pooling_layer=False)
    model.load_state_dict({name: tensor for name, tensor in state.items() if not name.startswith("pooler.")})
    return model


def _settings(**options: Any) -> BertConfig:
    return BertConfig(
        vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536,
        max_position_embeddings=512, **options,
    )  # fmt: skip


def _load_shipped(model: BertModel) -> None:
    weights = restored(load_file(_shipped()))
    if model.pooler is None:
        weights = {name: tensor for name, tensor in weights.items() if not name.startswith("pooler.")}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if missing or unexpected:
        raise InputProblem(f"The text encoder is damaged: {(missing or unexpected)[0]}.", _REMEDY)


def _shipped() -> Path:
    weights, checksum = SHIPPED / weight_files.FILE, SHIPPED / "SHA256"
    if not (weights.is_file() and checksum.is_file()):
        raise MissingTool(f"The text encoder is missing: there is no {weights}.", _REMEDY)
    if digest_of(weights) != checksum.read_text(encoding="ascii").split()[0]:
        raise InputProblem(f"The text encoder is damaged: {weights} is not what {checksum.name} says.", _REMEDY)
    return weights


def reduced(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Matrices as 8-bit integers with a scale a row; vectors (biases, norms) as they are."""
    kept = {}
    for name, tensor in state.items():
        if tensor.ndim < 2:
            kept[name] = tensor.float()
            continue
        scale = tensor.float().abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
        kept[name] = (tensor.float() / scale).round().to(torch.int8)
        kept[name + _SCALE] = scale
    return kept


def restored(kept: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The 32-bit weights of what `reduced` made."""
    return {
        name: tensor.float() * kept[name + _SCALE] if name + _SCALE in kept else tensor
        for name, tensor in kept.items()
        if not name.endswith(_SCALE)
    }


def save_shipped(model: BertModel, folder: Path) -> None:
    """Write the encoder that is shipped: its weights, and a pooler that passes on what the first token says."""
    width = int(model.config.hidden_size)
    state = {**model.state_dict(), "pooler.dense.weight": torch.eye(width), "pooler.dense.bias": torch.zeros(width)}
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / weight_files.FILE
    save_file({name: tensor.contiguous() for name, tensor in reduced(state).items()}, target)
    target.chmod(0o644)  # as the other files of the package
    (folder / "SHA256").write_text(f"{digest_of(target)}  {target.name}\n", encoding="ascii")
