"""Writes the ONNX form of a run's model, and holds it to what the model itself predicts. [worker]

`python -P -m workbench.training.onnx_model.export RUN_DIR TARGET [--int8]` writes TARGET/model.onnx and
TARGET/onnx.json; what is wrong is written as JSON to TARGET/problem.json.
"""

import argparse
import importlib.util
import json
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from storage.exceptions import MissingTool, RunProblem, WorkbenchError
from workbench import lifeline
from workbench.evaluation.classes.several import THRESHOLD
from workbench.runs import machine, parquet
from workbench.runs.model_folders import onnx_form, onnx_graph
from workbench.runs.model_folders.onnx_form import MOST_CHANGED, OnnxForm
from workbench.runs.state import RunFolder
from workbench.training.encoding import EncodedDocument
from workbench.training.models.loading import SEVERAL
from workbench.training.onnx_model.session import OnnxSession
from workbench.training.prediction_run import load_any


class _Logits(torch.nn.Module):
    """A model that takes tensors in a fixed order and gives logits alone."""

    def __init__(self, model: torch.nn.Module, names: Sequence[str]) -> None:
        super().__init__()
        self.model, self.names = model, list(names)

    def forward(self, *tensors: torch.Tensor) -> Any:
        """The logits of a batch."""
        return self.model(**dict(zip(self.names, tensors, strict=True))).logits


def export(predictor: Any, documents: Sequence[EncodedDocument], file: Path, *, int8: bool) -> None:
    """Write a model's ONNX form.

    Args:
        predictor: `Predictor` or `ClassPredictor`.
        documents: of which the first windows are the example that the graph is traced with.

    Raises:
        MissingTool: a package is not installed.
        RunProblem: the model cannot be exported.
    """
    if missing := [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]:
        raise MissingTool(f"An export to ONNX needs {' and '.join(missing)}.", "pip install 'invoice-workbench[onnx]'")
    example = predictor.tensors(documents)
    dynamic = torch.export.Dim.DYNAMIC
    # a picture has the model's own size; of words the batch and the length vary
    axes = tuple({0: dynamic} if name == "pixel_values" else {0: dynamic, 1: dynamic} for name in example)
    model = predictor.model.float().cpu().eval()
    if sum(parameter.numel() for parameter in model.parameters()) * 4 > onnx_graph.LARGEST:
        raise RunProblem("The model is larger than an ONNX file can be (2 GB).", "Serve it as it is.")
    whole = file.with_suffix(".fp32") if int8 else file
    try:
        with torch.inference_mode():
            torch.onnx.export(
                _Logits(model, list(example)).eval(), tuple(example.values()), str(whole), dynamo=True,
                external_data=False, input_names=list(example), output_names=["logits"],
                dynamic_shapes=(axes,), verbose=False,
            )  # fmt: skip
        _forget_sources(whole)
        if int8:
            _quantize(whole, file)
    except Exception as error:  # whatever the exporter raises is about this model
        raise RunProblem(f"This model cannot be exported to ONNX: {str(error)[:300]}", "Serve it as it is.") from error


def _forget_sources(file: Path) -> None:
    """Leave out the lines of code that every node came from: they name folders of this machine."""
    import onnx

    model = onnx.load(file)
    for node in model.graph.node:
        node.ClearField("metadata_props")
    onnx.save(model, file)


def _quantize(source: Path, target: Path) -> None:
    """Weights of matrix products as 8-bit integers, a scale for each column."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source, target, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm"],
        extra_options={"DefaultTensorType": 1},
    )  # fmt: skip
    source.unlink()


def changed(predictor: Any, session: OnnxSession, documents: Sequence[EncodedDocument]) -> tuple[int, int]:
    """How many of the words of fields (or of the documents, or of their options where there can be several) get
    another label from the ONNX form, and how many there are."""
    predictor.bf16 = False
    decisions = []
    for used in (None, session):
        predictor.session = used
        decisions.append([_decided(predictor, prediction) for prediction in predictor.predict_encoded(documents)])
    of_model, of_form = (np.concatenate(parts) if parts else np.zeros(0, int) for parts in decisions)
    counted = np.ones(len(of_model), bool)
    if not _classifies(predictor):
        outside = predictor.labels.index("O")
        counted = (of_model != outside) | (of_form != outside)
    return int((of_model != of_form)[counted].sum()), int(counted.sum())


def _classifies(predictor: Any) -> bool:
    return "O" not in predictor.encoder.label_ids or len(predictor.encoder.label_ids) == 1


def _decided(predictor: Any, prediction: Any) -> NDArray[Any]:
    shares = prediction.probabilities
    if not _classifies(predictor):
        return np.asarray(shares.argmax(axis=1))
    if predictor.model.config.problem_type == SEVERAL:
        return np.asarray(shares >= THRESHOLD).astype(int)
    return np.asarray([shares.argmax()])


def make(run: Path, target: Path, *, int8: bool) -> OnnxForm:
    """Export the model of a run folder and hold it to the run's validation documents.

    Raises:
        MissingTool: a package is not installed.
        RunProblem: it cannot be exported, cannot be checked, or changes too much.
        InputProblem: the model or the documents cannot be used.
    """
    folder = RunFolder(run)
    predictor, description = load_any(str(folder.model), torch.device("cpu"))
    if not hasattr(predictor, "encoder"):
        raise RunProblem("A model that counts words has no ONNX form.", "Serve it as it is.")
    rows = [row.anchor(run) for row in parquet.stream(folder.dataset("validation"))]
    encoded = [predictor.encoder.encode(row) for row in rows]
    documents = [document for document in encoded if document.windows]
    if not documents:
        raise RunProblem("The run has no validation documents to check the export on.", "Train with some.")
    began = time.monotonic()
    file = target / onnx_form.FILE
    export(predictor, documents, file, int8=int8)
    session = OnnxSession(file, torch.get_num_threads())
    different, total = changed(predictor, session, documents)
    what = "class decisions" if description.task == parquet.CLASSES else "words of fields"
    if not total:
        raise RunProblem(
            "The model finds no field on the validation documents: there is nothing to check the export on.",
            "Train it longer.",
        )
    if different > MOST_CHANGED * total:
        raise RunProblem(
            f"The ONNX form changes {different} of {total} {what} on the validation documents; "
            f"at most {MOST_CHANGED:.1%} may.",
            "Export it without --int8." if int8 else "Serve the model as it is.",
        )
    return OnnxForm(
        weights=onnx_form.weights_digest(folder.model),
        precision="int8" if int8 else "fp32",
        documents=len(documents),
        compared=total,
        changed=different,
        what=what,
        bytes=file.stat().st_size,
        seconds=round(time.monotonic() - began, 1),
    )


def main(arguments: list[str] | None = None) -> int:
    """Make what is asked for; the exit code is 0 when it is there, else the error's."""
    parser = argparse.ArgumentParser(prog="workbench.training.onnx_model.export")
    parser.add_argument("run", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--int8", action="store_true")
    options = parser.parse_args(arguments)
    warnings.filterwarnings("ignore")
    torch.set_num_threads(machine.cores())
    try:
        form = make(options.run.resolve(), options.target, int8=options.int8)
    except WorkbenchError as error:
        facts = {"kind": type(error).__name__, "message": error.message, "remedy": error.remedy}
        (options.target / onnx_form.PROBLEM).write_text(json.dumps(facts), encoding="utf-8")
        return error.exit_code
    (options.target / onnx_form.DESCRIPTION).write_text(json.dumps(asdict(form), indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    lifeline.leave(main(sys.argv[1:]))
