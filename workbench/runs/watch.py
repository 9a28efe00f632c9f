"""Following a workspace's runs: what is at work, how far it is, and what has just ended."""

from dataclasses import dataclass
from pathlib import Path

from storage import runs as run_store
from storage.records import Run, RunState
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
        seen, run = self.progress, self.run
        if run.state is RunState.QUEUED:
            return f"{run.name} is queued"
        if run.state is RunState.PAUSED:
            return f"{run.name} paused at step {seen.step}"
        if seen.predicting:
            return f"{run.name}: predicting {seen.predicting[0]}/{seen.predicting[1]}"
        if not seen.total_steps:
            return f"{run.name} is being prepared"
        epochs = run.config.get("train", {}).get("num_train_epochs")
        parts = [f"epoch {seen.epoch:.1f}/{epochs:g}" if epochs else f"step {seen.step}/{seen.total_steps}"]
        f1 = next((e.validation["f1"] for e in reversed(seen.evaluations) if e.validation.get("f1") is not None), None)
        if f1 is not None:
            parts.append(f"F1 {f1:.2f}")
        if seen.seconds_left is not None:
            parts.append(f"{duration(seen.seconds_left)} left")
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class RunUpdate:
    """What a look brought."""

    active: tuple[ActiveRun, ...] = ()  # the oldest first: that one is at work
    changed: tuple[Run, ...] = ()  # runs that began, ended or were collected since the last look
    moved: bool = False  # whether any run has new events

    @property
    def ended(self) -> tuple[Run, ...]:
        """Runs that came to an end."""
        return tuple(run for run in self.changed if run.state not in run_store.ACTIVE)

    @property
    def line(self) -> str:
        """For the status line: the run at work, and how many wait; "" when nothing goes on."""
        if not self.active:
            return ""
        working = [one for one in self.active if one.run.state is not RunState.QUEUED] or list(self.active[:1])
        more = len(self.active) - 1
        return f"{working[0].line}{f' (+{more})' if more else ''}"


class RunWatcher:
    """Looks after the runs of a workspace; one for each terminal. Not for several threads at once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._followers: dict[Path, Follower] = {}

    def look(self) -> RunUpdate:
        """Take in new events, collect what finished, note what crashed."""
        from workbench.runs import jobs  # brings the configuration's machinery; the first paint does not wait for it

        polled: set[Path] = set()
        moved = False

        def progress(folder: Path) -> Progress:
            nonlocal moved
            follower = self._followers.setdefault(folder, Follower(folder))
            if folder not in polled:
                polled.add(folder)
                moved |= follower.poll()
            return follower.progress

        changed = jobs.reconcile(self._workspace, progress)
        with self._workspace.db.read() as connection:
            active = run_store.listed(connection, run_store.ACTIVE)
        seen = tuple(ActiveRun(run, progress(jobs.folder_of(self._workspace, run.id))) for run in reversed(active))
        for folder in self._followers.keys() - polled:
            del self._followers[folder]
        return RunUpdate(seen, tuple(changed), moved)


def cost(seen: Progress) -> str:
    """What a run has taken of a machine: hours of cores or of GPUs; "" before it has taken any."""
    taken = ((seen.gpu_seconds, "GPU-h"), (seen.core_seconds, "core-h"))
    return " + ".join(f"{_hours(seconds)} {unit}" for seconds, unit in taken if seconds)


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    return "<0.01" if hours < 0.01 else f"{hours:.2f}" if hours < 10 else f"{hours:,.0f}"


def duration(seconds: float) -> str:
    """A time as people say it: 40 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{max(0.0, seconds):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02} min"
