"""A model's ONNX form predicts what the model predicts, or is not made."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForSequenceClassification, LayoutLMv3ImageProcessorPil

from storage.exceptions import InputProblem, MissingTool, RunProblem
from tests.support import tiny_model
from workbench import cli
from workbench.runs import parquet, transfer
from workbench.runs.model_folders import onnx_form, onnx_graph
from workbench.runs.state import RunFolder
from workbench.serving import onnx_export
from workbench.serving.documents import opened
from workbench.serving.engine import Engine
from workbench.serving.options import Options
from workbench.serving.schemas import RECEIPT, Words
from workbench.settings import Settings
from workbench.training.onnx_model import export
from workbench.training.onnx_model.session import OnnxSession
from workbench.training.prediction_run import load_any
from workbench.workspace import Workspace

LABELS = ["O", "B-amount_total", "I-amount_total", "B-invoice_date", "I-invoice_date"]


def untrained_run(folder: Path, family: str, task: str = "tokens", layers: int = 2) -> Path:
    """A run folder whose model has random weights: no two labels are alike sure, so that a fault would change some."""
    path = tiny_model.run_folder(folder, family, {"model": {"task": task}}, train=2)
    model = path / "model"
    base = tiny_model.base(folder, family, labels=LABELS, layers=layers)
    base.rename(model)
    if task == "classes":
        options = {"id2label": {0: "invoice", 1: "receipt"}, "label2id": {"invoice": 0, "receipt": 1}}
        config = AutoConfig.from_pretrained(model, **options)
        AutoModelForSequenceClassification.from_config(config).save_pretrained(model)
    fields = [tiny_model.CLASS] if task == "classes" else []
    if family == "layoutlmv3":
        LayoutLMv3ImageProcessorPil(apply_ocr=False, size={"height": 32, "width": 32}).save_pretrained(model)
    data = {"max_length": 64, "window_stride": 8}
    description = {"family": family, "task": task, "run": path.name, "fields": fields, "data": data}
    (model / "workbench.json").write_text(json.dumps(description))
    (path / "report.json").write_text(json.dumps({"state": "finished", "run": path.name, "f1": 0.1}))
    (path / "events.jsonl").write_text(
        json.dumps({"type": "finished", "time": 1.0, "state": "finished", "seconds": 1.0, "f1": 0.1, "epochs": 1})
        + "\n"
    )
    return path


class Exported(NamedTuple):
    """What `runs export --onnx` read and made."""

    run: Path
    given: Path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("onnx")
    workspace = Workspace.create(folder / "ws")
    run = transfer.adopt(workspace, untrained_run(folder / "run", "layoutlm"))
    path = workspace.files.run(run.id)
    workspace.close()
    arguments = ["-w", str(folder / "ws"), "runs", "export", run.id, "--onnx", str(folder / "given"), "--json"]
    done = CliRunner().invoke(cli.group, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["onnx"]["changed"] == 0
    return Exported(path, folder / "given")


def test_the_form_predicts_what_the_model_predicts(exported: Exported) -> None:
    form = onnx_form.read(exported.given)
    assert form is not None
    assert_alike(exported.run, form, exported.given / onnx_form.FILE)


@pytest.mark.parametrize(
    ("family", "task"), [("lilt", "tokens"), ("layoutlmv3", "tokens"), ("text", "tokens"), ("text", "classes")]
)
def test_the_form_of_another_family_predicts_what_the_model_predicts(tmp_path: Path, family: str, task: str) -> None:
    run = untrained_run(tmp_path / "run", family, task, layers=1)  # each takes the export seconds
    assert_alike(run, export.make(run, tmp_path, int8=False), tmp_path / onnx_form.FILE)


def assert_alike(run: Path, form: onnx_form.OnnxForm, file: Path) -> None:
    """A run's model and its ONNX form predict the same of documents of any length, alone and together."""
    assert (form.changed, form.documents) == (0, 4) and form.compared >= 4
    predictor, _ = load_any(str(run / "model"), torch.device("cpu"))
    predictor.bf16 = False
    rows = [row.anchor(run) for split in ("train", "pool") for row in parquet.stream(RunFolder(run).dataset(split))]
    documents = [predictor.encoder.encode(row) for row in rows]
    of_model = predictor.predict_encoded(documents)
    predictor.session = OnnxSession(file, 1)
    of_form = [*predictor.predict_encoded(documents[:1]), *predictor.predict_encoded(documents[1:])]
    assert max(document.windows for document in documents) > 1
    for expected, prediction in zip(of_model, of_form, strict=True):
        np.testing.assert_allclose(prediction.probabilities, expected.probabilities, atol=1e-4)


