"""Random acts against a simple model: kept is what was done; undo and redo go all the way, also after a restart."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage import documents
from storage.records import Annotations, State
from tests.support import sample_documents
from workbench.annotation.editor import DocumentEditor
from workbench.annotation.field_states import judge
from workbench.annotation.movement import Direction
from workbench.annotation.session import AnnotationSession

PAGE = sample_documents.page_of(sample_documents.RECEIPT)
PLAIN = (
    *("confirm", "clear", "reject", "accept_all", "mark_absent", "mark_missing_absent", "finish", "toggle"),
    *("select_phrase", "select_block", "let_go", "next_like", "next_suggestion"),
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
        schema = self.workspace.schema
        self.session = AnnotationSession(DocumentEditor(self.workspace, 1, judge(schema)), schema)

    def did(self) -> None:
        """An act that changed something is remembered, and ends what could be redone."""
        if self.session.editor.state != self.states[self.now]:
            self.states[self.now + 1 :] = [self.session.editor.state]
            self.now += 1

    @rule(field=st.sampled_from(FIELDS), times=st.integers(1, 3))
    def press(self, field: str, times: int) -> None:
        for _ in range(times):
            self.session.press(self.workspace.schema.get(field))
            self.did()

    @rule(way=st.sampled_from(list(Direction)), extend=st.booleans())
    def move(self, way: Direction, extend: bool) -> None:
        self.session.move(way, extend)

    @rule(token=st.integers(0, len(PAGE.tokens) - 1), extend=st.booleans())
    def click(self, token: int, extend: bool) -> None:
        self.session.click(token, extend)
        self.did()

    @rule(name=st.sampled_from(PLAIN))
    def act(self, name: str) -> None:
        getattr(self.session, name)()
        self.did()

    @rule(more=st.booleans(), at_end=st.booleans(), phrase=st.booleans())
    def adjust(self, more: bool, at_end: bool, phrase: bool) -> None:
        self.session.adjust(more, at_end, phrase)
        self.did()

    @rule(how=st.sampled_from([State.SKIPPED, State.UNUSABLE]))
    def set_aside(self, how: State) -> None:
        self.session.set_aside(how)
        self.did()

    @rule(note=st.sampled_from(["", "torn", "两页"]))
    def flag(self, note: str) -> None:
        self.session.flag(note)
        self.did()

    @rule(text=st.sampled_from(["9.10", "ACME", " "]))
    def correct(self, text: str) -> None:
        self.session.correct(text)
        self.did()

    @rule()
    def undo(self) -> None:
        event = self.session.undo()
        assert (event is None) == (self.now == 0)
        self.now = max(self.now - 1, 0)

    @rule()
    def redo(self) -> None:
        event = self.session.redo()
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
