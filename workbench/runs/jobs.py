"""Runs from the terminal's side: prepare, start, follow, stop, resume, collect, reconcile. No torch.

A run's truth is its folder: the events and the locks say what state it is in. The database keeps what the list
shows, and `reconcile` brings it up to date at every start.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from storage import document_list, events, locks
from storage import runs as run_store
from storage.exceptions import InputProblem, RunProblem, WorkspaceProblem
from storage.files import write_atomic
from storage.records import Run, RunState
from storage.suggestions import keep_suggestions
from workbench.predictions import suggestions
from workbench.runs import machine, progress, snapshot
from workbench.runs.config import families
from workbench.runs.config import files as config_files
from workbench.runs.config.files import FieldSpec, Request, TuneConfig
from workbench.workspace import Workspace

DEFAULT_SLOTS = 1
"""How many runs of a workspace work at a time."""

_BETWEEN = timedelta(seconds=10)
"""From a run's being prepared to its start: until then nobody who looks takes it for a dead one."""

_children: list[subprocess.Popen[bytes]] = []


def folder_of(workspace: Workspace, run_id: str) -> Path:
    """The folder of a run."""
    return workspace.files.runs / run_id


def prepare(
    workspace: Workspace,
    config: TuneConfig,
    *,
    preset: str = "",
    name: str = "",
    parent: str | None = None,
    batch: str | None = None,
    slots: int = DEFAULT_SLOTS,
) -> Run:
    """Freeze the data and the configuration into a new run folder and keep the run as queued.

    Raises:
        RunProblem: nothing is labelled, or the folder cannot be made.
    """
    now = datetime.now(UTC)
    run_id, folder = _new_folder(workspace, now)
    try:
        frozen = snapshot.freeze(
            workspace, folder, config.train.seed, config.data.max_train_documents,
            pictures=families.spec(config.model.family).picture,
        )  # fmt: skip
        request = Request(
            run=run_id,
            fields=[FieldSpec.of(field) for field in workspace.schema.active],
            rules=workspace.settings.postprocess,
            config=config,
            threads=max(1, (os.cpu_count() or 2) // slots - (1 if slots == 1 else 0)),
            preset=preset,
            parent=parent or "",
            engines=frozen.engines,
            fingerprint=frozen.fingerprint,
        )
        writer = events.EventWriter(folder / "events.jsonl")
        for note in frozen.notes:
            writer.write("note", message=note)
        writer.close()
        write_atomic(folder / "request.yaml", request.text())
        run = Run(
            run_id,
            name or run_id,
            RunState.QUEUED,
            config.model.family,
            preset,
            config.model_dump(mode="json"),
            now,
            parent=parent,
            batch=batch,
        )
        with workspace.db.write() as connection:
            run_store.add(connection, run)
    except BaseException:  # whatever happens, no half-made run is left behind
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return run


def _new_folder(workspace: Workspace, now: datetime) -> tuple[str, Path]:
    """A folder of our own: two terminals that start a run in the same second get different ones."""
    try:
        workspace.files.runs.mkdir(exist_ok=True)
    except OSError as error:
        raise WorkspaceProblem(f"{workspace.files.runs} cannot be made: {error.strerror}.") from error
    stem = now.astimezone().strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1000):
        run_id = stem if number == 1 else f"{stem}-{number}"
        try:
            (workspace.files.runs / run_id).mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise WorkspaceProblem(
                f"No folder for a new run can be made in {workspace.files.runs}: {error.strerror}.",
                "Free some space, or check the permissions.",
            ) from error
        return run_id, workspace.files.runs / run_id
    raise RunProblem(f"No folder for a new run could be made in {workspace.files.runs}.", "Delete old runs.")


def start(workspace: Workspace, run_id: str, slots: int = DEFAULT_SLOTS) -> None:
    """Start the run's process in a session of its own; it waits for its turn and outlives this terminal.

    Raises:
        RunProblem: the run has a process already.
    """
    folder = folder_of(workspace, run_id)
    if not (folder / "request.yaml").exists():
        raise RunProblem(f"The folder of run {run_id} is gone or damaged.", "Start a new run.")
    threads = Request.read(folder).threads or 1
    # Taken here and handed down: of two terminals that start the same run one gets it, and nobody who looks in
    # between takes the run for a dead one.
    waiting = None if locks.held(folder / "lock") else locks.acquire(folder / "waiting", inheritable=True, named=False)
    if waiting is None:
        raise RunProblem(f"Run {run_id} is at work already.", "Follow it on the runs screen.")
    try:
        for name in ("stop", "pause", "killed"):
            (folder / name).unlink(missing_ok=True)
        # whatever ended the run before does not end it any more, also when it is killed before its first word
        with events.EventWriter(folder / "events.jsonl") as writer:
            writer.write("queued")
        with (folder / "stderr.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", "workbench.runs.launcher", str(folder), str(slots)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env=machine.worker_environment(threads),
                start_new_session=True,
                pass_fds=(waiting,),
            )
        os.write(waiting, f"{child.pid}\n".encode())
        with workspace.db.write() as connection:
            run_store.change(connection, run_id, state=RunState.QUEUED, reason="", ended=None)
    except OSError as error:
        raise RunProblem(f"Run {run_id} cannot be started: {error}.", "Free some space, then resume it.") from error
    finally:
        os.close(waiting)  # the child has it now
    _children.append(child)


