"""Labels and suggestions of class fields in the database."""

from dataclasses import replace

from storage import annotations, document_list, documents, label_queries
from storage.documents import NewDocument
from storage.records import ClassLabel, ClassSuggestion, Page, Token
from storage.suggestions import keep_class_suggestions
from workbench.workspace import Workspace


def workspace_with_document(folder):
    workspace = Workspace.create(folder / "w")
    page = Page(0, 10, 10, (Token(0, 0, 0, "9.00", (0, 0, 5, 5)),))
    with workspace.db.write() as connection:
        (number,) = documents.add(connection, [NewDocument("d", "made", "0" * 64, "made", (page,))], "ann")
    return workspace, number


def test_a_class_label_is_kept_counted_undone_and_redone(tmp_path):
    workspace, number = workspace_with_document(tmp_path)
    with workspace.db.write() as connection:
        content = documents.open_document(connection, number)
        after = replace(content.annotations, classes=frozenset({ClassLabel("type", "invoice")}))
        version = annotations.commit(
            connection, number, content.document.version, content.annotations, after, "classify", "me"
        )
    with workspace.db.read() as connection:
        assert documents.open_document(connection, number).annotations == after
        assert document_list.page(connection, document_list.Filter(), 0, 1)[0].labels == 1
        assert label_queries.classified(connection, "type") == {number: ["invoice"]}
        assert label_queries.class_counts(connection) == {"type": {"invoice": 1}}
        assert document_list.status(connection)["fields"] == {"type": 1}
    with workspace.db.write() as connection:
        undone, _ = annotations.undo(connection, number, version, after, "me")
        assert undone.classes == frozenset()
        assert label_queries.classified(connection, "type") == {}
        redone, _ = annotations.redo(connection, number, version + 1, undone, "me")
        assert redone == after == documents.open_document(connection, number).annotations
    workspace.close()


def test_another_runs_suggestions_take_the_place_of_the_last(tmp_path):
    workspace, number = workspace_with_document(tmp_path)
    with workspace.db.write() as connection:
        keep_class_suggestions(connection, "r1", "type", {number: [("invoice", 0.6), ("receipt", 0.4)]})
        keep_class_suggestions(connection, "r2", "type", {number: [("invoice", 0.1), ("receipt", 0.9)]})
        assert documents.open_document(connection, number).class_suggestions == (
            ClassSuggestion("type", "receipt", 0.9, "r2"),
            ClassSuggestion("type", "invoice", 0.1, "r2"),
        )
    workspace.close()
