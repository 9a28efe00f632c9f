"""Runs of two processes that divide what they train: what every way of dividing it must hold to."""

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

PATIENCE = 250.0
"""Seconds in which a run begins, on a machine with much other work: each process loads its libraries."""
_STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def _worker(folder: Path) -> Worker:
    with (folder / "output").open("ab") as output:
        return machine.start(machine.WORKER, str(folder), cwd=folder, output=output, errors=output)


def _of_type(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in events.iterate(folder / "events.jsonl") if event["type"] == kind]


def learns_as_a_whole_one(folder: Path, family: str, divided: dict[str, Any], note: str) -> None:
    """See that a divided run has the losses of one process, says what it divides, and leaves a model that opens.

    Args:
        folder: an empty one.
        family: of the model.
        divided: settings under `train`.
        note: part of what the run says.
    """
    train = {"num_train_epochs": 4, "per_device_train_batch_size": 2}
    ways = {"one": train | {"gradient_accumulation_steps": 2}, "two": train | divided}
    runs: list[Path] = []
    for name, settings in ways.items():
        run = tiny_model.run_folder(folder / name, family, {"train": settings, "regularization": _STILL}, train=16)
        for made in run.glob("base-*") if runs else ():
            shutil.rmtree(made)
            shutil.copytree(runs[0] / made.name, made)
        assert _worker(run).wait(PATIENCE) == 0, (run / "output").read_text()
        runs.append(run)
    losses = [{event["step"]: event["loss"] for event in _of_type(run, "step")} for run in runs]
    assert losses[1] == pytest.approx(losses[0], abs=1e-3)
    figures = [[event["validation"]["loss"] for event in _of_type(run, "evaluated")] for run in runs]
    assert figures[1] == pytest.approx(figures[0], abs=1e-3)
    notes = [event["message"] for event in _of_type(runs[1], "note")]
    assert any(note in message for message in notes), notes
    shapes = [
        {name: weight.shape for name, weight in load_file(run / "model" / "model.safetensors").items()} for run in runs
    ]
    assert shapes[1] == shapes[0]
    read = [parquet.rows(run / "predictions.parquet", ["document", "split"]) for run in runs]
    assert read[1] == read[0] and read[0]
    AutoModelForTokenClassification.from_pretrained(runs[1] / "model")


def goes_on_after_a_kill(folder: Path, family: str, divided: dict[str, Any]) -> None:
    """See that a divided run whose first process is killed leaves no other at work, and goes on from its checkpoint."""
    settings = {"train": {"num_train_epochs": 1000, "early_stopping_patience": 0, **divided}}
    run = tiny_model.run_folder(folder / "run", family, settings, train=16)
    first = _worker(run)
    until(lambda: _of_type(run, "saved") or first.poll() is not None, PATIENCE)
    others = psutil.Process(first.pid).children()
    first.kill()
    assert others and not psutil.wait_procs(others, 60)[1]
    resumed = _worker(run)
    begun = until(lambda: _of_type(run, "started")[1:] or resumed.poll() is not None, PATIENCE)
    assert begun[0]["resumed_from"], (run / "output").read_text()
    step = begun[0]["resumed_from"]
    until(lambda: _of_type(run, "step")[-1]["step"] > step + 2 or resumed.poll() is not None, PATIENCE)
    (run / "stop").touch()
    assert resumed.wait(PATIENCE) == 0, (run / "output").read_text()
    assert _of_type(run, "finished")[0]["state"] == "stopped"
    AutoModelForTokenClassification.from_pretrained(run / "model")
