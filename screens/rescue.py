"""What is offered when the workspace was moved or deleted under the open program: to save what is open elsewhere."""

from functools import partial
from pathlib import Path

from textual.app import App

from screens.base import Shell
from screens.widgets.dialogs import Confirm, Prompt
from storage.exceptions import WorkbenchError, WorkspaceGone
from workbench.fields.plain_text import as_argument
from workbench.workspace import Workspace

_DETAIL = (
    "The labels that were saved before are still open here, until the workbench is left. "
    "They can be written to a new workspace, with whatever files are still there."
)


def offer(app: App[None], shell: Shell, error: WorkbenchError) -> None:
    """Ask whether and where to save, where the error is that the workspace is gone and no dialog is open.

    Args:
        app: shows the dialogs.
        shell: the same application, as screens know it.
        error: which was just shown.
    """
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
            app.run_worker(partial(_save, app, workspace, Path(name).expanduser()), thread=True, exit_on_error=False)

    app.push_screen(Confirm(f"{workspace.name} is gone. Save what is open elsewhere?", _DETAIL, final=True), ask_where)


def _save(app: App[None], workspace: Workspace, directory: Path) -> None:
    """In a thread."""
    try:
        complete = workspace.save_as(directory)
    except WorkbenchError as problem:
        text, severity = f"{problem.message} {problem.remedy}", "error"
    except OSError as error:
        text, severity = f"{directory} cannot be written: {error}.", "error"
    else:
        missing = "" if complete else " Pictures, originals and runs were gone already."
        text, severity = (
            f"Saved in {directory}.{missing} Leave with Ctrl+Q, then: workbench -w {as_argument(directory)}",
            "warning",
        )
    app.call_from_thread(app.notify, text, severity=severity, timeout=60, markup=False)
