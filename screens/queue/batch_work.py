"""The background work of the batch pane: choosing a batch in a child process, and the starter's suggestions."""

from collections.abc import Callable
from functools import partial

from textual.message import Message
from textual.widget import Widget

from screens.queue import batch_text
from screens.widgets.bars import bar
from storage.exceptions import RunProblem, UsageProblem, WorkbenchError
from workbench.active_learning import overview as loop
from workbench.active_learning import selection
from workbench.active_learning.loop_task import LoopTask
from workbench.active_learning.overview import LoopOverview
from workbench.active_learning.selection import RunningSelection
from workbench.active_learning.selection_request import SelectionRequest
from workbench.annotation import rounds
from workbench.evaluation import prediction_process
from workbench.workspace import Workspace

_SCORING = "Scoring"


class BatchWork:
    """One task at a time, in a thread; it can be stopped.

    Args:
        owner: gets the messages.

    Attributes:
        is_going_on: whether there is a task that has not ended.
    """

    class Worked(Message):
        """The work went on (`text` says what is done), or ended (text "")."""

        def __init__(
            self,
            text: str = "",
            done: int = 0,
            total: int = 0,
            notice: str = "",
            error: WorkbenchError | None = None,
            overview: LoopOverview | None = None,
        ) -> None:
            super().__init__()
            self.text, self.done, self.total = text, done, total
            self.notice, self.error, self.overview = notice, error, overview

        def progress(self, size: int, stop_key: str) -> str:
            """What is shown of it; `size` is of the batch that is chosen."""
            stops = f"   {stop_key} stops"
            if not self.total:
                return f"{self.text} …{stops}"
            if self.done == self.total and self.text == _SCORING:
                return f"All are scored; choosing {size} of them …{stops}"
            return f"{self.text} {bar(self.done / self.total, 20)} {self.done:,} of {self.total:,}{stops}"

    def __init__(self, owner: Widget) -> None:
        self.is_going_on = False
        self.selection: RunningSelection | None = None
        self._owner = owner
        self._stopping = False

    def check_idle(self, stop_key: str) -> None:
        """Refuse a second task.

        Raises:
            UsageProblem: one is going on.
        """
        if self.is_going_on:
            raise UsageProblem("Another task is still running.", f"{stop_key} stops it.")

    def choosing(
        self,
        workspace: Workspace,
        request: SelectionRequest,
        closing: int | None,
        known_round: int | None,
        task: LoopTask | None,
    ) -> Callable[[], None]:
        """The task of choosing a batch, for a thread: the old round is closed, a child process chooses, the choice is
        kept as a round.

        Args:
            closing: the round that is closed before.
            known_round: the round that is shown; another one is not replaced.
            task: what is read of the loop afterwards.
        """

        def choose() -> None:
            running = None
            try:
                now = rounds.current(workspace)
                if now is not None and now.round.id != known_round:
                    raise UsageProblem(f"Round {now.round.id} was opened in another terminal.", "It is shown now.")
                selection.check(workspace, request)
                if closing is not None:
                    selection.close(workspace, closing)
                self.selection = running = selection.start(workspace, request)
                running.wait(partial(self._tick, _SCORING))
                selection.open_round(workspace, running)
                # read here, so that the list is the new one when the work has ended
                self._post(self.Worked(overview=loop.read(workspace, task)))
            except WorkbenchError as error:
                self._post_failure(error, "Stopped; no batch was chosen.")
            finally:
                if running is not None:
                    running.stop()  # stopped before it was known here, it would go on

        self._begin()
        return choose

    def suggesting(self, workspace: Workspace) -> Callable[[], None]:
        """The task of having the starter suggest, for a thread."""

        def suggest() -> None:
            try:
                result = prediction_process.suggest(workspace, tick=partial(self._tick, "The starter reads"))
                self._post(self.Worked(notice=batch_text.suggested(result)))
            except WorkbenchError as error:
                self._post_failure(error, "Stopped; nothing was changed.")

        self._begin()
        return suggest

    def stop(self) -> None:
        """End what goes on."""
        self._stopping = True
        if self.selection is not None:
            self.selection.stop()

    def _begin(self) -> None:
        self.is_going_on, self._stopping, self.selection = True, False, None

    def _tick(self, text: str, done: int, total: int) -> None:
        if self._stopping:
            raise RunProblem("Stopped.", "")
        self._post(self.Worked(text, done, total))

    def _post_failure(self, error: WorkbenchError, stopped: str) -> None:
        by_user = self._stopping and isinstance(error, RunProblem)
        self._post(self.Worked(notice=stopped) if by_user else self.Worked(error=error))

    def _post(self, message: Message) -> None:
        self._owner.post_message(message)
