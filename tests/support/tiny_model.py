"""Tiny random models of each architecture, and a run folder to train them in. Loads torch."""

import string
from pathlib import Path
from typing import Any

import yaml
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoModelForTokenClassification,
    BertConfig,
    LayoutLMConfig,
    LayoutLMv3Config,
    LiltConfig,
    PreTrainedTokenizerFast,
)

from tests.support.tiny_documents import CLASS, FIELDS, documents
from workbench.runs import parquet
from workbench.runs.config.files import from_dict
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder

FAMILIES = ("starter", "layoutlm", "lilt", "layoutlmv3", "text")


def tokenizer() -> Any:
    """A WordPiece tokenizer over single letters and a few words."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "total", "date", "item", "合", "计"]
    pieces += list(string.digits + string.ascii_lowercase + ".,:/-#")
    pieces += [f"##{letter}" for letter in string.digits + string.ascii_lowercase + ".,:/-#"]
    backend = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]",
    )  # fmt: skip


def base(folder: Path, family: str, positions: int = 64, labels: list[str] | None = None, layers: int = 2) -> Path:
    """A base's folder for a family: hidden 32."""
    own = tokenizer()
    common: dict[str, Any] = {
        "vocab_size": len(own), "hidden_size": 32, "num_hidden_layers": layers, "num_attention_heads": 4,
        "intermediate_size": 64, "max_position_embeddings": positions, "pad_token_id": 0,
    }  # fmt: skip
    if family == "layoutlmv3":
        config: Any = LayoutLMv3Config(
            **common | {"max_position_embeddings": positions + 2}, coordinate_size=5, shape_size=6, input_size=32,
            patch_size=16,
        )  # fmt: skip
    elif family == "lilt":
        config = LiltConfig(**common | {"hidden_size": 48, "max_position_embeddings": positions + 2})
    elif family == "text":
        config = BertConfig(**common)
    else:
        config = LayoutLMConfig(**common, max_2d_position_embeddings=1024)
    if labels:
        config.id2label, config.label2id = dict(enumerate(labels)), {label: i for i, label in enumerate(labels)}
    path = folder / f"base-{family}"
    AutoModelForTokenClassification.from_config(config).save_pretrained(path)
    own.save_pretrained(path)
    return path


def picture(folder: Path) -> Path:
    path = folder / "page.png"
    Image.new("RGB", (60, 80), "lightgrey").save(path)
    return path


def run_folder(folder: Path, family: str, settings: dict[str, Any] | None = None, train: int = 12, **more: Any) -> Path:
    """A run folder that is ready for the worker."""
    folder.mkdir(parents=True, exist_ok=True)
    page = picture(folder) if family == "layoutlmv3" else None
    config: dict[str, Any] = {
        "model": {"family": family, "name": str(base(folder, family))},
        "train": {
            "learning_rate": 3e-3, "num_train_epochs": 2, "per_device_train_batch_size": 4, "logging_steps": 1,
            "device": "cpu", "bf16": False,
        },
        "data": {"max_length": 64, "window_stride": 8},
    }  # fmt: skip
    for section, values in (settings or {}).items():
        config.setdefault(section, {}).update(values)
    run = RunFolder(folder)
    learns_classes = config["model"].get("task") == "classes"
    for seed, (split, count) in enumerate((("train", train), ("validation", 4), ("test", 3)), start=1):
        rows = documents(count, seed, picture=page)
        for number, row in enumerate(rows):
            row.classes = [CLASS["options"][number % 2]] if learns_classes else None
        parquet.write(run.dataset(split), rows)
    pool = documents(3, 4, words=90, picture=page)
    for row in pool:
        row.tags = None
    parquet.write(run.dataset("pool"), pool)
    request = Request(
        run=folder.name,
        fields=[CLASS] if learns_classes else FIELDS,
        config=from_dict(config),
        threads=1,
        niceness=0,
        **more,
    )
    run.request.write_text(request.text(), encoding="utf-8")
    assert yaml.safe_load(request.text())["run"] == folder.name
    return folder
