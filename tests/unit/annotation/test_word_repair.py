"""Words that are repaired: what the list shows of a document follows."""

from pathlib import Path

from storage import documents
from storage.records import Content, Source, Span
from tests.support import sample_documents
from workbench.annotation.editor import DocumentEditor
from workbench.locate.word_repair import spaced
from workbench.workspace import Workspace


def _judge(content: Content) -> tuple[int, int]:
    return 0, sum(token.text == "9.00" for token in content.tokens)


def _counts(workspace: Workspace) -> tuple[int, int]:
    with workspace.db.read() as connection:
        document = documents.get(connection, 1)
    return document.labels, document.problems


def test_the_number_of_labels_follows_a_join_that_drops_one_and_its_undo(tmp_path: Path) -> None:
    labels = (Span("amount_total", (1,), Source.HUMAN, "ann"), Span("amount_net", (2,), Source.HUMAN, "ann"))
    page = sample_documents.page_of("Total 9 .00")
    workspace = sample_documents.workspace_of(tmp_path / "w", [sample_documents.new("a", [page], spans=labels)])
    editor = DocumentEditor(workspace, 1, _judge)
    repair, _ = spaced(editor.content, (1, 2), "9.00")
    assert repair is not None
    editor.repair_words(repair)
    assert len(sample_documents.kept(workspace).spans) == 1
    assert _counts(workspace) == (1, 1)
    assert editor.content.document.labels == 1
    editor.undo()
    assert len(sample_documents.kept(workspace).spans) == 2
    assert _counts(workspace) == (2, 0)
