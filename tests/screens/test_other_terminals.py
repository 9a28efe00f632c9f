"""A team on PostgreSQL: what another terminal does is seen here at once, on the screen in view."""

import pytest
from textual.pilot import Pilot

from screens.annotate.document_list import DocumentList
from screens.widgets.status_lines import HintLine, StatusLine
from storage import queue
from storage.records import QueueEntry, State
from tests.support import copies, sample_documents, text_documents
from tests.support.pilots import until
from tests.support.sample_documents import labels
from tests.support.text_documents import options_of
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.workspace import Workspace

pytestmark = pytest.mark.postgresql


@pytest.fixture(autouse=True)
def _on_server(postgresql, template, monkeypatch, tmp_path) -> None:
    """Workspaces that are made here are on the server."""
    copies.keep_apart(tmp_path / "copies", monkeypatch)
    create = Workspace.create
    monkeypatch.setattr(
        Workspace, "create", lambda folder: create(folder, postgresql.url(postgresql.new_database(template)))
    )


def shown(pilot: Pilot[None]) -> set[tuple[str, ...]]:
    """(field, words) of the labels that the screen shows of the open document."""
    session = pilot.app.mode_screen.session
    return {
        (span.field, *(session.tokens[token].text for token in span.tokens))
        for span in session.view.content.annotations.spans
    }


async def test_anothers_label_on_the_open_document_is_shown_and_the_next_key_builds_on_it(opened, tmp_path):
    page = sample_documents.page_of(sample_documents.RECEIPT)
    mine = sample_documents.workspace_of(tmp_path / "shop", [sample_documents.new(name, [page]) for name in "ab"])
    theirs = Workspace.open(mine.files.root)
    async with opened(mine) as pilot:
        await pilot.press("2")
        cursor = pilot.app.mode_screen.session.cursor.token
        editor = DocumentEditor(theirs, 1, annotator="bob")
        total = sample_documents.find(editor.content, "9.00")
        editor.act("assign", acts.assign(editor.state, "amount_total", total, "bob"))
        await until(pilot, lambda: ("amount_total", "9.00") in shown(pilot))
        assert "bob changed this document" in str(pilot.app.mode_screen.query_one(HintLine).render())
        assert pilot.app.mode_screen.session.cursor.token == cursor
        await pilot.press("5")  # no conflict: it is an act on the document as it is now
        assert labels(mine) == {
            "invoice_date": ["25/12/2018"], "amount_total": ["9.00"], "seller_name": ["ACME TRADING SDN BHD"],
        }  # fmt: skip
    for workspace in (mine, theirs):
        workspace.close()


async def test_the_list_and_the_count_of_labelled_documents_follow_another_terminal(opened, tmp_path):
    page = sample_documents.page_of(sample_documents.RECEIPT)
    mine = sample_documents.workspace_of(tmp_path / "shop", [sample_documents.new(name, [page]) for name in "ab"])
    theirs = Workspace.open(mine.files.root)
    async with opened(mine) as pilot:
        status, listed = pilot.app.mode_screen.query_one(StatusLine), pilot.app.mode_screen.query_one(DocumentList)
        assert "0/2 labelled" in str(status.render())
        editor = DocumentEditor(theirs, 2, annotator="bob")
        editor.act("accept", acts.finish(editor.state))
        await until(pilot, lambda: "1/2 labelled" in str(status.render()))
        await until(pilot, lambda: listed._row(1).state is State.LABELLED)
    for workspace in (mine, theirs):
        workspace.close()


async def test_the_sheet_shows_another_terminals_class_and_the_cursor_stays(opened, tmp_path):
    mine = text_documents.workspace(tmp_path / "w")
    theirs = Workspace.open(mine.files.root)
    async with opened(mine) as pilot:
        await pilot.press("f7")
        await until(pilot, lambda: pilot.app.mode_screen.mode == "sheet" and bool(pilot.app.mode_screen.rows))
        await pilot.press("down")
        at = pilot.app.mode_screen.texts.document
        editor = DocumentEditor(theirs, 1, annotator="bob")
        field = mine.schema.classes[0]
        editor.act("classify", acts.classify(editor.state, field.id, ["invoice"], "bob"))
        await until(pilot, lambda: not pilot.app.mode_screen.rows[1].is_open)
        assert pilot.app.mode_screen.texts.document == at
        assert options_of(mine)[0] == ["invoice"]
    for workspace in (mine, theirs):
        workspace.close()


async def test_a_queue_in_view_shows_the_round_that_another_terminal_opened(opened, tmp_path):
    page = sample_documents.page_of(sample_documents.RECEIPT)
    mine = sample_documents.workspace_of(tmp_path / "shop", [sample_documents.new(name, [page]) for name in "ab"])
    theirs = Workspace.open(mine.files.root)
    async with opened(mine) as pilot:
        await pilot.press("f3")
        await until(pilot, lambda: pilot.app.mode_screen.mode == "queue" and pilot.app.mode_screen.overview.pool == 2)
        with theirs.db.write() as connection:
            queue.open_round(connection, "", "random", 0, [QueueEntry(0, 1, 1, 0.5, (), {}, False, False)], {})
        await until(pilot, lambda: pilot.app.mode_screen.overview.round is not None)
    for workspace in (mine, theirs):
        workspace.close()
