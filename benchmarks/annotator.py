"""A simulated annotator: knows the right labels, sees the screen, and decides the next key as a practised person would.

It knows what each key does and sees the words in view, where a field's key goes next (the raised numbers), what is
labelled and where the cursor is. It does not know where a field's key will go first, nor what is out of view; to get
there it types into the find bar.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import count
from typing import Any

from storage.records import Span
from workbench.annotation import movement
from workbench.annotation.cursor import Cursor
from workbench.annotation.movement import Direction
from workbench.annotation.session import AnnotationSession
from workbench.annotation.session_state import Proposals
from workbench.locate.search import find

Gold = dict[str, tuple[int, ...]]
Keys = list[str]

FAR = 12  # steps of the cursor that a person would not count out
SHOWN = 9  # places ahead that the page numbers
ADJUSTING: dict[str, tuple[bool, bool, bool]] = {
    "full_stop": (True, True, False),
    "comma": (False, True, False),
    "less_than_sign": (True, False, False),
    "greater_than_sign": (False, False, False),
    "right_square_bracket": (True, True, True),
    "left_square_bracket": (False, True, True),
    "left_curly_bracket": (True, False, True),
    "right_curly_bracket": (False, False, True),
}
MOVES: dict[str, Direction] = {
    "left": Direction.LEFT,
    "right": Direction.RIGHT,
    "up": Direction.UP,
    "down": Direction.DOWN,
    "ctrl+left": Direction.PHRASE_LEFT,
    "ctrl+right": Direction.PHRASE_RIGHT,
    "home": Direction.LINE_START,
    "end": Direction.LINE_END,
}


def _trial(session: AnnotationSession, at: int) -> Cursor:
    """A cursor to try keys with: where would they lead?"""
    cursor = Cursor(session.layout, session.words)
    cursor.token = at
    return cursor


class Annotator:
    """Decides the next key for one document.

    Args:
        gold: field -> sorted token ids; what is right.
        schema: the fields and their keys.
    """

    def __init__(self, gold: Gold, schema: Any) -> None:
        self.gold = gold
        self.schema = schema
        self.planned: Keys = []
        self._tried: set[tuple[str, tuple[str, ...]]] = set()

    def next_key(self, session: AnnotationSession, visible: Collection[int]) -> str | None:
        """The next key, or None when the document is right as it is and only has to be accepted."""
        if not self.planned:
            self.planned = self._plan(session, visible)
        return self.planned.pop(0) if self.planned else None

    def _plan(self, session: AnnotationSession, visible: Collection[int]) -> Keys:
        view = session.view
        labelled = {s.field: s for s in view.content.annotations.spans}
        for span in view.content.annotations.spans:
            if span.field not in self.gold:
                return [*self._at(session, span), "backspace"]
            if span != labelled[span.field]:  # a second label: the one that is further from right goes
                worse = min(span, labelled[span.field], key=lambda s: len(set(s.tokens) & set(self.gold[s.field])))
                return [*self._at(session, worse), "backspace"]
        proposed = session.document_acts.acceptable()
        for s in proposed:
            if s.field not in self.gold:  # an invented field; suggestions at a wrong place give way to labels
                focus = view.focus
                return ["x"] if focus is not None and focus.id == s.id else ["tab"]
        offered = {s.field: tuple(sorted(s.tokens)) for s in proposed}
        for field, tokens in self.gold.items():
            if field in labelled:
                if labelled[field].tokens != tokens:
                    return self._mended(session, visible, labelled[field], tokens)
            elif offered.get(field) != tokens:
                if view.offered is not None and view.armed == field and view.offered.tokens == tokens:
                    return [self._key(field)]
                if view.armed == field:  # its key found no place
                    return self._by_hand(session, visible, field, tokens)
                # With a suggestion focused a field's key would change that one.
                return [*(["escape"] if view.focus is not None else []), self._key(field)]
        return []

    def _key(self, field: str) -> str:
        return str(self.schema.get(field).key)

    def _at(self, session: AnnotationSession, span: Span) -> Keys:
        return [] if session.cursor.token in span.tokens else [self._key(span.field)]

    def _mended(
        self, session: AnnotationSession, visible: Collection[int], span: Span, wanted: tuple[int, ...]
    ) -> Keys:
        """The fewest keys that make a wrong label right: adjust it, press on to a place ahead, or label by hand."""
        plans: list[Keys] = []
        adjusting = self._adjusting(session, span.tokens, wanted)
        if adjusting is not None:
            plans.append([*self._at(session, span), *adjusting])
        proposals = session.view.proposals
        if proposals is not None and proposals.field == span.field and not proposals.moved:
            plans += self._pressing_on(session, visible, proposals, wanted)
        plans.append(self._by_hand(session, visible, span.field, wanted))
        return self._first_new(span.field, sorted(plans, key=len))

    def _pressing_on(
        self, session: AnnotationSession, visible: Collection[int], proposals: Proposals, wanted: tuple[int, ...]
    ) -> list[Keys]:
        plans: list[Keys] = []
        for press in range(1, min(len(proposals.places), SHOWN + 1)):
            place = proposals.places[(proposals.now + press) % len(proposals.places)]
            if place[0] in visible and set(place) & set(wanted):
                then = self._adjusting(session, place, wanted)
                if then is not None:
                    plans.append([self._key(proposals.field)] * press + then)
        return plans

    def _first_new(self, field: str, plans: list[Keys]) -> Keys:
        """What was tried and did not work is not tried again."""
        for plan in plans:
            if (field, tuple(plan)) not in self._tried:
                self._tried.add((field, tuple(plan)))
                return plan
        return plans[-1]

    def _adjusting(self, session: AnnotationSession, tokens: Sequence[int], wanted: Collection[int]) -> Keys | None:
        """The keys that lengthen and shorten a label until it is right; None where they do not get there."""
        keys: Keys = []
        now, goal = list(tokens), set(wanted)
        if not goal.intersection(now):
            return None
        while set(now) != goal:
            best: tuple[int, str, list[int]] | None = None
            for key, (more, at_end, phrase) in ADJUSTING.items():
                after = movement.adjusted(session.layout, session.tokens, now, more, at_end, phrase)
                if after and (best is None or len(goal ^ set(after)) < best[0]):
                    best = (len(goal ^ set(after)), key, after)
            if best is None or best[0] >= len(goal ^ set(now)):
                return None
            keys.append(best[1])
            now = best[2]
        return keys

    def _by_hand(
        self, session: AnnotationSession, visible: Collection[int], field: str, wanted: tuple[int, ...]
    ) -> Keys:
        """Go there, select, press the field's key, adjust; at worst pick the words one by one."""
        key = self._key(field)
        best: Keys | None = None
        routes: dict[int, Keys] = {}
        for start, selecting, selected in self._selections(session, wanted):
            if start not in routes:
                routes[start] = self._route(session, visible, start)
            then = self._adjusting(session, selected, wanted)
            if then is not None:
                plan = [*routes[start], *selecting, key, *then]
                if best is None or len(plan) < len(best):
                    best = plan
        if best is not None and (field, tuple(best)) not in self._tried:
            return best
        return [*self._picking(session, visible, wanted), key]

    def _selections(
        self, session: AnnotationSession, wanted: tuple[int, ...]
    ) -> Iterator[tuple[int, Keys, tuple[int, ...]]]:
        """(where the cursor has to be, keys, what they select), for a label that is or comes near what is wanted."""
        listed = sorted(wanted, key=lambda t: session.layout.where[t])
        for start in listed:
            yield start, [], (start,)
        for start in movement.phrase(session.layout, session.tokens, listed[0]):
            trial = _trial(session, start)
            for presses in range(1, 8):
                trial.select_line()
                yield start, ["L"] * presses, tuple(trial.selection)
                if len(trial.selection) >= len(wanted):
                    break
        yield listed[0], ["B"], movement.block(session.layout, session.tokens, listed[0])
        for start, way, name in (
            (listed[0], Direction.RIGHT, "shift+right"),
            (listed[-1], Direction.LEFT, "shift+left"),
        ):
            trial = _trial(session, start)
            for presses in range(1, len(wanted)):
                trial.move(way, extend=True)
                yield start, [name] * presses, tuple(trial.selection)
        for start, way, name in (
            (listed[0], Direction.LINE_END, "shift+end"),
            (listed[-1], Direction.LINE_START, "shift+home"),
        ):
            trial = _trial(session, start)
            trial.move(way, extend=True)
            yield start, [name], tuple(trial.selection)

    def _route(self, session: AnnotationSession, visible: Collection[int], to: int) -> Keys:
        """The fewest keys that bring the cursor to a word: the cursor keys where it is in view, or the find bar."""
        walked = self._walked(session, to) if to in visible and session.cursor.token in visible else None
        searched = self._searched(session, to)
        return walked if walked is not None and len(walked) <= len(searched) else searched

    def _walked(self, session: AnnotationSession, to: int) -> Keys | None:
        at = session.cursor.token
        assert at is not None
        wanted = self.schema.get(session.view.armed) if session.view.armed else None
        reached: dict[int, Keys] = {at: []}
        edge = [at]
        for steps in range(FAR + 1):
            if to in reached:
                return reached[to]
            following = []
            for token in edge:
                ways = [(key, movement.step(session.layout, session.tokens, token, way)) for key, way in MOVES.items()]
                if wanted is not None and steps < 4:
                    ways += [
                        (key, movement.next_like(session.layout, session.tokens, token, wanted.type, back))
                        for key, back in (("g", False), ("G", True))
                    ]
                for key, there in ways:
                    if there not in reached:
                        reached[there] = [*reached[token], key]
                        following.append(there)
            edge = following
        return None

    def _searched(self, session: AnnotationSession, to: int) -> Keys:
        """Type the beginning of the word until it is among the first found."""
        text = session.tokens[to].text
        for length in count(1):
            places = find(session.tokens, text[:length]).all
            at = next((n for n, place in enumerate(places) if place[0] == to), None)
            if (at is not None and at <= 2) or length >= len(text):
                break
        return ["slash", *(named(c) for c in text[:length]), *["down"] * (at or 0), "enter"]

    def _picking(self, session: AnnotationSession, visible: Collection[int], wanted: tuple[int, ...]) -> Keys:
        """Go to the first word, then from word to word with the space bar."""
        listed = sorted(wanted, key=lambda t: session.layout.where[t])
        keys = [*self._route(session, visible, listed[0])]
        if keys and keys[0] == "slash":
            keys.append("escape")  # what was found is selected; it is picked like the others
        at = listed[0]
        for token in listed:
            while at != token:
                at = movement.step(session.layout, session.tokens, at, Direction.RIGHT)
                keys.append("right")
            keys.append("space")
        return keys


def named(character: str) -> str:
    """The key that types a character."""
    from textual.keys import _character_to_key

    return _character_to_key(character)
