"""Labels that the model doubts with good reason."""

from tests.support.cases import case_of_words
from workbench.evaluation import label_errors
from workbench.predictions.cases import NONE, Chunk


def labelled(number, field, tag, agreement, certainty):
    """A one-word document."""
    gold = [Chunk(field, 0, 1)] if field else []
    return case_of_words(number, gold, words=["9.00"], tags=(tag,), agreement=(agreement,), certainty=(certainty,))


def test_confident_disagreement_is_suspected_and_the_worst_comes_first():
    good = [labelled(n, "x", "B-x", 0.9, 0.9) for n in range(10)]
    worst = labelled(20, None, "B-x", 0.01, 0.97)
    bad = labelled(21, None, "B-x", 0.05, 0.92)
    hesitant = labelled(22, None, "B-x", 0.4, 0.55)
    suspects = label_errors.suspects([*good, bad, hesitant, worst])
    assert [(s.document, s.gold_field, s.predicted_field) for s in suspects] == [(20, NONE, "x"), (21, NONE, "x")]
