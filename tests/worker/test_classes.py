"""Class fields from import to prediction, with the baseline and with tiny models."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file
from transformers import pipeline

from screens.errors import snapshot
from storage import document_list, events, runs
from storage.exceptions import InputProblem, RunProblem
from storage.records import RunState
from tests.support import tiny_model
from workbench import cli
from workbench.active_learning import loop_task, overview
from workbench.commands import demo
from workbench.evaluation.doctor import diagnosis
from workbench.runs import jobs, parquet
from workbench.runs.config import presets
from workbench.runs.config.tune import Model, TuneConfig
from workbench.runs.state import RunFolder
from workbench.samples.texts.mails import CLASSES, mails
from workbench.training.models import embedded
from workbench.training.prediction_run import load_any
from workbench.workspace import Workspace

LABELS = {"good": "total item date", "bad": "a b c"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with 60 texts of two classes, 12 of them unlabelled, divided into sides."""
    folder = tmp_path_factory.mktemp("classes")
    rows = [
        {"id": i, "text": f"{words} {i % 7} {words.split()[i % 3]}", "label": label if i % 5 else None}
        for i in range(30)
        for label, words in LABELS.items()
    ]
    texts = folder / "texts.jsonl"
    texts.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    ws = folder / "ws"
    assert text("init", str(ws)).exit_code == 0
    assert text("-w", str(ws), "import", str(texts)).exit_code == 0
    assert text("-w", str(ws), "split", "--test", "0.2", "--validation", "0.2").exit_code == 0
    return ws


def text(*arguments: str):
    return CliRunner().invoke(cli.group, list(arguments))


