"""What the errors screen's tables say. Pure: from an ErrorReview to rows, columns and sentences."""

from collections.abc import Mapping
from typing import Any

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from screens.errors.heat_grid import Cell, Table
from screens.widgets.columns import heads
from screens.widgets.status_lines import Hint
from workbench.evaluation import error_review
from workbench.evaluation.error_analysis import Concentration, FailingVendor
from workbench.evaluation.error_review import ERRORS, TOTAL, ErrorItem, ErrorReview
from workbench.evaluation.metrics import ErrorKind
from workbench.fields import Schema
from workbench.fields.plain_text import counted
from workbench.predictions import repair_rules
from workbench.predictions.cases import NONE
from workbench.runs import progress
from workbench.settings import REPAIR_RULES

KINDS = {
    ErrorKind.MISSING: "missing",
    ErrorKind.SPURIOUS: "spurious",
    ErrorKind.WRONG_FIELD: "wrong field",
    ErrorKind.BOUNDARY: "boundary",
}
RULES_DO = {
    "iob_repair": "A value is read as a whole, not word by word, so that it is not torn apart.",
    "neighbourhood": "An amount, date, rate or number becomes the field whose header stands nearest.",
    "unsupported": "An amount with neither its header nor a currency sign near it is dropped.",
    "normalisation": "Words that are no amount, date, rate or currency lose or gain words until they are one.",
    "one_value": "Of several values of a field the surest is kept; names and addresses may stand in pieces.",
    "cross_field": "Values that contradict each other (a sum, a rate, dates) lose half of their confidence.",
}
"""What each repair rule does, in a sentence."""
ALL_KINDS = ("errors", "share")
"""Columns of the matrix that stand for every kind of error."""
_WIDTH = 10
FEW_DOCUMENTS = 5
"""Fewer say nothing about groups."""


def matrix(review: ErrorReview, schema: Schema, order: str) -> Table:
    """Fields × kinds of error: counts with their share of the field's spans; last all fields."""
    listed = error_review.lines(review, order)
    columns = (
        ("errors", "errors", 8),
        ("share", "share", 7),
        *((kind.value, KINDS[kind], max(_WIDTH, len(KINDS[kind]) + 2)) for kind in ERRORS_SHOWN),
    )
    most = max((line.counts[kind] for line in listed[:-1] for kind in ERRORS), default=0) or 1
    worst = max((line.wrong for line in listed[:-1]), default=0) or 1
    rows = []
    for line in listed:
        total = line.field == TOTAL
        cells = [
            Cell(str(line.wrong), 0.0 if total else line.wrong / worst),
            Cell(f"{line.share(None):.0%}", 0.0 if total else line.share(None)),
        ]
        for kind in ERRORS_SHOWN:
            count = line.counts[kind]
            text = f"{count} {line.share(kind):4.0%}" if count else "·"
            cells.append(Cell(text, 0.0 if total else count / most))
        rows.append((line.field, *_row(line.field, schema), tuple(cells)))
    return Table(counted(review.documents, "document"), columns, tuple(rows), order)


ERRORS_SHOWN = tuple(KINDS)


def figures(evaluation: Mapping[str, Any], split: str) -> list[Content]:
    """The figures: in all, on seen and unseen vendors, of values and documents, by split; each is read as a whole."""
    if evaluation.get("split") != split:
        return []
    micro = evaluation["micro"]
    headline = progress.headline(evaluation)
    parts = [Content.styled(headline, "bold")] if headline else []
    between = " {:.2f}–{:.2f}".format(*micro["ci95"]) if micro["ci95"] else ""
    parts.append(_figure(f"F1 on {split}", f"{micro['f1']:.3f}", between))
    for side in ("seen", "unseen"):
        row = evaluation[f"{side}_vendors"]
        if row["documents"]:
            parts.append(_figure(f"{side} vendors", f"{row['f1']:.2f}"))
    if evaluation["value_exact_match"] is not None:
        parts.append(_figure("values right", f"{evaluation['value_exact_match']:.0%}"))
    for name, row in evaluation["splits"].items():
        if name != split:
            parts.append(_figure(f"F1 on {name}", f"{row['f1']:.2f}"))
    passing = evaluation["thresholds"]
    right = passing.get("passed_right")
    note = f" ({right:.0%} of them right)" if right is not None else ""
    parts.append(_figure("pass without review", f"{passing['automatic_pass_rate']:.0%}", note))
    return parts


