"""What all screens share: a hint line, a status line, keys and their help, dialogs, and one border for errors."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from screens.help import HelpPage, sections
from screens.keys import arriving, kept, key_label
from screens.modes import Mode, named
from screens.widgets.dialogs import Confirm, Prompt, Typed
from screens.widgets.status_lines import Hint, HintLine, StatusLine
from storage.exceptions import WAITING, WorkbenchError
from workbench.files.output_places import refuse_own
from workbench.files.typed_paths import typed

if TYPE_CHECKING:
    from screens.dialog_keys import DialogKeys
    from screens.graphics import Graphics
    from screens.navigation import Request
    from screens.workarounds import Missed
    from workbench.annotation.editor import Editor
    from workbench.live.client import LiveClient
    from workbench.runs.watch import RunUpdate
    from workbench.workspace import Workspace


Done = TypeVar("Done")


class ErrorWalk(Protocol):
    """The errors of a list, each of whose documents is opened in the annotate screen in turn."""

    @property
    def document(self) -> int:
        """The document of the current error."""

    async def next_error(self) -> None:
        """Open the document of the next error."""

    async def confirm_error(self) -> None:
        """Keep that the label is right, and go on."""

    async def queue_error(self) -> None:
        """Add the document to the relabel queue; go on."""


class Unsaved(Protocol):
    """What was typed, is shown, and could not be saved."""

    reason: str

    def note(self, editor: "Editor", save: Callable[[], bool]) -> None:
        """Keep why something of a document is not saved, if so, and show it the first time.

        Args:
            editor: of the document; its `unsaved` is what was in the way.
            save: tries again; False where it still cannot be, once that was shown.
        """

    def save_in(self, copy: Path) -> None:
        """Save it in a copy of the workspace, which is gone."""


class Shell(Protocol):
    """The application, as screens and widgets know it."""

    error_walk: ErrorWalk | None

    @property
    def live(self) -> "LiveClient":
        """What the learner hears of the work."""

    @property
    def workspace(self) -> "Workspace": ...

    @property
    def dialog_keys(self) -> "DialogKeys":
        """What holds keys back while a conversation goes on."""

    @property
    def graphics(self) -> "Graphics":
        """What the terminal can draw."""

    @property
    def missed(self) -> "Missed":
        """Handlers that the database was out of reach for."""

    @property
    def unsaved(self) -> Unsaved:
        """What is shown and could not be saved."""

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
    HELP_SIGNS: ClassVar[tuple[tuple[str, str], ...]] = ()  # what `help_signs` gives
    _facts: tuple[str, ...] = ()  # the screen's part of the status line
    _shell: Shell | None = None
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (140, "-wide")]
    DEFAULT_CSS = """
    ModeScreen { layout: vertical; background: $background; }
    ModeScreen ToastRack { margin-bottom: 3; }  /* not over the hint line */
    """

    def __init__(self) -> None:
        super().__init__()
        self._reading: dict[str, Callable[[], Any]] = {}  # name -> what is read in the background

    def compose(self) -> ComposeResult:
        yield from self.body()
        yield HintLine()
        everywhere = key_label(arriving(self.workbench.keys.get("app.commands", "colon")))
        yield StatusLine(self._named_modes, self.mode, everywhere)

    def body(self) -> ComposeResult:
        """The screen's own widgets; the outermost needs `height: 1fr`."""
        yield from ()

    @property
    def workbench(self) -> Shell:
        """The application, as a screen knows it; also for a thread that works on while the application ends."""
        if self._shell is None:
            self._shell = cast("Shell", self.app)
        return self._shell

    @property
    def workspace(self) -> "Workspace":
        return self.workbench.workspace

    def receive(self, request: "Request") -> None:
        """Act on another screen's request; this screen has just come into view.

        Raises:
            TypeError: the request is for another screen.
        """
        raise TypeError(f"The {self.mode} screen takes no {type(request).__name__}.")

    def hint(self, lead: str, *pairs: tuple[str, str]) -> None:
        """What the next key will do: a sentence, then (key, what it does), the most useful first."""
        # where the terminal keeps function keys or Ctrl keys to itself, the key that leads everywhere
        self.query_one(HintLine).show(lead, *pairs, everywhere=self.key_of("app.commands") if kept() else "")

    def show_hint(self, hint: Hint) -> None:
        """Show a hint with the keys of the bindings that it names by their ids; " / " between two means either."""

        def keys(names: str) -> str:
            return " ".join(self.key_of(n) if n[1:].count(".") else n for n in names.split()).replace(" / ", "/")

        lead, pairs = hint
        self.hint(lead, *((keys(names), text) for names, text in pairs))

    def facts(self, *parts: str) -> None:
        """The screen's part of the status line; the most important first."""
        self._facts = parts
        self.refresh_status_line()

    def refresh_status(self) -> None:
        """Bring hint, status and buttons up to date with what the screen shows. Screens that have more override it."""
        self.refresh_status_line()

    def show_message(self, text: str) -> None:
        """Show a message in the hint line, until the next key."""
        self.hint(text)

    def refresh_status_line(self) -> None:
        """Draw the status line alone, after the application's part changed."""
        for line in self.query(StatusLine):
            line.show(self._facts, self.workbench.common_facts, self._named_modes)

    @property
    def _named_modes(self) -> tuple[Mode, ...]:
        return named(bool(self.workspace.schema.classes))

    def runs_changed(self, news: "RunUpdate") -> None:
        """Runs went on, began or ended; called while the screen is in view, and when it comes into view."""

    def fields_changed(self) -> None:
        """The fields were changed in another terminal; called while the screen is in view."""

    def others_wrote(self) -> None:
        """Another process changed something in a server's database; called while the screen is in view."""

    def on_screen_resume(self) -> None:
        """Coming back to a screen shows the facts of now."""
        self.refresh_status_line()
        self.runs_changed(self.workbench.news)

    def key_of(self, binding_id: str) -> str:
        """The first key of a binding, as it is mapped now, that arrives in this terminal; for hints."""
        chosen = self.workbench.keys.get(binding_id)
        if chosen is None:
            chosen = ",".join(dict.fromkeys(b.key for b, _ in self.all_bindings() if b.id == binding_id))
        return key_label(arriving(chosen)) if chosen else ""

    def key_owners(self) -> Iterable[DOMNode]:
        """What has the keys that work on this screen; a screen adds its widgets that have bindings with ids."""
        return (self, self.app)

    def all_bindings(self) -> Iterator[tuple[Binding, DOMNode]]:
        """Every binding as declared, with its owner, which has its action."""
        for owner in self.key_owners():
            for _, binding in owner._bindings:
                yield binding, owner

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Show a WorkbenchError instead of ending the program."""
        try:
            yield
        except WorkbenchError as error:
            self.workbench.show_problem(error)

    def confirm(self, question: Confirm, act: Callable[[], object]) -> None:
        """Do something when the answer is yes; a WorkbenchError in it is shown."""

        def answered(yes: bool | None) -> None:
            if yes:
                with self.guarded():
                    act()

        self.app.push_screen(question, answered)

    def prompt(self, prompt: Prompt, take: Callable[[str], None]) -> None:
        """Do something with the text that is typed, unless the dialog is cancelled; a WorkbenchError in it is shown."""

        def answered(text: str | None) -> None:
            if text is not None:
                with self.guarded():
                    take(text)

        self.app.push_screen(prompt, answered)

    def target(self, prompt: Prompt, write: Callable[[Path], object]) -> None:
        """Do something with the path that is typed; asked again where a file is there, refused where it is our own."""

        def take(text: str) -> None:
            if not text:
                return
            path = typed(text).absolute()
            refuse_own(path, self.workspace.files.root)
            if path.exists():
                self.confirm(
                    Confirm(f"Overwrite {path.name}?", f"{path} exists already.", final=True), lambda: write(path)
                )
            else:
                write(path)

        self.prompt(prompt, take)

    def in_background(self, work: Callable[[], Any], name: str, exclusive: bool = True) -> Worker[Any]:
        """Run something slow in a thread; a WorkbenchError in it is shown. Post messages from it, touch no widget."""
        return self.run_worker(work, name=name, group=name, thread=True, exclusive=exclusive, exit_on_error=False)

    def read_in_background(self, read: Callable[[], Any], name: str) -> Worker[Any]:
        """The same for what changes nothing; where the database is out of reach, it is done once that is back."""
        self._reading[name] = read
        return self.in_background(read, name)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show why a worker failed; what is no WorkbenchError is a fault of the program."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            if not isinstance(error, WorkbenchError):
                raise error
            self.workbench.show_problem(error)
            if isinstance(error, WAITING) and (read := self._reading.get(name := event.worker.name)) is not None:
                self.workbench.missed.note(self, name, partial(self.in_background, read, name))

    def help_notes(self) -> list[tuple[str, str]]:
        """Keys that are no bindings, such as a schema's field keys, for the help: (key, what it does)."""
        return []

    def help_signs(self) -> list[tuple[str, str]]:
        """Signs and words of the screen, for the help: (sign, what it means)."""
        return list(self.HELP_SIGNS)

    def action_help(self) -> None:
        modes = {f"mode.{mode.id}" for mode in self._named_modes}
        shown = {
            key: active
            for key, active in self.active_bindings.items()
            if not (name := active.binding.id or "").startswith("mode.") or name in modes
        }
        listed = sections(shown, self.help_notes(), self.help_signs())
        note = f"{self.key_of('app.commands')} lists their names, for [bindings] in workbench.toml"
        saved = self.workbench.unsaved.reason or "all is saved"
        title = f"Keys · {self.mode.capitalize()} · {self.key_of('app.quit')} quits, {saved}"
        self.app.push_screen(HelpPage(title, listed, note))


@contextmanager
def taken_from(done: list[Done]) -> Iterator[Done]:
    """The latest of what was done, to be undone; it stays there where a full disk or another process refuses that."""
    last = done.pop()
    try:
        yield last
    except WAITING:
        done.append(last)
        raise


def screen_of(widget: Widget) -> ModeScreen:
    """The screen that a widget belongs to: it has the border for errors, dialogs and work in the background."""
    return cast(ModeScreen, widget.screen)
