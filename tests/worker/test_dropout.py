"""BALD with a real (tiny) model: read several times under dropout, kept, and used for choosing."""

import pytest

from storage.exceptions import RunProblem
from tests.support.predicted_pool import LABELS, run_folder
from tests.support.tiny_model import base
from workbench.active_learning import selection_worker
from workbench.active_learning.selection_request import SelectionRequest
from workbench.training import mc_dropout


@pytest.fixture
def folder(tmp_path):
    run = tmp_path / "r"
    run_folder(run, list(range(1, 9)), list(range(101, 105)))
    base(tmp_path, "layoutlm", labels=LABELS).rename(run / "model")
    return run


def test_bald_reads_the_model_and_chooses(folder):
    choice = selection_worker.choose(folder, SelectionRequest("bald", 3))
    assert len(choice["items"]) == 3
    kept = mc_dropout.read(folder)
    assert set(kept) == set(range(1, 9))
    assert all(of_mean >= of_each >= 0 for of_mean, of_each in kept.values())
    assert any(of_mean > of_each for of_mean, of_each in kept.values()), "dropout was at work"


def test_what_was_read_is_not_read_again(folder):
    selection_worker.choose(folder, SelectionRequest("bald", 3))
    first = (folder / "dropout.parquet").read_bytes()
    (folder / "model").rename(folder / "gone")
    selection_worker.choose(folder, SelectionRequest("bald", 2))
    assert (folder / "dropout.parquet").read_bytes() == first


def test_a_run_without_its_model_says_so(folder):
    (folder / "model").rename(folder / "gone")
    with pytest.raises(RunProblem, match="no model"):
        selection_worker.choose(folder, SelectionRequest("bald", 3))