def _figure(name: str, value: str, note: str = "") -> Content:
    return Content.assemble((f"{name} ", "$text-muted"), value, (note, "$text-muted"))


def _row(name: str, schema: Schema) -> tuple[str, str]:
    if name in (TOTAL, NONE):
        return ("all fields" if name == TOTAL else "(nothing)"), ""
    field = schema.get(name)
    return schema.name(name), field.colour if field else ""


def confusion(review: ErrorReview, schema: Schema, space: int) -> tuple[Table, str]:
    """Gold fields × predicted fields; the diagonal (found, perhaps with other borders) is drawn quietly.

    Args:
        review: of a run.
        schema: for the names.
        space: columns on the screen. Fields that are neither mistaken nor taken for another are left out; where the
            others do not fit by name, the columns have the numbers of the rows.

    Returns:
        The table, and what is to be said of its fields.
    """
    every = error_review.fields_of(review)
    names = [name for name in every if _is_mistaken(review, name)] or every
    shown = heads(names, schema)
    columns = tuple((name, head, max(len(head) + 2, 6)) for name, head in zip(names, shown, strict=True))
    label_width = 18
    is_numbered = label_width + sum(width for *_, width in columns) > space
    if is_numbered:
        label_width = min(max(cell_len(_row(name, schema)[0]) for name in names) + 5, 21)
        columns = tuple((name, str(number), 4) for number, name in enumerate(names, 1))
    off = [n for gold, row in review.confusion.items() for predicted, n in row.items() if gold != predicted]
    most, right = max(off, default=0) or 1, max((row.get(g, 0) for g, row in review.confusion.items()), default=0) or 1
    rows = []
    for number, gold in enumerate(names, 1):
        row = review.confusion.get(gold, {})
        cells = []
        for predicted in names:
            count = row.get(predicted, 0)
            heat = -0.5 * count / right if gold == predicted else count / most
            cells.append(Cell(str(count) if count else "·", heat))
        name, colour = _row(gold, schema)
        rows.append((gold, f"{number:>2} {name}" if is_numbered else name, colour, tuple(cells)))
    notes = ["Rows: the label. Columns: what was found, by the rows' numbers."] if is_numbered else []
    if len(names) < len(every):
        count = len(every) - len(names)
        notes.append(f"{counted(count, 'field')} without confusions not shown.")
    return Table("label ↓ found →", columns, tuple(rows), label_width=label_width), " ".join(notes)


def _is_mistaken(review: ErrorReview, name: str) -> bool:
    row = review.confusion.get(name, {})
    return any(n for predicted, n in row.items() if predicted != name) or any(
        others.get(name) for gold, others in review.confusion.items() if gold != name
    )


def rules(effects: Mapping[str, Mapping[str, Any]], switched: Mapping[str, bool]) -> Table:
    """The repair rules: what each did on validation, and whether it works on suggestions."""
    columns = (
        ("use", "in use", 14),
        ("changes", "changes", 9),
        ("repaired", "repaired", 10),
        ("broke", "broke", 7),
        ("gain", "F1 change", 10),
    )
    chosen = repair_rules.chosen(effects, switched)
    rows = []
    for name in REPAIR_RULES:
        effect = effects.get(name)
        on = "on" if getattr(chosen, name) else "off"
        use = Cell(f"{on} (set by you)" if name in switched else on, -0.4 if on == "on" else 0.0)
        if effect is None:
            cells = (use, Cell("–"), Cell("–"), Cell("–"), Cell("–"))
        else:
            gain = effect["f1_with"] - effect["f1_without"]
            cells = (
                use,
                Cell(str(effect["changes"])),
                Cell(str(effect["repaired"]), -0.5 if effect["repaired"] else 0.0),
                Cell(str(effect["broke"]), 0.5 if effect["broke"] else 0.0),
                Cell(f"{gain:+.3f}", 0.0 if not gain else -0.5 if gain > 0 else 0.8),
            )
        rows.append((name, name.replace("_", " "), "", cells))
    return Table("on validation", columns, tuple(rows))


