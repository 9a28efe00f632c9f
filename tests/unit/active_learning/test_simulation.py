"""Simulated relabel loops: complete, resumable, and comparable with chance."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from storage import documents, locks
from storage.events import EventWriter
from storage.exceptions import RunProblem, UsageProblem
from storage.records import Side
from tests.support.predicted_pool import prediction, probabilities, workspace
from tests.support.workspaces import until
from workbench.active_learning import simulation, simulation_worker
from workbench.active_learning.simulation_worker import Simulator
from workbench.cli import group
from workbench.runs import parquet
from workbench.runs.config.request import Request
from workbench.runs.config.tune import TuneConfig


def learner(folder: Path) -> None:
    """Stands for training: the more vendors were seen, the more of the test documents' totals are read."""
    with (folder.parent.parent / "trainings").open("a") as log:
        log.write(f"{folder.name}\n")
    states = {row.group for row in parquet.read(folder / "dataset" / "train.parquet")}
    made = []
    for split in ("train", "validation", "test", "pool"):
        for row in parquet.read(folder / "dataset" / f"{split}.parquet"):
            known = row.group in states if split == "pool" else row.document % 7 < len(states)
            vendor = int(row.group.split()[1])
            embedding = np.eye(8)[vendor] + 0.3 * np.random.default_rng(row.document).normal(size=8)
            made.append(prediction(row.document, split, probabilities(0.95 if known else 0.45), embedding))
    parquet.write_predictions(folder / "predictions.parquet", made)


@pytest.fixture
def prepared(tmp_path):
    found, *_ = workspace(tmp_path, pool=1, labelled=70)
    with found.db.write() as connection:
        documents.assign_sides(connection, {"vendor 5": Side.VALIDATION, "vendor 6": Side.TEST})
    folder = simulation.prepare(found, ["combined"], TuneConfig(), rounds=3, batch=4, seeds=2, start=3)
    yield found, folder
    found.close()


def trained(folder):
    path = folder / "trainings"
    return path.read_text().splitlines() if path.exists() else []


def hides_what_was_not_given(folder):
    for run in (folder / "trained").iterdir():
        pool = parquet.read(run / "dataset" / "pool.parquet")
        train = parquet.read(run / "dataset" / "train.parquet")
        assert all(row.tags is None for row in pool) and all(row.tags for row in train)
        assert not {r.document for r in pool} & {r.document for r in train}
        assert len(pool) + len(train) == 50


def test_every_strategy_and_seed_is_measured_beside_chance_and_sees_only_labels_that_were_given(prepared):
    _, folder = prepared
    Simulator(folder, learner).run(2)
    hides_what_was_not_given(folder)
    answer = simulation.report(folder)
    assert answer["done"] == answer["total"] == 2 * (2 * 4 + 1)
    assert set(answer["strategies"]) == {"combined", "random"}
    for one in answer["strategies"].values():
        assert [p["labels"] for p in one["curve"]] == [3, 7, 11, 15]
        assert set(one["needed"]) == {"90", "95", "99"}
    assert answer["full"]["labels"] == 50
    assert len(set(trained(folder))) == len(trained(folder)), "the same documents are trained on once"


def test_it_goes_on_where_it_was_left(prepared):
    found, folder = prepared
    budget = [5]

    def dying(run):
        if not budget[0]:
            raise RunProblem("killed")
        budget[0] -= 1
        learner(run)

    with pytest.raises(RunProblem):
        Simulator(folder, dying).run()
    half = trained(folder)
    again = simulation.prepare(found, ["combined"], TuneConfig(), rounds=3, batch=4, seeds=2, start=3)
    assert again == folder
    Simulator(folder, learner).run()
    assert simulation.report(folder)["done"] == simulation.SimulationPlan.read(folder).cells
    assert len(half) == 5 and len(set(trained(folder))) == len(trained(folder))
    lines = [json.loads(line) for line in (folder / "cells.jsonl").read_text().splitlines()]
    keys = [(c["strategy"], c["seed"], c["round"]) for c in lines]
    assert len(keys) == len(set(keys)), "no cell twice"


def test_a_warm_loop_goes_on_from_the_model_of_the_round_before(prepared):
    found, _ = prepared
    folder = simulation.prepare(found, ["combined"], TuneConfig(), rounds=3, batch=4, seeds=1, start=3, warm=True)
    states = []

    def warm(run):
        request = Request.read(run)
        name = request.config.model.name
        assert (name == "") == (request.parent == "")
        assert not name or (Path(name).is_dir() and Path(name).parent.name == request.parent)
        states.append((run.name, request.parent, len(parquet.read(run / "dataset" / "train.parquet"))))
        learner(run)
        (run / "model").mkdir()

    Simulator(folder, warm).run()
    labels = {run: count for run, _, count in states}
    assert {count: labels.get(parent, 0) for _, parent, count in states} == {3: 0, 7: 3, 11: 7, 15: 11, 50: 0}
    assert not list(folder.glob("trained/*/model")), "models are heavy: none is left behind"
    assert len(set(trained(folder))) == len(trained(folder))


