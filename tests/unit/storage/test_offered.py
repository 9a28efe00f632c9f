"""How many suggestions are offered: one count for every command and screen."""

from storage.documents import get
from storage.suggestions import keep_suggestions, offered
from tests.support.sample_documents import new, page_of, workspace_of


def test_what_is_offered_is_counted_as_on_the_documents_and_second_opinions_are_none(tmp_path):
    made = workspace_of(tmp_path / "shop", [new(f"d{n}", [page_of("TOTAL 9.00 10.00")]) for n in range(2)])
    with made.db.write() as connection:
        keep_suggestions(connection, "e-invoice", {1: [("amount_total", (1,), 0.9)]})
        keep_suggestions(
            connection,
            "starter",
            {1: [("amount_total", (2,), 0.8)], 2: [("amount_total", (1,), 0.7), ("iban", (0,), 1)]},
        )
    with made.db.read() as connection:
        of_all, of_known = offered(connection, [1, 2])
        assert of_all == {"amount_total": 2, "iban": 1} and of_known.total() == 1
        assert of_all.total() == sum(get(connection, number).suggestions for number in (1, 2))
        assert offered(connection, []) == ({}, {})
    made.close()
