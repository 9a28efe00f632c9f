"""Model folders: what is refused, what is carried over, and that the starter stays a plain LayoutLM."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForTokenClassification

from storage.exceptions import ConfigProblem, InputProblem, MissingTool
from tests.support import tiny_model, warm_python
from workbench.runs.config import families, files
from workbench.runs.config.request import FieldSpec
from workbench.runs.state import MODEL_DESCRIPTION
from workbench.training import predictor as predicting
from workbench.training.models import loading, smooth_boxes, starter

FIELDS = [
    FieldSpec(id="amount_total", name="TOTAL", type="amount"),
    FieldSpec(id="invoice_date", name="DATE", type="date"),
]
KNOWN = ["O", "B-amount_total", "I-amount_total", "B-invoice_date", "I-invoice_date", "B-seller_name", "I-seller_name"]


def settings(family: str, name: str, **model: Any) -> files.TuneConfig:
    return files.from_dict(
        {"model": {"family": family, "name": name} | model, "data": {"max_length": 64, "window_stride": 8}}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_model.base(tmp_path, "layoutlm", labels=KNOWN)


def test_folders_that_could_run_code_or_reach_outside_are_refused(tmp_path: Path, folder: Path) -> None:
    def changed(name: str, change: dict[str, Any]) -> Path:
        copy = tmp_path / name
        shutil.copytree(folder, copy)
        file = copy / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | change))
        return copy

    with pytest.raises(InputProblem, match="auto_map"):
        loading.source_of(str(changed("code", {"auto_map": {"AutoModel": "evil.py"}})))
    outside = changed("outside", {})
    (outside / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../secret.safetensors"}}))
    with pytest.raises(InputProblem, match="outside the folder"):
        predicting.load(outside)
    pickled = changed("pickled", {})
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(InputProblem, match="pickles"):
        predicting.load(pickled)
    torn = changed("torn", {})
    weights = (torn / "model.safetensors").read_bytes()
    (torn / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(InputProblem, match=r"damaged|cannot be loaded"):
        predicting.load(torn)
    with pytest.raises(InputProblem, match="no model folder: it has"):
        loading.source_of(str(tmp_path))
    with pytest.raises(InputProblem, match="no model folder"):
        loading.source_of("./nowhere")


def test_weights_that_are_missing_are_never_random_numbers(folder: Path) -> None:
    """The header is right in what can be known without torch; the library would make up the rest."""
    weights = load_file(folder / "model.safetensors")
    norm = next(name for name in weights if name.endswith("0.output.LayerNorm.weight"))
    for change in ({norm: None}, {norm: torch.zeros(7)}, {"classifier.bias": None}):
        kept = {name: tensor for name, tensor in (weights | change).items() if tensor is not None}
        save_file(kept, folder / "model.safetensors", {"format": "pt"})
        with pytest.raises(InputProblem, match="no whole model"):
            predicting.load(folder)
        if norm in change:
            with pytest.raises(InputProblem, match="no whole model"):
                starter.build(settings("starter", str(folder)), FIELDS)
    starter.build(settings("starter", str(folder)), FIELDS)  # only the head is missing: it is made anew


def test_a_tokenizer_of_another_model_is_refused(folder: Path) -> None:
    foreign = tiny_model.tokenizer()
    foreign.add_tokens([f"word{number}" for number in range(9)])
    foreign.save_pretrained(folder)
    with pytest.raises(InputProblem, match="more tokens"):
        predicting.load(folder)
    content = json.loads((folder / "tokenizer.json").read_text())
    content["model"]["vocab"] = {piece: number for piece, number in content["model"]["vocab"].items() if number < 5}
    content["added_tokens"] = content["added_tokens"][:5]
    (folder / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(InputProblem, match="knows no words"):
        predicting.load(folder)


@pytest.mark.parametrize(
    "content",
    ['{"sep_box": 5000}', '{"family": "text", "data": {"max_length": 500}}', "[" * 9999, '{"family": "x"}'],
    ids=["box", "length", "nested", "family"],
)
def test_a_model_folder_whose_own_description_cannot_be_true_is_refused(folder: Path, content: str) -> None:
    (folder / MODEL_DESCRIPTION).write_text(content)
    with pytest.raises(InputProblem):
        predicting.load(folder)


def test_a_hub_name_without_network_says_how_to_bring_a_folder() -> None:
    module = __import__("workbench.training.models.layoutlm", fromlist=["build"])
    with pytest.raises(MissingTool) as caught:
        module.build(files.from_dict({"model": {"family": "layoutlm"}}), FIELDS)
    assert "bring a folder" in caught.value.remedy and "microsoft/layoutlm-base-uncased" in caught.value.remedy


def test_a_half_downloaded_model_says_how_to_bring_a_whole_one(tmp_path: Path, folder: Path) -> None:
    cache = tmp_path / "hub" / "models--microsoft--layoutlm-base-uncased"
    snapshot = cache / "snapshots" / "abc"
    shutil.copytree(folder, snapshot)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text("abc")
    code = f"""
