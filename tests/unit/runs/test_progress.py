import json
import os
from pathlib import Path

import pytest

from storage.events import EventWriter
from storage.exceptions import InputProblem
from workbench.runs import progress
from workbench.runs.cost import cost
from workbench.runs.state import RunFolder


def test_a_snapshot_holds_what_the_events_said(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "events.jsonl")
    writer.write("started", device="cpu", seed=1, resumed_from=None)
    writer.write("step", step=10, total_steps=40, epoch=0.5, loss=2.0, seconds_left=30.0)
    writer.write("evaluated", step=10, epoch=0.5, train={"f1": 0.4}, validation={"f1": 0.3, "fields": {}}, best=True)
    state = progress.of(tmp_path)
    assert (state.step, state.total_steps, state.share) == (10, 40, 0.25)
    assert state.best is not None and state.best.validation["f1"] == 0.3
    assert not state.finished


def test_the_last_step_counts_though_it_was_not_logged(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "events.jsonl")
    writer.write("step", step=30, total_steps=32, epoch=1.9, loss=2.0)
    writer.write("evaluated", step=32, epoch=2.0, validation={"f1": 0.3}, best=True)
    assert progress.of(tmp_path).step == 32


def test_a_resumed_run_draws_no_curve_twice(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "events.jsonl")
    writer.write("started", resumed_from=None)
    for step in (10, 20, 30):
        writer.write("step", step=step, total_steps=40, epoch=1.0, loss=1.0)
    writer.write("started", resumed_from=20)
    writer.write("step", step=30, total_steps=40, epoch=1.5, loss=0.9)
    state = progress.of(tmp_path)
    assert [point.step for point in state.steps] == [10, 20, 30]
    assert state.steps[-1].loss == 0.9


def test_following_takes_only_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    follower = progress.Follower(tmp_path)
    assert not follower.poll()
    path.write_text('{"type": "note", "time": 1, "message": "one"}\n{"type": "note", "ti')
    assert follower.poll()
    assert follower.progress.notes == ("one",)
    with path.open("a") as file:
        file.write('me": 2, "message": "two"}\nnot json\n{"type": "finished", "time": 3, "state": "finished"}\n')
    assert follower.poll()
    assert follower.progress.notes == ("one", "two")
    assert follower.progress.share == 1.0
    assert follower.progress.seconds == 2


def test_a_run_costs_what_it_kept_of_a_machine_while_at_work(tmp_path: Path) -> None:
    events = [
        {"type": "queued", "time": 0}, {"type": "started", "time": 50, "device": "cpu", "threads": 4},
        {"type": "step", "time": 60}, {"type": "paused", "time": 70}, {"type": "resumed", "time": 500},
        {"type": "step", "time": 510}, {"type": "queued", "time": 900},
        {"type": "started", "time": 910, "device": "cuda:0", "threads": 4, "processes": 2},
        {"type": "finished", "time": 930, "state": "finished"},
    ]  # fmt: skip
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    state = progress.of(tmp_path)
    assert (state.seconds, state.core_seconds, state.gpu_seconds) == (50, 120, 40)
    assert cost(state) == "0.01 GPU-h + 0.03 core-h"
    assert cost(progress.Progress()) == ""


def test_a_loss_that_is_no_number_is_kept_as_unknown(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "events.jsonl")
    writer.write("step", step=1, total_steps=2, epoch=0.1, loss=float("nan"))
    assert progress.of(tmp_path).steps[0].loss is None


def test_a_run_that_is_started_again_has_not_ended(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "events.jsonl")
    writer.write("finished", state="stopped")
    writer.write("queued")
    assert progress.of(tmp_path).finished is None


