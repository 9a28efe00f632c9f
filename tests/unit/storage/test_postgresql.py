"""What only a server can do wrong: several writers, a password, a second workspace, a line that breaks."""

import queue
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import annotations, document_list, documents, import_index, opinions, runs
from storage.database import Database
from storage.exceptions import Busy, Conflict, NotWritten, WorkspaceProblem
from storage.records import Annotations, ClassLabel, Opinion, Run, RunState, Span
from storage.tables import opinions as opinions_table
from tests.support.ports import free_port
from tests.support.postgresql_server import TestServer, running
from tests.support.store import new

pytestmark = pytest.mark.postgresql


@pytest.fixture
def address(postgresql: TestServer, template: str) -> Iterator[str]:
    """The address of a database with the tables of a workspace."""
    name = postgresql.new_database(template)
    yield postgresql.url(name)
    postgresql.drop(name)


def _at_once(work: Callable[[int], object], number: int) -> list[object]:
    """Results or errors of threads that begin at the same moment."""
    results: list[object] = [None] * number
    gate = threading.Barrier(number)

    def run(place: int) -> None:
        gate.wait()
        try:
            results[place] = work(place)
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_that_open_a_new_database_make_its_tables_once(postgresql: TestServer) -> None:
    url = postgresql.url(postgresql.new_database())

    def open_it(_: int) -> None:
        database = Database(url)
        database.migrate()
        database.close()

    assert _at_once(open_it, 3) == [None, None, None]


def test_no_act_of_eight_writers_is_lost(address: str) -> None:
    """Each adds a label to the same documents; who was overtaken reads again, and repeats the act."""
    database, writers, acts = Database(address), 8, 6
    with database.write() as connection:
        ids = documents.add(connection, [new("a"), new("b")], "me")
    overtaken = []

    def label(writer: int) -> None:
        mine = Database(address)
        for act in range(acts):
            document = ids[act % 2]
            while True:
                with mine.read() as connection:
                    content = documents.open_document(connection, document)
                before = content.annotations
                added = ClassLabel("kind", f"{writer} {act}", annotator=str(writer))
                after = Annotations(before.spans, classes=before.classes | {added})
                try:
                    with mine.write() as connection:
                        annotations.commit(
                            connection, document, content.document.version, before, after, "classify", str(writer)
                        )
                    break
                except Conflict:
                    overtaken.append(writer)
        mine.close()

    assert _at_once(label, writers) == [None] * writers
    with database.read() as connection:
        kept = [documents.open_document(connection, number) for number in ids]
        events = [annotations.history(connection, number) for number in ids]
    database.close()
    assert sum(len(content.annotations.classes) for content in kept) == writers * acts
    assert sum(content.document.version for content in kept) == sum(map(len, events)) == writers * acts
    assert overtaken  # or this has tested nothing


def test_three_imports_at_once_bring_each_document_in_once(address: str) -> None:
    names = [f"d{number}" for number in range(60)]

    def bring_in(_: int) -> None:
        database = Database(address)
        for start in range(0, len(names), 20):
            with database.write() as connection:
                batch = [new(name) for name in names[start : start + 20]]
                known = documents.known(connection, [document.digest for document in batch])
                documents.add(connection, [document for document in batch if document.digest not in known], "me")
                documents.add_problems(connection, [("x.png", "", "r" * 5000)])
        database.close()

    assert _at_once(bring_in, 3) == [None] * 3
    database = Database(address)
    with database.read() as connection:
        assert document_list.count(connection) == 60 and len(documents.list_problems(connection)) == 1
    database.close()


def test_an_opinion_that_is_given_twice_at_once_is_kept_once(address: str) -> None:
    database = Database(address)
    with database.write() as connection:
        (number,) = documents.add(connection, [new()], "me")

    def give(place: int) -> None:
        with database.write() as connection:
            opinions.keep(connection, Opinion(number, "ann", 0, frozenset({Span("amount_total", (place,))})))

    assert _at_once(give, 5) == [None] * 5
    with database.read() as connection:
        assert len(connection.execute(opinions_table.select()).all()) == 1
    database.close()


def test_a_reader_sees_one_moment(address: str) -> None:
    database, other = Database(address), Database(address)
    with database.read() as connection:
        before = document_list.count(connection)
        with other.write() as writer:
            documents.add(writer, [new()], "me")
        assert document_list.count(connection) == before == 0
    with database.read() as connection:
        assert document_list.count(connection) == 1
    for opened in (database, other):
        opened.close()


