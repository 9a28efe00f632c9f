"""The two lines at the foot of the annotate screen: what the next key will do, and which document is open. Pure.

A hint is a sentence and (binding id or key, text) pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from screens.annotate.accept_hints import AROUND, BROUGHT, WIDE, Ahead
from screens.annotate.classes.hints import hint_of_classes
from screens.annotate.field_hints import DROPS, Pairs, armed, edges
from screens.annotate.shortened import reasons, short
from screens.widgets.status_lines import Hint, in_columns
from storage.document_list import KINDS, Filter
from storage.records import Content, State, Suggestion
from workbench.annotation.editor import Proposal
from workbench.annotation.field_states import contradicts, failed_labels, rows, text_of
from workbench.annotation.session import AnnotationSession
from workbench.annotation.session_state import SessionView
from workbench.annotation.worklist import Worklist
from workbench.fields import Field, Schema
from workbench.fields.plain_text import counted

_DECIDING, _TAKING = 10 + len("  Enter/x yes  x no"), 10 + len("  Enter/x yes")
_DECIDING_LATER = 10 + len("  Enter/x accept  W known  a without it")
"""Columns of the hint line for the key of the help, and for the keys that decide on a suggestion; the first of them."""

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
        leads = [f"{schema.name(field_id)}{sure}: ! {r}." for r in reasons(context.warning) for sure in (share, "")]
        most = (context.columns - columns for columns in (_DECIDING, _TAKING))
        lead = next((text for columns in most for text in leads if len(text) <= columns), leads[-1])
    if not lead and context.shows != "text":
        first = [pair for pair in pairs if pair[0] == pairs[0][0]]  # what labels, in all its forms
        pairs = (*first, *_PICTURE, *pairs[len(first) :])  # comes first where there is little space
    if DROPS in pairs and view.focus is None and context.columns < WIDE:
        lead, pairs = _with_drops(lead, pairs, context.columns)
    return lead, (("error_walk.next", "next error"), *pairs) if context.error_walk else pairs


def _with_drops(lead: str, pairs: Pairs, columns: int) -> Hint:
    """Of a label of several lines the keys that drop one stand beside the first key, whatever little space there is."""
    first = [pair for pair in pairs if pair[0] == pairs[0][0]]
    others = [pair for pair in pairs if pair not in first and pair != DROPS]
    beside = 10 + sum(
        len(f"  {key} {text}") for key, text in (("x", min((p[1] for p in first), key=len)), ("} [", DROPS[1]))
    )
    return in_columns(lead, columns - beside), (*first, DROPS, *others)


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
    if view.message and view.focus is not None and not view.message.startswith(BROUGHT):
        is_whole = len(view.message) <= context.columns - _DECIDING_LATER  # else what is left open is of more use
        return view.message if is_whole else view.message.rpartition("accepted. ")[2], _of_focus_left(
            view, view.focus, schema, context
        )
    if view.message:
        goes_on = view.armed and view.proposals and not view.selection and not view.message.startswith(BROUGHT)
        rest = (*_as_there(view, context), *document)
        return view.message, armed(view, schema, tokens[view.cursor].text, document)[1] if goes_on else rest
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
                *edges(field, view.focus.tokens, tokens),
            ),
        )
    if view.armed:
        return armed(view, schema, tokens[view.cursor].text, document)
    if view.rejected is not None:
        return _after_rejection(view, schema, view.rejected, document)
    if view.label is not None:
        closes = () if view.open_suggestions else document  # nothing else is left to do
        return (
            f"{schema.name(view.label.field)}: “{short(text_of(tokens, view.label.tokens))}”.",
            (
                *closes,
                ("label.clear", "clear"),
                *edges(schema.get(view.label.field), view.label.tokens, tokens),
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


def _after_rejection(view: SessionView, schema: Schema, rejected: Suggestion, document: Pairs) -> Hint:
    """What goes on from a suggestion that was rejected, the cursor still on its words."""
    field, name = schema.get(rejected.field), schema.name(rejected.field)
    other = ((field.key, f"another {name}"), (field.key, "another place")) if field and field.key else ()
    goes_on = (("suggestion.next", "next suggestion"),) if view.open_suggestions else ()
    document = tuple(pair for pair in document if pair[0] != "suggestion.next")
    return (
        f"{name}: “{short(text_of(view.content.tokens, rejected.tokens), 20)}” rejected.",
        (*goes_on, *other, ("select.phrase", "select this line"), *document),
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


def set_aside(document: str, how: str, undo: str) -> tuple[str, str]:
    """What is said of a document that was skipped or marked as unusable: on the next one, and at the list's end."""
    return f"{short(document, 20)} is {how}; {undo} takes it back.", f"{how.capitalize()}; {undo} undoes."


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


def _document(view: SessionView, context: Context) -> Pairs:
    if view.open_suggestions:
        space = context.columns - AROUND - len(view.message)
        forms = _accept_all(context)
        # what is accepted unseen, and what stays empty, is of more use than the next keys
        whole = [pair for pair in forms if len(pair[1]) <= space][:1] or forms[-1:]
        return *whole, ("suggestion.next", "review them"), ("document.accept", "accept without them")
    is_accepted = view.content.annotations.state is State.LABELLED
    if is_accepted:
        return (("document.accept", "next open document"),)
    return *(("document.accept", text) for text in context.ahead.accept), ("document.accept", "accept")


def _accept_all(context: Context) -> Pairs:
    forms = context.ahead.accept_all
    # what stays empty is of more use than the next keys, where there is space for it
    briefest = [forms[-1].partition(",")[0]] if forms and context.columns < WIDE else []
    return tuple(("document.accept-all", text) for text in dict.fromkeys((*forms, *briefest)))


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
            ("select.phrase", "next line too"),
            ("label.clear", "clear its labels"),
            ("select.none", "drop selection"),
        ),
    )
