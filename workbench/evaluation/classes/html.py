"""The HTML report of a run of a class field: its figures, confusion, curves, the Doctor's findings, and errors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from storage import events
from workbench.evaluation import charts, html_rendering
from workbench.evaluation.charts import Series
from workbench.evaluation.classes import errors
from workbench.evaluation.classes.errors import ClassReview
from workbench.evaluation.doctor import diagnosis
from workbench.evaluation.html_rendering import Picture, figure, picture, share
from workbench.runs import progress
from workbench.runs.state import RunFolder

_TEMPLATE = "class_report.html.jinja"
_MOST = 200  # errors that are listed
_MOST_LETTERS = 400  # of a text
_MOST_CURVES = 8  # classes in a chart of curves
_MOST_NAMED = 5  # of the confusions, in words


class _Matrix(NamedTuple):
    title: str
    names: Sequence[str]
    counts: Sequence[Sequence[int]]


def make(folder: Path, *, title: str, names: Mapping[str, str], split: str | None = None) -> str:
    """The page of a run folder.

    Args:
        folder: the run's.
        title: the run's name.
        names: field id -> shown name.
        split: None takes the test split, else validation.

    Raises:
        InputProblem: there is nothing to report, or the folder is damaged.
    """
    review = errors.look(folder, split)
    report = {**review.figures, "test_unread": RunFolder(folder).test_unread()}
    listed = list(events.iterate(RunFolder(folder).events))
    return str(
        html_rendering.template(_TEMPLATE, names).render(
            report=report,
            title=title,
            field=names.get(review.field, review.field),
            headline=progress.headline({"classes": report}),
            accuracy_ci95=report["subset_accuracy_ci95" if review.several else "accuracy_ci95"],
            accuracy_name=_accuracy_name(review),
            confused=_confused(review),
            diagnosis=diagnosis.diagnose(diagnosis.examine(folder, report)),
            figures=_figures(review),
            class_chart=_class_chart(report["classes"]),
            class_rows=[_class_row(name, row) for name, row in report["classes"].items()],
            matrices=_matrices(review),
            slice_rows=_slice_rows(report["slices"]),
            coverage_rows=[
                [share(row["threshold"]), share(row["share"]), share(row["accuracy"])]
                for row in report.get("coverage", ())
                if row["share"]
            ],
            charts=[*_charts(report), *html_rendering.curve_charts(listed)],
            curve_rows=[_curve_row(name, row) for name, row in report.get("curves", {}).items()],
            errors=review.wrong[:_MOST],
            error_count=len(review.wrong),
            most_letters=_MOST_LETTERS,
        )
    )


def _accuracy_name(review: ClassReview) -> str:
    return "All classes right" if review.several else "Accuracy"


def _confused(review: ClassReview) -> list[str]:
    """The commonest confusions as sentences."""
    cells = Counter((item.label, item.predicted) for item in review.wrong)
    return [
        f"{label} taken for {predicted}: {count} of {len(review.lengths)}"
        for (label, predicted), count in cells.most_common(_MOST_NAMED)
    ]


def _figures(review: ClassReview) -> list[list[str]]:
    report = review.figures
    accuracy = report["subset_accuracy_ci95" if review.several else "accuracy_ci95"]
    rows = [
        [_accuracy_name(review), figure(report["accuracy"], accuracy)],
        ["Macro F1 (mean over classes)", figure(report["macro"]["f1"], report["macro"]["ci95"])],
        ["Weighted F1 (by documents of each class)", figure(report["weighted"]["f1"], report["weighted"].get("ci95"))],
        ["Loss", figure(report["loss"])],
    ]
    if review.several:
        rows.insert(2, ["Micro F1 (over all options)", figure(report["micro"]["f1"])])
    else:
        rows.append(["Calibration error", figure(report["calibration"]["ece"])])
    return rows


def _class_row(name: str, row: Mapping[str, Any]) -> list[str]:
    return [
        name, figure(row["precision"]), figure(row["recall"]), figure(row["f1"], row["ci95"]), str(row["support"]),
    ]  # fmt: skip


def _matrices(review: ClassReview) -> list[_Matrix]:
    if not review.several:
        return [_Matrix("Confused classes", *review.confusion())]
    return [_Matrix(option, *review.confusion(option)) for option in review.labels]


def _slice_rows(slices: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[list[str]]:
    return [
        [f"{cut}: {name}", str(row["documents"]), figure(row["accuracy"], row["accuracy_ci95"]), figure(row["f1"])]
        for cut, members in slices.items()
        for name, row in members.items()
    ]


def _curve_row(name: str, row: Mapping[str, Any]) -> list[str]:
    limit = row["threshold"]
    then = [f"{limit['at']:.2f}", figure(limit["precision"]), figure(limit["recall"])] if limit else ["–"] * 3
    return [name, figure(row["roc_auc"]), figure(row["average_precision"]), *then]


# --- charts -----------------------------------------------------------------------------------------------------


def _class_chart(classes: Mapping[str, Mapping[str, Any]]) -> Picture:
    label = "F1 of every class with its interval"
    values, intervals = ([row[key] for row in classes.values()] for key in ("f1", "ci95"))
    return picture("classes", label, charts.Bars(label, list(classes), [("", values)], intervals=intervals))


def _charts(report: Mapping[str, Any]) -> list[Picture]:
    """ROC and precision-recall curves of each class, accuracy by coverage, and the share right by confidence."""
    drawn = []
    curves = dict(list(report.get("curves", {}).items())[:_MOST_CURVES])
    for key, title, across, up in (
        ("roc", "ROC of each class", "false positive rate", "recall"),
        ("precision_recall", "Precision and recall of each class", "recall", "precision"),
    ):
        lines = [Series(name, tuple((x, y) for x, y in row[key])) for name, row in curves.items()]
        if lines:
            drawn.append(picture(key, title, charts.Shares(title, lines, across, up)))
    points = tuple((row["share"], row["accuracy"]) for row in report.get("coverage", ()) if row["share"])
    if points:
        title = "Accuracy when it may leave documents to people"
        chart = charts.Shares(title, [Series("", points)], "share of documents decided", "accuracy of these")
        drawn.append(picture("coverage", title, chart))
    bins = (report.get("calibration") or {}).get("bins")
    if bins:
        title = "Share right by confidence"
        bars = [(row["low"], row["high"], row["accuracy"]) for row in bins]
        drawn.append(picture("reliability", title, charts.Reliability(title, bars)))
    return drawn