def data(root: Path, *arguments: str):
    done = text("-w", str(root), *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_texts_are_imported_with_their_classes_and_every_side_gets_both(root: Path) -> None:
    [field] = [f for f in data(root, "fields")["fields"] if f["kind"] == "class"]
    assert (field["name"], field["options"]) == ("class", ["good", "bad"])
    sides = data(root, "split", "--test", "0.2", "--validation", "0.2")["sides"]
    assert all(side["labelled"] for side in sides.values())


def test_a_class_run_of_a_search_reads_its_test_side_when_it_is_asked_to(root: Path) -> None:
    workspace = Workspace.open(root)
    config = TuneConfig(model=Model(task="classes", family="baseline"))
    ids = [jobs.prepare(workspace, config, reads_test=reads).id for reads in (True, False)]
    for run in ids:
        jobs.start(workspace, run)
        jobs.wait(workspace, run)
    workspace.close()
    left = data(root, "evaluate", ids[1])
    assert left["split"] == "validation" and left["test_unread"]
    assert "has not been read" in text("-w", str(root), "evaluate", ids[1]).output
    whole, later = (data(root, "evaluate", run, "--on", "test") for run in ids)
    assert whole["split"] == "test" and whole["documents"] == left["test_unread"]
    assert later | {"run": ""} == whole | {"run": ""}
    assert "has not been read" not in text("-w", str(root), "evaluate", ids[1]).output


def test_counting_words_tells_the_classes_apart_and_labels_the_pool(root: Path, tmp_path: Path) -> None:
    done = data(root, "tune", "--set", "task=classes", "--set", "model.family=baseline", "--wait")
    report = data(root, "evaluate", done["run"], "--on", "test")
    assert report["task"] == "classes" and report["accuracy"] == 1.0
    assert set(report["classes"]["good"]) == {"precision", "recall", "f1", "support", "ci95"}
    assert report["confusion"]["labels"] == ["good", "bad"]
    assert report["curves"]["good"]["roc_auc"] == report["micro"]["f1"] == 1.0
    compared = data(root, "runs", "compare", done["run"], done["run"])
    assert compared["problem"] == "" and compared["differences"]["micro"]["difference"] == 0
    assert compared["mcnemar"] == {"only_a_right": 0, "only_b_right": 0, "p_value": 1.0}
    workspace = Workspace.open(root)
    with workspace.db.read() as connection:
        assert runs.get(connection, done["run"]).config["train"]["num_train_epochs"] == 30  # few texts: short epochs
        offered = connection.exec_driver_sql("SELECT count(DISTINCT document_id) FROM class_suggestions").scalar()
    # the errors screen and the relabel loop look at runs that read fields
    assert snapshot.read(workspace, None) is None
    assert overview.read(workspace, loop_task.TOKENS).model is None
    assert overview.read(workspace).model.id == done["run"]
    workspace.close()
    assert offered == 12
    texts = tmp_path / "new.jsonl"
    texts.write_text('{"text": "total date 4"}\n{"text": "a c 4 a"}\n', encoding="utf-8")
    documents = data(root, "predict", done["run"], str(texts))["documents"]
    assert [d["class"] for d in documents] == ["good", "bad"]
    assert sum(documents[0]["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_exporting_a_baseline_says_that_it_gives_words_of_the_documents_away(root: Path, tmp_path: Path) -> None:
    run = data(root, "runs", "list")[0]["run"]
    exported = data(root, "runs", "export", run, str(tmp_path / "given"))
    assert "words of your documents" in exported["notes"][0]
    assert (tmp_path / "given" / "vocabulary.json").is_file()


def test_a_baseline_whose_weights_are_another_ones_is_refused(root: Path, tmp_path: Path) -> None:
    run = data(root, "runs", "list")[0]["run"]
    for change in ({"coefficients": np.zeros((2, 3))}, {"intercepts": np.full(2, np.nan)}, {"intercepts": np.zeros(9)}):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        shutil.copytree(root / "runs" / run / "model", folder)
        save_file({**load_file(folder / "baseline.safetensors"), **change}, folder / "baseline.safetensors")
        with pytest.raises(InputProblem, match="no whole baseline"):
            load_any(str(folder))


def test_an_encoder_is_fine_tuned_opens_in_transformers_and_refuses_what_is_for_fields(
    root: Path, tmp_path: Path
) -> None:
    base = tiny_model.base(tmp_path, "text")
    workspace = Workspace.open(root)
    config = TuneConfig.model_validate(
        {
            "model": {"task": "classes", "family": "text", "name": str(base), "classifier_dropout": 0.0},
            "train": {
                "learning_rate": 5e-3, "num_train_epochs": 6, "per_device_train_batch_size": 8, "seed": 1,
                "early_stopping_patience": 0,
            },
            "regularization": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
            "data": {"max_length": 32, "window_stride": 4},
        }
    )  # fmt: skip
    run = jobs.prepare(workspace, config)
    jobs.start(workspace, run.id)
    ended = jobs.wait(workspace, run.id)
    folder = RunFolder(workspace.files.run(run.id))
    workspace.close()
    assert ended.state is RunState.FINISHED, ended.reason
    steps = [event["loss"] for event in events.iterate(folder.events) if event["type"] == "step"]
    assert steps[-1] < steps[0]
    kept = json.loads(folder.report.read_text())
    assert kept["task"] == "classes" and kept["baseline"]["test"]["accuracy"] == 1.0
    cases = list(parquet.stream_classes(folder.path, "pool"))
    assert len(cases) == 12
    assert all(sum(case.probabilities.values()) == pytest.approx(1, abs=2e-3) for case in cases)
    classify = pipeline("text-classification", model=str(folder.model), tokenizer=str(folder.model), device=-1)
    assert classify("total item date")[0]["label"] in LABELS
    consulted = data(root, "doctor", run.id)
    assert consulted["run"] == run.id and {"healthy", "findings", "forecast"} <= set(consulted)
    assert {finding["rule"] for finding in consulted["findings"]} <= set(diagnosis.CLASS_RULES)
    assert text("-w", str(root), "runs", "show", run.id).exit_code == 0


TUTORIAL = """
task: classes
model: {family: embedded, name: BASE, classifier_dropout: 0.0}
train: {ENGINE, learning_rate: 5.0e-3, num_train_epochs: 2, per_device_train_batch_size: 16, lr_scheduler_type: cosine,
        warmup_steps: 2, weight_decay: 0.01, max_grad_norm: 5, seed: 1, logging_steps: 1}
data: {max_length: 32, window_stride: 4}
"""
"""The tutorial's configuration A has the Trainer with AdamW, B a loop whose AdamW gives way to SGD."""


def test_the_tutorials_two_configurations_run_to_their_ends_and_are_drawn_together(root: Path, tmp_path: Path) -> None:
    base = str(tiny_model.base(tmp_path, "text"))
    engines = {"A": "engine: trainer", "B": "engine: loop, optim: adamw_then_sgd, sgd_after_steps: 2"}
    for name, engine in engines.items():
        (tmp_path / f"{name}.yaml").write_text(TUTORIAL.replace("BASE", base).replace("ENGINE", engine))
    files = [argument for name in engines for argument in ("--config", str(tmp_path / f"{name}.yaml"))]
    ended = data(root, "tune", *files, "--name", "tutorial", "--wait")
    assert [run["state"] for run in ended] == ["finished", "finished"]
    listed = {run["run"]: run for run in data(root, "runs", "list")}
    assert [listed[run["run"]]["name"] for run in ended] == ["tutorial A", "tutorial B"]
    assert all(listed[run["run"]]["group"] == "tutorial" for run in ended)
    for kind in ("comparison", "loss"):
        data(root, "runs", "chart", "tutorial", "--of", kind, "--to", str(tmp_path / f"{kind}.svg"))
        drawn = (tmp_path / f"{kind}.svg").read_text()
        assert "tutorial A" in drawn and "tutorial B" in drawn
    assert "95 % intervals" in (tmp_path / "comparison.svg").read_text()


def test_one_class_alone_is_refused(root: Path, tmp_path: Path) -> None:
    ws, texts = tmp_path / "ws", tmp_path / "t.csv"
    texts.write_text("text,label\nx,only\ny,only\n")
    text("init", str(ws))
    text("-w", str(ws), "import", str(texts))
    done = text("-w", str(ws), "tune", "--set", "task=classes", "--wait")
    assert isinstance(done.exception, RunProblem) and "nothing to tell apart" in done.exception.message


def test_the_encoder_that_is_shipped_is_whole_and_keeps_its_weights_through_eight_bits() -> None:
    from safetensors.torch import load_file

    kept = load_file(embedded.SHIPPED / "model.safetensors")
    weights = embedded.restored(kept)
    again = embedded.restored(embedded.reduced(weights))
    assert all((weights[name] - again[name]).abs().max() < 1e-6 for name in weights)


def test_the_demo_of_classes_labels_trains_and_gets_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = presets.of_classes(100).model_copy(update={"model": Model(task="classes", family="baseline")})
    monkeypatch.setattr(presets, "of_classes", lambda *_: quick)
    done = text("demo", "--task", "classes", "--json", "--at", str(tmp_path / "demo"))
    assert done.exit_code == 0, done.output
    first, second = json.loads(done.stdout)["runs"]
    assert second["train_documents"] == first["train_documents"] + 20
    assert second["f1"] > 0.5
    workspace = Workspace.open(tmp_path / "demo")
    with workspace.db.read() as connection:
        assert document_list.status(connection)["labelled"] == 120
    workspace.close()


def test_the_sample_mails_are_those_that_their_seed_makes() -> None:
    kept = [json.loads(line) for line in (demo.SAMPLES / "mails.jsonl").read_text(encoding="utf-8").splitlines()]
    made = list(mails(400, 1))
    assert [(mail["text"], mail["label"]) for mail in kept] == made
    assert len({text for text, _ in made}) == 400 and {name for _, name in made} == set(CLASSES)
