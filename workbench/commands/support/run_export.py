"""What `workbench runs export` does with a run's model."""

from pathlib import Path
from typing import Any

from storage.exceptions import UsageProblem
from storage.records import Run
from workbench.runs import reconcile, transfer
from workbench.runs.model_folders import check as model_folders
from workbench.runs.state import RunFolder
from workbench.serving import container, onnx_export
from workbench.workspace import Workspace

_WORDS = (
    f"{model_folders.VOCABULARY} in it lists words of your documents, names among them: the baseline counts them. "
    "Give it away only to those who may read the documents."
)


def export(
    workspace: Workspace, run: Run, folder: Path, *, docker: bool, onnx: bool, int8: bool
) -> tuple[dict[str, Any], list[str]]:
    """Write the folder; what is reported of it as JSON and in lines.

    Raises:
        WorkbenchError: the model cannot be given away, or not in this form.
    """
    if int8 and not onnx:
        raise UsageProblem("--int8 is about the ONNX form.", "Add --onnx.")
    data: dict[str, Any] = {"run": run.id}
    lines = []
    if onnx:
        transfer.free_folder(workspace, folder)  # refused before the export, which takes its time
        form = onnx_export.make(workspace, run.id, int8=int8)
        data["onnx"] = {"precision": form.precision, "compared": form.compared, "changed": form.changed}
        lines.append(f"ONNX ({form.precision}): {form.changed} of {form.compared} {form.what} change on validation.")
    with reconcile.still_there(workspace, run.id):
        path = (container.export if docker else transfer.export_model)(workspace, run.id, folder)
    lines.append(f"The model of {run.name} is in {path}.")
    notes = [_WORDS] if (RunFolder(workspace.files.run(run.id)).model / model_folders.VOCABULARY).exists() else []
    return {**data, "folder": str(path), "notes": notes}, [*lines, *notes]
