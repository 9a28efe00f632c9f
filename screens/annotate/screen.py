"""The annotate screen: a document as text in space, its fields, the list; every act is one key."""

from asyncio import to_thread

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from screens.annotate.dialogs import Asking
from screens.annotate.document_list import DocumentList
from screens.annotate.fields_panel import FieldsPanel
from screens.annotate.find_bar import FindBar
from screens.annotate.hints import hint_of
from screens.annotate.keys import ANNOTATE, ERROR_WALK_ACTS, SESSION_ACTS, SIGNS
from screens.annotate.page_view import PageView
from screens.keys import bindings
from screens.navigation import ListDocuments, OpenDocument, Request
from screens.widgets.picture_view import PictureView, frame_of
from storage import queue
from storage.document_list import Filter
from storage.records import Content, State
from workbench.annotation import field_states
from workbench.annotation.movement import Direction
from workbench.annotation.session import AnnotationSession
from workbench.annotation.text_grid import ZOOMS
from workbench.annotation.worklist import Worklist


class AnnotateScreen(Asking):
    """Where the analyst spends her day."""

    mode = "annotate"
    CSS_PATH = "annotate.tcss"
    BINDINGS = bindings(ANNOTATE)

    def __init__(self) -> None:
        super().__init__()
        self._zoom = 0
        self._picture_zoom = 0
        self._pictures = "text"
        self._review = False
        self._told = ""  # what the next document's hint line begins with
        self._empty: AnnotationSession | None = None  # asked whether it is really accepted without a label
        self._rows_of: tuple[Content, tuple[field_states.FieldRow, ...]] | None = None

    def body(self) -> ComposeResult:
        schema = self.workspace.schema
        with Horizontal(id="work"):
            yield DocumentList(self.workspace.db)
            with Horizontal(id="middle"):
                yield PageView(schema)
                yield PictureView()
            yield FieldsPanel()
        yield FindBar()

    def on_mount(self) -> None:
        """Open the first document that is not decided yet."""
        self._page.focus()
        self.worklist = Worklist(self.workspace)
        self.worklist.first_open(self.workspace)
        self.open_current()

    def on_screen_resume(self) -> None:
        """Coming back from another screen: what was decided there is seen here."""
        if self.session is None:
            return
        with self.guarded():
            self.query_one(DocumentList).reread_all()
            if self.session.editor.is_stale or self.session.schema != self.workspace.schema:
                self.open_current()

    def fields_changed(self) -> None:
        """The document as it is with the fields of now, and what the list counts."""
        self.query_one(DocumentList).reread_all()
        self.open_current()

    # what is shown

    @property
    def _page(self) -> PageView:
        return self.query_one(PageView)

    def receive(self, request: Request) -> None:
        match request:
            case OpenDocument():
                self._open(request)
            case ListDocuments():
                self.use_list(request.filter)
            case _:
                super().receive(request)

    def _open(self, request: OpenDocument) -> None:
        if request.round is not None:
            self.worklist = Worklist(self.workspace, Filter(round=request.round))
        if self.worklist is None or not self.worklist.move_to(request.document):
            self.worklist = Worklist(self.workspace)
            self.worklist.move_to(request.document)
        self.open_current()
        if request.tokens:
            self.act(lambda session: session.point(request.tokens))
        if request.task is not None:
            lead, pairs = request.task
            self.hint(lead, *((self.key_of(name), text) for name, text in pairs))

    async def action_error_walk(self, act: str) -> None:
        """Go on with the errors of the errors screen."""
        if self.workbench.error_walk is None:
            self.notify("Choose an error in the errors screen first.")
        else:
            await ERROR_WALK_ACTS[act](self.workbench.error_walk)

    def open_current(self) -> None:
        self.at_work()
        current = self.worklist.current if self.worklist else None
        if current is None:
            self.session = None
            self.hint("There are no documents here.", ("list.filter", "other documents"))
            self.facts("no document")
            self.query_one(DocumentList).show(self.worklist.ids if self.worklist else [], -1)
            return
        settings = self.workspace.settings
        with self.guarded():
            round_id = self.worklist.filter.round if self.worklist else None
            self.session = AnnotationSession.open(self.workspace, current, round_id, self._page.columns, self._zoom)
            editor = self.session.editor
            self._page.schema = settings.schema
            if self._review and editor.open_suggestions:
                self.session.next_suggestion()
            self._page.scroll_to(0, 0, animate=False, immediate=True)
            self.query_one(FieldsPanel).scroll_to(0, 0, animate=False, immediate=True)
            again = "It comes back without its labels: label it as if it were new." if editor.blind else ""
            self.session.show_message(self._told or again)
            self._told = ""
            self.workbench.say_saved("")
            self.refresh_view()
            assert self.worklist is not None
            self.query_one(DocumentList).show(self.worklist.ids, self.worklist.position, self.worklist.blind)
            self.look_ahead(self.session)

    def refresh_view(self) -> None:
        """Draw the widgets from the session's view; each repaints what changed."""
        session = self.session
        if session is None or self.worklist is None:
            return
        if session.layout_is_stale:
            session.lay_out(self._page.columns, self._zoom)
        view = session.view
        self._page.show(session.layout, view)
        if self._rows_of is None or self._rows_of[0] is not view.content:
            settings = self.workspace.settings
            self._rows_of = (view.content, field_states.rows(view.content, settings.schema, settings.day_first))
        self.query_one(FieldsPanel).show(self._rows_of[1], view.focus.field if view.focus else view.armed)
        if self._pictures != "text":
            frame = frame_of(view, self.workspace.schema, self.workspace.files, self._picture_zoom)
            self.query_one(PictureView).show(frame)
        lead, pairs = hint_of(view, self.workspace.schema, self._review, self.similar)
        error_walk = self.workbench.error_walk
        if error_walk is not None and error_walk.document == view.content.document.id:
            pairs = (("error_walk.next", "next error"), *pairs)
        self.hint(lead, *((self.key_of(key) if "." in key else key, text) for key, text in pairs))
        document = view.content.document
        state = "" if document.state is State.NEW else document.state.value
        self.facts(
            f"{self.worklist.position + 1:,}/{len(self.worklist):,}",
            document.name,
            state + (" ⚑" if document.note else ""),
            f"page {self._page_number()}/{document.page_count}" if document.page_count > 1 else "",
            "" if self.worklist.filter == Filter() else f"list: {self.filter_name(self.worklist.filter)}",
        )

    def _page_number(self) -> int:
        if self.session is None or self.session.cursor.token is None:
            return 1
        return self.session.tokens[self.session.cursor.token].page + 1

    # acts

    def changed(self, before: Content) -> None:
        assert self.session is not None and self.worklist is not None
        document = self.session.content.document
        self.workbench.say_saved("saved ✓")
        if document.state is not before.document.state:
            self.workbench.count_progress()
            if self.worklist.filter.round is not None:
                done = document.state in (State.LABELLED, State.SKIPPED, State.UNUSABLE)
                if self.session.editor.blind:
                    self.worklist.blind[document.id] = done
                with self.workspace.db.write() as connection:
                    queue.mark_done(connection, self.worklist.filter.round, document.id, done)
        self.query_one(DocumentList).reread(document.id, self.worklist.position)

    def typed(self, event: events.Key) -> bool:
        """A field's key."""
        if isinstance(self.focused, Input | DocumentList) or not event.character or self.session is None:
            return False
        field = next((f for f in self.workspace.schema.active if f.key == event.character), None)
        if field is not None:
            self.act(lambda session: session.field_key.press(field))
        return field is not None

    @on(FieldsPanel.Pressed)
    def _field_clicked(self, event: FieldsPanel.Pressed) -> None:
        field = self.workspace.schema.get(event.field)
        if field is not None:
            self.act(lambda session: session.field_key.press(field))

    @on(PageView.Touched)
    def _touched(self, event: PageView.Touched) -> None:
        self._page.focus()
        if event.dragged:
            self.act(lambda session: session.cursor.go_to(event.token, extend=True))
        else:
            self.act(lambda session: session.field_key.click(event.token, event.extend))

    @on(PageView.Dragged)
    def _dragged(self) -> None:
        if self.session is not None and self.session.view.armed:
            self.act(lambda session: session.field_key.confirm())

    @on(PageView.Resized)
    def _resized(self) -> None:
        if self.session is not None:
            self.session.lay_out(self._page.columns, self._zoom)
            self.refresh_view()

    @on(DocumentList.Chosen)
    def _chosen(self, event: DocumentList.Chosen) -> None:
        assert self.worklist is not None
        self.worklist.move_to(event.document)
        self.remove_class("-listing")
        self._page.focus()
        self.open_current()

    def action_session(self, name: str) -> None:
        self.act(SESSION_ACTS[name])

    def action_adjust(self, more: bool, at_end: bool, phrase: bool) -> None:
        """Make the label in hand longer or shorter."""
        self.act(lambda session: session.adjust(more, at_end, phrase))

    def action_move(self, way: str, extend: bool = False) -> None:
        """Move the cursor."""
        self.act(lambda session: session.cursor.move(Direction(way), extend))

    def action_screenful(self, direction: int) -> None:
        """Move by a screenful."""
        self.act(lambda session: session.cursor.scroll(direction * self._page.page_rows()))

    def action_go(self, by: int) -> None:
        """Another document of the list."""
        if self.worklist is not None and self.worklist.filter.round is not None and self.worklist.at_end and by > 0:
            self.app.call_later(self.workbench.visit, "queue")  # what was made of the batch, and the next step
        elif self.worklist is None or self.worklist.step(by) is None:
            self.say("This is the list's last document." if by > 0 else "This is the list's first document.")
        else:
            self.open_current()

    def say(self, message: str) -> None:
        """Something in the hint line, until the next key."""
        if self.session is not None:
            self.session.show_message(message)
            self.refresh_view()

    async def action_go_open(self) -> None:
        """The next document of the list that is not decided."""
        if self.worklist is None or not await to_thread(self.worklist.next_open, self.workspace):
            self.say("Every document of the list is decided.")
        else:
            self.open_current()

    def action_accept(self) -> None:
        """Accept the document and go to the next; one without any label only when asked twice."""
        session = self.session
        if session is None:
            return
        state = session.editor.state
        if not state.spans and not state.absent and session.tokens and self._empty is not session:
            self._empty = session
            self.say("Nothing is labelled here. Again: accept it as a document that has none of the fields.")
        elif self.act(lambda session: session.document_acts.finish()):
            self._go_on()

    def action_accept_visible(self) -> None:
        """Accept the suggestions in view."""
        self.act(lambda session: session.accept_all(self._page.visible_tokens()))

    def action_accept_all(self) -> None:
        """Accept the suggestions in view; when none is left out of view, the document, and go on."""
        if not self.act(lambda session: session.accept_all(self._page.visible_tokens())) or self.session is None:
            return
        rest = self.session.acceptable()
        if rest:
            first = min(rest, key=lambda s: s.tokens)
            self.act(lambda session: session.cursor.go_to(min(first.tokens)))
            more = "1 suggestion was" if len(rest) == 1 else f"{len(rest)} suggestions were"
            self.say(f"{more} out of view. Look, then press again.")
        else:
            self.action_accept()

    def action_set_aside(self, how: str) -> None:
        """Skip the document or mark it unusable."""
        if (
            self.act(lambda session: session.document_acts.set_aside(State(how)))
            and self.session
            and self.session.editor.state.state is State(how)
        ):
            back = self.key_of("document.previous")
            self._told = f"{self.session.content.document.name} is {how}; {back} goes back to it."
            self._go_on()

    def _go_on(self) -> None:
        """After a decision: the next document; of a round the next that is undecided, or what was made of the batch."""
        if self.worklist is None or self.worklist.filter.round is None:
            self.action_go(1)
        elif self.worklist.next_open(self.workspace):
            self.open_current()
        else:
            self.app.call_later(self.workbench.visit, "queue")

    def action_review(self) -> None:
        """Switch the review run on or off."""
        self._review = not self._review
        if self._review:
            self.act(lambda session: session.next_suggestion())
        self.refresh_view()

    def action_zoom(self, by: int) -> None:
        """More or less space."""
        zoom = self._zoom + by
        if self._pictures == "picture":
            self._picture_zoom = min(max(self._picture_zoom + by, -4), 4)
            self.refresh_view()
        elif zoom in ZOOMS and self.session is not None:
            self._zoom = zoom
            self.session.lay_out(self._page.columns, zoom)
            self.refresh_view()

    def action_list(self) -> None:
        """Go into the document list, or back."""
        listed = self.query_one(DocumentList)
        if listed.has_focus:
            self.remove_class("-listing")
            self._page.focus()
            self.refresh_view()
        else:
            self.add_class("-listing")
            listed.focus()
            self.hint("The documents:", ("↑ ↓", "choose"), ("Enter", "open"), ("Esc", "back to the page"))

    @on(DocumentList.Left)
    def _list_left(self) -> None:
        if self.query_one(DocumentList).has_focus:
            self.action_list()

    def action_picture(self) -> None:
        """Text, both, picture, in turn."""
        order = ("text", "picture") if self.has_class("-narrow") else ("text", "both", "picture")
        at = order.index(self._pictures) if self._pictures in order else 0
        self._pictures = order[(at + 1) % len(order)]
        self.set_class(self._pictures != "text", "-picture")
        self.set_class(self._pictures == "picture", "-only-picture")
        self.call_after_refresh(self.refresh_view)

    def action_find(self) -> None:
        """Type a value."""
        if self.session is not None:
            self.act(lambda session: session.disarm())  # what is found is for the key that follows
            self.query_one(FindBar).open(self.session.tokens)

    @on(FindBar.Found)
    def _found(self, event: FindBar.Found) -> None:
        self.act(
            lambda session: session.cursor.select(event.tokens) if event.tokens else session.cursor.drop_selection()
        )
        told = f"Found {event.number} of {event.places}." if event.tokens else "Found nowhere."
        self.hint(told, ("↑ ↓", "other places"), ("Enter", "keep it selected: a field's key labels it"))

    @on(FindBar.Closed)
    def _find_closed(self) -> None:
        self._page.focus()
        self.refresh_view()

    def help_notes(self) -> list[tuple[str, str]]:
        """The fields' keys."""
        return [
            (field.key, f"{field.name} ({field.type.value})") for field in self.workspace.schema.active if field.key
        ]

    def help_signs(self) -> list[tuple[str, str]]:
        """What is seen on the page, in the panel and in the list."""
        return list(SIGNS)
