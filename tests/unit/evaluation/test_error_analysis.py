"""Error records say what is needed to judge them; piles of errors and doubtful labels are found."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.support.cases import case_of_words
from workbench.evaluation import error_analysis
from workbench.evaluation.metrics import ErrorKind
from workbench.predictions.cases import NONE, Chunk


def test_a_record_carries_values_snippet_and_marks():
    here = case_of_words(
        gold=[Chunk("x", 3, 5)],
        predicted=[Chunk("y", 3, 4, 0.7)],
        word_windows=(0, 0, 0, 0, 1, 1, 1, 1),
        truncated=True,
    )
    (record,) = error_analysis.find(error_analysis.judge([here]))
    assert (record.kind, record.field, record.gold_field, record.predicted_field) == (
        ErrorKind.WRONG_FIELD,
        "x",
        "x",
        "y",
    )
    assert (record.gold_value, record.predicted_value, record.confidence) == ("d e", "d", 0.7)
    assert record.snippet == ("a b c", "d e", "f g h")
    assert record.window_edge and record.truncated and record.several_lines and record.word == 3


def test_a_missing_value_says_how_sure_the_model_is_that_nothing_is_there():
    missed = case_of_words(gold=[Chunk("x", 0, 2)], certainty=(0.8, 0.6) + (1.0,) * 6)
    (record,) = error_analysis.find(error_analysis.judge([missed]))
    assert (record.kind, record.predicted_field, round(record.confidence, 3)) == (ErrorKind.MISSING, NONE, 0.7)


CHUNKS = st.lists(
    st.builds(lambda f, a, n: Chunk(f, a, min(8, a + n)), st.sampled_from("xyz"), st.integers(0, 7), st.integers(1, 3)),
    max_size=5,
    unique=True,
)


@given(st.lists(st.tuples(CHUNKS, CHUNKS), max_size=4))
def test_tables_and_records_count_the_same(documents):
    cases = [case_of_words(n, gold, predicted) for n, (gold, predicted) in enumerate(documents)]
    judged = error_analysis.judge(cases)
    pairs = [pair for one in judged for pair in one.pairs]
    records, matrix, confusion = (
        error_analysis.find(judged),
        error_analysis.matrix(pairs),
        error_analysis.confusion(pairs),
    )
    kinds = Counter((record.field, record.kind) for record in records)
    for name, row in matrix.items():
        assert all(row[kind] == kinds[name, kind] for kind in ErrorKind if kind is not ErrorKind.CORRECT)
    gold = Counter(chunk.field for one in cases for chunk in one.gold)
    predicted = Counter(chunk.field for one in cases for chunk in one.predicted)
    for name in "xyz":
        assert sum(confusion.get(name, {}).values()) == gold[name]
        assert sum(row.get(name, 0) for row in confusion.values()) == predicted[name]
        diagonal = confusion.get(name, {}).get(name, 0)
        assert diagonal == matrix.get(name, {}).get(ErrorKind.CORRECT, 0) + matrix.get(name, {}).get(
            ErrorKind.BOUNDARY, 0
        )


def piles(cases):
    judged = error_analysis.judge(cases)
    return error_analysis.concentrations(judged, error_analysis.find(judged))


def test_a_vendor_that_fails_altogether_is_named_whatever_the_fields():
    right, names = [Chunk("x", 0, 1), Chunk("y", 2, 3), Chunk("z", 4, 5)], ["Coolblue", "a", "b", "c"]
    cases = [
        case_of_words(n, gold=right, predicted=right[:1] if names[n % 4] == "Coolblue" else right, group=names[n % 4])
        for n in range(20)
    ]
    (vendor,) = error_analysis.failing_vendors(error_analysis.judge(cases))
    assert vendor.sentence() == "Coolblue: 10 of 15 values wrong, all fields together"
    assert error_analysis.failing({"a": (9, 12)}) == {}  # there is no other to compare it with


def test_vendors_that_make_most_of_the_errors_are_named():
    cases = [
        case_of_words(
            n,
            gold=[Chunk("amount_total", 0, 1)],
            predicted=[] if n % 10 < 2 else [Chunk("amount_total", 0, 1)],
            group=f"v{n % 10}",
        )
        for n in range(40)
    ]
    found = [c for c in piles(cases) if c.dimension == "vendor"]
    assert [(c.field, c.errors, c.of) for c in found] == [("amount_total", 4, 8)]
    cases.append(case_of_words(99, gold=[Chunk("amount_total", 0, 1)], group="v0"))
    (one,) = [c for c in piles(cases) if c.dimension == "vendor"]
    assert one.sentence() == "Vendor v0 makes 56% of the errors in amount_total (5 of 9)"


def test_errors_that_are_spread_evenly_are_no_pile():
    cases = [case_of_words(n, gold=[Chunk("x", 0, 1)], group=f"v{n % 2}") for n in range(40)]
    assert piles(cases) == []


def labelled(number, field, tag, agreement, certainty):
    """A one-word document."""
    gold = [Chunk(field, 0, 1)] if field else []
    return case_of_words(number, gold, words=["9.00"], tags=(tag,), agreement=(agreement,), certainty=(certainty,))
