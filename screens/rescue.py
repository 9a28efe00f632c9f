"""What is offered when the workspace takes nothing: to try again; where it was moved or deleted, to save elsewhere."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

from screens.base import Shell
from screens.widgets.dialogs import Confirm, Prompt
from storage.exceptions import WAITING, WorkbenchError, WorkspaceGone
from workbench.fields.plain_text import as_argument
from workbench.files.typed_paths import typed
from workbench.workspace import Workspace

if TYPE_CHECKING:  # it loads the database, and the frame is painted before
    from workbench.annotation.editor import Editor

_DETAIL = (
    "The labels that were saved before are still open here, until the workbench is left. "
    "They can be written to a new workspace, with whatever files are still there."
)


class UnsavedWork:
    """What was typed, is shown, and could not be saved: named on every screen until it is.

    Args:
        app: shows the dialogs.
        shell: the same application, as screens know it.

    Attributes:
        reason: why it is not saved, for the status line; "" where all is saved.
    """

    def __init__(self, app: App[None], shell: Shell) -> None:
        self._app, self._shell = app, shell
        self._try_again: Callable[[], bool] | None = None
        self._editor: Editor | None = None
        self._shown: Editor | None = None  # of the document that was worked on last
        self.reason = ""

    def note(self, editor: "Editor", save: Callable[[], bool]) -> None:
        """Keep why something is not saved, and show it the first time; see `screens.base.Unsaved`."""
        is_new, key, why = self._try_again is None, self._key(), editor.unsaved
        self._shown, self._editor = editor, editor if why is not None else None
        self._try_again = save if why is not None else None
        self.reason = f"NOT SAVED: {why.title[0].lower()}{why.title[1:]}, {key} tries again" if why is not None else ""
        if why is not None and is_new:
            remedy = f"{why.remedy} What you typed stays in view: {key} saves it, and so does the next label."
            self._shell.show_problem(type(why)(why.message, remedy))

    def _key(self) -> str:
        screen = self._shell.mode_screen
        return screen.key_of("app.save") if screen is not None else ""

    def save(self) -> None:
        if self._try_again is None:
            self._app.notify("All is saved.")
        else:
            self._try_again()

    def save_in(self, copy: Path) -> None:
        """Save it in a copy of the workspace, which is gone; in a thread.

        Raises:
            WorkbenchError: it cannot be saved there either.
        """
        if self._editor is not None:
            with closing(Workspace.open(copy)) as workspace:
                self._editor.save_in(workspace)
            self._editor, self._try_again, self.reason = None, None, ""

    def leave(self, leave: Callable[[], object]) -> None:
        """Try again to save, then leave; where that fails, ask whether to leave all the same.

        So it is asked, too, where it is still to be decided whose version of a document stands.
        """
        if (editor := self._shown) is not None and editor.refused is not None:
            self._ask(
                "Leave, and keep their version of this document?",
                "Yours is then dropped.",
                partial(_drop, editor, leave),
            )
        elif self._try_again is None or self._try_again():
            leave()
        elif self.reason:  # else it is asked something else
            self._ask("Leave without saving what was typed last?", self.reason, leave)

    def _ask(self, question: str, detail: str, leave: Callable[[], object]) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                leave()

        if not isinstance(self._app.screen, Confirm):
            self._app.push_screen(Confirm(question, detail, final=True), answered)


def _drop(editor: "Editor", leave: Callable[[], object]) -> None:
    editor.refused = None
    leave()


def offer(app: App[None], shell: Shell, error: WorkbenchError) -> None:
    """Ask whether and where to save, where the error is that the workspace is gone and no dialog is open.

    Args:
        app: shows the dialogs.
        shell: the same application, as screens know it.
        error: which was just shown.
    """
    if isinstance(error, WAITING):
        shell.say_saved("")  # "saved" is of what came before
    if not isinstance(error, WorkspaceGone):
        return
    workspace = shell.workspace
    shell.say_saved("NOT SAVED")
    if app.screen.is_modal:
        return

    def ask_where(yes: bool | None) -> None:
        if yes:
            name = str(workspace.files.root.with_name(f"{workspace.name}-saved"))
            app.push_screen(Prompt("Save as a new workspace in", name, "A new folder. Enter: save   Esc: cancel"), save)

    def save(name: str | None) -> None:
        if name:
            app.run_worker(partial(_save, app, shell, name), thread=True, exit_on_error=False)

    app.push_screen(Confirm(f"{workspace.name} is gone. Save what is open elsewhere?", _DETAIL, final=True), ask_where)


def _save(app: App[None], shell: Shell, name: str) -> None:
    """In a thread."""
    try:
        directory = typed(name)
        complete = shell.workspace.save_as(directory)
        shell.unsaved.save_in(directory)
    except WorkbenchError as problem:
        text, severity = f"{problem.message} {problem.remedy}", "error"
    except OSError as error:
        text, severity = f"{name} cannot be written: {error}.", "error"
    else:
        missing = "" if complete else " Pictures, originals and runs were gone already."
        text, severity = (
            f"Saved in {directory}.{missing} Leave with Ctrl+Q, then: workbench -w {as_argument(directory)}",
            "warning",
        )
    app.call_from_thread(app.notify, text, severity=severity, timeout=60, markup=False)
