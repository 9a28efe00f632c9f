"""What people said about many documents at once."""

from stored import LABELLED, new

from storage import documents, labels
from storage.database import Database


def test_the_fields_that_have_a_label_are_known_and_suggestions_are_none(db: Database) -> None:
    with db.write() as connection:
        assert labels.fields(connection) == set()
        documents.add(connection, [new(**LABELLED), new("b", suggestions=(("iban", (1,), 0.9, "starter"),))], "me")
        assert labels.fields(connection) == {"invoice_no", "amount_total"}
