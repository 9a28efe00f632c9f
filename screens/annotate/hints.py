"""The two lines at the foot of the annotate screen: what the next key will do, and which document is open. Pure.

A hint is a sentence and (binding id or key, text) pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from screens.annotate.accept_hints import Ahead
from screens.annotate.classes.hints import hint_of_classes
from screens.annotate.shortened import short, told_apart
from screens.widgets.status_lines import Hint
from storage.document_list import KINDS, Filter
from storage.records import Content, State, Suggestion
from workbench.annotation.editor import Proposal
from workbench.annotation.field_states import contradicts, failed_labels, rows, text_of
from workbench.annotation.session import AnnotationSession
from workbench.annotation.session_state import Proposals, SessionView
from workbench.annotation.worklist import Worklist
from workbench.fields import Field, FieldType, Schema
from workbench.fields.plain_text import counted
from workbench.fields.values import same

_DECIDING = 10 + len("  Enter/x yes  x no")
_DECIDING_LATER = 10 + len("  Enter/x accept  W known  a without it")
"""Columns of the hint line for the key of the help, and for the keys that decide on a suggestion."""

Pairs = tuple[tuple[str, str], ...]
"""Keys, or ids of bindings, and what they do."""

ALL_DONE = "The list is done."  # short: what was left out before it and the next key fit 80 columns

BLIND = "Shown without its labels, to see whether you label it the same way again. Nothing is suggested."

LIST: Hint = (
    "Type to search:",
    (
        ("Enter", "open"),
        ("Esc", "back to the page"),
        ("↑ ↓", "choose"),
        ("← →", "sort"),
        ("≠", "not the known value"),
        ("!", "does not fit"),
        ("12?", "12 suggestions"),
        ("4✓", "4 labels"),
        ("◐", "begun"),
        ("»", "skipped"),
    ),
)


_OF_WORDS = "span.start-more span.end-more span.end-less span.start-less"
_WORDS = ((_OF_WORDS, "add or drop words"), (_OF_WORDS, "words"))  # the first that there is space for
_LINES = ("span.line-before span.line-after span.line-less span.line-more", "lines")
_PICTURE = (
    ("view.fit", "region, width, page"),
    ("view.zoom-in", "closer"),
    ("view.open", "in a viewer"),
    ("view.picture", "text"),
)
"""How the picture is looked at, while no word is in hand."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a hint depends on besides the session."""

    review: bool = False  # documents begin at their least sure suggestion
    similar: Content | None = None  # a labelled document of the same vendor
    error_walk: bool = False  # the document was opened to look at a model's error
    shows: str = "text"  # "text", "picture" or "both"
    ahead: Ahead = field(default_factory=Ahead)  # what the keys that accept will do
    warning: str = ""  # what does not fit the label in hand, or would not fit the suggestion
    columns: int = 120  # of the terminal


def hint_of(view: SessionView, schema: Schema, context: Context) -> Hint:
    """The hint for a view. Names with a dot are binding ids; the screen puts their keys in."""
    lead, pairs = _next_key(view, schema, context)
    is_shown = not view.message and (view.focus is None or _is_surest(view, view.focus))
    if context.warning and is_shown and (field_id := field_in_hand(view)) is not None:
        share = f" {view.focus.confidence:.0%}" if view.focus is not None else ""
        whole = context.warning.rstrip(".")
        leads = (
            f"{schema.name(field_id)}{share}: ! {reason}."
            for reason in (whole, whole.partition(":")[0], whole.rpartition(" is ")[2], "does not fit")
        )
        most = context.columns - _DECIDING
        lead = next((text for text in leads if len(text) <= most), f"{schema.name(field_id)}: !")
    if not lead and context.shows != "text":
        first = [pair for pair in pairs if pair[0] == pairs[0][0]]  # what labels, in all its forms
        pairs = (*first, *_PICTURE, *pairs[len(first) :])  # comes first where there is little space
    return lead, (("error_walk.next", "next error"), *pairs) if context.error_walk else pairs


def field_in_hand(view: SessionView) -> str | None:
    """The field of the suggestion that is walked to, else that whose key was pressed last, else that of the label or
    the suggestion under the cursor.
    """
    if view.selection:
        return None
    if view.focus is not None:
        return view.focus.field
    here = view.label or view.suggestion
    return view.armed or (here.field if here is not None else None)


def _is_surest(view: SessionView, suggestion: Suggestion) -> bool:
    """Whether it is the one of its field that the panel's warning is about."""
    others = (s.confidence for s in view.open_suggestions if s.field == suggestion.field)
    return suggestion.confidence >= max(others, default=0.0)


