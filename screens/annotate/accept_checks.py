"""What `A` and `a` accept: what is seen, and what is asked once before; the same key again is the answer."""

from collections.abc import Callable

from screens.annotate import hints
from screens.annotate.fields_panel import FieldsPanel
from screens.annotate.page_view import PageView
from storage.records import Suggestion
from workbench.annotation.document_acts import InView
from workbench.annotation.field_states import text_of
from workbench.annotation.session import AnnotationSession

Check = Callable[[AnnotationSession], str]
"""What is asked about a document before it is accepted; "" where nothing is."""

NOTHING_LABELLED = "Nothing is labelled here. Press again to accept it as a document without any of the fields."


class AcceptChecks:
    """Knows what of a document is in view, and remembers what was asked about the open one."""

    def __init__(self, page: PageView, panel: FieldsPanel) -> None:
        self._page = page
        self._panel = panel
        self._empty: AnnotationSession | None = None
        self._unlabelled: tuple[AnnotationSession, frozenset[int]] | None = None
        self._left_out: tuple[AnnotationSession, list[Suggestion]] | None = None

    def in_view(self) -> InView:
        """What the analyst sees now."""
        return InView(self._page.visible_tokens(), self._panel.fields_in_view())

    def question(self, session: AnnotationSession) -> str:
        """What is asked before the document is accepted: words are selected, or nothing is labelled; "" for nothing."""
        if question := self.unlabelled(session):
            return question
        state = session.editor.state
        if state.spans or state.classes or state.absent or not session.tokens or self._empty is session:
            return ""
        self._empty = session
        return NOTHING_LABELLED

    def unlabelled(self, session: AnnotationSession) -> str:
        """What is asked, once, while words are selected that have no label: they were selected for a field's key."""
        selected = frozenset(session.cursor.selection)
        labelled = {token for span in session.editor.state.spans for token in span.tokens}
        if selected <= labelled or self._unlabelled == (session, selected):
            return ""
        self._unlabelled = session, selected
        return hints.unlabelled(text_of(session.tokens, sorted(selected)))

    def left(self, session: AnnotationSession, known_key: str) -> tuple[Suggestion, str] | None:
        """The suggestion to look at before the document is accepted, and why it was not accepted with the others.

        Suggestions out of view are named until they are in view, those that contradict a known value once. The page
        begins at the one that brings the most of them into view.
        """
        rest = sorted(session.document_acts.acceptable(), key=lambda s: session.layout.where[s.tokens[0]])
        differing = session.document_acts.contradicting()
        if rest:
            views = {s.id: InView(self._page.tokens_from(s.tokens[0])) for s in rest}
            first = max(rest, key=lambda s: sum(map(views[s.id].shows, rest)))
            self._page.begin_at(first.tokens[0])
            return first, hints.out_of_view([session.schema.name(s.field) for s in rest])
        if not differing or self._left_out == (session, differing):
            return None
        self._left_out = (session, differing)
        names = [session.schema.name(s.field) for s in differing]
        return differing[0], hints.left_out(names, known_key)
