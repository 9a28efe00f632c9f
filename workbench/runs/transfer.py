"""Run folders and models that travel: take a run in from elsewhere, give a model away with its card."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from storage import runs as run_store
from storage.exceptions import InputProblem, RunProblem, WorkspaceProblem
from storage.files import SELECTIONS, draft_folder, sweep
from storage.records import Run, RunState
from workbench.runs import progress
from workbench.runs.config.request import Request
from workbench.runs.model_card import model_card
from workbench.runs.model_folders import check as model_folders
from workbench.runs.reconcile import reconcile
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

_LEFT = ("checkpoints", SELECTIONS)
"""Pickles of another machine, from which a run must not be resumed; and what was chosen among another's documents."""


def adopt(workspace: Workspace, source: Path) -> Run:
    """Import a run folder from another machineto this workspace.

    Raises:
        ConfigProblem: the folder holds no request that can be read.
        InputProblem: the id in its request cannot be a run's, a file is a link out of it, or its model cannot be used.
        RunProblem: it is at work, or a run of this id is here already.
    """
    request = Request.read(source)
    _refuse_links(source)  # before any other file is opened: a pipe would be waited for
    if not re.fullmatch(r"\w[\w.-]{0,63}", request.run):  # it becomes a folder's name here
        raise InputProblem(f"{source} calls itself {request.run!r}: that is no run's name.", "Correct request.yaml.")
    target = workspace.files.run(request.run)
    here = target.exists() and target.resolve() == source.resolve()
    with workspace.db.read() as connection:
        listed = any(run.id == request.run for run in run_store.listed(connection))
    if listed or (target.exists() and not here):
        raise RunProblem(f"There is a run {request.run} here already.", "Delete that one first.")
    if not here and RunFolder(source).at_work():
        raise RunProblem(f"Run {request.run} is at work where it is.", "Stop it there first, then copy it.")
    RunFolder(source).read_report()  # a damaged one is refused before anything is copied
    if RunFolder(source).has_model():
        model_folders.check_folder(RunFolder(source).model, fine_tuned=True)
    if not here:
        with appearing(target) as draft:
            shutil.copytree(source, draft, ignore_dangling_symlinks=True, ignore=shutil.ignore_patterns(*_LEFT))
    RunFolder(target).adopted.touch()
    began = progress.of(target).first_time or RunFolder(target).request.stat().st_mtime
    run = Run(
        request.run,
        request.run,
        RunState.QUEUED,
        request.config.model.family,
        request.preset,
        request.config.model_dump(mode="json"),
        datetime.fromtimestamp(began, UTC),
        parent=request.parent or None,
    )
    with workspace.db.write() as connection:
        run_store.add(connection, run)
    reconcile(workspace)
    with workspace.db.read() as connection:
        return run_store.get(connection, run.id)


def export_model(workspace: Workspace, run_id: str, target: Path) -> Path:
    """Copy a run's model into a new folder: plain Hugging Face, workbench.json, and a model card. Returns the folder.

    Raises:
        RunProblem: the run has no model.
        InputProblem: a file of the model is a link out of its folder.
        WorkspaceProblem: the folder exists, or cannot be written.
    """
    run, folder = with_model(workspace, run_id)
    target = free_folder(target)
    with appearing(target) as draft:
        shutil.copytree(folder.model, draft)
        (draft / "README.md").write_text(model_card(workspace, run), encoding="utf-8")
    return target


def with_model(workspace: Workspace, run_id: str) -> tuple[Run, RunFolder]:
    """A run whose model may be given away, and its folder.

    Raises:
        RunProblem: the run has no model.
        InputProblem: a file of the model is a link out of its folder.
    """
    with workspace.db.read() as connection:
        run = run_store.get(connection, run_id)
    folder = RunFolder(workspace.files.run(run.id))
    if not folder.has_model():
        raise RunProblem(f"Run {run.name} has no model yet.", "Wait until it has finished.")
    _refuse_links(folder.model)
    return run, folder


def free_folder(target: Path) -> Path:
    """The absolute path of a folder that does not exist yet, or is empty.

    Raises:
        WorkspaceProblem: something is there.
    """
    target = target.expanduser().absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WorkspaceProblem(f"{target} is there already.", "Name a new folder.")
    return target


def _refuse_links(folder: Path) -> None:
    """Refuse a folder with what is neither a file nor a folder of its own: copying it would take in what a link names.

    Raises:
        InputProblem: naming the link, device or pipe.
    """
    root = folder.resolve()
    if folder.is_symlink():
        raise InputProblem(f"{folder} is a link to {root}.", "Name the folder itself.")
    for where, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(where) / name
            if path.is_symlink():
                if not path.exists():  # it is left out
                    continue
                if not (path.is_file() and path.resolve().is_relative_to(root)):
                    raise InputProblem(
                        f"{path} is a link out of its folder: refused.",
                        "Put the file itself there, or remove it.",
                    )
            elif not (path.is_dir() or path.is_file()):
                raise InputProblem(f"{path} is no regular file: refused.", "Remove it from the folder.")


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A folder that appears whole or not at all."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent, r"\.incoming-")
        with draft_folder(target.parent, ".incoming-") as folder:
            draft = folder / "folder"
            yield draft
            if target.exists():
                target.rmdir()  # empty, as was checked
            draft.rename(target)
    except (OSError, shutil.Error) as error:
        raise WorkspaceProblem(
            f"{target} cannot be written: {getattr(error, 'strerror', None) or error}. Nothing was changed.",
            "Free some space or check the permissions, then repeat the step.",
        ) from error
