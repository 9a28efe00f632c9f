"""The tune screen: set a run up on the left, see what it will take and how it goes on the right."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Static

from screens.keys import bindings
from screens.navigation import CloneRun, ProposeRun, Request
from screens.tune.check_panel import check_text
from screens.tune.option_form import OptionForm
from screens.tune.settings_form import SettingUp
from screens.widgets.dialogs import Prompt, TextPage
from screens.widgets.run_panel import RunPanel, ending
from storage import runs as run_store
from storage.exceptions import RunProblem, WorkbenchError
from storage.records import Run
from workbench.runs import jobs, progress
from workbench.runs.config import draft as drafts
from workbench.runs.config import files as config_files
from workbench.runs.config.tune import TuneConfig
from workbench.runs.estimate import Estimate
from workbench.runs.state import RunFolder
from workbench.runs.watch import RunUpdate

TUNE = [
    ("run.start", "s", "start", "Start a run with these settings"),
    ("run.stop", "x", "end('stop')", "Stop the run well: checkpoint, evaluate, keep the model"),
    ("run.pause", "p", "pause", "Let the run rest, or go on"),
    ("run.kill", "K", "kill", "End the run at once"),
    ("run.resume", "r", "resume", "Go on from the last checkpoint"),
    ("run.next", "n", "next_run", "Show the next run"),
    ("run.grid", "g", "grid", "Start a grid of settings as one group"),
    ("view.live", "v", "view", "Data check or the live run"),
    ("view.chart", "c", "chart", "Next curve"),
    ("view.log", "l", "log", "What the run's process printed"),
    ("form.preset", "P", "preset", "Begin with another preset"),
    ("form.all", "f", "fold", "Fold or unfold all groups"),
    ("form.reset", "backspace,delete", "reset", "This setting as it began"),
    ("form.yaml", "y", "yaml", "The settings as YAML"),
    ("form.difference", "d", "difference", "Difference to the last run"),
    ("form.load", "o", "load", "Read settings from a YAML file"),
    ("form.save", "w", "save", "Write the settings to a YAML file"),
    ("form.augmentation", "a", "augmentation", "Preview the augmentation"),
    ("form.smaller", "m", "smaller", "Take the smaller choice"),
]


class TuneScreen(SettingUp):
    """Set up, start and watch a run."""

    mode = "tune"
    CSS_PATH = "tune.tcss"
    BINDINGS = bindings(TUNE)

    def __init__(self) -> None:
        super().__init__()
        self._shown: str | None = None  # the run in view
        self._away = False

    def body(self) -> ComposeResult:
        self.prepare()
        with Horizontal(id="work"):
            with Vertical(id="left"):
                yield OptionForm()
                yield Static(id="licence")
                yield Static(id="guide")
                yield Input(id="edit", compact=True)
            with Vertical(id="side"):
                with VerticalScroll(id="check", can_focus=False):
                    yield Static(check_text(None, None, {}), id="facts")
                yield RunPanel(id="live")
                with Horizontal(id="buttons"):
                    yield Button("Start", id="start", compact=True, variant="success")
                    yield Button("Stop", id="stop", compact=True)
                    yield Button("Pause", id="pause", compact=True)
                    yield Button("Kill", id="kill", compact=True, variant="error")
                    yield Button("Resume", id="resume", compact=True)

    def on_mount(self) -> None:
        """Show the preset that fits, and a run that is at work."""
        for button in self.query(Button):
            button.can_focus = False  # their keys are quicker; clicks work
        self.query_one(OptionForm).focus()
        self.show_form()
        self.check_data()

    def receive(self, request: Request) -> None:
        match request:
            case ProposeRun():
                self.propose(request.config, request.changed, request.preset, request.parent)
            case CloneRun():
                self.begin_with(request.config, request.preset, request.parent)
            case _:
                super().receive(request)

    def on_screen_resume(self) -> None:
        """Labels may have come in another screen."""
        super().on_screen_resume()
        self.show_form()
        if self._away:
            self.check_data()

    def on_screen_suspend(self) -> None:
        """A dialog over the screen is no other screen: what is measured goes on."""
        self._away = not self.app.screen.is_modal

    # runs

    def action_start(self) -> None:
        """Start a run, when it can work."""
        if self.draft.problems:
            key, (_, why) = next(iter(self.draft.problems.items()))
            self.query_one(OptionForm).focus_key(key)
            raise RunProblem(why, f"Correct {key} first.")
        if self._check is not None and self._check.refused:
            finding = self._check.refused[0]
            raise RunProblem(finding.message, finding.remedy)
        self._begin({})

    def action_grid(self) -> None:
        """Ask for a grid."""
        self.app.push_screen(
            Prompt("A grid: every combination is a run", "train.learning_rate=1e-4,3e-4", "key=a,b key=c,d"), self._grid
        )

    def _grid(self, text: str | None) -> None:
        if text:
            with self.guarded():
                self._begin(drafts.variants(self.draft.config, text))

    def _begin(self, variants: dict[str, TuneConfig]) -> None:
        config, preset, parent = self.draft.config, self.draft.preset, self._cloned

        def work() -> None:
            if variants:
                made = jobs.grid(self.workspace, variants, preset)
            else:
                made = [jobs.prepare(self.workspace, config, preset=preset, parent=parent)]
            for run in made:
                jobs.start(self.workspace, run.id)
            self.app.call_from_thread(self._began, made)

        self.notify("The documents are being frozen for the run …", timeout=2)
        self.in_background(work, "start", exclusive=False)

    def _began(self, made: list[Run]) -> None:
        self._shown = made[0].id
        self.add_class("-live")
        self.workbench.look_after_runs()
        self.show_form()
        self._show_laid_out()

    def runs_changed(self, news: RunUpdate) -> None:
        """A run went on: show it; a new one comes into view by itself."""
        active = [one.run.id for one in news.active]
        if self._shown is None and active:
            self._shown = active[0]
            self.add_class("-live")
            self._show_laid_out()
        else:
            self.show_run()

    def _show_laid_out(self) -> None:
        """Draw the run once it is known how much screen it has."""
        self.call_after_refresh(self.show_run)

    def _chosen(self) -> Run:
        if self._shown is None:
            raise RunProblem("No run is shown here.", "Start one, or look at the runs screen (F5).")
        with self.workspace.db.read() as connection:
            return run_store.get(connection, self._shown)

    def show_run(self) -> None:
        """Draw the run that is shown from its snapshot."""
        if self._shown is None or not self.has_class("-live"):
            self.refresh_status()
            return
        try:
            run = self._chosen()
        except RunProblem:  # deleted meanwhile
            self._shown = None
            self.remove_class("-live")
            return
        news = self.workbench.news
        folder = self.workspace.files.run(run.id)
        seen = next((one.progress for one in news.active if one.run.id == run.id), None) or progress.of(folder)
        names = {f.id: f.name for f in self.workspace.schema.active}
        said = RunFolder(folder).log_tail()
        self.query_one(RunPanel).show(run, seen, names, [said] if said else [], news.active)
        self.refresh_status()

    def action_view(self) -> None:
        """The check or the run: the one that is at work, else the last."""
        if self._shown is None:
            with self.workspace.db.read() as connection:
                listed = run_store.listed(connection)
            if not listed:
                self.notify("No run was started yet.")
                return
            self._shown = listed[0].id
        self.toggle_class("-live")
        self._show_laid_out()

    def action_chart(self) -> None:
        """Another curve."""
        self.query_one(RunPanel).next_chart()

    def action_next_run(self) -> None:
        """Among those that are active, and the one that is shown."""
        ids = [one.run.id for one in self.workbench.news.active]
        if ids:
            at = ids.index(self._shown) if self._shown in ids else -1
            self._shown = ids[(at + 1) % len(ids)]
            self.add_class("-live")
            self._show_laid_out()

    def action_end(self, how: str) -> None:
        """Stop."""
        getattr(jobs, how)(self.workspace, self._chosen().id)
        self.notify("It stops after its current step, evaluates and keeps the model.")

    def action_pause(self) -> None:
        """Pause, or go on."""
        run = self._chosen()
        paused = RunFolder(self.workspace.files.run(run.id)).pause.exists()
        (jobs.unpause if paused else jobs.pause)(self.workspace, run.id)
        self.notify("It goes on." if paused else "It rests after its current step.")

    def action_kill(self) -> None:
        """Ask, then end it at once."""
        run = self._chosen()

        def answered(yes: bool | None) -> None:
            if yes:
                with self.guarded():
                    jobs.kill(self.workspace, run.id)

        self.app.push_screen(ending(run), answered)

    def action_resume(self) -> None:
        """Go on from the last checkpoint."""
        jobs.resume(self.workspace, self._chosen().id)
        self.workbench.look_after_runs()

    def action_log(self) -> None:
        """The end of what the process printed."""
        run = self._chosen()
        path = RunFolder(self.workspace.files.run(run.id)).log
        text = path.read_text(errors="replace") if path.exists() else ""
        self.app.push_screen(
            TextPage(f"Log of {run.name}", text[-20_000:] or "The process printed nothing.", wide=True)
        )

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        actions = {"stop": "end('stop')"}
        name = str(event.button.id)
        await self.run_action(f"screen.{actions.get(name, name)}")

    def help_signs(self) -> list[tuple[str, str]]:
        """The marks of the form."""
        return [
            ("•", "changed from what the preset (or the run it was cloned from) says"),
            ("Δ", "differs from the last run"),
            ("!", "cannot be; the text below says why"),
            ("▸ 3 more", "settings that seldom matter: Enter on the heading shows them"),
        ]

    def refresh_status(self) -> None:
        """Buttons, hint and status for what can be done now."""
        run: Run | None = None
        if self._shown is not None:
            try:
                run = self._chosen()
            except WorkbenchError:
                self._shown = None
        at_work = run is not None and run.state in run_store.ACTIVE
        resumable = run is not None and run.state in run_store.RESUMABLE
        for name in ("stop", "pause", "kill"):
            self.query_one(f"#{name}", Button).display = at_work
        self.query_one("#resume", Button).display = resumable
        refused = bool(self.draft.problems) or bool(self._check and self._check.refused)
        self.query_one("#start", Button).disabled = refused
        key = self.key_of
        if at_work and self.has_class("-live"):
            self.hint(
                "", (key("run.stop"), "stop"), (key("run.pause"), "pause"), (key("run.kill"), "kill"),
                (key("view.chart"), "curve"), (key("view.live"), "check"), (key("run.start"), "another run"),
            )  # fmt: skip
        else:
            lead = "" if not refused else "This cannot work yet."
            first = [] if refused else [(key("run.start"), "start")]
            if resumable and self.has_class("-live"):
                first.insert(0, (key("run.resume"), "resume"))
            smaller = isinstance(self._estimate, Estimate) and self._estimate.smaller
            self.hint(
                lead, *first, *([(key("form.smaller"), "smaller")] if smaller else []), ("←→", "change"),
                ("Enter", "edit"), (key("form.preset"), "preset"), (key("form.yaml"), "YAML"),
                (key("form.difference"), "difference"),
                (key("view.live"), "data check" if self.has_class("-live") else "the run"),
            )  # fmt: skip
        differences = len(config_files.difference(self._last, self.draft.config)) if self._last else 0
        self.facts(
            f"preset {self.draft.preset}" if self.draft.preset else "own settings",
            f"{differences} different from the last run" if self._last else "",
        )
