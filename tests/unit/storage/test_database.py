"""Transactions, waiting, refusing, and bringing old workspaces up to date."""

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

import storage.migrations
from storage import document_list, documents
from storage.database import Contents, Database, contents_of, file_of_url
from storage.exceptions import Busy, DeletedElsewhere, NewerWorkspace, NotWritten, WorkspaceProblem
from storage.migrations import HEAD
from storage.records import Span, Suggestion
from storage.suggestions import bring_back, keep_class_suggestions, keep_suggestions
from tests.support.store import new

VERSIONS = Path(storage.migrations.__file__).parent / "versions"


def _url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_all_or_nothing(db: Database) -> None:
    with pytest.raises(RuntimeError), db.write() as connection:
        documents.add(connection, [new()], "me")
        raise RuntimeError
    with db.read() as connection:
        assert document_list.count(connection) == 0


def test_what_belongs_to_a_deleted_document_is_refused_as_that(db: Database) -> None:
    """By whatever database: another process deleted it since it was opened here."""
    with pytest.raises(DeletedElsewhere, match="Nothing of this step"), db.write() as connection:
        bring_back(connection, 77, [Suggestion(1, "amount_total", (0,), 0.9, "run")])


def test_of_a_document_that_was_deleted_while_a_model_read_it_nothing_is_suggested(db: Database) -> None:
    with db.write() as connection:
        [there] = documents.add(connection, [new()], "me")
        proposals = {number: [("amount_total", (0,), 0.9)] for number in (there, 77)}
        assert keep_suggestions(connection, "run", proposals) == 1
        assert keep_class_suggestions(connection, "run", "kind", {there: [("a", 0.9)], 77: [("a", 0.9)]}) == 1


def test_head_is_the_newest_migration() -> None:
    newest = max(path.name.split("_")[0] for path in VERSIONS.glob("[0-9]*.py"))
    assert newest == storage.migrations.HEAD


def _schema(database: Database) -> dict[str, dict[str, Any]]:
    """Columns, keys, constraints and indexes of every table, by their names; in which order they stand is no matter."""
    with database.read() as connection:
        tables = inspect(connection)
        return {
            name: {
                "columns": {column["name"]: str(column) for column in tables.get_columns(name)},
                "primary": tables.get_pk_constraint(name),
                "foreign": sorted(map(str, tables.get_foreign_keys(name))),
                "unique": sorted(map(str, tables.get_unique_constraints(name))),
                "indexes": sorted(map(str, tables.get_indexes(name))),
            }
            for name in tables.get_table_names()
        }


def test_a_document_that_an_earlier_version_accepted_counts_no_open_suggestions(sqlite: Database) -> None:
    with sqlite.write() as connection:
        ids = [documents.add(connection, [new(name)], "me")[0] for name in "ab"]
        connection.execute(text("UPDATE documents SET suggestions = 7"))
        connection.execute(text("UPDATE documents SET state = 'labelled' WHERE id = :id"), {"id": ids[0]})
        connection.execute(text("UPDATE alembic_version SET version_num = '0006'"))
    sqlite.migrate()
    with sqlite.read() as connection:
        counts = connection.execute(text("SELECT suggestions FROM documents ORDER BY id")).scalars().all()
    assert counts == [0, 7]


def test_the_oldest_schema_is_brought_up_to_date_after_a_copy_and_is_that_of_a_new_database(
    tmp_path: Path, sqlite: Database
) -> None:
    from alembic import command
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext

    from storage.tables import metadata

    path = tmp_path / "oldest" / "workbench.db"
    path.parent.mkdir()
    database = Database(_url(path))
    oldest = min(file.stem.split("_")[0] for file in VERSIONS.glob("[0-9]*.py"))
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, oldest)
    database.migrate()
    with database.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == storage.migrations.HEAD
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert _schema(database) == _schema(sqlite)
    assert path.with_suffix(f".before-{storage.migrations.HEAD}.db").exists() == (oldest != storage.migrations.HEAD)
    database.close()


