"""An optimizer divided among two processes without a GPU (DeepSpeed's ZeRO over gloo): trained as by one process."""

import json
import shutil
from pathlib import Path
from typing import Any

import psutil
import pytest
from safetensors.torch import load_file
from transformers import AutoModelForTokenClassification

from storage import events
from tests.support import tiny_model
from tests.support.workspaces import until
from workbench.runs import machine, parquet
from workbench.warm_workers import Worker

pytest.importorskip("deepspeed", reason="DeepSpeed is not installed: pip install 'invoice-workbench[deepspeed]'")

STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
PATIENCE = 250.0
"""Seconds in which a run begins, on a machine with much other work: each process loads DeepSpeed."""


def settings(folder: Path, stage: int) -> dict[str, Any]:
    """Of two processes that divide the optimizer's state (1), and the gradients, too (2)."""
    file = folder / f"zero{stage}.json"
    auto = ("train_micro_batch_size_per_gpu", "gradient_accumulation_steps", "gradient_clipping")
    file.write_text(json.dumps({"zero_optimization": {"stage": stage}} | dict.fromkeys(auto, "auto")))
    return {"processes": 2, "deepspeed": str(file)}


def worker(folder: Path) -> Worker:
    with (folder / "output").open("ab") as output:
        return machine.start(machine.WORKER, str(folder), cwd=folder, output=output, errors=output)


def of_type(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in events.iterate(folder / "events.jsonl") if event["type"] == kind]


@pytest.mark.parametrize("stage", [1, 2])
def test_a_divided_optimizer_teaches_as_a_whole_one_and_its_model_can_be_opened(tmp_path: Path, stage: int) -> None:
    train = {"num_train_epochs": 4, "per_device_train_batch_size": 2}
    ways = {"one": train | {"gradient_accumulation_steps": 2}, "two": train | settings(tmp_path, stage)}
    folders = []
    for name, asked in ways.items():
        folder = tiny_model.run_folder(tmp_path / name, "layoutlm", {"train": asked, "regularization": STILL}, train=16)
        for made in folder.glob("base-*") if folders else ():
            shutil.rmtree(made)
            shutil.copytree(folders[0] / made.name, made)
        assert worker(folder).wait(PATIENCE) == 0, (folder / "output").read_text()
        folders.append(folder)
    notes = [event["message"] for event in of_type(folders[1], "note")]
    assert any(f"Divided among 2 processes (DeepSpeed, ZeRO stage {stage})" in note for note in notes), notes
    losses = [{event["step"]: event["loss"] for event in of_type(folder, "step")} for folder in folders]
    assert losses[1] == pytest.approx(losses[0], abs=1e-3)
    figures = [[event["validation"]["loss"] for event in of_type(folder, "evaluated")] for folder in folders]
    assert figures[1] == pytest.approx(figures[0], abs=1e-3)
    weights = [load_file(folder / "model" / "model.safetensors") for folder in folders]
    assert {name: weight.shape for name, weight in weights[1].items()} == {
        name: weight.shape for name, weight in weights[0].items()
    }
    read = [parquet.rows(folder / "predictions.parquet", ["document", "split"]) for folder in folders]
    assert read[1] == read[0] and read[0]
    AutoModelForTokenClassification.from_pretrained(folders[1] / "model")


@pytest.mark.parametrize("stage", [1, 2])
def test_a_run_with_a_divided_optimizer_that_is_killed_goes_on_from_its_checkpoint(tmp_path: Path, stage: int) -> None:
    asked = {"num_train_epochs": 1000, "early_stopping_patience": 0, **settings(tmp_path, stage)}
    folder = tiny_model.run_folder(tmp_path / "run", "text", {"train": asked}, train=16)
    first = worker(folder)
    until(lambda: of_type(folder, "saved") or first.poll() is not None, PATIENCE)
    others = psutil.Process(first.pid).children()
    first.kill()
    assert others and not psutil.wait_procs(others, 60)[1]
    resumed = worker(folder)
    begun = until(lambda: of_type(folder, "started")[1:] or resumed.poll() is not None, PATIENCE)
    assert begun[0]["resumed_from"], (folder / "output").read_text()
    step = begun[0]["resumed_from"]
    until(lambda: of_type(folder, "step")[-1]["step"] > step + 2 or resumed.poll() is not None, PATIENCE)
    (folder / "stop").touch()
    assert resumed.wait(PATIENCE) == 0, (folder / "output").read_text()
    assert of_type(folder, "finished")[0]["state"] == "stopped"
    AutoModelForTokenClassification.from_pretrained(folder / "model")
