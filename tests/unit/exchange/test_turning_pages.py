"""A page that OCR read on its side is turned by a person; labels stay on their words."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from PIL import Image

from storage import documents
from storage.exceptions import UsageProblem
from tests.support import sample_documents, turned_page
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.commands import ocr as command
from workbench.exchange import reocr
from workbench.exchange.ocr_text import PageText
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(reocr, "Readers", turned_page.Readers)
    return turned_page.workspace_of(tmp_path / "shop")


def test_the_command_turns_a_page_for_good_and_keeps_its_labels(workspace: Workspace) -> None:
    context = SimpleNamespace(open_workspace=lambda: Workspace.open(workspace.files.root))
    done = CliRunner().invoke(command.command, ["scan", "--turn", "90", "--page", "1", "--json"], obj=context)
    assert done.exit_code == 0, done.output
    assert (json.loads(done.output)["carried"], json.loads(done.output)["lost"]) == (1, [])
    with workspace.db.read() as connection:
        content = documents.open_document(connection, 1)
    (page,) = content.pages
    assert (page.width, page.height) == (200.0, 300.0)
    assert [token.box for token in page.tokens] == list(turned_page.WORDS.values())
    with Image.open(workspace.files.picture(str(page.picture))) as kept:
        assert kept.size == (200, 300)
    assert [[content.tokens[t].text for t in span.tokens] for span in content.annotations.spans] == [["9.00"]]


def test_a_page_without_a_picture_is_not_turned_and_that_is_said(tmp_path: Path, workspace: Workspace) -> None:
    bare = sample_documents.workspace_of(
        tmp_path / "bare", [sample_documents.new("a", [sample_documents.page_of("A")])]
    )
    assert "no picture" in reocr.reread(bare, [1], "rapidocr", turn=90).failed[0].reason


def test_turning_asks_for_the_documents_by_name(workspace: Workspace) -> None:
    done = CliRunner().invoke(command.command, ["--turn", "90"], obj=SimpleNamespace())
    assert isinstance(done.exception, UsageProblem)


def test_a_corrected_word_stays_corrected_when_a_reading_changes_nothing_else(workspace: Workspace) -> None:
    reocr.reread(workspace, [1], "rapidocr")
    editor = DocumentEditor(workspace, 1)
    editor.act("correct", acts.correct(editor.state, 1, "9.05", "9.00"))
    reocr.reread(workspace, [1], "rapidocr", given_too=True)
    with workspace.db.read() as connection:
        assert [token.text for token in documents.open_document(connection, 1).tokens] == ["TOTAL", "9.05"]


def test_undo_does_not_reach_behind_a_reading_of_a_document_without_labels(workspace: Workspace) -> None:
    editor = DocumentEditor(workspace, 1)
    editor.act("clear", acts.clear_spans(editor.state, list(editor.state.spans)))
    reocr.reread(workspace, [1], "rapidocr")
    assert DocumentEditor(workspace, 1).undo() is None


def test_a_document_that_was_labelled_while_it_was_read_again_is_left_and_the_others_are_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workspace.db.read() as connection:
        pages = documents.open_document(connection, 1).pages
    with workspace.db.write() as connection:
        documents.add(connection, [sample_documents.new("other", pages)], "a")

    def result(reading: PageText) -> PageText:
        editor = DocumentEditor(workspace, 1)
        editor.act("flag", acts.flag(editor.state, editor.state.note + "?"))
        return reading

    monkeypatch.setattr(turned_page.Readers, "result", staticmethod(result))
    reread = reocr.reread(workspace, [1, 2], "rapidocr")
    assert (reread.documents, [rejected.record for rejected in reread.failed]) == (1, ["scan"])
