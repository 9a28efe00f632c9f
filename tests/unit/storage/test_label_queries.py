"""Labels and decisions of many documents at once."""

from storage import documents, label_queries
from storage.database import Database
from tests.support.store import LABELLED, new


def test_the_fields_that_have_a_label_are_known_and_suggestions_are_none(db: Database) -> None:
    with db.write() as connection:
        assert label_queries.fields(connection) == set()
        documents.add(connection, [new(**LABELLED), new("b", suggestions=(("iban", (1,), 0.9, "starter"),))], "me")
        assert label_queries.fields(connection) == {"invoice_no", "amount_total"}