def test_a_writer_that_waits_too_long_is_told_who_holds_it(address: str) -> None:
    holder, impatient = Database(address), Database(address, busy_seconds=0.2)
    with holder.write(), pytest.raises(Busy, match=r"workbench \d+ on .* \(owner\)"), impatient.write():
        pass
    with impatient.write() as connection:
        documents.add(connection, [new()], "me")
    for opened in (holder, impatient):
        opened.close()


def test_what_another_process_wrote_is_heard_of_at_once_and_what_this_one_wrote_is_not(address: str) -> None:
    database, other, news = Database(address), Database(address), queue.SimpleQueue[str]()
    assert database.server is not None
    database.server.listen(lambda: news.put("written"))
    assert news.get(timeout=20) == "written"  # it listens now, and what came before may have been missed
    with database.write() as connection:
        (number,) = documents.add(connection, [new()], "me")
    with pytest.raises(queue.Empty):
        news.get(timeout=1)
    with other.write() as connection:
        documents.add(connection, [new("b")], "bob")
    assert news.get(timeout=20) == "written"
    with pytest.raises(Conflict), other.write() as connection:  # what is not committed is nothing to tell
        annotations.commit(connection, number, 99, Annotations(), Annotations(note="x"), "note", "bob")
    with pytest.raises(queue.Empty):
        news.get(timeout=1)
    for opened in (database, other):
        opened.close()


def test_a_word_with_nul_and_a_figure_that_is_none_cost_nothing(address: str) -> None:
    database = Database(address)
    run = Run("r", "r", RunState.FINISHED, "layoutlm", "fast", {"loss": float("nan")}, datetime.now(UTC))
    with database.write() as connection:
        (number,) = documents.add(connection, [new("a", "To\0tal 9.00", group="A\0", source="s" * 5000)], "me")
        text = import_index.NewText("t", "t\0", "digest", "csv", ["wo\0rd"], group="g" * 9000)
        ((second, _),) = import_index.add_texts(connection, [text], "me")
        runs.add(connection, run)
        (third,) = documents.add(connection, [new("b", "Other words")], "me")
    with database.read() as connection:
        assert documents.open_document(connection, number).pages[0].tokens[0].text == "To\0tal"
        assert document_list.search(connection, "9.00") == [number]
        assert runs.get(connection, "r").config == {"loss": None}
    assert number < second < third
    database.close()


@pytest.mark.parametrize("option", ["nonsense=1", "connect_timeout=abc", "sslmode=bogus"])
def test_an_option_of_the_address_that_is_none_is_named(option: str) -> None:
    database = Database(f"postgresql://ann@127.0.0.1:1/shop?{option}")
    with pytest.raises(WorkspaceProblem, match=f"cannot be reached .*{option.partition('=')[0]}"), database.read():
        pass
    database.close()


@pytest.mark.parametrize("place", ["db..example.org/shop", f"{'a' * 64}.org/shop", "127.0.0.1/shop?host=a..b"])
def test_a_name_that_no_server_can_have_is_said_to_be_none(place: str) -> None:
    database = Database(f"postgresql://anna@{place}")
    with pytest.raises(WorkspaceProblem, match=r"cannot be reached \(no server can have this name"), database.read():
        pass
    database.close()


def test_an_address_that_is_written_wrongly_is_not_shown_with_its_password() -> None:
    with pytest.raises(WorkspaceProblem, match="cannot be read") as refused:
        Database("postgresql:///ann:hunter2@127.0.0.1/shop")  # three slashes
    assert "hunter2" not in refused.value.message + refused.value.remedy


@pytest.mark.parametrize("secret", ["ann:hunter2@127.0.0.1/shop", "127.0.0.1/shop?user=ann&password=hunter2"])
def test_an_address_with_a_password_is_refused(secret: str) -> None:
    with pytest.raises(WorkspaceProblem, match="has a password in it") as refused:
        Database(f"postgresql://{secret}")
    assert "hunter2" not in refused.value.message + refused.value.remedy and ".pgpass" in refused.value.remedy


def test_the_tables_of_another_program_are_left_alone(postgresql: TestServer) -> None:
    name = postgresql.new_database()
    postgresql.execute("CREATE TABLE documents (id int)", database=name)
    database = Database(postgresql.url(name))
    with pytest.raises(WorkspaceProblem, match=r"tables of another program \(documents\)"):
        database.migrate()
    database.close()


def test_a_second_workspace_on_a_database_is_noticed(address: str, tmp_path: Path) -> None:
    first, second = Database(address), Database(address)
    first.claim(tmp_path / "one.id", "here:/one")
    first.claim(tmp_path / "one.id", "elsewhere:/mnt/one")  # the same folder, from another machine
    with pytest.raises(WorkspaceProblem, match="belongs to the workspace here:/one"):
        second.claim(tmp_path / "two.id", "here:/two")
    second.claim(tmp_path / "two.id", "here:/two", take_over=True)
    with pytest.raises(WorkspaceProblem, match="here:/two"):
        first.claim(tmp_path / "one.id", "here:/one")
    for opened in (first, second):
        opened.close()


