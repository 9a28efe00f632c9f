"""`workbench evaluate` on a finished run of a class field."""

import json

import pytest
from click.testing import CliRunner

from storage.records import Side
from tests.support import class_runs, text_documents
from tests.support.html import Checker
from workbench import cli


@pytest.fixture
def made(tmp_path):
    texts = [f"{words} {number}" for number in range(6) for words in ("pay <b>the</b> invoice", "where is the parcel")]
    labels = {n: ("invoice", "question")[n % 2] for n in range(12)}
    root = tmp_path / "w"
    workspace = text_documents.workspace(root, texts, labels, sides=dict.fromkeys(range(4, 12), Side.TEST))
    sure = {"invoice": 0.9, "reminder": 0.0, "question": 0.1}
    run = class_runs.finish(workspace, dict.fromkeys(range(1, 13), sure) | {6: {"invoice": 0.4, "question": 0.6}})
    model = workspace.files.run(run.id) / "model"
    (model / "vocabulary.json").write_text("{}")  # of a baseline
    (model / "baseline.safetensors").write_bytes(b"")
    workspace.close()
    return root, run


def evaluate(made, *arguments):
    root, run = made
    return CliRunner().invoke(cli.group, ["-w", str(root), "evaluate", run.id, *arguments])


def test_the_positive_class_has_its_f1_under_its_full_name(made):
    shown = evaluate(made, "--positive", "question").output
    assert "F1 of the class question 0.400" in shown and "accuracy of these" in shown
    data = json.loads(evaluate(made, "--positive", "question", "--json").output)
    assert data["positive"]["class"] == "question" and data["positive"]["f1"] == pytest.approx(0.4)
    assert data["curves"]["question"]["roc"][-1] == [1, 1] and data["coverage"][2]["accuracy"] == pytest.approx(4 / 7)
    assert "roc" not in made[1].report["classes"]["curves"]["question"]  # a workspace keeps no curve of every run


def test_a_positive_class_that_nothing_is_of_is_refused(made):
    problem = str(evaluate(made, "--positive", "reminder").exception)
    assert "No measured document is of the class reminder" in problem


def test_the_report_for_colleagues_is_whole_and_trusts_no_text(made, tmp_path):
    page = tmp_path / "report.html"
    assert evaluate(made, "--html", str(page)).exit_code == 0
    written = page.read_text()
    assert "5 of 8 test documents get the right class" in written and "question taken for invoice: 3 of 8" in written
    assert written.count("<svg") == 5  # F1 of the classes, ROC, precision and recall, coverage, calibration
    assert "pay <b>" not in written and "http" not in written.replace("http://www.w3.org", "")
    tags = Checker()
    tags.feed(written)
    assert tags.open == []
