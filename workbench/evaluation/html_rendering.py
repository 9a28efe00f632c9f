"""The evaluation as one HTML file for colleagues: everything inside it, nothing fetched, no script."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from workbench.evaluation.doctor.findings import Diagnosis
from workbench.evaluation.error_analysis import Concentration, ErrorRecord
from workbench.evaluation.metrics import ErrorKind
from workbench.predictions.cases import NONE

_STYLE = """
:root { color-scheme: light dark; --ink: #1b2733; --soft: #5b6b7a; --line: #d5dde5; --paper: #fff; --fill: #1f77b4;
        --bad: #c8442f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4ebf1; --soft: #9fb0bf; --line: #34424f; --paper: #141b22;
        --fill: #66aee0; --bad: #ee8570; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 66rem;
       margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; margin: .5rem 0; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th:first-child, td:first-child, .texts th, .texts td { text-align: left; }
.matrix th:not(:first-child) { writing-mode: vertical-rl; text-align: left; vertical-align: bottom; }
.soft { color: var(--soft); } .bad { color: var(--bad); }
mark { background: none; color: var(--bad); font-weight: 600; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 12px; }
svg .axis { stroke: var(--line); } svg .bar { fill: var(--fill); } svg .range { stroke: var(--ink); stroke-width: 1.5; }
svg .curve { fill: none; stroke: var(--fill); stroke-width: 2; }
svg .curve.other { stroke: var(--bad); stroke-dasharray: 6 4; }
figcaption svg { width: 2.2rem; height: .7rem; margin-left: 1rem; }
img { max-width: 100%; border: 1px solid var(--line); } .wide { overflow-x: auto; }
@page { margin: 12mm; }
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --fill: #1f77b4;
          --bad: #b03020; }
  body { font-size: 9pt; max-width: none; margin: 0; padding: 0; }
  h2 { margin-top: 1.2rem; } h2, h3, figcaption { break-after: avoid; }
  .wide { overflow: visible; } table { max-width: 100%; font-size: 7.5pt; }
  th, td { padding: .1rem .25rem; } .texts td:nth-child(7) { overflow-wrap: anywhere; } td > img { max-width: 6cm; }
  thead { display: table-header-group; } tr, figure, svg { break-inside: avoid; }
}
"""


def render(
    report: Mapping[str, Any],
    *,
    title: str,
    names: Mapping[str, str] | None = None,
    records: Sequence[ErrorRecord] = (),
    concentrations: Iterable[Concentration] = (),
    diagnosis: Diagnosis | None = None,
    events: Iterable[Mapping[str, Any]] = (),
    pictures: Mapping[int, bytes] | None = None,
    most: int = 200,
) -> str:
    """A complete HTML page.

    Args:
        report: what `report.evaluate` gives.
        title: shown at the top; the run's name.
        names: field id -> shown name.
        records: the errors (errors.find); the first `most` are listed.
        concentrations: where errors pile up.
        diagnosis: the Doctor's findings.
        events: the run's events, for the curves.
        pictures: position in `records` -> PNG of the place, put inside the file.
        most: how many errors are listed.
    """
    names = names or {}
    micro = report["micro"]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{report['documents']} {escape(report['split'])} documents. "
        f"F1 {_figure(micro['f1'], micro['ci95'])}, precision {micro['precision']:.3f}, recall {micro['recall']:.3f}; "
        f"values right {_figure(report['value_exact_match'], report['value_ci95'])}; "
        f"documents without any wrong value {_figure(report['documents_right'], report['documents_right_ci95'])}.</p>",
        '<p class="soft">Brackets hold 95 % intervals, by a bootstrap over documents.</p>',
        _not_judged(report["not_judged"], names),
        "<h2>Fields</h2>",
        _bars([(names.get(n, n), row["f1"], row["ci95"]) for n, row in report["fields"].items()]),
        _fields(report["fields"], names),
        "<h2>Confused fields</h2>",
        _confusion(report["confusion"], names),
        "<h2>Slices</h2>",
        _slices(report),
        "<h2>Confidence</h2>",
        _reliability(report["calibration"]),
        _thresholds(report["thresholds"]),
        _curves(events),
    ]
    if diagnosis:
        parts += ["<h2>Findings</h2>", _findings(diagnosis)]
    said = [f"<li>{escape(one.sentence())}</li>" for one in concentrations]
    if said:
        parts += ["<h2>Where errors pile up</h2>", f"<ul>{''.join(said)}</ul>"]
    if records:
        parts += [
            f"<h2>Errors ({min(most, len(records))} of {len(records)})</h2>",
            _errors(records[:most], names, pictures or {}),
        ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _not_judged(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    if not counts:
        return ""
    said = ", ".join(f"{escape(names.get(name, name))} ({count})" for name, count in counts.items())
    return f'<p class="soft">Not judged, as no document has a label of it: {said}.</p>'


def _figure(value: float | None, ci95: Sequence[float] | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" + (f" [{ci95[0]:.2f}–{ci95[1]:.2f}]" if ci95 else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "figures") -> str:
    """A table of ready HTML cells: of "figures", of "texts", or a "matrix", whose heads are wider than its cells."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table class="{kind}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _bars(rows: Sequence[tuple[str, float, Sequence[float] | None]]) -> str:
    height, left, width = 22, 150, 520
    marks = []
    for number, (name, value, ci95) in enumerate(rows):
        y = number * height
        marks.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
        marks.append(f'<rect class="bar" x="{left}" y="{y + 4}" width="{width * value:.1f}" height="13"/>')
        marks.append(f'<text x="{left + width + 10}" y="{y + 15}">{value:.3f}</text>')
        if ci95:
            a, b = (left + width * edge for edge in ci95)
            marks.append(f'<line class="range" x1="{a:.1f}" x2="{b:.1f}" y1="{y + 10}" y2="{y + 10}"/>')
    return _svg(740, height * len(rows) + 4, "F1 of every field with its interval", marks)


