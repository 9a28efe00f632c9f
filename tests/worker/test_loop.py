"""The training loop of our own gives what the Trainer gives."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from transformers.utils import logging

from storage.exceptions import RunProblem
from tests.support import tiny_model
from tests.worker.test_training import losses, predictions, train
from workbench.runs.state import RunFolder

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)

DROPOUT = {"regularization": {"hidden_dropout_prob": 0.1}}


def both(folder: Path, family: str, settings: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The events of the same run by the Trainer and by the loop."""
    first = tiny_model.run_folder(folder / "trainer", family, settings)
    second = folder / "loop"
    shutil.copytree(first, second)
    request = yaml.safe_load((second / "request.yaml").read_text())
    request["config"]["train"]["engine"] = "loop"
    (second / "request.yaml").write_text(yaml.safe_dump(request))
    return train(first), train(second)


def evaluations(log: list[dict[str, Any]]) -> list[tuple[int, bool, float]]:
    return [(e["step"], e["best"], round(e["validation"]["loss"], 5)) for e in log if e["type"] == "evaluated"]


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        (
            "starter",
            DROPOUT | {"train": {"gradient_accumulation_steps": 2, "per_device_train_batch_size": 5,
                                 "num_train_epochs": 3, "lr_scheduler_type": "cosine"}},
        ),
        (
            "text",
            {"model": {"task": "classes"},
             "train": {"optim": "adamw_then_sgd", "sgd_after_steps": 3, "max_grad_norm": 0.05, "max_steps": 8}},
        ),
        (
            "text",
            {"model": {"task": "classes", "head_start": "regression"},
             "train": {"back_to_start": 0.5, "cut": "recall", "max_steps": 4}},
        ),
        ("text", {"train": {"bf16": True, "lr_scheduler_type": "reduce_lr_on_plateau", "num_train_epochs": 4,
                            "early_stopping_patience": 2, "learning_rate": 1e-9}}),
        ("layoutlm", {"train": {"optim": "adafactor", "freeze": "gradual", "unfreeze_after_epochs": 1,
                                "gradient_checkpointing": True, "max_grad_norm": 0}}),
    ],
    ids=["accumulation, dropout", "classes, AdamW then SGD", "classes, moved weights", "bf16, plateau, early stopping",
         "adafactor, thawing"],
)  # fmt: skip
def test_both_engines_give_the_same_run(tmp_path: Path, family: str, settings: dict[str, Any]) -> None:
    by_trainer, by_loop = both(tmp_path, family, settings)
    assert losses(by_loop) == pytest.approx(losses(by_trainer), abs=1e-5) and len(losses(by_loop)) > 3
    assert [e["type"] for e in by_loop] == [e["type"] for e in by_trainer]
    assert [sorted(e) for e in by_loop] == [sorted(e) for e in by_trainer]
    assert evaluations(by_loop) == evaluations(by_trainer)
    for own, other in zip(by_loop, by_trainer, strict=True):
        if own["type"] == "step":
            assert own["grad_norm"] == pytest.approx(other["grad_norm"], rel=1e-3, abs=1e-5)
            assert (own["learning_rate"], own["epoch"], own["total_steps"]) == pytest.approx(
                (other["learning_rate"], other["epoch"], other["total_steps"])
            )
    files = [
        sorted(str(path.relative_to(tmp_path / engine)) for path in (tmp_path / engine).rglob("*"))
        for engine in ("trainer", "loop")
    ]
    assert files[0] == files[1]
    for one, two in zip(predictions(tmp_path / "loop"), predictions(tmp_path / "trainer"), strict=True):
        assert np.abs(
            np.frombuffer(one.probabilities, "<f2") - np.frombuffer(two.probabilities, "<f2")
        ).max() < 2e-3  # fmt: skip


@pytest.mark.parametrize(("steps", "resumed_from"), [(5, 4), (4, 3)], ids=["within an epoch", "between epochs"])
def test_a_killed_loop_goes_on_as_if_nothing_had_happened(tmp_path: Path, steps: int, resumed_from: int) -> None:
    settings = DROPOUT | {
        "train": {"engine": "loop", "save_steps": 2, "gradient_accumulation_steps": 2, "num_train_epochs": 3,
                  "per_device_train_batch_size": 2, "optim": "adamw_then_sgd", "sgd_after_steps": 3},
    }  # fmt: skip
    whole = tiny_model.run_folder(tmp_path / "whole", "starter", settings)
    torn = tmp_path / "torn"
    shutil.copytree(whole, torn)
    expected = train(whole)
    train(torn, until=lambda e: e["type"] == "step" and e["step"] == steps)
    log = train(torn)
    assert [e["resumed_from"] for e in log if e["type"] == "started"] == [None, resumed_from]
    assert losses(log) == pytest.approx(losses(expected), abs=1e-6)
    assert log[-1]["f1"] == expected[-1]["f1"]


def test_the_loop_stops_where_it_is_asked_to_and_keeps_a_checkpoint(tmp_path: Path) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "text", {"train": {"engine": "loop", "num_train_epochs": 50}})

    def stop(event: dict[str, Any]) -> bool:
        if event["type"] == "step" and event["step"] == 4:
            RunFolder(folder).stop.touch()
        return False

    log = train(folder, stop)
    assert log[-1]["type"] == "finished" and log[-1]["state"] == "stopped"
    assert max(losses(log)) == 5
    assert (folder / "checkpoints" / "checkpoint-5" / "complete.json").exists()


def test_the_loop_is_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RunProblem, match="one process"):
        train(tiny_model.run_folder(tmp_path / "run", "text", {"train": {"engine": "loop"}}))
