"""The HTML report is whole, fetches nothing, and shows what it was given without trusting it."""

import re

from tests.support.html import Checker
from workbench.evaluation import error_analysis, html_rendering, report
from workbench.evaluation.doctor.diagnosis import diagnose
from workbench.evaluation.doctor.findings import Action, Diagnosis, Evidence, Finding
from workbench.evaluation.error_analysis import Concentration, FailingVendor
from workbench.evaluation.report import EvaluationSettings
from workbench.fields import FieldType
from workbench.predictions.cases import Case, Chunk


def page(**facts):
    cases = [
        Case(
            n, f"<script>alert({n})</script>", f"v{n % 3}", "en", ("Total", "<b>9.00</b>", "EUR"),
            (Chunk("total", 1, 2),), (Chunk("total", 1, 2, 0.9),) if n % 4 else (), (0,) * 3, (0,) * 3,
        )
        for n in range(24)
    ]  # fmt: skip
    found = report.evaluate(
        cases, run="r", split="test", types={"total": FieldType.AMOUNT}, settings=EvaluationSettings(resamples=50)
    )
    judged = error_analysis.judge(cases)
    records = error_analysis.find(judged)
    return html_rendering.render(
        found, title="A & B", names={"total": "Grand total"}, records=records,
        concentrations=error_analysis.concentrations(judged, records), **facts,
    )  # fmt: skip


def test_the_page_is_well_formed_and_shows_the_figures():
    events = [
        {
            "type": "evaluated",
            "step": n,
            "train": {"f1": 0.1 * n, "loss": 1.0},
            "validation": {"f1": 0.1 * n, "loss": None},
        }
        for n in range(5)
    ]
    html = page(events=events, diagnosis=diagnose(Evidence()), pictures={0: b"\x89PNG"})
    checker = Checker()
    checker.feed(html)
    text = " ".join(checker.text)
    assert checker.open == []
    for expected in (
        "A & B",
        "Grand total",
        "<b>9.00</b>",
        "24 test documents",
        "Healthy",
        "Errors (6 of 6)",
    ):
        assert expected in text
    (curves,) = re.findall(r'<figure role="img" aria-label="F1 on train and validation">.*?</figure>', html, re.DOTALL)
    assert re.search(r">train</text>.*>validation</text>", curves, re.DOTALL) and "stroke-dasharray" in curves
    identifiers = re.findall(r' id="([^"]+)"', html)
    assert len(identifiers) == len(set(identifiers))


def test_colleagues_read_first_what_the_model_gets_right_and_the_figures_come_below():
    html = page(vendors=[FailingVendor("Coolblue", 11, 15)])
    first, _, figures = html.partition("The figures</h2>")
    assert "<h1>What the model reads right</h1>" in first and "18 of 24 test documents need no correction" in first
    assert "Coolblue: 11 of 15 values wrong" in first and "<td>Grand total</td><td>24</td><td>75%</td>" in first
    assert "F1" not in re.sub(r"<style>.*?</style>", "", first, flags=re.DOTALL) and "F1" in figures
    assert not re.search(r"slice|bootstrap", html, re.IGNORECASE)


def test_the_page_fetches_nothing_and_runs_nothing():
    html = page(pictures={0: b"\x89PNG"})
    assert "<script" not in html
    assert not re.search(r"https?://|@import|url\((?!#)", html)
    assert re.findall(r'src="([^"]{5})', html) == ["data:"]
    assert {target[0] for target in re.findall(r'href="([^"]+)', html)} <= {"#"}


def test_what_a_document_says_is_text_wherever_it_stands():
    hostile = "<img src=x onerror=alert(1)>\"'&"
    words = ("Total", hostile, "EUR")
    pieces = {"gold": (Chunk("total", 1, 2),), "pages": (0,) * 3, "lines": (0,) * 3}
    case = Case(1, hostile, hostile, hostile, words, **pieces)
    figures = report.evaluate(
        [case], run=hostile, split="test", types={}, settings=EvaluationSettings(resamples=50)
    ) | {"not_judged": {hostile: 1}}
    judged = error_analysis.judge([case])
    finding = Finding("x", hostile, {hostile: hostile}, hostile, (Action("a", hostile, hostile),))
    html = html_rendering.render(
        figures, title=hostile, names={"total": hostile}, records=error_analysis.find(judged),
        concentrations=[Concentration("total", "vendor", (hostile,), 5, 5, 1.0, 0.5)], diagnosis=Diagnosis((finding,)),
    )  # fmt: skip
    assert "<img" not in html and html.count("&lt;img") > 10


def test_a_report_without_documents_can_be_shown():
    empty = report.evaluate([], run="r", split="test", types={})
    Checker().feed(html_rendering.render(empty, title="nothing"))
