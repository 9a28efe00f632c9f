"""Writing a run's HTML report, asked for in the errors screen."""

from functools import partial
from pathlib import Path

from screens.base import ModeScreen
from screens.errors.snapshot import write_report
from screens.widgets.dialogs import Prompt
from storage.records import Run

_HINT = "Figures, errors with pictures, findings: one file. Enter: write it   Esc: cancel"


def ask(screen: ModeScreen, run: Run, split: str) -> None:
    """Ask where the report of a run goes, and write it in the background."""

    def write(target: Path) -> None:
        screen.notify("The report is being written …", timeout=2)
        screen.in_background(partial(_write, screen, run, split, target), "export")

    screen.target(Prompt("HTML report", f"{run.id}.html", _HINT), write)


def _write(screen: ModeScreen, run: Run, split: str, target: Path) -> None:
    write_report(screen.workspace, run, split, target)
    screen.app.call_from_thread(screen.notify, f"Written to {target}.", markup=False)
