"""What is said of accepting: what the keys will do, where they stop, what was left out. Pure."""

from collections.abc import Sequence

from screens.annotate.hints import short
from storage.records import SURE
from workbench.annotation.document_acts import AcceptPlan
from workbench.fields import Schema
from workbench.fields.plain_text import counted


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
        (plan.missing, "No label yet: {}.", "No {}."),
    )
    named = [part for part in parts if part[0]]
    # a single one is named, and only the first, so that the keys have space
    first = [name.format(*of) if len(of) == 1 else count.format(len(of)) for of, name, count in named[:1]]
    others = [count.format(of[0] if of is plan.missing else len(of)) for of, _, count in named[1:]]
    return " ".join([*first, *others])


def accepted_without(plan: AcceptPlan, schema: Schema, document: str, undo: str) -> tuple[str, str]:
    """What is said once a document was accepted and suggestions were left, "" for none: on the next document, and at
    the list's end, where the document is still in view and the sentence shares its line.
    """
    left, differing = (*plan.accepted, *plan.left_out, *plan.passed_over), len(plan.contradicting)
    if not left:
        return "", ""
    several = f"{differing} ≠ known" if differing == len(left) else counted(len(left), "suggestion")
    without = f"{schema.name(left[0].field)} {left[0].confidence:.0%}" if len(left) == 1 and not differing else several
    return (
        f"{short(document, 16)} accepted without {without}; {undo} takes it back.",
        f"{without} left out; {undo} undoes.",
    )


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
        stops += [f"no {name}" for name in plan.missing if has_labels]
    if stops:
        return (f"accept {count}, then stop: " if count else "look at what is left: ") + ", ".join(stops)
    if others := plan.passed_over:
        without = schema.name(others[0].field) if len(others) == 1 else f"{len(others)} others"
        return f"accept {count} without {without}, next document" if count else f"accept without {without}"
    return f"accept {'it' if count == 1 else f'all {count}'}, next document" if count else "accept, next document"
