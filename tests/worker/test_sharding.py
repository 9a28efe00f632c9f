"""A model divided among two processes without a GPU (PyTorch's FSDP over gloo): trained as by one process."""

from pathlib import Path

import pytest

from tests.support import divided_runs

DIVIDED = {"processes": 2, "fsdp": "full_shard auto_wrap"}


@pytest.mark.parametrize("family", ["layoutlm", "starter"])
def test_a_divided_model_learns_as_a_whole_one_and_can_be_opened(tmp_path: Path, family: str) -> None:
    divided_runs.learns_as_a_whole_one(tmp_path, family, DIVIDED, "divided among 2 processes")


@pytest.mark.parametrize("family", ["text", "layoutlm"])  # the latter has weights that no loss reaches
def test_a_divided_run_that_is_killed_goes_on_from_its_checkpoint(tmp_path: Path, family: str) -> None:
    divided_runs.goes_on_after_a_kill(tmp_path, family, DIVIDED)
