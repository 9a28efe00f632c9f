"""Control characters of files cannot be stored or shown: what became of them is said, and counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from storage import documents
from workbench.exchange import known_values
from workbench.exchange.pipeline import run
from workbench.exchange.reading.clean import CONTROLS
from workbench.exchange.sources import ImportRequest
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    made = Workspace.create(tmp_path / "shop")
    yield made
    made.close()


def test_words_and_names_with_control_characters_are_counted(workspace: Workspace, tmp_path: Path) -> None:
    page = {
        "words": ["Rech\x01nung", "Nr", "é\u202e42", "a\tb", "ü"],
        "bboxes": [[10 * n, 0, 10 * n + 8, 8] for n in range(5)],
        "labels": ["O", "B-new\x1bfield", "O", "O", "O"],
    }
    (tmp_path / "p.jsonl").write_text(json.dumps(page) + "\n")
    summary = run(workspace, ImportRequest([tmp_path / "p.jsonl"]))
    assert summary.notes[f"words {CONTROLS}"] == 2
    assert summary.notes[f"names, labels or values {CONTROLS}"] == 1
    with workspace.db.read() as connection:
        words = [token.text for token in documents.open_document(connection, 1).tokens]
    assert words == ["Rech\ufffdnung", "Nr", "é\ufffd42", "a b", "ü"]


def test_texts_with_control_characters_are_counted_and_lines_are_none(workspace: Workspace, tmp_path: Path) -> None:
    rows = [{"text": "one\ntwo\tthree", "label": "a"}, {"text": "fo\x00ur", "label": "b"}]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    summary = run(workspace, ImportRequest([tmp_path / "t.jsonl"]))
    assert (summary.documents, summary.notes[f"texts {CONTROLS}"]) == (2, 1)


def test_halves_of_characters_in_words_texts_and_labels_are_counted(workspace: Workspace, tmp_path: Path) -> None:
    """JSON can hold half a surrogate pair; no database can."""
    (tmp_path / "p.jsonl").write_text(
        r'{"words": ["Rech\ud800nung", "4\udc002", "\ud83d\ude00"], '
        '"bboxes": [[0, 0, 8, 8], [10, 0, 18, 8], [20, 0, 28, 8]], '
        r'"labels": ["O", "B-n\ud800", "O"]}' + "\n"
    )
    (tmp_path / "t.jsonl").write_text(r'{"text": "fo\ud800ur", "label": "b"}' + "\n")
    summary = run(workspace, ImportRequest([tmp_path / "p.jsonl", tmp_path / "t.jsonl"]))
    assert {note: summary.notes[f"{note} {CONTROLS}"] for note in ("words", "texts", "names, labels or values")} == {
        "words": 2,
        "texts": 1,
        "names, labels or values": 1,
    }
    with workspace.db.read() as connection:
        words = [token.text for token in documents.open_document(connection, 2).tokens]
    assert words == ["Rech\ufffdnung", "4\ufffd2", "😀"]


def test_known_values_with_control_characters_are_counted_for_each_table(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(json.dumps({"text": "INV 7", "label": "a"}) + "\n")
    run(workspace, ImportRequest([tmp_path / "t.jsonl"]))
    with workspace.db.read() as connection:
        name = documents.open_document(connection, 1).document.name
    (tmp_path / "v.csv").write_text(f"file,invoice_no,iban\n{name},I\x1b7,DE\x7f1\n")
    report = known_values.bring_in(workspace, tmp_path / "v.csv")
    assert report.notes == [f"v.csv: 2 cells {CONTROLS}"]


def test_true_and_lists_among_the_values_of_a_receipt_are_left_out_with_a_note(
    workspace: Workspace, tmp_path: Path
) -> None:
    for folder, name, text in (("box", "a.txt", "0,0,9,0,9,9,0,9,TOTAL 9.00\n"), ("key", "a.json", "")):
        (tmp_path / "set" / folder).mkdir(parents=True)
        (tmp_path / "set" / folder / name).write_text(text or json.dumps({"total": "9.00", "paid": True, "rows": [1]}))
    summary = run(workspace, ImportRequest([tmp_path / "set"]))
    assert summary.reference_values == 1
    assert [note for note in summary.notes if "is no text or number" in note] == [
        "the value of paid is no text or number and was left out",
        "the value of rows is no text or number and was left out",
    ]
