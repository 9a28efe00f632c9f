"""The test side of a search's run, read later: what a run of others may have copied."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from storage.exceptions import InputProblem
from tests.support.tiny_documents import documents
from workbench.runs import parquet
from workbench.runs.state import RunFolder
from workbench.search import late_reading


def test_only_pictures_inside_of_the_run_are_laid_out_for_its_model(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"of somewhere else")
    run, reader = RunFolder(tmp_path / "runs" / "run"), RunFolder(tmp_path / "runs" / "reader")
    for folder in (run, reader):
        folder.path.mkdir(parents=True)
    run.pictures.mkdir(parents=True)
    (run.pictures / "own.png").write_bytes(b"its own")
    (run.pictures / "linked.png").symlink_to(tmp_path / "secret.png")
    own = "dataset/pictures/own.png"
    named = (own, "dataset/pictures/linked.png", "../../secret.png", f"../run/{own}", "dataset/pictures/none.png")
    rows = [replace(row, pictures=[name]) for row, name in zip(documents(len(named)), named, strict=True)]
    parquet.write(run.dataset("test"), rows)
    late_reading._lay_out(run, reader)
    copied = [path for path in reader.path.rglob("*") if path.is_file() and path != reader.dataset("pool")]
    assert copied == [reader.path / own]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "secret.png"]


@pytest.mark.parametrize("put", [lambda path: None, Path.mkdir, os.mkfifo])
def test_a_test_side_that_is_no_file_is_named(tmp_path: Path, put: Callable[[Path], None]) -> None:
    run, reader = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "reader")
    run.datasets.mkdir(parents=True)
    reader.path.mkdir()
    put(run.dataset("test"))
    with pytest.raises(InputProblem, match=r"test\.parquet cannot be read"):
        late_reading._lay_out(run, reader)
