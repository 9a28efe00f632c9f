"""The tune screen: set a run up on the left, see what it will take and how it goes on the right."""

from collections.abc import Iterable, Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.dom import DOMNode
from textual.widgets import Button

from screens.base import ModeScreen
from screens.keys import bindings
from screens.navigation import CloneRun, ProposeRun, Request
from screens.run_actions import RunActions
from screens.tune.check_panel import CheckPanel
from screens.tune.hints import hint_of
from screens.tune.keys import SIGNS, TUNE
from screens.tune.settings_form import SettingsForm
from screens.widgets.dialogs import Choice, Prompt
from screens.widgets.run_panel import FIGURES, RunPanel
from storage import runs as run_store
from storage.exceptions import RunProblem
from storage.records import RunState
from workbench.fields.plain_text import counted
from workbench.remote import check
from workbench.runs import jobs, machine
from workbench.runs.config import draft as drafts
from workbench.runs.config import files as config_files
from workbench.runs.config.draft import Draft
from workbench.runs.config.tune import TuneConfig
from workbench.runs.watch import RunUpdate
from workbench.search import plan as searches
from workbench.search import space


class TuneScreen(ModeScreen):
    """Set up, start and watch a run. With the class -live the run is in view, else the check of the data."""

    mode = "tune"
    CSS_PATH = "tune.tcss"
    BINDINGS = bindings(TUNE)

    def __init__(self) -> None:
        super().__init__()
        self._away = False
        self._target = ""  # where the next run trains; "": on this machine
        self._actions = RunActions(self, lambda _: self.show_run())

    def body(self) -> ComposeResult:
        with Horizontal(id="work"):
            yield SettingsForm(self.workspace, id="left")
            with Vertical(id="side"):
                yield CheckPanel(self.workspace, id="check")
                yield RunPanel(self.workspace, id="live")
                with Horizontal(id="buttons"):
                    yield Button("Start", id="start", compact=True, variant="success")
                    yield Button("Stop", id="stop", compact=True)
                    yield Button("Pause", id="pause", compact=True)
                    yield Button("Kill", id="kill", compact=True, variant="error")
                    yield Button("Resume", id="resume", compact=True)

    def on_mount(self) -> None:
        for button in self.query(Button):
            button.can_focus = False  # their keys are quicker; clicks work
        self.form.focus_setting()
        self.panel.look(self.form.draft.config)
        self.refresh_status()
        self.call_after_refresh(machine.warm_up)  # libraries are loaded while settings are chosen

    @property
    def form(self) -> SettingsForm:
        """The settings of the next run."""
        return self.query_one(SettingsForm)

    @property
    def panel(self) -> CheckPanel:
        """The check of the data for these settings, and the estimate."""
        return self.query_one(CheckPanel)

    def key_owners(self) -> Iterable[DOMNode]:
        return (self, *self.query(SettingsForm), self.app)

    def receive(self, request: Request) -> None:
        match request:
            case ProposeRun():
                self.form.begin(Draft(request.changed, request.config, request.preset), request.parent)
            case CloneRun():
                self.form.begin(Draft.of(request.config, request.preset), request.parent)
            case _:
                super().receive(request)

    def on_screen_resume(self) -> None:
        """Labels and runs may have come in another screen."""
        super().on_screen_resume()
        self.form.reread_last_run()
        self.refresh_status()
        if self._away:
            self.panel.look(self.form.draft.config)

    def on_screen_suspend(self) -> None:
        """A dialog over the screen is no other screen: what is measured goes on."""
        self._away = not self.app.screen.is_modal

    @on(SettingsForm.DraftChanged)
    def _draft_changed(self, event: SettingsForm.DraftChanged) -> None:
        if event.begun:
            self.remove_class("-live")
        if event.config_changed:
            self.panel.look(self.form.draft.config)
        self.refresh_status()

    @on(CheckPanel.Checked)
    def _checked(self) -> None:
        self.refresh_status()

    def action_smaller(self) -> None:
        if self.panel.smaller:
            self.form.apply(self.panel.smaller)
        else:
            self.notify("These settings fit.")

    # starting

    def action_start(self) -> None:
        """Start a run, when it can work."""
        if problems := self.form.draft.problems:
            key, (_, why) = next(iter(problems.items()))
            self.form.focus_setting(key)
            raise RunProblem(why, f"Correct {key} first.")
        if (refusal := self.panel.refusal) is not None:
            raise RunProblem(refusal.message, refusal.remedy)
        self._start({})

    def action_target(self) -> None:
        """Choose the machine that the next runs train on."""
        targets = self.workspace.settings.targets
        if not targets:
            raise RunProblem(
                "No other machine is named in workbench.toml.", 'Name one under [targets], as in  box = "ssh:me@box"'
            )
        options = [("", "this machine", "")]
        options += [(name, f"{name}  {self.workspace.settings.target(name).address}", "") for name in targets]

        def choose(name: str | None) -> None:
            if name is not None:
                self._target = name
                self.panel.say_target(name)
                self.refresh_status()

        self.app.push_screen(Choice("Where to train", options, current=self._target), choose)

    def action_grid(self) -> None:
        example = "train.learning_rate=1e-4,3e-4"
        self.prompt(Prompt("A grid: every combination is a run", example, "key=a,b key=c,d"), self._start_grid)

    def _start_grid(self, text: str) -> None:
        if text:
            self._start(drafts.variants(self.form.draft.config, text))

    def action_search(self) -> None:
        title = "A search: how many runs, how many at a time, what it varies (nothing: what the handbook would)"
        self.prompt(
            Prompt(title, "12", "12 slots=2 train.learning_rate=1e-5..2e-4 log; train.optim=adamw,sgd"), self._search
        )

    def _search(self, text: str) -> None:
        config, preset, target = self.form.draft.config, self.form.draft.preset, self._target
        if not text:
            return

        def work() -> None:
            trials, slots, varied = space.order(text, config)
            if target:
                check.device_of(self.workspace.settings.target(target))
            folder = searches.prepare(
                self.workspace, config, varied, preset=preset, trials=trials, slots=slots, target=target
            )
            searches.start(self.workspace, folder)
            self.app.call_from_thread(self._searching, folder.path.name, trials)

        self.in_background(work, "start", exclusive=False)

    def _searching(self, name: str, trials: int) -> None:
        self.workbench.look_after_runs()
        text = f"{counted(trials, 'run')}, the preset first. F5 lists them, and draws the search's charts."
        self.notify(f"{text} `workbench searches show {name}` reports.", title="The search has begun", timeout=12)

    def _start(self, variants: Mapping[str, TuneConfig]) -> None:
        """Start a run of the form's settings, or a group of the variants, by name."""
        config, preset, parent = self.form.draft.config, self.form.draft.preset, self.form.parent_run
        target = self.workspace.settings.target(self._target) if self._target else None

        def work() -> None:
            if target is not None:
                check.device_of(target)
            if variants:
                runs = jobs.grid(self.workspace, variants, preset, on=target)
            else:
                runs = [jobs.prepare(self.workspace, config, preset=preset, parent=parent, on=target)]
            jobs.start_in_turn(self.workspace, [run.id for run in runs])
            self.app.call_from_thread(self._started, runs[0].id)

        self.notify("Copying the documents for the run …", timeout=2)
        self.in_background(work, "start", exclusive=False)

    def _started(self, run_id: str) -> None:
        self.workbench.look_after_runs()
        self.form.reread_last_run()
        self._bring_into_view(run_id)

    # the run in view

    @property
    def live(self) -> RunPanel:
        return self.query_one(RunPanel)

    def runs_changed(self, news: RunUpdate) -> None:
        """A run went on: show it; a new one comes into view by itself."""
        if self.live.run_id is None and news.active:
            self._bring_into_view(news.active[0].run.id)
        else:
            self.show_run()

    def _bring_into_view(self, run_id: str) -> None:
        self.live.run_id = run_id
        self.add_class("-live")
        self._show_laid_out()

    def _show_laid_out(self) -> None:
        """Draw the run once it is known how much screen it has."""
        self.call_after_refresh(self.show_run)

    def show_run(self) -> None:
        if (run := self.live.run) is None:
            self.live.run_id = None
            self.remove_class("-live")
        elif self.has_class("-live"):
            self.live.show(run, self.workbench.news.active)
        self.refresh_status()

    def action_view(self) -> None:
        """Switch between the check and the run in view; where there is none, the last run comes into view."""
        if self.live.run_id is None:
            with self.workspace.db.read() as connection:
                listed = run_store.listed(connection)
            if not listed:
                self.notify("No run was started yet.")
                return
            self.live.run_id = listed[0].id
        self.toggle_class("-live")
        self._show_laid_out()

    def action_chart(self) -> None:
        self.live.next_chart()

    def action_next_run(self) -> None:
        """Show the next of the active runs."""
        ids = [active.run.id for active in self.workbench.news.active]
        if ids:
            at = ids.index(self.live.run_id) if self.live.run_id in ids else -1
            self._bring_into_view(ids[(at + 1) % len(ids)])

    def action_run(self, act: str) -> None:
        """Do something with the run in view."""
        if (run := self.live.run) is None:
            raise RunProblem("No run is shown here.", "Start one, or look at the runs screen (F5).")
        self._actions.act(act, run)

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        name = event.button.id
        await self.run_action("screen.start" if name == "start" else f"screen.run('{name}')")

    def help_signs(self) -> list[tuple[str, str]]:
        return [*SIGNS, *FIGURES]

    def refresh_status(self) -> None:
        run = self.live.run
        at_work = run is not None and run.state in run_store.ACTIVE
        resumable = run is not None and run.state in run_store.RESUMABLE
        is_paused = run is not None and run.state is RunState.PAUSED
        self.query_one("#pause", Button).label = "Go on" if is_paused else "Pause"
        for name in ("stop", "pause", "kill"):
            self.query_one(f"#{name}", Button).display = at_work
        self.query_one("#resume", Button).display = resumable
        refused = bool(self.form.draft.problems) or self.panel.refusal is not None
        self.query_one("#start", Button).disabled = refused
        live = self.has_class("-live")
        self.show_hint(
            hint_of(
                live,
                at_work,
                resumable,
                refused,
                smaller=bool(self.panel.smaller),
                elsewhere=bool(self.workspace.settings.targets),
                is_paused=is_paused,
            )
        )
        preset, last = self.form.draft.preset, self.form.last
        differences = len(config_files.difference(last, self.form.draft.config)) if last else 0
        self.facts(
            f"trains on {self._target}" if self._target else "",
            f"preset {preset}" if preset else "own settings",
            f"{differences} different from the last run" if last else "",
        )
