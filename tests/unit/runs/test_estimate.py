"""What a run will take is estimated from a measurement, corrected by runs that ended."""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from screens.tune.check_panel import check_text
from storage import runs
from storage.exceptions import RunProblem
from storage.records import Run, RunState, Split
from tests.support import workspaces
from workbench.runs import estimate, launcher
from workbench.runs.config import files as config_files
from workbench.runs.data_check import DataCheck, SideFacts
from workbench.runs.state import RunFolder
from workbench.settings import Target
from workbench.workspace import Workspace

CHECK = DataCheck(
    {Split.TRAIN: SideFacts(100, 100, 10, 20_000, 100), Split.VALIDATION: SideFacts(20, 20, 3, 4_000, 20)},
    (200, 250, 280, 300), 0.0, 302, {}, (),
)  # fmt: skip
MEASURED = {"device": "cpu", "precision": "fp32", "tokens_per_second": 1000.0, "steady_mb": 600.0, "step_mb": 400.0}
CONFIG = config_files.from_dict(
    {"model": {"family": "starter"}, "train": {"num_train_epochs": 10, "per_device_train_batch_size": 8}}
)


def judged(config: Any = CONFIG, larger: float = 1.0, finished: Any = (), free: float = 8000.0) -> estimate.Estimate:
    return estimate.judge(config, CHECK, MEASURED, larger, finished, free)


def finished(speed: float, **changes: Any) -> Run:
    run = Run(
        "r", "r", RunState.FINISHED, "starter", "", CONFIG.model_dump(mode="json"), datetime.now(UTC),
        report={"tokens_per_second": speed, "device": "cpu"},
    )  # fmt: skip
    return replace(run, **changes)


def test_time_follows_from_tokens_epochs_and_speed() -> None:
    expected = judged()
    assert expected.steps == 10 * 13
    assert 20 <= expected.seconds_per_epoch <= 25  # 20,000 tokens, and the evaluation
    assert 200 < expected.seconds < 300
    assert expected.fits and not expected.smaller


def test_finished_runs_correct_the_measurement() -> None:
    slow = judged(finished=[finished(100.0), finished(120.0), finished(110.0)])
    assert (slow.tokens_per_second, slow.checked_against) == (110.0, 3)
    others = [finished(1.0, family="layoutlm"), finished(2.0, report={"tokens_per_second": 2.0, "device": "cuda"})]
    assert judged(finished=others).checked_against == 0


def test_runs_of_another_machine_count_for_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "_measure", lambda shape, cancelled: dict(MEASURED))
    monkeypatch.setattr(estimate, "free_memory_mb", lambda device: 8000.0)
    workspace = workspaces.workspace(tmp_path / "ws")
    box, other = Target("ssh:me@box", name="box"), Target("ssh:me@attic", name="attic")
    with workspace.db.write() as connection:
        for number, (on, device, speed) in enumerate([(None, "cpu", 90.0), (box, "cuda:0", 9000.0), (box, "cpu", 5.0)]):
            report = {"tokens_per_second": speed, "device": device, "precision": "bf16"}
            created = datetime(2026, 11, 22, 12, 59 - number, tzinfo=UTC)
            runs.add(connection, finished(speed, id=str(number), name=str(number), created=created, report=report))
            folder = RunFolder(workspace.files.run(str(number)))
            folder.path.mkdir(parents=True)
            if on is not None:
                launcher.send_to(folder, on)

    def for_run(on: Target | None) -> estimate.Estimate:
        return estimate.estimate(workspace, CONFIG, CHECK, on=on)

    here = for_run(None)
    assert (here.tokens_per_second, here.checked_against, here.target) == (90.0, 1, "")
    there = for_run(box)
    assert (there.tokens_per_second, there.checked_against, there.target) == (9000.0, 1, "box")
    assert (there.device, there.precision) == ("cuda", "bf16")
    text = check_text(CHECK, there, 60, "box").plain
    assert "of box:" in text and "as 1 finished run went there" in text and "GiB" not in text
    assert for_run(other) == here
    assert "of this machine, not of attic" in check_text(CHECK, for_run(other), 60, "attic").plain


def test_too_little_memory_offers_the_same_batch_in_pieces() -> None:
    expected = judged(larger=8.0, free=3000.0)
    assert not expected.fits
    assert expected.smaller == ("train.per_device_train_batch_size=4", "train.gradient_accumulation_steps=2")
    smaller = config_files.apply_sets(CONFIG, expected.smaller)
    assert judged(smaller, larger=4.0, free=3000.0).fits
    desperate = judged(larger=8.0, free=500.0)
    assert not desperate.fits and desperate.why


def test_a_run_of_days_offers_fewer_documents() -> None:
    expected = judged(finished=[finished(2.0)])
    assert expected.seconds > estimate.LONG_SECONDS
    assert expected.smaller[0].startswith("data.max_train_documents=")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspaces.workspace(tmp_path / "ws")


def test_a_measurement_is_made_once_for_a_shape(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []
    monkeypatch.setattr(estimate, "_measure", lambda shape, cancelled: shapes.append(shape) or dict(MEASURED))
    for length in (64, 64, 128):
        assert estimate.measured(workspace, {"threads": 1, "length": length})["tokens_per_second"] == 1000.0
    assert [shape["length"] for shape in shapes] == [64, 128]


def test_a_measurement_that_fails_says_so(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RunProblem, match="measurement"):
        estimate.measured(workspace, {"threads": 1})
    assert not (workspace.files.speeds).exists()


def test_a_cancelled_measurement_leaves_no_process(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    before = psutil.Process().children()
    with pytest.raises(RunProblem, match="given up"):
        estimate.measured(workspace, {"threads": 1, "length": 512}, lambda: asked.append(True) or True)  # type: ignore
    assert asked == [True]
    assert set(psutil.Process().children()) <= set(before)


def test_a_damaged_file_of_measurements_is_made_anew(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace.files.speeds).write_text("{half")
    monkeypatch.setattr(estimate, "_measure", lambda shape, cancelled: dict(MEASURED))
    assert estimate.measured(workspace, {"threads": 1})["steady_mb"] == 600.0
    assert json.loads((workspace.files.speeds).read_text())
