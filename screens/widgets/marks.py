"""How a page's tokens are marked, as text and as a picture."""

from dataclasses import dataclass

from storage.records import State
from workbench.annotation.session_state import SessionView
from workbench.fields import Schema, colours

STATE_SIGNS = {State.NEW: "·", State.STARTED: "◐", State.LABELLED: "✓", State.SKIPPED: "»", State.UNUSABLE: "✗"}
"""How a document's state is shown in a list."""
_PRESSES = "¹²³⁴⁵⁶⁷⁸⁹"


@dataclass(frozen=True, slots=True)
class TokenMark:
    """How a token is marked: a label, or a suggestion with its confidence."""

    owner: object  # the span or suggestion: neighbours with one owner are drawn as one
    key: str
    colour: str
    confidence: float | None = None  # None: a label
    focused: bool = False
    ahead: bool = False  # where the field's key would go next; `key` says after how many presses


def marks_of(view: SessionView, schema: Schema) -> dict[int, TokenMark]:
    """Token id -> mark; a label hides a suggestion, the surer suggestion hides the other, both hide places ahead."""
    marks = _ahead(view, schema)
    for suggestion in view.open_suggestions:
        field = schema.get(suggestion.field)
        mark = TokenMark(
            suggestion.id,
            (field.key if field else "") or "•",
            field.colour if field else colours.GREY,
            suggestion.confidence,
            view.focus is not None and view.focus.id == suggestion.id,
        )
        marks.update(dict.fromkeys(suggestion.tokens, mark))
    for span in view.content.annotations.spans:
        field = schema.get(span.field)
        mark = TokenMark(span, (field.key if field else "") or "•", field.colour if field else colours.GREY)
        marks.update(dict.fromkeys(span.tokens, mark))
    return marks


def _ahead(view: SessionView, schema: Schema) -> dict[int, TokenMark]:
    """The first words of the places that the field's key goes to next."""
    proposals = view.proposals
    if proposals is None or proposals.moved:
        return {}
    field = schema.get(proposals.field)
    colour = field.colour if field else colours.GREY
    marks: dict[int, TokenMark] = {}
    for press, key in enumerate(_PRESSES, 1):
        if press >= len(proposals.places):
            break
        place = proposals.places[(proposals.now + press) % len(proposals.places)]
        marks.setdefault(place[0], TokenMark(place, key, colour, ahead=True))
    return marks
