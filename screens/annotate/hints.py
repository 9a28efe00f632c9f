"""The two lines at the foot of the annotate screen: what the next key will do, and which document is open. Pure.

A hint is a sentence and (binding id or key, text) pairs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from screens.annotate.classes.hints import hint_of_classes
from screens.widgets.status_lines import Hint
from storage.document_list import KINDS, Filter
from storage.records import Content, State, Suggestion
from workbench.annotation.document_acts import LEAST_SURE, AcceptPlan
from workbench.annotation.editor import Proposal
from workbench.annotation.field_states import contradicts, rows, text_of
from workbench.annotation.session import AnnotationSession
from workbench.annotation.session_state import Proposals, SessionView
from workbench.annotation.worklist import Worklist
from workbench.fields import Field, FieldType, Schema
from workbench.fields.plain_text import counted
from workbench.fields.values import same

Pairs = tuple[tuple[str, str], ...]
"""Keys, or ids of bindings, and what they do."""

ALL_DONE = "All documents in the list are done."

BLIND = "Shown without its labels, to see whether you label it the same way again. Nothing is suggested."

LIST: Hint = (
    "Type to search:",
    (
        ("Enter", "open"),
        ("Esc", "back to the page"),
        ("↑ ↓", "choose"),
        ("← →", "sort"),
        ("12?", "12 suggestions"),
        ("4✓", "4 labels"),
        ("!", "a value does not fit"),
        ("◐", "begun"),
        ("»", "skipped"),
    ),
)


_AT_THE_END = re.compile(r"[,;]+$|(?<=[0-9])\.$")  # of a sentence, not of the value
_WORDS = ("span.start-more span.start-less span.end-less span.end-more", "words")
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
    accept_all: str = ""  # what accepting all suggestions will do; see `accept_hints.accept_all`
    warning: str = ""  # what does not fit the label in hand


def hint_of(view: SessionView, schema: Schema, context: Context) -> Hint:
    """The hint for a view. Names with a dot are binding ids; the screen puts their keys in."""
    if context.warning and (field_id := field_in_hand(view)) is not None and not view.message:
        lead = f"{schema.name(field_id)}: ! {context.warning}"
    lead, pairs = _next_key(view, schema, context)
    if not lead and context.shows != "text":
        pairs = (*pairs[:1], *_PICTURE, *pairs[1:])  # what labels comes first where there is little space
    return lead, (("error_walk.next", "next error"), *pairs) if context.error_walk else pairs

def field_in_hand(view: SessionView) -> str | None:
    """The field whose key was pressed last, else that of the label under the cursor."""
    if view.selection or view.focus is not None:
        return None
    return view.armed or (view.label.field if view.label is not None else None)



def _next_key(view: SessionView, schema: Schema, context: Context) -> Hint:
    document = _document(view, context)
    if view.cursor is None:
        return "This document has no words.", (("document.unusable", "unusable"), ("document.next", "next"))
    if view.classes.in_hand:
        return hint_of_classes(view)
    if view.message and view.focus is not None:
        return view.message, _of_focus_left(view, view.focus, schema, context)
    if view.message.endswith(ALL_DONE):
        return view.message, (("mode.tune", "train a model"), ("mode.queue", "what to label next"))
    if view.message:
        return view.message, document
    tokens = view.content.tokens
    if view.adding:
        text = f" “{_short(text_of(tokens, sorted(view.selection)))}”" if view.selection else ""
        return f"One more value{text}:", (("field key", "add it to that field"), ("select.none", "cancel"))
    if view.selection:
        return _selected(view, schema, _short(text_of(tokens, sorted(view.selection))))
    if view.focus is not None:
        field = schema.get(view.focus.field)
        name = schema.name(view.focus.field)
        own = ((field.key, "next place"),) if field and field.key else ()
        differs = field is not None and contradicts(view.content, field, view.focus)
        return (
            f"{name} {view.focus.confidence:.0%}: “{_short(text_of(tokens, view.focus.tokens))}”?",
            (
                ("label.confirm", "yes"),
                ("label.reject", "no"),
                *((("suggestion.known", "known value"),) if differs else ()),
                ("suggestion.next", "next"),
                *own,
                ("document.accept-all", context.accept_all),
                ("field key", "other field"),
                *_edges(field, view.focus.tokens),
            ),
        )
    if view.armed:
        return _armed(view, schema, tokens[view.cursor].text, document)
    if view.label is not None:
        closes = () if view.open_suggestions else document  # nothing else is left to do
        return (
            f"{schema.name(view.label.field)}: “{_short(text_of(tokens, view.label.tokens))}”.",
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
            f"Suggested {at.confidence:.0%}: {schema.name(at.field)} “{_short(text_of(tokens, at.tokens))}”.",
            (
                ("label.confirm", "accept"),
                ("label.reject", "reject"),
                ("document.accept-all", context.accept_all),
                ("suggestion.next", "next"),
            ),
        )
    if view.pointed and not view.message:
        return f"“{_short(tokens[view.cursor].text)}”:", (
            ("field key", "label it"),
            ("select.phrase", "select the line"),
            ("select.none", "back to the likeliest places"),
            *document,
        )
    if context.review and view.open_suggestions:
        return "Review:", (("suggestion.next", "next suggestion"), *document)
    as_there = tuple[tuple[str, str], ...]()
    if context.similar is not None:
        as_there = (("label.template", f"suggest labels as in {_short(context.similar.document.name, 16)}"),)
    likeliest = ("field key", "label the likeliest place")
    here = (("label.confirm", f"accept {schema.name(view.suggestion.field)}"),) if view.suggestion else ()
    return "", (
        *(as_there if view.untouched else ()),
        *((*document, *here, likeliest) if view.open_suggestions else (likeliest, *document)),
        ("select.phrase", "select line"),
        ("label.find", "find"),
    )


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
    """What is said of a document when it is opened; of an accepted one why the list marks it with "!"."""
    document = session.content.document
    if session.editor.blind:
        return "Shown without its labels: label it as if it were new."
    if document.state is not State.LABELLED or not (document.problems or document.disagreements):
        return ""
    listed = rows(session.content, session.schema, day_first)
    reasons = [f"{row.field.name}: {row.problems[0]}" for row in listed if row.problems and document.problems]
    reasons += [f"{row.field.name}: ≠ known: {row.reference}" for row in listed if row.values and row.agrees is False]
    more = f" (+{len(reasons) - 1} in the panel)" if len(reasons) > 1 else ""
    return f"! {reasons[0]}{more}" if reasons else ""


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


def out_of_view(fields: Sequence[str]) -> str:
    """Which suggestions were not accepted with the others because they were not in view."""
    return f"In view now: {fields[0]}." if len(fields) == 1 else f"In view now: {len(fields)} more."


def unlabelled(text: str) -> str:
    """What is asked before a document is accepted while words are selected."""
    return f"“{_short(text)}” is selected and has no label: a field's key labels it. Press again to accept without it."


def left_out(plan: AcceptPlan, schema: Schema) -> str:
    """Which suggestions stay open and why, and which fields are missing."""
    contradicting = [schema.name(s.field) for s in plan.contradicting]
    doubtful = [f"{schema.name(s.field)} {s.confidence:.0%}" for s in plan.doubtful]
    parts = (
        (contradicting, "≠ known: {}.", "{} ≠ known."),
        (doubtful, "Not sure: {}.", "{} not sure."),
        (plan.missing, "No label yet: {}.", "No {}."),
    )
    named = [part for part in parts if part[0]]
    # a single one is named, and only the first, so that the keys have space
    first = [name.format(*of) if len(of) == 1 else count.format(len(of)) for of, name, count in named[:1]]
    others = [count.format(of[0] if of is plan.missing else len(of)) for of, _, count in named[1:]]
    return " ".join([*first, *others])


def accepted_without(document: str, differing: int, undo: str) -> str:
    """What is said once a document was accepted and suggestions other than the known values were left; "" for none."""
    return f"{_short(document, 16)} accepted without {differing} ≠ known; {undo} takes it back." if differing else ""


def accept_all(plan: AcceptPlan, is_unasked: bool, has_labels: bool) -> str:
    """What accepting all suggestions will do.

    Args:
        plan: what it accepts, and what it leaves.
        is_unasked: the analyst was not told yet of something that the plan leaves.
        has_labels: the document has labels, at least when the plan is done.
    """
    count = len(plan.accepted)
    stops = [f"{len(plan.out_of_view)} out of view"] if plan.out_of_view else []
    if is_unasked and has_labels and not stops:
        stops = [f"{len(plan.contradicting)} ≠ known value"] if plan.contradicting else []
        stops += [f"{len(plan.doubtful)} below {LEAST_SURE:.0%}"] if plan.doubtful else []
        stops += [f"no {name}" for name in plan.missing]
    if stops:
        return (f"accept {count}, then stop: " if count else "look at what is left: ") + ", ".join(stops)
    if plan.left_out:
        left = "it" if len(plan.left_out) == 1 else "them"
        return f"accept {count} and the document" if count else f"go on without {left}"
    return f"accept {'it' if count == 1 else f'all {count}'}, next document" if count else "accept, next document"


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
    shown = f"“{_short(text_of(view.content.tokens, focus.tokens), 16)}”" if is_last else schema.name(focus.field)
    known = (("suggestion.known", "known value"),) if is_known else ()
    for_this = (("label.confirm", f"accept {shown}"), *known)
    accept_all = ("document.accept-all", context.accept_all)
    as_printed = ("suggestion.accept-visible", f"accept {against}")
    return (
        # what is done with several is seen before what is done with this one
        *((accept_all, as_printed, *for_this) if against > 1 else (*for_this, accept_all)),
        ("label.reject", "reject"),
        *(((field.key, "next place"),) if field and field.key else ()),
    )


def _edges(field: Field | None, tokens: Sequence[int]) -> Pairs:
    """The keys that add and drop words and lines at either end of a label: what its field mostly needs first."""
    if len(tokens) == 1 and not (field and field.type in (FieldType.PARTY, FieldType.ADDRESS)):
        return (("span.start-more span.end-more", "add a word"),)
    return (_LINES, _WORDS) if field and field.type is FieldType.ADDRESS else (_WORDS, _LINES)


def _document(view: SessionView, context: Context) -> Pairs:
    if view.open_suggestions:
        return (
            ("document.accept-all", context.accept_all),
            ("suggestion.next", "review them"),
            ("document.accept", "accept without them"),
        )
    return (("document.accept", "accept, next document"),)


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
        if any(s.field == view.armed for s in view.content.annotations.spans):
            return f"{name}:", (("label.confirm", f"add or drop “{_short(word)}”"), *rest)
        offered, best = view.offered, tuple[tuple[str, str], ...]()
        if offered is not None:
            text = f"“{_short(text_of(tokens, offered.tokens), 20)}” ({offered.likelihood:.0%} likely)"
            if offered.pointed_at:
                taken = (("label.confirm", "label it"), ("label.find", "find another"), *rest)
                return f"{name}: {text}?", taken
            best = ((key, text),)
        here = (("label.confirm", f"label “{_short(word)}”"),) if field and view.can_label_cursor(field) else ()
        return f"{name}: no likely place.", (
            *here,
            *best,
            ("label.find", "find it"),
            ("label.absent", "not there"),
            *rest,
        )
    if proposals.moved:
        return f"{name}:", ((key, f"move it to “{_short(word)}”"), *rest)
    following = proposals.places[(proposals.now + 1) % len(proposals.places)]
    text, other = text_of(tokens, proposals.span.tokens), text_of(tokens, following)
    where = _from(view, proposals.span.tokens, following) if text == other else "instead"
    return (
        f"{name}{' is here' * proposals.gone_to} ({_number(view, field, proposals)}): “{_short(text, 20)}”.",
        (
            (key, f"“{_short(other, 16)}” {where}") if len(proposals.places) > 1 else ("move.right", "other word"),
            *_edges(field, proposals.span.tokens),
            *((("label.add", "add another value"),) if len(proposals.places) > 1 else ()),
            ("label.absent", "not there"),
            *document,
        ),
    )


def _number(view: SessionView, field: Field | None, proposals: Proposals) -> str:
    """Which of how many places a field's label is at, and how likely that place is."""
    number = f"{proposals.now + 1} of {len(proposals.places)}"
    if field is None or proposals.likelihood is None:
        return number
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


def _short(text: str, most: int = 28) -> str:
    text = _AT_THE_END.sub("", text) or text
    if len(text) <= most:
        return text
    end = most // 2  # both ends are seen: words are added and dropped at either
    return f"{text[: most - 1 - end]}…{text[-end:]}"
