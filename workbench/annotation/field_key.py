"""What a field's key does, and the keys that follow it: Enter, &, a click."""

from collections.abc import Callable, Collection, Iterable, Sequence

from storage.records import Decision, Span, State, Suggestion
from storage.suggestions import rivals
from workbench.annotation import acts
from workbench.annotation.cursor import Cursor
from workbench.annotation.document_words import DocumentWords
from workbench.annotation.field_states import text_of
from workbench.annotation.session_state import OfferedPlace, Proposals, SessionState
from workbench.fields import Field, FieldType, Schema
from workbench.fields.values import same
from workbench.locate.likelihoods import LEAST
from workbench.locate.places import LikelyPlaces, known_places


class FieldKey:
    """Labels tokens as a field. Every label is an act of its own, so that undo steps back through them."""

    def __init__(
        self,
        state: SessionState,
        cursor: Cursor,
        words: DocumentWords,
        schema: Schema,
        acceptable: Callable[[], Sequence[Suggestion]],
    ) -> None:
        self._state = state
        self._cursor = cursor
        self._words = words
        self._schema = schema
        self._acceptable = acceptable  # the suggestions that are accepted together

    def press(self, field: Field) -> None:
        """A field's key. What it does depends on what is in hand, in this order:

        after `&` it adds a value; a selection becomes the field's value, instead of what it had; of several values that
        are suggested together all are taken, unless one was gone to; a suggestion of this field that is in hand or
        under the cursor is taken as it is shown, one of another field stays as it is: its words were not chosen by a
        person; of a field whose suggestion was rejected just now the next likely place is only shown; pressed again, or
        on the field's only label, the label moves to the next likely place, or to the cursor where that was moved; of a
        field's labels the next one is jumped to; a word that the cursor was put on is labelled; else the likeliest
        place is labelled, a suggestion before anything else; an unlikely one, or one that another field would lose,
        only when the key is pressed again. On an accepted document the first press only goes to a label that is there.
        """
        state, cursor = self._state, self._cursor
        if state.adding:
            self._add_to(field)
            return
        proposals = state.proposals if state.proposals and state.proposals.field == field.id else None
        own = self._own(field)
        if cursor.selection:
            replaced = [s for s in own if len(own) == 1 or not cursor.selection.isdisjoint(s.tokens)]
            self._label(field.id, cursor.selection, replaced)
            state.disarm()  # a click only points again
        elif len(together := self._together(field, own)) > 1:
            self._take_together(field, together)
        elif (shown := self._in_hand(field, own)) is not None:
            self._take_as_shown(field, shown, own)
        elif state.rejected is not None and state.rejected.field == field.id and not own:
            self._show_likeliest(field)
        elif proposals and proposals.moved and cursor.token is not None:
            self._label(field.id, (cursor.token,), [proposals.span])
        elif proposals:
            self._move_on(field, proposals.likely, proposals.now, proposals.span)
        elif len(own) == 1 and self._is_at(own[0]) and state.editor.state.state is not State.LABELLED:
            self._move_on(field, self._words.places(field, own[0]), 0, own[0])  # its own place is the first
        elif own:
            self._jump(field, own)
        elif state.pointed and cursor.token is not None:
            self._label(field.id, (cursor.token,))
        else:
            self._label_likeliest(field)

    def _own(self, field: Field) -> list[Span]:
        """The field's labels."""
        return sorted((s for s in self._state.editor.state.spans if s.field == field.id), key=lambda s: s.tokens)

    def _together(self, field: Field, own: Sequence[Span]) -> list[Suggestion]:
        """The values that are suggested together for a field without a label, where the person went to none of them."""
        is_open = not (own or self._state.focused is not None or self._state.pointed)
        return [s for s in self._acceptable() if is_open and s.field == field.id]

    def _in_hand(self, field: Field, own: Sequence[Span]) -> Suggestion | None:
        """The field's suggestion that was gone to; else, of a field without a label, the one under the cursor."""
        state = self._state
        if state.focused is not None or own:
            return state.focused if state.focused is not None and state.focused.field == field.id else None
        here = (s for s in state.editor.open_suggestions if s.field == field.id and self._cursor.token in s.tokens)
        return max(here, key=lambda s: s.confidence, default=None)

    def _is_at(self, span: Span) -> bool:
        """Whether the cursor is on a label without having been put there by hand."""
        return self._cursor.token in span.tokens and not self._state.pointed

    def _move_on(self, field: Field, likely: LikelyPlaces, now: int, span: Span) -> None:
        if len(likely.places) < 2:
            self._state.message = f"{field.name}: there is no other likely place."
        else:
            self._try(field.id, likely, (now + 1) % len(likely.places), span)

    def _jump(self, field: Field, own: Sequence[Span]) -> None:
        """Go to the next of the field's labels; a lone one can be moved on to other places from there."""
        self._arm(field.id)
        self._state.pointed = False
        at = next((n for n, s in enumerate(own) if self._cursor.token in s.tokens), -1)
        span = own[(at + 1) % len(own)]
        if len(own) == 1:
            self._state.proposals = Proposals(field.id, self._words.places(field, span), 0, span, gone_to=True)
        self._cursor.show(span.tokens)

    def _label_likeliest(self, field: Field) -> None:
        likely = self._words.places(field, None)
        pressed_again = self._state.armed == field.id and self._state.offered is not None
        self._arm(field.id)
        if not likely.places:
            return
        loses = self._loses(field, likely.places[0])
        if (likely.likelihood < LEAST or loses) and not pressed_again:
            is_rejected = likely.places[0] in likely.rejected
            self._state.offered = OfferedPlace(likely.places[0], likely.likelihood, False, is_rejected, loses)
        else:
            self._try(field.id, likely, 0, None)

    def _show_likeliest(self, field: Field) -> None:
        """Go to the likeliest place and label nothing yet: one was rejected, so that this one is looked at first."""
        likely = self._words.places(field, None)
        self._arm(field.id)
        if likely.places:
            is_likely = likely.likelihood >= LEAST
            is_rejected = likely.places[0] in likely.rejected
            loses = self._loses(field, likely.places[0])
            self._state.offered = OfferedPlace(likely.places[0], likely.likelihood, is_likely, is_rejected, loses)
            if is_likely:
                self._cursor.show(likely.places[0])

    def _loses(self, field: Field, place: Collection[int]) -> str | None:
        """The field that would lose its suggestion; the currency stands in an amount, and takes nothing from it."""
        return None if field.type is FieldType.CURRENCY else self._state.suggested_as(field.id, place)

    def _take_as_shown(self, field: Field, suggestion: Suggestion, own: Sequence[Span]) -> None:
        """Label a suggestion; the key goes on from there to other likely places."""
        place, likely = tuple(sorted(suggestion.tokens)), self._words.places(field, None)
        rated = [(place, suggestion.confidence), *zip(likely.places, likely.likelihoods, strict=True)]
        others = [span for span in own if set(place).isdisjoint(span.tokens)]
        self._try(field.id, _free(rated, others, likely), 0, None, suggestion)

    def _take_together(self, field: Field, suggestions: Sequence[Suggestion]) -> None:
        """Label several values of a field in one act; its key goes from one to the other then."""
        state, ordered = self._state, sorted(suggestions, key=lambda s: s.tokens)
        state.commit("accept", acts.accept_all(state.editor.state, ordered, state.content, state.editor.annotator))
        self._arm(field.id)
        self._cursor.show(ordered[0].tokens)
        state.message = f"{field.name}: {' and '.join(f'“{self._text(s.tokens)}”' for s in ordered)}."

    def _try(
        self,
        field: str,
        likely: LikelyPlaces,
        number: int,
        before: Span | None,
        suggestion: Suggestion | None = None,
    ) -> None:
        """Label one of the places instead of `before`; a suggestion there is accepted, one that was left is wrong."""
        state, place = self._state, likely.places[number]
        own = [s for s in state.content.suggestions if s.field == field]
        at_place = (s for s in own if s.decision is Decision.OPEN and tuple(sorted(s.tokens)) == place)
        suggestion = suggestion or next(at_place, None)
        annotations, annotator = state.editor.state, state.editor.annotator
        taken = self._taken_from_suggestions(field, place)
        if before is not None:
            annotations = acts.clear_spans(annotations, [before])
            for left in own:
                if left.decision is not Decision.REJECTED and tuple(sorted(left.tokens)) == before.tokens:
                    annotations = acts.reject(annotations, left)
        if suggestion is not None:
            state.commit("accept", acts.accept(annotations, suggestion, annotator, self._rivals(suggestion)))
        else:
            state.commit("assign", acts.assign(annotations, field, place, annotator))
        span = state.span_of(field, place)
        self._arm(field)
        if span is not None:
            state.proposals = Proposals(field, likely, number, span)
        state.message = taken
        self._cursor.show(place)

    def _label(self, field: str, tokens: Collection[int], instead_of: Sequence[Span] = ()) -> None:
        """Label tokens by hand; the field's open suggestions are decided by it."""
        state, annotator = self._state, self._state.editor.annotator
        annotations = acts.clear_spans(state.editor.state, instead_of)
        place = tuple(sorted(tokens))
        others = {s.field for s in annotations.spans if s.field != field and not set(place).isdisjoint(s.tokens)}
        taken = self._taken_from_suggestions(field, place)
        after = acts.assign(annotations, field, place, annotator)
        for s in self._open_suggestions(field):
            same = tuple(sorted(s.tokens)) == place
            after = acts.accept(after, s, annotator) if same else acts.reject(after, s)
        state.commit("assign", after)
        self._arm(field)
        state.building = state.span_of(field, place)
        if was := [f"“{self._text(span.tokens)}”" for span in instead_of if self._is_other_value(span, place)]:
            state.message = f"{self._schema.name(field)}: “{self._text(place)}”, was {', '.join(was)}."
        if others:
            taken = f"Taken from {', '.join(sorted(map(self._schema.name, others)))}."
        state.message = f"{state.message} {taken}".strip()

    def _taken_from_suggestions(self, field: str, place: Sequence[int]) -> str:
        """What is said before words are labelled that another field's suggestion has: that is open no more then."""
        name = f"{self._schema.name(field)}: “{self._text(place)}”"
        for other in self._state.editor.open_suggestions:
            if other.field == field or set(place).isdisjoint(other.tokens):
                continue
            if set(place).issuperset(other.tokens):
                return f"{name}, which was suggested as {self._schema.name(other.field)}."
            return f"{name}, out of {self._schema.name(other.field)}'s “{self._text(other.tokens)}”."
        return ""

    def _is_other_value(self, span: Span, place: Sequence[int]) -> bool:
        """Whether a place is another value than a label has; more or fewer of its words are the same one."""
        return set(place).isdisjoint(span.tokens) and self._text(span.tokens) != self._text(place)

    def _text(self, tokens: Sequence[int]) -> str:
        return text_of(self._words.tokens, tokens)

    def _open_suggestions(self, field: str) -> list[Suggestion]:
        return [s for s in self._state.content.suggestions if s.field == field and s.decision is Decision.OPEN]

    def _rivals(self, suggestion: Suggestion) -> list[Suggestion]:
        return rivals(self._state.content.suggestions, suggestion)

    def _arm(self, field: str) -> None:
        self._state.release()
        self._state.armed = field
        self._cursor.drop_selection()

    def add(self) -> None:
        """One more value of the armed field: the selection, else the next likely place, else the cursor's word.

        Where no field's key was pressed before, the next one says of which field.
        """
        state, cursor = self._state, self._cursor
        field = self._schema.get(state.armed) if state.armed else None
        if field is None:
            state.adding, state.message = True, ""  # the next field key says whose value it is
            return
        own = self._own(field)
        proposals = state.proposals
        if cursor.selection:
            self._label(field.id, cursor.selection)
        elif proposals is not None and not proposals.moved:
            self._add_other(field, proposals.likely, proposals.now, own)
        elif cursor.token is not None and any(cursor.token in span.tokens for span in own):
            state.message = "This word is in one of its values already: select the words of another one first."
        elif cursor.token is not None:
            self._label(field.id, {cursor.token})

    def _add_to(self, field: Field) -> None:
        """The field's key after `&`: what is selected, or the next likely place, as one more value of the field."""
        state, own = self._state, self._own(field)
        state.adding = False
        if self._cursor.selection:
            self._label(field.id, self._cursor.selection)
            state.disarm()
        elif own:
            self._arm(field.id)
            self._add_other(field, self._words.places(field, None), -1, own)
        else:
            self.press(field)

    def _add_other(self, field: Field, likely: LikelyPlaces, now: int, own: Sequence[Span]) -> None:
        """Label the next place that has another value than the field's labels, and none of their words."""
        texts = [self._text(span.tokens) for span in own]
        following = [(now + step) % len(likely.places) for step in range(1, len(likely.places) + 1)]
        free = _free([(likely.places[number], likely.likelihoods[number]) for number in following], own, likely)
        for number, place in enumerate(free.places):
            if place not in likely.rejected and not any(same(field.type, self._text(place), text) for text in texts):
                self._try(field.id, free, number, None)
                return
        self._state.message = f"{field.name}: no other value is found. Select its words first."

    def click(self, token: int, extend: bool = False) -> None:
        """A click on a token: with a field armed it is labelled, else the cursor goes there."""
        self._cursor.go_to(token, extend)
        if self._state.armed and not extend:
            self._label_more(self._state.armed, token)

    def confirm(self) -> None:
        """Enter: label with the armed field, accept the suggestion in hand, be done with a label that was corrected, or
        select the label under the cursor.
        """
        state, cursor, proposals = self._state, self._cursor, self._state.proposals
        view, armed = state.view(cursor), self._schema.get(state.armed) if state.armed else None
        if cursor.selection:
            if state.armed:
                self._label(state.armed, cursor.selection, [proposals.span] if proposals else [])
            else:
                state.message = "Press a field's key to label the selection."
        elif view.focus is not None:
            self.take(view.focus, view.focus.tokens)
        elif view.rejected is not None and view.open_suggestions:
            self.go_on_after(view.rejected)
        elif armed is not None and state.offered is not None and state.offered.pointed_at:
            self._label_likeliest(armed)
        elif view.is_at_one_of_several:  # its field's key went there: it is labelled already
            state.release()
            if following := state.editor.open_suggestions:
                self.focus_on(following[0])
        elif armed is not None and proposals is None and not view.can_label_cursor(armed):
            state.message = f"{armed.name}: go to its word first, or type / to find it."
        elif state.armed and cursor.token is not None and (proposals is None or proposals.moved):
            self._label_more(state.armed, cursor.token)
        elif view.suggestion is not None:
            self.take(view.suggestion, view.suggestion.tokens)
        elif view.is_corrected:
            state.release()
            if following := state.editor.open_suggestions:
                self.focus_on(following[0])
        elif view.label is not None:
            state.disarm()
            cursor.take_up(view.label.tokens)

    def _label_more(self, field: str, token: int) -> None:
        """Field first: the token becomes the field's label, further ones join it."""
        state = self._state
        if state.proposals is not None:
            self._label(field, (token,), [state.proposals.span])
        elif state.building is not None and state.building in state.editor.state.spans:
            tokens = set(state.building.tokens) ^ {token}
            self._label(field, tokens or {token}, [state.building])
        else:
            self._label(field, (token,))

    def take_known(self, field_id: str | None) -> bool:
        """Label the place where the field's known value is printed, instead of what the field has; again, the next.

        Returns:
            Whether it is labelled now, and there is no other place to go on to.
        """
        state = self._state
        known = [r.value for r in state.content.references if r.field == field_id]
        field = self._schema.get(field_id) if field_id and known else None
        if field is None:
            state.message = "There is no known value here. Press a field's key, or go to its suggestion, first."
            return False
        own = [s for s in state.editor.state.spans if s.field == field.id]
        places = list(dict.fromkeys(tuple(sorted(place)) for place in known_places(state.content, field)))
        if not places:
            state.message = f"{field.name}: the known value “{known[0]}” is not found here. Look for it with /."
            return False
        labelled = {tuple(sorted(span.tokens)) for span in own}
        now = next((number for number, place in enumerate(places) if place in labelled), -1)
        place = places[(now + 1) % len(places)]
        if place in labelled:
            state.message = f"{field.name}: the known value is labelled, and is printed nowhere else."
            return False
        self._label(field.id, place, own)
        self._cursor.drop_selection()
        self._cursor.show(place)
        if len(places) > 1 and not state.message:
            state.message = f"{field.name}: the known value stands at {len(places)} places; again for the next."
        return len(places) == 1

    def take(self, suggestion: Suggestion, tokens: Sequence[int]) -> None:
        """Accept a suggestion, perhaps with other tokens, and go on to the next one."""
        state = self._state
        if tuple(tokens) == suggestion.tokens:
            instead_of = self._rivals(suggestion)
            state.commit("accept", acts.accept(state.editor.state, suggestion, state.editor.annotator, instead_of))
        else:
            rejected = acts.reject(state.editor.state, suggestion)
            for other in self._rivals(suggestion):
                rejected = acts.reject(rejected, other)
            state.commit("change", acts.assign(rejected, suggestion.field, tokens, state.editor.annotator))
        self.go_on_after(suggestion)

    def go_on_after(self, decided: Suggestion) -> None:
        """Focus the open suggestion that follows one that was decided, in the order of confidence."""
        self._cursor.drop_selection()
        left = [s for s in self._state.editor.open_suggestions if s.id != decided.id]
        later = [s for s in left if (s.confidence, s.id) > (decided.confidence, decided.id)]
        self._state.release()
        if following := later or left:
            self.focus_on(following[0])

    def focus_on(self, suggestion: Suggestion) -> None:
        """Take a suggestion in hand, and go to it: not by hand, so that no other field's key labels its word."""
        self._state.disarm()
        self._state.focus, self._state.pointed = suggestion.id, False
        self._cursor.show(suggestion.tokens)


def _free(rated: Iterable[tuple[tuple[int, ...], float]], own: Iterable[Span], likely: LikelyPlaces) -> LikelyPlaces:
    """The places, and how likely each is, that share no word with the field's labels; none twice."""
    used = {token for span in own for token in span.tokens}
    free: dict[tuple[int, ...], float] = {}
    for place, rate in rated:
        if used.isdisjoint(place):
            free.setdefault(place, rate)
    return LikelyPlaces(tuple(free), tuple(free.values()), likely.rejected & free.keys())
