"""Class models whose head begins as a regression, that go back towards their start, and whose cut is chosen."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from transformers import pipeline
from transformers.utils import logging

from storage.exceptions import RunProblem
from tests.support import tiny_model
from tests.worker.test_training import losses, predictions, train
from workbench.runs import parquet
from workbench.runs.state import RunFolder

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)

MOVED = {"back_to_start": 0.5, "cut": "recall"}


def run_folder(folder: Path, head: str = "regression", family: str = "text", **settings: Any) -> Path:
    return tiny_model.run_folder(
        folder, family, {"model": {"task": "classes", "head_start": head}, "train": settings | {"max_steps": 4}}
    )


def variant(folder: Path, target: Path, **settings: Any) -> Path:
    """The same run, not trained yet, with other settings of its training."""
    shutil.copytree(folder, target)
    request = yaml.safe_load((target / "request.yaml").read_text())
    request["config"]["train"] |= settings
    (target / "request.yaml").write_text(yaml.safe_dump(request))
    return target


def odds(folder: Path, split: str) -> list[float]:
    """Log-odds of the first class, by document."""
    rows = [np.frombuffer(p.probabilities, "<f2").astype(float) for p in predictions(folder) if p.split == split]
    return [float(np.log(first) - np.log(second)) for first, second in rows]


def test_the_head_begins_as_logistic_regression_on_the_encoder_as_it_is(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", back_to_start=1.0)
    train(folder)
    weights, base = (load_file(folder / place / "model.safetensors") for place in ("model", "base-text"))
    name = "bert.encoder.layer.1.output.dense.weight"
    assert torch.allclose(weights[name], base[name], atol=1e-6)
    rows = [p for p in predictions(folder) if p.split == "train"]
    classes = {row.document: row.classes for row in parquet.read(RunFolder(folder).dataset("train"))}
    gold = [classes[p.document] == ["invoice"] for p in rows]
    by_hand = LogisticRegression(max_iter=2000).fit([p.embedding for p in rows], gold)
    assert odds(folder, "train") == pytest.approx(by_hand.decision_function([p.embedding for p in rows]), abs=0.01)


def test_half_way_back_the_weights_are_the_mean_of_both_ends(tmp_path: Path) -> None:
    ends, fresh = {}, run_folder(tmp_path / "fresh")
    for share in (0.0, 0.5, 1.0):
        folder = variant(fresh, tmp_path / str(share), back_to_start=share)
        train(folder)
        ends[share] = load_file(folder / "model" / "model.safetensors")
    for name, half in ends[0.5].items():
        assert torch.allclose(half, (ends[0.0][name] + ends[1.0][name]) / 2, atol=1e-6)
    assert not torch.allclose(ends[0.0]["classifier.weight"], ends[1.0]["classifier.weight"], atol=1e-4)


@pytest.mark.parametrize("engine", ["trainer", "loop"])
def test_a_run_that_was_killed_goes_on_to_the_same_model(tmp_path: Path, engine: str) -> None:
    whole = run_folder(tmp_path / "whole", engine=engine, eval_strategy="steps", eval_steps=2, save_steps=2, **MOVED)
    torn = variant(whole, tmp_path / "torn")
    expected = train(whole)
    train(torn, until=lambda e: e["type"] == "step" and e["step"] == 3)
    log = train(torn)
    assert [e["resumed_from"] for e in log if e["type"] == "started"] == [None, 2]
    assert losses(log) == pytest.approx(losses(expected), abs=1e-6)
    assert odds(torn, "test") == pytest.approx(odds(whole, "test"), abs=1e-6)


def test_the_cut_is_moved_to_a_half_for_all_that_read_the_folder(tmp_path: Path) -> None:
    plain = run_folder(tmp_path / "plain", "random")
    for split in ("train", "validation"):  # of few of the training documents is it said that they are receipts
        rows = parquet.read(RunFolder(plain).dataset(split))
        for number, row in enumerate(rows):
            is_receipt = number % 4 == 0 if split == "train" else row.classes == ["receipt"]
            row.classes = ["receipt" if is_receipt else "invoice"]
            row.words = ["total" if is_receipt else "date"] * len(row.words)
        parquet.write(RunFolder(plain).dataset(split), rows)
    moved = variant(plain, tmp_path / "moved", cut="recall")
    train(plain)
    log = train(moved)
    before, after = (
        json.loads(RunFolder(folder).report.read_text())["figures"]["validation"] for folder in (plain, moved)
    )
    assert after["recall"] > before["recall"] == 0.5  # before, all were taken for the same
    shifts = np.subtract(odds(moved, "test"), odds(plain, "test"))
    assert np.ptp(shifts) < 0.02 < abs(shifts[0])
    assert any("The cut was chosen on validation" in e.get("message", "") for e in log)
    classify = pipeline("text-classification", model=str(moved / "model"), tokenizer=str(moved / "model"), device=-1)
    rows = parquet.read(RunFolder(moved).dataset("validation"))
    answers = [classify(" ".join(row.words))[0]["label"] for row in rows]
    assert answers == ["invoice" if value > 0 else "receipt" for value in odds(moved, "validation")]
    assert len(set(answers)) == 2


def test_a_cut_that_cannot_be_chosen_is_left_out_with_a_note(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", "random", cut="f1")
    rows = parquet.read(RunFolder(folder).dataset("validation"))
    for row in rows:
        row.classes = ["invoice"]
    parquet.write(RunFolder(folder).dataset("validation"), rows)
    log = train(folder)
    assert log[-1]["type"] == "finished"
    assert any("train.cut (f1) is left out" in e.get("message", "") for e in log)


def test_a_head_of_several_layers_cannot_begin_as_a_regression(tmp_path: Path) -> None:
    with pytest.raises(RunProblem, match="more than one layer"):
        train(run_folder(tmp_path / "run", family="lilt"))
