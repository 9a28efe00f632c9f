"""A run's model on the Hugging Face Hub, uploaded after the run has finished.

Uploaded is what `workbench runs export` gives away, and nothing else. A process of its own does it:

    python -P -m workbench.runs.model_folders.hub FOLDER OWNER/NAME private|public

The Hub's library reads HF_HUB_OFFLINE when it is imported; there it is off, and stays as it was for everything else.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from storage.exceptions import RunProblem, WorkbenchError
from storage.files import draft_folder
from storage.records import Run, RunState
from workbench.runs import machine, progress, transfer
from workbench.runs.config import uploads
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder

_LONGEST = 300  # characters of a reason
_SURROUNDINGS = {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
"""Variables of the process that uploads: it sends the model, and nothing about this machine."""
_REPLACED = ["*.safetensors", "*.safetensors.index.json", "*.onnx", "onnx.json"]
"""What an earlier model of the same place may have had and this one has not: weights that do not go with it."""


def push(run: Run, folder: RunFolder, model_id: str, *, private: bool) -> str:
    """Upload a run's model with its figures and a model card, in one commit; the address where it is then.

    Args:
        run: with its report.
        folder: of the run; it has a model.
        model_id: owner/name.
        private: it must not be seen by all.

    Raises:
        ConfigProblem, MissingTool: as `uploads.check`.
        InputProblem: a file of the model is a link out of its folder.
        RunProblem: the upload failed; the reason is in it.
        OSError: the model cannot be copied.
    """
    uploads.check(model_id, run.family)
    transfer.refuse_links(folder.model)
    with draft_folder(folder.path.parent, ".upload-") as place:
        draft = place / "model"
        transfer.give_away(run, folder, draft)
        ended = subprocess.run(
            machine.python(__name__, str(draft), model_id, "private" if private else "public"),
            env={**os.environ, **_SURROUNDINGS},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
    if ended.returncode != 0:
        lines = ended.stderr.strip().splitlines() or ["the process that uploads was ended"]
        reason = _without_token(lines[-1])[:_LONGEST].rstrip(" .")
        raise RunProblem(
            f"The model was not uploaded to {model_id}: {reason}.",
            f"Try again: workbench runs push {run.id} --to {model_id}",
        )
    return ended.stdout.strip()


def push_finished(folder: RunFolder, request: Request, write: Callable[..., None]) -> None:
    """Upload the model of a run that has finished, where it was asked for; what came of it is a note of the run."""
    train = request.config.train
    if not train.push_to_hub:
        return
    events = progress.of(folder.path)
    again = f"workbench runs push {request.run} --to {train.hub_model_id}"
    if (events.finished or {}).get("state") != RunState.FINISHED.value:
        write("note", message=f"The model was not uploaded, as the run was ended early. If it is good: {again}")
        return
    try:
        run = Run(
            request.run, request.name or request.run, RunState.FINISHED, request.config.model.family, request.preset,
            request.config.model_dump(mode="json"), datetime.fromtimestamp(events.first_time or 0, UTC),
            report=folder.read_report(),
        )  # fmt: skip
        address = push(run, folder, train.hub_model_id, private=train.hub_private_repo)
    except WorkbenchError as problem:
        write("note", message=f"Warning: {problem.message} {problem.remedy}")
    except OSError as error:
        write("note", message=f"Warning: The model was not uploaded: {error}. Try again: {again}")
    else:
        write("note", message=f"The model was uploaded to {address}")


def _without_token(text: str) -> str:
    """A text of which a server wrote a part."""
    from huggingface_hub import get_token

    token = get_token()
    return text.replace(token, "…") if token else text


def main(arguments: Sequence[str]) -> int:
    """Upload a folder as it is. Prints its address there, or one line with the reason why it was not uploaded."""
    from huggingface_hub import HfApi

    folder, model_id, visibility = Path(arguments[0]), arguments[1], arguments[2]
    api, is_private = HfApi(), visibility == "private"
    try:
        address = api.create_repo(model_id, private=is_private, exist_ok=True)
        if is_private and not api.model_info(model_id).private:
            raise ValueError(
                "it is there already, and all can see it; train.hub_private_repo=false (--public) allows that"
            )
        api.upload_folder(
            repo_id=model_id, folder_path=folder, delete_patterns=_REPLACED, commit_message="Upload a model"
        )
    except Exception as error:  # noqa: BLE001 (the border of this process)
        print(" ".join(str(error).split()) or type(error).__name__, file=sys.stderr)  # noqa: T201 (the caller reads it)
        return 1
    print(address)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
