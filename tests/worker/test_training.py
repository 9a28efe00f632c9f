"""From a run folder to a model: every family, and everything that can happen on the way."""

import json
import shutil
import sqlite3
import weakref
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForTokenClassification, TrainerControl, TrainerState
from transformers.utils import logging

from storage import events
from storage.exceptions import RunProblem
from tests.support import tiny_documents, tiny_model
from tests.support.workspaces import until
from workbench import warm_workers
from workbench.runs import machine, parquet, progress
from workbench.runs.state import RunFolder
from workbench.training import callbacks, device, preparation, trainer, training_attempt
from workbench.training import predictor as predicting
from workbench.training import training_run as training
from workbench.warm_workers import Worker

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)


THREE = {"num_train_epochs": 3}


class Halt(Exception):
    """Stands for the power cord being pulled."""


def predictions(folder: Path) -> list[parquet.Prediction]:
    rows = parquet.rows(folder / "predictions.parquet", list(parquet.Prediction.__slots__))
    return [parquet.Prediction(**row) for row in rows]


def train(folder: Path, until: Callable[[dict[str, Any]], bool] = lambda event: False) -> list[dict[str, Any]]:
    """Run in this process; `until` pulls the cord at an event. The events of all runs of the folder."""
    writer = events.EventWriter(folder / "events.jsonl")

    def write(type: str, **facts: Any) -> None:
        writer.write(type, **facts)
        if until({"type": type, **facts}):
            raise Halt

    try:
        training.run(folder, write, callbacks.Control(RunFolder(folder)))
    except Halt:
        pass
    finally:
        writer.close()
    return events.read(folder / "events.jsonl")[0]


def losses(log: list[dict[str, Any]]) -> dict[int, float]:
    return {e["step"]: e["loss"] for e in log if e["type"] == "step"}


def worker(folder: Path, *options: str) -> Worker:
    with (folder / "output").open("ab") as output:
        return machine.start(machine.WORKER, str(folder), *options, cwd=folder, output=output, errors=output)


@pytest.mark.parametrize("family", tiny_model.FAMILIES)
def test_a_run_of_each_family_leaves_a_plain_model(tmp_path: Path, family: str) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", family)
    types = [e["type"] for e in train(folder)]
    assert types[0] == "started" and types[1] == "prepared" and types[-1] == "finished"
    assert {"step", "evaluated", "saved", "predicting"} <= set(types)
    plain = AutoModelForTokenClassification.from_pretrained(folder / "model")
    assert plain.config.id2label[1] == "B-amount_total"
    stored = {p.document: p for p in predictions(folder)}
    assert {p.split for p in stored.values()} == {"train", "validation", "test", "pool"}
    predictor, description = predicting.load(folder / "model", torch.device("cpu"))
    assert (description.family, description.run) == (family, "run")
    predictor.bf16 = False
    pool = parquet.read(folder / "dataset" / "pool.parquet")
    for outcome in predictor.predict(pool):
        kept = stored[outcome.row.document]
        probabilities = np.frombuffer(kept.probabilities, "<f2").reshape(-1, len(kept.labels))
        assert probabilities.shape == (len(outcome.row.words), 5) == outcome.probabilities.shape
        assert np.abs(probabilities - outcome.probabilities).max() < 2e-3
        assert np.allclose(kept.embedding, outcome.embedding, atol=1e-3)
        assert kept.windows == outcome.windows > 1 and max(kept.word_window) == kept.windows - 1
        assert not kept.truncated
    report = json.loads((folder / "report.json").read_text())
    assert report["figures"].keys() == {"validation", "test", "train"}
    assert report["f1"] == report["figures"]["validation"]["f1"]


