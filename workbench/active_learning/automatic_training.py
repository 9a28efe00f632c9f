"""Runs that begin by themselves: after so many accepted documents, where `train_after` asks for it."""

import os
from dataclasses import dataclass

from storage import label_queries, locks, runs
from storage.exceptions import Busy, UsageProblem
from storage.records import Run
from workbench.active_learning import loop_task, retraining
from workbench.evaluation import prediction_process
from workbench.fields.plain_text import counted
from workbench.workspace import Workspace

LOCK = ".automatic"
"""Beside the runs: held by the terminal that begins one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it is to the next run that begins by itself.

    Attributes:
        after: accepted documents between two runs; 0: no run begins by itself.
        accepted: since the newest run was begun, however it ended.
        at_work: whether a run has not ended yet; none begins beside it.
    """

    after: int = 0
    accepted: int = 0
    at_work: bool = False

    @property
    def due(self) -> bool:
        """Whether a run is to begin now."""
        return bool(self.after) and not self.at_work and self.accepted >= self.after

    @property
    def left(self) -> int:
        """Documents to be accepted until then."""
        return max(0, self.after - self.accepted)

    @property
    def line(self) -> str:
        """For the status line; "" where no run begins by itself, or one is at work."""
        return f"trains after {self.left:,} more" if self.left and not self.at_work else ""

    @property
    def sentence(self) -> str:
        """For the queue screen; "" where no run begins by itself."""
        if not self.after:
            return ""
        left = f": {self.left:,} to go" if self.left else ""
        return f"Trains by itself after {counted(self.after, 'accepted document')}{left}."


def standing(workspace: Workspace) -> Standing:
    """How far it is, by the labels of now."""
    after = workspace.settings.train_after
    if not after:
        return Standing()
    with workspace.db.read() as connection:
        newest, active = runs.begun(connection)
        accepted = label_queries.accepted_since(connection, newest)
    return Standing(after, accepted, active > 0)


class AutomaticTraining:
    """Begins runs when they are due. Not for several threads at once.

    Args:
        workspace: open.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._seen: object = None  # what the standing follows from
        self.standing = Standing()

    def look(self) -> Run | None:
        """Look whether a run is due, where anything changed since the last look; the run that was begun.

        Raises:
            WorkbenchError: it is due, and cannot be prepared or started.
        """
        after = self._workspace.settings.train_after
        if not after:
            self.standing, self._seen = Standing(), None
            return None
        with self._workspace.db.read() as connection:
            moment = after, label_queries.newest_event(connection), runs.begun(connection)
        if moment == self._seen:
            return None
        self._seen = moment
        self.standing = standing(self._workspace)
        try:
            return self._begin() if self.standing.due else None
        except Busy:  # another process writes for long: the next look tries again
            self._seen = None
            raise

    def _begin(self) -> Run | None:
        """Begin a run, unless another terminal does so at this moment."""
        lock = locks.acquire(self._workspace.files.runs / LOCK, patience=0)
        if lock is None:
            return None
        try:
            if not standing(self._workspace).due:
                return None
            task = loop_task.usual(self._workspace)
            try:
                offer = retraining.offer(self._workspace, task)
            except UsageProblem:  # what was accepted is all for measuring
                return None
            way = offer.warm if offer.warm is not None and offer.recommended == "warm" else offer.base
            rival = "" if task.field else prediction_process.in_use(self._workspace)
            run = retraining.train(self._workspace, way, rival=rival)
        finally:
            os.close(lock)
        self.standing = standing(self._workspace)
        return run
