"""What every screen is made of: content, a hint line, a status line, and one border for errors."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from screens.keys import shown
from screens.modes import available
from screens.widgets.dialogs import TextPage, Typed
from screens.widgets.status_lines import HintLine, StatusLine
from storage.exceptions import WorkbenchError

if TYPE_CHECKING:
    from screens.graphics import Graphics
    from screens.navigation import Request
    from workbench.runs.watch import RunUpdate
    from workbench.workspace import Workspace

GROUPS = {
    "app": "Everywhere",
    "mode": "Screens",
    "document": "Document",
    "label": "Labelling",
    "suggestion": "Suggestions",
    "select": "Selecting",
    "span": "Adjusting a label",
    "move": "Moving",
    "history": "Undo and history",
    "view": "View",
    "list": "Document list",
    "error": "Errors",
    "error_walk": "Going through a model's errors",
    "run": "Runs",
    "form": "Settings",
    "compare": "Comparing",
    "queue": "Queue",
}
"""Headings of the help, by the first part of a binding's id; other groups are shown under their own name."""


class ErrorWalk(Protocol):
    """Errors that are gone through one by one while their documents are open in the annotate screen."""

    @property
    def document(self) -> int:
        """The document of the error that is being looked at."""

    async def next_error(self) -> None:
        """Go on to the next one."""

    async def confirm_error(self) -> None:
        """The label is right; go on."""

    async def queue_error(self) -> None:
        """Put the document into the relabel queue; go on."""


class Shell(Protocol):
    """The application, as screens and widgets know it."""

    error_walk: ErrorWalk | None

    @property
    def workspace(self) -> "Workspace":
        """The open workspace."""

    @property
    def graphics(self) -> "Graphics":
        """What the terminal can draw."""

    @property
    def news(self) -> "RunUpdate":
        """What is known of the runs, as of the last look."""

    @property
    def keys(self) -> Mapping[str, str]:
        """Binding id -> keys, of the bindings that the preset or workbench.toml changed."""

    @property
    def common_facts(self) -> tuple[str, ...]:
        """The application's part of the status line."""

    @property
    def mode_screen(self) -> "ModeScreen | None":
        """The screen in view, below any dialog."""

    async def visit(self, mode: str, request: "Request | None" = None) -> None:
        """Go to a screen, and hand it a request."""

    def look_after_runs(self) -> None:
        """Look at the runs now, not only at the next tick."""

    def count_progress(self) -> None:
        """Count the labelled documents anew."""

    def say_saved(self, text: str) -> None:
        """The saved state for the status line: "saved" after a commit, or what is wrong."""

    def say_training(self, text: str) -> None:
        """The running training and its progress, for the status line; "" when there is none."""

    def show_problem(self, error: WorkbenchError) -> None:
        """What happened and what can be done about it."""


