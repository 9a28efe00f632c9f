"""Strict figures count values: an address on two lines, with another column between, is one."""

from pathlib import Path

import pytest

from workbench.evaluation import error_analysis, metrics
from workbench.evaluation.doctor import data_facts
from workbench.predictions.cases import Case, Chunk, values_of
from workbench.predictions.run_reader import in_pieces

LINES = (0, 0, 0, 1, 1, 1, 4, 4)
FIRST, SECOND, BELOW = ("address", 0, 2), ("address", 3, 5), ("address", 6, 8)


def case(gold: tuple, predicted: tuple, pieces: frozenset[str] = frozenset({"address"})) -> Case:
    as_chunks = [tuple(Chunk(*chunk) for chunk in side) for side in (gold, predicted)]
    return Case(
        1, "d", words=tuple("abcdefgh"), group="", language="", gold=as_chunks[0], predicted=as_chunks[1],
        lines=LINES, pages=(0,) * 8, in_pieces=pieces,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        ((FIRST, SECOND), (1, 1, 1)),
        ((FIRST,), (0, 1, 1)),  # half of it is not the value
        ((FIRST, BELOW), (0, 2, 1)),  # what stands elsewhere is another value
        ((), (0, 0, 1)),
    ],
)
def test_an_address_on_two_lines_counts_once(predicted: tuple, expected: tuple[int, int, int]) -> None:
    counts = metrics.count(case((FIRST, SECOND), predicted))["address"]
    assert (counts.right, counts.predicted, counts.gold) == expected
    assert metrics.micro([case((FIRST, SECOND), predicted)]).support == 1


def test_amounts_on_two_lines_are_two_values() -> None:
    counts = metrics.count(case((FIRST, SECOND), (FIRST, SECOND), frozenset()))["address"]
    assert (counts.right, counts.gold) == (2, 2)


def test_pieces_on_different_pages_or_without_lines_are_values_of_their_own() -> None:
    assert len(values_of((FIRST, SECOND), LINES, (0, 0, 0, 1, 1, 1, 1, 1), {"address"})) == 2
    assert len(values_of((FIRST, SECOND), (), (), {"address"})) == 2


def test_a_run_says_which_fields_have_values_in_pieces(tmp_path: Path) -> None:
    assert in_pieces(tmp_path / "older") == frozenset()
    run = tmp_path / "run"
    run.mkdir()
    fields = "- {id: seller_address, type: address}\n- {id: amount_total, type: amount}\n- {id: remark, type: text}\n"
    (run / "request.yaml").write_text(f"fields:\n{fields}")
    assert in_pieces(run) == {"seller_address", "remark"}


@pytest.mark.parametrize(
    ("predicted", "kinds"),
    [
        ((FIRST, SECOND), ["correct"]),
        ((FIRST,), ["boundary"]),
        (((*FIRST[:2], 1), SECOND), ["boundary"]),
        ((("name", 0, 2),), ["wrong_field"]),
        ((), ["missing"]),
        ((FIRST, SECOND, BELOW), ["correct", "spurious"]),
    ],
)
def test_an_address_on_two_lines_is_one_error(predicted: tuple, kinds: list[str]) -> None:
    judged = error_analysis.judge([case((FIRST, SECOND), predicted)])
    assert sorted(pair.kind.value for pair in judged[0].pairs) == kinds
    for record in error_analysis.find(judged):
        assert record.gold_value in ("a b d e", "")
        assert record.several_lines == (record.gold is not None)


def test_the_doctor_counts_an_address_on_two_lines_as_one_label() -> None:
    facts = data_facts.statistics([case((FIRST, SECOND), ())], [case((FIRST, SECOND), (FIRST,))])
    assert {split: fields["address"].labels for split, fields in facts.fields.items()} == {"train": 1, "validation": 1}
    assert (facts.several_lines, facts.wrong_lines) == ((1, 1), {"address": 1})
