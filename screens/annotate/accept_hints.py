"""What is said of accepting: what the keys will do, where they stop, what was left out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from screens.annotate.shortened import short
from storage.records import SURE
from workbench.annotation.document_acts import AcceptPlan
from workbench.fields import Field, Schema
from workbench.fields.plain_text import counted

_MOST = 70  # columns of a sentence that 80 have space for, beside the key of the help


def out_of_view(fields: Sequence[str]) -> str:
    """Which suggestions were not accepted with the others because they were not in view."""
    return f"In view now: {fields[0]}." if len(fields) == 1 else f"In view now: {len(fields)} more."


def unlabelled(text: str) -> str:
    """What is asked before a document is accepted while words are selected."""
    return f"“{short(text)}” is selected and has no label: a field's key labels it. Press again to accept without it."


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


@dataclass(frozen=True, slots=True)
class Finished:
    """A document that was accepted."""

    document: str  # its name
    plan: AcceptPlan  # what is left of it
    schema: Schema
    failed: Sequence[tuple[Field, str]] = ()  # what does not fit of its labels


def accepted(done: Finished, undo: str) -> tuple[str, str]:
    """What is said once a document was accepted and suggestions were left, or labels do not fit, "" for neither: on the
    next document, and at the list's end, where the document is still in view and the sentence shares its line.
    """
    name, left_out = short(done.document, 16), _without(done.plan, done.schema)
    if not done.failed:
        if not left_out:
            return "", ""
        return f"{name} accepted without {left_out}; {undo} takes it back.", f"{left_out} left out; {undo} undoes."
    field, message = done.failed[0]
    does_not_fit = f"{field.name} does not fit"
    more = f" (+{len(done.failed) - 1})" if len(done.failed) > 1 else ""
    without = f" without {left_out}" if left_out else ""
    whole = message.rstrip(".")
    sentences = [
        f"{name} accepted{without}; ! {reason}{more}; {undo} {takes_back}."
        for reason in (whole, whole.partition(":")[0], does_not_fit)
        for takes_back in ("takes it back", "undoes")
    ]
    fitting = next((text for text in sentences if len(text) <= _MOST), sentences[-1])
    at_end = f"{left_out} left out; ! {field.name}" if left_out else f"! {does_not_fit}"
    return fitting, f"{at_end}{more}; {undo} undoes."


def _without(plan: AcceptPlan, schema: Schema) -> str:
    """Which suggestions were left, "" for none."""
    left, differing = (*plan.accepted, *plan.left_out, *plan.passed_over), len(plan.contradicting)
    if len(left) == 1 and not differing:
        return f"{schema.name(left[0].field)} {left[0].confidence:.0%}"
    return (f"{differing} ≠ known" if differing == len(left) else counted(len(left), "suggestion")) if left else ""


def accept_all(plan: AcceptPlan, schema: Schema, has_labels: bool) -> str:
    """What accepting all suggestions will do.

    Args:
        plan: what it accepts, and what it leaves.
        schema: the fields.
        has_labels: the document has labels, at least when the plan is done.
    """
    count = len(plan.accepted)
    stops = [f"{len(plan.out_of_view)} out of view"] if plan.out_of_view else []
    if not stops:
        stops = [f"{len(plan.contradicting)} ≠ known value"] if plan.contradicting else []
        stops += [f"{len(plan.doubtful)} below {SURE:.0%}"] if plan.doubtful else []
        stops += [f"1 second {schema.name(plan.second[0].field)}"] if len(plan.second) == 1 else []
        stops += [f"{len(plan.second)} second values"] if len(plan.second) > 1 else []
        stops += [f"no {name}" for name in plan.missing if has_labels]
    if stops:
        return (f"accept {count}, then stop: " if count else "look at what is left: ") + ", ".join(stops)
    return f"accept {'it' if count == 1 else f'all {count}'}, next document" if count else "accept, next document"
