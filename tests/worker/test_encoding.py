"""Words in, one prediction for each word out: any length, any page, any script."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.exceptions import InputProblem
from tests.support import tiny_model
from workbench.runs.config.tune import Data
from workbench.runs.parquet import FrozenDocument
from workbench.training import word_predictions
from workbench.training.encoding import IGNORED, Collator, Encoder, batches, reading_order, retag
from workbench.training.models import loading

LABELS = ["O", "B-total", "I-total", "B-date", "I-date"]
TOKENIZER = tiny_model.tokenizer()
WORDS = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=30),
        st.sampled_from(["total", "1", ",", "234", ".", "00", "合计", "发票号码", "\u200b", "a" * 90, "é", "x y"]),
    ),
    max_size=60,
)


def row_of(words: list[str], pages: list[int] | None = None, tags: list[str] | None = None) -> FrozenDocument:
    where = pages or [0] * len(words)
    boxes = [
        [(37 * i) % 900, 20 * (i // 5) % 900, (37 * i) % 900 + 40, 20 * (i // 5) % 900 + 15] for i in range(len(words))
    ]
    return FrozenDocument(
        document=1,
        name="d",
        words=words,
        boxes=boxes,
        lines=[i // 5 for i in range(len(words))],
        pages=where,
        tags=tags,
    )


def encoder(**data: object) -> Encoder:
    return Encoder(TOKENIZER, LABELS, Data.model_validate({"max_length": 32, "window_stride": 8} | data), 1000)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    WORDS, st.integers(8, 64), st.integers(0, 5), st.booleans(), st.sampled_from(["given", "geometric"]),
    st.sampled_from(["words", "lines"]), st.data(),
)  # fmt: skip
def test_every_word_gets_exactly_one_prediction(
    words: list[str], length: int, stride: int, merge: bool, order: str, boxes: str, data: st.DataObject
) -> None:
    pages = sorted(data.draw(st.lists(st.integers(0, 2), min_size=len(words), max_size=len(words))))
    encode = encoder(max_length=length, window_stride=stride, merge_lines=merge, reading_order=order, boxes=boxes)
    row = row_of(words, pages)
    document = encode.encode(row)
    answers = np.zeros(len(words), int)
    random = np.random.default_rng(0)
    for page in document.pages:
        for window in page.windows:
            features = encode.features(document, page, window)
            assert len(features.ids) <= length
            assert (features.boxes[:, :2] <= features.boxes[:, 2:]).all() and features.boxes.max() <= 1000
            covered = encode.window_words(page, window)
            assert {row.pages[word] for word in covered} == {page.number}
            decided, logprobs, positions = word_predictions.decided(
                encode, page, window, random.normal(size=(len(features.ids), len(LABELS)))
            )
            answers[decided] += 1
            assert np.allclose(np.exp(logprobs).sum(axis=1), 1, atol=1e-4)
            assert set(decided) <= set(covered)
            assert len(positions) == 0 or 1 <= positions.min() <= positions.max() <= len(features.ids) - 2
    assert (answers == 1).all()


def test_a_words_prediction_is_the_average_of_its_tokens() -> None:
    encode = encoder()
    document = encode.encode(row_of(["12", "total"]))
    page, window = document.pages[0], document.pages[0].windows[0]
    logits = np.zeros((5, 5), np.float32)
    logits[1, 1], logits[2, 3] = 4.0, 2.0  # the tokens of "12" disagree
    _, logprobs, positions = word_predictions.decided(encode, page, window, logits)
    assert np.allclose(logprobs[0], np.log(np.exp([0, 2, 0, 1, 0]) / np.exp([0, 2, 0, 1, 0]).sum()))
    assert positions.tolist() == [1, 2, 3]


def test_every_token_of_a_word_carries_its_label_and_box() -> None:
    row = row_of(["total", "123"], tags=["O", "B-total"])
    encode = encoder()
    document = encode.encode(row)
    features = encode.features(document, document.pages[0], document.pages[0].windows[0])
    assert features.labels is not None
    assert features.labels.tolist() == [IGNORED, 0, 1, 1, 1, IGNORED]
    assert features.boxes.tolist() == [[0] * 4, row.boxes[0], *[row.boxes[1]] * 3, [1000] * 4]


def test_a_word_longer_than_a_window_is_cut_noted_and_predicted() -> None:
    document = encoder().encode(row_of(["a" * 90, "total"]))
    assert document.truncated
    assert not encoder().encode(row_of(["a" * 20])).truncated


def test_of_long_texts_the_first_and_the_last_window_alone_are_read_where_that_was_set_and_it_is_noted() -> None:
    words = [f"w{i}" for i in range(60)]
    whole, ends = encoder().encode(row_of(words)), encoder(long_texts="head_and_tail").encode(row_of(words))
    [page] = ends.pages
    assert whole.windows > 2 and not whole.truncated
    assert ends.windows == 2 and ends.truncated
    assert (page.windows[0].start, page.windows[1].end) == (0, 60)
    of_pages = encoder(long_texts="head_and_tail").encode(row_of(words, [0] * 20 + [1] * 20 + [2] * 20))
    assert [page.number for page in of_pages.pages] == [0, 2] and of_pages.windows == 2
    short = encoder(long_texts="head_and_tail").encode(row_of(words[:4]))
    assert short.windows == 1 and not short.truncated


def test_empty_documents_and_pages_take_no_window() -> None:
    assert encoder().encode(row_of([])).windows == 0
    document = encoder().encode(row_of(["total", "1"], pages=[0, 4]))
    assert [page.number for page in document.pages] == [0, 4]


def test_torn_numbers_enter_as_one_word_and_come_back_as_several() -> None:
    words = ["1", ",", "234", ".", "00", "total", "7"]
    row = FrozenDocument(
        document=1, name="d", words=words, lines=[0] * 7, pages=[0] * 7, tags=["B-total", *["I-total"] * 4, "O", "O"],
        boxes=[[x, 0, y, 9] for x, y in ((0, 10), (11, 14), (15, 45), (46, 49), (50, 70), (300, 360), (900, 910))],
    )  # fmt: skip
    encode = encoder(merge_lines=True)
    document = encode.encode(row)
    page = document.pages[0]
    assert page.word_starts.tolist() == [0, 5, 6, 7]
    assert page.boxes[0].tolist() == [0, 0, 70, 9]
    logits = np.zeros((len(page.ids) + 2, 5), np.float32)
    logits[1 : page.starts[1] + 1, 1] = 9
    logits[page.starts[1] + 1 :, 0] = 9
    probabilities = np.zeros((7, 5), np.float32)
    decided, logprobs, _ = word_predictions.decided(encode, page, page.windows[0], logits)
    probabilities[decided] = np.exp(logprobs)
    assert [LABELS[best] for best in probabilities.argmax(axis=1)] == row.tags
    assert probabilities.max(axis=1).min() > 0.99


def test_jumbled_words_are_put_in_reading_order() -> None:
    row = FrozenDocument(
        document=1, name="d", words=["c", "b", "a"], lines=[1, 0, 0], pages=[0] * 3, tags=["O", "I-total", "B-total"],
        boxes=[[0, 50, 30, 60], [50, 11, 90, 21], [0, 10, 40, 20]],
    )  # fmt: skip
    assert reading_order(row, [0, 1, 2]) == [2, 1, 0]
    document = encoder(reading_order="geometric").encode(row)
    assert document.pages[0].words.tolist() == [2, 1, 0]


def test_a_chunk_keeps_its_words_in_another_order() -> None:
    tags = ["B-total", "I-total", "O", "B-date", "I-date"]
    assert retag(tags, [0, 1, 2, 3, 4]) == tags
    assert retag(tags, [3, 4, 2, 0, 1]) == ["B-date", "I-date", "O", "B-total", "I-total"]
    assert retag(tags, [0, 2, 1]) == ["B-total", "O", "B-total"]


@given(st.lists(st.integers(1, 500), max_size=60), st.integers(1, 9))
def test_batches_hold_everything_once_and_cost_no_more_than_the_longest_ones(lengths: list[int], size: int) -> None:
    made = batches(lengths, size)
    assert sorted(i for batch in made for i in batch) == list(range(len(lengths)))
    assert all(len(batch) * lengths[batch[0]] <= size * max(lengths) for batch in made)


def test_the_collator_pads_boxes_too() -> None:
    encode = encoder()
    features = []
    for words in (["total"], ["total", "123", "a"]):
        document = encode.encode(row_of(words, tags=["O"] * len(words)))
        features.append(encode.features(document, document.pages[0], document.pages[0].windows[0]))
    tensors = Collator(TOKENIZER, boxes=True, multiple=4)(features)
    assert {name: tuple(t.shape) for name, t in tensors.items()} == {
        "input_ids": (2, 8), "attention_mask": (2, 8), "bbox": (2, 8, 4), "labels": (2, 8),
    }  # fmt: skip
    assert tensors["attention_mask"].sum(dim=1).tolist() == [3, 7]
    assert "bbox" not in Collator(TOKENIZER, boxes=False)(features)
    assert Collator(TOKENIZER, boxes=False, most=16)(features, 32)["input_ids"].shape == (2, 16)  # no more positions


def test_a_slow_tokenizer_is_refused() -> None:
    class Slow:
        is_fast = False

    with pytest.raises(Exception, match="no fast form"):
        Encoder(Slow(), LABELS, Data())


PANICS = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(b"\4\0\0\0" + bytes(4) + b"a\0").decode()}


@pytest.mark.parametrize(
    ("part", "key", "value"), [("model", "unk_token", "nowhere"), ("", "normalizer", PANICS)], ids=["no word", "panic"]
)
def test_a_tokenizer_that_fails_at_a_word_is_named(tmp_path: Path, part: str, key: str, value: object) -> None:
    """The library's own errors are no `Exception`, and would end a server's thread."""
    tiny_model.tokenizer().save_pretrained(tmp_path)
    path = tmp_path / "tokenizer.json"
    content = json.loads(path.read_text())
    (content[part] if part else content)[key] = value
    path.write_text(json.dumps(content))
    encoder = Encoder(loading.load_tokenizer(str(tmp_path)), LABELS, Data())
    with pytest.raises(InputProblem, match="cannot divide a text"):
        encoder.encode(row_of(["ж"]))


def test_a_tokenizer_that_fails_when_it_is_loaded_is_refused(tmp_path: Path) -> None:
    tiny_model.tokenizer().save_pretrained(tmp_path)
    path = tmp_path / "tokenizer.json"
    content = json.loads(path.read_text()) | {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}}
    path.write_text(json.dumps(content))
    with pytest.raises(InputProblem, match="cannot be loaded"):
        loading.load_tokenizer(str(tmp_path))