def test_a_warm_loop_that_lost_a_model_trains_it_again(prepared):
    found, _ = prepared
    folder = simulation.prepare(found, [], TuneConfig(), rounds=3, batch=4, seeds=1, start=3, warm=True)

    def dying(run):
        if len(parquet.read(run / "dataset" / "train.parquet")) == 15:
            raise RunProblem("killed")
        learner(run)
        (run / "model").mkdir(exist_ok=True)

    with pytest.raises(RunProblem):
        Simulator(folder, dying).run()
    for model in folder.glob("trained/*/model"):
        model.rmdir()

    def whole(run):
        parent = Request.read(run).parent
        assert not parent or (run.parent / parent / "model").is_dir()
        learner(run)
        (run / "model").mkdir(exist_ok=True)

    Simulator(folder, whole).run()
    assert simulation.report(folder)["done"] == simulation.SimulationPlan.read(folder).cells


def test_a_model_whose_deleting_was_cut_off_is_trained_again(prepared, monkeypatch):
    found, _ = prepared
    folder = simulation.prepare(found, [], TuneConfig(), rounds=3, batch=4, seeds=1, start=3, warm=True)
    made = {}

    def whole(run):
        made[len(parquet.read(run / "dataset" / "train.parquet"))] = run
        learner(run)
        (run / "model").mkdir()
        (run / "model" / "weights").touch()
        (run / "model" / "config.json").touch()

    def cut_off(path, **_):
        if (path / "weights").is_file():
            (path / "weights").unlink()
            raise RunProblem("killed")

    with monkeypatch.context() as patch, pytest.raises(RunProblem):
        patch.setattr(simulation_worker.shutil, "rmtree", cut_off)
        Simulator(folder, whole).run()
    # Another chain that shares the first two rounds may ask before its own chain deletes it anew.
    with Simulator(folder, whole)._model_of([made[3], made[7]]) as model:
        assert (model / "weights").is_file()
    Simulator(folder, whole).run()
    assert not list(folder.glob("trained/*/model*")), "nor is half of one left behind"


def test_warm_loops_of_several_strategies_train_side_by_side_from_their_shared_model(prepared):
    found, _ = prepared
    folder = simulation.prepare(found, ["combined"], TuneConfig(), rounds=1, batch=4, seeds=1, start=3, warm=True)
    together = threading.Barrier(2)

    def both(run):
        if Request.read(run).parent:
            together.wait(20)  # raises when the other one waits for this one's end
        learner(run)
        (run / "model").mkdir()

    Simulator(folder, both).run(3)
    assert simulation.report(folder)["done"] == simulation.SimulationPlan.read(folder).cells


def test_a_pool_that_empties_ends_the_choosing(tmp_path):
    found, *_ = workspace(tmp_path, pool=0, labelled=21)
    with found.db.write() as connection:
        documents.assign_sides(connection, {"vendor 5": Side.VALIDATION, "vendor 6": Side.TEST})
    folder = simulation.prepare(found, [], TuneConfig(), rounds=4, batch=10, seeds=1, start=3)
    Simulator(folder, learner).run()
    curve = simulation.report(folder)["strategies"]["random"]["curve"]
    assert [p["labels"] for p in curve] == [3, 13, 15]
    found.close()


def test_a_process_that_is_killed_leaves_a_folder_that_goes_on(prepared):
    _, folder = prepared
    process = simulation.start(folder)
    deadline = time.monotonic() + 120
    while not (folder / "trained").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(RunProblem, match="after 0 of 18"):
        simulation.wait(folder, process)
    with pytest.raises(RunProblem, match="not running"):
        simulation.stop(folder)
    for begun in (folder / "trained").iterdir():
        assert not (begun / "measured.json").exists()
    Simulator(folder, learner).run()
    assert simulation.report(folder)["done"] == simulation.SimulationPlan.read(folder).cells


def test_interrupting_the_command_leaves_nothing_at_work(prepared, monkeypatch):
    found, _ = prepared
    started = []

    def interrupted(folder, process, tick):
        started.append(process)
        tick(0.4, 18)
        raise KeyboardInterrupt

    monkeypatch.setattr(simulation, "wait", interrupted)
    with pytest.raises(click.Abort):
        CliRunner().invoke(
            group, ["-w", str(found.files.root), "simulate"], standalone_mode=False, catch_exceptions=False
        )
    (process,) = started
    assert process.returncode == -signal.SIGTERM and simulation.at_work(found) == []


