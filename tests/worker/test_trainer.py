"""The parts of training, each on its own: order, loss, freezing, optimiser, figures."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from transformers import AutoModelForTokenClassification

from tests.support import tiny_model
from workbench.fields import chunks_of
from workbench.runs.config.tune import Regularization, Train
from workbench.training import callbacks, scoring, trainer
from workbench.training.predictor import DocumentPrediction

LABELS = ["O", "B-a", "I-a"]


@given(st.lists(st.integers(1, 100), min_size=1, max_size=200), st.integers(1, 9), st.booleans())
def test_every_window_comes_once_an_epoch_in_an_order_of_its_own(lengths: list[int], batch: int, grouped: bool) -> None:
    order = trainer.DataOrder(lengths, batch, 7, grouped=grouped)
    first = list(order)
    assert sorted(first) == list(range(len(lengths)))
    assert first == list(order)
    order.epoch = 1
    assert len(lengths) < 20 or list(order) != first


def test_batches_of_similar_length_hold_little_padding() -> None:
    draw = random.Random(1)
    lengths = [draw.randint(10, 500) for _ in range(640)]

    def padded(grouped: bool) -> int:
        order = list(trainer.DataOrder(lengths, 8, 1, grouped=grouped))
        return sum(8 * max(lengths[i] for i in order[k : k + 8]) for k in range(0, 640, 8))

    assert padded(True) < 1.1 * sum(lengths) < 1.5 * sum(lengths) < padded(False)


def test_the_loss_is_the_textbooks() -> None:
    torch.manual_seed(0)
    outputs, labels = (
        SimpleNamespace(logits=torch.randn(2, 5, 3)),
        torch.tensor([[0, 1, 2, -100, -100], [0, 0, 0, 1, -100]]),
    )
    plain = trainer.loss_function(Regularization(), None)(outputs, labels)
    assert plain == pytest.approx(float(functional.cross_entropy(outputs.logits.flatten(0, 1), labels.flatten())))
    # Halves of an accumulated batch add up to the whole.
    halves = [
        trainer.loss_function(Regularization(), None)(
            SimpleNamespace(logits=outputs.logits[i : i + 1]), labels[i : i + 1], 7
        )
        for i in (0, 1)
    ]
    assert float(sum(halves)) == pytest.approx(float(plain))
    focal = trainer.loss_function(Regularization(loss="focal", focal_gamma=2), None)
    sure = SimpleNamespace(logits=functional.one_hot(labels.clamp(min=0), 3) * 9.0)
    assert focal(sure, labels) < trainer.loss_function(Regularization(), None)(sure, labels) / 100
    assert trainer.loss_function(Regularization(loss="focal", focal_gamma=0), None)(outputs, labels) == pytest.approx(
        float(plain)
    )


def test_class_weights_make_rare_labels_dear_and_the_average_word_weigh_one() -> None:
    counts = {"O": 970, "B-a": 20, "I-a": 10}
    for how in ("inverse", {"O": 0.3}, {"a": 4.0}):
        weights = trainer.class_weights(LABELS, counts, how)
        assert weights is not None
        assert weights[1] > weights[0]
        assert sum(w * counts[label] for w, label in zip(weights, LABELS, strict=True)) == pytest.approx(1000)
    assert trainer.class_weights(LABELS, counts, "none") is None
    assert max(trainer.class_weights(LABELS, {"O": 10**6}, "inverse") or []) <= 100 * min(
        trainer.class_weights(LABELS, {"O": 10**6}, "inverse") or []
    )


def test_freezing_holds_what_it_says(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tiny_model.base(tmp_path_factory.mktemp("base"), "text")

    def learning(epoch: float, **train: object) -> set[str]:
        model = AutoModelForTokenClassification.from_pretrained(folder)
        freezing = trainer.Freezing(model, Train.model_validate(train))
        freezing.on_epoch_begin(None, SimpleNamespace(epoch=epoch), None)
        names = [name for name, weight in model.named_parameters() if weight.requires_grad]
        return {
            "head"
            if n.startswith("classifier")
            else f"layer {n.split('layer.')[1][0]}"
            if "layer." in n
            else "embeddings"
            for n in names
        }

    everything = {"embeddings", "layer 0", "layer 1", "head"}
    assert learning(0) == everything
    assert learning(0, freeze="head_only") == {"head"}
    assert learning(0, freeze="lowest", freeze_layers=1) == {"layer 1", "head"}
    assert learning(2, freeze="lowest", freeze_layers=1, unfreeze_after_epochs=2) == everything
    stages = [learning(e, freeze="gradual", unfreeze_after_epochs=1) for e in range(4)]
    assert stages == [{"head"}, {"head", "layer 1"}, {"head", "layer 0", "layer 1"}, everything]


def test_the_optimiser_switches_and_remembers_it() -> None:
    def descend(steps: int, again: int) -> torch.Tensor:
        weight = torch.nn.Parameter(torch.tensor([5.0, -3.0]))
        made = lambda: trainer.AdamThenSGD([weight], lr=0.1, after=3, ratio=2.0, momentum=0.5, weight_decay=0.0)  # noqa: E731
        optimiser = made()
        for step in range(steps):
            if step == again:  # as after a checkpoint
                state = optimiser.state_dict()
                optimiser = made()
                optimiser.load_state_dict(state)
            optimiser.zero_grad()
            weight.square().sum().backward()
            optimiser.step()
        return weight.detach()

    after_adam = descend(3, -1)
    assert descend(4, -1) == pytest.approx(after_adam - 0.2 * 2 * after_adam)
    for again in (2, 4, 6):
        assert torch.allclose(descend(8, again), descend(8, -1))


TAGS = st.lists(st.sampled_from(["O", "B-x", "I-x", "B-y", "I-y"]), min_size=0, max_size=25)


def counted(right: int, found: int, asked: int) -> dict[str, float]:
    return {
        "precision": right / found if found else 0.0,
        "recall": right / asked if asked else 0.0,
        "f1": 2 * right / (found + asked) if found + asked else 0.0,
        "support": asked,
    }


@settings(deadline=None)
@given(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=4))
def test_the_figures_are_counts_of_values(documents: list[tuple[list[str], list[str]]]) -> None:
    gold, predicted = [chunks_of(a) for a, _ in documents], [chunks_of(b) for _, b in documents]
    figures = scoring.spans(*([{(chunk,) for chunk in document} for document in side] for side in (gold, predicted)))
    names = {name for document in (*gold, *predicted) for name, *_ in document}
    assert set(figures["fields"]) == names
    for row, fields in ((figures, names), *((figures["fields"][name], {name}) for name in names)):
        asked, found = ([{c for c in document if c[0] in fields} for document in side] for side in (gold, predicted))
        right = sum(len(a & b) for a, b in zip(asked, found, strict=True))
        expected = counted(right, sum(map(len, found)), sum(map(len, asked)))
        assert {key: row[key] for key in expected} == pytest.approx(expected)


def test_a_prediction_of_a_field_that_is_labelled_nowhere_is_no_error() -> None:
    """As for `workbench evaluate`: the F1 of the list of runs and that of the evaluation are one figure."""
    row = tiny_model.documents(1)[0]
    labels = ["O", "B-amount_total", "I-amount_total", "B-due_date", "I-due_date"]
    row.tags = ["O"] * len(row.words)
    row.tags[0] = "B-amount_total"
    probabilities = np.zeros((len(row.words), len(labels)), np.float32)
    probabilities[:, 0], probabilities[0], probabilities[4] = 1.0, [0, 1, 0, 0, 0], [0, 0, 0, 1, 0]
    prediction = DocumentPrediction(
        row, probabilities, np.zeros(2, np.float32), np.zeros(len(row.words), np.int16), 1, False
    )
    assert scoring.figures([prediction], labels)["f1"] == pytest.approx(2 / 3)
    assert scoring.figures([prediction], labels, labelled={"amount_total"})["f1"] == 1.0


@pytest.mark.parametrize(("backend", "device"), [("nccl", torch.device("cuda", 1)), ("gloo", torch.device("cpu"))])
def test_processes_agree_on_the_device_that_their_group_can_use(
    backend: str, device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks.distributed, "get_backend", lambda: backend)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    assert callbacks.group_device() == device