from pathlib import Path
from huggingface_hub import constants
from storage.exceptions import WorkbenchError
from workbench.runs.config.files import from_dict
from workbench.training.models import layoutlm
constants.HF_HUB_CACHE = {str(tmp_path / "hub")!r}
model = {{"family": "layoutlm", "name": "microsoft/layoutlm-base-uncased"}}
weights = Path({str(snapshot / "model.safetensors")!r})
def load():
    try:
        layoutlm.build(from_dict({{"model": model, "data": {{"max_length": 64, "window_stride": 8}}}}), [])
    except WorkbenchError as error:
        print(error.message, error.remedy)
    else:
        print("loaded")
load()
weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
load()
weights.rename(weights.parent.parent / "abc.incomplete")
load()
"""
    whole, half, missing = warm_python.run(code, tmp_path).splitlines()
    assert whole == "loaded"  # from the cache alone
    assert "damaged" in half and "remove it from the cache" in half
    assert "cannot be had" in missing and "hf download microsoft/layoutlm-base-uncased" in missing


def test_a_missing_or_changed_starter_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> None:
    monkeypatch.setattr(starter, "SHIPPED", tmp_path / "gone")
    with pytest.raises(MissingTool, match="missing"):
        starter.build(files.TuneConfig(), FIELDS)
    built = starter.build(settings("starter", str(folder)), FIELDS)
    starter.save_shipped(built, tmp_path / "gone")
    assert starter.shipped() == tmp_path / "gone"
    predictor, _ = predicting.load_named("starter", torch.device("cpu"))
    assert predictor.labels == KNOWN[:5] and predictor.model.dtype == torch.float32
    with (tmp_path / "gone" / "model.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(InputProblem, match="damaged"):
        starter.shipped()


def test_a_base_of_another_family_is_refused(folder: Path) -> None:
    module = __import__("workbench.training.models.lilt", fromlist=["build"])
    with pytest.raises(ConfigProblem, match="layoutlm model"):
        module.build(settings("lilt", str(folder)), FIELDS)
    assert families.infer(str(folder)) == "layoutlm"
    assert families.infer("microsoft/layoutlmv3-large") == "layoutlmv3"
    assert families.infer("SCUT-DLVCLab/lilt-infoxlm-base") == "lilt"
    assert families.infer("xlm-roberta-base") == "text"


def test_windows_longer_than_the_folder_allows_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigProblem, match="64 positions"):
        files.from_dict({"model": {"name": str(folder)}, "data": {"max_length": 128, "window_stride": 8}})


def test_her_fields_start_from_what_the_base_knows(folder: Path) -> None:
    base = AutoModelForTokenClassification.from_pretrained(folder)
    fields = [
        FieldSpec(id="datum", name="INVOICE_DATE", type="date"),  # by name
        FieldSpec(id="betrag", name="Betrag", type="amount"),  # by type
        FieldSpec(id="iban", name="IBAN", type="id"),  # unknown to the base
        FieldSpec(id="shop", name="Laden", type="text"),  # by hand
    ]
    assert loading.head_mapping(KNOWN, fields, {"shop": "seller_name"}) == {
        "shop": "seller_name", "datum": "invoice_date", "betrag": "amount_total",
    }  # fmt: skip
    built = starter.build(settings("starter", str(folder), head_map={"shop": "seller_name"}), fields)
    weight, old = built.model.classifier.weight, base.classifier.weight
    assert torch.equal(weight[0], old[0])
    assert (
        torch.equal(weight[1:3], old[3:5]) and torch.equal(weight[3:5], old[1:3]) and torch.equal(weight[7:9], old[5:7])
    )
    assert built.model.config.id2label[1] == "B-datum" and built.model.num_labels == 9
    assert any("knows of 3 fields: " in note and "betrag ← amount_total" in note for note in built.notes)
    fresh = starter.build(settings("starter", str(folder), carry_head=False), fields)
    assert not torch.equal(fresh.model.classifier.weight[0], old[0])


def test_smooth_tables_start_as_they_were_move_together_and_are_baked_in(folder: Path, tmp_path: Path) -> None:
    plain = AutoModelForTokenClassification.from_pretrained(folder).eval()
    built = starter.build(settings("starter", str(folder)), [FieldSpec(id=label[2:]) for label in KNOWN[1::2]])
    model = built.model.eval()
    ids, boxes = torch.randint(5, 40, (1, 9)), torch.tensor([[[10, 20, 30, 40]] * 9])
    with torch.no_grad():
        assert torch.allclose(
            model(input_ids=ids, bbox=boxes).logits, plain(input_ids=ids, bbox=boxes).logits, atol=1e-6
        )
    tables = [getattr(smooth_boxes.embeddings(model), name) for name in smooth_boxes.TABLES]
    assert not any(table.parametrizations.weight.original.requires_grad for table in tables)
    before = tables[0].weight.detach().clone()
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(3):
        model(input_ids=ids, bbox=boxes).logits.square().sum().backward()
        optimiser.step()
    moved = tables[0].weight.detach() - before
    assert moved[500].abs().max() > 1e-3, "rows that were never seen move too"
    assert (moved[501] - moved[500]).abs().max() < moved.abs().max() / 3, "and neighbours move together"
    with torch.no_grad():
        expected = model(input_ids=ids, bbox=boxes).logits
        smooth_boxes.bake(model)
        model.save_pretrained(tmp_path / "baked")
        again = AutoModelForTokenClassification.from_pretrained(tmp_path / "baked").eval()
        assert torch.allclose(again(input_ids=ids, bbox=boxes).logits, expected, atol=1e-6)
    assert all(table.weight.requires_grad for table in tables)
