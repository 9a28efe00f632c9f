"""Presets: a whole configuration by the size of the data, after the handbook."""

from dataclasses import dataclass
from typing import Any

from storage.exceptions import ConfigProblem
from workbench.runs.config.tune import TuneConfig


@dataclass(frozen=True, slots=True)
class Preset:
    """A named configuration and what data it is for."""

    name: str
    title: str
    when: str
    config: TuneConfig


FIRST, SMALL, MEDIUM, LARGE, TEXT = "first model", "A", "B", "C", "text baseline"
CLASSES, RARE, CLAIMS = "classes", "rare class", "claims"
EMBEDDED = "embedded"
"""The family of the text encoder that comes with the program."""


def presets(device: str = "cpu") -> dict[str, Preset]:
    """All presets by name. Without a GPU (`device` "cpu"), A starts from the starter."""
    gpu = device != "cpu"
    base = "layoutlmv3" if gpu else "starter"
    model: dict[str, Any] = {"task": "classes", "classifier_dropout": 0.0}
    train: dict[str, Any] = {
        "learning_rate": 1e-4, "per_device_train_batch_size": 16, "per_device_eval_batch_size": 32,
        "early_stopping_patience": 3, "logging_steps": 20, "train_sample": 200,
    }  # fmt: skip
    others: dict[str, Any] = {
        "regularization": {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.0},
        "data": {"max_length": 128, "window_stride": 16},
    }
    rows = (
        (
            FIRST, "First model", "5–50 documents, a CPU, minutes",
            {
                "model": {"family": "starter", "classifier_dropout": 0.0},
                "train": {
                    "learning_rate": 1e-4, "num_train_epochs": 10, "per_device_train_batch_size": 4,
                    "early_stopping_patience": 6, "logging_steps": 5, "freeze": "lowest", "freeze_layers": 3,
                },
                "regularization": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
                "data": {"max_length": 512},
            },
        ),
        (
            SMALL, "Small", "200–2,000 pages, one or two GPUs" if gpu else "50–2,000 pages",
            {
                "model": {"family": base, "classifier_dropout": 0.2 if gpu else 0.0},
                "train": {
                    "learning_rate": 5e-5 if gpu else 1e-4, "num_train_epochs": 20 if gpu else 8, "warmup_ratio": 0.1,
                    "per_device_train_batch_size": 8, "gradient_accumulation_steps": 4 if gpu else 1,
                    "freeze": "lowest" if gpu else "none", "freeze_layers": 3,
                    "unfreeze_after_epochs": 2 if gpu else 0,
                },
                "regularization": {
                    "hidden_dropout_prob": 0.2 if gpu else 0.0,
                    "attention_probs_dropout_prob": 0.1 if gpu else 0.0,
                },
                "data": {"max_length": 512, "merge_lines": gpu},
                "augmentation": {"box_jitter": 3.0, "header_synonyms": 0.1},
            },
        ),
        (
            MEDIUM, "Medium", "10,000–100,000 pages, several GPUs",
            {
                "model": {"family": "layoutlmv3", "classifier_dropout": 0.1},
                "train": {
                    "learning_rate": 3e-5, "num_train_epochs": 10, "warmup_ratio": 0.08,
                    "per_device_train_batch_size": 16, "gradient_accumulation_steps": 8,
                    "gradient_checkpointing": True, "logging_steps": 50,
                },
                "regularization": {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1},
                "augmentation": {
                    "header_synonyms": 0.2, "currency_forms": 0.2, "number_formats": 0.2, "ocr_noise": 0.02,
                    "box_jitter": 5.0, "rotation": 1.0, "blur": 0.5,
                },
            },
        ),
        (
            LARGE, "Large", "100,000–500,000 pages and more; FSDP with train.processes",
            {
                "model": {"family": "layoutlmv3"},
                "train": {
                    "learning_rate": 2e-5, "num_train_epochs": 5, "warmup_ratio": 0.05,
                    "per_device_train_batch_size": 16, "gradient_accumulation_steps": 16, "bf16": True,
                    "gradient_checkpointing": True, "lr_scheduler_type": "cosine", "logging_steps": 50,
                },
            },
        ),
        (
            TEXT, "Text baseline", "a cross-check: a reader of words alone sometimes beats the layout models",
            {
                "model": {"family": "text"},
                "train": {
                    "learning_rate": 3e-5, "num_train_epochs": 15, "per_device_train_batch_size": 8,
                    "gradient_accumulation_steps": 4,
                },
            },
        ),
        (
            CLASSES, "Classes", "what texts or whole documents are, on a CPU, minutes",
            {"model": model, "train": {**train, "num_train_epochs": 4}, **others},
        ),
        (
            RARE, "Rare class", "thousands of texts of two classes, one of them rare: one epoch on a CPU",
            {
                "model": {**model, "head_start": "regression"},
                "train": {**train, "num_train_epochs": 1, "back_to_start": 0.5, "cut": "recall"},
                **others,
            },
        ),
        (
            CLAIMS, "Claims", "the tutorial on claims: bert-base-uncased on more than 20,000 sentences, a GPU",
            {
                "model": {"task": "classes", "family": "text", "name": "bert-base-uncased"},
                "train": {
                    "learning_rate": 2e-5, "num_train_epochs": 2, "per_device_train_batch_size": 16,
                    "per_device_eval_batch_size": 32, "lr_scheduler_type": "cosine", "warmup_steps": 400,
                    "weight_decay": 0.01, "max_grad_norm": 5.0, "eval_strategy": "steps", "eval_steps": 50,
                    "logging_steps": 50, "save_steps": 100, "early_stopping_patience": 0,
                },
                "data": {"max_length": 128, "window_stride": 16},
            },
        ),
    )  # fmt: skip
    return {name: Preset(name, title, when, TuneConfig.model_validate(data)) for name, title, when, data in rows}


