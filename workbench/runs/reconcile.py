"""Bringing the list of runs up to date with their folders: what finished is collected, what crashed is noted."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from storage import document_list
from storage import runs as run_store
from storage.exceptions import ConfigProblem, InputProblem, RunProblem, WorkbenchError
from storage.files import read_regular, sync_tree
from storage.records import Run, RunState
from storage.suggestions import keep_class_suggestions, keep_suggestions
from workbench.runs import launcher, parquet, progress, suggestions_file
from workbench.runs.config.request import Request
from workbench.runs.progress import Progress
from workbench.runs.state import RunFolder, state_of
from workbench.runs.suggestions_file import Suggested
from workbench.workspace import Workspace

_START_GRACE = timedelta(seconds=10)
"""From a run's being prepared to its start: until then no terminal takes it for a crashed one."""

_CLUSTER_GONE = "Failed to connect to GCS"
_ENDED_FROM_OUTSIDE = (
    "Something from outside ended it (often: too little memory); `resume` goes on from the last checkpoint."
)

REPLACED = ".replaced"
"""Beside the runs: where a run waits while another folder takes its place, on disks that cannot exchange two."""


@contextmanager
def still_there(workspace: Workspace, name: str) -> Iterator[None]:
    """Have what goes wrong while a run is read say that the run or its folder was deleted meanwhile, where it was.

    Args:
        workspace: open.
        name: a run's id or name; of anything else, errors stay as they are.

    Raises:
        RunProblem: the run was deleted by another process, or its folder.
    """
    run = None
    with suppress(RunProblem), workspace.db.read() as connection:
        run = run_store.get(connection, name)
    try:
        yield
    except (WorkbenchError, OSError) as error:
        with workspace.db.read() as connection:
            is_gone = run is not None and all(other.id != run.id for other in run_store.listed(connection))
        if run is None or (not is_gone and workspace.files.run(run.id).is_dir()):
            raise
        if not is_gone:
            raise RunProblem(
                f"The folder of run {run.name} is gone.", "Put it back, or delete the run: `workbench runs delete`."
            ) from error
        raise RunProblem(
            f"Run {run.name} was deleted by another process while it was read.",
            "`workbench runs list` shows the others.",
        ) from error


children: list[subprocess.Popen[bytes]] = []
"""Processes that this terminal started; those that ended are reaped here."""


def reconcile(workspace: Workspace, look: Callable[[Path], Progress] = progress.of) -> list[Run]:
    """Bring the list up to date with the folders. Returns the runs that changed.

    `look` gives the progress of a folder: a caller that follows runs anyhow need not read their events again.
    """
    for child in [child for child in children if child.poll() is not None]:
        children.remove(child)
    _put_back(workspace.files.runs)
    with workspace.db.read() as connection:
        active = run_store.listed(connection, run_store.ACTIVE)
    _have_wait_again([RunFolder(workspace.files.run(run.id)) for run in reversed(active)])
    return [now for run in active if (now := _reconciled(workspace, run, look)) != run]


def _have_wait_again(folders: Sequence[RunFolder]) -> None:
    """Start what starts the runs that wait for their turn, where it was killed; what fails the next look repeats."""
    left = [f for f in folders if f.queued.exists() and not f.adopted.exists() and not f.at_work()]
    groups: dict[tuple[str, str], list[RunFolder]] = {}
    for folder in left:
        with suppress(OSError):  # its turn has just come
            text = read_regular(folder.queued).decode(errors="replace").strip()
            groups.setdefault((text, launcher.place_of(folder)), []).append(folder)
    for (text, _), waiting in groups.items():
        slots = int(text) if text.isdecimal() and len(text) < 9 else 1
        try:
            begun = launcher.begin(waiting, slots)
        except ConfigProblem:  # the request is damaged
            waiting[0].queued.unlink(missing_ok=True)
        except OSError:  # a full disk
            pass
        else:
            if begun is not None:
                children.append(begun[0])
                for lock in begun[1]:
                    os.close(lock)


def _put_back(runs: Path) -> None:
    """What a process that was killed between two renames left out of its place."""
    replaced = runs / REPLACED
    if replaced.is_dir():
        for folder in replaced.iterdir():
            if (runs / folder.name).exists():
                shutil.rmtree(folder, ignore_errors=True)
            else:
                folder.rename(runs / folder.name)
        with suppress(OSError):
            replaced.rmdir()


def _reconciled(workspace: Workspace, run: Run, look: Callable[[Path], Progress]) -> Run:
    folder = RunFolder(workspace.files.run(run.id))
    working = folder.at_work()  # asked first: what is read after the end of a run has its last event
    events = look(folder.path)
    state = state_of(folder, events)
    if working and state not in run_store.ACTIVE:
        return run  # it ended just now; the next look knows how
    if state is RunState.CRASHED and _is_new(folder, run):
        return run  # prepared a moment ago, and about to be started
    reason = ""
    if state in (RunState.FINISHED, RunState.STOPPED):
        try:
            return collect(workspace, run.id)
        except InputProblem as error:  # what it left is damaged: that must not keep the others from being read
            state, reason = RunState.CRASHED, f"It ended, but what it left cannot be read: {error.message}"
    with workspace.db.write() as connection:
        # Once more, now that no other process writes: it may have been started or resumed in between.
        if folder.at_work():
            state, reason = state_of(folder, events), ""
            if state not in run_store.ACTIVE:
                return run
        now = replace(
            run,
            state=state,
            started=run.started or _moment(events.first_time if events.started else None),
            reason=reason or _reason(folder, state, events),
            ended=None if state in (*run_store.ACTIVE, RunState.PREPARED) else datetime.now(UTC),
        )
        if now != run:
            run_store.change(
                connection, run.id, only_from=run_store.ACTIVE,
                state=now.state, started=now.started, ended=now.ended, reason=now.reason,
            )  # fmt: skip
    return now


