"""Every preset with every family, the handbook's own file, and checkpointed activations, on tiny models."""

import itertools
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from transformers.utils import logging

from storage import events
from tests.support import tiny_model
from workbench.runs.config import presets
from workbench.runs.config.files import load
from workbench.runs.state import RunFolder
from workbench.training import callbacks, training_run

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)

HANDBOOK = """
model:          {name: microsoft/layoutlmv3-base, max_position_embeddings: 512, classifier_dropout: 0.2}
train:          {learning_rate: 3.0e-5, weight_decay: 0.01, warmup_ratio: 0.10, num_train_epochs: 10,
                 per_device_train_batch_size: 4, per_device_eval_batch_size: 4, gradient_accumulation_steps: 8,
                 fp16: true, gradient_checkpointing: true, lr_scheduler_type: cosine, logging_steps: 50,
                 evaluation_strategy: steps, eval_steps: 500, save_steps: 500,
                 load_best_model_at_end: true, metric_for_best_model: f1}
regularization: {label_smoothing_factor: 0.1, attention_probs_dropout_prob: 0.1, hidden_dropout_prob: 0.2}
data:           {max_length: 512, window_stride: 64, bbox_norm: 1000}
"""


def log_of(folder: Path) -> list[dict[str, Any]]:
    """Run the folder in this process; its events."""
    with events.EventWriter(folder / "events.jsonl") as writer:
        training_run.run(folder, writer.write, callbacks.Control(RunFolder(folder)))
    return events.read(folder / "events.jsonl")[0]


def losses(log: list[dict[str, Any]]) -> list[float]:
    return [event["loss"] for event in log if event["type"] == "step"]


@pytest.mark.parametrize("family", tiny_model.FAMILIES)
def test_checkpointed_activations_are_computed_twice_and_change_no_loss(tmp_path: Path, family: str) -> None:
    passes = Counter[str]()

    def count(module: Any, inputs: Any, output: Any) -> None:
        if type(module).__name__.endswith("SelfAttention") and module.training:
            passes[run.name] += 1

    # with dropout: the second pass must draw the same activations
    dropout = {"regularization": {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}}
    plain = tiny_model.run_folder(tmp_path / "plain", family, dropout)
    again = tiny_model.run_folder(tmp_path / "again", family, dropout | {"train": {"gradient_checkpointing": True}})
    for file in (plain / f"base-{family}").iterdir():  # the same random weights
        shutil.copy(file, again / f"base-{family}")
    curves = []
    with torch.nn.modules.module.register_module_forward_hook(count):
        for run in (plain, again):
            curves.append(losses(log_of(run)))
    assert curves[1] == pytest.approx(curves[0], abs=1e-5) and len(curves[0]) == 6
    assert passes["again"] == 2 * passes["plain"] > 0


def variants() -> list[tuple[str, str]]:
    """Every preset for any family, and those that are others on a GPU once more."""
    names = [name for name in presets.presets() if name != presets.RARE]  # for heads of one layer
    differ = [name for name in names if presets.preset(name, "cuda").config != presets.preset(name, "cpu").config]
    return [*((name, "cpu") for name in names), *((name, "cuda") for name in differ)]


@pytest.mark.parametrize("family", tiny_model.FAMILIES)
@pytest.mark.parametrize(("name", "device"), variants())
def test_every_preset_trains_every_family(tmp_path: Path, name: str, device: str, family: str) -> None:
    settings = presets.preset(name, device).config.model_dump(mode="json", exclude_none=True)
    settings["model"] = {key: value for key, value in settings["model"].items() if key not in ("family", "name")}
    settings["train"] |= {"device": "cpu", "max_steps": 2, "logging_steps": 1, "per_device_train_batch_size": 2}
    settings["train"]["gradient_accumulation_steps"] = 1
    settings["data"] |= {"max_length": 64, "window_stride": 8}
    folder = tiny_model.run_folder(tmp_path / "run", family, settings, train=4)
    for split in ("test", "pool"):  # what a trained model does with them has nothing to do with the preset
        RunFolder(folder).dataset(split).unlink()
    log = log_of(folder)
    assert log[-1]["type"] == "finished" and len(losses(log)) == 2


@pytest.mark.parametrize(
    ("name", "family"),
    [*itertools.product([presets.CLASSES, presets.CLAIMS], ["embedded", "baseline"]), (presets.RARE, "embedded")],
)
def test_every_preset_of_classes_trains_what_comes_with_the_program(tmp_path: Path, name: str, family: str) -> None:
    """The text encoder that is shipped (once; else a tiny one in a folder), and the counts of words."""
    settings = presets.preset(name).config.model_dump(mode="json", exclude_none=True)
    is_small = family == "embedded" and name != presets.CLASSES
    base = str(tiny_model.base(tmp_path, "text")) if is_small else ""
    settings["model"] |= {"family": family, "name": base}
    settings["train"] |= {"device": "cpu", "max_steps": 2, "logging_steps": 1, "per_device_train_batch_size": 2}
    settings["data"] |= {"max_length": 16, "window_stride": 4}
    log = log_of(tiny_model.run_folder(tmp_path / "run", family, settings, train=4))
    assert log[-1]["type"] == "finished"
    assert len(losses(log)) == (0 if family == "baseline" else 2)


def test_the_handbooks_own_file_trains_to_its_end(tmp_path: Path) -> None:
    base = tiny_model.base(tmp_path, "layoutlmv3", positions=512)
    config = load(HANDBOOK.replace("microsoft/layoutlmv3-base", str(base)))
    assert config.model.family == "layoutlmv3" and config.train.gradient_checkpointing
    folder = tiny_model.run_folder(tmp_path / "run", "layoutlmv3")
    request = yaml.safe_load((folder / "request.yaml").read_text())
    request["config"] = config.model_dump(mode="json")
    (folder / "request.yaml").write_text(yaml.safe_dump(request))
    log = log_of(folder)
    assert log[-1]["type"] == "finished" and (folder / "model" / "model.safetensors").exists()


@pytest.mark.parametrize(("key", "value"), [("fsdp", "full_shard auto_wrap"), ("deepspeed", "/zero2.json")])
def test_one_process_trains_undivided_and_says_so(tmp_path: Path, key: str, value: str) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "layoutlm", {"train": {key: value}})
    log = log_of(folder)
    assert log[-1]["type"] == "finished"
    assert any(
        f"train.{key}" in event["message"] and "train.processes" in event["message"]
        for event in log
        if "message" in event
    )