def test_a_newer_workspace_is_refused_and_left_alone(sqlite: Database, tmp_path: Path) -> None:
    with sqlite.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    sqlite.close()
    path = tmp_path / "workbench.db"
    before = path.read_bytes()
    newer = Database(_url(path))
    with pytest.raises(NewerWorkspace, match="9999") as caught:
        newer.migrate()
    newer.close()
    assert "Update" in caught.value.remedy
    assert path.read_bytes() == before


def test_a_locked_database_is_waited_for_and_then_said_who(sqlite: Database, tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sqlite3, sys, os, pathlib; p = pathlib.Path(sys.argv[1]);"
            "c = sqlite3.connect(p, isolation_level=None); c.execute('BEGIN IMMEDIATE');"
            "p.with_name('writer.pid').write_text(str(os.getpid())); print('held', flush=True); sys.stdin.read()",
            str(tmp_path / "workbench.db"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        impatient = Database(_url(tmp_path / "workbench.db"), busy_seconds=0.3)
        with pytest.raises(Busy, match=f"process {holder.pid}"), impatient.write():
            pass
        impatient.close()
        with sqlite.read() as connection:  # reading goes on
            assert document_list.count(connection) == 0
    finally:
        holder.communicate()


def test_waiting_ends_well_when_the_other_is_done(sqlite: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "workbench.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    import threading

    timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    timer.start()
    with sqlite.write() as connection:
        documents.add(connection, [new()], "me")
    timer.join()
    other.close()
    with sqlite.read() as connection:
        assert document_list.count(connection) == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql+pymysql://ann:secret@127.0.0.1/shop", "driver is not installed"),
        ("nonsense", "address of the database"),
        ("foo://ann:secret@127.0.0.1/shop", "address of the database"),
        ("postgresql://ann:secret@127.0.0.1:port/shop", "address of the database"),
        ("sqlite+pysqlite:////no/such/folder/shop.db", "unable to open"),  # goes the way of every other database
    ],
)
def test_another_database_that_cannot_be_opened_is_said_with_its_remedy(url: str, message: str) -> None:
    with pytest.raises(WorkspaceProblem, match=message) as caught:
        Database(url).migrate()
    assert caught.value.remedy and "secret" not in caught.value.message


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    path.write_bytes(b"this is no database, " * 100)
    with pytest.raises(WorkspaceProblem, match="damaged"):
        Database(_url(path)).migrate()


@pytest.mark.parametrize(("place", "value"), [(44, 255), (16, 7), (56, 9), (28, 0xFF)])
def test_a_database_whose_head_is_damaged_is_said(tmp_path: Path, place: int, value: int) -> None:
    """In whatever words SQLite says so: "unsupported file format" for the number of its schema's format."""
    path = tmp_path / "workbench.db"
    database = Database(_url(path))
    database.migrate()
    database.close()
    content = bytearray(path.read_bytes())
    content[place : place + 4] = value.to_bytes(4, "big")
    path.write_bytes(content)
    with suppress(WorkspaceProblem):  # one that SQLite puts right by itself is no problem
        Database(_url(path)).migrate()


def test_rows_that_are_damaged_are_no_fault_of_the_program(sqlite: Database, tmp_path: Path) -> None:
    """Whatever reading them raises: SQLite itself says that a row breaks its table's rules."""
    with sqlite.write() as connection:
        documents.add(connection, [new("a")], "me")
    file = file_of_url(str(sqlite.url)) or tmp_path
    sqlite.close()
    rule, none = "side VARCHAR(16) NOT NULL", "side VARCHAR(16)"
    for before, after in ((rule, none), (none, rule)):
        with closing(sqlite3.connect(file, isolation_level=None)) as plain:
            plain.execute("PRAGMA writable_schema=ON")
            plain.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?)", (before, after))
        with closing(sqlite3.connect(file, isolation_level=None)) as plain:
            plain.execute("UPDATE OR IGNORE documents SET side = NULL")
    with pytest.raises(WorkspaceProblem, match="damaged"), Database(file).read() as connection:
        document_list.status(connection)
    with pytest.raises(KeyError), Database(tmp_path / "other.db").read():
        raise KeyError  # of a sound database it is what it is


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE documents SET corrections = '{\"0\": 5}'",
        "UPDATE documents SET absent = '[{}]'",
        "UPDATE documents SET created = 'yesterday'",
        "UPDATE documents SET token_count = 9223372036854775807",
        "UPDATE documents SET id = 77",
        "UPDATE pages SET width = 0",
        "UPDATE pages SET first_token = 100000",
        "UPDATE spans SET tokens = '[1.5]'",
        "UPDATE spans SET tokens = '[-1]'",
        "UPDATE spans SET tokens = '[99999]'",
    ],
)
def test_values_inside_a_row_that_are_never_written_are_damage(sqlite: Database, tmp_path: Path, harm: str) -> None:
    """A received database: its commands ended as faults of the program."""
    with sqlite.write() as connection:
        documents.add(connection, [replace(new("a"), spans=(Span("amount_total", (0,)),))], "me")
    sqlite.close()
    file = tmp_path / "workbench.db"
    assert not Database(file).is_damaged()
    with closing(sqlite3.connect(file, isolation_level=None)) as plain:
        plain.execute(harm)
    assert Database(file).is_damaged()


