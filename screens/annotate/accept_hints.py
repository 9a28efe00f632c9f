"""What is said of accepting: what the keys will do, where they stop, what was left out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from screens.annotate.shortened import reasons, short
from storage.records import SURE, Suggestion, Token
from workbench.annotation.document_acts import AcceptPlan
from workbench.annotation.field_states import text_of
from workbench.fields import Field, Schema
from workbench.fields.plain_text import counted

_MOST = 70  # columns of a sentence that 80 have space for, beside the key of the help
WIDE = 100
"""Columns of the terminal from which on several keys have space beside a sentence; below, one key has to do."""
AROUND = 14  # columns of the hint line beside a sentence and what one key does: the keys, gaps, edges
BROUGHT = "Now in view too: "
_NAMED = 3  # fields that are named, else their number is given
_NAMED_AT_END = 2  # where the list ends: what is said of all its documents shares the line


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the keys that accept will do, each in one or more forms, the longest first."""

    accept_all: tuple[str, ...] = ()
    accept: tuple[str, ...] = ("accept, next document",)


def out_of_view(fields: Sequence[str]) -> str:
    """Which suggestions were not accepted with the others because they were not in view."""
    return f"In view now: {fields[0]}." if len(fields) == 1 else f"In view now: {len(fields)} more."


def brought(suggestions: Sequence[Suggestion], schema: Schema, tokens: Sequence[Token]) -> str:
    """Which suggestions came into view before they are accepted, the first ones with their values."""
    named = [f"{schema.name(s.field)} “{short(text_of(tokens, s.tokens), 16)}”" for s in suggestions[:_NAMED]]
    more = f" and {len(suggestions) - len(named)} more" if len(suggestions) > len(named) else ""
    return f"{BROUGHT}{', '.join(named)}{more}."


def unlabelled(text: str) -> str:
    """What is asked before a document is accepted while words are selected."""
    return f"“{short(text, 20)}” is selected, not labelled. Press again to accept."


def left_out(plan: AcceptPlan, schema: Schema) -> str:
    """Which suggestions stay open and why, and which fields are missing."""
    contradicting = [schema.name(s.field) for s in plan.contradicting]
    doubtful = [f"{schema.name(s.field)} {s.confidence:.0%}" for s in plan.doubtful]
    parts = (
        (contradicting, "≠ known: {}.", "{} ≠ known."),
        (doubtful, "Not sure: {}.", "{} not sure."),
        ([schema.name(s.field) for s in plan.second], "Second value: {}.", "Second values: {}."),
        (plan.missing, "No label yet: {}.", "No {}."),
    )
    named = [part for part in parts if part[0]]
    # a single one is named, and only the first, so that the keys have space
    first = [name.format(*of) if len(of) == 1 else count.format(len(of)) for of, name, count in named[:1]]
    others = [count.format(of[0] if of is plan.missing else len(of)) for of, _, count in named[1:]]
    return " ".join([*first, *others])


def _named(empty: Sequence[str], says: str) -> tuple[str, ...]:
    """Fields with what is said of them, such as "stay empty": as many names as there may be, and ever fewer of them."""
    is_whole = len(empty) <= _NAMED
    whole = [f"{', '.join(empty)} {says}"] if is_whole else []
    most = len(empty) - 1 if is_whole else _NAMED
    return *whole, *(f"{', '.join(empty[:n])} and {len(empty) - n} more {says}" for n in range(most, 0, -1))


def _stays_empty(empty: Sequence[str]) -> tuple[str, ...]:
    """What is said before a document is accepted without labels in some fields, the longest form first."""
    both = zip(_named(empty, "stays empty" if len(empty) == 1 else "stay empty"), _named(empty, "empty"), strict=True)
    return *(form for forms in both for form in forms), f"{len(empty)} empty"


def accept(empty: Sequence[str]) -> tuple[str, ...]:
    """What accepting the document with the labels that it has will do, the longest form first.

    Args:
        empty: names of the fields that stay empty, those that are mostly filled first.
    """
    return tuple(f"accept, {text}" for text in _stays_empty(empty)) if empty else ("accept, next document",)


@dataclass(frozen=True, slots=True)
class Finished:
    """A document that was accepted."""

    document: str  # its name
    plan: AcceptPlan  # what is left of it
    schema: Schema
    failed: Sequence[tuple[Field, str]] = ()  # what does not fit of its labels
    empty: Sequence[str] = ()  # names of fields that have no label, and no suggestion that was left


