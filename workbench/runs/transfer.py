"""Run folders and models that travel: take a run in from elsewhere, give a model away with its card."""

import errno
import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from storage import runs as run_store
from storage.exceptions import InputProblem, RunProblem, WorkspaceProblem
from storage.files import SELECTIONS, digest_of, draft_beside, draft_folder, read_regular, sweep, sync_folder, sync_tree
from storage.records import Run, RunState
from workbench.files import import_root
from workbench.files.output_places import refuse_own
from workbench.files.typed_paths import typed
from workbench.runs import parquet, progress, suggestions_file
from workbench.runs.config import run_names
from workbench.runs.config.request import Request, without_places
from workbench.runs.model_card import model_card
from workbench.runs.model_folders import check as model_folders
from workbench.runs.reconcile import REPLACED, reconcile
from workbench.runs.state import MODEL_DESCRIPTION, RunFolder, check_model, state_of
from workbench.workspace import Workspace

_LEFT = ("checkpoints", SELECTIONS, "lock", "waiting", "queued", "prepared", "stop", "pause")
"""Of the other machine: pickles, from which a run must not be resumed; choices among its documents; its marks."""
_MOST_BYTES = 256 << 20
"""Of a report, and of a run's events: those of a million steps have less."""
_AT_ONCE = 1 << 20  # bytes of a file that is copied
_READ_BY = {"run", "task", "f1", "readers", "documents_right"}
_EVALUATED_BY = {"documents_right", "calibration", "postprocess"}
"""Of a run's report and of its evaluation, what a reader of documents needs; the rest may name vendors."""
_ENDED_WELL = (RunState.FINISHED, RunState.STOPPED)


def adopt(workspace: Workspace, source: Path, *, replace: bool = False, force: bool = False) -> Run:
    """Import a run folder from another machine into this workspace.

    Args:
        workspace: that it is imported into.
        source: the folder.
        replace: put it in the place of the run of this id, which went on elsewhere.
        force: also where the run here is further along, or learned from other documents.

    Raises:
        ConfigProblem: the folder holds no request that can be read.
        InputProblem: the id in its request cannot be a run's, a file is a link out of it, or its model cannot be used.
        RunProblem: it is at work, or a run of this id is here already and must not be replaced.
    """
    refuse_links(source)  # before any file is opened: a pipe would be waited for, and a message quotes what is wrong
    request = Request.read(source)
    if not re.fullmatch(r"\w[\w.-]{0,63}", request.run):  # it becomes a folder's name here
        raise InputProblem(f"{source} calls itself {request.run!r}: that is no run's name.", "Correct request.yaml.")
    run_id, note = run_names.of_its_own(request.run)
    target = workspace.files.run(run_id)
    here = target.exists() and target.resolve() == source.resolve()
    with workspace.db.read() as connection:
        known = next((run for run in run_store.listed(connection) if run.id == run_id), None)
    if not here and RunFolder(source).at_work():
        raise RunProblem(f"Run {run_id} is at work where it is.", "Stop it there first, then copy it.")
    if known is not None and here:
        raise RunProblem(f"{source} is run {run_id} of this workspace.", "Name the one from elsewhere.")
    if known is None and target.exists() and not here:
        raise RunProblem(
            f"{target} is here, but the workspace does not know it.",
            f"`workbench runs import {target}` takes it up; or move it away.",
        )
    if known is not None and not replace:
        raise RunProblem(
            f"There is a run {run_id} here already.", "--replace puts this one in its place; or delete that one."
        )
    if replace and known is None:
        raise RunProblem(f"There is no run {run_id} here to be replaced.", "Leave out --replace.")
    _refuse_giants(RunFolder(source))
    RunFolder(source).read_report()  # a damaged one is refused before anything is copied
    if RunFolder(source).has_model():
        model_folders.check_folder(RunFolder(source).model, fine_tuned=True)
    if known is not None:
        return _replace(workspace, known, source, request, force=force)
    if not here:
        _check_space(source, target.parent)
        with appearing(target) as draft:
            _copy(source, draft)
    RunFolder(target).adopted.touch()
    RunFolder(target).queued.unlink(missing_ok=True)
    began = progress.of(target).first_time or RunFolder(target).request.stat().st_mtime
    run = Run(
        run_id,
        run_id,
        RunState.QUEUED,
        request.config.model.family,
        request.preset,
        request.config.model_dump(mode="json"),
        datetime.fromtimestamp(began, UTC),
        parent=request.parent or None,
        note=note,
    )
    with workspace.db.write() as connection:
        run_store.add(connection, run)
    reconcile(workspace)
    with workspace.db.read() as connection:
        return run_store.get(connection, run.id)


def _copy(source: Path, target: Path) -> None:
    """Copy a run's folder from elsewhere.

    Raises:
        InputProblem: a link out of it was put there after `refuse_links` had looked.
    """
    ignore = shutil.ignore_patterns(*_LEFT)
    with import_root.confined((source,)):
        shutil.copytree(source, target, ignore_dangling_symlinks=True, ignore=ignore, copy_function=_copy_file)


