"""The evaluation as one HTML file for colleagues: everything inside it, nothing fetched, no script.

The page is the template report.html.jinja; what this module adds are the charts and the rows of the tables.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from workbench.evaluation import charts
from workbench.evaluation.charts import Chart, Series
from workbench.evaluation.doctor.findings import Diagnosis
from workbench.evaluation.error_analysis import Concentration, ErrorRecord, FailingVendor
from workbench.evaluation.metrics import ErrorKind
from workbench.fields.plain_text import harmless_lines
from workbench.predictions.cases import NONE
from workbench.runs import progress

_TEMPLATE = "report.html.jinja"
_ERRORS = tuple(kind.value for kind in ErrorKind if kind is not ErrorKind.CORRECT)


def render(
    report: Mapping[str, Any],
    *,
    title: str,
    names: Mapping[str, str] | None = None,
    records: Sequence[ErrorRecord] = (),
    vendors: Iterable[FailingVendor] = (),
    concentrations: Iterable[Concentration] = (),
    diagnosis: Diagnosis | None = None,
    events: Iterable[Mapping[str, Any]] = (),
    pictures: Mapping[int, bytes] | None = None,
    most: int = 200,
) -> str:
    """A complete HTML page.

    Args:
        report: what `report.evaluate` gives.
        title: the model's name; the run's.
        names: field id -> shown name.
        records: the errors (`error_analysis.find`).
        vendors: those of whose values far more are wrong than of the others'.
        concentrations: where errors pile up.
        diagnosis: the Doctor's findings.
        events: the run's events, for the curves.
        pictures: position in `records` -> PNG of the place, put inside the file.
        most: how many errors are listed.
    """
    names = names or {}
    page: str = template(_TEMPLATE, names).render(
        report=report,
        title=title,
        kinds=_ERRORS,
        field_chart=_field_chart(report["fields"], names),
        field_rows=[_field_row(names.get(name, name), row) for name, row in report["fields"].items()],
        confused=_confused(report["confusion"]),
        slice_rows=_slice_rows(report),
        reliability_chart=_reliability_chart(report["calibration"]),
        threshold_rows=[_threshold_row(row) for row in report["thresholds"]["table"]],
        curve_charts=curve_charts(events),
        diagnosis=diagnosis,
        headline=progress.headline(report),
        value_rows=_value_rows(report["fields"], names),
        groups=[*(vendor.sentence() for vendor in vendors), *(group.sentence() for group in concentrations)],
        errors=records[:most],
        error_count=len(records),
        pictures={number: b64encode(picture).decode() for number, picture in (pictures or {}).items()},
    )
    return page


def template(name: str, names: Mapping[str, str] | None = None) -> Any:
    """A template of a report; everything that is put into it is escaped.

    Args:
        names: field id -> shown name.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "name": lambda field: (names or {}).get(field, field),
        "figure": figure,
        "share": share,
        "readable": lambda kind: kind.replace("_", " "),
        "marks": _marks,
    }
    return environment.get_template(name)


def _shown(value: Any) -> Any:
    """A text of the page without control characters; what is markup already stays as it is."""
    return harmless_lines(value) if type(value) is str else value


def figure(value: float | None, ci95: Sequence[float] | None = None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" + (f" [{ci95[0]:.2f}–{ci95[1]:.2f}]" if ci95 else "")


def _marks(record: ErrorRecord) -> list[str]:
    return [mark for mark, on in (("window edge", record.window_edge), ("truncated", record.truncated)) if on]


def share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


# --- rows -------------------------------------------------------------------------------------------------------


def _value_rows(fields: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> list[list[str]]:
    """Per field for colleagues: how many values there were, and how many of them were right; the worst first."""
    known = [(names.get(name, name), row) for name, row in fields.items() if row["value_support"]]
    known.sort(key=lambda item: (item[1]["value_exact_match"] or 0.0, item[0]))
    return [[name, str(row["value_support"]), share(row["value_exact_match"])] for name, row in known]


def _field_row(name: str, row: Mapping[str, Any]) -> list[str]:
    return [
        name,
        figure(row["precision"]),
        figure(row["recall"]),
        figure(row["f1"], row["ci95"]),
        str(row["support"]),
        figure(row["value_exact_match"], row["value_ci95"]),
        *(str(row["kinds"][kind]) for kind in _ERRORS),
    ]


def _confused(table: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The fields of the confusion matrix, "none" last."""
    fields = {*table, *(name for row in table.values() for name in row)}
    return sorted(fields, key=lambda name: (name == NONE, name))


def _slice_rows(report: Mapping[str, Any]) -> list[list[str]]:
    cuts = {"vendors": {side: report[f"{side}_vendors"] for side in ("seen", "unseen")}, **report["slices"]}
    return [
        [f"{cut.replace('_', ' ')}: {name}", str(row["documents"]), figure(row["f1"], row["ci95"])]
        for cut, members in cuts.items()
        for name, row in members.items()
        if row["documents"]
    ]


def _threshold_row(row: Mapping[str, Any]) -> list[str]:
    shares = [row[key] for key in ("precision", "automatic_pass_rate", "human_review_rate", "passed_right")]
    return ["–" if share is None else f"{share:.1%}" for share in shares]


# --- charts -----------------------------------------------------------------------------------------------------


class Picture(NamedTuple):
    label: str
    svg: Any  # Markup


def picture(name: str, label: str, chart: Chart) -> Picture:
    """A chart inside the page: without the head of an SVG file, its ids told from those of other charts by a name."""
    from markupsafe import Markup

    drawn = charts.svg(chart)
    drawn = re.sub(r' xmlns(:\w+)?="[^"]*"', "", drawn[drawn.index("<svg") :], count=2)
    drawn = re.sub(r"<[^>]+>", lambda tag: re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", tag[0]), drawn)
    return Picture(label, Markup(drawn))


def _field_chart(fields: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> Picture:
    label = "F1 of every field with its interval"
    shown = [names.get(name, name) for name in fields]
    values = [row["f1"] for row in fields.values()]
    chart = charts.Bars(label, shown, [("", values)], intervals=[row["ci95"] for row in fields.values()])
    return picture("fields", label, chart)


def _reliability_chart(calibration: Mapping[str, Any]) -> Picture:
    bars = [(bar["low"], bar["high"], bar["accuracy"]) for bar in calibration["bins"]]
    chart = charts.Reliability("Before calibration", bars)
    return picture("reliability", "Share right by confidence, before calibration", chart)


def curve_charts(events: Iterable[Mapping[str, Any]]) -> list[Picture]:
    evaluated = [event for event in events if event["type"] == "evaluated"]
    pictures = []
    for figure, title in (("f1", "F1"), ("loss", "Loss")):
        lines = [Series(side, _points(evaluated, side, figure)) for side in ("train", "validation")]
        if sum(len(line.points) for line in lines) >= 3:
            label = f"{title} on train and validation"
            pictures.append(picture(figure, label, charts.Curves(title, lines)))
    return pictures


def _points(evaluated: Iterable[Mapping[str, Any]], side: str, figure: str) -> tuple[tuple[float, float], ...]:
    figures = ((event["step"], (event.get(side) or {}).get(figure)) for event in evaluated)
    return tuple((step, value) for step, value in figures if value is not None)
