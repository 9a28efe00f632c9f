"""Writing a run's HTML report, asked for in the errors screen."""

from functools import partial
from pathlib import Path

from screens.base import ModeScreen
from screens.errors.snapshot import Shown, write_report
from screens.widgets.dialogs import Prompt

_HINT = "Figures, errors with pictures, findings: one file. Enter: write it   Esc: cancel"


def ask(screen: ModeScreen, shown: Shown) -> None:
    """Ask where the report goes, and write it in the background."""

    def write(name: str) -> None:
        if name:
            screen.notify("The report is being written …", timeout=2)
            screen.in_background(partial(_write, screen, shown, Path(name).expanduser().absolute()), "export")

    screen.prompt(Prompt("HTML report", f"{shown.run.id}.html", _HINT), write)


def _write(screen: ModeScreen, shown: Shown, target: Path) -> None:
    write_report(screen.workspace, shown, target)
    screen.app.call_from_thread(screen.notify, f"Written to {target}.", markup=False)
