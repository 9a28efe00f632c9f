"""A pool in blocks: every document is scored once, in its order, whatever was begun twice."""

import json
import os
import shutil
import struct
from pathlib import Path

import pytest

from storage.events import EventWriter
from storage.exceptions import InputProblem, RunProblem
from tests.support import tiny_documents
from workbench.remote import ray_blocks
from workbench.runs import parquet
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run folder with 25 documents to read."""
    monkeypatch.setattr(ray_blocks, "LEAST", 4)
    folder = RunFolder(tmp_path / "run")
    rows = tiny_documents.documents(25, seed=3)
    for number, row in enumerate(rows):
        row.document = 100 - number  # not in the order of their numbers
    parquet.write(folder.dataset("pool"), rows)
    folder.request.write_text(Request(run="run", fields=[], task="predict", model="starter").text())
    return folder


def score(block: RunFolder) -> None:
    """What a worker leaves."""
    labels = ["O", "B-amount_total"]
    predictions = [
        parquet.Prediction(
            row.document, "pool", labels, struct.pack(f"<{2 * len(row.words)}e", *[0.5] * 2 * len(row.words)),
            [0.0], 1, [0] * len(row.words), False,
        )
        for row in parquet.read(block.dataset("pool"))
    ]  # fmt: skip
    parquet.write_predictions(block.predictions, predictions, ["amount_total"])
    block.report.write_text(json.dumps({"documents": {"pool": len(predictions)}}))


def test_blocks_have_every_document_once_and_their_results_come_in_the_pools_order(folder: RunFolder) -> None:
    blocks = ray_blocks.divided(folder, 1, folder.path / "blocks")
    assert [parquet.count(block.dataset("pool")) for block in blocks] == [7, 7, 7, 4]
    assert {Request.read(block.path).task for block in blocks} == {"score"}
    assert (ray_blocks.done(blocks), ray_blocks.total(blocks)) == (0, 25)
    for block in blocks:
        score(block)
    assert ray_blocks.done(blocks) == 25
    ray_blocks.join(folder, blocks)
    documents = [number for table in parquet.tables(folder.predictions, ["document"])
                 for number in table.column("document").to_pylist()]  # fmt: skip
    assert documents == list(range(100, 75, -1))
    assert parquet.once(folder.predictions) == {"amount_total"}


def test_a_block_that_no_worker_scored_is_named_by_its_workers_message(folder: RunFolder) -> None:
    blocks = ray_blocks.divided(folder, 1, folder.path / "blocks")
    for block in blocks[:-1]:
        score(block)
    with EventWriter(blocks[-1].events) as writer:
        writer.write("failed", title="t", message="The model is damaged.", remedy="Copy it again.")
    with pytest.raises(RunProblem, match=r"The model is damaged\."):
        ray_blocks.join(folder, blocks)
    assert not folder.predictions.exists()


def test_results_of_other_documents_are_not_taken(folder: RunFolder) -> None:
    blocks = ray_blocks.divided(folder, 1, folder.path / "blocks")
    for block in blocks:
        score(block)
    shutil.copy(blocks[0].predictions, blocks[1].predictions)
    with pytest.raises(InputProblem, match="not those of its documents"):
        ray_blocks.join(folder, blocks)
    assert not folder.predictions.exists()


def test_what_a_reading_that_was_killed_had_scored_is_not_scored_again(folder: RunFolder, tmp_path: Path) -> None:
    with ray_blocks.place(folder) as where:
        first = ray_blocks.divided(folder, 1, where)
        for block in first[:2]:
            score(block)
    again = RunFolder(tmp_path / "again")
    shutil.copytree(folder.path, again.path)
    with ray_blocks.place(again) as where:
        blocks = ray_blocks.divided(again, 1, where)
        assert [block.path for block in blocks] == [block.path for block in first]
        assert (ray_blocks.done(blocks), ray_blocks.total(blocks)) == (14, 25)
        with ray_blocks.place(folder) as beside:
            assert beside == folder.path / "blocks", "two readings at a time do not share their blocks"
    again.request.write_text(Request(run="run", fields=[], task="predict", model="another").text())
    with ray_blocks.place(again) as where:
        assert ray_blocks.done(ray_blocks.divided(again, 1, where)) == 0


def test_blocks_that_no_reading_came_back_for_are_deleted(folder: RunFolder) -> None:
    with ray_blocks.place(folder) as where:
        left, kept = ray_blocks.divided(folder, 1, where)[:2]
    os.utime(left.path, (0, 0))
    with ray_blocks.place(folder):
        assert not left.path.exists() and kept.path.exists()


def test_blocks_that_end_between_the_files_row_groups_have_whole_documents_and_their_pictures(
    folder: RunFolder,
) -> None:
    rows = tiny_documents.documents(700, seed=5)
    for row in rows:
        row.pictures = [f"dataset/pictures/{row.document}.png"]
    parquet.write(folder.dataset("pool"), rows)
    blocks = ray_blocks.divided(folder, 1, folder.path / "blocks")
    read = [row for block in blocks for row in parquet.read(block.dataset("pool"))]
    assert len(blocks) == 4 and parquet.ROW_GROUP % 175
    assert read == [row.anchor(folder.path) for row in rows]
    assert read[-1].pictures[0].startswith(str(folder.path))


def test_a_block_takes_the_pictures_along_that_its_model_looks_at(folder: RunFolder, tmp_path: Path) -> None:
    page = tmp_path / "page.png"
    page.write_bytes(b"picture")
    rows = tiny_documents.documents(4, seed=3)
    for row, names in zip(rows, ([page], [page, tmp_path / "gone.png"], [], []), strict=True):
        row.pictures = [str(name) for name in names]
    parquet.write(folder.dataset("pool"), rows)
    for family, sees in (("layoutlmv3", True), ("layoutlm", False)):
        model = tmp_path / family
        model.mkdir()
        (model / "config.json").write_text(json.dumps({"model_type": family}))
        folder.request.write_text(Request(run="run", fields=[], task="predict", model=str(model)).text())
        [block] = ray_blocks.divided(folder, 1, folder.path / "blocks")
        with ray_blocks.with_pictures(block) as files:
            if not sees:
                assert files == {}
                continue
            there = tmp_path / "there"
            for name, file in files.items():
                (there / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, there / name)
        sent = list(parquet.read(RunFolder(there).dataset("pool")))
        assert [row.words for row in sent] == [row.words for row in rows]
        taken = [row.anchor(there).pictures for row in sent]
        [only] = (there / "dataset" / "pictures").iterdir()
        assert taken == [[str(only)], [str(only), ""], [], []] and only.read_bytes() == b"picture"
        assert not list(block.path.glob(".pictures*"))
