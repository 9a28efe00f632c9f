"""Every act is stored and can be undone; concurrent changes are refused."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from storage import annotations, documents
from storage.annotations import IMPORT, applied, commit, difference, inverse
from storage.database import Database
from storage.exceptions import Conflict
from storage.records import Annotations, Decision, Source, Span, State
from storage.suggestions import keep_suggestions, move_suggestions, suggestions_of
from tests.support.store import LABELLED, new

_FIELDS = st.sampled_from(["invoice_no", "amount_total", "seller_name"])
_spans = st.builds(
    Span,
    _FIELDS,
    st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True).map(tuple),
    st.sampled_from(list(Source)),
    st.sampled_from(["", "me", "you"]),
)
states = st.builds(
    Annotations,
    st.frozensets(_spans, max_size=4),
    st.frozensets(_FIELDS),
    st.sampled_from(list(State)),
    st.sampled_from(["", "a note"]),
    st.dictionaries(st.integers(0, 4), st.text("ab", min_size=1, max_size=3), max_size=3).map(
        lambda texts: frozenset(texts.items())
    ),
)


class History(RuleBasedStateMachine):
    """Acts, undo and redo in any order, checked against a plain list; every step over a fresh connection."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.db = Database(f"sqlite:///{Path(self.folder.name) / 'workbench.db'}")
        self.db.migrate()
        with self.db.write() as connection:
            (self.number,) = documents.add(connection, [new()], "me")
        self.past: list[Annotations] = []
        self.now = Annotations()
        self.future: list[Annotations] = []

    def _content(self) -> tuple[int, Annotations]:
        with self.db.read() as connection:
            content = documents.open_document(connection, self.number)
        return content.document.version, content.annotations

    @rule(after=states)
    def act(self, after: Annotations) -> None:
        version, before = self._content()
        with self.db.write() as connection:
            commit(connection, self.number, version, before, after, "assign", "me")
        if after != self.now:
            self.past.append(self.now)
            self.now, self.future = after, []

    @rule()
    def undo(self) -> None:
        version, before = self._content()
        with self.db.write() as connection:
            done = annotations.undo(connection, self.number, version, before, "me")
        assert (done is None) == (not self.past)
        if self.past:
            self.future.append(self.now)
            self.now = self.past.pop()

    @rule()
    def redo(self) -> None:
        version, before = self._content()
        with self.db.write() as connection:
            done = annotations.redo(connection, self.number, version, before, "me")
        assert (done is None) == (not self.future)
        if self.future:
            self.past.append(self.now)
            self.now = self.future.pop()

    @precondition(lambda self: self.past)
    @rule()
    def restart(self) -> None:
        url = self.db.url
        self.db.close()
        self.db = Database(url)

    @invariant()
    def kept_as_expected(self) -> None:
        with self.db.read() as connection:
            content = documents.open_document(connection, self.number)
        assert content.annotations == self.now
        assert content.document.labels == len(self.now.spans)
        assert content.document.state is self.now.state

    def teardown(self) -> None:
        self.db.close()
        self.folder.cleanup()


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)


def test_a_change_and_its_inverse() -> None:
    before = Annotations(frozenset({Span("a", (1,))}), state=State.STARTED)
    after = Annotations(frozenset({Span("b", (1, 2))}), frozenset({"a"}), State.LABELLED, "look", frozenset({(1, "x")}))
    change = difference(before, after)
    assert applied(before, change) == after
    assert applied(after, inverse(change)) == before
    assert difference(after, after) == {}


def test_who_is_late_is_told_and_nothing_is_written(db: Database) -> None:
    with db.write() as connection:
        (number,) = documents.add(connection, [new()], "me")
        before = Annotations()
        commit(connection, number, 0, before, Annotations(frozenset({Span("a", (1,))})), "assign", "Ann")
    with pytest.raises(Conflict, match="Ann: assign"), db.write() as connection:
        commit(connection, number, 0, before, Annotations(frozenset({Span("b", (2,))})), "assign", "Bob")
    with db.read() as connection:
        content = documents.open_document(connection, number)
        assert {span.field for span in content.annotations.spans} == {"a"}
        assert len(annotations.history(connection, number)) == 1


def test_undo_ends_at_the_import(db: Database) -> None:
    with db.write() as connection:
        (number,) = documents.add(connection, [new(**LABELLED)], "me")
        content = documents.open_document(connection, number)
        assert annotations.history(connection, number)[0].act == IMPORT
        assert annotations.undo(connection, number, 0, content.annotations, "me") is None


def test_rejected_suggestions_do_not_come_back(db: Database) -> None:
    with db.write() as connection:
        (number,) = documents.add(connection, [new()], "me")
        proposals = {number: [("a", (1,), 0.9), ("b", (2,), 0.8)]}
        assert keep_suggestions(connection, "run1", proposals) == 2
        content = documents.open_document(connection, number)
        first = content.suggestions[0]
        decided = Annotations(decisions=frozenset({(first.id, Decision.REJECTED)}))
        commit(connection, number, 0, content.annotations, decided, "reject", "me")
        assert documents.get(connection, number).suggestions == 1
        assert keep_suggestions(connection, "run2", proposals) == 1
        assert [(s.field, s.run) for s in suggestions_of(connection, number)] == [
            ("a", "run1"),
            ("b", "run2"),
        ]


def test_suggestions_move_with_the_words(db: Database) -> None:
    with db.write() as connection:
        (number,) = documents.add(connection, [new()], "me")
        keep_suggestions(connection, "run", {number: [("a", (1,), 0.9), ("b", (2,), 0.8)]})
        first, second = suggestions_of(connection, number)
        move_suggestions(connection, number, {first.id: (3, 4), second.id: None})
        assert [s.tokens for s in suggestions_of(connection, number)] == [(3, 4)]
        assert documents.get(connection, number).suggestions == 1


def test_a_decision_on_a_suggestion_that_is_gone_decides_no_other_documents(db: Database) -> None:
    """A learner replaces suggestions while another terminal shows them, and SQLite uses their numbers again."""
    with db.write() as connection:
        first, second = documents.add(connection, [new("a"), new("b")], "me")
        keep_suggestions(connection, "starter", {first: [("invoice_no", (2,), 0.9)]})
        (shown,) = suggestions_of(connection, first)
        keep_suggestions(connection, "learner", {first: []})
        keep_suggestions(connection, "learner", {second: [("amount_total", (4,), 0.9)]})
        (another,) = suggestions_of(connection, second)
        assert another.id == shown.id or connection.dialect.name != "sqlite"
        after = Annotations(state=State.STARTED, decisions=frozenset({(shown.id, Decision.REJECTED)}))
        commit(connection, first, 0, Annotations(), after, "reject", "me")
        assert suggestions_of(connection, second)[0].decision is Decision.OPEN