def test_a_role_without_the_right_to_write_is_named(postgresql: TestServer, template: str) -> None:
    name = postgresql.new_database(template)
    postgresql.execute(
        "CREATE ROLE reader LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database=name
    )
    database = Database(postgresql.url(name, "reader"))
    with database.read() as connection:
        assert document_list.count(connection) == 0
    with pytest.raises(WorkspaceProblem, match="Your role may not do that"), database.write() as connection:
        documents.add(connection, [new()], "me")
    database.close()


def test_after_a_restart_of_the_server_others_are_heard_again() -> None:
    with running() as server:
        url = server.url(server.new_database())
        database, other, news = Database(url), Database(url), queue.SimpleQueue[str]()
        database.migrate()
        assert database.server is not None
        listener = database.server.listen(lambda: news.put("written"))
        news.get(timeout=20)
        server.stop()
        server.start()
        assert news.get(timeout=20) == "written"  # reached again
        with other.write() as connection:
            documents.add(connection, [new()], "bob")
        assert news.get(timeout=20) == "written"
        for opened in (database, other):
            opened.close()
        listener.join(20)
        assert not listener.is_alive()  # it ended with its database


def test_a_server_that_restarts_loses_nothing_that_was_saved() -> None:
    """An act that it cuts off is not saved and its cause is named; the next one reconnects."""
    with running(durable=True) as server:
        database = Database(server.url(server.new_database()))
        database.migrate()
        with database.write() as connection:
            documents.add(connection, [new("saved")], "me")
        with pytest.raises(WorkspaceProblem, match="cannot be reached"), database.write() as connection:
            documents.add(connection, [new("cut off")], "me")
            server.kill()
        with pytest.raises(WorkspaceProblem, match=r"cannot be reached.*Is the server running"), database.read():
            pass
        server.start()
        with database.write() as connection:
            documents.add(connection, [new("later")], "me")
        with database.read() as connection:
            assert [d.name for d in document_list.page(connection, document_list.Filter(), 0, None)] == [
                "saved",
                "later",
            ]
        database.close()


def test_another_server_that_takes_over_is_found_by_the_same_address() -> None:
    """The address names both; what one took when it went down is there on the other, which has its data."""
    with running(durable=True) as server:
        name, place, ports = server.new_database(), server.folder, (server.port, free_port())
        both = f"host={place},{place}&port={ports[0]},{ports[1]}&target_session_attrs=read-write"
        database = Database(f"postgresql://owner@/{name}?{both}")
        database.migrate()
        with database.write() as connection:
            documents.add(connection, [new("saved")], "me")
        with pytest.raises(WorkspaceProblem, match="cannot be reached"), database.write() as connection:
            documents.add(connection, [new("cut off")], "me")
            server.kill()
        server.port = ports[1]
        server.start()
        with database.write() as connection:
            documents.add(connection, [new("later")], "me")
        with database.read() as connection:
            listed = document_list.page(connection, document_list.Filter(), 0, None)
        assert [document.name for document in listed] == ["saved", "later"]
        database.close()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM alembic_version",
        "UPDATE alembic_version SET version_num = '0001'",
        "DROP TABLE workspace",
        "ALTER TABLE documents RENAME TO others",
        "ALTER TABLE documents DROP COLUMN name CASCADE",
        "DROP TABLE spans CASCADE",
    ],
)
def test_tables_that_others_changed_are_named_as_what_is_wrong(
    postgresql: TestServer, address: str, tmp_path: Path, damage: str
) -> None:
    postgresql.execute(damage, database=address.partition("@/")[2].partition("?")[0])
    database = Database(address)
    with pytest.raises(WorkspaceProblem, match="has not the tables"):
        database.migrate()
        database.claim(tmp_path / "id", "here")
        with database.write() as connection:
            documents.add(connection, [new("a")], "me")
        with database.read() as connection:
            documents.open_document(connection, 1)
    database.close()


def test_a_step_that_the_server_ends_is_not_written(address: str) -> None:
    database = Database(f"{address}&options=-c%20statement_timeout%3D50")
    with pytest.raises(NotWritten, match="ended this step"), database.read() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    database.close()


@pytest.mark.parametrize("option", ["port=abc", "host=x&port=1,2"])
def test_an_address_that_no_driver_takes_is_refused(option: str) -> None:
    with pytest.raises(WorkspaceProblem, match="cannot be used"):
        Database(f"postgresql://me@/shop?{option}")
