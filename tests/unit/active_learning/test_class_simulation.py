"""Simulated choosing of texts to classify: shares all but the figures with that of fields."""

import json
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner

from storage.exceptions import RunProblem, UsageProblem
from storage.records import Side
from tests.support import text_documents
from workbench.active_learning import simulation
from workbench.active_learning.simulation_worker import Simulator
from workbench.cli import group
from workbench.runs import parquet
from workbench.runs.config.request import Request
from workbench.runs.config.tune import TuneConfig

KINDS = ("invoice", "question")
TEXTS = [f"{'pay the invoice' if number % 2 == 0 else 'where is the parcel'} {number}" for number in range(40)]
LABELS = {number: KINDS[number % 2] for number in range(40)}
SIDES = {**dict.fromkeys(range(30, 34), Side.VALIDATION), **dict.fromkeys(range(34, 40), Side.TEST)}
BASELINE = TuneConfig.model_validate({"model": {"task": "classes", "family": "baseline"}})


def learner(folder: Path) -> None:
    """Stands for training: with more labels, more of the questions are known."""
    request = Request.read(folder)
    labels = list(request.fields[0].options)
    labelled = parquet.count(folder / "dataset" / "train.parquet")
    made = []
    for split in ("train", "validation", "test", "pool"):
        for row in parquet.read(folder / "dataset" / f"{split}.parquet"):
            is_known = row.document % 2 == 1 or row.document <= 34 + labelled // 3
            shares = [0.2, 0.2, 0.6] if row.document % 2 == 0 and is_known else [0.6, 0.2, 0.2]
            stored = struct.pack(f"<{len(labels)}e", *shares)
            made.append(parquet.Prediction(row.document, split, labels, stored, [], 1, [0], truncated=False))
    parquet.write_predictions(folder / "predictions.parquet", made, task=parquet.CLASSES)


@pytest.fixture
def made(tmp_path):
    workspace = text_documents.workspace(tmp_path / "w", TEXTS, LABELS, sides=SIDES)
    yield workspace
    workspace.close()


def prepared(workspace, names=("margin", "typical"), config=BASELINE, **options):
    return simulation.prepare(workspace, names, config, **{"rounds": 2, "batch": 3, "seeds": 2, **options})


def hides_what_was_not_given(folder):
    for run in (folder / "trained").iterdir():
        pool = parquet.read(run / "dataset" / "pool.parquet")
        train = parquet.read(run / "dataset" / "train.parquet")
        assert all(row.classes is None for row in pool) and all(row.classes for row in train)
        assert not {r.document for r in pool} & {r.document for r in train}
        assert len(pool) + len(train) == 30
        assert Request.read(run).fields[0].options == text_documents.OPTIONS


def test_every_strategy_of_classes_is_measured_and_sees_only_classes_that_were_given(made):
    folder = prepared(made, ["margin", "typical", "class_balance", "per_cluster", "k_centre", "combined"])
    Simulator(folder, learner).run(2)
    hides_what_was_not_given(folder)
    answer = simulation.report(folder)
    assert answer["done"] == answer["total"] == 2 * (7 * 3 + 1)
    assert (answer["task"], answer["full"]["labels"]) == ("classes", 30)
    assert answer["full"]["f1"] == answer["full"]["accuracy"] == 1
    for one in answer["strategies"].values():
        assert [point["labels"] for point in one["curve"]] == [3, 6, 9]
        assert one["curve"][0]["f1"] < one["curve"][0]["accuracy"] < one["curve"][2]["accuracy"] <= 1
    assert simulation.chart(answer).title.startswith("Macro F1 by labelled documents")


def test_a_seed_begins_with_two_classes_also_where_one_is_rare(tmp_path):
    labels = {number: "question" if number in (5, 35) else "invoice" for number in range(40)}
    workspace = text_documents.workspace(tmp_path / "w", TEXTS, labels, sides=SIDES)
    folder = prepared(workspace, start=2)
    workspace.close()
    simulator = Simulator(folder, learner)
    for seed in range(20):
        first = simulator._first(seed)
        assert len(set(first)) == 2 and 6 in first
        assert {option for number in first for option in simulator.documents[number].classes} == set(KINDS)


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["worst_word"], {}, "no strategy 'worst_word' for classes"),
        (["similar"], {}, "more than one run"),
        (["bald"], {}, "without dropout"),
        (["margin"], {"warm": True}, "trained anew every time"),
        (["margin"], {"start": 30}, "too few"),
    ],
)
def test_what_cannot_be_simulated_for_classes_is_refused(made, names, options, message):
    with pytest.raises(UsageProblem, match=message):
        prepared(made, names, **options)


def test_of_several_class_fields_one_is_chosen(made):
    made.change_schema(lambda schema: schema.add_class("urgent", ("yes", "no")))
    with pytest.raises(RunProblem, match="several class fields"):
        prepared(made)
    chosen = BASELINE.model_copy(update={"model": BASELINE.model.model_copy(update={"class_field": "type"})})
    assert simulation.SimulationPlan.read(prepared(made, config=chosen)).class_field == "type"


@pytest.mark.parametrize(
    ("labels", "epochs"),
    [(10, 10.0), (100, 4.0)],
)
def test_a_workspace_of_classes_needs_no_setting(made, monkeypatch, labels, epochs):
    """And the models are trained as the tune screen does with so many labels as there will be."""
    plans = []

    def kept(folder, jobs):
        plans.append(simulation.SimulationPlan.read(folder))

    monkeypatch.setattr(simulation, "start", kept)
    given = ["-w", str(made.files.root), "simulate", "--strategies", "margin", "--detach", "--json"]
    given += ["--start", "5", "--batch", str(labels), "--rounds", "3", "--begin", "typical"]
    done = CliRunner().invoke(group, given, catch_exceptions=False)
    [plan] = plans
    assert (plan.task, plan.class_field, plan.config["model"]["family"]) == ("classes", "type", "embedded")
    assert plan.begin == "typical"
    assert plan.config["train"]["num_train_epochs"] == epochs
    assert json.loads(done.output)["task"] == "classes"


def test_the_table_names_the_mean_over_classes_and_the_accuracy(made, monkeypatch):
    monkeypatch.setattr(simulation, "start", lambda folder, jobs: Simulator(folder, learner).run(jobs))
    given = ["simulate", "--strategies", "margin,typical", "--rounds", "1", "--batch", "3", "--seeds", "1"]
    given += ["--set", "task=classes", "--set", "model.family=baseline"]
    printed = CliRunner().invoke(group, ["-w", str(made.files.root), *given], catch_exceptions=False).output
    assert "All 30 labels: macro F1 1.000, accuracy 1.000." in printed
    assert "macro F1 in the end  accuracy" in printed
