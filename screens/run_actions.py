"""What is done with a run from a screen, with the questions before and the messages after."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from screens.base import ModeScreen
from screens.widgets.dialogs import Confirm, Prompt, TextPage
from storage import runs as run_store
from storage.records import Run
from workbench.evaluation import prediction_process
from workbench.files.typed_paths import typed
from workbench.runs import jobs, transfer
from workbench.runs.config import run_names
from workbench.runs.state import RunFolder

LOG_CHARACTERS = 20_000
"""So much of the end of a log is shown."""


class RunActions:
    """The acts on a run, by name; what cannot be undone is asked first.

    Args:
        screen: shows the questions, and does what is slow in the background.
        changed: called when runs changed, with the id of one that came, or "".
    """

    def __init__(self, screen: ModeScreen, changed: Callable[[str], None]) -> None:
        self._screen, self._changed = screen, changed
        self._acts: Mapping[str, Callable[[Run], None]] = {
            "stop": self._stop,
            "pause": self._pause,
            "kill": self._kill,
            "resume": self._resume,
            "log": self._show_log,
            "name": self._name,
            "note": self._note,
            "tags": self._tag,
            "pin": self._pin,
            "aside": self._put_aside,
            "delete": self._delete,
            "export": self._export,
        }

    def act(self, name: str, run: Run) -> None:
        """Do one of the acts.

        Raises:
            RunProblem: the run is in no state for it.
        """
        self._acts[name](run)

    def _stop(self, run: Run) -> None:
        jobs.stop(self._screen.workspace, run.id)
        self._screen.notify("It stops after its current step, evaluates and keeps the model.")
        self._screen.workbench.look_after_runs()

    def _pause(self, run: Run) -> None:
        """Pause the run, or let it go on."""
        workspace = self._screen.workspace
        is_paused = RunFolder(workspace.files.run(run.id)).is_paused()
        (jobs.unpause if is_paused else jobs.pause)(workspace, run.id)
        self._screen.notify("It goes on." if is_paused else "It pauses after its current step.")

    def _kill(self, run: Run) -> None:
        lost = "The work since the last checkpoint is lost; from there it can be resumed."
        question = Confirm(f"End {run.name} at once?", lost, final=True)
        self._confirm(question, lambda: jobs.kill(self._screen.workspace, run.id))

    def _resume(self, run: Run) -> None:
        jobs.resume(self._screen.workspace, run.id)
        self._screen.workbench.look_after_runs()

    def _show_log(self, run: Run) -> None:
        log = RunFolder(self._screen.workspace.files.run(run.id)).read_log(4 * LOG_CHARACTERS)
        body = log.decode(errors="replace")[-LOG_CHARACTERS:] or "The process printed nothing."
        self._screen.app.push_screen(TextPage(f"Log of {run.name}", body, wide=True))

    def _name(self, run: Run) -> None:
        self._screen.prompt(
            Prompt("Name of the run", run.name), lambda text: self._change(run, name=text.strip() or run.id)
        )

    def _note(self, run: Run) -> None:
        self._screen.prompt(Prompt("Note", run.note), lambda text: self._change(run, note=text.strip()))

    def _tag(self, run: Run) -> None:
        def take(text: str) -> None:
            self._change(run, tags=tuple(dict.fromkeys(text.replace("#", " ").split())))

        self._screen.prompt(Prompt("Tags", " ".join(run.tags), "Words, separated by spaces"), take)

    def _pin(self, run: Run) -> None:
        self._change(run, pinned=not run.pinned)

    def _put_aside(self, run: Run) -> None:
        """Use the run's model no longer, or again."""
        screen = self._screen
        is_aside = RunFolder(screen.workspace.files.run(run.id)).put_aside.exists()

        def work() -> None:
            model = prediction_process.put_aside(screen.workspace, run, aside=not is_aside)
            done = f"{run.name} is {'used again' if is_aside else 'put aside'}."
            screen.app.call_from_thread(self._changed, "")
            screen.app.call_from_thread(screen.notify, f"{done} {prediction_process.sentence_of(model)}", markup=False)

        screen.in_background(work, "aside")

    def _delete(self, run: Run) -> None:
        lost = "Its folder with the model, the checkpoints and the predictions is deleted too."
        question = Confirm(f"Delete {run.name}?", lost, final=True)
        self._confirm(question, lambda: jobs.delete(self._screen.workspace, run.id))

    def _export(self, run: Run) -> None:
        screen = self._screen

        def take(text: str) -> None:
            def work() -> None:
                target = transfer.export_model(screen.workspace, run.id, Path(text))
                screen.app.call_from_thread(screen.notify, f"The model is in {target}", markup=False)

            screen.in_background(work, "export")

        screen.prompt(Prompt("Write the model to", f"{run.name}-model", "A new folder"), take)

    def take_in(self) -> None:
        """Take in a run's folder that comes from another machine."""
        screen = self._screen

        def take(text: str) -> None:
            def work() -> None:
                run = transfer.adopt(screen.workspace, typed(text))
                screen.app.call_from_thread(self._changed, run.id)
                screen.app.call_from_thread(screen.notify, f"Run {run.name} is here: {run.state.value}.", markup=False)

            screen.in_background(work, "import")

        screen.prompt(Prompt("Import a run folder", "", "A folder with request.yaml"), take)

    def _confirm(self, question: Confirm, act: Callable[[], object]) -> None:
        def confirmed() -> None:
            try:
                act()
            finally:
                self._changed("")

        self._screen.confirm(question, confirmed)

    def _change(self, run: Run, **values: Any) -> None:
        if values.get("name", run.name) != run.name:
            run_names.refuse_word(values["name"])
        with self._screen.workspace.db.write() as connection:
            run_store.change(connection, run.id, **values)
        self._changed("")