def _copy_file(source: str, target: str) -> None:
    try:
        with import_root.opened(Path(source)) as file, Path(target).open("wb") as copy:
            shutil.copyfileobj(file, copy, _AT_ONCE)
            status = os.fstat(file.fileno())
    except InputProblem as problem:
        raise InputProblem(f"{source} changed while it was copied: refused.", "Repeat the step.") from problem
    os.chmod(target, stat.S_IMODE(status.st_mode))  # noqa: PTH101
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _refuse_giants(folder: RunFolder) -> None:
    """Refuse a folder with a report or events that no run writes: reading them would not end.

    Raises:
        InputProblem: it has.
    """
    for path in (folder.report, folder.events):
        if path.exists() and (size := path.stat().st_size) > _MOST_BYTES:
            raise InputProblem(
                f"{path} has {size / 1e6:,.0f} MB: no run writes so much.", "Copy the whole folder again."
            )


def _replace(workspace: Workspace, run: Run, source: Path, request: Request, *, force: bool) -> Run:
    """Put a run that went on elsewhere in the place of the one here: copied, compared, then exchanged in one step.

    Whenever this process is killed, one of the two is there whole, and the next look at the runs collects it.

    Raises:
        RunProblem: the run here is at work, or is further along and `force` is not given.
        InputProblem: the copy is not complete.
    """
    folder = RunFolder(workspace.files.run(run.id))
    if folder.at_work():
        raise RunProblem(f"Run {run.name} is at work here.", "Kill it first, or let it finish.")
    _check_is_further(folder, RunFolder(source), request, force=force)
    _check_space(source, folder.path.parent)
    sweep(folder.path.parent, r"\.incoming-")
    with _writing(folder.path), draft_folder(folder.path.parent, ".incoming-") as place:
        draft = RunFolder(place / "folder")
        _copy(source, draft.path)
        _check_copy(source, draft)
        draft.adopted.touch()
        sync_tree(draft.path, draft.checkpoints)
        # From here on the state follows from the folder: the one that is there when this process ends, however it ends.
        with workspace.db.write() as connection:
            if not run_store.change(connection, run.id, state=RunState.QUEUED, reason="", ended=None):
                raise RunProblem(
                    f"Run {run.name} was deleted meanwhile; nothing was replaced.", "Import it without --replace."
                )
        _exchange(folder.path, draft.path)
    with workspace.db.write() as connection:
        config = request.config.model_dump(mode="json")
        run_store.change(connection, run.id, state=RunState.QUEUED, reason="", ended=None, config=config)
    reconcile(workspace)
    with workspace.db.read() as connection:
        return run_store.get(connection, run.id)


def _check_is_further(here: RunFolder, there: RunFolder, request: Request, *, force: bool) -> None:
    """See that replacing loses nothing.

    Raises:
        RunProblem: it would, and `force` is not given.
    """
    if force or not here.request.is_file():  # of a run whose folder is gone there is nothing to lose
        return
    forcing = "--force replaces it nevertheless."
    frozen = Request.read(here.path).fingerprint
    if request.fingerprint != frozen:
        raise RunProblem(f"{there.path} learned from other documents than run {request.run} here.", forcing)
    ours, theirs = progress.of(here.path), progress.of(there.path)
    state, other = state_of(here, ours), state_of(there, theirs)
    if other not in _ENDED_WELL:
        raise RunProblem(f"The run in {there.path} has not ended well: it is {other.value}.",
                         f"Let it finish there. {forcing}")  # fmt: skip
    if _rank(state, ours.step) > _rank(other, theirs.step):
        raise RunProblem(
            f"Run {request.run} is further along here ({state.value}, step {ours.step}) than in {there.path} "
            f"({other.value}, step {theirs.step}).",
            forcing,
        )


def _rank(state: RunState, step: int) -> tuple[int, int]:
    return ((RunState.STOPPED, RunState.FINISHED).index(state) + 1 if state in _ENDED_WELL else 0, step)


def _check_copy(source: Path, draft: RunFolder) -> None:
    """See that a copy is what its source is, and can be collected.

    Raises:
        InputProblem: a file differs, or cannot be read.
    """
    for path in draft.path.rglob("*"):
        relative = path.relative_to(draft.path)
        if path.is_file() and digest_of(path) != digest_of(source / relative):
            raise InputProblem(f"{source / relative} changed while it was copied.", "Repeat the step.")
    if progress.of(draft.path).finished:
        task = draft.read_report().get("task", parquet.TOKENS)
        if draft.predictions.exists():
            parquet.check_predictions(draft.path, "validation", task)
        if task == parquet.TOKENS:
            suggestions_file.read(draft.path)