def _svg(width: float, height: float, label: str, marks: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(label)}">{"".join(marks)}</svg>'
    )


def _fields(fields: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> str:
    kinds = [kind for kind in ErrorKind if kind is not ErrorKind.CORRECT]
    rows = [
        [
            escape(names.get(name, name)),
            *(f"{row[key]:.3f}" for key in ("precision", "recall")),
            _figure(row["f1"], row["ci95"]),
            str(row["support"]),
            _figure(row["value_exact_match"], row["value_ci95"]),
            *(str(row["kinds"][kind.value]) for kind in kinds),
        ]
        for name, row in fields.items()
    ]
    head = [
        "Field",
        "Precision",
        "Recall",
        "F1",
        "Labels",
        "Value right",
        *(kind.value.replace("_", " ") for kind in kinds),
    ]
    return _table(head, rows)


def _confusion(table: Mapping[str, Mapping[str, int]], names: Mapping[str, str]) -> str:
    columns = sorted({*table, *(name for row in table.values() for name in row)}, key=lambda name: (name == NONE, name))

    def cell(gold: str, predicted: str) -> str:
        count = table.get(gold, {}).get(predicted, 0)
        return (f'<span class="bad">{count}</span>' if gold != predicted else str(count)) if count else ""

    rows = [[escape(names.get(gold, gold)), *(cell(gold, other) for other in columns)] for gold in columns]
    return _table(["Gold \\ predicted", *(names.get(name, name) for name in columns)], rows, "matrix")


def _slices(report: Mapping[str, Any]) -> str:
    parts = {"vendors": {side: report[f"{side}_vendors"] for side in ("seen", "unseen")}, **report["slices"]}
    rows = [
        [escape(f"{cut.replace('_', ' ')}: {name}"), str(row["documents"]), _figure(row["f1"], row["ci95"])]
        for cut, members in parts.items()
        for name, row in members.items()
        if row["documents"]
    ]
    return _table(["Documents", "Count", "F1"], rows)


def _reliability(calibration: Mapping[str, Any]) -> str:
    size = 240
    marks = [f'<line class="axis" x1="30" y1="{size}" x2="{size + 30}" y2="0"/>']
    for bar in calibration["bins"]:
        high = size * bar["accuracy"]
        x, width = 30 + size * bar["low"], size * (bar["high"] - bar["low"]) - 2
        marks.append(f'<rect class="bar" x="{x:.1f}" y="{size - high:.1f}" width="{width:.1f}" height="{high:.1f}"/>')
    marks.append(f'<text x="30" y="{size + 16}">confidence</text><text x="0" y="12">right</text>')
    before, after = calibration["ece_before"], calibration["ece_after"]
    said = f"Temperature {calibration['temperature']:.2f}, fitted on {escape(calibration['fitted_on'])}. "
    if before is not None:
        said += f"Expected calibration error {before:.3f} before, {after:.3f} after."
    return f"<p>{said}</p>" + _svg(size + 40, size + 24, "Share right by confidence, before calibration", marks)


def _thresholds(thresholds: Mapping[str, Any]) -> str:
    rows = [
        [
            f"{row['precision']:.1%}",
            f"{row['automatic_pass_rate']:.1%}",
            f"{row['human_review_rate']:.1%}",
            "–" if row["passed_right"] is None else f"{row['passed_right']:.1%}",
        ]
        for row in thresholds["table"]
    ]
    return _table(["Wished precision", "Pass by themselves", "For review", "Right among the passed"], rows)


_CURVES = {"train": "curve", "validation": "curve other"}
"""Side -> how its curve is drawn: another colour, and broken, for paper without colours."""


def _curves(events: Iterable[Mapping[str, Any]]) -> str:
    evaluated = [event for event in events if event["type"] == "evaluated"]
    charts = []
    for figure in ("f1", "loss"):
        sides = {
            side: [
                (event["step"], event[side][figure])
                for event in evaluated
                if (event.get(side) or {}).get(figure) is not None
            ]
            for side in _CURVES
        }
        points = [point for line in sides.values() for point in line]
        if len(points) < 3:
            continue
        right, top = max(step for step, _ in points) or 1, max(value for _, value in points) or 1
        marks = [f'<line class="axis" x1="10" y1="200" x2="430" y2="200"/><text x="10" y="14">{top:.3g}</text>']
        for side, line in sides.items():
            path = " ".join(f"{10 + 420 * step / right:.1f},{200 - 190 * value / top:.1f}" for step, value in line)
            marks.append(f'<polyline class="{_CURVES[side]}" fill="none" points="{path}"/>')
        marks.append(f'<text x="430" y="216" text-anchor="end">step {right}</text>')
        name = figure.upper() if figure == "f1" else figure.capitalize()
        signs = "".join(
            _svg(32, 8, side, [f'<polyline class="{style}" fill="none" points="0,4 32,4"/>']) + f" {side}"
            for side, style in _CURVES.items()
        )
        drawn = _svg(440, 224, f"{name} on train and validation", marks)
        charts.append(f"<figure><figcaption>{name} {signs}</figcaption>{drawn}</figure>")
    return "<h2>Curves</h2>" + "".join(charts) if charts else ""


def _findings(diagnosis: Diagnosis) -> str:
    said = [] if diagnosis.findings else ["<p>Healthy: no rule found anything.</p>"]
    for finding in diagnosis.findings:
        facts = ", ".join(finding.facts)
        actions = "".join(
            f"<li>{escape(action.title)} <span class='soft'>({escape(action.cost)})</span></li>"
            for action in finding.actions
        )
        said.append(
            f"<h3>{escape(finding.symptom)}</h3><p>{escape(finding.cause)}</p>"
            f'<p class="soft">{escape(facts)}</p><ol>{actions}</ol>'
        )
    return "".join(said)


def _errors(records: Sequence[ErrorRecord], names: Mapping[str, str], pictures: Mapping[int, bytes]) -> str:
    rows = []
    for number, record in enumerate(records):
        before, here, after = map(escape, record.snippet)
        picture = ""
        if number in pictures:
            data = b64encode(pictures[number]).decode()
            picture = f'<br><img alt="the place on the page" src="data:image/png;base64,{data}">'
        marks = [word for word, on in (("window edge", record.window_edge), ("truncated", record.truncated)) if on]
        said = f' <span class="soft">({", ".join(marks)})</span>' if marks else ""
        rows.append([
            escape(record.name),
            escape(names.get(record.field, record.field)),
            record.kind.value.replace("_", " "),
            escape(record.gold_value) or "–",
            escape(record.predicted_value) or "–",
            f"{record.confidence:.2f}",
            f"{before} <mark>{here}</mark> {after}{said}{picture}",
        ])  # fmt: skip
    return _table(["Document", "Field", "Error", "Gold", "Predicted", "Confidence", "Around it"], rows, "texts")
