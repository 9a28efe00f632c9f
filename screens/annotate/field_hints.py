"""What is said after a field's key: what it labelled, how likely that is, and where it goes on to. Pure."""

from collections.abc import Sequence

from screens.annotate.shortened import short, told_apart
from screens.widgets.status_lines import Hint
from storage.records import Token
from workbench.annotation.field_states import text_of
from workbench.annotation.session_state import Proposals, SessionView
from workbench.fields import Field, FieldType, Schema
from workbench.fields.values import same

Pairs = tuple[tuple[str, str], ...]
"""Keys, or ids of bindings, and what they do."""

_BRIEF = 10  # characters of a value that is always shown beside its key
_OF_WORDS = "span.start-more span.end-more span.end-less span.start-less"
_WORDS = ((_OF_WORDS, "add or drop words"), (_OF_WORDS, "words"))  # the first that there is space for
_LINES = ("span.line-before span.line-after span.line-less span.line-more", "lines")
DROPS = ("span.line-after span.line-less", "drop first/last line")
_ADDS = ("span.line-before span.line-more", "add line before/after")


def armed(view: SessionView, schema: Schema, word: str, document: Pairs) -> Hint:
    field = schema.get(view.armed or "")
    name = field.name if field else str(view.armed)
    key = field.key if field else ""
    rest = (("select.none", "done"), *document)
    proposals, tokens = view.proposals, view.content.tokens
    if proposals is None:
        own = sorted(s.tokens for s in view.content.annotations.spans if s.field == view.armed)
        if len(own) > 1 and view.label is not None and view.label.tokens in own and not view.pointed:
            text = short(text_of(tokens, view.label.tokens))
            value = f"{name} ({own.index(view.label.tokens) + 1} of {len(own)} values): “{text}”."
            return value, (("label.reject", "remove it"), (key, "the next one"), *rest)
        if own:
            return f"{name}:", (("label.confirm", f"add or drop “{short(word)}”"), *rest)
        offered, best = view.offered, tuple[tuple[str, str], ...]()
        if offered is not None:
            how = "rejected before" if offered.rejected else f"{offered.likelihood:.0%} likely"
            words = f"“{short(text_of(tokens, offered.tokens), 20)}”"
            text = f"{words} ({how})"
            if offered.suggested_as is not None:
                takes = (("label.confirm", "take it"),) if offered.pointed_at else ()
                owner = schema.name(offered.suggested_as)
                return f"{name}: {words} is suggested as {owner}.", (
                    *(takes or ((key, "take it"),)),
                    ("label.find", "find another"),
                    ("label.absent", "not there"),
                    *rest,
                )
            if offered.pointed_at:
                taken = (("label.confirm", "label it"), ("label.find", "find another"), *rest)
                return f"{name}: {text}?", taken
            best = ((key, text),)
        here = (("label.confirm", f"label “{short(word)}”"),) if field and view.can_label_cursor(field) else ()
        return f"{name}: no likely place.", (
            *here,
            *best,
            ("label.find", "find it"),
            ("label.absent", "not there"),
            *rest,
        )
    if proposals.moved:
        return f"{name}:", ((key, f"move it to “{short(word)}”"), *rest)
    following = proposals.places[(proposals.now + 1) % len(proposals.places)]
    text, other = text_of(tokens, proposals.span.tokens), text_of(tokens, following)
    where = _from(view, proposals.span.tokens, following) if text == other else "instead"
    others = (s for s in view.open_suggestions if s.field != view.armed and set(following).issuperset(s.tokens))
    if (loses := next(others, None)) is not None:
        where = f"of {schema.name(loses.field)}"
    shown, shown_other = told_apart(text, other, 20, 16)
    suggested = any(s.field == view.armed and tuple(sorted(s.tokens)) == following for s in view.content.suggestions)
    is_rate = field is not None and field.type is FieldType.RATE  # an invoice has several
    is_second = len(proposals.places) > 1 and text != other and (suggested or is_rate)
    return (
        f"{name}{' is here' * proposals.gone_to} ({_number(view, field, proposals)}): “{shown}”.",
        (
            *(
                ((key, f"“{shown_other}” {where}"), *(((key, "next place"),) if len(shown_other) > _BRIEF else ()))
                if len(proposals.places) > 1
                else (("move.right", "other word"),)
            ),
            *((("label.add", "both"),) if is_second else ()),
            *((("history.undo", "back"),) if proposals.now else ()),
            *edges(field, proposals.span.tokens, tokens),
            *((("label.add", "add another value"),) if len(proposals.places) > 1 and not is_second else ()),
            ("label.absent", "not there"),
            *document,
        ),
    )


def _number(view: SessionView, field: Field | None, proposals: Proposals) -> str:
    """Which of how many places a field's label is at, and how likely that place is."""
    number = f"{proposals.now + 1} of {len(proposals.places)}"
    if field is None or proposals.likelihood is None:
        return number
    if proposals.places[proposals.now] in proposals.likely.rejected:
        return f"{number}, rejected before"
    if proposals.likelihood < 1:
        return f"{number}, {proposals.likelihood:.0%} likely"
    text = text_of(view.content.tokens, proposals.span.tokens)
    known = (reference.value for reference in view.content.references if reference.field == field.id)
    return f"{number}, known value" if any(same(field.type, text, value) for value in known) else number


def _from(view: SessionView, here: Sequence[int], there: Sequence[int]) -> str:
    """In which direction from a place another place of the same words is."""
    a, b = (view.content.tokens[place[0]] for place in (here, there))
    if a.page != b.page:
        return f"on page {b.page + 1}"
    if min(a.box[3], b.box[3]) > max(a.box[1], b.box[1]):  # in one line
        return "further right" if b.box[0] > a.box[0] else "further left"
    return "further down" if b.box[1] > a.box[1] else "further up"


def edges(field: Field | None, tokens: Sequence[int], words: Sequence[Token]) -> Pairs:
    """The keys that add and drop words and lines at either end of a label: what its field mostly needs first."""
    if len(tokens) == 1 and not (field and field.type in (FieldType.PARTY, FieldType.ADDRESS)):
        return (("span.start-more span.end-more", "add a word"),)
    is_long = field is not None and field.type in (FieldType.PARTY, FieldType.ADDRESS, FieldType.TEXT)
    if is_long and len({(words[token].page, words[token].line) for token in tokens}) > 1:
        return (DROPS, _ADDS, *_WORDS)
    return (_LINES, *_WORDS) if field and field.type is FieldType.ADDRESS else (*_WORDS, _LINES)
