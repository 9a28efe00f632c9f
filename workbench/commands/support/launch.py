"""Opening the screens: the one door from the commands to them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def open_workbench(workspace: "Workspace") -> None:
    """Open the screens on a workspace."""
    from screens.program import run  # loads Textual: only when the screens are wanted

    if code := run(workspace):
        raise SystemExit(code)