def at_work(folder: Path) -> bool:
    """Whether a living process has the run: one that waits for its turn, or the worker."""
    return locks.held(folder / "waiting") or locks.held(folder / "lock")


def state_of(folder: Path, seen: progress.Progress | None = None) -> RunState:
    """What the folder says: which locks a living process holds, and how the last process ended."""
    seen = seen or progress.of(folder)
    if locks.held(folder / "lock"):
        return RunState.PAUSED if seen.paused else RunState.RUNNING
    if locks.held(folder / "waiting"):  # also by a worker that has ended, until its process is gone
        return RunState.RUNNING if seen.finished or seen.failed else RunState.QUEUED
    if seen.finished:
        return RunState.STOPPED if seen.finished.get("state") == "stopped" else RunState.FINISHED
    if (folder / "killed").exists():
        return RunState.KILLED
    return RunState.FAILED if seen.failed else RunState.CRASHED


def stop(workspace: Workspace, run_id: str) -> None:
    """Ask the run to end well: save, evaluate, finish. It does so at its next step."""
    folder = _alive(workspace, run_id)
    (folder / "pause").unlink(missing_ok=True)
    (folder / "stop").touch()


def pause(workspace: Workspace, run_id: str) -> None:
    """Let the run rest after its current step, keeping its memory."""
    (_alive(workspace, run_id) / "pause").touch()


def unpause(workspace: Workspace, run_id: str) -> None:
    """Let a paused run go on."""
    (_alive(workspace, run_id) / "pause").unlink(missing_ok=True)


def kill(workspace: Workspace, run_id: str) -> None:
    """End the run's process at once. At most the work since the last checkpoint is lost."""
    folder = _alive(workspace, run_id)
    pid = locks.holder(folder / "lock") if locks.held(folder / "lock") else locks.holder(folder / "waiting")
    if pid is None:
        raise RunProblem(f"Run {run_id} is just being started.", "Try again in a moment.")
    (folder / "killed").touch()
    with suppress(ProcessLookupError):  # it ended by itself in between
        if os.getpgid(pid) == pid:  # the whole session: a tokenizer's or a loader's processes go with it
            os.killpg(pid, signal.SIGKILL)
        else:  # started by hand, in somebody else's group
            os.kill(pid, signal.SIGKILL)


def _alive(workspace: Workspace, run_id: str) -> Path:
    folder = folder_of(workspace, run_id)
    if not at_work(folder):
        raise RunProblem(f"Run {run_id} is not at work.", "Resume it first, or look at its log.")
    return folder


def resume(workspace: Workspace, run_id: str, slots: int = DEFAULT_SLOTS) -> None:
    """Go on from the last complete checkpoint of a run that was stopped, killed or crashed.

    Raises:
        RunProblem: it finished by itself, or is at work.
    """
    folder = folder_of(workspace, run_id)
    state = state_of(folder)
    if state is RunState.PAUSED:
        unpause(workspace, run_id)
        return
    if state is RunState.FINISHED:
        raise RunProblem(f"Run {run_id} finished; there is nothing to resume.", "Clone it with changes instead.")
    start(workspace, run_id, slots)


def clone(workspace: Workspace, run_id: str, sets: Sequence[str] = (), name: str = "") -> Run:
    """A new run on today's labels with the configuration of another one, changed by `section.key=value` settings."""
    with workspace.db.read() as connection:
        old = run_store.get(connection, run_id)
    changed = config_files.apply_sets(config_files.from_dict(old.config), sets)
    return prepare(workspace, changed, preset=old.preset, name=name, parent=old.id)


def grid(workspace: Workspace, configs: Mapping[str, TuneConfig], preset: str = "") -> list[Run]:
    """One run for each named configuration, kept together as a group."""
    group = datetime.now(UTC).astimezone().strftime("grid-%Y%m%d-%H%M%S-%f")
    return [prepare(workspace, config, preset=preset, name=name, batch=group) for name, config in configs.items()]


def reconcile(workspace: Workspace, look: Callable[[Path], progress.Progress] = progress.of) -> list[Run]:
    """Bring the list up to date with the folders: collect what finished, note what crashed. Returns what changed.

    `look` gives the progress of a folder: who follows runs anyhow need not read their events again.
    """
    for child in [c for c in _children if c.poll() is not None]:
        _children.remove(child)
    with workspace.db.read() as connection:
        active = run_store.listed(connection, run_store.ACTIVE)
    return [now for run in active if (now := _reconciled(workspace, run, look)) != run]