def _is_new(folder: RunFolder, run: Run) -> bool:
    never_started = folder.path.is_dir() and not folder.log.exists()
    return never_started and abs(datetime.now(UTC) - run.created) < _START_GRACE


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _reason(folder: RunFolder, state: RunState, events: Progress) -> str:
    if not folder.path.is_dir():
        return "The run's folder is gone."
    if state is RunState.FAILED and events.failed:
        return " ".join(str(events.failed.get(part) or "") for part in ("message", "remedy")).strip()
    if state is RunState.KILLED:
        what = "goes on from the last checkpoint" if events.started else "starts it"
        return f"Ended on request{'' if events.started else ' before it began'}; `resume` {what}."
    if state is RunState.CRASHED:
        last_line = folder.log_tail()
        if not last_line and not events.started:
            return "It was never started; `resume` starts it."
        if _CLUSTER_GONE in last_line:  # Ray ends the process itself
            return "The Ray cluster is gone. Once it is there again, `resume` goes on from the last checkpoint."
        return f"The process ended without a word. {last_line or _ENDED_FROM_OUTSIDE}"
    return ""


def collect(workspace: Workspace, run_id: str) -> Run:
    """Take a finished run's report and suggestions into the workspace: one transaction, safe to repeat.

    Raises:
        RunProblem: the run has not finished.
        InputProblem: its folder is damaged.
    """
    folder = RunFolder(workspace.files.run(run_id))
    events = progress.of(folder.path)
    if not events.finished:
        raise RunProblem(f"Run {run_id} has not finished.", "Wait for it, or stop it.")
    report = folder.read_report()
    if not report:
        raise InputProblem(f"The report of run {run_id} is not there.", "Resume the run.")
    learns_classes = report.get("task") == parquet.CLASSES
    pool = [] if learns_classes else suggestions_file.read(folder.path)
    sync_tree(folder.path, folder.checkpoints)  # what is shown as finished survives a power cut
    with workspace.db.write() as connection:
        if learns_classes:
            _keep_classes(connection, workspace, folder)
        elif not folder.put_aside.exists():
            keep_spans(connection, workspace, folder.path, pool, run_id)
        run_store.change(
            connection,
            run_id,
            state=RunState.STOPPED if events.finished.get("state") == "stopped" else RunState.FINISHED,
            started=_moment(events.first_time),
            ended=_moment(events.last_time),
            f1=events.finished.get("f1"),
            report=report,
            reason="",
        )
        return run_store.get(connection, run_id)


def suggest_again(workspace: Workspace, folder: Path) -> None:
    """Put a run's suggestions for its pool in the place of those that other models made since.

    Raises:
        InputProblem: its folder is damaged.
    """
    pool = suggestions_file.read(folder)
    with workspace.db.write() as connection:
        keep_spans(connection, workspace, folder, pool, folder.name)


def keep_spans(connection: Connection, workspace: Workspace, folder: Path, pool: Sequence[Suggested], run: str) -> None:
    """Store what a model suggests for a folder's pool, under a run's id or a model's name.

    Left out are documents that were labelled or whose words were replaced meanwhile, and fields that are not in use.
    """
    known = {field.id for field in workspace.schema.spans}
    unlabelled = document_list.Filter("unlabelled", ids=tuple(row.document for row in pool))
    still = set(document_list.ids(connection, unlabelled))
    proposals = {
        row.document: [proposal for proposal in row.proposals if proposal[0] in known]
        for row in suggestions_file.of_same_words(connection, folder, [row for row in pool if row.document in still])
    }
    keep_suggestions(connection, run, proposals)


def _keep_classes(connection: Connection, workspace: Workspace, folder: RunFolder) -> None:
    field = workspace.schema.get(Request.read(folder.path).fields[0].id)
    if field is None or field.retired:
        return
    pool = list(parquet.stream_classes(folder.path, "pool"))
    here = _here(connection, document_list.Filter(ids=tuple(case.document for case in pool)), len(pool))
    probabilities = {
        case.document: [(option, share) for option, share in case.probabilities.items() if option in field.options]
        for case in pool
        if here.get(case.document) == (case.name, len(case.words))
    }
    keep_class_suggestions(connection, folder.path.name, field.id, probabilities)


def _here(connection: Connection, chosen: document_list.Filter, most: int) -> dict[int, tuple[str, int]]:
    """(name, words) of documents of this workspace.

    A run from another workspace counts its documents otherwise: only what is surely the same is taken.
    """
    return {d.id: (d.name, d.token_count) for d in document_list.page(connection, chosen, 0, max(1, most))}
