"""Rounds of the relabel loop."""

from storage import document_list, documents, queue
from storage.database import Database
from storage.document_list import Filter
from storage.records import QueueEntry
from tests.support.store import new


def test_a_round_keeps_its_order_and_its_reasons(db: Database) -> None:
    with db.write() as connection:
        a, b, c = documents.add(connection, [new(name) for name in "abc"], "me")
        entries = [QueueEntry(0, c, 0, 0.9, ("unsure",), {"amount_total": 0.4}), QueueEntry(0, a, 1, 0.5)]
        number = queue.open_round(connection, "run", "entropy", 7, entries, {"expected": 0.1})
        queued = queue.entries(connection, number)
        assert [(e.document, e.reasons, e.fields) for e in queued] == [
            (c, ("unsure",), {"amount_total": 0.4}),
            (a, (), {}),
        ]
        assert [d.id for d in document_list.page(connection, Filter(round=number), 0, 9)] == [c, a]
        assert document_list.ids(connection, Filter(round=number)) == [c, a]
        queue.mark_done(connection, number, c)
        assert [e.done for e in queue.entries(connection, number)] == [True, False]
        assert b not in [e.document for e in queued]


def test_closing_twice_keeps_the_first_time(db: Database) -> None:
    with db.write() as connection:
        number = queue.open_round(connection, "run", "entropy", 7, [], {})
        queue.close_round(connection, number, {"f1": 0.5})
        first = queue.listed(connection)[0]
        queue.close_round(connection, number, {"f1": 0.9})
        assert queue.listed(connection)[0] == first
        assert first.figures == {"f1": 0.5}
        assert first.closed is not None
