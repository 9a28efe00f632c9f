"""What is decided about a suggestion is kept, also where another process suggested anew meanwhile."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage import documents
from storage.records import Decision
from storage.suggestions import keep_suggestions
from tests.support import sample_documents
from workbench.annotation.session import AnnotationSession
from workbench.workspace import Workspace

PAGE = sample_documents.page_of(sample_documents.RECEIPT)
OFFERED = [("amount_total", (30,), 0.5), ("seller_name", (0, 1, 2), 0.9)]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    suggested = [(field, tokens, confidence, "r") for field, tokens, confidence in OFFERED]
    new = [sample_documents.new("one", [PAGE], suggested), sample_documents.new("two", [PAGE])]
    with closing(sample_documents.workspace_of(tmp_path / "w", new)) as made:
        yield made


def decided(workspace: Workspace, number: int) -> dict[str, Decision]:
    with workspace.db.read() as connection:
        suggestions = documents.open_document(connection, number).suggestions
    assert len({(s.field, s.tokens) for s in suggestions}) == len(suggestions), "the same is offered once"
    return {s.field: s.decision for s in suggestions}


@pytest.mark.parametrize("between", ["nothing", "another document", "other fields first"])
def test_a_decision_is_kept_where_the_same_was_suggested_anew_meanwhile(workspace: Workspace, between: str) -> None:
    session = AnnotationSession.open(workspace, 1)
    with workspace.db.write() as connection:
        keep_suggestions(connection, "r", {1: []}, replaces=("r",))
        if between == "another document":  # it gets the ids that were used before
            keep_suggestions(connection, "r", {2: OFFERED}, replaces=("r",))
        again = [("iban", (4,), 0.4), *OFFERED] if between == "other fields first" else OFFERED
        keep_suggestions(connection, "r", {1: again}, replaces=("r",))
    session.next_suggestion()
    assert session.view.suggestion is not None and session.view.suggestion.field == "amount_total"
    session.reject()

    kept = decided(workspace, 1)
    assert kept.pop("amount_total") is Decision.REJECTED
    assert set(kept.values()) == {Decision.OPEN} and "seller_name" in kept
    assert set(decided(workspace, 2).values()) <= {Decision.OPEN}
    assert len(decided(workspace, 2)) == (2 if between == "another document" else 0)
    session.document_acts.undo()
    assert decided(workspace, 1)["amount_total"] is Decision.OPEN
