"""Probabilities become tags and chunks; a run folder becomes cases; damage is named."""

import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.exceptions import InputProblem
from tests.support.one_document import LABELS, packed, write_run
from workbench.fields import chunks_of
from workbench.predictions import cases, run_reader
from workbench.predictions.cases import Chunk, Stored


@given(st.lists(st.lists(st.integers(1, 100), min_size=5, max_size=5), max_size=8))
def test_decoding_is_the_plain_argmax(weights):
    rows = [[w / sum(row) for w in row] for row in weights]
    kept = [struct.unpack("<5e", struct.pack("<5e", *row)) for row in rows]
    (decoded,) = cases.decode([Stored(packed(rows), ["B-y"] * len(rows))], LABELS)
    assert list(decoded.tags) == [LABELS[row.index(max(row))] for row in kept]
    for row, tag, sure, agree in zip(kept, decoded.tags, decoded.certainty, decoded.agreement, strict=True):
        both = {"O": row[0], "x": row[1] + row[2], "y": row[3] + row[4]}
        assert sure == pytest.approx(min(1, both[tag[2:] or "O"]))
        assert agree == pytest.approx(min(1, both["y"]))


def test_a_field_unknown_to_the_model_has_no_probability():
    (decoded,) = cases.decode([Stored(packed([[0.2, 0.8, 0, 0, 0]]), ["B-new"])], LABELS)
    assert decoded.agreement == (0.0,)


@pytest.mark.parametrize(
    "data, labels",
    [
        (b"\0" * 8, LABELS),
        (packed([[float("nan")] * 5]), LABELS),
        (packed([[0.1, 0, 0, 2.0, 0]]), LABELS),
        (packed([[-0.5, 0.5, 0.5, 0.5, 0]]), LABELS),
        (packed([[0.2] * 5]), LABELS[1:]),
    ],
)
def test_what_is_not_a_probability_is_refused(data, labels):
    with pytest.raises(InputProblem):
        list(cases.decode([Stored(data, ["O"])], labels))


def test_strict_and_repaired_chunks_differ_in_orphans():
    tags = ["I-x", "I-x", "O", "B-x", "I-y", "I-y", "B-y"]
    assert chunks_of(tags, strict=True) == [("x", 3, 4), ("y", 6, 7)]
    assert chunks_of(tags) == [("x", 0, 2), ("x", 3, 4), ("y", 4, 6), ("y", 6, 7)]


@given(st.lists(st.sampled_from(LABELS), max_size=15))
def test_repaired_chunks_become_tags_and_chunks_again(tags):
    chunks = chunks_of(tags)
    again = cases.tags_of_chunks([Chunk(*chunk) for chunk in chunks], len(tags))
    assert chunks_of(again, strict=True) == chunks


def test_a_run_folder_is_read(tmp_path):
    write_run(tmp_path)
    (case,) = run_reader.read_cases(tmp_path, "test")
    assert (case.document, case.group, case.language) == (7, "acme", "")
    assert case.gold == (Chunk("x", 0, 2),)
    assert case.predicted == (Chunk("x", 0, 2),)
    assert case.predicted[0].confidence == pytest.approx((0.9 + 0.75) / 2, abs=1e-3)
    assert case.text(case.gold[0]) == "INV 9"
    assert case.agreement[2] == pytest.approx(0.6, abs=1e-3)
    assert run_reader.read_cases(tmp_path, "validation") == []
    (unpredicted,) = run_reader.read_dataset(tmp_path, "test")
    assert unpredicted.gold == case.gold and unpredicted.predicted == ()


def test_predictions_of_a_field_that_nobody_labelled_are_put_aside(tmp_path):
    write_run(tmp_path, third=[0.1, 0.0, 0.0, 0.8, 0.1])
    (case,) = run_reader.read_labelled(tmp_path, "test")
    assert (case.predicted, case.unjudged) == ((Chunk("x", 0, 2),), (Chunk("y", 2, 3),))
    assert case.tags == ("B-x", "I-x", "O")
    (case,) = run_reader.read_labelled(tmp_path, "test", {"y"})
    assert (case.predicted, case.unjudged) == ((Chunk("x", 0, 2), Chunk("y", 2, 3)), ())


def test_a_tag_of_a_field_that_nobody_labelled_counts_for_nothing(tmp_path):
    write_run(tmp_path, third=[0.1, 0.0, 0.0, 0.02, 0.88])  # it continues what never began: no value
    (case,) = run_reader.read_labelled(tmp_path, "test")
    assert (case.tags, case.unjudged) == (("B-x", "I-x", "O"), ())


def test_a_run_without_predictions_says_so(tmp_path):
    with pytest.raises(InputProblem, match="no stored predictions"):
        run_reader.read_cases(tmp_path, "test")


def test_a_damaged_file_is_named(tmp_path):
    write_run(tmp_path)
    (tmp_path / "predictions.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputProblem, match=r"predictions\.parquet"):
        run_reader.read_cases(tmp_path, "test")


def test_a_large_split_is_read_document_by_document(tmp_path):
    write_run(tmp_path)
    assert list(run_reader.stream_cases(tmp_path, "test")) == run_reader.read_cases(tmp_path, "test")
    assert list(run_reader.stream_cases(tmp_path, "validation")) == []
    other = pq.read_table(tmp_path / "predictions.parquet").to_pylist()[0] | {"document": 8}
    pq.write_table(pa.Table.from_pylist([other]), tmp_path / "predictions.parquet")
    with pytest.raises(InputProblem, match="does not belong"):
        list(run_reader.stream_cases(tmp_path, "test"))


def test_a_field_that_she_labels_once_is_read_once(tmp_path):
    assert cases.labelled_once([["B-x", "O", "B-y"], None, ["B-x", "I-x"], ["B-y", "O", "B-y"]]) == {"x"}
    write_run(tmp_path, third=[0.1, 0.89, 0.0, 0.01, 0.0])
    (twice,) = run_reader.read_cases(tmp_path, "test")
    assert twice.predicted == (Chunk("x", 0, 2), Chunk("x", 2, 3))
    table = pq.read_table(tmp_path / "predictions.parquet")
    pq.write_table(table.replace_schema_metadata({"once": '["x"]'}), tmp_path / "predictions.parquet")
    (once,) = run_reader.read_cases(tmp_path, "test")
    assert once.predicted == (Chunk("x", 0, 2),)


def test_a_field_that_is_seldom_labelled_twice_is_still_read_once():
    once, twice = ["B-x", "O", "O"], ["B-x", "O", "B-x"]
    assert cases.labelled_once([once] * 29 + [twice]) == {"x"}
    assert cases.labelled_once([once] * 28 + [twice]) == frozenset()


def test_a_group_of_its_own_tells_nothing_of_a_documents_vendor():
    def case(name, group, words=("Acme", "Ltd"), gold=(), **references):
        return cases.Case(1, name, group, "en", words, gold=gold, references=references)

    assert not cases.vendor_is_known(case("a", "a")) and not cases.vendor_is_known(case("a", "a (2)"))
    assert cases.vendor_is_known(case("a", "Acme")) and cases.vendor_is_known(case("a", "twin"))
    labelled = case("a", "a", gold=(cases.Chunk("seller_name", 0, 2),))
    assert cases.vendor_is_known(labelled)
    assert set(cases.vendors_of(labelled)) & set(cases.vendors_of(case("b", "b", seller_name="ACME LTD.")))
