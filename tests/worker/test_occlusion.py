"""Which words speak for a class, by leaving each out."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.evaluation.classes import speaking_words
from workbench.runs.parquet import FrozenDocument
from workbench.training.tasks import occlusion

LABELS = ["invoice", "question"]


def document(number, text, *, classes=("question",)):
    words = text.split()
    return FrozenDocument(
        number, f"text {number}", words=words, boxes=[[0, 0, 1, 1]] * len(words), lines=[0] * len(words),
        pages=[0] * len(words), confidences=[1.0] * len(words), tags=["O"] * len(words), classes=list(classes),
    )  # fmt: skip


def ask(rows):
    """An invoice by the word "pay", a question by the word "where"; both alike where there is neither."""
    shares = np.array([[0.5 + 0.4 * ("pay" in row.words) - 0.3 * ("where" in row.words)] for row in rows])
    assert all(len(row.words) == len(row.boxes) == len(row.pages) for row in rows)
    return np.hstack([shares, 1 - shares])


def kept(tmp_path, rows, multiple=False):
    judged = [(row, [LABELS.index(option) for option in row.classes], own) for row, own in zip(rows, ask(rows))]  # noqa: B905
    occlusion.write(tmp_path, {"test": judged}, LABELS, ask, multiple=multiple)
    return speaking_words.read(tmp_path, "test")


def test_the_word_that_a_wrong_class_hangs_on_weighs_most_and_one_against_it_below_zero(tmp_path):
    rows = [document(1, "where do I pay this"), document(2, "pay now", classes=["invoice"]), document(3, "pay")]
    weights = kept(tmp_path, rows)
    assert list(weights) == [(1, "invoice")]  # the second is right, and of a single word nothing can be left out
    assert weights[1, "invoice"] == pytest.approx((-0.3, 0, 0, 0.4, 0))
    assert speaking_words.read(tmp_path, "validation") == {}


def test_of_a_long_text_neighbouring_words_are_left_out_together(tmp_path):
    rows = [document(1, "pay " + "word " * 199)]
    (weights,) = kept(tmp_path, rows).values()
    assert len(weights) == 200 and sum(weight > 0 for weight in weights) == 4


def test_where_a_document_can_have_several_options_those_not_seen_are_asked_too(tmp_path):
    rows = [document(1, "pay the bill", classes=["question"]), document(2, "pay it", classes=["invoice"])]
    assert set(kept(tmp_path, rows, multiple=True)) == {(1, "invoice"), (1, "question")}


def test_a_slow_model_is_not_asked_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr(occlusion, "_SECONDS", -1.0)
    assert kept(tmp_path, [document(1, "pay it where")]) == {}


def test_a_run_without_weights_or_with_damaged_lines_is_read_all_the_same(tmp_path):
    assert speaking_words.read(tmp_path, "test") == {}
    row = speaking_words.SpeakingWords(1, "test", "invoice", (0.5, -0.1))
    speaking_words.write(tmp_path, [row, replace(row, document=2)])
    path = tmp_path / "words.jsonl"
    path.write_bytes(b'{"document": "x"}\n\xff\n' + path.read_bytes())
    assert set(speaking_words.read(tmp_path, "test")) == {(1, "invoice"), (2, "invoice")}
