"""The application's part that looks after what goes on outside: runs, in a thread, and another terminal's settings."""

from abc import abstractmethod
from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from screens.base import ModeScreen
from storage.exceptions import Busy, RunProblem, WorkbenchError
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.runs.watch import RunUpdate, RunWatcher

LOOK_SECONDS = 1.0
"""How often the runs are looked after."""
_UNHEARD = "They go on by themselves, and it is tried again every second. `workbench runs` lists them too."


class RunNews(Message):
    """What a look after the runs brought."""

    def __init__(self, news: "RunUpdate") -> None:
        super().__init__()
        self.news = news


class RunTrouble(Message):
    """Why the runs could not be looked after, such as a full disk while one is collected."""

    def __init__(self, error: WorkbenchError) -> None:
        super().__init__()
        self.error = error


class FollowingRuns(App[None]):
    """Follows the runs from any screen, says what ended, and tells the screen in view."""

    workspace: Workspace
    news: "RunUpdate"
    _watch: "RunWatcher"
    _training = ""  # as the status line says it
    _trouble = ""  # what was told already

    @property
    @abstractmethod
    def mode_screen(self) -> ModeScreen | None:
        """The screen in view."""

    @abstractmethod
    def say_training(self, text: str) -> None:
        """The running training and its progress."""

    @abstractmethod
    def show_problem(self, error: WorkbenchError) -> None:
        """What happened and what can be done about it."""

    def follow_runs(self) -> None:
        """Begin to; the workspace is open."""
        from workbench.runs.watch import RunUpdate, RunWatcher

        self._watch, self.news = RunWatcher(self.workspace), RunUpdate()
        self.set_interval(LOOK_SECONDS, self.look_after_runs)

    def look_after_runs(self) -> None:
        """Follow the runs in a thread, and collect what has finished, whatever screen is in view."""
        self._look_at_settings()
        if not any(worker.group == "runs" and worker.is_running for worker in self.workers):
            self.run_worker(self._look, name="runs", group="runs", thread=True, exit_on_error=False)

    def _look_at_settings(self) -> None:
        """A field that was added or retired in another terminal is so here, too."""
        before = self.workspace.schema
        try:
            self.workspace.reread_settings()
        except WorkbenchError as error:
            self.show_problem(error)
        if self.workspace.schema != before:
            self.notify("The fields were changed in another terminal.")
            if self.mode_screen is not None:
                self.mode_screen.fields_changed()

    def _look(self) -> None:
        try:
            self.post_message(RunNews(self._watch.poll()))
        except Busy:  # somebody writes for long; the next look is a second away
            return
        except WorkbenchError as error:  # it is tried again with every look
            self.post_message(RunTrouble(error))
        except Exception as error:  # noqa: BLE001 - nobody waits for a thread: it would end unheard
            told = RunProblem(f"The runs cannot be followed here ({type(error).__name__}: {error}).", _UNHEARD)
            self.post_message(RunTrouble(told))

    def on_run_trouble(self, message: RunTrouble) -> None:
        """Say it once, not every second."""
        if message.error.message != self._trouble:
            self._trouble = message.error.message
            self.show_problem(message.error)

    def on_run_news(self, message: RunNews) -> None:
        """Show how far they are; say what ended."""
        news, before = message.news, self.news
        self.news, self._trouble = news, ""
        if self._training != news.line:
            self.say_training(news.line)
        for run in news.ended:
            figure = "" if run.f1 is None else f" F1 {run.f1:.3f} on validation."
            self.notify(
                f"{run.name}: {run.state.value}.{figure} {run.reason}".strip(),
                title="A run ended", severity="error" if run.state.value in ("failed", "crashed") else "information",
                markup=False,
            )  # fmt: skip
        if self.mode_screen is not None and (news.changed or news.moved or len(news.active) != len(before.active)):
            self.mode_screen.runs_changed(news)
