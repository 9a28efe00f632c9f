"""The application: screens, themes, keys, the command palette and the status that all screens share."""

from asyncio import to_thread
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from screens import command_palette, modes, rescue, themes, workarounds
from screens.base import ErrorWalk, ModeScreen
from screens.dialog_keys import DialogKeys
from screens.graphics import Graphics
from screens.keys import bindings, keymap
from screens.navigation import Request
from screens.run_watcher import RunFollower
from screens.startup import OpeningScreen, Preloader, tune_interpreter
from screens.widgets.dialogs import Typed
from storage.exceptions import WorkbenchError
from workbench.fields.plain_text import share_done, without_passwords
from workbench.live.client import LiveClient
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.runs.watch import RunUpdate


class WorkbenchApp(App[None]):
    """The workbench on one workspace.

    Args:
        workspace: open; closed by the caller.
        mode: the screen to start in.
    """

    TITLE = "invoice-workbench"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS = [
        *bindings(
            [
                *(
                    (f"mode.{m.id}", m.key, f"show_mode('{m.id}')", f"{m.title}: {m.summary}")
                    for m in modes.available()
                ),
                ("app.help", "question_mark,f1", "help", "All keys of this screen"),
                ("app.commands", "ctrl+p,f10,colon", "command_palette", "All commands, by name"),
                ("app.theme", "f12", "next_theme", "Next theme: dark, light, high contrast"),
            ]
        ),
        Binding("ctrl+q", "quit", "Quit: leave the workbench", id="app.quit", priority=True, show=False),
        Binding("ctrl+s,f9", "save", "Save again what was not saved", id="app.save", show=False),
    ]

    def __init__(self, workspace: Workspace, mode: str = "annotate", graphics: Graphics | None = None) -> None:
        super().__init__()
        self.workspace, self.live = workspace, LiveClient(workspace)
        self.graphics = graphics or Graphics()
        self.missed = workarounds.Missed()
        self.problem: Exception | None = None  # why the program ends: the workspace cannot be opened, or a fault
        self._first = mode
        self._follower = RunFollower(self, shell=self)
        self._preloader = Preloader(self)
        self.dialog_keys = DialogKeys(self)
        self._progress: tuple[int, int] = (0, 0)
        self._saved = self._training = ""
        self.unsaved = rescue.UnsavedWork(self, shell=self)
        self.error_walk: ErrorWalk | None = None  # errors that are gone through in the annotate screen
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.theme = themes.preferred(workspace.settings.theme)
        for screen in modes.available():
            self.add_mode(screen.id, screen.load)
        self.use_keys()

    def on_mount(self) -> None:
        """Enter the first screen; where the database is still closed, show the screen's frame until it is open."""
        if self.workspace.is_open:
            self._enter()
        else:
            self.push_screen(OpeningScreen(self.workspace.name, self._first))
            self.run_worker(self._open, name="opening", group="opening", thread=True, exit_on_error=False)

    def _open(self) -> None:
        """In a thread: the database, and the modules of the first screen."""
        try:
            self.workspace.connect()
            next(m for m in modes.MODES if m.id == self._first).bring()
            tune_interpreter()
            self.call_from_thread(self._enter)
        except Exception as error:  # noqa: BLE001 - `run` raises it, when the terminal is as it was
            self.problem = error if self.is_running and not self._exit else None  # else left, or the terminal is closed
            self.call_from_thread(self.exit)

    def _enter(self) -> None:
        if self._exit or not self.is_running:
            return
        self.count_progress()
        self._follower.start()
        self.switch_mode(self._first)
        self._preloader.start(self.workspace.files.runs)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent):
            self._preloader.touch()
        if isinstance(event, events.Key) and self.current_mode == "annotate":
            self.live.pressed()
        if isinstance(event, events.Key) and await self.dialog_keys.handle(event):
            return
        await super().on_event(workarounds.laid_out(event))

    def on_key(self, event: events.Key) -> None:
        """Keys of the screen in front that are no bindings: here, where bindings are, none overtakes another."""
        if self.dialog_keys.divide(event) or (isinstance(self.screen, Typed) and self.screen.typed(event)):
            event.prevent_default()

    def use_keys(self) -> None:
        """Take the keys from the settings."""
        settings = self.workspace.settings
        self.keys = keymap(settings.keys, settings.bindings)  # binding id -> keys, of those that were remapped
        self.set_keymap(self.keys)

    def action_choose_keys(self, preset: str) -> None:
        self.workspace.change_settings(keys=preset)
        self.use_keys()
        self.notify(f"Keys: {preset}. ? shows them.")

    # screens

    @property
    def mode_screen(self) -> ModeScreen | None:
        """The screen in view (below any dialog)."""
        return next((s for s in reversed(self.screen_stack) if isinstance(s, ModeScreen)), None)

    async def action_show_mode(self, mode: str) -> None:
        """Go to a screen; where the workspace is still being opened, it comes then."""
        if self.mode_screen is None:
            self._first = mode
        elif self.current_mode != mode and not self.screen.is_modal:
            await self._go_to(mode)

    async def _go_to(self, mode: str) -> None:
        """Its modules are loaded in a thread: that takes a second the first time, and this screen goes on meanwhile."""
        await to_thread(next(m for m in modes.MODES if m.id == mode).bring)
        if not self._exit:  # the analyst has left meanwhile
            await self.switch_mode(mode)

    def action_help(self) -> None:
        if self.mode_screen is not None:
            self.mode_screen.action_help()

    async def visit(self, mode: str, request: Request | None = None) -> None:
        """Go to a screen, and hand it a request."""
        await self._go_to(mode)
        if request is not None and (screen := self.mode_screen) is not None and screen.mode == mode:
            screen.receive(request)

    def action_next_theme(self) -> None:
        """Dark, light, high contrast in turn; kept in workbench.toml."""
        self.action_choose_theme(themes.following(self.theme))

    def action_choose_theme(self, name: str) -> None:
        self.theme = name
        self.workspace.change_settings(theme=name)

    # runs, and what all screens show

    @property
    def news(self) -> "RunUpdate":
        """What is known of the runs, as of the last look."""
        return self._follower.update

    def look_after_runs(self) -> None:
        """Look at the runs now, not only at the next tick."""
        self._follower.look()

    @property
    def common_facts(self) -> tuple[str, ...]:
        """The application's part of the status line."""
        done, total = self._progress
        share = f"{done:,}/{total:,} labelled ({share_done(done, total)})" if total else "no documents yet"
        return (self.unsaved.reason or self._saved, self._training, share, self.workspace.name)

    def count_progress(self) -> None:
        """Count the labelled documents anew."""
        from storage.document_list import Filter, count

        with self.workspace.db.read() as connection:
            self._progress = count(connection, Filter("labelled")), count(connection)
        self._refresh_status()

    def say_saved(self, text: str) -> None:
        """The saved state: "saved" after a commit, or what is wrong."""
        self._saved = text
        self._refresh_status()

    def action_save(self) -> None:
        self.unsaved.save()

    async def action_quit(self) -> None:
        self.unsaved.leave(self.exit)

    def say_training(self, text: str) -> None:
        """The running training and its progress; "" when there is none."""
        self._training = text
        self._refresh_status()

    def _refresh_status(self) -> None:
        if self.is_running and self.mode_screen is not None:
            self.mode_screen.refresh_status_line()

    def show_problem(self, error: WorkbenchError) -> None:
        """What happened and what can be done about it; of a workspace that is gone, where to save what is open."""
        text = without_passwords(error.message + (f"\n→ {error.remedy}" if error.remedy else ""))
        self.notify(text, title=error.title, severity="error", timeout=10, markup=False)
        rescue.offer(self, self, error)

    def panic(self, *renderables: RenderableType) -> None:
        """For the driver's thread, after which Textual would leave with exit code 0."""
        self._return_code = 1
        super().panic(*renderables)

    def _handle_exception(self, error: Exception) -> None:
        if not (self._follower.outlasts(error) or workarounds.is_of_closed_palette(error, self)):
            self.problem = self.problem or error
            super()._handle_exception(error)

    async def _shutdown(self) -> None:
        workarounds.end_reading()
        await super()._shutdown()

    def _fatal_error(self) -> None:
        """`program.run` raises `problem`: Textual's page of a crash shows variables, passwords among them."""
        self._close_messages_no_wait()

    async def run_action(self, action: Any, default_namespace: DOMNode | None = None, namespaces: Any = None) -> bool:
        """Every action's border for errors that the analyst can do something about."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except WorkbenchError as error:
            self.show_problem(error)
            return True

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The command palette: screens, themes, key presets, and every binding of the screen by name."""
        return command_palette.commands(self.mode_screen, self.keys, partial(self.call_later, self.run_action))