def test_what_works_in_the_background_is_stopped_from_any_terminal(prepared):
    """And the model that it trains at that moment is trained no further."""
    found, folder = prepared
    process = simulation.start(folder)

    def training():
        return [lock for lock in folder.glob("trained/*/lock") if locks.held(lock)]

    until(training)
    given = ["-w", str(found.files.root), "simulate", "--stop"]
    assert folder.name in CliRunner().invoke(group, given, catch_exceptions=False).output
    assert process.wait() == -signal.SIGTERM
    until(lambda: not training(), 5)
    assert "No simulation is running" in CliRunner().invoke(group, given, catch_exceptions=False).output


def test_half_of_the_labels_of_chance_is_a_ratio_of_one_half(prepared):
    _, folder = prepared
    writer = EventWriter(folder / "cells.jsonl")
    for seed in (0, 1):
        writer.write("cell", strategy="", seed=seed, round=0, labels=50, f1=1.0)
        for name, reached in (("combined", 7), ("random", 14)):
            for turn, labels in enumerate((3, 7, 14, 15)):
                f1 = 0.96 if labels >= reached else 0.0
                writer.write("cell", strategy=name, seed=seed, round=turn, labels=labels, f1=f1)
    writer.close()
    answer = simulation.report(folder)["strategies"]
    assert answer["combined"]["needed"]["95"]["reached"] == 2 and answer["combined"]["needed"]["99"]["labels"] is None
    assert answer["combined"]["needed"]["95"]["labels"] == pytest.approx(7, abs=0.1)
    assert answer["combined"]["against_random"]["95"] == pytest.approx(0.5, abs=0.01)


def test_intervals_say_nothing_that_cannot_be_and_are_drawn(prepared):
    _, folder = prepared
    plan = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps({**plan, "seeds": 3}))
    writer = EventWriter(folder / "cells.jsonl")
    for seed, reached in enumerate((3, 3, 50)):
        writer.write("cell", strategy="", seed=seed, round=0, labels=50, f1=1.0)
        for turn, labels in enumerate((3, 50)):
            f1 = 1.0 if labels >= reached else 0.1
            writer.write("cell", strategy="random", seed=seed, round=turn, labels=labels, f1=f1)
    writer.close()
    answer = simulation.report(folder)
    random = answer["strategies"]["random"]
    assert random["curve"][0]["f1"] == pytest.approx(0.7) and random["curve"][0]["ci95"] == (0, 1)
    assert random["needed"]["95"]["ci95"] == (3, 50) and answer["full"]["ci95"] == (1, 1)
    chart = simulation.chart(answer)
    assert "bars: 95 %" in chart.title
    lines = [line for line in chart.lines if line.points]
    assert [(line.name, len(line.spread)) for line in lines] == [("Random", 2), ("all 50 labels", 0)]


def test_two_seeds_give_no_interval(prepared):
    _, folder = prepared
    writer = EventWriter(folder / "cells.jsonl")
    for seed, f1 in enumerate((0.5, 0.9)):
        writer.write("cell", strategy="", seed=seed, round=0, labels=50, f1=f1)
        writer.write("cell", strategy="random", seed=seed, round=0, labels=3, f1=f1)
    writer.close()
    answer = simulation.report(folder)
    assert answer["full"]["ci95"] is None and answer["strategies"]["random"]["curve"][0]["ci95"] is None
    assert "bars" not in simulation.chart(answer).title


def test_a_chart_that_cannot_be_written_is_refused_before_the_work(prepared, tmp_path):
    found, _ = prepared
    given = ["-w", str(found.files.root), "simulate", "--chart", str(tmp_path / "chart.pdf")]
    with pytest.raises(UsageProblem, match=r"neither \.svg nor \.png"):
        CliRunner().invoke(group, given, standalone_mode=False, catch_exceptions=False)


def test_a_full_model_that_finds_nothing_sets_no_target(prepared):
    _, folder = prepared
    writer = EventWriter(folder / "cells.jsonl")
    writer.write("cell", strategy="", seed=0, round=0, labels=50, f1=0.0)
    writer.write("cell", strategy="random", seed=0, round=0, labels=3, f1=0.0)
    writer.close()
    assert simulation.report(folder)["strategies"]["random"]["needed"]["95"]["labels"] is None


@pytest.mark.parametrize("names", [["committee"], ["typical"], ["nonsense"]])
def test_what_cannot_be_simulated_is_refused(prepared, names):
    with pytest.raises(UsageProblem):
        simulation.prepare(prepared[0], names, TuneConfig())


def test_too_few_documents_are_told(prepared):
    with pytest.raises(UsageProblem, match="too few"):
        simulation.prepare(prepared[0], [], TuneConfig(), start=60)
    assert not list((prepared[0].files.root / "simulations").glob(".draft*"))
