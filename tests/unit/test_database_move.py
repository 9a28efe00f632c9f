"""The database goes to a server and back: every row, or the workspace stays as it was."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from storage import annotations, document_list, documents, opinions, runs, tables
from storage.database import Database
from storage.exceptions import Busy, UsageProblem, WorkspaceProblem
from storage.postgresql import transfer
from storage.records import Annotations, ClassLabel, Opinion, Run, RunState, Span
from tests.support.postgresql_server import TestServer
from tests.support.store import LABELLED, new
from workbench import database_move
from workbench.workspace import Workspace

pytestmark = pytest.mark.postgresql


def filled(root: Path) -> Workspace:
    """A workspace with rows in every table, odd ones among them."""
    workspace = Workspace.create(root)
    run = Run("r", "r", RunState.FINISHED, "layoutlm", "fast", {"loss": 0.5}, datetime(2026, 1, 2, 3, 4, 5, 678, UTC))
    with workspace.db.write() as connection:
        ids = documents.add(connection, [new("a", **LABELLED), new("é 发票", "To\0tal 9.00"), new("c")], "me")
        content = documents.open_document(connection, ids[2])
        label = ClassLabel("kind", "mail", annotator="me")
        after = Annotations(frozenset({Span("invoice_no", (2,))}), classes=frozenset({label}))
        annotations.commit(connection, ids[2], content.document.version, content.annotations, after, "classify", "me")
        opinions.keep(connection, Opinion(ids[0], "ann", 0, frozenset({Span("amount_total", (1,))})))
        documents.add_problems(connection, [("x.png", "", "r" * 5000)])
        runs.add(connection, run)
        for table, row in (
            (tables.rounds, {"id": 7, "run": "r", "strategy": "margin", "seed": 1, "created": run.created}),
            (tables.queue, {"round": 7, "document_id": ids[1], "rank": 1, "score": -0.0}),
            (tables.class_suggestions, {"document_id": 1, "field": "k", "option": "m", "probability": 0.1, "run": "r"}),
            (tables.value_imports, {"id": 3, "at": run.created, "annotator": "me", "tables": ["t"]}),
            (tables.value_import_changes, {"import_id": 3, "document_id": 1, "before": {"a": 1.5}}),
        ):
            connection.execute(insert(table).values(row))
        connection.execute(text("UPDATE runs SET config = '{\"loss\": NaN}', report = NULL"))
    return workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of such a workspace, closed."""
    workspace = filled(tmp_path / "ws")
    workspace.close()
    return tmp_path / "ws"


@pytest.fixture
def url(postgresql: TestServer) -> Iterator[str]:
    name = postgresql.new_database()
    yield postgresql.url(name)
    postgresql.drop(name)


def names(root: Path) -> list[str]:
    workspace = Workspace.open(root)
    with workspace.db.read() as connection:
        listed = [row.name for row in document_list.page(connection, document_list.Filter(), 0, None)]
    workspace.close()
    return listed


def test_every_row_goes_to_the_server_and_back(root: Path, url: str) -> None:
    before = names(root)
    there = database_move.move(Workspace.find(root), url)
    assert {table.table for table in there.tables if not table.rows} == {"retired_fields"}, "the test fills the others"
    assert not (root / "workbench.db").exists() and Path(there.kept).parent == root / "copies"
    assert names(root) == before
    workspace = Workspace.open(root)
    with workspace.db.write() as connection:  # numbers are counted on from those that were moved
        documents.add(connection, [new("later")], "me")
        assert connection.scalar(text("SELECT count(*) FROM runs WHERE report IS NULL")) == 1
        assert connection.scalar(select(tables.runs.c.config)) == {"loss": None}
    workspace.close()
    with pytest.raises(UsageProblem, match="already"):
        database_move.move(Workspace.find(root), url)

    back = database_move.move(Workspace.find(root), "sqlite")
    assert back.kept.startswith("postgresql://owner@/shop") and Workspace.find(root).settings.database == ""
    assert names(root) == [*before, "later"]
    with closing(sqlite3.connect(Path(there.kept))) as kept:
        assert kept.execute("SELECT count(*) FROM documents").fetchone() == (3,)
    unchanged = {"class_labels", "class_suggestions", "opinions", "queue", "runs", "value_imports", "problems"}
    digests = [{row.table: row.digest for row in move.tables if row.table in unchanged} for move in (there, back)]
    assert digests[0] == digests[1]
    with pytest.raises(WorkspaceProblem, match="holds a workspace already"):
        database_move.move(Workspace.find(root), url)
    assert (root / "workbench.db").stat().st_mode & 0o777 == 0o600