def test_what_stands_in_the_write_ahead_log_decides_whether_a_database_is_damaged(
    sqlite: Database, tmp_path: Path
) -> None:
    with sqlite.write() as connection:
        documents.add(connection, [new("a")], "me")
    sqlite.close()
    file = tmp_path / "workbench.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as plain:
        plain.execute("PRAGMA wal_autocheckpoint=0")
        plain.execute("VACUUM")  # every page stands in the log now
        size = plain.execute("PRAGMA page_size").fetchone()[0]
        with file.open("r+b") as half:  # as a power cut leaves it, while the log is being folded into the file
            half.seek(size)
            half.write(bytes(file.stat().st_size - size))
        assert not Database(file).is_damaged()
        assert contents_of(file, thoroughly=True) == Contents(HEAD, 1, 0)
        plain.execute("UPDATE pages SET width = 0")
        assert Database(file).is_damaged()


def test_a_database_that_cannot_be_read_now_is_not_called_damaged(sqlite: Database, tmp_path: Path) -> None:
    with sqlite.write() as connection:
        documents.add(connection, [new("a")], "me")
    sqlite.close()
    file = tmp_path / "workbench.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as plain:
        plain.execute("PRAGMA locking_mode=EXCLUSIVE")
        plain.execute("UPDATE pages SET width = width")
        assert not Database(file).is_damaged()


def test_a_read_only_workspace_can_be_read_and_is_said_where_it_is_to_be_written(
    sqlite: Database, tmp_path: Path, as_anybody: None
) -> None:
    with sqlite.write() as connection:
        documents.add(connection, [new()], "me")
    sqlite.close()
    folder = tmp_path / "frozen ? %41"
    folder.mkdir()
    shutil.copy(tmp_path / "workbench.db", folder)
    (folder / "workbench.db").chmod(0o444)
    folder.chmod(0o555)
    frozen = Database(folder / "workbench.db")
    frozen.migrate()
    with frozen.read() as connection:
        assert document_list.count(connection) == 1
    with pytest.raises(NotWritten, match="cannot be written"), frozen.write() as connection:
        documents.add(connection, [new()], "me")
    assert [path.name for path in folder.iterdir()] == ["workbench.db"]
    folder.chmod(0o755)
    (folder / "workbench.db-wal").touch()  # its owner opens it
    with pytest.raises(WorkspaceProblem, match="Another user"), frozen.read() as connection:
        document_list.count(connection)
    folder.chmod(0o755)


def test_a_full_disk_keeps_what_was_there(sqlite: Database) -> None:
    with sqlite.write() as connection:
        documents.add(connection, [new()], "me")
        pages = connection.execute(text("PRAGMA page_count")).scalar()
    with pytest.raises(WorkspaceProblem, match="No space is left"), sqlite.write() as connection:
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        documents.add(connection, [new(f"d{i}", "word " * 5000) for i in range(20)], "me")
    with sqlite.read() as connection:
        assert document_list.count(connection) == 1
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def test_only_one_module_speaks_sqlite() -> None:
    root = Path(storage.__file__).parent
    users = {
        path.name
        for path in root.glob("*.py")
        if re.search(r"PRAGMA|sqlite3|BEGIN IMMEDIATE", path.read_text(encoding="utf-8"))
    }
    assert users == {"database.py"}