def test_the_form_is_given_away_with_its_figures(exported: Exported) -> None:
    given = exported.given
    form = onnx_form.read(given)
    assert form is not None
    assert f"changes 0 of {form.compared} words of fields" in (given / "README.md").read_text()


@pytest.mark.parametrize(
    ("seconds", "runtime", "precision", "speed"),
    [
        ({"fp32": 2.0, "bf16": 4.0, "onnx": 1.0}, "onnx", "fp32", 2.0),
        ({"fp32": 2.0, "bf16": 4.0, "onnx": 3.0}, "torch", "fp32", 0.67),
        ({"fp32": 4.0, "bf16": 2.0, "onnx": 3.0}, "torch", "bf16", 0.67),
    ],
)
def test_a_server_uses_what_is_fastest_here_and_says_so(
    exported: Exported, monkeypatch: Any, seconds: dict[str, float], runtime: str, precision: str, speed: float
) -> None:
    """The model in both precisions, and its ONNX form; their time here is not the point."""
    engine = Engine(str(exported.given), "given", None)
    clock = [0.0]

    def predict(predictor: Any, documents: Any) -> list[Any]:
        form = "bf16" if predictor.bf16 else "fp32"
        clock[0] += seconds[form if predictor.session is None else "onnx"]
        return []

    monkeypatch.setattr(type(engine.predictor), "predict_encoded", predict)
    monkeypatch.setattr("workbench.serving.engine.has_bf16", lambda device: True)
    monkeypatch.setattr("workbench.serving.engine.time.perf_counter", lambda: clock[0])
    engine._choose_runtime([])
    info = engine.info({}, "Nothing is kept.")
    assert (info.runtime, info.precision, info.onnx_speed) == (runtime, precision, speed)


def test_the_warm_up_says_how_fast_the_model_reads(exported: Exported) -> None:
    """So that a server knows from its first request on how much it can answer in time."""
    engine = Engine(str(exported.given), "given", None)
    assert engine.speed == 0
    with opened(Options(model=str(exported.given), name="given"), Settings()) as reader:
        engine.warm_up([reader.text("Total 11.90 EUR")])
    assert engine.speed > 0


def test_no_form_says_where_the_program_is_on_this_machine(exported: Exported) -> None:
    assert str(Path(onnx_form.__file__).parents[3]).encode() not in (exported.given / onnx_form.FILE).read_bytes()


def test_the_warm_up_measures_on_a_page_of_usual_length(exported: Exported) -> None:
    """Few words are read equally fast by every form of a model."""
    _, page = Engine(str(exported.given), "given", None).samples()
    assert len(page["words"]) == len(page["boxes"]) >= 100
    assert all(0 <= x0 < x1 <= page["width"] and 0 <= y0 < y1 <= page["height"] for x0, y0, x1, y1 in page["boxes"])


def test_a_form_of_other_weights_is_not_used(exported: Exported) -> None:
    """A run that was trained on has new weights; the form of the old ones stays in its folder."""
    weights = exported.given / "model.safetensors"
    before = weights.read_bytes()
    try:
        save_file({name: tensor + 1 for name, tensor in load_file(weights).items()}, weights)
        assert onnx_form.read(exported.given) is None
    finally:
        weights.write_bytes(before)


def _external(model: Any) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "../../../../etc/passwd"), ("offset", "0"), ("length", "64")):
        tensor.external_data.add(key=key, value=value)


def _with_node(model: Any, operator: str, domain: str = "") -> None:
    model.graph.node.append(onnx.helper.make_node(operator, ["logits"], ["more"], domain=domain))


def _other_answers(model: Any) -> None:
    """The same graph whose last step turns the logits around, and is sure of them."""
    for node in model.graph.node:
        node.output[:] = ["logits before" if name == "logits" else name for name in node.output]
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(-100), "turn"))
    model.graph.node.append(onnx.helper.make_node("Mul", ["logits before", "turn"], ["logits"]))


def _other_shape(model: Any) -> None:
    for node in model.graph.node:
        node.output[:] = ["logits before" if name == "logits" else name for name in node.output]
    model.graph.node.append(onnx.helper.make_node("Concat", ["logits before"] * 2, ["logits"], axis=2))
    model.graph.output[0].type.tensor_type.ClearField("shape")