def accepted(done: Finished, undo: str, columns: int = _MOST, empty_next: int = 0) -> tuple[str, str]:
    """What is said once a document was accepted and suggestions were left, labels do not fit, or fields are empty; ""
    for none of these: on the next document, and at the list's end, where the document is still in view and the sentence
    shares its line. `columns` is how many the sentence may have; so many fields the next document leaves empty: the
    names of few are of more use than why something does not fit.
    """
    name, left_out = short(done.document, 16), _without(done.plan, done.schema)
    if not (done.failed or left_out or done.empty):
        return "", ""
    without = f" without {left_out}" if left_out else ""
    empty = [f"; {text}" for text in (*_named(done.empty, "empty"), f"{len(done.empty)} empty")] if done.empty else []
    wrong, brief, least = [""], "", ""
    if done.failed:
        field, message = done.failed[0]
        more = f" (+{len(done.failed) - 1})" if len(done.failed) > 1 else ""
        why = reasons(message)
        wrong, brief = [f"; ! {reason}{more}" for reason in why], f"{field.name}: {why[-1]}"
        least = f"; ! {field.name}{more}"
    sentences = [
        f"{name} accepted{left}{missing}{reason}{back}."
        # what does not fit is said in any case, and rather than the rest
        for left, backs in ((without, (f"; {undo} takes it back", f"; {undo} undoes")), (without, ("",)), ("", ("",)))
        for missing in [*empty, ""]
        for reason in wrong
        for back in backs
    ]
    brief_name = short(done.document, 8)
    sentences.append(f"{brief_name} accepted{wrong[-1]}.")
    if 0 < empty_next <= _NAMED:
        sentences.append(f"{brief_name} accepted{least}.")
    fitting = next((text for text in sentences if len(text) <= columns), sentences[-1])
    parts = [f"{left_out} left out"] if left_out else []
    parts += [f"! {done.failed[0][0].name if left_out else brief}{more}"] if done.failed else []
    if done.empty and len(parts) < 2:
        names = f"{', '.join(done.empty)} empty"
        parts.append(names if not parts and len(done.empty) <= _NAMED_AT_END else f"{len(done.empty)} empty")
    return fitting, f"{'; '.join(parts)}; {undo} undoes."


def _without(plan: AcceptPlan, schema: Schema) -> str:
    """Which suggestions were left, "" for none."""
    left, differing = (*plan.accepted, *plan.left_out, *plan.passed_over), len(plan.contradicting)
    if len(left) == 1 and not differing:
        return f"{schema.name(left[0].field)} {left[0].confidence:.0%}"
    return (f"{differing} ≠ known" if differing == len(left) else counted(len(left), "suggestion")) if left else ""


def accept_all(
    plan: AcceptPlan, schema: Schema, has_labels: bool, empty: Sequence[str] = (), unseen: Sequence[str] = ()
) -> tuple[str, ...]:
    """What accepting all suggestions will do, the longest form first.

    Args:
        plan: what it accepts, and what it leaves.
        schema: the fields.
        has_labels: the document has labels, at least when the plan is done.
        empty: names of the fields that stay empty where the document is accepted with them.
        unseen: names of the fields of suggestions that it brings into view first, instead of accepting anything.
    """
    count = len(plan.accepted)
    stops = [f"{len(plan.out_of_view)} out of view"] if plan.out_of_view else []
    if not stops:
        stops = [f"{len(plan.contradicting)} ≠ known value"] if plan.contradicting else []
        stops += [f"{len(plan.doubtful)} below {SURE:.0%}"] if plan.doubtful else []
        stops += [f"1 second {schema.name(plan.second[0].field)}"] if len(plan.second) == 1 else []
        stops += [f"{len(plan.second)} second values"] if len(plan.second) > 1 else []
        stops += [f"no {name}" for name in plan.missing if has_labels]
    taken = f"{'it' if count == 1 else f'all {count}'}" if not stops else str(count)
    if unseen:
        names = [f"show {', '.join(unseen)} first"] if len(unseen) <= _NAMED else []
        shows = *names, f"show {len(unseen)} more"
        return *(f"{show}, then accept {taken}" for show in shows), f"show {len(unseen)} more"
    form = f"accept {taken}" if count else "accept" if not stops else "look at what is left"
    if stops:
        why = f"{', then stop' if count else ''}: {', '.join(stops)}"
        return f"{form}{why}", *([f"{form}, then stop"] if count else [form, "go on"])
    if not empty:
        return f"{form}, next document", f"{form}, next"
    return tuple(f"{form}, {text}" for text in _stays_empty(empty))