def _exchange(target: Path, draft: Path) -> None:
    """Put a complete folder in a run's place; what was there is then the draft, which goes with its place.

    Where the file system cannot exchange two folders, what was there waits in REPLACED meanwhile; `reconcile` puts it
    back should this process be killed in between.
    """
    if not target.exists():
        draft.rename(target)
        return
    try:
        swap_names(target, draft)
    except OSError:
        kept = target.parent / REPLACED / target.name
        kept.parent.mkdir(exist_ok=True)
        target.rename(kept)
        draft.rename(target)
        with suppress(FileNotFoundError):  # another terminal has deleted it
            kept.rename(draft)
    sync_folder(target.parent)


def _check_space(source: Path, place: Path) -> None:
    """See that a run's files fit on the disk before any is copied: a sparse file takes its whole size when it is.

    Raises:
        WorkspaceProblem: they do not.
    """
    files = (path for path in source.rglob("*") if path.is_file() and path.relative_to(source).parts[0] not in _LEFT)
    needed, free = sum(path.stat().st_size for path in files), shutil.disk_usage(place).free
    if needed > free:
        raise WorkspaceProblem(
            f"{source} has {needed / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free. Nothing was changed.",
            "Free some space, or remove what the run does not need from its folder.",
        )


def export_model(workspace: Workspace, run_id: str, target: Path) -> Path:
    """Copy a run's model into a new folder: plain Hugging Face, workbench.json, and a model card. Returns the folder.

    Raises:
        RunProblem: the run has no model.
        InputProblem: a file of the model is a link out of its folder.
        WorkspaceProblem: the folder exists, or cannot be written.
        UsageProblem: it is in a workspace's own files.
    """
    run, folder = with_model(workspace, run_id)
    target = free_folder(workspace, target)
    with appearing(target) as draft:
        give_away(run, folder, draft)
    return target


def give_away(run: Run, folder: RunFolder, target: Path) -> None:
    """Copy a run's model into a new folder, with its report and a model card."""
    copy_model(run, folder, target)
    (target / "README.md").write_text(model_card(run, folder), encoding="utf-8")


def copy_model(run: Run, folder: RunFolder, target: Path) -> None:
    """Copy a run's model into a new folder, with a report of how far its values are to be trusted."""
    shutil.copytree(folder.model, target)
    about = target / MODEL_DESCRIPTION
    if about.is_file():
        try:
            described = without_places(json.loads(read_regular(about)))
        except (OSError, ValueError, RecursionError) as error:
            raise InputProblem(
                f"{folder.model / MODEL_DESCRIPTION} cannot be read: {error}", "Train it again, or copy the run again."
            ) from error
        about.write_text(json.dumps(described, ensure_ascii=False, indent=1), encoding="utf-8")
    report = {name: value for name, value in (run.report or {}).items() if name in _READ_BY}
    if evaluation := (run.report or {}).get("evaluation"):
        report["evaluation"] = {name: value for name, value in evaluation.items() if name in _EVALUATED_BY}
    RunFolder(target).report.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


def with_model(workspace: Workspace, run_id: str) -> tuple[Run, RunFolder]:
    """A run whose model may be given away, and its folder.

    Raises:
        RunProblem: the run has no model.
        InputProblem: a file of the model is a link out of its folder.
    """
    with workspace.db.read() as connection:
        run = run_store.get(connection, run_id)
    folder = RunFolder(workspace.files.run(run.id))
    check_model(run, folder)
    refuse_links(folder.model)
    return run, folder


def free_folder(workspace: Workspace, target: Path) -> Path:
    """The absolute path of a folder that does not exist yet, or is empty.

    Raises:
        WorkspaceProblem: something is there.
        UsageProblem: it is in a workspace's own files.
    """
    target = typed(str(target)).absolute()
    refuse_own(target, workspace.files.root)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WorkspaceProblem(f"{target} is there already.", "Name a new folder.")
    return target


def refuse_links(folder: Path) -> None:
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
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with draft_beside(target) as folder:
            draft = folder / "folder"
            yield draft
            if target.exists():
                target.rmdir()  # empty, as was checked
            draft.rename(target)


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, shutil.Error) as error:
        raise WorkspaceProblem(
            f"{target} cannot be written: {getattr(error, 'strerror', None) or error}. Nothing was changed.",
            "Free some space or check the permissions, then repeat the step.",
        ) from error


def swap_names(first: Path, second: Path) -> None:
    """Have two folders of one file system change their names, in one step.

    Raises:
        OSError: this system or file system cannot; nothing was changed.
    """
    import ctypes  # seldom needed

    library, names = ctypes.CDLL(None, use_errno=True), (os.fsencode(first), os.fsencode(second))
    try:
        if sys.platform == "darwin":
            failed = library.renamex_np(*names, 2)  # RENAME_SWAP
        else:
            failed = library.renameat2(-100, names[0], -100, names[1], 2)  # AT_FDCWD, RENAME_EXCHANGE
    except AttributeError as error:
        raise OSError(errno.ENOSYS, "This system cannot exchange two folders") from error
    if failed:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
