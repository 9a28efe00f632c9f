"""What is done with a run of the runs screen: stop, resume, name, note, tag, pin, delete, give away, take one in."""

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from screens.base import ModeScreen
from screens.widgets.dialogs import Confirm, Prompt
from screens.widgets.run_panel import ending
from storage import runs as run_store
from storage.records import Run
from workbench.runs import jobs, transfer


class Keeping(ModeScreen):
    """The acts on the run under the cursor; the screen that lists them says which it is."""

    @property
    @abstractmethod
    def current(self) -> Run:
        """The run under the cursor."""

    @abstractmethod
    def read_list(self, on: str = "") -> None:
        """List the runs anew; the cursor goes to the run of this id, or stays on the run where it is."""

    def action_act(self, name: str) -> None:
        """Stop or resume."""
        getattr(jobs, name)(self.workspace, self.current.id)
        self.workbench.look_after_runs()

    def action_kill(self) -> None:
        """Asked."""
        run = self.current
        self._asked(ending(run), lambda: jobs.kill(self.workspace, run.id))

    def action_delete(self) -> None:
        """Asked."""
        run = self.current
        gone = "Its folder with the model, the checkpoints and the predictions goes too."
        self._asked(Confirm(f"Delete {run.name}?", gone, final=True), lambda: jobs.delete(self.workspace, run.id))

    def _asked(self, question: Confirm, act: Callable[[], object]) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                with self.guarded():
                    act()
                self.read_list()

        self.app.push_screen(question, answered)

    def _change(self, run: Run, **values: Any) -> None:
        with self.workspace.db.write() as connection:
            run_store.change(connection, run.id, **values)
        self.read_list()

    def prompt(self, title: str, value: str, hint: str, take: Callable[[str], None]) -> None:
        def answered(text: str | None) -> None:
            if text is not None:
                with self.guarded():
                    take(text)

        self.app.push_screen(Prompt(title, value, hint), answered)

    def action_name(self) -> None:
        """Another name."""
        run = self.current
        self.prompt("Name of the run", run.name, "", lambda text: self._change(run, name=text.strip() or run.id))

    def action_note(self) -> None:
        """A note."""
        run = self.current
        self.prompt("Note", run.note, "", lambda text: self._change(run, note=text.strip()))

    def action_tags(self) -> None:
        """Tags."""
        run = self.current
        self.prompt(
            "Tags", " ".join(run.tags), "Words with spaces between",
            lambda text: self._change(run, tags=tuple(dict.fromkeys(text.replace("#", " ").split()))),
        )  # fmt: skip

    def action_pin(self) -> None:
        """On or off."""
        self._change(self.current, pinned=not self.current.pinned)

    def action_export(self) -> None:
        """Ask where to."""
        run = self.current

        def take(text: str) -> None:
            def work() -> None:
                target = transfer.export_model(self.workspace, run.id, Path(text))
                self.app.call_from_thread(self.notify, f"The model is in {target}", markup=False)

            self.in_background(work, "export")

        self.prompt("Write the model to", f"{run.name}-model", "A new folder", take)

    def action_import(self) -> None:
        """Ask which."""

        def take(text: str) -> None:
            def work() -> None:
                taken = transfer.adopt(self.workspace, Path(text).expanduser())
                self.app.call_from_thread(self.read_list, taken.id)
                self.app.call_from_thread(self.notify, f"Run {taken.name} is here: {taken.state.value}.", markup=False)

            self.in_background(work, "import")

        self.prompt("Take a run folder in", "", "A folder with request.yaml", take)
