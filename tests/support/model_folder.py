"""The smallest LayoutLM folder that passes for one, written without torch: its weights are zeros."""

import json
from math import prod
from pathlib import Path
from typing import Any

LABELS = ("O", "B-amount_total", "I-amount_total")
CONFIG: dict[str, Any] = {
    "architectures": ["LayoutLMForTokenClassification"], "model_type": "layoutlm", "hidden_size": 8,
    "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 512,
    "max_2d_position_embeddings": 1024, "type_vocab_size": 2, "vocab_size": 5, "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1, "pad_token_id": 0, "id2label": {str(i): label for i, label in enumerate(LABELS)},
    "label2id": {label: i for i, label in enumerate(LABELS)},
}  # fmt: skip
PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "total")


def shapes() -> dict[str, tuple[int, ...]]:
    """The weights that CONFIG describes, biases and norms included."""
    encoder = "layoutlm.encoder.layer."
    tables = {"word": 5, "position": 512, "token_type": 2} | {f"{axis}_position": 1024 for axis in "xyhw"}
    weights: dict[str, tuple[int, ...]] = {
        f"layoutlm.embeddings.{name}_embeddings.weight": (rows, 8) for name, rows in tables.items()
    }
    norms = ["layoutlm.embeddings.LayerNorm"]
    linear = {"layoutlm.pooler.dense": (8, 8), "classifier": (len(LABELS), 8)}
    for layer in ("0", "1"):
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            linear[f"{encoder}{layer}.{part}"] = (8, 8)
        linear[f"{encoder}{layer}.intermediate.dense"] = (16, 8)
        linear[f"{encoder}{layer}.output.dense"] = (8, 16)
        norms += [f"{encoder}{layer}.attention.output.LayerNorm", f"{encoder}{layer}.output.LayerNorm"]
    for name, sizes in linear.items():
        weights |= {f"{name}.weight": sizes, f"{name}.bias": sizes[:1]}
    for name in norms:
        weights |= {f"{name}.weight": (8,), f"{name}.bias": (8,)}
    return weights


def write_weights(path: Path, weights: dict[str, tuple[int, ...]]) -> None:
    """A safetensors file of zeros."""
    header, end = {}, 0
    for name, sizes in weights.items():
        start, end = end, end + 4 * prod(sizes)
        header[name] = {"dtype": "F32", "shape": sizes, "data_offsets": (start, end)}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))


def write(folder: Path, **config: Any) -> Path:
    """The folder, its configuration changed where told."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | config))
    write_weights(folder / "model.safetensors", shapes())
    vocabulary = {piece: number for number, piece in enumerate(PIECES)}
    special = [
        {"id": number, "content": piece, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": True}
        for number, piece in enumerate(PIECES[:4])
    ]  # fmt: skip
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": None,
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary,
        },
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"} | names))
    return folder
