"""What `A` and `a` accept: what is seen, and what is asked once before; the same key again is the answer."""

from collections.abc import Callable
from dataclasses import replace

from screens.annotate import hints
from screens.annotate.fields_panel import FieldsPanel
from screens.annotate.keys import Work
from screens.annotate.page_view import PageView
from storage.records import Suggestion
from workbench.annotation.document_acts import AcceptPlan, InView
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
        self._accepted = 0  # by the last press
        self._finished = "", 0  # the name of the document accepted last, and how many ≠ known suggestions it left
        self._asked: tuple[AnnotationSession, frozenset[str]] | None = None
        self._shown: tuple[AnnotationSession, frozenset[int]] | None = None

    def in_view(self, session: AnnotationSession) -> InView:
        """What the analyst sees now, and saw before a label by hand moved the page."""
        now = InView(self._page.visible_tokens(), self._panel.fields_in_view())
        before = self._shown[1] if self._shown is not None and self._shown[0] is session else frozenset()
        shown = before | {s.id for s in session.editor.open_suggestions if now.shows(s)}
        self._shown = session, shown
        return replace(now, shown=shown)

    def accept(self, session: AnnotationSession) -> None:
        """Accept the sure suggestions in view."""
        self._accepted = session.document_acts.accept_all(self.in_view(session))

    def accept_as_on_page(self, session: AnnotationSession) -> None:
        """Accept the sure suggestions in view, and those of which was said that they contradict known values."""
        named = self._asked_of(session)
        against = [s for s in session.document_acts.contradicting() if _key(s) in named]
        self._accepted = session.document_acts.accept_all(self.in_view(session), against)

    def finish(self, session: AnnotationSession) -> None:
        """Accept the document as it is."""
        self._finished = session.content.document.name, len(session.document_acts.contradicting())
        session.document_acts.finish()

    def left_out_message(self, undo: str) -> tuple[str, str]:
        """What is said of the document accepted last: on the next one, and at the list's end. `undo` is a key."""
        return hints.accepted_without(*self._finished, undo)

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

    def ahead(self, session: AnnotationSession) -> str:
        """What accepting all suggestions will do now, for the hint line."""
        plan = session.document_acts.plan(self.in_view(session))
        has_labels = bool(plan.accepted or plan.contradicting or session.editor.state.spans)
        return hints.accept_all(plan, bool(self._unasked(session, plan)), has_labels)

    def left(self, session: AnnotationSession) -> Work | None:
        """What shows the analyst why the document is not accepted yet, once the sure suggestions in view are.

        Suggestions out of view are shown until they are in view; what stays open, and a field that nearly every
        document has, is named once. The page begins at the suggestion that brings the most of them into view.
        """
        plan, accepted = session.document_acts.plan(), f"{self._accepted} accepted. " if self._accepted else ""
        if rest := sorted(plan.accepted, key=lambda s: session.layout.where[s.tokens[0]]):
            views = {s.id: InView(self._page.tokens_from(s.tokens[0])) for s in rest}
            first = max(rest, key=lambda s: sum(map(views[s.id].shows, rest)))
            self._page.begin_at(first.tokens[0])
            return _look_at(first, f"{accepted}{hints.out_of_view([session.schema.name(s.field) for s in rest])}")
        unasked = self._unasked(session, plan)
        if not unasked or not (session.editor.state.spans or plan.contradicting):
            return None
        self._asked = session, self._asked_of(session) | unasked
        message = f"{accepted}{hints.left_out(plan, session.schema)}"
        return _look_at(plan.left_out[0] if plan.left_out else None, message)

    def _asked_of(self, session: AnnotationSession) -> frozenset[str]:
        return self._asked[1] if self._asked is not None and self._asked[0] is session else frozenset()

    def _unasked(self, session: AnnotationSession, plan: AcceptPlan) -> frozenset[str]:
        """What the plan leaves, suggestions and missing fields, of which the analyst was not told yet."""
        left = frozenset([*plan.missing, *map(_key, plan.left_out)])
        return left - self._asked_of(session)


def _key(suggestion: Suggestion) -> str:
    return f"{suggestion.field} {suggestion.id}"


def _look_at(suggestion: Suggestion | None, message: str) -> Work:
    def work(session: AnnotationSession) -> None:
        if suggestion is not None:
            session.look_at(suggestion)
        session.show_message(message)

    return work
