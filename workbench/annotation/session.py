"""One document being annotated: what each act of the annotate screen does, without a screen.

A cursor, a selection, an armed field, a focused suggestion; and the acts, each committed by the editor before it shows.
`view` is the immutable picture of it all that widgets are drawn from.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from threading import get_ident

from storage.records import Annotations, Content, Decision, Page, Span, State, Suggestion, Token
from workbench.annotation import acts
from workbench.annotation.document_acts import DocumentActs
from workbench.annotation.editor import Editor
from workbench.annotation.field_states import seller_of, text_of
from workbench.annotation.movement import Direction
from workbench.annotation.text_grid import PageLayout, lay_out
from workbench.annotation.view import Proposals, SessionView
from workbench.fields import Field, FieldType, Schema
from workbench.locate.candidates import Finder
from workbench.locate.places import likely_places


class _NotWanted(Exception):
    """Places that are looked for beforehand are of no use any more."""


class AnnotationSession(DocumentActs):
    """One document under the session.

    Args:
        editor: the document, opened.
        schema: the fields.
        layout: where the tokens stand; replaced whenever the screen lays them out anew.
    """

    def __init__(self, editor: Editor, schema: Schema, layout: PageLayout | None = None) -> None:
        super().__init__(layout or lay_out(editor.content.pages, 100))
        self.editor = editor
        self.laid_out = editor.state.texts  # the corrected texts that the layout shows
        self.schema = schema
        self._focus: int | None = None
        self._pointed = False  # the cursor was put where it is by hand

    @property
    def content(self) -> Content:
        """The document as it is kept."""
        return self.editor.content

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The document's tokens, with corrected texts."""
        pages = self.content.pages
        if self._tokens_of is None or self._tokens_of[0] is not pages:
            self._tokens_of = (pages, self.content.tokens)
            self.__dict__.pop("_finder", None)
        return self._tokens_of[1]

    _tokens_of: tuple[tuple[Page, ...], tuple[Token, ...]] | None = None

    @property
    def seller(self) -> str:
        """The seller's name: as labelled, else what its key would label."""
        field = self.schema.get("seller_name")
        if (labelled := seller_of(self.content)) or field is None:
            return labelled
        places = likely_places(self.content, self._finder, field, None)
        return text_of(self.tokens, places[0]) if places else ""

    def lay_out(self, columns: int, zoom: int) -> None:
        """Place the words anew."""
        self.layout = lay_out(self.content.pages, columns, zoom)
        self.laid_out = self.editor.state.texts

    def warm(self, goes_on: Callable[[], bool]) -> None:
        """Find every field's likely places beforehand, in a thread; `goes_on` is asked all the time, and may wait."""
        mine = get_ident()

        def step() -> None:
            if get_ident() == mine and not goes_on():  # a key's own search waits for nobody
                raise _NotWanted

        self._finder.pace(step)
        try:
            with suppress(_NotWanted):  # what was found stays
                for field in self.schema.active:
                    step()
                    self._finder.ranked(field)
        finally:
            self._finder.pace(None)

    @cached_property
    def _finder(self) -> Finder:
        return Finder(self.tokens)

    @property
    def view(self) -> SessionView:
        """What is seen now."""
        open_ones = {s.id: s for s in self.content.suggestions if s.decision is Decision.OPEN}
        return SessionView(
            self.content,
            self.cursor,
            self.selection,
            self._armed,
            self._tries,
            open_ones.get(self._focus) if self._focus is not None else None,
            self._message,
            self._pointed,
        )

    # moving

    def moved(self) -> None:
        """The cursor left what was in hand: no suggestion is focused, the armed field's key labels where it is now."""
        self._focus = None
        self._message = ""
        self._pointed = True
        if self._tries and self.cursor not in self._tries.span.tokens:
            self._tries = replace(self._tries, moved=True)

    def let_go(self) -> None:
        """Forget the selection; pressed again, the armed field and the focus."""
        if self.selection:
            self.drop_selection()
        else:
            self.disarm()
            self._focus = None
        self._pointed = False
        self._message = ""

    def scroll(self, steps: int) -> None:
        """Go some rows down (or up) to read, not to point at a word."""
        for _ in range(abs(steps)):
            self.move(Direction.DOWN if steps > 0 else Direction.UP)
        self._pointed = False

    def move(self, way: Direction, extend: bool = False) -> None:
        """Move the cursor; to go to another page, or to its ends, points at no word."""
        super().move(way, extend)
        self._pointed = self._pointed and way not in (
            Direction.START,
            Direction.END,
            Direction.PAGE_BEFORE,
            Direction.PAGE_AFTER,
        )

    def next_like(self, backwards: bool = False) -> None:
        """Go to the next token that looks like what the armed field wants; an amount where none is armed."""
        wanted = self.schema.get(self._armed) if self._armed else None
        self.seek(wanted.type if wanted else FieldType.AMOUNT, backwards)

    # labelling

    def press(self, field: Field) -> None:
        """A field's key. What it does depends on what is in hand, in this order:

        a selection becomes the field's value, instead of what it had; a focused suggestion becomes this field; pressed
        again the label moves to the next likely place, or to the cursor where that was moved; of a field's labels the
        next one is jumped to; a word that the cursor was put on is labelled; else the likeliest place is, a suggestion
        before anything else. On an accepted document the likeliest place is only selected.
        """
        state = self.editor.state
        tries = self._tries if self._tries and self._tries.field == field.id else None
        own = sorted((s for s in state.spans if s.field == field.id), key=lambda s: s.tokens)
        if self.selection:
            touched = [s for s in own if len(own) == 1 or not self.selection.isdisjoint(s.tokens)]
            self._label(field.id, self.selection, touched)
            self._armed = self._building = None  # done: a click only points again
        elif (focus := self.view.focus) is not None:
            self._take(focus, field.id, focus.tokens)
        elif tries and tries.moved and self.cursor is not None:
            self._label(field.id, (self.cursor,), [tries.span])
        elif tries:
            self._try(field.id, tries.places, (tries.now + 1) % len(tries.places), tries.span)
        elif own:
            self._arm(field.id)
            at = next((n for n, s in enumerate(own) if self.cursor in s.tokens), -1)
            span = own[(at + 1) % len(own)]
            if len(own) == 1:
                self._tries = Proposals(field.id, likely_places(self.content, self._finder, field, span), 0, span)
            self.show(span.tokens)
        elif self._pointed and self.cursor is not None:
            self._label(field.id, (self.cursor,))
        else:
            places = likely_places(self.content, self._finder, field, None)
            self._arm(field.id)
            if places and state.state is State.LABELLED:
                self.select(places[0])
            elif places:
                self._try(field.id, places, 0, None)

    def add(self) -> None:
        """Make the selection (or the cursor's word) one more value of the armed field."""
        tokens = self.selection or ({self.cursor} if self.cursor is not None else set())
        if self._armed and tokens:
            self._label(self._armed, tokens)
        else:
            self._message = "Press a field's key first: it says whose value this is."

    def _try(self, field: str, places: tuple[tuple[int, ...], ...], number: int, before: Span | None) -> None:
        place = places[number]
        suggestion = next(
            (
                s
                for s in self.content.suggestions
                if s.field == field and s.decision is Decision.OPEN and tuple(sorted(s.tokens)) == place
            ),
            None,
        )
        state = self.editor.state
        if before is not None:
            state = acts.clear_spans(state, [before])
        if suggestion is not None:
            after = acts.accept(state, suggestion, self.editor.annotator)
        else:
            after = acts.assign(state, field, place, self.editor.annotator)
        self._act("accept" if suggestion else "assign", after)
        span = self._span_of(field, place)
        self._arm(field)
        if span is not None:
            self._tries = Proposals(field, places, number, span)
        self.show(place)

    def _label(self, field: str, tokens: Collection[int], instead_of: Sequence[Span] = ()) -> None:
        """Label tokens by hand; the field's open suggestions are decided by it."""
        state = acts.clear_spans(self.editor.state, instead_of)
        wanted = tuple(sorted(tokens))
        others = {s.field for s in state.spans if s.field != field and not set(wanted).isdisjoint(s.tokens)}
        after = acts.assign(state, field, wanted, self.editor.annotator)
        for s in self.content.suggestions:
            if s.field == field and s.decision is Decision.OPEN:
                same = tuple(sorted(s.tokens)) == wanted
                after = acts.accept(after, s, self.editor.annotator) if same else acts.reject(after, s)
        self._act("assign", after)
        self._arm(field)
        self._building = self._span_of(field, wanted)
        if others:
            self._message = f"Taken from {', '.join(sorted(map(self.schema.name, others)))}."

    def _take(self, suggestion: Suggestion, field: str, tokens: Sequence[int]) -> None:
        """Accept a suggestion, perhaps as another field or with other tokens, and go to the next one."""
        unchanged = field == suggestion.field and tuple(tokens) == suggestion.tokens
        if unchanged:
            after = acts.accept(self.editor.state, suggestion, self.editor.annotator)
        else:
            after = acts.reject(self.editor.state, suggestion)
            after = acts.assign(after, field, tokens, self.editor.annotator)
        self._act("accept" if unchanged else "change", after)
        self._after_decision(suggestion)

    def confirm(self) -> None:
        """Enter: label with the armed field, accept the suggestion in hand, or select the label under the cursor."""
        view = self.view
        if self.selection:
            if self._armed:
                tries = self._tries
                self._label(self._armed, self.selection, [tries.span] if tries else [])
            else:
                self._message = "Press a field's key to label the selection."
        elif view.focus is not None:
            self._take(view.focus, view.focus.field, view.focus.tokens)
        elif self._armed and self.cursor is not None and (self._tries is None or self._tries.moved):
            self._label_more(self._armed, self.cursor)
        elif view.suggestion is not None:
            self._take(view.suggestion, view.suggestion.field, view.suggestion.tokens)
        elif view.label is not None:
            self._armed = self._tries = None
            self.select(view.label.tokens)

    def _label_more(self, field: str, token: int) -> None:
        """Field first: the token becomes the field's label, further ones join it."""
        if self._tries is not None:
            self._label(field, (token,), [self._tries.span])
        elif self._building is not None and self._building in self.editor.state.spans:
            tokens = set(self._building.tokens) ^ {token}
            self._label(field, tokens or {token}, [self._building])
        else:
            self._label(field, (token,))

    def click(self, token: int, extend: bool = False) -> None:
        """A click on a token: with a field armed it is labelled, else the cursor goes there."""
        self.go_to(token, extend)
        if self._armed and not extend:
            self._label_more(self._armed, token)

    def clear(self) -> None:
        """Take the labels of the selection, or the label under the cursor, away."""
        view = self.view
        if self.selection:
            self._act("clear", acts.clear(self.editor.state, self.selection))
        elif view.label is not None:
            self._act("clear", acts.clear_spans(self.editor.state, [view.label]))
        self.let_go()
        self._armed = self._tries = None

    def reject(self) -> None:
        """Reject the suggestion in hand and go to the next; without one, clear the label under the cursor."""
        suggestion = self.view.suggestion
        if suggestion is None:
            self.clear()
            return
        self._act("reject", acts.reject(self.editor.state, suggestion))
        self._after_decision(suggestion)

    def _after_decision(self, decided: Suggestion) -> None:
        self.drop_selection()
        self._armed = self._tries = None
        left = [s for s in self.view.open_suggestions if s.id != decided.id]
        later = [s for s in left if (s.confidence, s.id) > (decided.confidence, decided.id)]
        self._focus_on(next(iter(later or left), None))

    def _focus_on(self, suggestion: Suggestion | None) -> None:
        self._focus = suggestion.id if suggestion else None
        if suggestion:
            self.show(suggestion.tokens)
            self._armed = self._tries = None

    def next_suggestion(self, direction: int = 1) -> None:
        """Focus the next open suggestion by rising confidence, around the end."""
        listed = list(self.view.open_suggestions)
        if not listed:
            self._message = "No open suggestions."
            return
        at = next((n for n, s in enumerate(listed) if s.id == self._focus), -1 if direction > 0 else 0)
        self.drop_selection()
        self._focus_on(listed[(at + direction) % len(listed)])

    def point(self, tokens: Sequence[int]) -> None:
        """Show tokens; an open suggestion that is exactly they is taken in hand."""
        suggestion = next((s for s in self.view.open_suggestions if s.tokens == tuple(tokens)), None)
        if suggestion is not None:
            self._focus_on(suggestion)
        else:
            self.show(tuple(t for t in tokens if t < len(self.tokens)))

    def acceptable(self, visible: Collection[int] | None = None) -> list[Suggestion]:
        """Open suggestions that contradict nothing she said; with `visible`, those of which a token is in view."""
        state = self.editor.state
        fields = {s.field for s in state.spans} | state.absent
        used = {t for s in state.spans for t in s.tokens}
        found: list[Suggestion] = []
        for s in reversed(self.view.open_suggestions):  # of two for one token the surer one
            if s.field in fields or used.intersection(s.tokens):
                continue
            if visible is None or not set(s.tokens).isdisjoint(visible):
                found.append(s)
                used.update(s.tokens)
        return found

    def accept_all(self, visible: Collection[int] | None = None) -> int:
        """Accept every suggestion in view in one act; returns how many."""
        chosen = self.acceptable(visible)
        after = self.editor.state
        for s in chosen:
            after = acts.accept(after, s, self.editor.annotator)
        self._act("accept-visible", after)
        self._focus = None
        return len(chosen)

    def adjust(self, more: bool, at_end: bool = True, phrase: bool = False) -> None:
        """Let the label (or suggestion) in hand begin or end a token, or a phrase, earlier or later."""
        view = self.view
        target = view.focus or view.label or view.suggestion
        if target is None:
            self._message = "No label under the cursor to adjust."
            return
        tokens = self.adjusted(target.tokens, more, at_end, phrase)
        if tokens is None:
            self._message = "Nothing follows there." if more else "Nothing would be left of it."
            return
        tries = self._tries
        if isinstance(target, Suggestion):
            self._take(target, target.field, sorted(tokens))
            self._focus = None
        else:
            self._act("adjust", acts.extend(self.editor.state, target, tokens, self.editor.annotator))
        self.drop_selection()  # it showed what the label was
        span = self._span_of(target.field, tuple(sorted(tokens)))
        if tries and span and tries.field == target.field:
            self._tries = Proposals(tries.field, tries.places, tries.now, span)
        self._building = span
        self.show((tokens[-1] if at_end else tokens[0],))

    # within

    def _forget(self) -> None:
        self.drop_selection()
        self._focus = None
        self._armed = self._tries = self._building = None

    def _arm(self, field: str) -> None:
        self._armed, self._tries, self._building, self._focus = field, None, None, None
        self.drop_selection()

    def _span_of(self, field: str, tokens: tuple[int, ...]) -> Span | None:
        return next((s for s in self.editor.state.spans if s.field == field and s.tokens == tokens), None)

    def _act(self, name: str, after: Annotations) -> None:
        self._message, self._pointed = "", False
        self.editor.act(name, after)
