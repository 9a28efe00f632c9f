"""What the errors screen says of a class run: its figures, each class, and which is taken for which. Pure."""

from enum import StrEnum

from rich.cells import cell_len
from textual.content import Content

from screens.errors.heat_grid import Cell, Table
from workbench.evaluation.classes.errors import EVERY, ClassReview
from workbench.fields.plain_text import counted

_NAME = 18  # cells of a class's name
_COLUMN = (7, 14)  # cells of a column of the confusion matrix, at least and at most
_FEW, _WIDE = 3, 22  # so few columns may be as wide as this
_NARROWEST = 6  # and where they do not fit, no narrower
_RATES = ("precision", "recall", "f1")


class Shares(StrEnum):
    """What the cells of the confusion matrix say."""

    COUNTS = "texts"
    BY_ROW = "% of the label"
    BY_COLUMN = "% of the prediction"


def figures(review: ClassReview) -> Content:
    """The figures under their full names with their intervals, and the other sides."""
    known = review.figures
    parts: list[Content | str | tuple[str, str]] = []
    shown = [("macro F1", known["macro"]["f1"], known["macro"]["ci95"])]
    if review.several:
        shown.insert(0, ("all options right", known["subset_accuracy"], known["subset_accuracy_ci95"]))
        shown += [("micro F1", known["micro"]["f1"], None), ("weighted F1", known["weighted"]["f1"], None)]
    else:
        shown.insert(0, ("accuracy", known["accuracy"], known["accuracy_ci95"]))
        shown.append(("weighted F1", known["weighted"]["f1"], known["weighted"]["ci95"]))
    for at, (name, value, interval) in enumerate(shown):
        between = f" {interval[0]:.2f}–{interval[1]:.2f}" if interval else ""
        end = "  " if at != 1 else "\n"  # what is of one figure stays in one line
        parts += [(f"{name} ", "$text-muted"), (f"{value:.3f}", "bold"), (f"{between}{end}", "$text-muted")]
    parts.append((f"on {counted(known['documents'], f'{review.split} document')}", "$text-muted"))
    first = shown[0][0]
    for side, row in known["splits"].items():
        if side != review.split:
            parts.append((f"\n{side}: {first} {row['accuracy']:.3f}, macro F1 {row['f1']:.3f}", "$text-muted"))
    return Content.assemble(*parts)


def classes(review: ClassReview) -> Table:
    """Each class with precision, recall, F1 and its interval, support, and how many of it are wrong."""
    columns = (
        ("precision", "precision", 10),
        ("recall", "recall", 7),
        ("f1", "F1", 6),
        ("ci95", "95 %", 11),
        ("support", "texts", 6),
        ("wrong", "wrong", 6),
    )
    rows = []
    wrongs = {name: _wrong(review, name) for name in review.labels}
    most = max(wrongs.values(), default=0) or 1
    for name in review.labels:
        row = review.figures["classes"].get(name)
        wrong = wrongs[name]
        if row is None:
            cells = tuple(Cell("–") for _ in columns)
        else:
            cells = (
                *(
                    Cell(f"{row[key]:.2f}", 1 - row[key] if row["support"] else 0.0)
                    for key in ("precision", "recall", "f1")
                ),
                Cell("{:.2f}–{:.2f}".format(*row["ci95"])),
                Cell(str(row["support"])),
                Cell(str(wrong), wrong / most),
            )
        rows.append((name, name, "", cells))
    return Table("class", columns, tuple(rows), label_width=_NAME)


def _wrong(review: ClassReview, name: str) -> int:
    """Documents of a class that are taken for another one; of an option of several those that are wrong about it."""
    return len(review.of_option(name) if review.several else review.of_cell(name, EVERY))


def worst_option(review: ClassReview) -> str:
    """The option that most documents are wrong about; "" where documents have one option."""
    return max(review.labels, key=lambda name: _wrong(review, name), default="") if review.several else ""


def cell_name(label: str, predicted: str) -> str:
    """What the texts of a cell have in common."""
    return f"{label}: right" if label == predicted else f"{label or 'others'} taken for {predicted or 'others'}"


def confusion(review: ClassReview, shares: Shares, option: str = "", space: int = 0) -> Table:
    """Labels × predictions; the diagonal, which is right, is drawn quietly.

    Args:
        review: of a run.
        shares: what the cells say.
        option: whose table it is, where documents can have several.
        space: cells on the screen, into which the columns go where they can; 0: not known.
    """
    labels, counts = review.confusion(option)
    by_row = [sum(row) for row in counts]
    by_column = [sum(row[at] for row in counts) for at in range(len(counts))]
    low, high = (_COLUMN[0], _WIDE) if len(labels) <= _FEW else _COLUMN
    widths = [min(max(cell_len(name) + 2, low), high) for name in labels]
    if space and _NAME + 2 + sum(widths) > space:
        most_wide = max((space - _NAME - 2) // len(labels), _NARROWEST)
        widths = [min(width, most_wide) for width in widths]
    columns = tuple((name, name, width) for name, width in zip(labels, widths, strict=True))
    off = [n for i, row in enumerate(counts) for j, n in enumerate(row) if i != j]
    most, right = max(off, default=0) or 1, max((row[i] for i, row in enumerate(counts)), default=0) or 1
    rows = []
    for i, (name, row) in enumerate(zip(labels, counts, strict=True)):
        cells = []
        for j, count in enumerate(row):
            whole = by_row[i] if shares is Shares.BY_ROW else by_column[j]
            text = str(count) if shares is Shares.COUNTS else f"{count / whole:.0%}" if whole else "–"
            cells.append(Cell(text if count else "·", -0.5 * count / right if i == j else count / most))
        rows.append((name, name, "", tuple(cells)))
    return Table("label ↓ taken for →", columns, tuple(rows), label_width=_NAME + 2)
