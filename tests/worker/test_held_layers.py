"""What held layers make of a window is computed once, and nothing else changes by it."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from storage import events
from tests.support import tiny_model
from tests.worker.test_training import losses, predictions, train
from workbench.live.feature_files import FeatureFiles
from workbench.runs import parquet
from workbench.training import predictor as predicting
from workbench.training import training_attempt
from workbench.training.models import smooth_boxes, starter
from workbench.training.models.held_layers import HeldLayers, keep_ahead, layers_held, read_kept

HELD: dict[str, Any] = {
    "model": {"classifier_dropout": 0.0},
    "train": {"freeze": "lowest", "freeze_layers": 1, "save_steps": 2, "num_train_epochs": 3},
    "regularization": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
}
"""As preset `first model` has it, one of two layers."""


def changed(**parts: dict[str, Any]) -> dict[str, Any]:
    return {name: HELD.get(name, {}) | parts.get(name, {}) for name in HELD.keys() | parts.keys()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.run_folder(tmp_path_factory.mktemp("held") / "run", "starter", HELD)


def model_of(folder: Path) -> Any:
    request = tiny_model.Request.read(folder)
    torch.manual_seed(0)
    return starter.build(request.config, request.fields).model.eval()


def batch() -> dict[str, torch.Tensor]:
    """Three windows of different length, padded."""
    ids = torch.tensor([[2, 7, 8, 9, 3], [2, 9, 3, 0, 0], [2, 3, 0, 0, 0]])
    return {
        "input_ids": ids, "attention_mask": (ids > 0).long(), "bbox": torch.arange(60).reshape(3, 5, 4).sort(-1).values
    }  # fmt: skip


def test_a_model_gives_the_same_and_computes_the_held_layers_once(folder: Path) -> None:
    model, inputs = model_of(folder), batch()
    names = list(model.state_dict())
    with torch.inference_mode():
        before = model(**inputs).logits
        held = HeldLayers(model, 1)
        first = model(**inputs).logits
    computed: list[int] = []
    held._embed = lambda **_: computed.append(1)  # type: ignore[assignment, func-returns-value]
    shorter = {name: tensor[1:, :3] for name, tensor in inputs.items()}  # other company, other padding
    again = model(**shorter).logits
    again.sum().backward()  # what was kept by a prediction may be learned from
    real = inputs["attention_mask"].bool()
    assert torch.allclose(first[real], before[real], atol=1e-5)
    assert torch.allclose(again[real[1:, :3]], first[1:, :3][real[1:, :3]], atol=1e-6)
    assert not computed and list(model.state_dict()) == names
    assert all(weight.grad is None for weight in model.base_model.encoder.layer[0].parameters())
    assert all(weight.grad is not None for weight in model.base_model.encoder.layer[1].parameters())


def test_in_bf16_few_lengths_are_computed_and_the_words_get_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, inputs = model_of(folder), batch()
    real = inputs["attention_mask"].bool()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        before = model(**inputs).logits
        held = HeldLayers(model, 1)
        lengths: list[int] = []
        embed = held._embed
        monkeypatch.setattr(
            held, "_embed", lambda **given: (lengths.append(given["input_ids"].shape[1]), embed(**given))[1]
        )
        first = model(**inputs).logits
    assert set(lengths) == {32} and len(lengths) == 3  # a CPU's library keeps code for every length
    assert torch.allclose(first[real].float(), before[real].float(), atol=0.02)


def test_there_is_a_bound_on_what_is_kept_and_the_pool_is_not(folder: Path) -> None:
    model = model_of(folder)
    held = HeldLayers(model, 1, most_bytes=5 * 32 * 4)
    with torch.inference_mode():
        model(**batch())
        assert len(held._kept) == 1
        held.keeps, held._most = False, 10**9
        model(**batch())
    assert len(held._kept) == 1


def test_a_run_learns_the_same_with_and_without(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = tmp_path / "without"
    shutil.copytree(folder, without)
    kept: list[HeldLayers] = []

    def noted(model: Any, layers: int, run: Path) -> HeldLayers:
        kept.append(HeldLayers(model, layers, run))
        return kept[-1]

    monkeypatch.setattr(training_attempt, "HeldLayers", noted)
    expected = train(folder)
    assert kept and kept[0]._kept
    monkeypatch.setattr(training_attempt, "layers_held", lambda *_: 0)
    other = train(without)
    assert losses(other) == pytest.approx(losses(expected), abs=1e-5)
    a, b = (load_file(f / "model" / "model.safetensors") for f in (folder, without))
    assert a.keys() == b.keys() and all(torch.allclose(a[name], b[name], atol=1e-4) for name in a)
    last = events.last(folder / "events.jsonl", frozenset({"evaluated"}))
    assert last is not None and {row.split for row in predictions(folder)} >= {"train", "validation", "pool"}
    assert [row.document for row in predictions(folder)] == [row.document for row in predictions(without)]


def test_a_killed_run_with_held_layers_goes_on_with_exactly_the_same_losses(tmp_path: Path) -> None:
    whole = tiny_model.run_folder(tmp_path / "whole", "starter", HELD)
    torn = tmp_path / "torn"
    shutil.copytree(whole, torn)
    expected = train(whole)
    train(torn, until=lambda event: event["type"] == "step" and event["step"] == 3)
    assert losses(train(torn)) == losses(expected)
    assert [row.probabilities for row in predictions(torn)] == [row.probabilities for row in predictions(whole)]


@pytest.mark.parametrize(
    "parts",
    [
        {"regularization": {"hidden_dropout_prob": 0.1}},
        {"train": {"unfreeze_after_epochs": 1}},
        {"train": {"freeze": "none"}},
        {"augmentation": {"box_jitter": 3.0}},
    ],
)
def test_nothing_is_kept_where_it_would_change(tmp_path: Path, parts: dict[str, Any]) -> None:
    folder = tiny_model.run_folder(tmp_path / "run", "starter", changed(**parts))
    assert layers_held(model_of(folder), tiny_model.Request.read(folder).config) == 0


def test_the_next_run_reads_what_the_last_one_kept_and_passes_over_what_is_damaged(
    folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "runs" / "one"
    shutil.copytree(folder, run)
    with torch.inference_mode():
        expected = model_of(folder)(**batch()).logits
        HeldLayers(without := model_of(folder), 1, run)
        without(**batch())
        assert not (tmp_path / "features").exists()  # made where documents are labelled, not by runs

        (tmp_path / "features").mkdir()
        HeldLayers(first := model_of(folder), 1, run)
        real = batch()["attention_mask"].bool()
        assert torch.allclose(first(**batch()).logits[real], expected[real], atol=1e-5)
        files = sorted((tmp_path / "features").glob("held-*/*.npy"))
        assert len(files) == 3

        smooth_boxes.bake(second := model_of(folder))  # as the model of a run has them
        again = HeldLayers(second, 1, run)
        computed: list[int] = []
        again._embed = lambda **_: computed.append(1)  # type: ignore[assignment, func-returns-value]
        assert torch.equal(second(**batch()).logits, first(**batch()).logits) and not computed

        whole = files[0].read_bytes()
        files[0].write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])  # a bit of it fell over
        files[1].write_bytes(whole[:-4])
        files[2].unlink()
        HeldLayers(third := model_of(folder), 1, run)
        assert torch.equal(third(**batch()).logits, first(**batch()).logits)
        assert files[0].read_bytes() == whole and files[2].exists()

        other = model_of(folder)
        other.base_model.encoder.layer[0].output.dense.weight.data.add_(1.0)
        HeldLayers(other, 1, run)
        other(**batch())
        assert len(list((tmp_path / "features").iterdir())) == 2  # other layers have a folder of their own

        (tmp_path / "workbench.toml").write_text("[limits]\nfeatures_gb = 1e-9\n")
        files[2].unlink()
        HeldLayers(full := model_of(folder), 1, run)
        assert torch.equal(full(**batch()).logits, first(**batch()).logits) and not files[2].exists()


def test_the_model_of_a_run_takes_what_its_run_kept_and_keeps_no_more(tmp_path: Path) -> None:
    run = tiny_model.run_folder(tmp_path / "runs" / "first", "starter", HELD)
    (tmp_path / "features").mkdir()
    train(run)
    kept = sorted((tmp_path / "features").glob("held-*/*.npy"))
    documents = parquet.read(run / "dataset" / "validation.parquet")
    plain, _ = predicting.load(run / "model")
    expected = [prediction.probabilities for prediction in plain.predict(documents)]

    taking, _ = predicting.load(run / "model")
    read_kept(taking.model, run)
    computed: list[int] = []
    for layer in taking.model.base_model.encoder.layer[:1]:
        layer.attention.register_forward_hook(lambda *_: computed.append(1))
    read = [prediction.probabilities for prediction in taking.predict(documents)]
    assert not computed
    assert all(np.allclose(a, b, atol=0.02) for a, b in zip(read, expected, strict=True))  # bf16 where it is faster

    unseen = dataclasses.replace(documents[0], words=documents[0].words[::-1])
    assert len(list(taking.predict([unseen]))) == 1
    assert sorted((tmp_path / "features").glob("held-*/*.npy")) == kept


def test_what_the_learner_encodes_ahead_the_next_run_need_not_compute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tiny_model.run_folder(tmp_path / "runs" / "first", "starter", HELD)
    train(run)  # a model that documents are encoded with; there is no folder for features yet
    documents = parquet.read(run / "dataset" / "pool.parquet")
    files = FeatureFiles(tmp_path / "features", "learner", 10**9)
    encoding, _ = predicting.load(run / "model")
    keep_ahead(encoding.model, run, files)
    encoding.bf16 = tiny_model.Request.read(run).config.train.bf16 is True
    expected = list(encoding.predict(documents))
    kept = sorted((tmp_path / "features").glob("held-*/*.npy"))
    assert len(kept) == sum(prediction.windows for prediction in expected)
    assert files.free == pytest.approx(1 - sum(file.stat().st_size for file in kept) / 10**9)

    computed: list[int] = []
    HeldLayers(next_one := model_of(run), 1, run)
    for layer in next_one.base_model.encoder.layer[:1]:
        layer.attention.register_forward_hook(lambda *_: computed.append(1))
    again = dataclasses.replace(encoding, model=next_one, _hidden=[])
    assert len(list(again.predict(documents))) == len(documents) and not computed

    files = FeatureFiles(tmp_path / "features", "learner", 10)  # there is no space beside the learner's own features
    for file in kept:
        file.unlink()
    encoding, _ = predicting.load(run / "model")
    keep_ahead(encoding.model, run, files)
    list(encoding.predict(documents))
    assert not list((tmp_path / "features").glob("held-*/*.npy"))


def test_a_run_takes_nothing_that_was_computed_in_another_precision(tmp_path: Path) -> None:
    run = tiny_model.run_folder(tmp_path / "runs" / "first", "starter", HELD)
    (tmp_path / "features").mkdir()
    HeldLayers(model := model_of(run), 1, run)
    with torch.inference_mode():
        with torch.autocast("cpu", torch.bfloat16):
            model(**batch())
        exact = model_of(run)(**batch()).logits
        HeldLayers(next_one := model_of(run), 1, run)
        real = batch()["attention_mask"].bool()
        assert torch.allclose(next_one(**batch()).logits[real], exact[real], atol=1e-5)


def test_a_model_without_a_run_is_read_as_it_is(folder: Path, tmp_path: Path) -> None:
    model = model_of(folder)
    read_kept(model, tmp_path)
    assert "forward" not in vars(model.base_model.embeddings)