def test_a_small_model_learns_what_there_is_to_learn(tmp_path: Path) -> None:
    settings = {"train": {"num_train_epochs": 25, "logging_steps": 50, "early_stopping_patience": 0}}
    folder = tiny_model.run_folder(tmp_path / "run", "starter", settings, train=40)
    log = train(folder)
    assert log[-1]["f1"] > 0.9
    best = [e for e in log if e["type"] == "evaluated" and e["best"]][-1]
    report = json.loads((folder / "report.json").read_text())
    assert report["best_step"] == best["step"]
    assert report["figures"]["validation"]["f1"] == pytest.approx(best["validation"]["f1"])
    assert set(best["validation"]["fields"]) == {"amount_total", "invoice_date"}
    assert best["train"]["documents"] == 10, "no more than there are of validation, or 10"


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    settings = {
        "regularization": {"hidden_dropout_prob": 0.1}, "augmentation": {"box_jitter": 5, "ocr_noise": 0.1},
        "train": {"save_steps": 2, "gradient_accumulation_steps": 2, "per_device_train_batch_size": 2} | THREE,
    }  # fmt: skip
    whole = tiny_model.run_folder(tmp_path / "whole", "starter", settings)
    torn = tmp_path / "torn"
    shutil.copytree(whole, torn)
    expected = train(whole)
    train(torn, until=lambda e: e["type"] == "step" and e["step"] == 5)  # the last checkpoint is of step 4
    moved = tmp_path / "moved"  # a folder may be carried elsewhere in between
    torn.rename(moved)
    log = train(moved)
    assert [e["resumed_from"] for e in log if e["type"] == "started"] == [None, 4]
    assert losses(log) == pytest.approx(losses(expected), abs=1e-5)
    assert set(losses(log)) == set(range(1, 10))
    a, b = (load_file(folder / "model" / "model.safetensors") for folder in (whole, moved))
    assert all(torch.allclose(a[name], b[name], atol=1e-5) for name in a)


def test_a_run_killed_after_the_last_step_is_finished_by_the_next(tmp_path: Path) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "starter")
    train(folder, until=lambda e: e["type"] == "predicting")
    assert not (folder / "model").exists()
    best = events.last(folder / "events.jsonl", frozenset({"evaluated"}))
    log = train(folder)
    assert log[-1]["type"] == "finished"
    assert log[-1]["f1"] == pytest.approx(best["validation"]["f1"])  # type: ignore[index]
    assert (folder / "model" / "model.safetensors").exists()
    assert not (folder / "checkpoints").exists()  # only what can be resumed keeps them


def test_a_torn_or_changed_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "text", {"train": {"num_train_epochs": 3, "save_total_limit": 5}})
    train(folder, until=lambda e: e["type"] == "step" and e["step"] == 8)
    checkpoints = folder / "checkpoints"
    weights = checkpoints / "checkpoint-6" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-100] ^= 0xFF
    weights.write_bytes(data)
    (checkpoints / "checkpoint-7").mkdir()  # killed while saving
    log = train(folder)
    assert [e["resumed_from"] for e in log if e["type"] == "started"] == [None, 3]
    notes = [e["message"] for e in log if e["type"] == "note"]
    assert any("checkpoint-6" in n and "model.safetensors is damaged" in n for n in notes)
    assert log[-1]["type"] == "finished"


def test_stop_keeps_a_model_and_pause_waits(tmp_path: Path) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "text", {"train": {"num_train_epochs": 50}})

    def stop_at_four(event: dict[str, Any]) -> bool:
        if event["type"] == "step" and event["step"] == 2:
            (folder / "pause").touch()
        if event["type"] == "paused":
            (folder / "pause").unlink()
        if event["type"] == "step" and event["step"] == 4:
            (folder / "stop").touch()
        return False

    log = train(folder, stop_at_four)
    types = [e["type"] for e in log]
    assert types.index("paused") < types.index("resumed")
    assert log[-1]["type"] == "finished" and log[-1]["state"] == "stopped"
    assert max(losses(log)) == 5
    assert [e["step"] for e in log if e["type"] == "evaluated"][-1] == 5
    assert (folder / "checkpoints" / "checkpoint-5" / "complete.json").exists()
    assert (folder / "model" / "model.safetensors").exists()
    (folder / "stop").unlink()
    again = train(folder, until=lambda e: e["type"] == "step" and e["step"] == 7)
    assert max(losses(again)) == 7


def test_divergence_ends_with_a_diagnosis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "text")
    real = trainer.loss_function

    def broken(*args: Any) -> Any:
        loss = real(*args)
        return lambda *a, **k: loss(*a, **k) * float("nan")

    monkeypatch.setattr(training_attempt, "loss_function", broken)
    with pytest.raises(trainer.Diverged, match="no number any more at step 1") as caught:
        train(folder)
    assert "learning rate" in caught.value.remedy
    monkeypatch.setattr(training_attempt, "loss_function", lambda *args: lambda *a, **k: real(*args)(*a, **k) * 50)
    other = tiny_model.run_folder(tmp_path / "other", "text", {"train": {"num_train_epochs": 10}})
    with pytest.raises(trainer.Diverged, match="rose to"):
        train(other)


