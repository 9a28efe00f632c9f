"""Requests that are meant to take a server down, or that were not thought of: each is answered, and costs little."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.support.serving import serving
from workbench.exchange.reading import running_text
from workbench.serving.collecting import Collector
from workbench.serving.service import NOT_KEPT
from workbench.workspace import Workspace

WORDS = {"words": ["Total", "11.90"], "boxes": [[0, 0, 40, 10], [50, 0, 90, 10]], "width": 100, "height": 100}
LIST = json.dumps({"words": ["Sum"], "bboxes": [[1, 1, 9, 9]]}).encode()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("[1, ", "inputs[0]: It is no text, no words with boxes, and no list of these"),
        ("[[[", "inputs[0]: It is no text, no words with boxes, and no list of these"),
        ('{"a": [[[', "inputs: Object contains unknown field `a`"),
        ('{"words": [1, ', "inputs.words[0]: Expected `str`, got `int`"),
        ('{"boxes": [[1, "a", ', "inputs.boxes[0][1]: Expected `float`, got `str`"),
        ('[{"boxes": [null, ', "inputs[0].boxes[0]: Expected `array`, got `null`"),
    ],
)
def test_what_follows_the_first_wrong_entry_is_not_read(inputs: str, message: str) -> None:
    """20 MB of lists, or an error for each of a million, took gigabytes, and the server with them."""
    body = f'{{"inputs": {inputs}'.encode() + b"\xff"
    with serving() as client:
        answer = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["message"]) == (422, message)


def test_a_name_without_end_is_not_repeated_whole() -> None:
    with serving() as client:
        answer = client.post("/predict", json={"a" * 100_000: 1})
    assert answer.status_code == 422 and len(answer.content) < 2000


@pytest.mark.parametrize("name", ["files", "sent", "0", "发" * 96 + ".json", "é" * 300 + ".json", "." * 300])
def test_a_file_may_have_any_name(name: str) -> None:
    with serving() as client:
        answer = client.post("/predict", files={"files": (name, LIST)})
    assert answer.status_code == 200, answer.text


def test_marks_without_end_are_read_in_time_that_grows_with_the_text() -> None:
    text = "a" + "\u0315\u0301" * 50_000 + " 9.00"  # minutes, in one call that nothing can end
    with serving() as client:
        answer = client.post("/predict", json={"inputs": text})
    assert len(answer.json()["documents"][0]["fields"]["amount_total"]["value"]) < 40


def test_a_word_without_end_is_called_too_long() -> None:
    with serving() as client:
        answer = client.post("/predict", json={"inputs": "a" * 200_001})
        assert (answer.status_code, answer.json()["message"]) == (
            413,
            "A word has 200,001 letters; the limit is 200,000.",
        )


def _page(word: str) -> dict[str, Any]:
    """A PDF, as a form sends it."""
    content = io.BytesIO()
    canvas = Canvas(content, pagesize=(200, 200))
    canvas.drawString(20, 100, word)
    canvas.save()
    return {"files": ("a.pdf", content.getvalue())}


@pytest.mark.parametrize("how", ["moved", "busy"])
def test_what_cannot_be_kept_is_answered_all_the_same_and_leaves_nothing_elsewhere(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    collector = Collector(workspace, "counting", "")
    monkeypatch.setattr("workbench.serving.collecting._PATIENCE_SECONDS", 0.05)
    with serving(collector=collector, collect="ws") as client:
        assert client.post("/predict", files=_page("First")).json()["documents"][0]["warnings"] == []
        assert list((tmp_path / "ws" / "pages").rglob("*.*")), "its picture is kept"
        if how == "moved":
            (tmp_path / "ws").rename(tmp_path / "elsewhere")
        else:
            collector._lock.acquire()
        answer = client.post("/predict", files=_page("Total"))
        if how == "busy":
            collector._lock.release()
    assert answer.status_code == 200
    [document] = answer.json()["documents"]
    assert document["fields"]["amount_total"]["value"] == "Total" and document["warnings"] == [NOT_KEPT]
    assert (tmp_path / "ws").exists() == (how == "busy")
    workspace.close()


def test_a_text_of_far_too_many_words_is_refused_before_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def set_all_the_same(lines: object) -> None:
        raise AssertionError("of 32 texts with 100,000 words each this took a minute and a gigabyte")

    monkeypatch.setattr(running_text, "typeset", set_all_the_same)
    with serving(words=50) as client:
        assert client.post("/predict", json={"inputs": "word " * 51}).json()["type"] == "too_large"