def preset(name: str, device: str = "cpu") -> Preset:
    """The preset of this name, whatever its case.

    Raises:
        ConfigProblem: there is none.
    """
    by_name = {key.casefold(): value for key, value in presets(device).items()}
    chosen = by_name.get(name.strip().casefold().replace("-", " ").replace("_", " "))
    if chosen is None:
        raise ConfigProblem(f"There is no preset {name!r}.", f"Choose one of: {', '.join(presets())}, auto.")
    return chosen


FEW_TEXTS = 300
"""Below so many labelled texts, an epoch is so few steps that a class model needs more and larger ones."""


def for_few_texts(config: TuneConfig, family: str) -> TuneConfig:
    """The preset of classes for fewer than `FEW_TEXTS` labelled texts and a model of this family.

    What the program's own encoder says of a text is enough, so that only its head is trained: 100 labels of the claims
    data, F1 at equal shares 0.78, 0.84 and 0.81 instead of 0.71, 0.70 and 0.63 (docs/measurements.md, "Classes").
    """
    if family != EMBEDDED:
        train = config.train.model_copy(update={"num_train_epochs": 30, "learning_rate": 2e-4})
        return config.model_copy(update={"train": train})
    train = config.train.model_copy(
        update={"num_train_epochs": 10, "learning_rate": 3e-3, "freeze": "head_only", "early_stopping_patience": 0}
    )
    regularization = config.regularization.model_copy(update={"class_weights": "inverse"})
    return config.model_copy(update={"train": train, "regularization": regularization})


def of_classes(documents: int, class_field: str = "", device: str = "cpu", family: str = EMBEDDED) -> TuneConfig:
    """The preset of classes for so many labelled documents, to learn this field by a model of this family."""
    config = preset(CLASSES, device).config
    config = for_few_texts(config, family) if documents < FEW_TEXTS else config
    return config.model_copy(update={"model": config.model.model_copy(update={"class_field": class_field})})


def choose_preset(documents: int, pages: int, device: str = "cpu") -> str:
    """The preset's name for so many training documents and pages on this device ("cpu", "cuda", "mps")."""
    if documents <= 50 or (device == "cpu" and documents <= 100):
        return FIRST
    if device == "cpu" or pages < 10_000:
        return SMALL
    return MEDIUM if pages < 100_000 else LARGE
