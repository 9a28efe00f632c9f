"""What goes on outside the screens: runs, looked after in a thread, the learner, other terminals' settings and acts."""

from contextlib import suppress
from typing import TYPE_CHECKING

from textual.app import App

from screens.base import Shell
from screens.keys import key_label
from screens.workarounds import KINDS
from storage.exceptions import WAITING, Busy, RunProblem, WorkbenchError, WorkspaceGone
from workbench.fields.plain_text import harmless

if TYPE_CHECKING:
    from storage.records import Run
    from workbench.active_learning.automatic_training import AutomaticTraining
    from workbench.runs.watch import RunUpdate

LOOK_SECONDS = 1.0
"""How often the runs are looked after."""
ANSWER_SECONDS = 30.0
"""For how long a server may say nothing, until its line counts as broken: keys wait for it."""
UNDO = ("run.aside", "u")
"""The binding that puts a run's model aside or takes it up again, and its usual key."""
_UNHEARD = "They go on by themselves, and it is tried again every second. `workbench runs` lists them too."


class RunFollower:
    """Follows the runs whatever screen is in view, and keeps that screen up to date; a message shows what ended.

    Args:
        app: runs the timer and the threads.
        shell: the same application, as screens know it.
    """

    update: "RunUpdate"
    """What is known of the runs, as of the last look; there from `start` on."""

    def __init__(self, app: App[None], shell: Shell) -> None:
        self._app, self._shell = app, shell
        self._problem = ""  # what was shown already
        self._automatic: AutomaticTraining | None = None  # loaded where runs are to begin by themselves

    def start(self) -> None:
        """Begin to look after the runs; the workspace is open."""
        from workbench.runs.watch import RunUpdate, RunWatcher

        self._watcher, self.update = RunWatcher(self._shell.workspace), RunUpdate()
        self._app.set_interval(LOOK_SECONDS, self.look)
        self._show_notes(())
        self._show_lost_fields()
        if (server := self._shell.workspace.db.server) is not None:
            server.answer_seconds = ANSWER_SECONDS
            server.listen(lambda: self._app.call_later(self._others_wrote))

    def _others_wrote(self) -> None:
        """Show at once what another process did: a terminal, an import, a run that was collected."""
        try:
            self._shell.count_progress()
            if (screen := self._shell.mode_screen) is not None:
                screen.others_wrote()
        except WorkbenchError as error:
            self._fail(error)

    def look(self) -> None:
        """Look after the runs in a thread: follow those at work, and collect what has finished.

        Nothing here waits for a disk: on a network drive that hangs, a page can still be read.
        """
        for note in self._shell.live.notes():
            self._app.notify(harmless(note), severity="warning", timeout=20, markup=False)
        if not any(worker.group == "runs" and worker.is_running for worker in self._app.workers):
            self._app.run_worker(self._look, name="runs", group="runs", thread=True, exit_on_error=False)

    def _look_at_settings(self) -> None:
        """A field that was added or retired in another terminal is so here, too."""
        workspace = self._shell.workspace
        before, notes = workspace.schema, workspace.settings.notes
        try:
            workspace.reread_settings()
        except WorkbenchError as error:
            self._shell.show_problem(error)
        self._show_notes(notes)
        if workspace.schema != before:
            self._app.notify("The fields were changed in another terminal.")
            self._show_lost_fields()
            if (screen := self._shell.mode_screen) is not None:
                screen.fields_changed()

    def _show_notes(self, known: tuple[str, ...]) -> None:
        """What of workbench.toml could not be used, where that is new."""
        for note in self._shell.workspace.settings.notes:
            if note not in known:
                self._app.notify(note, title="workbench.toml", severity="warning", timeout=20, markup=False)

    def _show_lost_fields(self) -> None:
        """Fields that have labels and are gone from the file, at the start and when it was written."""
        from workbench.field_changes import lost_fields

        with suppress(WorkbenchError):  # what is the matter with the database is said by the next look
            if note := lost_fields.note(self._shell.workspace):
                self._app.notify(note, title="workbench.toml", severity="warning", timeout=20, markup=False)

    def _look(self) -> None:
        """In a thread: what happens to widgets is left to the application's own."""
        workspace = self._shell.workspace
        try:
            if workspace.settings_were_written:
                self._app.call_later(self._look_at_settings)
            workspace.db.check_place()
            workspace.keep_copy()
            self._app.call_later(self._take, self._watcher.poll())
            self._train_when_due()
        except Busy:  # another process writes for long; the next look is a second away
            return
        except WorkbenchError as error:  # it is tried again with every look
            self._app.call_later(self._fail, error)
        except Exception as error:  # noqa: BLE001 - a thread's fault would end unseen
            problem = RunProblem(f"The runs cannot be followed here ({type(error).__name__}: {error}).", _UNHEARD)
            self._app.call_later(self._fail, problem)

    def _train_when_due(self) -> None:
        """In a thread: begin a run, where so many documents were accepted that it is to begin by itself."""
        if self._automatic is None:
            if not self._shell.workspace.settings.train_after:
                return
            from workbench.active_learning.automatic_training import AutomaticTraining

            self._automatic = AutomaticTraining(self._shell.workspace)
        if (run := self._automatic.look()) is not None:
            self._app.call_later(self._say_begun, run)

    def _say_begun(self, run: "Run") -> None:
        after = self._shell.workspace.settings.train_after
        self._app.notify(f"{run.name} has begun by itself, {after:,} accepted documents after the last run.")
        self.look()

    def outlasts(self, error: Exception) -> bool:
        """Whether the screens go on after an error that no handler expects; it is shown, and what is open can be saved.

        The database may be back soon; a workspace that is gone can be put back.
        """
        if isinstance(error, WorkspaceGone):
            self._shell.show_problem(error)
        elif isinstance(error, WAITING):
            self._fail(error)
        return isinstance(error, KINDS)

    def _fail(self, problem: WorkbenchError) -> None:
        """Show why the runs could not be looked after, such as a full disk while one is collected: once."""
        if problem.message != self._problem:
            self._problem = problem.message
            self._shell.show_problem(problem)

    def _take(self, update: "RunUpdate") -> None:
        """Show how far they are, and what ended."""
        before, self.update = self.update, update
        self._problem = ""
        self._shell.missed.catch_up()
        self._shell.say_training(update.line or (self._automatic.standing.line if self._automatic else ""))
        for run in update.ended:
            from workbench.runs import progress  # not at start-up

            figures, verdict = progress.figures_line(run.report, run.f1), progress.verdict(run.report)
            undo = f"{key_label(self._shell.keys.get(*UNDO))} on the runs screen takes that back." if verdict else ""
            parts = [f"{run.name}: {run.state.value}.", f"{figures}." if figures else "", run.reason, verdict, undo]
            self._app.notify(
                " ".join(filter(None, parts)),
                title="A run ended",
                severity="error" if run.state.value in ("failed", "crashed") else "information",
                markup=False,
            )
        is_news = update.changed or update.moved or len(update.active) != len(before.active)
        if is_news and (screen := self._shell.mode_screen) is not None:
            try:
                screen.runs_changed(update)
            except WorkbenchError as error:
                self._fail(error)
