"""Class fields of which a document can have several options: trained, judged, predicted, suggested, chosen from."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from transformers import pipeline

from storage import documents, events
from storage.exceptions import RunProblem
from storage.records import RunState
from tests.support import tiny_model
from workbench import cli
from workbench.active_learning import class_selection, selection
from workbench.active_learning.selection_request import SelectionRequest
from workbench.annotation.classes import states
from workbench.runs import jobs, parquet
from workbench.runs.config.tune import Regularization, TuneConfig
from workbench.runs.state import RunFolder
from workbench.training import mc_dropout
from workbench.training.models.loading import SEVERAL
from workbench.training.tasks.baseline import Baseline
from workbench.training.trainer import loss_function
from workbench.workspace import Workspace

WORDS = {"money": "total item", "time": "date", "place": "a b"}


def text(*arguments: str):
    return CliRunner().invoke(cli.group, list(arguments))


def data(root: Path, *arguments: str):
    done = text("-w", str(root), *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with 70 texts about one, two or three things, ten of them unlabelled, divided into sides."""
    folder = tmp_path_factory.mktemp("several")
    names = list(WORDS)
    rows = []
    for number in range(70):
        labels = [name for bit, name in enumerate(names) if (number % 7 + 1) >> bit & 1]
        words = " ".join(WORDS[name] for name in labels)
        rows.append({"id": number, "text": f"{words} {number % 10}", "label": labels if number >= 10 else None})
    texts = folder / "texts.jsonl"
    texts.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    ws = folder / "ws"
    assert text("init", str(ws)).exit_code == 0
    assert text("-w", str(ws), "import", str(texts), "--multiple").exit_code == 0
    assert text("-w", str(ws), "split", "--test", "0.2", "--validation", "0.2").exit_code == 0
    return ws


def test_counting_words_judges_each_class_against_the_rest(root: Path, tmp_path: Path) -> None:
    done = data(root, "tune", "--set", "task=classes", "--set", "model.family=baseline", "--wait")
    report = data(root, "evaluate", done["run"], "--on", "test")
    assert report["subset_accuracy"] > 0.9 and report["micro"]["f1"] > 0.95
    assert set(report["classes"]) == set(WORDS)
    shown = text("-w", str(root), "evaluate", done["run"]).output
    assert "subset accuracy (all classes of a document right)" in shown
    texts = tmp_path / "new.jsonl"
    texts.write_text('{"text": "total item date 4"}\n{"text": "a b 4"}\n', encoding="utf-8")
    predicted = data(root, "predict", done["run"], str(texts))["documents"]
    assert [sorted(document["classes"]) for document in predicted] == [["money", "time"], ["place"]]
    workspace = Workspace.open(root)
    with workspace.db.read() as connection:
        content = documents.open_document(connection, 3)  # about the first two
    [row] = states.rows(content, workspace.schema)
    workspace.close()
    assert {option.option for option in row.suggested} == {"money", "time"}
    kept = Baseline.load(RunFolder(root / "runs" / done["run"]).model)
    assert kept.multiple and (kept.probabilities(["total date"]) <= 1).all()


def trained(workspace: Workspace, base: Path, engine: str) -> tuple[list[float], RunFolder, Any]:
    config = TuneConfig.model_validate(
        {
            "model": {"task": "classes", "family": "text", "name": str(base), "classifier_dropout": 0.0},
            "train": {
                "learning_rate": 1e-2, "num_train_epochs": 25, "per_device_train_batch_size": 8, "seed": 1,
                "early_stopping_patience": 0, "engine": engine, "logging_steps": 1,
            },
            "regularization": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
            "data": {"max_length": 32, "window_stride": 4},
        }
    )  # fmt: skip
    run = jobs.prepare(workspace, config)
    jobs.start(workspace, run.id)
    ended = jobs.wait(workspace, run.id)
    assert ended.state is RunState.FINISHED, ended.reason
    folder = RunFolder(workspace.files.run(run.id))
    steps = [event["loss"] for event in events.iterate(folder.events) if event["type"] == "step"]
    return steps, folder, ended


def test_both_engines_learn_every_class_by_itself_with_the_same_losses(root: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)  # of the base's weights: with some, this rate learns nothing
    base = tiny_model.base(tmp_path, "text")
    workspace = Workspace.open(root)
    steps, folder, _ = trained(workspace, base, "trainer")
    of_loop, other, ended = trained(workspace, base, "loop")
    with pytest.raises(RunProblem, match="no dropout"):
        selection.start(workspace, SelectionRequest("bald", 3, ended.id, class_field="label"))
    workspace.close()
    assert steps == pytest.approx(of_loop, abs=1e-5)
    assert steps[0] == pytest.approx(np.log(2), abs=0.1) and steps[-1] < 0.85 * steps[0]
    assert json.loads((folder.model / "config.json").read_text())["problem_type"] == SEVERAL
    report = json.loads(folder.report.read_text())
    assert report["classes"]["micro"]["f1"] > 0.6
    assert report["classes"]["micro"] == json.loads(other.report.read_text())["classes"]["micro"]
    cases = list(parquet.stream_classes(folder.path, "pool"))
    assert any(sum(case.probabilities.values()) > 1.2 for case in cases)  # not one among all
    classify = pipeline("text-classification", model=str(folder.model), tokenizer=str(folder.model), top_k=None)
    [scores] = classify(["total item date 3"])
    assert sum(entry["score"] for entry in scores) != pytest.approx(1, abs=1e-2)

    choose_where_dropout_contradicts_itself(other)


def choose_where_dropout_contradicts_itself(run: RunFolder) -> None:
    config = run.model / "config.json"
    config.write_text(config.read_text().replace('dropout_prob": 0.0', 'dropout_prob": 0.2'))
    request = SelectionRequest("bald", 3, run.path.name, 0, class_field="label")
    choice = class_selection.choose(run.path, request, lambda done, total: None)
    assert len(choice["items"]) == 3 and choice["items"][0]["score"] > choice["items"][2]["score"] >= 0
    assert "contradicts itself" in choice["items"][0]["reasons"][-1]
    assert len(mc_dropout.read(run.path)) == 10


def test_the_loss_is_binary_cross_entropy_with_weights_smoothing_and_focus() -> None:
    class Outputs:
        logits = torch.tensor([[2.0, -1.0], [0.5, 3.0]])

    labels = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    plain = loss_function(Regularization(), None)(Outputs, labels)
    assert float(plain) == pytest.approx(float(torch.nn.BCEWithLogitsLoss()(Outputs.logits, labels)), abs=1e-6)
    weighted = loss_function(Regularization(), [2.0, 0.0])(Outputs, labels, torch.tensor(4))
    column = torch.nn.BCEWithLogitsLoss()(Outputs.logits[:, 0], labels[:, 0])
    assert float(weighted) == pytest.approx(float(column), abs=1e-6)
    smooth = loss_function(Regularization(label_smoothing_factor=0.2), None)(Outputs, labels)
    focal = loss_function(Regularization(loss="focal"), None)(Outputs, labels)
    assert smooth > plain > focal


def test_doubt_is_about_the_least_sure_class() -> None:
    shares = np.array([[0.9, 0.95, 0.99], [0.9, 0.52, 0.01]])
    assert class_selection._least_sure(shares).tolist() == [[0.9, pytest.approx(0.1)], [0.52, pytest.approx(0.48)]]
    scores = class_selection.scores_of(shares, [1, 1, 1], class_selection._least_sure(shares))
    assert scores["least_confidence"].argmax() == scores["entropy"].argmax() == 1
