"""Questions that are asked once before a document is accepted; the same key again is the answer."""

from screens.annotate import hints
from storage.records import Suggestion
from workbench.annotation.session import AnnotationSession

NOTHING_LABELLED = "Nothing is labelled here. Again: accept it as a document that has none of the fields."


class Accepting:
    """Remembers what was asked about the open document."""

    def __init__(self) -> None:
        self._empty: AnnotationSession | None = None
        self._left_out: tuple[AnnotationSession, list[Suggestion]] | None = None

    def question(self, session: AnnotationSession) -> str:
        """What is asked before a document without any label is accepted; "" where nothing is."""
        state = session.editor.state
        if state.spans or state.absent or not session.tokens or self._empty is session:
            return ""
        self._empty = session
        return NOTHING_LABELLED

    def left(self, session: AnnotationSession, known_key: str) -> tuple[Suggestion, str] | None:
        """The suggestion to look at before the document is accepted, and why it was not accepted with the others.

        Suggestions out of view are named until they are in view, those that contradict a known value once.
        """
        rest, differing = session.document_acts.acceptable(), session.document_acts.contradicting()
        if rest:
            return min(rest, key=lambda s: s.tokens), hints.out_of_view(len(rest))
        if not differing or self._left_out == (session, differing):
            return None
        self._left_out = (session, differing)
        names = [session.schema.name(s.field) for s in differing]
        return differing[0], hints.left_out(names, known_key)
