"""Opening the screens: the one door from the commands to them."""

import sys
from typing import TYPE_CHECKING

from storage.exceptions import UsageProblem

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def open_workbench(workspace: "Workspace") -> None:
    """Open the screens on a workspace.

    Raises:
        UsageProblem: there is no terminal to show them in.
    """
    if None in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        raise UsageProblem(
            "The screens need a terminal: standard input, output and errors, and one of them is closed.",
            "Start it without `<&-` and `>&-`, or use the commands (`workbench --help`).",
        )
    from screens.program import run  # loads Textual: only when the screens are wanted

    if code := run(workspace):
        raise SystemExit(code)
