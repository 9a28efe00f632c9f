"""What a model folder says of its ONNX form, without loading it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from storage.exceptions import InputProblem
from workbench.files import small_files

FILE = "model.onnx"
DESCRIPTION = "onnx.json"
PROBLEM = "problem.json"
MOST_CHANGED = 0.005
"""Share of the words of fields, or of the class decisions, that an ONNX form may change."""


@dataclass(frozen=True, slots=True)
class OnnxForm:
    """`onnx.json`: what was exported, and how it compares with the model on the run's validation documents."""

    weights: str  # SHA-256 of the weights that it was made of
    precision: str  # "fp32" or "int8"
    documents: int
    compared: int
    changed: int
    what: str  # what was compared
    bytes: int
    seconds: float


def read(folder: Path) -> OnnxForm | None:
    """The ONNX form in a model folder; None where there is none, or it is one of other weights."""
    description = folder / DESCRIPTION
    if not (description.is_file() and (folder / FILE).is_file()):
        return None
    try:
        form = small_files.read(description, OnnxForm, "")
    except InputProblem:
        return None
    return form if form.weights == weights_digest(folder) else None


def weights_digest(folder: Path) -> str:
    """One SHA-256 over all weights of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
