"""Labels that the model doubts with good reason."""

from workbench.evaluation import label_errors
from workbench.predictions.cases import NONE, Case, Chunk


def case(number=0, gold=(), predicted=(), words=tuple("abcdefgh"), **facts):
    facts = {"group": "g", "language": "en", **facts}
    size = len(words)
    return Case(
        number, f"d{number}", words=tuple(words), gold=tuple(gold), predicted=tuple(predicted),
        pages=(0,) * size, lines=(0,) * (size // 2) + (1,) * (size - size // 2),
        **facts,
    )  # fmt: skip


def labelled(number, field, tag, agreement, certainty):
    """A one-word document."""
    gold = [Chunk(field, 0, 1)] if field else []
    return case(number, gold, words=["9.00"], tags=(tag,), agreement=(agreement,), certainty=(certainty,))


def test_confident_disagreement_is_suspected_and_the_worst_comes_first():
    good = [labelled(n, "x", "B-x", 0.9, 0.9) for n in range(10)]
    worst = labelled(20, None, "B-x", 0.01, 0.97)
    bad = labelled(21, None, "B-x", 0.05, 0.92)
    hesitant = labelled(22, None, "B-x", 0.4, 0.55)
    suspects = label_errors.suspects([*good, bad, hesitant, worst])
    assert [(s.document, s.gold_field, s.predicted_field) for s in suspects] == [(20, NONE, "x"), (21, NONE, "x")]
