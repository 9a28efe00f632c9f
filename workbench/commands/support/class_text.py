"""The evaluation of a class field as text."""

from typing import Any

from workbench.commands.support.output import table
from workbench.fields.plain_text import counted
from workbench.runs.progress import unread_line


def lines(figures: dict[str, Any]) -> list[str]:
    """The evaluation of a class field as text."""
    unread = unread_line(figures)
    return [*_lines(figures), *(["", unread] if unread else [])]


def _lines(figures: dict[str, Any]) -> list[str]:
    macro, weighted = figures["macro"], figures["weighted"]
    rows = [
        (name, *(f"{row[key]:.3f}" for key in ("precision", "recall", "f1")), _interval(row["ci95"]), row["support"])
        for name, row in figures["classes"].items()
    ]
    by_class = ["", *table(rows, ("class", "precision", "recall", "F1", "95 %", "labels"), right=(1, 2, 3, 5)), ""]
    if figures.get("multiple"):
        return [
            f"{figures['run']} on {counted(figures['documents'], figures['split'] + ' document')}: {figures['field']}, "
            f"several at once, from a probability of {figures['threshold']:.2f}",
            f"subset accuracy (all classes of a document right) {figures['subset_accuracy']:.3f} "
            f"({_interval(figures['subset_accuracy_ci95'])})",
            f"micro F1 {figures['micro']['f1']:.3f}, macro F1 {macro['f1']:.3f} ({_interval(macro['ci95'])}), "
            f"weighted F1 {weighted['f1']:.3f}",
            *_positive_line(figures),
            *by_class[:-1],
            *_slice_lines(figures["slices"], "all classes right"),
        ]
    head = [
        f"{figures['run']} on {counted(figures['documents'], figures['split'] + ' document')}: {figures['field']}",
        f"accuracy {figures['accuracy']:.3f} ({_interval(figures['accuracy_ci95'])}), "
        f"macro F1 {macro['f1']:.3f} ({_interval(macro['ci95'])}), weighted F1 {weighted['f1']:.3f}",
        f"calibration error {figures['calibration']['ece']:.3f}",
        *_positive_line(figures),
    ]
    head += [*by_class, *_curve_lines(figures["curves"]), "", *_coverage_lines(figures["coverage"]), ""]
    labels, counts = figures["confusion"]["labels"], figures["confusion"]["counts"]
    used = [i for i, row in enumerate(counts) if sum(row) or any(other[i] for other in counts)]
    cells = [(labels[i], *(counts[i][j] for j in used)) for i in used]
    heads = ("labelled as / predicted as", *(labels[i] for i in used))
    matrix = table(cells, heads, right=tuple(range(1, len(used) + 1)))
    return [*head, *matrix, *_slice_lines(figures["slices"], "accuracy")]


def _curve_lines(curves: dict[str, Any]) -> list[str]:
    """Each class against the rest: areas, and the threshold for the wished precision."""
    rows = []
    for name, row in curves.items():
        limit = row["threshold"]
        shown = (f"{limit['at']:.2f}", f"{limit['precision']:.3f}", f"{limit['recall']:.3f}") if limit else ("–",) * 3
        rows.append((name, f"{row['roc_auc']:.3f}", f"{row['average_precision']:.3f}", *shown))
    heads = ("class", "ROC area", "PR area", "sure from", "precision then", "recall then")
    return table(rows, heads, right=(1, 2, 3, 4, 5)) if rows else []


def _positive_line(figures: dict[str, Any]) -> list[str]:
    """The figures of the class that was chosen as the positive one."""
    row = figures.get("positive")
    if not row:
        return []
    return [
        f"F1 of the class {row['class']} {row['f1']:.3f} ({_interval(row['ci95'])}), "
        f"precision {row['precision']:.3f}, recall {row['recall']:.3f}"
    ]


def _coverage_lines(coverage: list[dict[str, Any]]) -> list[str]:
    """What is right of the documents that it decides, where it may leave the others to people."""
    rows = [
        (f"{row['threshold']:.0%}", f"{row['share']:.0%}", f"{row['accuracy']:.1%}") for row in coverage if row["share"]
    ]
    return table(rows, ("sure from", "decided", "accuracy of these"), right=(0, 1, 2)) if rows else []


def _slice_lines(slices: dict[str, Any], accuracy: str) -> list[str]:
    rows = [
        (
            f"{cut}: {name}",
            row["documents"],
            f"{row['accuracy']:.3f}",
            _interval(row["accuracy_ci95"]),
            f"{row['f1']:.3f}",
        )
        for cut, members in slices.items()
        for name, row in members.items()
    ]  # fmt: skip
    return ["", *table(rows, ("", "documents", accuracy, "95 %", "macro F1"), right=(1, 2, 4))] if rows else []


def _interval(pair: Any) -> str:
    return f"{pair[0]:.2f}–{pair[1]:.2f}" if pair else ""
