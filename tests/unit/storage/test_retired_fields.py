"""What the document list counts: suggestions of fields that are in use."""

from storage import annotations, document_list, documents, retired_fields
from storage.database import Database
from storage.records import Decision
from storage.suggestions import keep_suggestions, suggestions_of
from tests.support.store import new

OFFERED = (("iban", (2,), 0.9, "values"), ("amount_total", (4,), 0.8, "r1"))


def counts(db: Database) -> list[int]:
    with db.read() as connection:
        return [document.suggestions for document in document_list.page(connection, document_list.Filter(), 0, 10)]


def test_suggestions_of_a_retired_field_are_kept_and_wait_for_nobody(db: Database) -> None:
    with db.write() as connection:
        documents.add(connection, [new("both", suggestions=OFFERED), new("iban", suggestions=OFFERED[:1])], "me")
        retired_fields.keep(connection, ["iban"])
        documents.add(connection, [new("later", suggestions=OFFERED)], "me")
    assert counts(db) == [1, 0, 1]
    with db.read() as connection:
        assert document_list.count(connection, document_list.Filter("suggested")) == 2
        assert document_list.status(connection)["suggestions"] == 2
        assert len(suggestions_of(connection, 1)) == 2
    with db.write() as connection:
        retired_fields.keep(connection, [])
    assert counts(db) == [2, 1, 2]


def test_it_is_not_counted_again_by_what_happens_later(db: Database) -> None:
    with db.write() as connection:
        documents.add(connection, [new(suggestions=OFFERED)], "me")
        retired_fields.keep(connection, ["iban"])
        keep_suggestions(connection, "r2", {1: [("iban", (3,), 0.9)]}, replaces=())
    assert counts(db) == [1]
    with db.write() as connection:
        content = documents.open_document(connection, 1)
        total = next(s for s in content.suggestions if s.field == "amount_total")
        before = content.annotations
        after = annotations.applied(before, {"decisions": {"-": [], "+": [[total.id, Decision.REJECTED.value]]}})
        annotations.commit(connection, 1, content.document.version, before, after, "reject", "me")
    assert counts(db) == [0]
