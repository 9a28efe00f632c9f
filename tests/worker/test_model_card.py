"""The code on a model card runs as it is printed there, and a card says what its model is."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from transformers import LayoutLMv3ImageProcessorPil

from storage.records import Run
from tests.support import class_runs, text_documents, tiny_model, warm_python
from workbench.runs.config import families
from workbench.runs.model_card import model_card
from workbench.runs.model_folders import example_code
from workbench.runs.state import RunFolder
from workbench.training.tasks.baseline import Baseline


@pytest.mark.parametrize("family", ["layoutlm", "lilt", "layoutlmv3", "text"])
def test_the_code_of_the_card_runs(tmp_path: Path, family: str) -> None:
    """In a process of its own, in the folder, and labels every word."""
    base = _base(tmp_path, family, ["O", "B-amount_total", "I-amount_total"])
    printed = warm_python.run(example_code.of_fields(families.spec(family)), base)
    assert [line.split()[0] for line in printed.splitlines()] == ["Total:", "12.50"]


@pytest.mark.parametrize("multiple", [False, True])
@pytest.mark.parametrize("family", ["layoutlm", "layoutlmv3", "text", "baseline"])
def test_the_code_of_a_card_of_classes_prints_each_probability(tmp_path: Path, family: str, multiple: bool) -> None:
    if family == "baseline":
        base = tmp_path / "baseline"
        texts, targets = ["our invoice", "a reminder", "invoice", "the reminder"], [[0], [1], [0], [1]]
        Baseline.fit(texts, targets, ["invoice", "reminder"], multiple=multiple).save(base)
    else:
        base = _base(tmp_path, family, ["invoice", "reminder"])
        if multiple:
            config = base / "config.json"
            config.write_text(config.read_text().replace("{", '{"problem_type": "multi_label_classification",', 1))
    code = example_code.of_classes(families.spec(family), multiple=multiple, length=32)
    answers = {label: float(share) for share, label in map(str.split, warm_python.run(code, base).splitlines())}
    assert set(answers) == {"invoice", "reminder"}
    assert multiple or sum(answers.values()) == pytest.approx(1, abs=0.01)
    if family == "baseline":
        assert answers["invoice"] > 0.5


def test_a_card_has_the_names_of_classes_as_text(tmp_path: Path) -> None:
    """No tag, and no column of its table; an option that is called as the field's id keeps its own name."""
    options = ("<script>", "a|b", "type")
    workspace = text_documents.workspace(tmp_path, labels={0: "<script>", 1: "a|b", 2: "type"}, options=options)
    workspace.change_schema(lambda schema: schema.change("type", name="kind"))
    run: Run = class_runs.finish(workspace, {1: {"<script>": 0.9}})
    figures = (run.report or {})["classes"]
    [row] = figures["classes"].values()
    run = replace(run, report={"classes": {**figures, "classes": dict.fromkeys(options, row)}})
    card = model_card(run, RunFolder(workspace.files.run(run.id))).split("## Configuration")[0]
    workspace.close()
    assert "<script>" not in card
    rows = [line.split(" | ")[0] for line in card.splitlines() if line.startswith("| ")]
    assert rows[1:] == ["| &lt;script&gt;", "| a\\|b", "| type"]


def test_a_card_of_classes_says_so(tmp_path: Path) -> None:
    """Its headers, its figures and its code are those of a classifier of texts, not of a model of fields."""
    workspace = text_documents.workspace(tmp_path, labels={0: "invoice", 1: "reminder"})
    run: Run = class_runs.finish(workspace, {1: {"invoice": 0.9}})
    card = model_card(run, RunFolder(workspace.files.run(run.id)))
    moved = replace(run, report={**(run.report or {}), "cut": {"by": "recall", "class": "invoice", "at": 0.3142}})
    card_of_moved = model_card(moved, RunFolder(workspace.files.run(run.id)))
    workspace.close()
    assert "from a probability of 0.31 on is so from 0.5 on" in card_of_moved and "0.5 on" not in card
    headers = yaml.safe_load(card.split("---")[1])
    assert headers["pipeline_tag"] == "text-classification" and headers["library_name"] == "scikit-learn"
    assert "base_model" not in headers and "layout" not in headers["tags"]
    assert "span F1" not in card and "TokenClassification" not in card and "starter" not in card.split("```yaml")[0]


def _base(folder: Path, family: str, labels: list[str]) -> Path:
    base = tiny_model.base(folder, family, labels=labels)
    if family == "layoutlmv3":
        tiny_model.picture(base)
        LayoutLMv3ImageProcessorPil(apply_ocr=False, size={"height": 32, "width": 32}).save_pretrained(base)
    return base
