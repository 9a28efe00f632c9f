"""An optimizer divided among two processes without a GPU (DeepSpeed's ZeRO over gloo): trained as by one process."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import divided_runs

pytest.importorskip("deepspeed", reason="DeepSpeed is not installed: pip install 'invoice-workbench[deepspeed]'")


def settings(folder: Path, stage: int) -> dict[str, Any]:
    """Of two processes that divide the optimizer's state (1), and the gradients, too (2)."""
    file = folder / f"zero{stage}.json"
    auto = ("train_micro_batch_size_per_gpu", "gradient_accumulation_steps", "gradient_clipping")
    file.write_text(json.dumps({"zero_optimization": {"stage": stage}} | dict.fromkeys(auto, "auto")))
    return {"processes": 2, "deepspeed": str(file)}


@pytest.mark.parametrize("stage", [1, 2])
def test_a_divided_optimizer_teaches_as_a_whole_one_and_its_model_can_be_opened(tmp_path: Path, stage: int) -> None:
    note = f"Divided among 2 processes (DeepSpeed, ZeRO stage {stage})"
    divided_runs.learns_as_a_whole_one(tmp_path, "layoutlm", settings(tmp_path, stage), note)


@pytest.mark.parametrize("stage", [1, 2])
def test_a_run_with_a_divided_optimizer_that_is_killed_goes_on_from_its_checkpoint(tmp_path: Path, stage: int) -> None:
    divided_runs.goes_on_after_a_kill(tmp_path, "text", settings(tmp_path, stage))
