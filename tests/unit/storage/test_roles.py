"""The rights of docs/roles.sql, on a real server: what an annotator may do, and what the server refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text

from storage import annotations, opinions
from storage.exceptions import NotWritten, WorkspaceProblem
from storage.records import Annotations, Decision, Opinion, Span, State
from storage.runs import remove
from storage.suggestions import keep_suggestions
from tests.support import ROOT, workspaces
from tests.support.finished_run import finish
from tests.support.postgresql_server import TestServer
from workbench.annotation.blind_editor import BlindEditor
from workbench.annotation.session import open_editor
from workbench.runs.reconcile import reconcile
from workbench.workspace import Workspace

pytestmark = pytest.mark.postgresql
ROLES = ROOT / "docs" / "roles.sql"
SPAN = frozenset({Span("amount_total", (0,))})


@pytest.fixture
def shop(postgresql: TestServer, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace of the owner's with documents, in a database to which the rights were given, twice."""
    name = postgresql.new_database(template)
    address = f"postgresql:///{name}?host={postgresql.folder}&port={postgresql.port}"
    monkeypatch.setenv("PGUSER", "owner")
    monkeypatch.setattr(Workspace, "create", lambda folder, create=Workspace.create: create(folder, address))
    workspaces._workspace(tmp_path / "shop", {"train": 3, "validation": 2, "test": 1, "pool": 3}).close()
    for _ in range(2):
        postgresql.execute(ROLES.read_text(), database=name)
    for who in ("anna", "ben"):
        postgresql.execute(
            f"DO $$ BEGIN CREATE ROLE {who} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            f"GRANT workbench_annotator TO {who}", database=name,
        )  # fmt: skip
    yield tmp_path / "shop"
    postgresql.drop(name)


@pytest.fixture
def annas(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The workspace as Anna opens it."""
    monkeypatch.setenv("PGUSER", "anna")
    monkeypatch.setenv("WORKBENCH_ANNOTATOR", "anna")
    workspace = Workspace.open(shop)
    yield workspace
    workspace.close()


def test_an_annotator_labels_and_undoes_trains_and_chooses_what_is_next(annas: Workspace) -> None:
    with annas.db.read() as connection:
        number = connection.scalar(text("SELECT max(id) FROM documents"))
    with annas.db.write() as connection:
        keep_suggestions(connection, "starter", {number: [("invoice_no", (1,), 0.9)]})
    editor = open_editor(annas, number)
    assert editor.act("label", Annotations(spans=SPAN, state=State.STARTED, note="paid"))
    [suggestion] = editor.open_suggestions
    rejected = frozenset({(suggestion.id, Decision.REJECTED)})
    assert editor.act("reject", Annotations(spans=SPAN, state=State.LABELLED, decisions=rejected))
    with annas.db.write() as connection:
        kept, version = annotations.current(connection, number) or (Annotations(), 0)
        annotations.undo(connection, number, version, kept, "anna")
        assert [event.annotator for event in annotations.history(connection, number)] == ["anna"] * 3
    run = finish(annas)
    assert run.f1 is not None and reconcile(annas) == []
    with annas.db.write() as connection:
        connection.execute(
            text("INSERT INTO rounds (run, strategy, seed, created, figures) VALUES ('', 'random', 0, now(), '{}')")
        )
        connection.execute(text("DELETE FROM rounds"))


def test_a_blind_labelling_is_its_annotators_alone(
    annas: Workspace, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with annas.db.read() as connection:
        number = connection.scalar(text("SELECT min(id) FROM documents"))
    blind = BlindEditor(annas, number)
    blind.act("label", Annotations(spans=SPAN, state=State.STARTED))
    blind.act("accept", Annotations(spans=SPAN, state=State.LABELLED))
    monkeypatch.setenv("PGUSER", "ben")
    monkeypatch.setenv("WORKBENCH_ANNOTATOR", "ben")
    bens = Workspace.open(shop)
    with bens.db.read() as connection:
        annas_opinion = opinions.get(connection, number, "anna")
    assert annas_opinion.done and len(annas_opinion.spans) == 1
    changed = Opinion(number, "anna", 0, frozenset(), done=True)
    for act in (opinions.keep, opinions.settle):
        with pytest.raises(WorkspaceProblem, match="Your role may not do that"), bens.db.write() as connection:
            act(connection, changed)
    with pytest.raises(WorkspaceProblem, match="Your role may not do that"), bens.db.write() as connection:
        connection.execute(text("UPDATE opinions SET annotator = 'ben'"))
    with pytest.raises(WorkspaceProblem, match="Your role may not do that"):
        BlindEditor(bens, number, annotator="clara").act("label", Annotations(spans=SPAN, state=State.STARTED))
    BlindEditor(bens, number).act("label", Annotations(spans=SPAN, state=State.STARTED))
    with bens.db.read() as connection:
        assert opinions.get(connection, number, "anna") == annas_opinion
        assert opinions.get(connection, number, "ben").spans
    bens.close()


def test_nobody_signs_with_anothers_name(annas: Workspace) -> None:
    with annas.db.read() as connection:
        number = connection.scalar(text("SELECT max(id) FROM documents"))
    editor = open_editor(annas, number)
    editor.annotator = "ben"
    with pytest.raises(WorkspaceProblem, match="Your role may not do that") as refused:
        editor.act("label", Annotations(spans=SPAN, state=State.STARTED))
    assert "WORKBENCH_ANNOTATOR" in refused.value.remedy
    with annas.db.read() as connection:
        kept = annotations.current(connection, number)
    assert kept is not None and kept[0] == Annotations(), "nothing of the act is there"


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE spans",
        "ALTER TABLE documents ADD COLUMN mine text",
        "TRUNCATE events",
        "DELETE FROM documents",
        "DELETE FROM events",
        "UPDATE events SET annotator = 'anna'",
        "UPDATE documents SET side = 'test'",
        "UPDATE pages SET tokens = ''",
        "INSERT INTO retired_fields VALUES ('amount_total')",
        "UPDATE alembic_version SET version_num = 'x'",
        "DELETE FROM workspace",
        "DELETE FROM opinions",
        "DROP POLICY change_own ON opinions",
        "ALTER TABLE opinions DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE mine (a int)",
    ],
)
def test_what_an_annotator_may_not_do_is_refused(annas: Workspace, statement: str) -> None:
    assert annas.db.server is not None
    engine = annas.db.server.engine
    with engine.connect() as connection, pytest.raises(Exception) as refused:
        connection.execute(text(statement))
    assert isinstance(getattr(refused.value, "orig", None), InsufficientPrivilege), refused.value


def test_a_field_is_retired_by_the_owner_alone_and_a_run_deleted(
    annas: Workspace, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retired = lambda schema: schema.change("amount_total", retired=True)  # noqa: E731
    with pytest.raises(WorkspaceProblem, match="Your role may not do that"):
        annas.change_schema(retired)
    run = finish(annas)
    with pytest.raises(WorkspaceProblem, match="Your role may not do that"), annas.db.write() as connection:
        remove(connection, run.id)
    monkeypatch.setenv("PGUSER", "owner")
    owners = Workspace.open(shop)
    owners.change_schema(retired)
    with owners.db.write() as connection:
        remove(connection, run.id)
    owners.close()


def test_who_has_no_such_role_is_let_in_to_nothing(
    shop: Path, postgresql: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql.execute("DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN")
    monkeypatch.setenv("PGUSER", "stranger")
    with pytest.raises(NotWritten, match="permission denied for database"):
        Workspace.open(shop).db  # noqa: B018 - it is opened
