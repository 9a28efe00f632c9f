"""The acts of a session on its document as a whole: accept all, finish, set aside, flag, undo, what is absent."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.records import KNOWN_SOURCES, SURE, Annotations, Event, State, Suggestion, Token
from workbench.annotation import acts, field_states
from workbench.annotation.classes.class_acts import ClassActs
from workbench.annotation.cursor import Cursor
from workbench.annotation.editor import Proposal
from workbench.annotation.session_state import SessionState
from workbench.fields import Schema
from workbench.fields.values import same
from workbench.locate.places import known_places

_OF_DOCUMENTS = {
    "finish": "accepting the document",
    "skipped": "skipping the document",
    "unusable": "marking the document as unusable",
    "reopen": "opening the document again",
    "flag": "the note",
    "correct": "correcting a word",
    "words": "repairing words",
    "values": "labels from known values",
    "values-undone": "undoing labels from known values",
}
_OF_FIELDS = {
    "assign": "labelling",
    "accept": "accepting",
    "accept-visible": "accepting",
    "reject": "rejecting",
    "clear": "clearing",
    "change": "changing",
    "adjust": "adjusting",
    "absent": "marking as not there:",
    "classify": "labelling",
    "cannot-say": "that it cannot be said:",
}
_MOST_NAMES = 3
SURE_PLACE = 0.9
"""From which confidence on the place of a known value need not be looked at."""
_EXPECTED = ("amount_total",)
"""Fields that nearly every document has: one that lacks them is not accepted with its suggestions unasked."""


@dataclass(frozen=True, slots=True)
class InView:
    """What the analyst sees of a document."""

    tokens: Collection[int]  # on the page
    fields: Collection[str] = ()  # in the panel, with their values
    shown: Collection[int] = ()  # ids of suggestions that were in view before

    def shows(self, suggestion: Suggestion) -> bool:
        """Whether a suggestion's words are or were on the page in view, or a known value with a sure place is in the
        panel.
        """
        if suggestion.id in self.shown:
            return True
        is_sure = suggestion.run in KNOWN_SOURCES and suggestion.confidence >= SURE_PLACE
        return not set(suggestion.tokens).isdisjoint(self.tokens) or (is_sure and suggestion.field in self.fields)


@dataclass(frozen=True, slots=True)
class AcceptPlan:
    """What accepting all suggestions does to a document as it is now, and what it leaves."""

    accepted: tuple[Suggestion, ...]  # those that become labels
    out_of_view: tuple[Suggestion, ...]  # those that would, were they in view
    doubtful: tuple[Suggestion, ...]  # not sure: accepted by their own keys alone
    contradicting: tuple[Suggestion, ...]  # other values than the known ones
    second: tuple[Suggestion, ...]  # other values of fields that have a label
    passed_over: tuple[Suggestion, ...]  # nothing is asked of: what is labelled already, or on words of a surer one
    missing: tuple[str, ...]  # names of fields that nearly every document has, with no label and no suggestion

    @property
    def left_out(self) -> tuple[Suggestion, ...]:
        """What stays open, although it is in view."""
        return (*self.contradicting, *self.doubtful, *self.second)


def name_of(event: Event, schema: Schema, suggestions: Iterable[Suggestion] = ()) -> str:
    """The act with the fields that it changed, such as "labelling amount_total"."""
    if event.act in _OF_DOCUMENTS:
        return _OF_DOCUMENTS[event.act]
    verb = _OF_FIELDS.get(event.act, event.act)
    return f"{verb} {_listed(fields)}" if (fields := _fields(event.change, schema, suggestions)) else verb


def _fields(change: dict[str, Any], schema: Schema, suggestions: Iterable[Suggestion]) -> list[str]:
    spans, classes, absent, decided = (change.get(part) or {} for part in ("spans", "classes", "absent", "decisions"))
    field_of = {suggestion.id: suggestion.field for suggestion in suggestions}
    changed = (
        [label[0] for part in (spans, classes) for sign in "+-" for label in part.get(sign, ())]
        or [field for sign in "+-" for field in absent.get(sign, ())]
        or [field_of[number] for sign in "+-" for number, _ in decided.get(sign, ()) if number in field_of]
    )
    return [schema.name(field) for field in dict.fromkeys(changed)]


def _moved(change: dict[str, Any], words: Sequence[Token]) -> str:
    """The words of a field's label before and after an act; "" where it is not about one label that was moved."""
    before, after = (change.get("spans", {}).get(sign, ()) for sign in "-+")
    if not len(before) == len(after) == 1 or before[0][0] != after[0][0]:
        return ""
    texts = [field_states.text_of(words, [t for t in span[0][1] if t < len(words)]) for span in (before, after)]
    return f" ({' → '.join(f'“{text}”' for text in texts)})"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _MOST_NAMES else f"{len(names)} fields"


