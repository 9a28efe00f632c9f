"""The program in a terminal, from its start until the terminal is as it was."""

from threading import Event

from screens import graphics
from screens.app import WorkbenchApp
from screens.terminal_input import make_safe
from storage import locks
from workbench import lifeline
from workbench.workspace import Workspace


def run(workspace: Workspace) -> int:
    """Open the workbench on a workspace, until the analyst leaves it; the exit code.

    Raises:
        WorkspaceProblem, NewerWorkspace: it cannot be opened.
        Exception: a fault of the program, once the terminal is as it was.
    """
    lifeline.hold()  # in a browser: the session ends with its server
    make_safe()
    app = WorkbenchApp(workspace, graphics=graphics.ask())
    app.live.enabled = True
    try:
        with locks.shared(workspace.files.terminal_lock):
            app.run()
    finally:
        _end_input(app)
        app.live.end()
        workspace.close()
    if app.problem is not None:
        raise app.problem
    return app.return_code or 0


def _end_input(app: WorkbenchApp) -> None:
    """Let Textual's input thread end, which it does not where the driver was interrupted while it stopped.

    The process would wait for it, and it would ask a terminal that is gone without a pause.
    """
    exit_event = getattr(app._driver, "exit_event", None)  # no driver before the start, and another one on Windows
    if isinstance(exit_event, Event):
        exit_event.set()
