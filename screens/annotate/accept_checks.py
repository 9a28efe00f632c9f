"""What `A` and `a` accept: what is seen, where `A` stops, and what is asked once before."""

from collections.abc import Callable, Sequence

from screens.annotate import accept_hints as hints
from screens.annotate.fields_panel import FieldsPanel
from screens.annotate.keys import Work
from screens.annotate.page_view import PageView
from storage import documents
from storage.records import State, Suggestion
from workbench.annotation.document_acts import InView
from workbench.annotation.field_states import empty_fields, seldom_filled, text_of, usually_filled
from workbench.annotation.session import AnnotationSession
from workbench.workspace import Workspace

_KEYS = 38  # columns of the hint line that a sentence leaves to what `A` does next, and to the key of the help
_ONE_KEY = 24  # the same where one key has to do
_OF_VENDOR = 3  # latest documents of the vendor that are asked the same
_LOOKED_AT = 200  # of the newest accepted documents: which fields these have

Check = Callable[[AnnotationSession], str]
"""What is asked about a document before it is accepted; "" where nothing is."""

NOTHING_LABELLED = "Nothing is labelled here. Press again to accept it with no fields."


class AcceptChecks:
    """Knows what of a document is in view, and remembers what was asked about the open one."""

    def __init__(self, page: PageView, panel: FieldsPanel, workspace: Workspace) -> None:
        self._page = page
        self._panel = panel
        self._workspace = workspace
        self._seldom: tuple[AnnotationSession, frozenset[str]] | None = None  # fields that few documents have
        self._usual: Sequence[str] = ()  # the fields, those that documents like this one mostly have first
        self._empty: AnnotationSession | None = None
        self._unlabelled: tuple[AnnotationSession, frozenset[int]] | None = None
        self._accepted = 0  # by the last press
        self._before: Suggestion | None = None  # what was in hand then
        self._finished: hints.Finished | None = None  # of the document accepted last, what is said of it
        self._news = self._undo = ""  # that, as it was said first, and the key that it names
        self._named: tuple[AnnotationSession, frozenset[int]] | None = None
        self._open: AnnotationSession | None = None
        self._shown: frozenset[int] = frozenset()  # suggestions of the open document that were drawn
        self._read: frozenset[int] = frozenset()  # those that were drawn with their whole value

    def in_view(self, session: AnnotationSession) -> InView:
        """What the analyst sees now, and saw before a label by hand moved the page. Beside a picture that stands alone
        the panel decides, see `unseen_shown`.
        """
        before = self._shown if self._open is session else frozenset()
        tokens = self._page.visible_tokens() if self._page.display else range(len(session.tokens))
        return InView(tokens, self._panel.fields_in_view(), before)

    def accept(self, session: AnnotationSession) -> None:
        """Accept the sure suggestions in view."""
        self._before = session.view.focus
        self._accepted = session.document_acts.accept_all(self.in_view(session))

    def accept_as_on_page(self, session: AnnotationSession) -> None:
        """Accept the sure suggestions in view, and those of which was said that they contradict known values."""
        named = self._named_of(session)
        against = [s for s in session.document_acts.contradicting() if s.id in named]
        self._accepted = session.document_acts.accept_all(self.in_view(session), against)

    def finish(self, session: AnnotationSession) -> None:
        """Accept the document as it is."""
        plan, failed = session.document_acts.plan(), self._panel.failed_labels()
        empty = self.empty(session, session.editor.open_suggestions)
        self._finished = hints.Finished(session.content.document.name, plan, session.schema, failed, empty)
        session.document_acts.finish()

    def left_out_message(self, undo: str) -> tuple[str, str]:
        """What is said of the document accepted last: on the next one, and at the list's end. `undo` is a key."""
        width, self._undo = self._page.app.size.width, undo
        if self._finished is None:
            return "", ""
        messages = hints.accepted(self._finished, undo, width - (_KEYS if width >= hints.WIDE else _ONE_KEY))
        self._news = messages[0]
        return messages

    def _fit_news(self, session: AnnotationSession) -> None:
        """What is said of the document accepted last leaves space for the name of a field that `A` leaves empty."""
        if not session.editor.open_suggestions:
            return
        empty = self.empty(session, session.document_acts.plan(self.in_view(session)).accepted)
        forms = [form for form in self.ahead(session).accept_all if empty and empty[0] in form]
        if self._finished is not None and self._news and session.view.message == self._news and forms:
            columns = self._page.app.size.width - hints.AROUND - min(map(len, forms))
            news, _ = hints.accepted(self._finished, self._undo, min(columns, len(self._news)), len(empty))
            session.show_message(news if len(news) <= columns else self._news)

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

    def show(self, session: AnnotationSession) -> None:
        """Have the panel show what the keys that accept take, where nothing else is in hand and all of it fits."""
        if is_new := self._open is not session:
            self._open, self._shown, self._read = session, frozenset(), frozenset()
        if session.view.focus is None and session.view.armed is None:
            self._panel.bring({s.field for s in session.document_acts.plan(self.in_view(session)).accepted})
        if is_new:
            self._fit_news(session)
        self._page.call_after_refresh(self._drawn, session)  # while a document is opened, others are for a moment

    def unseen_shown(self, session: AnnotationSession) -> str:
        """Bring into view, before anything is accepted, what would be accepted and was not in view; "" where all of it
        was. Returns what came into view.
        """
        unseen = self._unseen(session, session.document_acts.plan(self.in_view(session)).accepted)
        if not unseen:
            return ""
        self._drawn(session)
        self._panel.bring_most({s.field for s in unseen})
        still = self._unseen(session, unseen)
        brought = [s for s in unseen if s not in still] or unseen  # what fits into no panel is named with its value
        self._read |= {s.id for s in brought}
        return hints.brought(brought, session.schema, session.tokens)

    def ahead(self, session: AnnotationSession) -> hints.Ahead:
        """What the keys that accept will do now, for the hint line."""
        plan = session.document_acts.plan(self.in_view(session))
        has_labels = bool(plan.accepted or plan.contradicting or session.editor.state.spans)
        empty, unseen = self.empty(session, plan.accepted), self._unseen(session, plan.accepted)
        names = [field.name for field in session.schema.spans if field.id in {s.field for s in unseen}]
        accept_all = hints.accept_all(plan, session.schema, has_labels, empty, names)
        state = session.editor.state
        is_begun = state.spans or state.absent  # else it is asked about, see `question`
        return hints.Ahead(accept_all, hints.accept(self.empty(session) if is_begun else ()))

    def empty(self, session: AnnotationSession, besides: Sequence[Suggestion] = ()) -> list[str]:
        """The names of the fields that stay empty when the document is accepted, without those that few documents have,
        neither of all nor of its vendor's; what they mostly have comes first.

        Args:
            besides: fields with one of these suggestions do not count.
        """
        if session.classes.only or session.editor.state.state is State.LABELLED:
            return []
        if self._seldom is None or self._seldom[0] is not session:
            group = session.content.document.group
            with self._workspace.db.read() as connection:
                finished = documents.fields_of_accepted(connection, _LOOKED_AT)
                latest = documents.latest_of_group(connection, group, _OF_VENDOR) if group else []
            of_vendor = [{span.field for span in content.annotations.spans} for content in latest]
            self._usual = usually_filled(session.schema, finished, of_vendor)
            self._seldom = session, seldom_filled(session.schema, finished) - set().union(*of_vendor)
        left_out = {*self._seldom[1], *(s.field for s in besides)}
        empty = empty_fields(session.editor.state, session.schema, left_out)
        return [session.schema.name(field) for field in sorted(empty, key=self._usual.index)]

    def _unseen(self, session: AnnotationSession, accepted: Sequence[Suggestion]) -> list[Suggestion]:
        """The suggestions of which neither the row in the panel nor the value on the page was in view so far."""
        read = self._read_of(session)
        return [s for s in accepted if s.id not in read]

    def _read_of(self, session: AnnotationSession) -> frozenset[int]:
        """The suggestions that are in view with their value, on the page or in the panel, or were drawn so before."""
        fields, ids = self._panel.fields_in_view(), self._page.suggestions_in_view()
        before = self._read if self._open is session else frozenset()
        return before | {s.id for s in session.editor.open_suggestions if s.field in fields or s.id in ids}

    def _drawn(self, session: AnnotationSession) -> None:
        """Remember what is in view, once it was drawn."""
        if session is self._open:
            now = self.in_view(session)
            self._shown |= {s.id for s in session.editor.open_suggestions if now.shows(s)}
            self._read = self._read_of(session)

    def left(self, session: AnnotationSession) -> Work | None:
        """What shows the analyst why the document is not accepted yet, once the sure suggestions in view are.

        Suggestions out of view are shown until they are in view; then each press shows the next one that is not sure,
        or names the field that nearly every document has: the key that accepts what is sure leaves nothing out. The
        page begins at the suggestion that brings the most of them into view.
        """
        plan, accepted = session.document_acts.plan(), f"{self._accepted} accepted. " if self._accepted else ""
        if rest := sorted(plan.accepted, key=lambda s: session.layout.where[s.tokens[0]]):
            views = {s.id: InView(self._page.tokens_from(s.tokens[0])) for s in rest}
            first = max(rest, key=lambda s: sum(map(views[s.id].shows, rest)))
            self._page.begin_at(first.tokens[0])
            return _look_at(first, f"{accepted}{hints.out_of_view([session.schema.name(s.field) for s in rest])}")
        if not plan.left_out and not (plan.missing and session.editor.state.spans):
            return None
        self._named = session, self._named_of(session) | {s.id for s in plan.left_out}
        return _look_at(_after(plan.left_out, self._before), f"{accepted}{hints.left_out(plan, session.schema)}")

    def _named_of(self, session: AnnotationSession) -> frozenset[int]:
        """The suggestions of which was said that they stay open."""
        return self._named[1] if self._named is not None and self._named[0] is session else frozenset()


def _after(left: Sequence[Suggestion], focus: Suggestion | None) -> Suggestion | None:
    """The one that follows what is in hand, around the end; the first where nothing is."""
    at = next((number for number, s in enumerate(left) if focus is not None and s.id == focus.id), -1)
    return left[(at + 1) % len(left)] if left else None


def _look_at(suggestion: Suggestion | None, message: str) -> Work:
    def work(session: AnnotationSession) -> None:
        if suggestion is not None:
            session.look_at(suggestion)
        session.show_message(message)

    return work
