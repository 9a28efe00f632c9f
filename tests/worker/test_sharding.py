"""A model divided among two processes without a GPU (PyTorch's FSDP over gloo): trained as by one process."""

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

STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
DIVIDED = {"processes": 2, "fsdp": "full_shard auto_wrap"}


def worker(folder: Path) -> Worker:
    with (folder / "output").open("ab") as output:
        return machine.start(machine.WORKER, str(folder), cwd=folder, output=output, errors=output)


def of_type(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in events.iterate(folder / "events.jsonl") if event["type"] == kind]


@pytest.mark.parametrize("family", ["layoutlm", "starter"])
def test_a_divided_model_learns_as_a_whole_one_and_can_be_opened(tmp_path: Path, family: str) -> None:
    train = {"num_train_epochs": 4, "per_device_train_batch_size": 2}
    ways = {"one": train | {"gradient_accumulation_steps": 2}, "two": train | DIVIDED}
    folders = []
    for name, settings in ways.items():
        folder = tiny_model.run_folder(tmp_path / name, family, {"train": settings, "regularization": STILL}, train=16)
        for made in folder.glob("base-*") if folders else ():
            shutil.rmtree(made)
            shutil.copytree(folders[0] / made.name, made)
        assert worker(folder).wait(200) == 0, (folder / "output").read_text()
        folders.append(folder)
    losses = [{event["step"]: event["loss"] for event in of_type(folder, "step")} for folder in folders]
    assert losses[1] == pytest.approx(losses[0], abs=1e-3)
    figures = [[event["validation"]["loss"] for event in of_type(folder, "evaluated")] for folder in folders]
    assert figures[1] == pytest.approx(figures[0], abs=1e-3)
    notes = [event["message"] for event in of_type(folders[1], "note")]
    assert any("divided among 2 processes" in note for note in notes), notes
    weights = [load_file(folder / "model" / "model.safetensors") for folder in folders]
    assert {name: weight.shape for name, weight in weights[1].items()} == {
        name: weight.shape for name, weight in weights[0].items()
    }
    read = [parquet.rows(folder / "predictions.parquet", ["document", "split"]) for folder in folders]
    assert read[1] == read[0] and read[0]
    AutoModelForTokenClassification.from_pretrained(folders[1] / "model")


@pytest.mark.parametrize("family", ["text", "layoutlm"])  # the latter has weights that no loss reaches
def test_a_divided_run_that_is_killed_goes_on_from_its_checkpoint(tmp_path: Path, family: str) -> None:
    settings = {"train": {"num_train_epochs": 1000, "early_stopping_patience": 0, **DIVIDED}}
    folder = tiny_model.run_folder(tmp_path / "run", family, settings, train=16)
    first = worker(folder)
    until(lambda: of_type(folder, "saved") or first.poll() is not None)
    [second] = psutil.Process(first.pid).children()
    first.kill()
    until(lambda: not second.is_running() or second.status() == psutil.STATUS_ZOMBIE)
    resumed = worker(folder)
    begun = until(lambda: of_type(folder, "started")[1:] or resumed.poll() is not None)
    assert begun[0]["resumed_from"], (folder / "output").read_text()
    step = begun[0]["resumed_from"]
    until(lambda: of_type(folder, "step")[-1]["step"] > step + 2 or resumed.poll() is not None)
    (folder / "stop").touch()
    assert resumed.wait(200) == 0, (folder / "output").read_text()
    assert of_type(folder, "finished")[0]["state"] == "stopped"
    AutoModelForTokenClassification.from_pretrained(folder / "model")