def _replaced(repair: dict[str, Any]) -> tuple[int, ...]:
    """The first word that a repair of words changed, as it is numbered now that the words are put back."""
    return next(((token["id"],) for token, ids in repair["tokens"] if ids != [token["id"]]), (0,))


def _touched(change: dict[str, Any], suggestions: Iterable[Suggestion], signs: str) -> list[int]:
    """The words that an act was about: of its labels, of a corrected word, or of the suggestions it decided about."""
    places = {suggestion.id: suggestion.tokens for suggestion in suggestions}
    for part, words in (
        ("spans", lambda span: span[1]),
        ("texts", lambda text: [text[0]]),
        ("decisions", lambda decision: places.get(decision[0], ())),
    ):
        for sign in signs if part in change else "":
            if touched := [token for item in change[part][sign] for token in words(item)]:
                return touched
    return []


class DocumentActs:
    """Acts on the document that a session has open."""

    def __init__(self, state: SessionState, cursor: Cursor, schema: Schema, classes: ClassActs) -> None:
        self._state = state
        self._classes = classes
        self._editor = state.editor
        self._cursor = cursor
        self._schema = schema

    def mark_absent(self) -> None:
        """Say that the field in hand is not on the document, or take that back."""
        focused, proposals = self._state.focused, self._state.proposals
        field = focused.field if focused is not None else self._state.armed
        if field is None:
            self._state.message = "Press a field's key first, to choose the field."
            return
        annotations = self._editor.state
        if proposals:
            annotations = acts.clear_spans(annotations, [proposals.span])
        absent = field not in annotations.absent
        if absent:
            annotations = acts.clear_spans(annotations, [s for s in annotations.spans if s.field == field])
            for suggestion in self._editor.open_suggestions:
                if suggestion.field == field:
                    annotations = acts.reject(annotations, suggestion)
        self._state.commit("absent", acts.mark_absent(annotations, field, absent))
        self._state.disarm()

    def mark_missing_absent(self) -> None:
        """Say that the fields without a label, an open suggestion and a known value are not on the document; where none
        of these is left, that those are not there whose known value is printed nowhere, or whose words another has.
        """
        annotations, content = self._editor.state, self._editor.content
        if self._classes.only:
            self._state.message = "This text has no fields to label on its words."
            return
        done = {s.field for s in annotations.spans} | annotations.absent
        suggested = {s.field for s in self._editor.open_suggestions}
        known = {r.field for r in content.references} - suggested
        labelled = {token for span in annotations.spans for token in span.tokens}
        taken = {s.field for s in content.suggestions if s.confidence >= SURE and not labelled.isdisjoint(s.tokens)}
        taken -= suggested | known
        missing = [field.id for field in self._schema.spans if field.id not in done]
        marked = [name for name in missing if name not in suggested | known | taken]
        unprinted = [name for name in missing if name in known and not self._is_known_value_printed(name)]
        if again := not marked:
            marked = [name for name in missing if name in taken or name in unprinted]
            known, taken, unprinted = known.difference(unprinted), set(), []
        for name in marked:
            annotations = acts.mark_absent(annotations, name)
        self._state.commit("absent", annotations)
        kept = [
            f"{count} {what}"
            for what, names in (("suggested", suggested), ("known", known), ("taken by other fields", taken))
            if (count := sum(name in names for name in missing))
        ]
        which = f": {_listed([self._schema.name(name) for name in marked])}" if again or len(marked) < 3 else ""
        what_was_done = f"{len(marked)} marked not there{which}." if marked else "Nothing to mark as not there."
        left = f" Left: {', '.join(kept)}" if kept else ""
        self._state.message = f"{what_was_done}{left}{f'; again: {len(unprinted)} not printed' if unprinted else ''}"

    def _is_known_value_printed(self, field_id: str) -> bool:
        field = self._schema.get(field_id)
        return field is None or any(known_places(self._editor.content, field))

    def plan(self, in_view: InView | None = None) -> AcceptPlan:
        """What `accept_all` does, and what it leaves; `in_view`: what the analyst sees, None everything."""
        state, contradicting = self._editor.state, self.contradicting()
        fields = {s.field for s in state.spans} | state.absent
        used = {t for s in state.spans for t in s.tokens}
        suggestions: list[Suggestion] = []
        for s in reversed(self._editor.open_suggestions):  # of two for one token the surer one
            if s.field not in fields and used.isdisjoint(s.tokens) and s not in contradicting:
                suggestions.append(s)
                used.update(s.tokens)
        # as it is shown: "70%" is not below 70 %
        sure = [s for s in suggestions if round(100 * s.confidence) >= 100 * SURE or s.run in KNOWN_SOURCES]
        visible = [s for s in sure if in_view is None or in_view.shows(s)]
        rest = [s for s in self._editor.open_suggestions if s not in suggestions and s not in contradicting]
        second = [s for s in rest if used.isdisjoint(s.tokens) and self._is_second_value(s)]
        offered = fields | {s.field for s in self._editor.open_suggestions}
        return AcceptPlan(
            tuple(visible),
            tuple(s for s in sure if s not in visible),
            tuple(s for s in reversed(suggestions) if s not in sure),
            tuple(contradicting),
            tuple(second),
            tuple(s for s in rest if s not in second),
            tuple(f.name for f in self._schema.spans if f.id in _EXPECTED and f.id not in offered),
        )

    def _is_second_value(self, suggestion: Suggestion) -> bool:
        """Whether a suggestion's field has a label, and none with this value."""
        tokens, field = self._editor.content.tokens, self._schema.get(suggestion.field)
        labelled = [s for s in self._editor.state.spans if s.field == suggestion.field]
        text = field_states.text_of(tokens, suggestion.tokens)
        texts = (field_states.text_of(tokens, span.tokens) for span in labelled)
        return bool(labelled) and field is not None and not any(same(field.type, text, other) for other in texts)

    def acceptable(self) -> Sequence[Suggestion]:
        """Open suggestions that contradict no label and no known value, and are sure."""
        return self.plan().accepted

    def contradicting(self) -> list[Suggestion]:
        """Open suggestions of fields without a label that are other values than the known ones."""
        labelled = {s.field for s in self._editor.state.spans}
        return [
            s
            for s in self._editor.open_suggestions
            if s.field not in labelled
            and (field := self._schema.get(s.field))
            and field_states.contradicts(self._editor.content, field, s)
        ]

    def accept_all(self, in_view: InView | None = None, against_known: Iterable[Suggestion] = ()) -> int:
        """Accept the sure suggestions (in view) in one act, and say which; returns how many.

        Args:
            in_view: what the analyst sees; None everything.
            against_known: suggestions that contradict known values and are accepted as well, the surest last.
        """
        suggestions = [*self.plan(in_view).accepted]
        for s in reversed([*against_known]):
            words = {token for chosen in suggestions for token in chosen.tokens}
            if words.isdisjoint(s.tokens) and s.field not in {chosen.field for chosen in suggestions}:
                suggestions.append(s)
        after, options = self._classes.accept_suggested(self._editor.state)
        after = acts.accept_all(after, suggestions, self._editor.content, self._editor.annotator)
        self._state.commit("accept-visible", after)
        self._state.release()
        rest = self.plan(in_view)
        names = _listed([*options, *(self._schema.name(s.field) for s in sorted(suggestions, key=lambda s: s.tokens))])
        done = f"Accepted: {names}." if suggestions or options else "No suggestion in view that can be accepted."
        left = [
            f"{count} {what}"
            for count, what in (
                (len(rest.out_of_view), "out of view"),
                (len(rest.doubtful), f"below {SURE:.0%}"),
                (len(rest.contradicting), "≠ known value"),
                (len(rest.second), "of a field that has a value"),
            )
            if count
        ]
        self._state.message = done + (f" Left open: {', '.join(left)}." if left else "")
        return len(suggestions)

    def finish(self) -> None:
        """Confirm the document's labels."""
        self._state.commit("finish", acts.finish(self._editor.state))

    def set_aside(self, how: State) -> None:
        """Skip the document or mark it unusable; done again, it is open again."""
        again = self._editor.state.state is how
        after = acts.set_aside(self._editor.state, State.STARTED if again else how)
        self._state.commit("reopen" if again else how.value, after)

    def flag(self, note: str) -> None:
        """Leave a note; an empty one takes the flag away."""
        self._state.commit("flag", acts.flag(self._editor.state, note.strip()))

    def correct(self, text: str) -> None:
        """Correct the text of the cursor's token; the original is kept. A blank text changes nothing."""
        if self._cursor.token is None or not text.strip():
            return
        if self._cursor.selection == {self._cursor.token}:
            self._cursor.drop_selection()  # it was selected to be corrected, not to be labelled
        self.correct_words({self._cursor.token: " ".join(text.split())})

    def correct_words(self, texts: Mapping[int, str]) -> None:
        """Correct the text of tokens, by their numbers, in one act; the originals are kept."""
        after = self._editor.state
        for number, text in texts.items():
            token = self._editor.content.tokens[number]
            after = acts.correct(after, number, text, token.original if token.original is not None else token.text)
        if texts:
            self._state.commit("correct", after)

    def propose(self, proposals: Sequence[Proposal], run: str) -> int:
        """Put proposals beside the document as suggestions of a run; returns how many were new."""
        kept = self._editor.suggest(run, proposals)
        self._state.message = f"{kept} suggestions." if kept else "Nothing to suggest."
        return kept

    def undo(self) -> Event | None:
        return self._turned(self._editor.undo(), "Undone", "Nothing to undo.", "-+")

    def redo(self) -> Event | None:
        """Do the last undone act again."""
        return self._turned(self._editor.redo(), "Done again", "Nothing to redo.", "+-")

    def _turned(self, event: Event | None, done: str, nothing: str, signs: str) -> Event | None:
        """Go to what an undo or redo changed, and say what it was.

        Args:
            signs: first that of the part of a change which is there now.
        """
        self._release()
        self._state.message = nothing
        if event:
            content = self._editor.content
            act = name_of(event, self._schema, content.suggestions) + _moved(event.change, content.tokens)
            self._state.message = f"{done} on {content.document.name}: {act}."
        if event and (repair := event.change.get("repair")):
            self._state.repaired = _replaced(repair)
        elif event:
            self._cursor.show(_touched(event.change, self._editor.content.suggestions, signs))
        return event

    def repeat(self, name: str, after: Annotations) -> None:
        """Commit a state that was decided on after a conflict."""
        self._state.commit(name, after)
        self._release()

    def _release(self) -> None:
        self._cursor.drop_selection()
        self._state.release()
