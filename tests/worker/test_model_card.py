"""The code on a model card runs as it is printed there."""

from pathlib import Path

import pytest
from transformers import LayoutLMv3ImageProcessorPil

from tests.support import tiny_model, warm_python
from workbench.runs import model_card
from workbench.runs.config import families


@pytest.mark.parametrize("family", ["layoutlm", "lilt", "layoutlmv3", "text"])
def test_the_code_of_the_card_runs(tmp_path: Path, family: str) -> None:
    """In a process of its own, in the folder, and labels every word."""
    base = tiny_model.base(tmp_path, family, labels=["O", "B-amount_total", "I-amount_total"])
    if family == "layoutlmv3":
        tiny_model.picture(base)
        LayoutLMv3ImageProcessorPil(apply_ocr=False, size={"height": 32, "width": 32}).save_pretrained(base)
    code = model_card._code(families.spec(family), 0)
    printed = warm_python.run(code, base)
    assert [line.split()[0] for line in printed.splitlines()] == ["Total:", "12.50"]
