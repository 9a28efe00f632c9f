"""The annotate screen's questions: its dialogs, and what the answers do."""

from asyncio import to_thread
from collections.abc import Callable
from time import monotonic, sleep

from textual import on
from textual.message import Message

from screens.annotate import conflict
from screens.base import ModeScreen
from screens.widgets.dialogs import Choice, Prompt, TextPage
from storage import document_list
from storage.document_list import KINDS, Filter
from storage.exceptions import Conflict
from storage.records import Content, Split
from workbench.annotation import acts
from workbench.annotation.field_states import text_of
from workbench.annotation.session import AnnotationSession
from workbench.annotation.similar import similar_to
from workbench.annotation.worklist import Worklist

_GUESSED = "~ is guessed from how a document looks; `workbench split` names it by its labelled seller."
_LONG = 300  # tokens: likely places of a longer document are found beforehand
_PAUSE = 0.8  # seconds in which nothing was done: not while she is at work, or only leafs through


class Asking(ModeScreen):
    """What the annotate screen is built on: a document under the session, acts with one border, and questions."""

    class Similar(Message):
        """A labelled document of the same vendor was found."""

        def __init__(self, session: AnnotationSession, source: Content) -> None:
            super().__init__()
            self.session, self.source = session, source

    def __init__(self) -> None:
        super().__init__()
        self._acted = 0.0  # when something was last done
        self.session: AnnotationSession | None = None
        self.worklist: Worklist | None = None
        self.similar: Content | None = None  # a document whose labels can be suggested here, once it was found

    def open_current(self) -> None:
        """Open the document at the list's position."""

    def refresh_view(self) -> None:
        """Draw what changed."""

    def say(self, message: str) -> None:
        """Something in the hint line."""

    def changed(self, before: Content) -> None:
        """Something was committed."""

    def act(self, work: Callable[[AnnotationSession], object]) -> bool:
        """Do something with the session, then show it; what was committed is shown as saved. False when it failed."""
        session = self.session
        if session is None:
            return False
        self.at_work()
        before, done = session.content, False
        with self.guarded():
            try:
                work(session)
            except Conflict as error:
                session.disarm()  # the places it would go on to are of the document as it was
                self.refresh_view()
                self.ask_conflict(error)
                return False
            if session.content is not before:
                self.changed(before)
            done = True
        self.refresh_view()
        return done

    # what is found beforehand

    def at_work(self) -> None:
        """Something is being done: whoever looks for something in the background waits."""
        self._acted = monotonic()

    def look_ahead(self, session: AnnotationSession) -> None:
        """Find in the background, while no key is pressed, what will be of use on a document that was opened."""
        self.similar = None
        self.at_work()
        number = session.content.document.id  # not the session: what a worker was given lives until the collector comes
        self.in_background(lambda: self._find(number), "look ahead")

    def _find(self, number: int) -> None:
        """In a thread: a document to take labels from, where there are none; the likely places of a long document."""
        session = self.session
        if session is None or session.content.document.id != number:
            return
        if (
            session.view.untouched
            and not session.editor.blind
            and self._rests(session)
            and (source := similar_to(self.workspace, session))
        ):
            self.post_message(self.Similar(session, source))
        if len(session.tokens) > _LONG:
            session.warm(lambda: self._rests(session))

    def _rests(self, session: AnnotationSession) -> bool:
        """In a thread: wait until nothing was done for a moment; whether the document is still the open one."""
        while self.session is session and (left := self._acted + _PAUSE - monotonic()) > 0:
            sleep(left)
        return self.session is session

    def on_unmount(self) -> None:
        """Nothing is looked for any more when the program ends."""
        self.session = None

    @on(Similar)
    def _similar_found(self, event: Similar) -> None:
        if event.session is self.session:
            self.similar = event.source
            self.refresh_view()

    # conflicts

    def ask_conflict(self, error: Conflict) -> None:
        """Show both states and let her decide; an undo that came too late is only told."""
        session = self.session
        if session is None or session.editor.refused is None:
            raise error
        detail = (
            f"{error.message}\n\n{conflict.described(session.content, session.editor.refused, self.workspace.schema)}"
        )
        self.app.push_screen(Choice(error.title, conflict.CHOICES, detail), self._decided)

    def _decided(self, choice: str | None) -> None:
        session = self.session
        if session is None or session.editor.refused is None:
            return
        mine, session.editor.refused = session.editor.refused, None
        if choice == "both":
            self.act(
                lambda session: session.document_acts.repeat(
                    mine.name, acts.merge(session.editor.state, mine.before, mine.after)
                )
            )
        elif choice == "mine":
            self.act(lambda session: session.document_acts.repeat(mine.name, mine.after))

    # notes, corrections, history, templates

    def action_flag(self) -> None:
        """Flag with a note."""
        if self.session is not None:
            note = self.session.editor.state.note
            prompt = Prompt("Note on this document", note, "Enter: keep it   empty: no flag   Esc: cancel")
            self.app.push_screen(prompt, self._flagged)

    def _flagged(self, note: str | None) -> None:
        if note is not None:
            self.act(lambda session: session.document_acts.flag(note))

    def action_correct(self) -> None:
        """Correct a word's text."""
        if self.session is not None and self.session.cursor.token is not None:
            token = self.session.tokens[self.session.cursor.token]
            original = f"Read as “{token.original}”. " if token.original is not None else ""
            prompt = Prompt("The word's text", token.text, f"{original}Enter: correct it   Esc: cancel")
            self.app.push_screen(prompt, self._corrected)

    def _corrected(self, text: str | None) -> None:
        if text:
            self.act(lambda session: session.document_acts.correct(text))

    def action_history(self) -> None:
        """Who did what when."""
        if self.session is not None:
            lines = [
                f"{event.at.astimezone():%Y-%m-%d %H:%M:%S}  {event.annotator or '?':<14} {event.act:<14} "
                + _what(event.change, self.session)
                for event in reversed(self.session.editor.history())
            ]
            self.app.push_screen(
                TextPage("History, the newest first", "\n".join(lines) or "Nothing was done yet.", wide=True)
            )

    async def action_template(self) -> None:
        """Suggest labels from the last labelled document of this vendor."""
        from workbench.locate import templates

        session = self.session
        if session is None:
            return
        if session.editor.blind:
            self.say("It came back without its labels, to see whether they come out the same: nothing is suggested.")
            return
        source = self.similar or await to_thread(similar_to, self.workspace, session)
        if source is None:
            self.say("No other document of this vendor is labelled yet.")
            return
        schema = self.workspace.schema
        found = await to_thread(templates.proposals, source, session.content, schema)
        self.act(lambda session: session.document_acts.propose(found, "template"))
        missed = {s.field for s in source.annotations.spans} - {field for field, _, _ in found}
        told = f"As in {source.document.name}: {len(found)} suggestions"
        self.say(told + (f", not found: {', '.join(map(schema.name, sorted(missed)))}." if missed else "."))

    # the list's filter

    def action_filter(self) -> None:
        """Which documents the list shows."""
        options = [(kind, text, str(number)) for number, (kind, text) in enumerate(KINDS.items(), 1)]
        options += [
            ("=text", "words in them …", "t"),
            ("=split", "of one split …", "s"),
            ("=group", "of one vendor …", "v"),
            ("=same", "of this document's vendor", "d"),
        ]
        self.app.push_screen(Choice("Show documents", options), self._filtered)

    def _filtered(self, chosen: str | None) -> None:
        if chosen == "=text":
            self.app.push_screen(
                Prompt("All of these words in the document or its name", placeholder="tesco 2018"),
                lambda text: self.use_list(Filter(text=text)) if text is not None else None,
            )
        elif chosen == "=split":
            splits = [(split.value, split.value, split.value[:2]) for split in Split]
            self.app.push_screen(
                Choice("Show the split", [(name, text, "") for name, text, _ in splits]),
                lambda split: self.use_list(Filter(split=Split(split))) if split else None,
            )
        elif chosen == "=group":
            with self.workspace.db.read() as connection:
                groups = list(document_list.groups(connection).items())
            named = [(f"g{n}", f"{name or '(none)'}  ({count})", "") for n, (name, count) in enumerate(groups[:500])]
            self.app.push_screen(
                Choice("Show the vendor", named, _GUESSED),
                lambda group: self.use_list(Filter(group=groups[int(group[1:])][0])) if group else None,
            )
        elif chosen == "=same":
            if self.session is not None:
                self.use_list(Filter(group=self.session.content.document.group))
        elif chosen is not None:
            self.use_list(Filter(chosen))

    def use_list(self, chosen: Filter) -> None:
        """List other documents."""
        self.hint("Looking for the documents …")
        self.app.call_later(self._follow, chosen)  # where keys are handled: those pressed meanwhile wait for the list

    async def _follow(self, chosen: Filter) -> None:
        with self.guarded():
            worklist = await to_thread(Worklist, self.workspace, chosen)
            if self.worklist is not None and self.worklist.current is not None:
                worklist.move_to(self.worklist.current)
            self.worklist = worklist
            self.open_current()

    def filter_name(self, chosen: Filter) -> str:
        """What a filter shows, in a few words."""
        if chosen.round is not None:
            return f"round {chosen.round}"
        parts = [
            KINDS[chosen.kind] if chosen.kind != "all" else "",
            f"split {chosen.split.value}" if chosen.split else "",
            f"vendor {chosen.group}" if chosen.group is not None else "",
            f"“{chosen.text}”" if chosen.text else "",
        ]
        return ", ".join(part for part in parts if part) or KINDS["all"]


def _what(change: dict[str, object], session: AnnotationSession) -> str:
    """An event's change in a few words: + labels given, - labels taken."""
    parts = []
    spans = change.get("spans")
    if isinstance(spans, dict):
        for sign in "-+":
            for field, tokens, *_ in spans[sign]:
                text = text_of(session.tokens, [t for t in tokens if t < len(session.tokens)])
                parts.append(f"{sign}{session.schema.name(field)} “{text[:40]}”")
    for name in ("state", "note"):
        if isinstance(turned := change.get(name), list):
            parts.append(f"{name}: {turned[0] or '–'} → {turned[1] or '–'}")
    absent = change.get("absent")
    if isinstance(absent, dict):
        parts += [f"{sign}absent {session.schema.name(field)}" for sign in "-+" for field in absent[sign]]
    return ", ".join(parts)
