"""Documents in, the list, page by page, and the counts."""

import pytest

from storage import document_list, documents, import_index
from storage.database import Database
from storage.document_list import Filter
from storage.exceptions import Conflict, WorkspaceProblem
from storage.records import Page, ReferenceValue, Side, Split, State, Token
from tests.support.store import LABELLED, new


def test_a_document_comes_out_as_it_went_in(db: Database) -> None:
    added = new(language="en", **LABELLED)
    with db.write() as connection:
        (number,) = documents.add(connection, [added], "me")
    with db.read() as connection:
        content = documents.open_document(connection, number)
    assert content.pages == added.pages
    assert content.annotations.spans == frozenset(added.spans)
    assert content.annotations.state is State.LABELLED
    assert content.references == added.references
    assert [(s.field, s.tokens, s.confidence, s.run) for s in content.suggestions] == list(added.suggestions)
    row = content.document
    assert (row.labels, row.suggestions, row.token_count, row.language) == (
        2,
        0,
        5,
        "en",
    )  # an accepted one has no open suggestion
    assert row.split is Split.TRAIN


def test_ids_come_in_the_order_given(db: Database) -> None:
    with db.write() as connection:
        ids = documents.add(connection, [new(f"d{i}") for i in range(300)], "me")
        assert [documents.get(connection, number).name for number in ids] == [f"d{i}" for i in range(300)]


def test_the_list_filters_and_pages(db: Database) -> None:
    with db.write() as connection:
        documents.add(connection, [new(f"d{i}", f"Total {i}.00") for i in range(10)], "me")
        documents.add(connection, [new("done", "Gesamtbetrag 100% x_y", group="Other", **LABELLED)], "me")

        def names(**chosen: object) -> list[str]:
            return [d.name for d in document_list.page(connection, Filter(**chosen), 0, 100)]  # type: ignore[arg-type]

        assert names(kind="labelled") == ["done"]
        assert len(names(kind="unlabelled")) == 10
        assert names(kind="suggested") == []  # what was left when a document was accepted is answered
        assert names(text="7.00 total") == ["d7"]
        assert names(text="DONE") == ["done"]
        assert names(text="100%") == ["done"]  # % and _ are letters here, not wildcards
        assert names(text="xzy") == []
        assert names(split=Split.POOL) == [f"d{i}" for i in range(10)]
        assert names(split=Split.TRAIN) == ["done"]
        assert names(group="Other") == ["done"]
        assert [d.name for d in document_list.page(connection, Filter(), 4, 3)] == ["d4", "d5", "d6"]
        assert document_list.count(connection, Filter(text="total")) == 10
        documents.add(connection, [new("asked", suggestions=LABELLED["suggestions"])], "me")
        assert names(kind="suggested") == ["asked"]


def test_known_digests(db: Database) -> None:
    with db.write() as connection:
        documents.add(connection, [new("a"), new("b")], "me")
        assert documents.known(connection, ["digest of a", "digest of z"]) == {"digest of a"}
        assert import_index.digests(connection) == {"digest of a", "digest of b"}


def test_sides_go_by_group(db: Database) -> None:
    with db.write() as connection:
        documents.add(connection, [new("a"), new("b"), new("c", group="B")], "me")
        documents.assign_sides(connection, {"Acme": Side.TEST, "B": Side.VALIDATION})
        assert import_index.sides(connection) == {"Acme": Side.TEST, "B": Side.VALIDATION}
        assert import_index.counts(connection) == {"Acme": (2, 0), "B": (1, 0)}
        assert document_list.status(connection)["by_split"] == {"train": 0, "validation": 1, "test": 2, "pool": 0}


def test_reference_values_replace_those_of_the_same_source(db: Database) -> None:
    with db.write() as connection:
        (number,) = documents.add(connection, [new(**LABELLED)], "me")
        documents.set_references(connection, number, [ReferenceValue("amount_total", "8.00", "values")])
        documents.set_references(connection, number, [ReferenceValue("amount_total", "7.00", "values")])
        references = documents.open_document(connection, number).references
    assert {(r.value, r.source) for r in references} == {("9.00", "gold"), ("7.00", "values")}


def test_problems_are_listed_once(db: Database) -> None:
    problem = ("a.json", "record 3", "no words")
    with db.write() as connection:
        documents.add_problems(connection, [problem, problem])
        documents.add_problems(connection, [problem])
        assert documents.list_problems(connection) == [problem]


def test_other_pages_need_the_version_that_was_read(db: Database) -> None:
    page = Page(0, 100, 140, (Token(0, 0, 0, "Other", (0, 0, 1, 1)),))
    with db.write() as connection:
        (number,) = documents.add(connection, [new()], "me")
        assert documents.replace_pages(connection, number, 0, [page]) == 1
        content = documents.open_document(connection, number)
        assert [t.text for t in content.tokens] == ["Other"]
        assert document_list.count(connection, Filter(text="other")) == 1
    with pytest.raises(Conflict), db.write() as connection:
        documents.replace_pages(connection, number, 0, [page])


def test_a_document_that_is_not_there_is_said(db: Database) -> None:
    with db.read() as connection, pytest.raises(WorkspaceProblem, match="no document 7"):
        documents.get(connection, 7)


def test_a_list_of_ids_may_be_longer_than_a_statement_has_parameters(db: Database) -> None:
    with db.write() as connection:
        first, second = documents.add(connection, [new("a"), new("b")], "me")
        many = Filter(ids=(second, *range(1000, 51_000)))
        assert document_list.ids(connection, many) == [second]
        assert document_list.count(connection, many) == 1
        assert document_list.ids(connection, Filter(ids=())) == []
        assert document_list.ids(connection, Filter(ids=(first,))) == [first]
