"""What is seen while the database is being opened: the frame of the screen that is about to come."""

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from screens.modes import available
from screens.widgets.status_lines import HintLine, StatusLine


class Opening(Screen[None]):
    """The frame of the first screen, painted while the database is opened in a thread."""

    DEFAULT_CSS = "Opening { background: $background; } Opening Static { height: 1fr; }"

    def __init__(self, workspace: str, mode: str) -> None:
        super().__init__()
        self._workspace, self._mode = workspace, mode

    def compose(self) -> ComposeResult:
        yield Static()
        yield HintLine()
        yield StatusLine(available(), self._mode)

    def on_mount(self) -> None:
        self.query_one(HintLine).show(f"Opening {self._workspace} …")
        self.query_one(StatusLine).show((), (self._workspace,))
