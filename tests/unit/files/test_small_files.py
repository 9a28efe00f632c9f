"""Small files of a workspace that came from elsewhere, or were damaged, are refused with a message."""

import json
import os
from pathlib import Path

import pytest

from storage.events import EventWriter, last
from storage.exceptions import InputProblem
from workbench.active_learning import selection
from workbench.active_learning.selection_request import SelectionRequest
from workbench.active_learning.simulation import CELLS, SimulationPlan, cells
from workbench.files import small_files
from workbench.remote import courier
from workbench.runs.config.tune import TuneConfig
from workbench.runs.state import RunFolder

DAMAGED = (b"", b"{", b"[]", b"7", b'{"items": 3}', b"\xff\xfe", b"[" * 100_000)
CHOICE = {
    "run": "r", "strategy": "random", "seed": 1, "size": 1, "pool": 9, "figures": {}, "near_misses": [],
    "items": [{"document": 1, "score": 0.5, "rank": 1, "fields": {}, "reasons": ["drawn at random"]}],
}  # fmt: skip
PLAN = {
    "strategies": ["random"], "rounds": 1, "batch": 1, "seeds": 1, "start": 1,
    "config": TuneConfig().model_dump(mode="json"), "fields": [{"id": "iban", "type": "id", "name": "iban"}],
}  # fmt: skip


def put(path: Path, content: object) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_refused_by_every_reader(tmp_path: Path, content: bytes) -> None:
    run = RunFolder(tmp_path)
    for name in ("request.json", "choice.json", "plan.json", run.target.name):
        put(tmp_path / name, content)
    readers = [
        lambda: SelectionRequest.read(tmp_path) if content != b'{"items": 3}' else small_files.read(
            tmp_path / "request.json", list[int], ""
        ),
        selection.RunningSelection(tmp_path, None).choice,
        lambda: SimulationPlan.read(tmp_path),
        lambda: courier.Courier(tmp_path, 1),
    ]  # fmt: skip
    for read in readers:
        with pytest.raises(InputProblem, match=r"(is damaged|cannot be read)") as problem:
            read()
        assert problem.value.remedy or content == b'{"items": 3}'


@pytest.mark.parametrize("kind", ["pipe", "gigabytes", "folder"])
def test_what_never_ends_is_not_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "plan.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.touch()
        os.truncate(path, 10**12)
    with pytest.raises(InputProblem, match="cannot be read"):
        SimulationPlan.read(tmp_path)


def test_what_is_whole_is_read(tmp_path: Path) -> None:
    put(tmp_path / "choice.json", CHOICE)
    assert selection.RunningSelection(tmp_path, None).choice() == CHOICE
    put(tmp_path / "plan.json", PLAN)
    assert (SimulationPlan.read(tmp_path).task, SimulationPlan.read(tmp_path).cells) == ("tokens", 3)


@pytest.mark.parametrize(
    "change",
    [
        {"rounds": 0}, {"seeds": 10**12}, {"strategies": ["none such"]}, {"fields": []}, {"fields": [{}]},
        {"config": {}},
        {"config": {"model": {"task": "dreams"}}}, {"batch": "4"},
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    put(tmp_path / "plan.json", PLAN | change)
    with pytest.raises(InputProblem, match="is damaged"):
        SimulationPlan.read(tmp_path)


def test_damaged_lines_among_what_a_simulation_measured_are_left_out(tmp_path: Path) -> None:
    with EventWriter(tmp_path / CELLS) as writer:
        writer.write("cell", strategy="random", seed=0, round=0, labels=3, f1=0.5)
        writer.write("cell", strategy="random", seed=[], round=0, labels=3, f1=0.5)
        writer.write("cell", seed=0)
    assert [cell["f1"] for cell in cells(tmp_path)] == [0.5]


@pytest.mark.parametrize("record", [b"{", {"address": "ssh:a", "folder": "../../x"}, {"address": 3, "folder": "x"}])
def test_a_courier_whose_target_is_damaged_fails_its_run_with_a_message(tmp_path: Path, record: object) -> None:
    run = RunFolder(tmp_path)
    put(run.target, record)
    assert courier.main([str(tmp_path), "1"]) == 4
    failed = last(run.events, frozenset({"failed"}))
    assert failed is not None
    assert "target.json" in failed["message"]