def _next_key(view: SessionView, schema: Schema, context: Context) -> Hint:
    document, tokens = _document(view, context), view.content.tokens
    if view.cursor is None:
        return "This document has no words.", (("document.unusable", "unusable"), ("document.next", "next"))
    if view.classes.in_hand:
        return hint_of_classes(view)
    if ALL_DONE in view.message:
        train = "train a model" if view.message == ALL_DONE else "train"
        return view.message, (("mode.tune", train), ("mode.queue", "what to label next"))
    if view.message and view.focus is not None:
        is_whole = len(view.message) <= context.columns - _DECIDING_LATER  # else what is left open is of more use
        return view.message if is_whole else view.message.rpartition("accepted. ")[2], _of_focus_left(
            view, view.focus, schema, context
        )
    if view.message:
        goes_on = view.armed and view.proposals and not view.selection
        rest = (*_as_there(view, context), *document)
        return view.message, _armed(view, schema, tokens[view.cursor].text, document)[1] if goes_on else rest
    if view.adding:
        text = f" “{short(text_of(tokens, sorted(view.selection)))}”" if view.selection else ""
        return f"One more value{text}:", (("field key", "add it to that field"), ("select.none", "cancel"))
    if view.selection:
        return _selected(view, schema, short(text_of(tokens, sorted(view.selection))))
    if view.focus is not None:
        field = schema.get(view.focus.field)
        name = schema.name(view.focus.field)
        differs = field is not None and contradicts(view.content, field, view.focus)
        return (
            f"{name} {view.focus.confidence:.0%}: “{short(text_of(tokens, view.focus.tokens))}”?",
            (
                (_taking(field), "yes"),
                ("label.reject", "no"),
                *((("suggestion.known", "known value"),) if differs else ()),
                ("suggestion.next", "next"),
                *_accept_all(context),
                ("another field's key", "its likeliest place"),
                *_edges(field, view.focus.tokens),
            ),
        )
    if view.armed:
        return _armed(view, schema, tokens[view.cursor].text, document)
    if view.label is not None:
        closes = () if view.open_suggestions else document  # nothing else is left to do
        return (
            f"{schema.name(view.label.field)}: “{short(text_of(tokens, view.label.tokens))}”.",
            (
                *closes,
                ("label.clear", "clear"),
                *_edges(schema.get(view.label.field), view.label.tokens),
                ("label.confirm", "done" if view.is_corrected else "select its words"),
                *(() if closes else document),
            ),
        )
    if view.suggestion is not None and view.pointed:
        at = view.suggestion
        return (
            f"Suggested {at.confidence:.0%}: {schema.name(at.field)} “{short(text_of(tokens, at.tokens))}”.",
            (
                (_taking(schema.get(at.field)), "accept"),
                ("label.reject", "reject"),
                *_accept_all(context),
                ("suggestion.next", "next"),
            ),
        )
    if view.pointed and not view.message:
        return f"“{short(tokens[view.cursor].text)}”:", (
            ("field key", "label it"),
            ("select.phrase", "select the line"),
            ("select.none", "back to the likeliest places"),
            *document,
        )
    if context.review and view.open_suggestions:
        return "Review:", (("suggestion.next", "next suggestion"), *document)
    likeliest = ("field key", "label the likeliest place")
    here = (("label.confirm", f"accept {schema.name(view.suggestion.field)}"),) if view.suggestion else ()
    return "", (
        *_as_there(view, context),
        *((*document, *here, likeliest) if view.open_suggestions else (likeliest, *document)),
        ("select.phrase", "select line"),
        ("label.find", "find"),
    )


def _as_there(view: SessionView, context: Context) -> Pairs:
    """The key that suggests labels as on a document of the same vendor, while nothing is labelled."""
    if context.similar is None or not view.untouched:
        return ()
    return (("label.template", f"suggest labels as in {short(context.similar.document.name, 16)}"),)


def facts_of(view: SessionView, worklist: Worklist) -> tuple[str, ...]:
    """The screen's part of the status line: where in the list the document stands, and how it is."""
    document = view.content.document
    state = "" if document.state is State.NEW else document.state.value
    page = 1 if view.cursor is None else view.content.tokens[view.cursor].page + 1
    return (
        f"{worklist.position + 1:,}/{len(worklist):,}",
        document.name,
        state + (" ⚑" if document.note else ""),
        f"page {page}/{document.page_count}" if document.page_count > 1 else "",
        "" if worklist.filter == Filter() else f"list: {filter_name(worklist.filter)}",
    )


def opening(session: AnnotationSession, day_first: bool | None) -> str:
    """What is said of a document when it is opened; of an accepted one why the list marks it ! or ≠."""
    document = session.content.document
    if session.editor.blind:
        return "Shown without its labels: label it as if it were new."
    if document.state is not State.LABELLED or not (document.problems or document.disagreements):
        return ""
    listed = rows(session.content, session.schema, day_first)
    reasons = [f"! {field.name}: {message}" for field, message in failed_labels(listed)] if document.problems else []
    reasons += [f"{row.field.name}: ≠ known: {row.reference}" for row in listed if row.values and row.agrees is False]
    more = f" (+{len(reasons) - 1} in the panel)" if len(reasons) > 1 else ""
    return f"{reasons[0]}{more}" if reasons else ""


