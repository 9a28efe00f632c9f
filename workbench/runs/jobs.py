"""Runs from the terminal's side: prepare, start, follow, stop, resume, delete. No torch.

A run's truth is its folder: the events and the locks say what state it is in. The database keeps what the list
shows, and `reconcile` brings it up to date at every start.
"""

import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from storage import events
from storage import runs as run_store
from storage.exceptions import MissingTool, RunProblem, WorkspaceProblem, remedy_of
from storage.files import write_atomic
from storage.records import Run, RunState
from workbench.runs import launcher, machine, progress, snapshot
from workbench.runs.config import families, run_names, sharding, trackers, uploads
from workbench.runs.config import files as config_files
from workbench.runs.config.request import FieldSpec, Request
from workbench.runs.config.tune import TuneConfig
from workbench.runs.model_folders import check as model_folders
from workbench.runs.reconcile import children, reconcile
from workbench.runs.state import RunFolder, state_of
from workbench.settings import Target
from workbench.workspace import Workspace

DEFAULT_SLOTS = 1
"""How many runs of a workspace work at a time."""


def prepare(
    workspace: Workspace,
    config: TuneConfig,
    *,
    preset: str = "",
    name: str = "",
    parent: str | None = None,
    batch: str | None = None,
    slots: int = DEFAULT_SLOTS,
    later: bool = False,
    on: Target | None = None,
    once: bool = False,
    rival: str = "",
    reads_test: bool = True,
) -> Run:
    """Freeze the data and the configuration into a new run folder and keep the run as queued; `later`: as prepared;
    `on`: for another machine, where `start` then brings it; `once`: where nothing of it stays, also if it is stopped;
    `rival`: to be put aside unless it beats this model; `reads_test`: whether its model reads the test side.

    Raises:
        MissingTool: this machine lacks the device, a tracker, or DeepSpeed.
        InputProblem: the base is a folder that cannot be used.
        ConfigProblem: a file that the configuration names is not there, or its model cannot be uploaded.
        RunProblem: nothing is labelled, or the folder cannot be made.
        UsageProblem: the name is a word that means another model.
    """
    run_names.refuse_word(name)
    check(config, elsewhere=on is not None)
    upload_note = ""
    if config.train.push_to_hub:
        is_alone = on is None and batch is None
        upload_note = uploads.note(config.train, by_itself=is_alone)
        config = config if is_alone else config.kept_here()
    now = datetime.now(UTC)
    run_id, path = _new_folder(workspace, now)
    folder = RunFolder(path)
    try:
        learned = snapshot.learned_fields(workspace.schema, config.model)
        frozen = snapshot.freeze(
            workspace, path, config.train.seed, config.data.max_train_documents,
            pictures=families.spec(config.model.family).picture,
            class_field=learned[0].id if config.model.task == "classes" else None,
        )  # fmt: skip
        request = Request(
            run=run_id,
            name=name,
            fields=[FieldSpec.of(field) for field in learned],
            rules=workspace.settings.postprocess,
            config=config,
            threads=None if slots == 1 else max(1, machine.cores() // (slots * config.train.processes)),
            preset=preset,
            parent=parent or "",
            rival=rival,
            reads_test=reads_test,
            engines=frozen.engines,
            fingerprint=frozen.fingerprint,
        )
        with events.EventWriter(folder.events) as writer:
            for note in (*frozen.notes, *filter(None, [upload_note])):
                writer.write("note", message=note)
        write_atomic(folder.request, request.text())
        if on is not None:
            launcher.send_to(folder, on, once=once)
        if later:
            folder.prepared.touch()
        run = Run(
            run_id,
            name or run_id,
            RunState.PREPARED if later else RunState.QUEUED,
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
        shutil.rmtree(path, ignore_errors=True)
        raise
    return run


def check(config: TuneConfig, *, elsewhere: bool = False) -> None:
    """See that a run of this configuration can begin on this machine; `elsewhere`: but for its device.

    Raises:
        MissingTool: this machine lacks the device, a tracker, DeepSpeed, or a login for the upload.
        InputProblem: the base is a folder that cannot be used.
        ConfigProblem: a file that the configuration names is not there, or its model cannot be uploaded.
    """
    if not elsewhere and config.train.device not in ("auto", "cpu", machine.device()):
        raise MissingTool(f"There is no {config.train.device} device on this machine.", "Set train.device to auto.")
    if not elsewhere and config.train.processes > 1 and config.train.device != "cpu":
        gpus = len(machine.gpus())
        if 0 < gpus < config.train.processes:
            raise MissingTool(
                f"{config.train.processes} processes need a GPU each, and this machine has {gpus}.",
                f"Set train.processes to {gpus}, or train.device to cpu.",
            )
    trackers.check(config.train.report_to)
    if config.train.push_to_hub:
        uploads.check(config.train.hub_model_id, config.model.family)
    sharding.check(config.train, elsewhere=elsewhere)
    model_folders.check_name(config.model.name)


def _new_folder(workspace: Workspace, now: datetime) -> tuple[str, Path]:
    """A folder of our own: two terminals that start a run in the same second get different ones."""
    try:
        workspace.files.runs.mkdir(exist_ok=True)
    except OSError as error:
        raise WorkspaceProblem(f"{workspace.files.runs} cannot be made: {error.strerror}.") from error
    stem = now.astimezone().strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1000):
        run_id = stem if number == 1 else f"{stem}-{number}"
        path = workspace.files.run(run_id)
        try:
            path.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise WorkspaceProblem(
                f"No folder for a new run can be made in {workspace.files.runs}: {error.strerror}.",
                remedy_of(error, "Free some space, or check the permissions."),
            ) from error
        return run_id, path
    raise RunProblem(f"No folder for a new run could be made in {workspace.files.runs}.", "Delete old runs.")


def start(workspace: Workspace, run_id: str, slots: int = DEFAULT_SLOTS, *, tied: bool = False) -> None:
    """Start the run's process in a session of its own; it waits for its turn and outlives this terminal.

    Args:
        workspace: of the run.
        run_id: of a run that was prepared.
        slots: how many runs may work at a time.
        tied: let it end with this process instead.

    Raises:
        RunProblem: the run has a process already, or was imported.
    """
    if not _begin(workspace, [run_id], slots, tied=tied):
        raise RunProblem(f"Run {run_id} is running already.", "Follow it on the runs screen.")


def start_in_turn(workspace: Workspace, run_ids: Sequence[str], slots: int = DEFAULT_SLOTS) -> None:
    """Start several runs: one process waits for them all and starts each when it is its turn.

    Args:
        workspace: of the runs.
        run_ids: of runs that were prepared, all for the same machine. One that has a process is passed over.
        slots: how many runs may work at a time.

    Raises:
        RunProblem: one was imported, or they cannot be started.
    """
    _begin(workspace, run_ids, slots)


def _begin(workspace: Workspace, run_ids: Sequence[str], slots: int, *, tied: bool = False) -> bool:
    """Start the process of runs; False where each has one.

    Raises:
        RunProblem: one was imported, or they cannot be started.
    """
    folders = [_startable(workspace, run) for run in run_ids]
    try:
        begun = launcher.begin(folders, slots, tied=tied)
        if begun is None:
            return False
        child, locks_of_runs = begun
        try:
            with workspace.db.write() as connection:
                for run in run_ids:
                    run_store.change(connection, run, state=RunState.QUEUED, reason="", ended=None)
        finally:
            for lock in locks_of_runs:
                os.close(lock)  # the child has it now
    except OSError as error:
        for folder in folders:
            folder.queued.unlink(missing_ok=True)
        first = run_ids[0]
        raise RunProblem(f"Run {first} cannot be started: {error}.", "Free some space, then resume it.") from error
    children.append(child)
    return True


def _startable(workspace: Workspace, run_id: str) -> RunFolder:
    """The folder of a run that may be started.

    Raises:
        RunProblem: it is gone, or was imported.
    """
    folder = RunFolder(workspace.files.run(run_id))
    if not folder.request.exists():
        raise RunProblem(f"The folder of run {run_id} is gone or damaged.", "Start a new run.")
    if folder.adopted.exists():
        raise RunProblem(
            f"Run {run_id} was imported: its checkpoints are another machine's pickles, which are not loaded.",
            f"Go on from its model with `workbench tune --from {run_id}`, or train it anew with "
            f"`workbench runs clone {run_id}`.",
        )
    return folder


def stop(workspace: Workspace, run_id: str) -> None:
    """Ask the run to end well: save, evaluate, finish. It does so at its next step; one that waits is withdrawn."""
    folder = _at_work(workspace, run_id)
    folder.pause.unlink(missing_ok=True)
    if not folder.withdraw():
        folder.stop.touch()


def pause(workspace: Workspace, run_id: str) -> None:
    """Let the run rest after its current step, keeping its memory."""
    _at_work(workspace, run_id).pause.touch()


def unpause(workspace: Workspace, run_id: str) -> None:
    _at_work(workspace, run_id).pause.unlink(missing_ok=True)


def kill(workspace: Workspace, run_id: str) -> None:
    """End the run's process at once. At most the work since the last checkpoint is lost."""
    folder = _at_work(workspace, run_id)
    if folder.target.exists() and not (folder.killed.exists() or folder.queued.exists()):
        folder.killed.touch()  # its courier ends it there; asked once more, the courier itself is ended
        return
    if not folder.kill():
        raise RunProblem(f"Run {run_id} is just being started.", "Try again in a moment.")


def _at_work(workspace: Workspace, run_id: str) -> RunFolder:
    folder = RunFolder(workspace.files.run(run_id))
    if not (folder.at_work() or folder.queued.exists()):
        raise RunProblem(f"Run {run_id} is not running.", "Resume it first, or look at its log.")
    return folder


def resume(workspace: Workspace, run_id: str, slots: int = DEFAULT_SLOTS) -> None:
    """Go on from the last complete checkpoint of a run that was stopped, killed or crashed.

    Raises:
        RunProblem: it finished by itself, or is running.
    """
    folder = RunFolder(workspace.files.run(run_id))
    state = state_of(folder, progress.of(folder.path))
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


def grid(
    workspace: Workspace,
    configs: Mapping[str, TuneConfig],
    preset: str = "",
    group: str = "",
    slots: int = DEFAULT_SLOTS,
    on: Target | None = None,
) -> list[Run]:
    """One run for each named configuration, kept together as a group.

    Args:
        workspace: where they are made.
        configs: name -> configuration.
        preset: that they began as.
        group: its name, which its runs' names begin with; "": named after the time.
        slots: how many of them will work at a time.
        on: another machine that they are for.

    Raises:
        RunProblem: there is a group of this name.
        UsageProblem: the name is a word that means a model.
    """
    run_names.refuse_word(group)
    if group:
        with workspace.db.read() as connection:
            if any(run.batch == group for run in run_store.listed(connection)):
                raise RunProblem(f"There is a group of runs called {group!r} already.", "Choose another --name.")
    batch = group or datetime.now(UTC).astimezone().strftime("grid-%Y%m%d-%H%M%S-%f")
    return [
        prepare(workspace, config, preset=preset, name=f"{group} {name}".strip(), batch=batch, slots=slots, on=on)
        for name, config in configs.items()
    ]


def wait(
    workspace: Workspace,
    run_id: str,
    tick: Callable[[progress.Progress], None] | None = None,
    seconds: float = 0.2,
) -> Run:
    """Follow a run to its end, whatever the end is, and collect it. `tick` is called when there are new events."""
    folder = RunFolder(workspace.files.run(run_id))
    follower = progress.Follower(folder.path)
    between = threading.Event()
    while True:
        working = folder.at_work()  # asked before the last look, so that no last event is missed
        if follower.poll() and tick is not None:
            tick(follower.progress)
        if not working:
            reconcile(workspace)
            if not folder.queued.exists():  # else it waits again
                with workspace.db.read() as connection:
                    return run_store.get(connection, run_id)
        between.wait(seconds)


def delete(workspace: Workspace, run_id: str) -> None:
    """Forget a run and delete its folder.

    Raises:
        RunProblem: it is at work, or pinned; or it is forgotten, but something of its folder cannot be deleted.
    """
    with workspace.db.read() as connection:
        run = run_store.get(connection, run_id)
    folder = RunFolder(workspace.files.run(run.id))
    if folder.at_work():
        raise RunProblem(f"Run {run.name} is running.", "Stop it first.")
    if run.pinned:
        raise RunProblem(f"Run {run.name} is pinned.", "Unpin it first.")
    with workspace.db.write() as connection:
        run_store.remove(connection, run.id)
    shutil.rmtree(folder.path, ignore_errors=True)  # as much of it as can be
    if os.path.lexists(folder.path):
        try:
            shutil.rmtree(folder.path)
        except FileNotFoundError:  # another process deletes it, too
            pass
        except OSError as error:
            raise RunProblem(
                f"Run {run.name} is forgotten, but its folder cannot be deleted: {error}.",
                f"Delete the rest of it by hand: {folder.path}",
            ) from error