def test_a_digest_differs_where_a_value_does(root: Path) -> None:
    workspace = Workspace.open(root)
    with workspace.db.read() as connection:
        before = transfer.digests(connection)
    with workspace.db.write() as connection:
        connection.execute(text("UPDATE spans SET annotator = 'other' WHERE id = 1"))
    with workspace.db.read() as connection:
        after = transfer.digests(connection)
    workspace.close()
    assert [old.table for old, now in zip(before, after, strict=True) if old != now] == ["spans"]


def test_a_dry_run_counts_and_writes_nothing(root: Path, url: str) -> None:
    move = database_move.look(Workspace.find(root), url)
    assert move.rows > 10 and not move.kept
    target = Database(url)
    assert not target.has_tables
    target.close()
    assert Workspace.find(root).settings.database == "" and len(names(root)) == 3


@pytest.mark.parametrize("to", ["sqlite", "mysql://x/y", "/somewhere"])
def test_a_place_that_is_none_is_refused(root: Path, to: str) -> None:
    with pytest.raises(UsageProblem):
        database_move.move(Workspace.find(root), to)


def test_a_move_that_breaks_off_leaves_the_workspace_as_it_was_and_can_be_repeated(
    root: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(done: int, total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(transfer, "_BATCH", 1)
    with pytest.raises(KeyboardInterrupt):
        database_move.move(Workspace.find(root), url, broken)
    assert len(names(root)) == 3 and Workspace.find(root).settings.database == ""
    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk"):
        patch.setattr(database_move.settings_file, "write", _full)  # after the server has everything
        database_move.move(Workspace.find(root), url)
    assert len(names(root)) == 3 and (root / "workbench.db").exists()
    database_move.move(Workspace.find(root), url)

    with pytest.raises(KeyboardInterrupt):
        database_move.move(Workspace.find(root), "sqlite", broken)
    assert Workspace.find(root).settings.database == url and len(names(root)) == 3
    assert not [path for path in root.iterdir() if path.name.startswith(".moving")]
    database_move.move(Workspace.find(root), "sqlite")
    assert len(names(root)) == 3


def _full(*_: object) -> None:
    raise OSError("the disk is full")


def test_labels_that_were_added_after_an_interrupted_move_are_not_replaced_by_its_rows(
    root: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk"):
        patch.setattr(database_move.settings_file, "write", _full)
        database_move.move(Workspace.find(root), url)
    workspace = Workspace.open(root)
    with workspace.db.write() as connection:
        connection.execute(text("UPDATE documents SET note = 'mine' WHERE id = 1"))
    workspace.close()
    with pytest.raises(WorkspaceProblem, match="not the same"):
        database_move.move(Workspace.find(root), url)
    assert Workspace.find(root).settings.database == ""


def test_rows_that_the_server_does_not_keep_are_named(root: Path, url: str) -> None:
    workspace = Workspace.open(root)
    with workspace.db.write() as connection:
        connection.execute(text("UPDATE documents SET labels = 99999999999"))
    workspace.close()
    with pytest.raises(WorkspaceProblem, match="out of range"):
        database_move.move(Workspace.find(root), url)
    assert len(names(root)) == 3


def test_an_open_workspace_is_not_moved(root: Path, url: str, postgresql: TestServer) -> None:
    terminal = Workspace.open(root)
    with pytest.raises(Busy, match="open"):
        database_move.move(Workspace.find(root), url)
    terminal.close()
    database_move.move(Workspace.find(root), url)
    import psycopg

    with psycopg.connect(url, application_name="workbench 1 on elsewhere"), pytest.raises(Busy, match="1 on elsewhere"):
        database_move.move(Workspace.find(root), "sqlite")
    assert Workspace.find(root).settings.database == url


def test_another_workspace_s_database_is_left_alone(root: Path, url: str, tmp_path: Path) -> None:
    Workspace.create(tmp_path / "other", url).close()
    for act in (database_move.look, database_move.move):
        with pytest.raises(WorkspaceProblem, match="holds a workspace already"):
            act(Workspace.find(root), url)
    shutil.rmtree(tmp_path / "other")