def filter_name(chosen: Filter) -> str:
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


def proposed(source: Content, proposals: Sequence[Proposal], schema: Schema) -> str:
    """What was suggested after the labels of another document, and what was not found here."""
    missing = {s.field for s in source.annotations.spans} - {field for field, _, _ in proposals}
    not_found = f", not found: {', '.join(map(schema.name, sorted(missing)))}" if missing else ""
    return f"As in {source.document.name}: {counted(len(proposals), 'suggestion')}{not_found}."


def _of_focus_left(view: SessionView, focus: Suggestion, schema: Schema, context: Context) -> Pairs:
    """The keys for a suggestion that was not accepted with the others."""
    field = schema.get(focus.field)
    is_known = any(r.field == focus.field for r in view.content.references)
    labelled = {span.field for span in view.content.annotations.spans}
    offered = ((s, schema.get(s.field)) for s in view.open_suggestions if s.field not in labelled)
    against = sum(1 for s, of in offered if of is not None and contradicts(view.content, of, s))
    is_last = len(view.open_suggestions) == 1
    shown = f"“{short(text_of(view.content.tokens, focus.tokens), 16)}”" if is_last else schema.name(focus.field)
    known = (("suggestion.known", "known value"), ("suggestion.known", "known")) if is_known else ()
    for_this = ((_taking(field), f"accept {shown}"), (_taking(field), "accept"), *known)
    without = f"without {'it' if is_last else 'them'}"
    go_on = (("document.accept", f"go on {without}"), ("document.accept", without))
    as_printed = ("suggestion.accept-visible", f"accept {against}")
    return (
        # what is done with several is seen before what is done with this one
        *((*go_on, as_printed, *for_this) if against > 1 else (*for_this, *go_on)),
        ("label.reject", "reject"),
    )


def _taking(field: Field | None) -> str:
    """The keys that take a suggestion which is in hand: `Enter` goes on to the next one, the field's key stays."""
    return f"label.confirm / {field.key}" if field and field.key else "label.confirm"


def _edges(field: Field | None, tokens: Sequence[int]) -> Pairs:
    """The keys that add and drop words and lines at either end of a label: what its field mostly needs first."""
    if len(tokens) == 1 and not (field and field.type in (FieldType.PARTY, FieldType.ADDRESS)):
        return (("span.start-more span.end-more", "add a word"),)
    return (_LINES, *_WORDS) if field and field.type is FieldType.ADDRESS else (*_WORDS, _LINES)


def _document(view: SessionView, context: Context) -> Pairs:
    if view.open_suggestions:
        space = context.columns - 14 - len(view.message)
        forms = _accept_all(context)
        # what is accepted unseen, and what stays empty, is of more use than the next keys
        whole = [pair for pair in forms if len(pair[1]) <= space][:1] or forms[-1:]
        return *whole, ("suggestion.next", "review them"), ("document.accept", "accept without them")
    is_accepted = view.content.annotations.state is State.LABELLED
    if is_accepted:
        return (("document.accept", "next open document"),)
    return tuple(("document.accept", text) for text in context.ahead.accept)


def _accept_all(context: Context) -> Pairs:
    return tuple(("document.accept-all", text) for text in context.ahead.accept_all)


def _selected(view: SessionView, schema: Schema, text: str) -> Hint:
    if view.armed:
        return (
            f"“{text}”:",
            (
                ("label.confirm", f"label as {schema.name(view.armed)}"),
                ("label.add", "add as another value"),
                ("field key", "another field"),
                ("select.none", "drop selection"),
            ),
        )
    words = f" ({counted(len(view.selection), 'word')})" if len(view.selection) > 3 else ""
    return (
        f"“{text}”{words} is selected:",
        (
            ("field key", "label it"),
            ("label.clear", "clear its labels"),
            ("select.phrase", "next line too"),
            ("select.none", "drop selection"),
        ),
    )


def _armed(view: SessionView, schema: Schema, word: str, document: Pairs) -> Hint:
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
            text = f"“{short(text_of(tokens, offered.tokens), 20)}” ({how})"
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
    shown, shown_other = told_apart(text, other, 20, 16)
    suggested = any(s.field == view.armed and tuple(sorted(s.tokens)) == following for s in view.content.suggestions)
    is_rate = field is not None and field.type is FieldType.RATE  # an invoice has several
    is_second = len(proposals.places) > 1 and text != other and (suggested or is_rate)
    return (
        f"{name}{' is here' * proposals.gone_to} ({_number(view, field, proposals)}): “{shown}”.",
        (
            (key, f"“{shown_other}” {where}") if len(proposals.places) > 1 else ("move.right", "other word"),
            *((("label.add", "both"),) if is_second else ()),
            *((("history.undo", "back"),) if proposals.now else ()),
            *_edges(field, proposals.span.tokens),
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
