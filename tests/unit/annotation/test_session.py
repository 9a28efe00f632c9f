"""Random acts against a simple model: kept is what was done; undo and redo go all the way, also after a restart."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage import documents
from storage.records import Annotations, State
from tests.support import sample_documents
from workbench.annotation.movement import Direction
from workbench.annotation.session import AnnotationSession

PAGE = sample_documents.page_of(sample_documents.RECEIPT)
PLAIN = (
    lambda session: session.field_key.confirm(),
    lambda session: session.field_key.add(),
    lambda session: session.clear(),
    lambda session: session.reject(),
    lambda session: session.document_acts.accept_all(),
    lambda session: session.document_acts.mark_absent(),
    lambda session: session.document_acts.mark_missing_absent(),
    lambda session: session.document_acts.finish(),
    lambda session: session.cursor.toggle(),
    lambda session: session.cursor.select_line(),
    lambda session: session.cursor.select_block(),
    lambda session: session.let_go(),
    lambda session: session.next_like(),
    lambda session: session.next_suggestion(),
)
FIELDS = ("invoice_no", "invoice_date", "seller_name", "seller_address", "currency", "amount_total", "iban")


class Acts(RuleBasedStateMachine):
    """One document being annotated; the model is the list of states, and where in it we stand."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        suggestions = [
            ("amount_total", (30,), 0.5, "r"),
            ("seller_name", (0, 1, 2), 0.9, "r"),
            ("iban", (2,), 0.7, "r"),
        ]
        self.workspace = sample_documents.workspace_of(
            self.folder / "w", [sample_documents.new("one", [PAGE], suggestions)]
        )
        self.states: list[Annotations] = [Annotations()]
        self.now = 0
        self.open()

    def open(self) -> None:
        self.session = AnnotationSession.open(self.workspace, 1)

    def did(self) -> None:
        """An act that changed something is remembered, and ends what could be redone."""
        if self.session.editor.state != self.states[self.now]:
            self.states[self.now + 1 :] = [self.session.editor.state]
            self.now += 1

    @rule(field=st.sampled_from(FIELDS), times=st.integers(1, 3))
    def press(self, field: str, times: int) -> None:
        for _ in range(times):
            self.session.field_key.press(self.workspace.schema.get(field))
            self.did()

    @rule(way=st.sampled_from(list(Direction)), extend=st.booleans())
    def move(self, way: Direction, extend: bool) -> None:
        self.session.cursor.move(way, extend)

    @rule(token=st.integers(0, len(PAGE.tokens) - 1), extend=st.booleans())
    def click(self, token: int, extend: bool) -> None:
        self.session.field_key.click(token, extend)
        self.did()

    @rule(plain=st.sampled_from(PLAIN))
    def act(self, plain: Callable[[AnnotationSession], object]) -> None:
        plain(self.session)
        self.did()

    @rule(more=st.booleans(), at_end=st.booleans(), phrase=st.booleans())
    def adjust(self, more: bool, at_end: bool, phrase: bool) -> None:
        self.session.adjust(more, at_end, phrase)
        self.did()

    @rule(how=st.sampled_from([State.SKIPPED, State.UNUSABLE]))
    def set_aside(self, how: State) -> None:
        self.session.document_acts.set_aside(how)
        self.did()

    @rule(note=st.sampled_from(["", "torn", "两页"]))
    def flag(self, note: str) -> None:
        self.session.document_acts.flag(note)
        self.did()

    @rule(text=st.sampled_from(["9.10", "ACME", " "]))
    def correct(self, text: str) -> None:
        self.session.document_acts.correct(text)
        self.did()

    @rule()
    def undo(self) -> None:
        event = self.session.document_acts.undo()
        assert (event is None) == (self.now == 0)
        self.now = max(self.now - 1, 0)

    @rule()
    def redo(self) -> None:
        event = self.session.document_acts.redo()
        assert (event is None) == (self.now == len(self.states) - 1)
        self.now = min(self.now + 1, len(self.states) - 1)

    @rule()
    def restart(self) -> None:
        self.open()

    @invariant()
    def kept_as_done(self) -> None:
        if not hasattr(self, "session"):
            return
        wanted = self.states[self.now]
        with self.workspace.db.read() as connection:
            content = documents.open_document(connection, 1)
        assert content.annotations == wanted == self.session.editor.state
        assert content.document.version == self.session.content.document.version
        assert content.tokens == self.session.tokens
        assert content.suggestions == self.session.content.suggestions
        assert content.document.labels == len(wanted.spans)
        used = [t for span in wanted.spans for t in span.tokens]
        assert len(used) == len(set(used)) and set(used) <= set(range(len(PAGE.tokens)))
        view = self.session.view
        assert view.cursor in self.session.layout.where and view.selection <= set(self.session.layout.where)

    def teardown(self) -> None:
        self.workspace.close()
        shutil.rmtree(self.folder)


TestActs = Acts.TestCase
TestActs.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
