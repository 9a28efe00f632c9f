"""Has a run's model exported to ONNX by a process that loads torch, and keeps the form with the model."""

import json
from pathlib import Path

import msgspec

from storage import exceptions
from storage.exceptions import RunProblem, WorkbenchError
from storage.files import draft_folder
from workbench.runs import machine, transfer
from workbench.runs.model_folders import onnx_form
from workbench.runs.model_folders.onnx_form import OnnxForm
from workbench.workspace import Workspace


def make(workspace: Workspace, run_id: str, *, int8: bool) -> OnnxForm:
    """Put the ONNX form of a run's model into its model folder, from which it is served and given away.

    Raises:
        MissingTool: a package that exports is not installed.
        RunProblem: the run has no model, it cannot be exported, or its ONNX form changes too much.
        InputProblem: the model cannot be used.
    """
    _, folder = transfer.with_model(workspace, run_id)
    with draft_folder(workspace.files.runs, ".onnx-") as draft:
        log = draft / "log"
        with log.open("wb") as output:
            worker = machine.start(
                machine.ONNX, str(folder.path), str(draft), *(["--int8"] if int8 else []),
                cwd=draft, output=output, errors=output, tied=True,
            )  # fmt: skip
            code = worker.wait()
        if code:
            raise _problem(draft, log)
        form = msgspec.json.decode((draft / onnx_form.DESCRIPTION).read_bytes(), type=OnnxForm)
        # the description goes last: without it there is no form
        (folder.model / onnx_form.DESCRIPTION).unlink(missing_ok=True)
        for name in (onnx_form.FILE, onnx_form.DESCRIPTION):
            (draft / name).replace(folder.model / name)
    return form


def _problem(draft: Path, log: Path) -> WorkbenchError:
    try:
        facts = json.loads((draft / onnx_form.PROBLEM).read_text(encoding="utf-8"))
        kind = getattr(exceptions, facts["kind"])
    except FileNotFoundError:
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        return RunProblem(f"The export ended without a word. {' '.join(last)[:300]}", "Try again.")
    problem: WorkbenchError = kind(facts["message"], facts["remedy"])
    return problem
