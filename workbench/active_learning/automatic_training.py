"""Runs that begin by themselves: after so many accepted documents, where `train_after` asks for it."""

import os

from storage import label_queries, locks, runs
from storage.exceptions import Busy, UsageProblem
from storage.records import Run
from workbench.active_learning import loop_task, retraining
from workbench.active_learning.train_after import Standing, standing
from workbench.evaluation import prediction_process
from workbench.workspace import Workspace

LOCK = ".automatic"
"""Beside the runs: held by the terminal that begins one."""


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