def test_running_out_of_memory_halves_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "text")
    real = trainer.Tuner.training_step

    models: list[weakref.ref[Any]] = []

    def greedy(self: Any, model: Any, inputs: Any, *rest: Any) -> Any:
        if len(inputs["input_ids"]) > 2:
            models.append(weakref.ref(model))
            raise torch.OutOfMemoryError("CUDA out of memory")
        assert [kept() for kept in models] == [None]  # its memory is what the next try needs
        return real(self, model, inputs, *rest)

    monkeypatch.setattr(trainer.Tuner, "training_step", greedy)
    log = train(folder)
    assert any("now 2, accumulating 2" in e.get("message", "") for e in log)
    assert log[-1]["type"] == "finished" and max(losses(log)) == 6
    assert json.loads((folder / "report.json").read_text())["effective_batch"] == 4
    refused = tiny_model.run_folder(tmp_path / "refused", "text", {"train": {"retry_on_oom": False}})
    with pytest.raises(RunProblem, match="Memory ran out with 4 windows"):
        train(refused)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "text")

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trainer.Tuner, "_save_optimizer_and_scheduler", full)
    with pytest.raises(RunProblem, match="disk is full"):
        train(folder)


@pytest.mark.parametrize(
    ("settings", "check"),
    [
        ({"train": {"optim": "adamw_then_sgd", "sgd_after_steps": 3}}, None),
        ({"train": {"optim": "adafactor", "lr_scheduler_type": "cosine"}}, None),
        ({"train": {"optim": "sgd", "lr_scheduler_type": "reduce_lr_on_plateau"}}, None),
        ({"train": {"eval_strategy": "steps", "eval_steps": 2, "save_steps": 2}}, "steps"),
        ({"train": {"gradient_checkpointing": True, "bf16": True, "freeze": "gradual"}}, None),
        ({"regularization": {"loss": "focal", "class_weights": "inverse", "label_smoothing_factor": 0.1}}, None),
        ({"model": {"num_hidden_layers": 1, "added_tokens": ["<A>"]}, "data": {"max_train_documents": 5}}, "structure"),
        ({"train": {"metric_for_best_model": "loss", "early_stopping_patience": 1, "learning_rate": 1e-9}}, None),
        ({"data": {"boxes": "lines", "merge_lines": True, "reading_order": "geometric"}}, None),
    ],
)  # fmt: skip
def test_every_way_of_training_comes_to_an_end(tmp_path: Path, settings: dict[str, Any], check: str | None) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "layoutlm", settings)
    log = train(folder)
    assert log[-1]["type"] == "finished"
    if check == "steps":
        assert [e["step"] for e in log if e["type"] == "evaluated"] == [2, 4, 6]
    if check == "structure":
        assert any("num_hidden_layers 2 → 1" in e.get("message", "") for e in log)
        assert next(e for e in log if e["type"] == "prepared")["documents"]["train"] == 5
        predictor, _ = predicting.load(folder / "model")
        assert predictor.model.config.num_hidden_layers == 1
        assert predictor.model.get_input_embeddings().num_embeddings == len(predictor.encoder.tokenizer)


def test_data_that_cannot_train_is_refused_and_little_data_is_not(tmp_path: Path) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "text", train=1)
    for split in ("validation", "test", "pool"):
        (folder / "dataset" / f"{split}.parquet").unlink()
    log = train(folder)
    assert log[-1]["type"] == "finished" and log[-1]["f1"] is None
    assert any("no validation documents" in e.get("message", "") for e in log)
    empty = tiny_documents.documents(3)
    for row in empty:
        row.tags = ["O"] * len(row.words)
    parquet.write(folder / "dataset" / "train.parquet", empty)
    with pytest.raises(RunProblem, match="carries a label"):
        train(folder)
    (folder / "dataset" / "train.parquet").unlink()
    with pytest.raises(RunProblem, match="no labelled document"):
        train(folder)


@pytest.mark.parametrize(("patience", "epochs"), [(6, [2, 4, 6, 8, 10]), (4, [*range(1, 11)])])
def test_a_short_run_is_evaluated_every_second_epoch_where_that_would_be_much_of_its_time(
    tmp_path: Path, patience: int, epochs: list[int]
) -> None:
    settings = {"num_train_epochs": 10, "early_stopping_patience": patience, "early_stopping_threshold": 0.0}
    rate = {"learning_rate": 3e-3}  # it learns something in every epoch: nothing stops it early
    folder = tiny_model.run_folder(tmp_path / "run", "text", {"train": settings | rate}, train=12)
    log = train(folder)
    assert [round(e["epoch"]) for e in log if e["type"] == "evaluated"] == epochs
    assert [e["type"] for e in log].count("saved") == len(epochs)