def _reconciled(workspace: Workspace, run: Run, look: Callable[[Path], progress.Progress]) -> Run:
    folder = folder_of(workspace, run.id)
    working = at_work(folder)  # asked first: what is read after the end of a run has its last event
    seen = look(folder)
    state = state_of(folder, seen)
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
        # Once more, now that nobody else writes: it may have been started or resumed in between.
        if at_work(folder):
            state, reason = state_of(folder, seen), ""
            if state not in run_store.ACTIVE:
                return run
        now = replace(
            run,
            state=state,
            started=run.started or _moment(seen.first_time if seen.started else None),
            reason=reason or _reason(folder, state, seen),
            ended=None if state in run_store.ACTIVE else datetime.now(UTC),
        )
        if now != run:
            run_store.change(
                connection, run.id, only_from=run_store.ACTIVE,
                state=now.state, started=now.started, ended=now.ended, reason=now.reason,
            )  # fmt: skip
    return now


def _is_new(folder: Path, run: Run) -> bool:
    never_started = folder.is_dir() and not (folder / "stderr.log").exists()
    return never_started and abs(datetime.now(UTC) - run.created) < _BETWEEN


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _reason(folder: Path, state: RunState, seen: progress.Progress) -> str:
    if not folder.is_dir():
        return "The run's folder is gone."
    if state is RunState.FAILED and seen.failed:
        return " ".join(str(seen.failed.get(part) or "") for part in ("message", "remedy")).strip()
    if state is RunState.KILLED:
        what = "goes on from the last checkpoint" if seen.started else "starts it"
        return f"Ended on request{'' if seen.started else ' before it began'}; `resume` {what}."
    if state is RunState.CRASHED:
        said = last_words(folder)
        if not said and not seen.started:
            return "It was never started; `resume` starts it."
        return f"The process ended without a word. {said or _FROM_OUTSIDE}"
    return ""


_FROM_OUTSIDE = "Something from outside ended it (often: too little memory); `resume` goes on from the last checkpoint."


def last_words(folder: Path) -> str:
    """The end of stderr.log as a person would want it: the last error's line, else the last line."""
    try:
        lines = [line.strip() for line in (folder / "stderr.log").read_text(errors="replace").splitlines()]
    except OSError:
        return ""
    told = [line for line in lines[-200:] if line and not line.startswith(("File ", "Traceback", "^", "~"))]
    errors = [line for line in told if "Error" in line or "Killed" in line or "error:" in line]
    return (errors or told or [""])[-1][:300]


def collect(workspace: Workspace, run_id: str) -> Run:
    """Take a finished run's report and suggestions into the workspace: one transaction, safe to repeat.

    Raises:
        RunProblem: the run has not finished.
        InputProblem: its folder is damaged.
    """
    folder = folder_of(workspace, run_id)
    seen = progress.of(folder)
    if not seen.finished:
        raise RunProblem(f"Run {run_id} has not finished.", "Wait for it, or stop it.")
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputProblem(f"The report of run {run_id} cannot be read: {error}.", "Resume the run.") from error
    pool = suggestions.read(folder, workspace.settings)
    known = {field.id for field in workspace.schema.active}
    with workspace.db.write() as connection:
        listed = document_list.Filter("unlabelled", ids=tuple(found.document for found in pool))
        here = {d.id: (d.name, d.token_count) for d in document_list.page(connection, listed, 0, max(1, len(pool)))}
        # A run from another workspace counts its documents otherwise: only what is surely the same is taken.
        proposals = {
            found.document: [proposal for proposal in found.proposals if proposal[0] in known]
            for found in pool
            if here.get(found.document) == (found.name, found.words)
        }
        keep_suggestions(connection, run_id, proposals)
        run_store.change(
            connection,
            run_id,
            state=RunState.STOPPED if seen.finished.get("state") == "stopped" else RunState.FINISHED,
            started=_moment(seen.first_time),
            ended=_moment(seen.last_time),
            f1=seen.finished.get("f1"),
            report=report,
            reason="",
        )
        return run_store.get(connection, run_id)


def wait(workspace: Workspace, run_id: str, tick: Any = None, seconds: float = 0.2) -> Run:
    """Follow a run to its end, whatever the end is, and collect it. `tick(progress)` is called when there is news."""
    folder = folder_of(workspace, run_id)
    follower = progress.Follower(folder)
    between = threading.Event()
    working = True
    while working:
        working = at_work(folder)  # asked before the last look, so that no last event is missed
        if follower.poll() and tick is not None:
            tick(follower.progress)
        if working:
            between.wait(seconds)
    reconcile(workspace)
    with workspace.db.read() as connection:
        return run_store.get(connection, run_id)


def delete(workspace: Workspace, run_id: str) -> None:
    """Forget a run and delete its folder.

    Raises:
        RunProblem: it is at work, or pinned.
    """
    with workspace.db.read() as connection:
        run = run_store.get(connection, run_id)
    folder = folder_of(workspace, run.id)
    if at_work(folder):
        raise RunProblem(f"Run {run.name} is at work.", "Stop it first.")
    if run.pinned:
        raise RunProblem(f"Run {run.name} is pinned.", "Unpin it first.")
    with workspace.db.write() as connection:
        run_store.remove(connection, run.id)
    shutil.rmtree(folder, ignore_errors=True)