def group(about: FailingVendor | Concentration, schema: Schema) -> str:
    """A sentence about a group, with the field's shown name."""
    if isinstance(about, FailingVendor):
        return about.sentence()
    return about.sentence().replace(f"in {about.field} (", f"in {schema.name(about.field)} (")


def group_title(about: FailingVendor | Concentration, schema: Schema) -> str:
    """What a group's errors have in common."""
    if isinstance(about, FailingVendor):
        return f"All fields · {about.vendor}"
    members = ", ".join(about.members)
    common = members if about.dimension == "vendor" else f"{about.dimension}: {members}"
    return f"{schema.name(about.field)} · {common}"


def no_group(documents: int) -> str:
    """That no group stands out, or cannot."""
    if documents < FEW_DOCUMENTS:
        return f"{documents} document{'' if documents == 1 else 's'} are too few to show which groups have many errors."
    return "No group stands out: errors are spread over vendors, languages and kinds of pages."


def slices(evaluation: Mapping[str, Any], split: str) -> Content:
    """F1 by vendors seen and unseen, by language, length and so on, with its interval."""
    if evaluation.get("split") != split:
        return Content("")
    cuts = {"vendors": {side: evaluation[f"{side}_vendors"] for side in ("seen", "unseen")}, **evaluation["slices"]}
    lines: list[Content] = []
    for cut, rows in cuts.items():
        for name, row in rows.items():
            if row["documents"]:
                between = "{:.2f}–{:.2f}".format(*row["ci95"]) if row["ci95"] else ""
                count = counted(row["documents"], "document")
                lines.append(
                    Content.assemble(
                        (f"{cut.replace('_', ' '):<16}", "$text-muted"),
                        f"{name:<18}",
                        (f"F1 {row['f1']:.2f}", "bold"),
                        (f" {between:<9}  {count}", "$text-muted"),
                    )
                )
    return Content("\n").join(lines)


def elided(text: str, most: int) -> str:
    """The text in so many cells: where it is longer, its beginning and its end, which is where two readings differ."""
    if cell_len(text) <= most:
        return text
    head = set_cell_size(text, most // 2).rstrip()
    tail = set_cell_size(text[::-1], max(most - cell_len(head) - 1, 0)).rstrip()[::-1]
    return f"{head}…{tail}"


def task(item: ErrorItem, schema: Schema, most: int = 24) -> Hint:
    """What is to be decided about an error on its document; values are shown in so many cells.

    Where there is little space, the label's value is left to the page, which shows it.
    """
    short = most < 20
    gold = schema.name(item.gold_field) if item.gold else "nothing"
    gold += f" “{elided(item.gold_value, most)}”" if item.gold and not short else ""
    if item.predicted is None:
        text = "nothing found" if short else "the model found nothing here"
        lead, first = f"{gold}: {text}.", ("label.clear", "no label" if short else "no label here")
    else:
        field = schema.name(item.predicted_field) if item.gold_field != item.predicted_field else ""
        value = f"“{elided(item.predicted_value, most)}”" if item.gold_value != item.predicted_value else ""
        lead = f"{gold}, found: {' '.join(part for part in (field, value) if part)} {item.confidence:.0%}"
        first = ("label.confirm", "take" if short else "take the found value")
    kept = ("error_walk.confirm", "keep" if short else "label right")
    return lead, (first, kept, ("error_walk.next", "next"), ("error_walk.queue", "queue"))
