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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage import annotations, documents, events, locks
from storage import runs as run_store
from storage.exceptions import RunProblem
from storage.files import write_atomic
from storage.records import Run, RunState
from workbench import config as tune_config
from workbench import freezing, progress
from workbench.config import FieldSpec, Request, TuneConfig
from workbench.workspace import Workspace

DEFAULT_SLOTS = 1
"""How many runs of a workspace work at a time."""

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
        frozen = freezing.freeze(workspace, folder, config.train.seed, config.data.max_train_documents)
        request = Request(
            run=run_id,
            fields=[FieldSpec(id=f.id, name=f.name, type=f.type.value) for f in workspace.schema.active],
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
    workspace.files.runs.mkdir(exist_ok=True)
    stem = now.astimezone().strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1000):
        run_id = stem if number == 1 else f"{stem}-{number}"
        try:
            (workspace.files.runs / run_id).mkdir()
        except FileExistsError:
            continue
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
    if locks.held(folder / "lock") or locks.held(folder / "waiting"):
        raise RunProblem(f"Run {run_id} is at work already.", "Follow it on the runs screen.")
    for name in ("stop", "pause"):
        (folder / name).unlink(missing_ok=True)
    threads = str(Request.read(folder).threads or 1)
    # passive waiting: two processes that spin for the same cores slow each other 4 to 10 times
    environment = {
        **os.environ,
        "OMP_WAIT_POLICY": "PASSIVE",
        "OMP_NUM_THREADS": threads,
        "TOKENIZERS_PARALLELISM": "false",
    }
    with (folder / "stderr.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "workbench.launcher", str(folder), str(slots)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    _children.append(child)
    with workspace.db.write() as connection:
        run_store.change(connection, run_id, state=RunState.QUEUED, reason="", ended=None)


def state_of(folder: Path, seen: progress.Progress | None = None) -> RunState:
    """What the folder says: its last events, and which locks a living process holds."""
    seen = seen or progress.of(folder)
    if seen.finished:
        return RunState.STOPPED if seen.finished.get("state") == "stopped" else RunState.FINISHED
    if locks.held(folder / "lock"):
        return RunState.PAUSED if seen.paused else RunState.RUNNING
    if locks.held(folder / "waiting"):
        return RunState.QUEUED
    if seen.failed:
        return RunState.FAILED
    return RunState.KILLED if (folder / "killed").exists() else RunState.CRASHED


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
    (folder / "killed").touch()
    if pid is not None:
        with suppress(ProcessLookupError):  # it ended by itself in between
            # the whole session: a tokenizer's or a loader's processes go with it
            os.killpg(pid, signal.SIGKILL) if hasattr(os, "killpg") else os.kill(pid, signal.SIGTERM)


def _alive(workspace: Workspace, run_id: str) -> Path:
    folder = folder_of(workspace, run_id)
    if not (locks.held(folder / "lock") or locks.held(folder / "waiting")):
        raise RunProblem(f"Run {run_id} is not at work.", "Resume it first, or look at its log.")
    return folder


def resume(workspace: Workspace, run_id: str, slots: int = DEFAULT_SLOTS) -> None:
    """Go on from the last complete checkpoint of a run that was stopped, killed or crashed.

    Raises:
        RunProblem: it finished by itself, or is at work.
    """
    folder = folder_of(workspace, run_id)
    if state_of(folder) is RunState.FINISHED:
        raise RunProblem(f"Run {run_id} finished; there is nothing to resume.", "Clone it with changes instead.")
    (folder / "killed").unlink(missing_ok=True)
    start(workspace, run_id, slots)


def clone(workspace: Workspace, run_id: str, sets: Sequence[str] = (), name: str = "") -> Run:
    """A new run on today's labels with the configuration of another one, changed by `section.key=value` settings."""
    with workspace.db.read() as connection:
        old = run_store.get(connection, run_id)
    changed = tune_config.apply_sets(tune_config.from_dict(old.config), sets)
    return prepare(workspace, changed, preset=old.preset, name=name, parent=old.id)


def grid(
    workspace: Workspace, config: TuneConfig, variants: Mapping[str, Sequence[str]], preset: str = ""
) -> list[Run]:
    """One run for each named list of settings, kept together as a group."""
    changed = {name: tune_config.apply_sets(config, sets) for name, sets in variants.items()}  # all or none
    group = datetime.now(UTC).astimezone().strftime("grid-%Y%m%d-%H%M%S")
    return [prepare(workspace, one, preset=preset, name=name, batch=group) for name, one in changed.items()]


def reconcile(workspace: Workspace) -> list[Run]:
    """Bring the list up to date with the folders: collect what finished, note what crashed. Returns what changed."""
    for child in [c for c in _children if c.poll() is not None]:
        _children.remove(child)
    with workspace.db.read() as connection:
        active = run_store.listed(connection, run_store.ACTIVE)
    changed = []
    for run in active:
        folder = folder_of(workspace, run.id)
        if not folder.is_dir():
            now = replace(run, state=RunState.CRASHED, reason="The run's folder is gone.")
        else:
            seen = progress.of(folder)
            state = state_of(folder, seen)
            if state in (RunState.FINISHED, RunState.STOPPED):
                changed.append(collect(workspace, run.id))
                continue
            started = datetime.fromtimestamp(seen.first_time, UTC) if seen.started and seen.first_time else None
            now = replace(run, state=state, started=run.started or started, reason=_reason(folder, state, seen))
        if now != run:
            ended = now.state not in run_store.ACTIVE
            now = replace(now, ended=datetime.now(UTC) if ended else None)
            with workspace.db.write() as connection:
                run_store.change(
                    connection,
                    run.id,
                    only_from=run_store.ACTIVE,
                    state=now.state,
                    started=now.started,
                    ended=now.ended,
                    reason=now.reason,
                )
            changed.append(now)
    return changed


def _reason(folder: Path, state: RunState, seen: progress.Progress) -> str:
    if state is RunState.FAILED and seen.failed:
        return " ".join(str(seen.failed.get(part) or "") for part in ("message", "remedy")).strip()
    if state is RunState.KILLED:
        return "Ended at once on request; `resume` goes on from the last checkpoint."
    if state is RunState.CRASHED:
        return f"The process ended without a word. {last_words(folder)}".strip()
    return ""


def last_words(folder: Path) -> str:
    """The end of stderr.log as a person would want it: the last error's line, or that it was killed from outside."""
    try:
        lines = [line.strip() for line in (folder / "stderr.log").read_text(errors="replace").splitlines()]
    except OSError:
        return ""
    told = [line for line in lines[-200:] if line and not line.startswith(("File ", "Traceback", "^", "~"))]
    errors = [line for line in told if "Error" in line or "Killed" in line or "error:" in line]
    if errors:
        return errors[-1][:300]
    return "Something from outside ended it (often: too little memory)." if not told else told[-1][:300]


def collect(workspace: Workspace, run_id: str) -> Run:
    """Take a finished run's report and suggestions into the workspace: one transaction, safe to repeat.

    Raises:
        RunProblem: the run has not finished, or its folder is damaged.
    """
    folder = folder_of(workspace, run_id)
    seen = progress.of(folder)
    if not seen.finished:
        raise RunProblem(f"Run {run_id} has not finished.", "Wait for it, or stop it.")
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunProblem(f"The report of run {run_id} cannot be read: {error}.", "Evaluate the run again.") from error
    from workbench.suggesting import suggestions_of_run

    proposals = suggestions_of_run(folder)
    with workspace.db.write() as connection:
        wanted = set(documents.ids(connection, documents.Filter("unlabelled", ids=tuple(proposals))))
        annotations.suggest(connection, run_id, {k: v for k, v in proposals.items() if k in wanted})
        run_store.change(
            connection,
            run_id,
            state=state_of(folder, seen),
            started=datetime.fromtimestamp(seen.first_time or 0.0, UTC),
            ended=datetime.fromtimestamp(seen.last_time or 0.0, UTC),
            f1=seen.finished.get("f1"),
            report=report,
            reason="",
        )
        return run_store.get(connection, run_id)


def wait(workspace: Workspace, run_id: str, tick: Any = None, seconds: float = 0.2) -> Run:
    """Follow a run to its end, whatever the end is, and collect it. `tick(progress)` is called when there is news."""
    folder = folder_of(workspace, run_id)
    follower = progress.Follower(folder)
    pause_between = threading.Event()
    idle = 0
    while True:
        if follower.poll() and tick is not None:
            tick(follower.progress)
        at_work = locks.held(folder / "lock") or locks.held(folder / "waiting")
        # a moment of grace: the new process needs some time to take its lock
        idle = 0 if at_work else idle + 1
        if follower.progress.finished or (idle and (follower.progress.failed or idle * seconds > 15 or _gone(run_id))):
            break
        pause_between.wait(seconds)
    reconcile(workspace)
    with workspace.db.read() as connection:
        return run_store.get(connection, run_id)


def _gone(run_id: str) -> bool:
    mine = [child for child in _children if str(child.args).find(run_id) >= 0]
    return bool(mine) and all(child.poll() is not None for child in mine)


def delete(workspace: Workspace, run_id: str) -> None:
    """Forget a run and delete its folder.

    Raises:
        RunProblem: it is at work, or pinned.
    """
    with workspace.db.read() as connection:
        run = run_store.get(connection, run_id)
    folder = folder_of(workspace, run.id)
    if locks.held(folder / "lock") or locks.held(folder / "waiting"):
        raise RunProblem(f"Run {run.name} is at work.", "Stop it first.")
    if run.pinned:
        raise RunProblem(f"Run {run.name} is pinned.", "Unpin it first.")
    with workspace.db.write() as connection:
        run_store.remove(connection, run.id)
    shutil.rmtree(folder, ignore_errors=True)


def adopt(workspace: Workspace, source: Path) -> Run:
    """Take a run folder from another machine into this workspace.

    Raises:
        RunProblem: the folder is no run, or a run of this id is here already.
    """
    request = Request.read(source)
    target = folder_of(workspace, request.run)
    if target.exists() and target.resolve() != source.resolve():
        raise RunProblem(f"There is a run {request.run} here already.", "Delete or rename it first.")
    if not target.exists():
        shutil.copytree(source, target)
    run = Run(
        request.run,
        request.run,
        RunState.QUEUED,
        request.config.model.family,
        request.preset,
        request.config.model_dump(mode="json"),
        datetime.fromtimestamp(progress.of(target).first_time or 0.0, UTC),
    )
    with workspace.db.write() as connection:
        run_store.add(connection, run)
    reconcile(workspace)
    with workspace.db.read() as connection:
        return run_store.get(connection, run.id)
