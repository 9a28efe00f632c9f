"""The measurement behind an estimate, made by a worker."""

from pathlib import Path

import pytest

from tests.support import workspaces
from workbench.runs import estimate
from workbench.training import speed_probe


def test_a_measurement_times_real_training_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "PATIENCE_SECONDS", 600.0)  # at the lowest priority, beside other tests
    workspace = workspaces.workspace(tmp_path / "ws")
    shape = {
        "family": "layoutlm", "hidden": 32, "layers": 2, "heads": 2, "vocabulary": 100, "labels": 5, "length": 64,
        "batch": 2, "dropout": 0.0, "bf16": False, "gradient_checkpointing": False, "device": "cpu", "threads": 1,
    }  # fmt: skip
    measurement = estimate.measured(workspace, shape)
    workspace.close()
    assert measurement["tokens_per_second"] > 0 and measurement["steady_mb"] > 50 and measurement["device"] == "cpu"


@pytest.mark.parametrize("family", ["layoutlm", "lilt", "layoutlmv3", "text"])
def test_a_run_with_checkpointed_activations_is_measured(family: str) -> None:
    shape = {
        "family": family, "hidden": 48, "layers": 2, "heads": 2, "vocabulary": 100, "labels": 5, "length": 64,
        "batch": 2, "dropout": 0.0, "bf16": False, "gradient_checkpointing": True, "device": "cpu", "threads": 1,
    }  # fmt: skip
    assert speed_probe.measure(shape)["tokens_per_second"] > 100