def test_a_limit_takes_whole_vendors() -> None:
    documents = tiny_documents.documents(40)
    taken = preparation.limited(documents, 20, 1)
    groups = [row.group for row in taken]
    assert len(taken) == 20 and len(set(groups)) == 2
    assert preparation.limited(documents, 20, 1) == taken != preparation.limited(documents, 20, 2)


def test_the_worker_survives_kill_and_says_how_it_ended(tmp_path: Path) -> None:
    folder = tiny_model.run_folder(
        tmp_path / "run", "text", {"train": {"num_train_epochs": 1000, "early_stopping_patience": 0}}
    )
    first = worker(folder)
    until(lambda: events.last(folder / "events.jsonl", frozenset({"saved"})))
    second = worker(folder)
    assert second.wait(60) == 5, "two workers must never share a folder"
    assert str(first.pid) in (folder / "output").read_text()
    first.kill()
    first.wait(30)
    assert events.last(folder / "events.jsonl", events.TERMINAL) is None
    (folder / "events.jsonl").rename(folder / "before.jsonl")
    third = worker(folder)
    until(lambda: events.last(folder / "events.jsonl", frozenset({"saved"})))
    third.terminate()
    assert third.wait(60) == 7
    log = events.read(folder / "events.jsonl")[0]
    assert next(e for e in log if e["type"] == "started")["resumed_from"] > 0
    assert log[-1]["type"] == "failed" and log[-1]["title"] == "The run was interrupted"
    last = max(e["step"] for e in log if e["type"] == "saved")
    assert (folder / "checkpoints" / f"checkpoint-{last}" / "complete.json").exists()
    (folder / "stop").touch()
    fourth = worker(folder)
    assert fourth.wait(60) == 0, (folder / "output").read_text()
    assert events.last(folder / "events.jsonl", events.TERMINAL)["state"] == "stopped"  # type: ignore[index]
    (folder / "stop").unlink()
    scored = worker(folder, "--task", "score")
    assert scored.wait(60) == 0
    assert {p.split for p in predictions(folder)} == {"pool"}


def test_a_broken_request_is_a_failed_event(tmp_path: Path) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "text")
    (folder / "request.yaml").write_text("run: r\nfields: []\nconfig: {train: {learning_rat: 1}}")
    child = worker(folder)
    assert child.wait(60) == 4
    failed = events.read(folder / "events.jsonl")[0][-1]
    assert failed["type"] == "failed" and "train.learning_rate" in failed["message"]


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    settings: dict[str, Any] = {"train": {"num_train_epochs": 4, "processes": 2}, "regularization": still}
    two = tiny_model.run_folder(tmp_path / "two", "text", settings, train=16)
    settings["train"] |= {"gradient_accumulation_steps": 2, "processes": 1}
    one = tiny_model.run_folder(tmp_path / "one", "text", settings, train=16)
    shutil.rmtree(two / "base-text")
    shutil.copytree(one / "base-text", two / "base-text")
    expected = train(one)
    assert worker(two).wait(120) == 0, (two / "output").read_text()
    log = events.read(two / "events.jsonl")[0]
    assert [e["type"] for e in log].count("finished") == 1 and [e["type"] for e in log].count("started") == 1
    assert losses(log) == pytest.approx(losses(expected), abs=1e-3)
    figures = [[e["validation"]["loss"] for e in run if e["type"] == "evaluated"] for run in (log, expected)]
    assert figures[0] == pytest.approx(figures[1], abs=1e-3)


def test_a_worker_gathers_the_processes_of_its_run_and_they_end_with_it(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"train": {"num_train_epochs": 1000, "processes": 2, "early_stopping_patience": 0}}
    folder = tiny_model.run_folder(tmp_path / "run", "text", settings, train=16)
    first = worker(folder)
    until(lambda: progress.of(folder).step > 3 or first.poll() is not None)
    assert progress.of(folder).processes == 2, (folder / "output").read_text()
    [second] = psutil.Process(first.pid).children()
    assert second.cmdline() == psutil.Process(first.pid).cmdline()  # forked, with the libraries of the first
    first.kill()
    until(lambda: not second.is_running() or second.status() == psutil.STATUS_ZOMBIE)
    resumed = worker(folder)
    until(lambda: len([e for e in events.iterate(folder / "events.jsonl") if e["type"] == "started"]) > 1)
    (folder / "stop").touch()
    assert resumed.wait(120) == 0, (folder / "output").read_text()
    last = events.last(folder / "events.jsonl", events.TERMINAL)
    assert last is not None and last["state"] == "stopped"


