"""The annotate screen: a document as text in space, its fields, the list; every act is one key."""

from collections.abc import Callable

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.css.query import NoMatches
from textual.widgets import Input

from screens.annotate_keys import ANNOTATE
from screens.base import ModeScreen
from screens.hints import hint_of
from screens.keys import bindings
from screens.widgets.dialogs import Choice, Prompt, Reading
from screens.widgets.document_list import DocumentList
from screens.widgets.fields_panel import FieldsPanel
from screens.widgets.page_view import PageView
from storage import queue
from storage.documents import KINDS, Filter
from storage.exceptions import Conflict
from storage.records import Content, State
from workbench import field_rows
from workbench.cursor import Way
from workbench.desk import Desk
from workbench.hands import Hands
from workbench.page_layout import ZOOMS, lay_out
from workbench.worklist import Worklist


class AnnotateScreen(ModeScreen):
    """Where the analyst spends her day."""

    mode = "annotate"
    CSS_PATH = "annotate.tcss"
    BINDINGS = bindings(ANNOTATE)

    def __init__(self) -> None:
        super().__init__()
        self.hands: Hands | None = None
        self.worklist: Worklist | None = None
        self._zoom = 0
        self._review = False
        self._rows_of: tuple[Content, tuple[field_rows.FieldRow, ...]] | None = None

    def body(self) -> ComposeResult:
        schema = self.workspace.schema
        with Horizontal(id="work"):
            yield DocumentList(self.workspace.db)
            with Horizontal(id="middle"):
                yield PageView(schema)
            yield FieldsPanel()
        yield Input(id="find", placeholder="Find a value: 1234.5 finds 1,234.50", compact=True)

    def on_mount(self) -> None:
        """Open the first document that is not decided yet."""
        self._page.focus()
        self.worklist = Worklist(self.workspace)
        self.worklist.first_open(self.workspace)
        self._open_current()

    # what is shown

    @property
    def _page(self) -> PageView:
        return self.query_one(PageView)

    def go_to(self, document: int, round_id: int | None = None) -> None:
        """Open a document; with a round, `next` follows that round."""
        if round_id is not None:
            self.worklist = Worklist(self.workspace, Filter(round=round_id))
        if self.worklist is None or not self.worklist.move_to(document):
            self.worklist = Worklist(self.workspace)
            self.worklist.move_to(document)
        self._open_current()

    def _open_current(self) -> None:
        current = self.worklist.current if self.worklist else None
        if current is None:
            self.hands = None
            self.hint("There are no documents here.", ("list.filter", "other documents"), ("app.help", "keys"))
            self.facts("no document")
            self.query_one(DocumentList).show(self.worklist.ids if self.worklist else [], -1)
            return
        settings = self.workspace.settings
        with self.guarded():
            desk = Desk(self.workspace, current, field_rows.judge(settings.schema, settings.day_first))
            layout = lay_out(desk.content.pages, self._page.columns, self._zoom)
            self.hands = Hands(desk, settings.schema, layout)
            if self._review and desk.open_suggestions:
                self.hands.next_suggestion()
            self._page.scroll_to(0, 0, animate=False, immediate=True)
            self.workbench.say_saved("")
            self.refresh_view()
            assert self.worklist is not None
            self.query_one(DocumentList).show(self.worklist.ids, self.worklist.position)

    def refresh_view(self) -> None:
        """Draw the widgets from the hands' view; each repaints what changed."""
        hands = self.hands
        if hands is None or self.worklist is None:
            return
        view = hands.view
        self._page.show(hands.layout, view)
        if self._rows_of is None or self._rows_of[0] is not view.content:
            settings = self.workspace.settings
            self._rows_of = (view.content, field_rows.rows(view.content, settings.schema, settings.day_first))
        self.query_one(FieldsPanel).show(self._rows_of[1], view.armed)
        lead, pairs = hint_of(view, self.workspace.schema, self._review)
        self.hint(lead, *((self.key_of(key) if "." in key else key, text) for key, text in pairs))
        document = view.content.document
        state = "" if document.state is State.NEW else document.state.value
        self.facts(
            f"{self.worklist.position + 1:,}/{len(self.worklist):,}",
            document.name,
            state + (" ⚑" if document.note else ""),
            f"page {self._page_number()}/{document.page_count}" if document.page_count > 1 else "",
            "" if self.worklist.filter == Filter() else f"list: {self._filter_name(self.worklist.filter)}",
        )

    def _page_number(self) -> int:
        if self.hands is None or self.hands.cursor is None:
            return 1
        return self.hands.tokens[self.hands.cursor].page + 1

    # acts

    def act(self, work: Callable[[Hands], object]) -> bool:
        """Do something with the hands, then show it; what was committed is shown as saved. False on a conflict."""
        hands = self.hands
        if hands is None:
            return False
        before = hands.content
        with self.guarded():
            try:
                work(hands)
            except Conflict as error:
                self._conflicted(error)
                return False
        if hands.content is not before:
            self._changed(before)
        self.refresh_view()
        return True

    def _changed(self, before: Content) -> None:
        assert self.hands is not None and self.worklist is not None
        document = self.hands.content.document
        self.workbench.say_saved("saved ✓")
        if document.state is not before.document.state:
            self.workbench.count_progress()
            if self.worklist.filter.round is not None:
                done = document.state in (State.LABELLED, State.SKIPPED, State.UNUSABLE)
                with self.workspace.db.write() as connection:
                    queue.mark_done(connection, self.worklist.filter.round, document.id, done)
        self.query_one(DocumentList).reread(document.id, self.worklist.position)

    def _conflicted(self, error: Conflict) -> None:
        self.refresh_view()
        raise error

    def on_key(self, event: events.Key) -> None:
        """A field's key."""
        if self.focused is not self._page or not event.character or self.hands is None:
            return
        field = next((f for f in self.workspace.schema.active if f.key == event.character), None)
        if field is not None:
            event.stop()
            event.prevent_default()
            self.act(lambda hands: hands.press(field))

    @on(FieldsPanel.Pressed)
    def _field_clicked(self, event: FieldsPanel.Pressed) -> None:
        field = self.workspace.schema.get(event.field)
        if field is not None:
            self.act(lambda hands: hands.press(field))

    @on(PageView.Touched)
    def _touched(self, event: PageView.Touched) -> None:
        self._page.focus()
        if event.dragged:
            self.act(lambda hands: hands.go_to(event.token, extend=True))
        else:
            self.act(lambda hands: hands.click(event.token, event.extend))

    @on(PageView.Resized)
    def _resized(self) -> None:
        if self.hands is not None:
            self.hands.layout = lay_out(self.hands.content.pages, self._page.columns, self._zoom)
            self.refresh_view()

    @on(DocumentList.Chosen)
    def _chosen(self, event: DocumentList.Chosen) -> None:
        assert self.worklist is not None
        self.worklist.move_to(event.document)
        self.remove_class("-listing")
        self._page.focus()
        self._open_current()

    def action_hands(self, name: str, *arguments: object) -> None:
        """One of the hands' acts."""
        self.act(lambda hands: getattr(hands, name)(*arguments))

    def action_move(self, way: str, extend: bool = False) -> None:
        """Move the cursor."""
        self.act(lambda hands: hands.move(Way(way), extend))

    def action_screenful(self, direction: int) -> None:
        """Move by a screenful."""

        def moves(hands: Hands) -> None:
            for _ in range(self._page.page_rows()):
                hands.move(Way.DOWN if direction > 0 else Way.UP)

        self.act(moves)

    def action_go(self, by: int) -> None:
        """Another document of the list."""
        if self.worklist is None or self.worklist.step(by) is None:
            self.notify("This is the list's last document." if by > 0 else "This is the list's first document.")
        else:
            self._open_current()

    def action_accept(self) -> None:
        """Accept the document and go to the next."""
        if self.act(lambda hands: hands.finish()):
            self.action_go(1)

    def action_accept_visible(self) -> None:
        """Accept the suggestions in view."""
        self.act(lambda hands: hands.accept_all(self._page.visible_tokens()))

    def action_accept_all(self) -> None:
        """Accept the suggestions in view; when none is left out of view, the document, and go on."""
        if not self.act(lambda hands: hands.accept_all(self._page.visible_tokens())) or self.hands is None:
            return
        rest = self.hands.acceptable()
        if rest:
            first = min(rest, key=lambda s: s.tokens)
            self.act(lambda hands: hands.go_to(min(first.tokens)))
            self.notify(f"{len(rest)} more suggestions were out of view. Look at them, then press again.")
        else:
            self.action_accept()

    def action_set_aside(self, how: str) -> None:
        """Skip the document or mark it unusable."""
        if (
            self.act(lambda hands: hands.set_aside(State(how)))
            and self.hands
            and self.hands.desk.state.state is State(how)
        ):
            self.action_go(1)

    def action_turn(self, way: str) -> None:
        """Undo or redo."""
        self.act(lambda hands: getattr(hands, way)())

    def action_review(self) -> None:
        """Switch the review run on or off."""
        self._review = not self._review
        if self._review:
            self.act(lambda hands: hands.next_suggestion())
        self.refresh_view()

    def action_zoom(self, by: int) -> None:
        """More or less space."""
        zoom = self._zoom + by
        if zoom in ZOOMS and self.hands is not None:
            self._zoom = zoom
            self.hands.layout = lay_out(self.hands.content.pages, self._page.columns, zoom)
            self.refresh_view()

    # dialogs

    def action_flag(self) -> None:
        """Flag with a note."""
        if self.hands is None:
            return
        self.app.push_screen(
            Prompt(
                "Note on this document", self.hands.desk.state.note, "Enter: keep it   empty: no flag   Esc: cancel"
            ),
            self._flagged,
        )

    def _flagged(self, note: str | None) -> None:
        if note is not None:
            self.act(lambda hands: hands.flag(note))

    def action_correct(self) -> None:
        """Correct a word's text."""
        if self.hands is None or self.hands.cursor is None:
            return
        token = self.hands.tokens[self.hands.cursor]
        original = f"Read as “{token.original}”. " if token.original is not None else ""
        self.app.push_screen(
            Prompt("The word's text", token.text, f"{original}Enter: correct it   Esc: cancel"),
            self._corrected,
        )

    def _corrected(self, text: str | None) -> None:
        if text:
            self.act(lambda hands: hands.correct(text))

    def action_history(self) -> None:
        """Who did what when."""
        if self.hands is None:
            return
        lines = [
            f"{event.at.astimezone():%Y-%m-%d %H:%M:%S}  {event.annotator or '?':<14} {event.act}"
            for event in reversed(self.hands.desk.history())
        ]
        self.app.push_screen(Reading("History, the newest first", "\n".join(lines) or "Nothing was done yet."))

    def action_filter(self) -> None:
        """Which documents the list shows."""
        options = [(kind, text, str(number)) for number, (kind, text) in enumerate(KINDS.items(), 1)]
        self.app.push_screen(Choice("Show documents", options), self._filtered)

    def _filtered(self, kind: str | None) -> None:
        if kind is not None:
            self._use_filter(Filter(kind))

    def _use_filter(self, chosen: Filter) -> None:
        current = self.worklist.current if self.worklist else None
        self.worklist = Worklist(self.workspace, chosen)
        if current is not None:
            self.worklist.move_to(current)
        self._open_current()

    def _filter_name(self, chosen: Filter) -> str:
        return KINDS[chosen.kind]

    def action_list(self) -> None:
        """Go into the document list, or back."""
        listed = self.query_one(DocumentList)
        if listed.has_focus:
            self.remove_class("-listing")
            self._page.focus()
        else:
            self.add_class("-listing")
            listed.focus()

    def action_find(self) -> None:
        """Type a value."""
        try:
            field = self.query_one("#find", Input)
        except NoMatches:
            return
        field.add_class("-shown")
        field.value = ""
        field.focus()

    @on(Input.Changed, "#find")
    def _finding(self, event: Input.Changed) -> None:
        from workbench.finding import find

        if self.hands is not None:
            found = find(self.hands.tokens, event.value)
            if found:
                self.act(lambda hands: hands.select(found[0]))

    @on(Input.Submitted, "#find")
    def _found(self) -> None:
        self.query_one("#find", Input).remove_class("-shown")
        self._page.focus()

    def help_notes(self) -> list[tuple[str, str]]:
        """The fields' keys."""
        return [
            (field.key, f"{field.name} ({field.type.value})") for field in self.workspace.schema.active if field.key
        ]
