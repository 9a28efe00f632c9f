"""A search in pictures: what is drawn is what its runs measured."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from storage.exceptions import UsageProblem
from storage.records import Run, RunState
from workbench.evaluation import charts as pictures
from workbench.runs.config import files
from workbench.runs.config.tune import TuneConfig
from workbench.search import charts
from workbench.search.plan import SearchFolder

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SENTENCE = "rates 3 and rates preset cannot be told apart on 4 validation documents: +0.100 F1 (95 %: -0.1 to +0.3)."


def run(name: str, minutes: float | None, f1: float | None, rate: float, state: RunState = RunState.FINISHED) -> Run:
    config = files.apply_sets(TuneConfig(), [f"train.learning_rate={rate}", "train.lr_scheduler_type=cosine"])
    ended = None if minutes is None else BEGAN + timedelta(minutes=minutes)
    return Run(name, name, state, "layoutlm", "A", config.model_dump(mode="json"), BEGAN, ended=ended, f1=f1,
               batch="rates")  # fmt: skip


RUNS = [
    run("rates 2", 5, 0.4, 1e-5, RunState.STOPPED),
    run("rates preset", 2, 0.7, 1e-4),
    run("rates 3", 9, 0.8, 1e-3),
    run("rates 4", 11, 0.75, 0.05),
    run("rates 5", None, None, 1e-4, RunState.RUNNING),
]


@pytest.fixture
def folder(tmp_path: Path) -> SearchFolder:
    folder = SearchFolder(tmp_path / "rates")
    folder.path.mkdir()
    space = ["train.learning_rate=1e-05..0.001 log", "train.lr_scheduler_type=linear,cosine"]
    config = TuneConfig().model_dump(mode="json")
    folder.plan.write_text(json.dumps({"name": "rates", "config": config, "space": space, "trials": 6}))
    return folder


def test_the_best_so_far_never_falls_and_a_run_that_fell_behind_is_not_it(folder: SearchFolder) -> None:
    stray = Run("x", "x", RunState.FINISHED, "layoutlm", "A", {}, BEGAN, ended=BEGAN, f1=0.99)
    search = charts.outcome(folder, [*RUNS, stray])
    best, preset, whole, behind = charts.progress(search)
    assert best.points == ((2.0, 0.7), (9.0, 0.7), (9.0, 0.8), (11.0, 0.8), (11.0, 0.8), (11.0, 0.8))
    assert preset.points == ((0.0, 0.7), (11.0, 0.7))
    assert behind.points == ((5.0, 0.4),) and len(whole.points) == 3
    assert search.best is not None and search.best.name == "rates 3"
    assert search.planned == 6 and search.ended == len(search.trials) == 4


def test_a_preset_beside_the_search_is_none_of_its_planned_runs(folder: SearchFolder) -> None:
    plan = json.loads(folder.plan.read_text())
    plan["space"] = ["train.learning_rate=1e-06..2e-05 log"]
    folder.plan.write_text(json.dumps(plan))
    assert charts.outcome(folder, RUNS).ended == 3


def test_each_run_s_settings_stand_between_the_ends_of_the_space(folder: SearchFolder) -> None:
    axes, lines = charts.coordinates(charts.outcome(folder, RUNS))
    assert [axis.name for axis in axes] == ["learning_rate", "lr_scheduler_type", "F1"]
    assert axes[1].marks == ((0.0, "linear"), (1.0, "cosine"))
    assert [line.name for line in lines] == ["rates 2", "rates preset", "rates 3"], "0.05 lies outside of the space"
    assert [line.is_best for line in lines] == [False, False, True]
    assert lines[1].places == pytest.approx((0.5, 1.0, 0.75))


def test_a_picture_says_what_the_best_gained_also_where_that_is_noise(folder: SearchFolder, tmp_path: Path) -> None:
    best = {"run": "rates 3", "value": 0.8, "params": {}}
    rows = [{"run": "rates 4", "state": "pruned", "value": None, "params": {}}]
    report = {"best": best, "trials": rows, "importance": {"train.learning_rate": 0.9, "train.lr_scheduler_type": 0.1}}
    folder.result.write_text(json.dumps(report | {"gain": {"sentence": SENTENCE}, "test": None}))
    search = charts.outcome(folder, RUNS)
    for kind, written in (
        ("search-progress", "best so far"),
        ("parallel", "lr_scheduler_type"),
        ("importance", "learning_rate"),
    ):
        path = tmp_path / f"{kind}.svg"
        pictures.save(charts.picture(search, kind), path)
        texts = ["".join(node.itertext()) for node in ElementTree.parse(path).iter() if node.tag.endswith("}text")]
        assert written in texts
        assert any("cannot be told apart" in text for text in texts)
    assert charts.shares(search) == (["learning_rate", "lr_scheduler_type"], [0.9, 0.1])
    assert [trial.is_whole for trial in search.trials] == [True, False, True, False], "Optuna's word counts"


def test_nothing_is_drawn_of_nothing(folder: SearchFolder) -> None:
    with pytest.raises(UsageProblem, match="has ended yet"):
        charts.picture(charts.outcome(folder, []), "parallel")
    with pytest.raises(UsageProblem, match="no importance"):
        charts.picture(charts.outcome(folder, RUNS), "importance")
    folder.progress.write_text('{"trials": 3}')
    assert charts.outcome(folder, RUNS).importance == {}
    folder.progress.write_text('{"trials": [], "importance": {"train.learning_rate": 1.0}}')
    assert charts.outcome(folder, RUNS).importance == {"train.learning_rate": 1.0}