def _other_inputs(model: Any) -> None:
    extra = onnx.helper.make_tensor_value_info("password", onnx.TensorProto.FLOAT, [1])
    model.graph.input.append(extra)


HOSTILE: dict[str, tuple[Any, str]] = {
    "data outside": (_external, "names data outside itself"),
    "a loop": (lambda model: _with_node(model, "Loop"), "has a loop"),
    "a foreign operator": (lambda model: _with_node(model, "Evil", "com.evil"), "foreign operators"),
    "other answers": (_other_answers, "predicts otherwise"),
    "another shape": (_other_shape, "another shape|cannot be run"),
    "other inputs": (_other_inputs, "cannot be run"),
    "no nodes": (lambda model: model.graph.ClearField("node"), "no ONNX model"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_form_is_refused_when_the_server_starts(exported: Exported, tmp_path: Path, name: str) -> None:
    """One that was not exported here: what it claims in onnx.json is its maker's."""
    change, reason = HOSTILE[name]
    given = tmp_path / "given"
    shutil.copytree(exported.given, given)
    model = onnx.load(given / onnx_form.FILE)
    change(model)
    (given / onnx_form.FILE).write_bytes(model.SerializeToString())
    engine = Engine(str(given), "given", None)
    with opened(Options(model=str(given), name="given"), Settings()) as reader:
        receipt = reader.words(msgspec.convert(RECEIPT, Words))
    with pytest.raises(InputProblem, match=reason):
        engine.warm_up([receipt])


@pytest.mark.parametrize("content", [b"", b"\x00", b"\x3a\xff\xff\xff\x7f", b"\x08\x07" * 50, b"PK\x03\x04" * 9])
def test_a_damaged_form_is_refused_before_it_is_loaded(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(InputProblem, match="cannot be used"):
        onnx_graph.check(tmp_path / "model.onnx")


def test_a_form_that_is_cut_anywhere_is_refused(exported: Exported, tmp_path: Path) -> None:
    whole = (exported.given / onnx_form.FILE).read_bytes()
    onnx_graph.check(exported.given / onnx_form.FILE)
    for part in range(1, 12):
        (tmp_path / "model.onnx").write_bytes(whole[: len(whole) * part // 12])
        with pytest.raises(InputProblem):
            onnx_graph.check(tmp_path / "model.onnx")


def test_a_form_that_changes_more_is_refused(exported: Exported, tmp_path: Path, monkeypatch: Any) -> None:
    """The form is the right one; what it answers is turned around."""
    monkeypatch.setattr(
        export, "export", lambda model, documents, file, int8: shutil.copy(exported.given / onnx_form.FILE, file)
    )
    real = export.OnnxSession.__call__
    monkeypatch.setattr(export.OnnxSession, "__call__", lambda self, tensors: -real(self, tensors))
    with pytest.raises(RunProblem, match="on the validation documents; at most"):
        export.make(exported.run, tmp_path, int8=False)


def test_int8_is_smaller_and_held_to_the_same(exported: Exported, tmp_path: Path) -> None:
    predictor, _ = load_any(str(exported.run / "model"), torch.device("cpu"))
    documents = [predictor.encoder.encode(row) for row in parquet.read(RunFolder(exported.run).dataset("validation"))]
    export.export(predictor, documents, tmp_path / "small.onnx", int8=True)
    assert (tmp_path / "small.onnx").stat().st_size < (exported.given / onnx_form.FILE).stat().st_size
    changed, total = export.changed(predictor, OnnxSession(tmp_path / "small.onnx", 1), documents)
    assert 0 <= changed <= total and total > 0


def test_a_missing_package_is_named_with_the_line_that_installs_it(tmp_path: Path, monkeypatch: Any) -> None:
    run = untrained_run(tmp_path / "run", "text")
    real = export.importlib.util.find_spec
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda name: None if name == "onnxscript" else real(name))
    with pytest.raises(MissingTool) as refused:
        export.make(run, tmp_path, int8=False)
    assert "onnxscript" in refused.value.message and "invoice-workbench[onnx]" in refused.value.remedy


def test_the_reason_of_a_refused_export_reaches_the_caller(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    path = untrained_run(tmp_path / "run", "text")
    RunFolder(path).dataset("validation").unlink()
    run = transfer.adopt(workspace, path)
    with pytest.raises(RunProblem, match="no validation documents"):
        onnx_export.make(workspace, run.id, int8=False)
    workspace.close()