def test_a_run_ends_when_one_of_its_processes_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here each loads the libraries for itself, as those of a run that the command line starts do."""
    monkeypatch.setattr(warm_workers, "start", lambda *_, **__: None)
    settings: dict[str, Any] = {"train": {"num_train_epochs": 1000, "processes": 2, "early_stopping_patience": 0}}
    folder = tiny_model.run_folder(tmp_path / "run", "text", settings, train=16)
    first = worker(folder)
    until(lambda: progress.of(folder).step > 3 or first.poll() is not None)
    psutil.Process(first.pid).children()[0].kill()
    assert first.wait(120) != 0


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that logged to both trackers."""
    pytest.importorskip("mlflow", minversion="3", reason="needs MLflow: pip install mlflow")
    pytest.importorskip("tensorboard", reason="needs TensorBoard: pip install tensorboard")
    settings = {"train": {"report_to": ["mlflow", "tensorboard"]}}
    folder = tiny_model.run_folder(tmp_path_factory.mktemp("tracked") / "run", "layoutlm", settings, name="config B")
    assert worker(folder).wait(120) == 0, (folder / "output").read_text()
    return folder


def test_mlflow_has_one_run_with_test_figures_and_configuration(tracked: Path) -> None:
    with closing(sqlite3.connect(tracked / "logs" / "mlflow.db")) as store:
        assert store.execute("select name, status from runs").fetchall() == [("config B", "FINISHED")]
        names = {name for (name,) in store.execute("select key from metrics")}
        assert {"loss", "eval_amount_total_f1", "test_f1"} <= names and not any("selection" in name for name in names)
        (configuration,) = store.execute("select value from tags where key = 'configuration'").fetchone()
    assert "family: layoutlm" in configuration


def test_what_trackers_wrote_outlives_the_checkpoints(tracked: Path) -> None:
    assert (tracked / "logs").is_dir() and not (tracked / "checkpoints").exists()


def test_tensorboard_has_one_folder_with_test_figures_and_configuration(tracked: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert [path.name for path in (tracked / "logs").iterdir() if path.is_dir()] == ["config B"]
    events = EventAccumulator(str(tracked / "logs" / "config B"))
    events.Reload()
    names = set(events.Tags()["scalars"])
    assert {"train/loss", "eval/f1", "eval/amount_total_f1", "test/f1"} <= names and not any(
        "selection" in n for n in names
    )
    assert "train/configuration/text_summary" in events.Tags()["tensors"]


def test_patience_goes_on_where_an_interruption_left_it(tmp_path: Path) -> None:
    unmoved = {"num_train_epochs": 12, "early_stopping_patience": 3, "learning_rate": 1e-12}
    whole = train(tiny_model.run_folder(tmp_path / "whole", "text", {"train": unmoved}))
    folder = tiny_model.run_folder(tmp_path / "parts", "text", {"train": unmoved})
    for _ in range(2):
        states: list[int] = []

        def after_two(event: dict[str, Any], states: list[int] = states) -> bool:
            states += [1] if event["type"] == "evaluated" else []
            return len(states) > 2

        train(folder, after_two)
    parts = train(folder)

    def last(log: list[dict[str, Any]]) -> int:
        return max(event["step"] for event in log if event["type"] == "evaluated")

    assert last(parts) == last(whole)
    assert max(event["epoch"] for event in whole if event["type"] == "evaluated") == 4


@pytest.mark.parametrize(("gradients", "asked"), [(True, 8), (False, 0)])
def test_for_prediction_bf16_is_tried_without_gradients(
    monkeypatch: pytest.MonkeyPatch, gradients: bool, asked: int
) -> None:
    """A CPU can be faster with it forward and backward, and slower forward alone."""
    real, backward = torch.Tensor.backward, []
    monkeypatch.setattr(device, "has_bf16", lambda _: True)
    monkeypatch.setattr(torch.Tensor, "backward", lambda self: (backward.append(1), real(self)))
    device.bf16_pays.cache_clear()
    device.bf16_pays(torch.device("cpu"), training=gradients)
    device.bf16_pays.cache_clear()
    assert len(backward) == asked


def test_the_best_checkpoint_is_found_where_a_run_goes_on_in_another_folder(tmp_path: Path) -> None:
    place = tmp_path / "checkpoint-3"
    place.mkdir()
    arguments = SimpleNamespace(output_dir=str(tmp_path))
    for there, expected in ((False, None), (True, str(place))):
        if there:
            (place / "model.safetensors").touch()
        state = TrainerState(best_global_step=3, best_model_checkpoint=None)  # the Trainer forgets a path that is gone
        trainer.WhereTheBestIs().on_train_begin(arguments, state, TrainerControl())
        assert state.best_model_checkpoint == expected
