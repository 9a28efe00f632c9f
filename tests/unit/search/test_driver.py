"""A search tries, stops, resumes and reports; its runs are made up, its trials are Optuna's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from storage.exceptions import ConfigProblem, InputProblem, RunProblem
from storage.records import RunState
from workbench.commands.support.search_options import report_lines
from workbench.runs.config import files
from workbench.runs.config.tune import TuneConfig
from workbench.search.driver import Driver
from workbench.search.plan import SearchFolder
from workbench.search.trial_runs import Look

SPACE = ["train.learning_rate=1e-05..0.001 log", "train.weight_decay=0..0.1"]
KILLED = KeyboardInterrupt
"""Stands for kill -9: nothing of the driver catches it."""


@dataclass
class Trainings:
    """Runs that are best at a learning rate of 1e-4 and learn in ten steps, one at each look."""

    kill_at: int | None = None
    fails: bool = False
    begun: list[str] = field(default_factory=list)
    configs: dict[str, TuneConfig] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    advised: Mapping[str, TuneConfig] = field(default_factory=dict)
    tested: list[str] = field(default_factory=list)  # those that read the test side
    unreadable: bool = False  # whether the test side cannot be read

    def begin(self, config: TuneConfig, name: str) -> str:
        self.begun.append(name)
        self.configs.setdefault(name, config)
        return name

    def look(self, run: str) -> Look:
        self.looks[run] = self.looks.get(run, 0) + 1
        if self.kill_at is not None and sum(self.looks.values()) > self.kill_at:
            raise KILLED
        if self.fails:
            return Look(run, RunState.FAILED, None, reason="out of memory")
        rate = self.configs[run].train.learning_rate
        good = 0.9 if 5e-5 <= rate <= 2e-4 else 0.3
        steps = min(10, self.looks[run])
        seen = tuple((step / 10, good * step / 10) for step in range(1, steps + 1))
        state = RunState.STOPPED if run in self.stopped else RunState.FINISHED if steps == 10 else RunState.RUNNING
        return Look(run, state, seen[-1][1], seen)

    def stop(self, run: str) -> None:
        self.stopped.add(run)

    def advice(self, run: str) -> Mapping[str, TuneConfig]:
        return self.advised

    def gain(self, before: str, after: str, on: str) -> dict[str, Any]:
        return {"difference": 0.6, "ci95": [0.5, 0.7], "sentence": f"{after} is better than {before} on {on}."}

    def interval(self, run: str) -> list[float] | None:
        return [0.8, 0.95]

    def test_figures(self, run: str) -> dict[str, Any] | None:
        if self.unreadable:
            raise RunProblem("The box is gone.", "Try again.")
        self.tested.append(run)
        return {"f1": 0.8}


def search(path: Path, *, trials: int = 10, rate: float = 5e-4, space: list[str] = SPACE, **more: int) -> SearchFolder:
    base = files.apply_sets(TuneConfig(), [f"train.learning_rate={rate}"])
    folder = SearchFolder(path / "rates")
    folder.path.mkdir(exist_ok=True)
    plan = {"name": "rates", "config": base.model_dump(mode="json"), "space": space, "trials": trials, **more}
    folder.plan.write_text(json.dumps(plan))
    return folder


def test_the_preset_is_tried_first_and_the_best_is_reported_with_what_it_gained(tmp_path: Path) -> None:
    trainings = Trainings()
    report = Driver(folder := search(tmp_path), trainings, seconds=0).run()
    assert trainings.begun[0] == report["preset"] == "rates preset"
    assert trainings.configs["rates preset"].train.learning_rate == 5e-4
    assert report["best"]["value"] == 0.9
    assert 5e-5 <= report["best"]["params"]["train.learning_rate"] <= 2e-4
    assert report["gain"]["sentence"] == f"{report['best']['run']} is better than rates preset on validation."
    assert report["test"]["f1"] == 0.8, "of the documents that chose nothing"
    assert report["test"]["gain"]["sentence"].endswith("than rates preset on test.")
    assert trainings.tested == [report["best"]["run"], "rates preset"], "once, at the end"
    assert (len(report["trials"]), report["ended"]) == (10, "trials")
    assert set(report["importance"]) == {"train.learning_rate", "train.weight_decay"}
    assert folder.read_result() == report


def test_a_search_ends_well_where_the_test_side_cannot_be_read_and_says_why(tmp_path: Path) -> None:
    report = Driver(search(tmp_path), Trainings(unreadable=True), seconds=0).run()
    assert report["test"] is None and report["gain"]["difference"] == 0.6
    assert "The test documents were not read: The box is gone. Try again." in report_lines(report)


def test_a_run_that_falls_behind_is_stopped_and_never_the_best(tmp_path: Path) -> None:
    trainings = Trainings()
    report = Driver(search(tmp_path, trials=25, rate=1e-4), trainings, seconds=0).run()
    pruned = [row for row in report["trials"] if row["state"] == "pruned"]
    assert pruned
    assert {row["run"] for row in pruned} == trainings.stopped
    assert all(not 5e-5 <= row["params"]["train.learning_rate"] <= 2e-4 for row in pruned)
    assert report["best"]["run"] not in trainings.stopped


@pytest.mark.parametrize("looks", [0, 1, 9, 10, 11, 25, 44])
def test_a_search_that_was_killed_goes_on_with_the_runs_there_are(tmp_path: Path, looks: int) -> None:
    trainings = Trainings(kill_at=looks)
    folder = search(tmp_path, trials=6)
    with pytest.raises(KILLED):
        Driver(folder, trainings, seconds=0).run()
    trainings.kill_at = None
    report = Driver(folder, trainings, seconds=0).run()
    assert len(report["trials"]) == len(trainings.configs) == 6
    assert all(row["state"] in ("complete", "pruned") for row in report["trials"])
    assert report["preset"] == "rates preset"
    assert report["gain"]["difference"] == (0.0 if report["best"]["run"] == "rates preset" else 0.6)


def test_a_preset_outside_of_the_space_is_run_beside_the_trials(tmp_path: Path) -> None:
    trainings = Trainings()
    space = ["train.learning_rate=5e-05..0.0002 log"]
    report = Driver(search(tmp_path, trials=3, rate=5e-4, space=space), trainings, seconds=0).run()
    assert report["preset"] == "rates preset"
    assert [row["run"] for row in report["trials"]] == ["rates preset", "rates 1", "rates 2", "rates 3"]
    assert report["trials"][0]["params"] == {}
    assert report["gain"]["difference"] == 0.6


def test_a_preset_outside_of_the_space_is_the_best_where_nothing_else_is_as_good(tmp_path: Path) -> None:
    space = ["train.learning_rate=0.001..0.005"]
    report = Driver(search(tmp_path, trials=3, rate=1e-4, space=space), Trainings(), seconds=0).run()
    assert report["best"] == {"run": "rates preset", "value": 0.9, "params": {}, "ci95": [0.8, 0.95]}
    assert report["gain"]["sentence"] == "Nothing was better than the preset."


def test_what_the_doctor_advises_is_tried_next(tmp_path: Path) -> None:
    lower = files.apply_sets(TuneConfig(), ["train.learning_rate=0.0001"])
    outside = files.apply_sets(TuneConfig(), ["train.learning_rate=0.05"])
    trainings = Trainings(advised={"Lower the learning rate": lower, "Raise it": outside})
    report = Driver(search(tmp_path, trials=3), trainings, seconds=0).run()
    assert report["trials"][1]["origin"] == "Lower the learning rate"
    assert report["trials"][1]["params"]["train.learning_rate"] == 0.0001
    assert report["trials"][2]["origin"] == ""


def test_a_better_setting_is_not_claimed_where_the_preset_is_best(tmp_path: Path) -> None:
    report = Driver(search(tmp_path, trials=1, rate=1e-4), Trainings(), seconds=0).run()
    assert report["gain"] == {"difference": 0.0, "ci95": None, "sentence": "Nothing was better than the preset."}


def test_a_search_whose_runs_fail_is_given_up_with_their_reason(tmp_path: Path) -> None:
    trainings = Trainings(fails=True)
    folder = search(tmp_path)
    with pytest.raises(ConfigProblem, match="out of memory"):
        Driver(folder, trainings, seconds=0).run()
    assert len(trainings.begun) == 3
    assert folder.read_result() is None


def test_a_search_that_is_stopped_reports_what_there_is(tmp_path: Path) -> None:
    folder = search(tmp_path)
    trainings = Trainings()
    look = trainings.look

    def stop_later(run: str) -> Look:
        if len(trainings.begun) == 4:
            folder.stop.touch()
        return look(run)

    trainings.look = stop_later  # type: ignore[method-assign]
    report = Driver(folder, trainings, seconds=0).run()
    assert report["ended"] == "stopped"
    assert len(trainings.begun) == 4


def test_more_trials_go_on_from_what_is_known(tmp_path: Path) -> None:
    trainings = Trainings()
    Driver(search(tmp_path, trials=3), trainings, seconds=0).run()
    report = Driver(search(tmp_path, trials=5), trainings, seconds=0).run()
    assert len(report["trials"]) == len(trainings.configs) == 5
    assert report["preset"] == "rates preset"
    assert report["gain"] is not None


@pytest.mark.parametrize("looks", [None, 5, 15, 45, 65])
def test_early_trials_see_a_share_of_the_documents_and_only_trials_of_all_can_be_the_best(
    tmp_path: Path, looks: int | None
) -> None:
    trainings = Trainings(kill_at=looks)
    folder = search(tmp_path, early_trials=4, early_documents=30, slots=2)
    if looks is not None:
        with pytest.raises(KILLED):
            Driver(folder, trainings, seconds=0).run()
        trainings.kill_at = None
    report = Driver(folder, trainings, seconds=0).run()
    early = [row for row in report["trials"] if row["documents"]]
    assert [row["run"] for row in early] == [f"rates early {number}" for number in range(1, 5)]
    assert {row["documents"] for row in early} == {30} and len(report["trials"]) == len(trainings.configs) == 10
    limits = {name: config.data.max_train_documents for name, config in trainings.configs.items()}
    assert limits == {row["run"]: row["documents"] for row in report["trials"]}
    assert trainings.begun[0] == report["preset"] == "rates preset"
    assert report["best"]["run"] not in {row["run"] for row in early}
    taken_on = [row for row in report["trials"] if row["origin"] == "best of 30 documents"]
    best = sorted((row for row in early if row["state"] == "complete"), key=lambda row: -row["value"])
    assert [row["params"] for row in taken_on] == [row["params"] for row in best[:3]]


def test_a_search_goes_on_after_its_journal_was_cut_in_a_line_and_its_lock_left(tmp_path: Path) -> None:
    trainings = Trainings(kill_at=25)
    folder = search(tmp_path, trials=5)
    with pytest.raises(KILLED):
        Driver(folder, trainings, seconds=0).run()
    with folder.journal.open("ab") as journal:
        journal.write(b'{"op_code":6,"worker_i')
    folder.journal.with_name("journal.log.lock").symlink_to("where the workspace was before")
    trainings.kill_at = None
    report = Driver(folder, trainings, seconds=0).run()
    assert len(report["trials"]) == len(trainings.configs) == 5
    assert Driver(folder, trainings, seconds=0).study().get_trials()


@pytest.mark.parametrize("line", [b"{}\n", b'{"op_code":99}\n', b"nonsense\n{}\n", b"[1]\n", b'\xff\xfe{"a"\n{}\n'])
def test_a_journal_of_something_else_is_named(tmp_path: Path, line: bytes) -> None:
    folder = search(tmp_path)
    folder.journal.write_bytes(line)
    with pytest.raises(RunProblem, match=r"journal\.log is damaged"):
        Driver(folder, Trainings(), seconds=0).run()


@pytest.mark.parametrize(
    "content", ["[1]", "1", "{}", '{"best": 1}', "[" * 3000, '{"best": {"run": 1, "value": "x", "params": {}}}']
)
def test_a_report_that_is_damaged_is_none(tmp_path: Path, content: str) -> None:
    folder = search(tmp_path)
    folder.result.write_text(content)
    assert folder.read_result() is None


@pytest.mark.parametrize(
    "change",
    [
        {"trials": 10**9},
        {"slots": 10**9},
        {"slots": 0},
        {"early_trials": 3, "early_documents": 0},
        {"hours": -1.0},
        {"name": "../x"},
        {"config": 1},
        {"space": [1]},
    ],
)
def test_a_plan_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    folder = search(tmp_path)
    folder.plan.write_text(json.dumps(json.loads(folder.plan.read_text()) | change))
    with pytest.raises(InputProblem):
        folder.read_plan()
    folder.plan.write_text('{"config":' + "[" * 5000)
    with pytest.raises(InputProblem):
        folder.read_plan()
