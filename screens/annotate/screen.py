"""The annotate screen: a document as text in space, its fields, the list; every act is one key."""

from asyncio import to_thread
from contextlib import suppress

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from screens.annotate import hints
from screens.annotate.accept_checks import AcceptChecks, Check
from screens.annotate.dialogs import questions
from screens.annotate.document_list import DocumentList
from screens.annotate.document_pane import VIEW_ACTS, DocumentPane
from screens.annotate.fields_panel import FieldsPanel
from screens.annotate.find_bar import FindBar
from screens.annotate.keys import ANNOTATE, ERROR_WALK_ACTS, SESSION_ACTS, SIGNS, Act, Work, work_of_letter
from screens.annotate.look_ahead import LookAhead
from screens.annotate.undo_trail import UndoTrail
from screens.base import ModeScreen
from screens.keys import bindings
from screens.navigation import ListDocuments, OpenDocument, Request
from storage.document_list import Filter
from storage.exceptions import Conflict, UsageProblem, WorkbenchError
from storage.records import State
from workbench.annotation.movement import OTHER_PAGES, Direction
from workbench.annotation.session import AnnotationSession
from workbench.annotation.worklist import Worklist


class AnnotateScreen(ModeScreen):
    """Where the analyst labels documents, one after the other of a list."""

    mode = "annotate"
    CSS_PATH, AUTO_FOCUS = "annotate.tcss", "PageView"  # after a dialog the keys never go to the list unannounced
    BINDINGS, HELP_SIGNS = bindings(ANNOTATE), SIGNS

    def __init__(self) -> None:
        super().__init__()
        self.session: AnnotationSession | None = None
        self.worklist: Worklist | None = None
        self.look_ahead, self._review = LookAhead(self), False
        self._next_message = ""  # what the next document's hint line begins with
        self._trail = UndoTrail(self)

    def body(self) -> ComposeResult:
        self._list = DocumentList(self.workspace)
        self._pane = DocumentPane(self.workspace, id="middle")
        self._panel = FieldsPanel()
        with Horizontal(id="work"):
            yield self._list
            yield self._pane
            yield self._panel
        yield FindBar(self._asked_to_act, self._to_page)

    def on_mount(self) -> None:
        """Open the first document that is not decided yet."""
        self._pane.page.focus()
        self._accept_checks = AcceptChecks(self._pane.page, self._panel, self.workspace)
        self.worklist = Worklist(self.workspace)
        self.worklist.first_open(self.workspace)
        self.open_current()

    def on_unmount(self) -> None:
        self.look_ahead.end()
        with suppress(WorkbenchError):  # the terminal may have been closed
            if self.session is not None:
                self.session.editor.close()

    def others_wrote(self) -> None:
        """What was decided elsewhere is seen here: in another terminal, or on the screen that this one comes after."""
        if (session := self.session) is not None:
            before = session.content
            with self.guarded():
                self._list.reread_all()
                if session.schema != self.workspace.schema or not session.take_in():
                    self.open_current()
                elif session.content is not before:
                    self.refresh_status()

    on_screen_resume = others_wrote

    def fields_changed(self, message: str = "") -> None:
        self._next_message = message
        self._list.reread_all()
        self.open_current()

    def receive(self, request: Request) -> None:
        if isinstance(request, OpenDocument):
            self._open(request)
        elif isinstance(request, ListDocuments):
            self.use_list(request.filter)
        else:
            super().receive(request)

    def _open(self, request: OpenDocument) -> None:
        known = self.worklist if request.round is None else Worklist(self.workspace, Filter(round=request.round))
        if known is None or not known.move_to(request.document):
            known = Worklist(self.workspace)
            known.move_to(request.document)
        self.worklist = known
        if self.open_current() and request.tokens and self.session is not None:
            self.session.point(request.tokens)  # as an act it would end the message
            self.refresh_status()
        if request.task is not None:
            self.show_hint(request.task)

    def open_current(self) -> bool:
        """Open the list's current document; False: what was typed on this one is not saved, and stays in view."""
        if self.session is not None and self.worklist is not None and not self.save():
            self.worklist.move_to(self.session.content.document.id)
            self.refresh_status()
            return False
        self._trail.is_fresh = False
        self.look_ahead.end()
        worklist = self.worklist
        if worklist is None or worklist.current is None:
            self.session = None
            nothing = "There are no documents here. On the command line: workbench import FOLDER"
            self.hint(nothing, (self.key_of("list.filter"), "other documents"))
            self.facts("no document")
            self._list.show(worklist.ids if worklist else [], -1)
            return True
        with self.guarded():
            self.session = session = self._pane.open(self.workspace, worklist.current, worklist.filter.round)
            if self._review and session.editor.open_suggestions:
                session.next_suggestion()
            self._panel.scroll_to(0, 0, animate=False, immediate=True)
            session.show_message(self._next_message or hints.opening(session, self.workspace.settings.day_first))
            self._next_message = ""
            self.workbench.say_saved("")
            self.refresh_status()
            self._list.show(worklist.ids, worklist.position, worklist.blind)
            self.look_ahead.begin(session, worklist.following)
        return True

    def save(self) -> bool:
        """Try again to save what is shown as not saved; False, with the reason shown, where it still cannot be."""
        has_all = self.session is None or self.session.editor.unsaved is None
        return has_all or self.act(lambda session: session.editor.save())

    def use_list(self, chosen: Filter) -> None:
        self.hint("Finding the documents …")
        self.app.call_later(self._follow, chosen)  # where keys are handled: those pressed meanwhile wait for the list

    async def _follow(self, chosen: Filter) -> None:
        with self.guarded():
            worklist = await to_thread(Worklist, self.workspace, chosen)
            if self.worklist is not None and self.worklist.current is not None:
                worklist.move_to(self.worklist.current)
            self.worklist = worklist
            self.open_current()

    def action_go(self, by: int) -> None:
        if self.worklist is None:
            return
        if self.worklist.step(by) is not None:
            self.open_current()
        elif by > 0 and self.worklist.filter.round is not None:
            self.app.call_later(self.workbench.visit, "queue")  # what was made of the batch, and the next step
        else:
            self.show_message(f"This is the {'last' if by > 0 else 'first'} document in the list.")

    async def action_go_open(self) -> None:
        if self.worklist is None or not await to_thread(self.worklist.next_open, self.workspace):
            self._say_all_done()
        else:
            self.open_current()

    def _go_on(self, message: str = "", at_end: str = "") -> None:
        """After a decision: the next document, with `message`; `at_end`; after a round's last, what became of it."""
        if self.worklist is None or (left := self.worklist.current) is None:
            return
        if self.worklist.go_on(self.workspace):
            self._next_message = message
            self.open_current()
            self._trail.went_on(left)
        elif self.worklist.filter.round is not None:
            self.app.call_later(self.workbench.visit, "queue")
        else:
            self._say_all_done(at_end)

    def _say_all_done(self, message: str = "") -> None:
        """The last document stays in view, with nothing in hand that a further key would go on with."""
        if self.worklist is not None and self.session is not None:
            self.session.put_down()
            self.show_message(f"{message} {hints.ALL_DONE}".lstrip())
            self.run_worker(self.look_ahead.say_incomplete(self.session, self.worklist))

    def _go_on_classified(self, document: int) -> None:
        """After the key that classified a text: the next error where errors are gone through, else the next text."""
        if (walk := self.workbench.error_walk) is not None and walk.document == document:
            self.app.call_later(walk.next_error)
        else:
            self._go_on()

    def action_undo(self) -> None:
        if self.focused is self._list:
            self._to_page()  # where it is seen what was undone
        self._trail.undo()

    async def action_error_walk(self, act: str) -> None:
        if self.workbench.error_walk is None:
            self.notify("Choose an error in the errors screen first.")
        else:
            await ERROR_WALK_ACTS[act](self.workbench.error_walk)

    def refresh_status(self) -> None:
        """Draw the widgets from the session's view; each repaints what changed."""
        if (session := self.session) is None or self.worklist is None:
            return
        view, settings, width = session.view, self.workspace.settings, self.size.width
        self._pane.show(session, view, self.workspace)
        armed, in_hand = view.focus.field if view.focus else view.armed, hints.field_in_hand(view)
        self._panel.show(view.content, settings.schema, settings.day_first, armed, view.classes, in_hand)
        walk = self.workbench.error_walk
        walking = walk is not None and walk.document == view.content.document.id
        self._accept_checks.show(session)
        ahead, warning = self._accept_checks.ahead(session), self._panel.warning(in_hand)
        context = hints.Context(self._review, self.look_ahead.similar, walking, self._pane.shows, ahead, warning, width)
        if self.focused is not self._list:  # its own hint stays, whatever is said of the page meanwhile
            self.show_hint(hints.hint_of(session.view, settings.schema, context))
        self.facts(*hints.facts_of(view, self.worklist))

    def show_message(self, text: str) -> None:
        if self.session is not None:
            self.session.show_message(text)
            self.refresh_status()

    @on(LookAhead.SimilarDocument)
    def _similar_found(self, event: LookAhead.SimilarDocument) -> None:
        if self.look_ahead.keep(event):
            self.refresh_status()

    def act(self, work: Work) -> bool:
        """Do something with the session, then show it, and whether it is saved; False when it failed or is not."""
        if (session := self.session) is None:
            return False
        self.look_ahead.postpone()
        before, was_unsaved, done, was_refused = session.content, session.editor.unsaved is not None, False, False
        with self.guarded():
            try:
                session.show_message("")  # it was there until this key
                work(session)
            except UsageProblem:
                was_refused = True  # nothing was changed
                raise
            except Conflict as error:
                session.disarm()  # the places it would go on to are of the document as it was
                refused, session.editor.refused = session.editor.refused, None
                if session.has_other_words:
                    self._open(OpenDocument(session.content.document.id))
                if refused is None or self.session is None:  # an undo that came too late
                    raise
                question = questions.ask_conflict(self.app, self.session, refused, error)
                self.app.call_next(questions.converse, self, question, self.act)  # before the next key
            else:
                if session.content is not before:
                    self._trail.is_fresh = False
                    if session.editor.unsaved is None:
                        self._committed(session, was_unsaved or session.editor.state.state is not before.document.state)
                done = session.editor.unsaved is None
                if session.repaired:  # other words: everything is laid out anew
                    self._next_message = session.view.message
                    self._open(OpenDocument(session.content.document.id, tokens=session.repaired))
        if not done and not was_refused:
            self.workbench.say_saved("NOT SAVED")
        self.workbench.unsaved.note((self.session or session).editor, self.save)
        self.refresh_status()
        if done and session.classes.went_through:
            session.classes.went_through = False
            self._go_on_classified(session.content.document.id)
        return done

    def _committed(self, session: AnnotationSession, is_other_state: bool) -> None:
        self.workbench.say_saved("saved ✓")
        if is_other_state and self.worklist is not None:
            self.workbench.count_progress()
            self.worklist.mark(self.workspace, session.content.document, session.editor.blind)
        self._list.reread_open()

    def typed(self, event: events.Key) -> bool:
        if self.focused is self._list:
            return self._list.typed(event)
        if isinstance(self.focused, Input) or not event.character or self.session is None:
            return False
        if (work := work_of_letter(event.character, self.session)) is not None:
            self.act(work)
        return work is not None

    def action_session(self, name: str) -> None:
        self.act(SESSION_ACTS[name])

    def action_adjust(self, more: bool, at_end: bool, phrases: bool) -> None:
        self.act(lambda session: session.adjust(more, at_end, phrases))

    def action_move(self, way: str, extend: bool = False) -> None:
        self.act(lambda session: session.cursor.move(Direction(way), extend))
        if Direction(way) in OTHER_PAGES and self.session is not None and self.session.cursor.token is not None:
            self._pane.page.begin_at(self.session.cursor.token)

    def action_screenful(self, direction: int) -> None:
        self.act(lambda session: session.cursor.scroll(direction * self._pane.page.page_rows()))

    def action_accept(self) -> None:
        """Accept the document and go to the next; one without any label only when asked twice."""
        if not self._asked(self._accept_checks.question) and self.act(self._accept_checks.finish):
            self._go_on(*self._accept_checks.left_out_message(self.key_of("history.undo")))

    def _asked(self, check: Check) -> bool:
        if question := check(self.session) if self.session else "":
            self.show_message(question)
        return bool(question)

    def action_accept_visible(self) -> None:
        _ = self._asked(self._accept_checks.unseen_shown) or self.act(self._accept_checks.accept_as_on_page)

    def action_accept_all(self) -> None:
        """Accept the sure suggestions in view; only when nothing is left open, the document, and go on."""
        checks = self._accept_checks
        if self._asked(checks.unlabelled) or self._asked(checks.unseen_shown) or not self.act(checks.accept):
            return
        if self.session and (look := checks.left(self.session)):
            self.act(look)
        else:
            self.action_accept()

    def action_set_aside(self, how: str) -> None:
        """Skip the document or mark it unusable, and go on; one that was set aside before is only opened again."""
        done = self.act(lambda session: session.document_acts.set_aside(State(how)))
        if done and self.session and self.session.editor.state.state is State(how):
            self._go_on(*hints.set_aside(self.session.content.document.name, how, self.key_of("history.undo")))

    async def action_template(self) -> None:
        """Suggest labels from the last labelled document of this vendor."""
        if (session := self.session) is not None:
            proposals, message = await self.look_ahead.template(session)
            if proposals:
                self.act(lambda session: session.document_acts.propose(proposals, "template"))
            self.show_message(message)

    async def action_ask(self, name: str) -> None:
        if self.session is not None:
            await questions.converse(self, questions.QUESTIONS[name](self.app, self.session), self.act)

    async def action_filter(self) -> None:
        vendor = self.session.content.document.group if self.session else None
        await questions.converse(self, questions.ask_filter(self.app, self.workspace.db, vendor), self.use_list)

    async def action_change(self, name: str) -> None:
        if self.save():  # the words may be others afterwards
            change = questions.CHANGES[name](self, self.session, self._trail)
            await questions.converse(self, change, self.fields_changed)

    def action_history(self) -> None:
        self.act(lambda session: self.app.push_screen(questions.history_page(session)))

    @on(Act)
    def _asked_to_act(self, event: Act) -> None:
        self.act(event.work)
        if event.hint is not None:
            self.show_hint(event.hint)

    def action_view(self, name: str) -> None:
        VIEW_ACTS[name](self._pane)
        self.call_after_refresh(self.refresh_status)

    def action_review(self) -> None:
        self._review = not self._review
        if not self._review or not self.act(lambda session: session.next_suggestion()):
            self.refresh_status()

    def action_list(self) -> None:
        if self._list.has_focus:
            self._to_page()
        else:
            self.add_class("-listing")
            self.set_focus(self._list)
            self.show_hint(hints.LIST)

    @on(DocumentList.Left)
    def _to_page(self) -> None:
        self.remove_class("-listing")
        self.set_focus(self._pane.page)  # at once: the next key is the page's
        self.refresh_status()

    @on(DocumentList.Chosen)
    def _chosen(self, event: DocumentList.Chosen) -> None:
        if event.order is not None and self.worklist is not None:
            self.worklist.sort(event.order)
        self._to_page()
        self._open(OpenDocument(event.document))  # a search also finds documents that the list does not have

    def action_find(self) -> None:
        if self.session is not None:
            self.query_one(FindBar).open(self.session.tokens)

    def help_notes(self) -> list[tuple[str, str]]:
        return [(f.key, f"{f.name} ({f.type.value})") for f in self.workspace.schema.spans if f.key]