class ModeScreen(Typed, Screen[None]):
    """A screen. Subclasses set `mode`, yield their widgets in `body()`, and call `hint` and `facts`.

    Errors: actions may raise WorkbenchError, it is shown and the screen goes on; handlers use `with self.guarded()`.
    """

    mode = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (140, "-wide")]
    DEFAULT_CSS = """
    ModeScreen { layout: vertical; background: $background; }
    ModeScreen ToastRack { margin-bottom: 3; }  /* not over the hint line */
    """

    def compose(self) -> ComposeResult:
        yield from self.body()
        yield HintLine()
        yield StatusLine(available(), self.mode)

    def body(self) -> ComposeResult:
        """The screen's own widgets; the outermost needs `height: 1fr`."""
        yield from ()

    @property
    def workbench(self) -> Shell:
        """The application, as a screen knows it."""
        return cast("Shell", self.app)

    @property
    def workspace(self) -> "Workspace":
        """The open workspace."""
        return self.workbench.workspace

    def receive(self, request: "Request") -> None:
        """Do what another screen asks; this one has just come into view.

        Raises:
            TypeError: it is no request for this screen.
        """
        raise TypeError(f"The {self.mode} screen takes no {type(request).__name__}.")

    def hint(self, lead: str, *pairs: tuple[str, str]) -> None:
        """What the next key will do: a sentence, then (key, what it does), the most useful first."""
        self.query_one(HintLine).show(lead, *pairs)

    def facts(self, *parts: str) -> None:
        """The screen's part of the status line; the most important first."""
        self._facts = parts
        self.refresh_status_line()

    _facts: tuple[str, ...] = ()

    def refresh_status(self) -> None:
        """Bring hint, status and buttons up to date with what the screen shows. Screens that have more override it."""
        self.refresh_status_line()

    def show_message(self, text: str) -> None:
        """Show a message in the hint line, until the next key."""
        self.hint(text)

    def refresh_status_line(self) -> None:
        """Draw the status line alone, after the application's part changed."""
        for line in self.query(StatusLine):
            line.show(self._facts, self.workbench.common_facts)

    def runs_changed(self, news: "RunUpdate") -> None:
        """Runs went on, began or ended; called while the screen is in view, and when it comes into view."""

    def fields_changed(self) -> None:
        """The fields were changed in another terminal; called while the screen is in view."""

    def on_screen_resume(self) -> None:
        """Coming back to a screen shows the facts of now."""
        self.refresh_status_line()
        self.runs_changed(self.workbench.news)

    def key_of(self, binding_id: str) -> str:
        """The first key of a binding as it is mapped now, for hints."""
        chosen = self.workbench.keys.get(binding_id)
        if chosen is None:
            chosen = next((b.key for b in self.all_bindings() if b.id == binding_id), "")
        return shown(chosen.split(",")[0]) if chosen else ""

    def all_bindings(self) -> Iterator[Binding]:
        """Every binding of the screen and of the application, as declared."""
        for owner in (self, self.app):
            for _, binding in owner._bindings:
                yield binding

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Show a WorkbenchError instead of ending the program."""
        try:
            yield
        except WorkbenchError as error:
            self.workbench.show_problem(error)

    def in_background(self, work: Callable[[], Any], name: str, exclusive: bool = True) -> Worker[Any]:
        """Run something slow in a thread; a WorkbenchError in it is shown. Post messages from it, touch no widget."""
        return self.run_worker(work, name=name, group=name, thread=True, exclusive=exclusive, exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed worker says why."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            if not isinstance(error, WorkbenchError):
                raise error
            self.workbench.show_problem(error)

    def help_notes(self) -> list[tuple[str, str]]:
        """Keys that are no bindings (a schema's field keys, say), for the help."""
        return []

    def help_signs(self) -> list[tuple[str, str]]:
        """What signs and words mean that are seen in the screen, for the help."""
        return []

    def action_help(self) -> None:
        """All keys of the screen."""
        groups: dict[str, list[tuple[str, str, str]]] = {}
        keys: dict[str, list[str]] = {}
        described: dict[str, str] = {}
        for key, active in self.active_bindings.items():
            binding = active.binding
            if binding.id and binding.description and active.enabled:
                keys.setdefault(binding.id, []).append(shown(key))
                described[binding.id] = binding.description
        for name, text in described.items():
            groups.setdefault(name.partition(".")[0], []).append((" ".join(keys[name]), text, name))
        order = [*GROUPS, *(group for group in groups if group not in GROUPS)]
        parts: list[Content | str | tuple[str, str]] = []
        for group in sorted(groups, key=lambda name: (name in ("app", "mode"), order.index(name))):
            parts.append((GROUPS.get(group, group.capitalize()) + "\n", "bold $primary"))
            for listed, text, _ in groups[group]:
                parts += [(f"  {listed:<16} ", "bold $accent"), f"{text}\n"]
            parts.append("\n")
        for title, rows in (("Fields", self.help_notes()), ("Signs", self.help_signs())):
            if not rows:
                continue
            parts.append((f"{title}\n", "bold $primary"))
            for sign, text in rows:
                parts += [(f"  {sign:<16} ", "bold $accent"), f"{text}\n"]
            parts.append("\n")
        commands = self.key_of("app.commands")
        told = f"{commands} lists them with their names, under which [bindings] of workbench.toml gives other keys."
        parts.append((told, "$text-muted"))
        self.app.push_screen(TextPage(f"Keys · {self.mode.capitalize()}", Content.assemble(*parts), wide=True))