def test_a_line_that_was_cut_off_takes_no_other_event_with_it(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"type": "failed", "time": 1}\n{"type": "evalu')
    EventWriter(tmp_path / "events.jsonl").write("queued")
    assert progress.of(tmp_path).failed is None


def test_time_is_counted_at_work_whatever_the_clock_does(tmp_path: Path) -> None:
    moments = [
        ("queued", 100), ("started", 150), ("step", 160), ("step", 40),  # set back by two minutes
        ("step", 50), ("queued", 5000), ("started", 5010), ("finished", 5030),  # crashed, resumed the next day
    ]  # fmt: skip
    lines = [f'{{"type": "{kind}", "time": {moment}, "step": 1, "epoch": 1.0}}\n' for kind, moment in moments]
    (tmp_path / "events.jsonl").write_text("".join(lines))
    assert progress.of(tmp_path).seconds == 10 + 10 + 20


def test_the_same_figure_comes_first_and_every_f1_is_named_by_its_side():
    evaluation = {"split": "test", "documents": 30, "documents_right": 0.7, "micro": {"f1": 0.8125}}
    line = "21 of 30 test documents need no correction · F1 0.812 on test, 0.790 on validation"
    assert progress.figures_line({"evaluation": evaluation}, 0.79) == line
    assert progress.headline(evaluation) == "21 of 30 test documents need no correction"
    assert progress.headline({**evaluation, "documents": 1, "documents_right": 1.0}) == (
        "1 of 1 test document needs no correction"
    )
    assert progress.figures_line(None, 0.79) == "F1 0.790 on validation" and progress.figures_line({}, None) == ""


def test_an_event_with_something_else_in_place_of_a_figure_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(
        '{"type": "step", "step": 1, "loss": [1]}\n'
        '{"type": "evaluated", "step": 2, "validation": {"f1": [0.5]}}\n'
        '{"type": "evaluated", "step": 2, "validation": {"f1": 0.5, "fields": [1]}}\n'
        '{"type": "evaluated", "validation": {"f1": 0.5}}\n'
        '{"type": "evaluated", "step": 3, "validation": {"f1": 0.5, "fields": {"total": {"f1": 0.5}}}}\n'
    )
    snapshot = progress.of(tmp_path)
    assert not snapshot.steps and [evaluation.step for evaluation in snapshot.evaluations] == [3]


@pytest.mark.parametrize("value", ["null", "1e400", "-1e400", '"x"', "[]", "{}", "true", "NaN", "0.5"])
@pytest.mark.parametrize(
    "name", ["step", "total_steps", "epoch", "loss", "done", "total", "threads", "documents", "time"]
)
def test_whatever_stands_in_place_of_a_figure_a_run_can_be_read(tmp_path: Path, name: str, value: str) -> None:
    kinds = ("queued", "started", "prepared", "step", "evaluated", "predicting", "finished")
    lines = [f'{{"type": "{kind}", "time": 1700000001.0, "step": 1, "{name}": {value}}}\n' for kind in kinds]
    (tmp_path / "events.jsonl").write_text("".join(lines) + '{"type": "finished", "time": 1700000003.0, "f1": 0.5}\n')
    assert progress.of(tmp_path).finished
    progress.trained_on(tmp_path)


def test_pipes_in_a_run_folder_are_not_waited_for(tmp_path: Path) -> None:
    for name in ("events.jsonl", "stderr.log", "report.json"):
        os.mkfifo(tmp_path / name)
    folder = RunFolder(tmp_path)
    assert not progress.of(tmp_path).started
    assert folder.log_tail() == ""
    with pytest.raises(InputProblem, match="no regular file"):
        folder.read_report()


RIVAL = {"model": "/w/runs/r1/model", "documents": 12, "certain": True, "difference": 0.05, "ci95": (0.01, 0.09)}


@pytest.mark.parametrize(
    ("rival", "verdict"),
    [
        (RIVAL, "Better than run r1 on 12 validation documents (F1 +0.050, 95 %: +0.010 to +0.090)"),
        (RIVAL | {"model": "starter", "certain": False}, "Not surely better than the starter on 12"),
        (RIVAL | {"difference": -0.05, "ci95": (-0.09, -0.01)}, "Not surely better than run r1"),
        (RIVAL | {"ci95": None, "certain": False}, "Not surely better than run r1"),
        ({"model": "starter", "documents": 0, "certain": False}, "No validation document can tell"),
    ],
)
def test_a_run_that_began_by_itself_says_how_it_stands(rival: dict[str, object], verdict: str) -> None:
    assert progress.verdict({"rival": rival}).startswith(verdict)
    assert progress.verdict({}) == progress.verdict(None) == ""
