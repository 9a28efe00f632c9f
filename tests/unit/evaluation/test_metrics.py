"""Strict scores against seqeval, the pairs' bookkeeping, and values."""

import warnings
from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from seqeval.metrics import accuracy_score, classification_report
from seqeval.scheme import IOB2

from workbench.evaluation import metrics
from workbench.evaluation.metrics import ErrorKind
from workbench.fields import FieldType, chunks_of
from workbench.predictions.cases import Case, Chunk, tags_of_chunks, with_confidence

TAGS = st.sampled_from(["O", "B-x", "I-x", "B-y", "I-y", "B-z"])
DOCUMENTS = st.lists(
    st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=12).map(lambda rows: tuple(zip(*rows, strict=True))),
    min_size=1,
    max_size=6,
)


def case(gold, predicted, number=0, **facts):
    """A case from tags (read strictly) or chunks."""

    def chunks(given):
        return (
            tuple(given)
            if not given or isinstance(given[0], Chunk)
            else with_confidence(chunks_of(given, strict=True), [1.0] * 99)
        )

    length = len(gold) if gold and isinstance(gold[0], str) else 20
    tags = tuple(predicted) if predicted and isinstance(predicted[0], str) else ()
    facts = {"words": tuple(f"w{i}" for i in range(length)), "group": "g", "language": "en", **facts}
    return Case(number, f"d{number}", gold=chunks(gold), predicted=chunks(predicted), tags=tags, **facts)


@settings(deadline=None, max_examples=150)
@given(DOCUMENTS)
def test_scores_are_seqevals_strict_iob2(documents):
    cases = [case(gold, predicted) for gold, predicted in documents]
    gold, predicted = [list(g) for g, _ in documents], [list(p) for _, p in documents]
    found = metrics.scores(map(metrics.count, cases))
    assume(found.fields)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = classification_report(gold, predicted, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
    names = {name: name for name in found.fields} | {"micro": "micro avg", "macro": "macro avg"}
    for name, theirs in names.items():
        ours = found.fields.get(name) or getattr(found, name)
        row = expected[theirs]
        assert (ours.precision, ours.recall, ours.f1, ours.support) == pytest.approx(
            (row["precision"], row["recall"], row["f1-score"], row["support"])
        )
    assert set(expected) == {*found.fields, "micro avg", "macro avg", "weighted avg"}


@settings(deadline=None)
@given(DOCUMENTS)
def test_token_accuracy_is_seqevals(documents):
    # gold tags that are valid, as people's labels are
    valid = [(tags_of_chunks([Chunk(*c) for c in chunks_of(g)], len(g)), list(p)) for g, p in documents]
    cases = [case(tuple(g), tuple(p)) for g, p in valid]
    assert metrics.token_accuracy(cases) == pytest.approx(accuracy_score([g for g, _ in valid], [p for _, p in valid]))


@given(DOCUMENTS)
def test_every_chunk_is_judged_once(documents):
    for gold_tags, predicted_tags in documents:
        here = case(gold_tags, predicted_tags)
        pairs = metrics.match(here.gold, here.predicted)
        assert sorted(p.gold for p in pairs if p.gold) == sorted(here.gold)
        assert sorted(p.predicted for p in pairs if p.predicted) == sorted(here.predicted)
        for pair in pairs:
            if pair.gold and pair.predicted:
                assert pair.gold.overlap(pair.predicted) > 0
                same_field, equal = pair.gold.field == pair.predicted.field, pair.gold == pair.predicted
                assert pair.kind is (
                    ErrorKind.CORRECT if equal else ErrorKind.BOUNDARY if same_field else ErrorKind.WRONG_FIELD
                )
            else:
                assert pair.kind is (ErrorKind.MISSING if pair.gold else ErrorKind.SPURIOUS)


def test_the_classes_agree_with_nervaluate_where_chunks_meet_one_to_one():
    from nervaluate import Evaluator

    gold = ["B-x", "I-x", "O", "B-y", "O", "B-x", "O", "O", "B-z", "I-z"]
    predicted = ["B-x", "I-x", "O", "B-x", "O", "O", "B-y", "O", "B-z", "O"]
    results = Evaluator([gold], [predicted], tags=["x", "y", "z"], loader="list").evaluate()
    strict, kinds = results["overall"]["ent_type"], Counter(p.kind for p in metrics.match(*_chunks(gold, predicted)))
    # their `ent_type` asks for the field alone: a boundary error is correct there
    assert strict.correct == kinds[ErrorKind.CORRECT] + kinds[ErrorKind.BOUNDARY] == 2
    assert strict.incorrect == kinds[ErrorKind.WRONG_FIELD] == 1
    assert (strict.missed, strict.spurious) == (kinds[ErrorKind.MISSING], kinds[ErrorKind.SPURIOUS]) == (1, 1)


def _chunks(*tags):
    return [case(one, one).gold for one in tags]


def test_partial_credit_counts_a_boundary_error_half():
    assert metrics.partial_f1({ErrorKind.CORRECT: 1, ErrorKind.BOUNDARY: 2}) == pytest.approx(2 / 3)
    assert metrics.partial_f1({}) == 0.0


def test_confidence_survives_matching():
    (pair,) = metrics.match([Chunk("x", 0, 2)], [Chunk("x", 0, 2, 0.4)])
    assert pair.predicted.confidence == 0.4


# --- values ---------------------------------------------------------------------------------------------------------


def same(kind, a, b):
    return a.strip("$") == b.strip("$")


def test_a_value_is_right_at_any_of_its_labelled_places():
    words = ("9.00", "x", "$9.00", "7.00")
    here = case([Chunk("t", 0, 1)], [Chunk("t", 2, 3, 0.9), Chunk("t", 3, 4, 0.2)], words=words)
    assert metrics.value_right(here, "t", FieldType.AMOUNT, same) is True
    worse = case([Chunk("t", 0, 1)], [Chunk("t", 2, 3, 0.1), Chunk("t", 3, 4, 0.2)], words=words)
    assert metrics.value_right(worse, "t", FieldType.AMOUNT, same) is False


def test_an_address_is_all_its_pieces():
    words = ("1", "Main", "tel", "Town")
    gold = [Chunk("a", 0, 2), Chunk("a", 3, 4)]
    whole, half = case(gold, gold, words=words), case(gold, gold[:1], words=words)
    assert metrics.value_right(whole, "a", FieldType.ADDRESS, same) is True
    assert metrics.value_right(half, "a", FieldType.ADDRESS, same) is False


def test_a_value_where_there_is_none_is_wrong_and_nothing_on_nothing_says_nothing():
    assert metrics.value_right(case([], [Chunk("t", 0, 1)]), "t", FieldType.AMOUNT, same) is False
    assert metrics.value_right(case([], []), "t", FieldType.AMOUNT, same) is None


def test_references_are_compared_where_they_are_known():
    here = case([], [Chunk("t", 0, 1)], words=("$9",), references={"t": "9", "u": "1"})
    right = {f: metrics.reference_right(here, f, FieldType.AMOUNT, same) for f in "tuv"}
    assert right == {"t": True, "u": False, "v": None}


def test_slices_name_every_cut():
    cuts = metrics.slices(
        case([], [], confidences=(0.85,) * 20, windows=3, pages=(0,) * 10 + (1,) * 10), frozenset("g")
    )
    assert cuts == {
        "vendors": "seen",
        "language": "en",
        "ocr_confidence": "0.8 to 0.9",
        "pages": "2",
        "length": "up to 100 words",
        "windows": "several",
    }
