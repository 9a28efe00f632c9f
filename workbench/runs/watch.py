"""Following a workspace's runs: what is at work, how far it is, and what has just ended."""

from dataclasses import dataclass
from pathlib import Path

from storage import runs as run_store
from storage.records import Run, RunState
from workbench.runs.cost import duration
from workbench.runs.progress import Follower, Progress
from workbench.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run that is queued, at work or paused."""

    run: Run
    progress: Progress

    @property
    def line(self) -> str:
        """How far it is, in a few words."""
        progress, run = self.progress, self.run
        if run.state is RunState.QUEUED:
            return f"{run.name} is queued"
        if run.state is RunState.PAUSED:
            return f"{run.name} paused at step {progress.step}"
        if progress.predicting:
            return f"{run.name}: predicting {progress.predicting[0]}/{progress.predicting[1]}"
        if not progress.total_steps:
            return f"{run.name} is being prepared"
        epochs = run.config.get("train", {}).get("num_train_epochs")
        parts = [f"epoch {progress.epoch:.1f}/{epochs:g}" if epochs else f"step {progress.step}/{progress.total_steps}"]
        measured = (e.validation["f1"] for e in reversed(progress.evaluations) if e.validation.get("f1") is not None)
        if (f1 := next(measured, None)) is not None:
            parts.append(f"F1 {f1:.2f}")
        if progress.seconds_left is not None:
            parts.append(f"{duration(progress.seconds_left)} left")
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class RunUpdate:
    """What changed since the last poll."""

    active: tuple[ActiveRun, ...] = ()  # the oldest first: that one is at work
    changed: tuple[Run, ...] = ()  # runs that began, ended or were collected since the last poll
    moved: bool = False  # whether any run has new events

    @property
    def ended(self) -> tuple[Run, ...]:
        """Runs that came to an end."""
        return tuple(run for run in self.changed if run.state not in run_store.ACTIVE)

    @property
    def line(self) -> str:
        """For the status line: the run at work, and how many wait; "" when no run is active."""
        if not self.active:
            return ""
        working = [active for active in self.active if active.run.state is not RunState.QUEUED] or self.active[:1]
        more = len(self.active) - 1
        return f"{working[0].line}{f' (+{more})' if more else ''}"


class RunWatcher:
    """Looks after the runs of a workspace; one for each terminal. Not for several threads at once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._followers: dict[Path, Follower] = {}

    def poll(self) -> RunUpdate:
        """Take in new events, collect what finished, note what crashed."""
        from workbench.runs.reconcile import reconcile  # the first paint does not wait for it

        polled: set[Path] = set()
        moved = False

        def progress(folder: Path) -> Progress:
            nonlocal moved
            follower = self._followers.setdefault(folder, Follower(folder))
            if folder not in polled:
                polled.add(folder)
                moved |= follower.poll()
            return follower.progress

        changed = reconcile(self._workspace, progress)
        with self._workspace.db.read() as connection:
            runs = run_store.listed(connection, run_store.ACTIVE)
        active = tuple(ActiveRun(run, progress(self._workspace.files.run(run.id))) for run in reversed(runs))
        for folder in self._followers.keys() - polled:
            del self._followers[folder]
        return RunUpdate(active, tuple(changed), moved)
