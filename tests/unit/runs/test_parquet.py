"""A run folder's Parquet files: streamed, grouped by split, and honest about damage."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.exceptions import InputProblem
from tests.support.predicted_pool import LABELS, prediction, probabilities, row
from workbench.runs import parquet
from workbench.runs.state import RunFolder


def test_documents_come_back_as_they_were_one_after_the_other(tmp_path):
    path = RunFolder(tmp_path).dataset("pool")
    parquet.write(path, (row(number, number % 2 == 0) for number in range(600)))
    assert parquet.count(path) == 600
    assert next(parquet.stream(path)) == row(0, True)
    assert [document.document for document in parquet.stream(path)] == list(range(600))
    assert parquet.read(path)[599] == row(599, False)


def test_a_row_group_holds_one_split_so_that_one_split_can_be_read_alone(tmp_path):
    path = tmp_path / "predictions.parquet"
    splits = ["validation"] * 3 + ["pool"] * 300 + ["train"] * 2
    parquet.write_predictions(
        path, (prediction(n, split, probabilities(0.5), np.array([0.0, 1.0])) for n, split in enumerate(splits))
    )
    groups = [pq.ParquetFile(path).read_row_group(i, ["split"]) for i in range(pq.ParquetFile(path).num_row_groups)]
    assert [len(set(group.column("split").to_pylist())) for group in groups] == [1] * len(groups)
    assert sum(map(len, groups)) == len(splits) and len(groups) == 4
    rows = parquet.rows(path, ["split", "labels", "embedding"])
    assert [row["split"] for row in rows] == splits
    assert rows[7]["labels"] == LABELS and rows[7]["embedding"] == [0.0, 1.0]


def test_a_file_that_is_missing_has_no_documents_and_a_damaged_one_says_so(tmp_path):
    path = RunFolder(tmp_path).dataset("test")
    assert (parquet.count(path), list(parquet.stream(path))) == (0, [])
    path.parent.mkdir()
    path.write_bytes(b"PAR1 and nothing else")
    for look in (parquet.count, parquet.read):
        with pytest.raises(InputProblem, match="cannot be read"):
            look(path)
    path.unlink()
    os.mkfifo(path)  # which would be waited for
    for look in (parquet.count, parquet.read):
        with pytest.raises(InputProblem, match="no regular file"):
            look(path)


def test_word_lists_of_different_lengths_are_refused(tmp_path):
    torn = row(1, True)
    torn.boxes = torn.boxes[:-1]
    parquet.write(tmp_path / "x.parquet", [torn])
    with pytest.raises(InputProblem, match="differ in length"):
        parquet.read(tmp_path / "x.parquet")


def test_what_was_being_written_leaves_the_old_file_as_it_was(tmp_path):
    path = tmp_path / "x.parquet"
    parquet.write(path, [row(1, True)])

    def broken():
        yield row(2, True)
        raise InputProblem("the model diverged", "")

    with pytest.raises(InputProblem, match="diverged"):
        parquet.write(path, broken())
    assert [document.document for document in parquet.read(path)] == [1]


def test_a_file_of_an_older_version_is_read_without_known_values(tmp_path):
    path = tmp_path / "x.parquet"
    parquet.write(path, [row(1, True)])
    pq.write_table(pq.read_table(path).drop_columns(["references"]), path)
    assert parquet.read(path) == [row(1, True)]


def test_a_file_without_a_column_that_is_needed_is_refused(tmp_path):
    path = tmp_path / "x.parquet"
    parquet.write(path, [row(1, True)])
    pq.write_table(pq.read_table(path).drop_columns(["words"]), path)
    with pytest.raises(InputProblem, match="has no words"):
        parquet.read(path)


def test_words_and_tags_that_another_program_wrote_as_bytes_are_text(tmp_path):
    path = RunFolder(tmp_path).dataset("test")
    parquet.write(path, [row(1, True)])
    table = pq.read_table(path)
    at = table.schema.get_field_index("tags")
    bytewise = table.set_column(at, "tags", table.column("tags").cast(pa.list_(pa.binary())))
    pq.write_table(bytewise, path)
    assert parquet.read(path) == [row(1, True)]
    pq.write_table(table.set_column(at, "tags", pa.array([7])), path)
    with pytest.raises(InputProblem, match="cannot be read"):
        parquet.read(path)
