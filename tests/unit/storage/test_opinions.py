"""Second labellings, and a workspace from before they were known."""

from storage import documents, opinions, queue
from storage.documents import NewDocument
from storage.migrations import HEAD
from storage.records import Opinion, Page, QueueEntry, Span, Token
from workbench.workspace import Workspace


def workspace_with_document(folder):
    workspace = Workspace.create(folder / "w")
    page = Page(0, 10, 10, (Token(0, 0, 0, "9.00", (0, 0, 5, 5)),))
    with workspace.db.write() as connection:
        (number,) = documents.add(connection, [NewDocument("d", "made", "0" * 64, "made", (page,))], "ann")
    return workspace, number


def test_an_opinion_is_replaced_by_its_newer_state(tmp_path):
    workspace, number = workspace_with_document(tmp_path)
    with workspace.db.write() as connection:
        opinions.keep(connection, Opinion(number, "bea", 1, frozenset()))
        opinions.keep(connection, Opinion(number, "bea", 1, frozenset({Span("amount_total", (0,))}), done=True))
        opinions.keep(connection, Opinion(number, "ann", 1, frozenset()))
    with workspace.db.read() as connection:
        (only,) = opinions.listed(connection)
        assert only.annotator == "bea" and {s.tokens for s in only.spans} == {(0,)}
        assert opinions.get(connection, number, "carl").spans == frozenset()
        assert documents.open_document(connection, number).annotations.spans == frozenset(), "never a label"


def test_a_workspace_from_before_opinions_opens_with_its_queue(tmp_path):
    workspace, number = workspace_with_document(tmp_path)
    with workspace.db.write() as connection:
        queue.open_round(connection, "r1", "margin", 0, [QueueEntry(0, number, 1, 0.5)], {})
        newest = "value_import_changes value_imports class_labels class_suggestions retired_fields opinions"
        newer = [f"DROP TABLE {name}" for name in newest.split()]
        for statement in (*newer, "ALTER TABLE queue DROP COLUMN blind"):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    workspace.close()
    again = Workspace.open(tmp_path / "w")
    with again.db.read() as connection:
        assert [(e.document, e.blind) for e in queue.entries(connection, 1)] == [(number, False)]
    assert (tmp_path / "w" / f"workbench.before-{HEAD}.db").is_file()
    again.close()
