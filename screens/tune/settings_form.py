"""The form of a run's settings, with the line that edits one and the guide that explains it."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from screens.base import screen_of
from screens.keys import bindings
from screens.tune import augmentation_page
from screens.tune.keys import FORM
from screens.tune.option_form import PRESET, OptionForm
from screens.widgets.dialogs import Choice, Confirm, Prompt, TextPage
from storage import label_queries
from storage import runs as run_store
from storage.files import write_atomic
from workbench.active_learning import loop_task, retraining
from workbench.active_learning.loop_task import LoopTask
from workbench.files.typed_paths import typed
from workbench.runs import machine
from workbench.runs.config import draft as drafts
from workbench.runs.config import families, presets
from workbench.runs.config import files as config_files
from workbench.runs.config.draft import Draft
from workbench.runs.config.setting_descriptions import Setting, without_effect
from workbench.runs.config.tune import Group, TuneConfig
from workbench.workspace import Workspace


class SettingsForm(Vertical):
    """Owns the draft of a configuration; posts `DraftChanged` when it is another."""

    BINDINGS = bindings(FORM)
    DEFAULT_CSS = """
    SettingsForm {
        #licence { height: auto; max-height: 3; color: $text-muted; padding: 0 1; }
        #guide { height: auto; max-height: 45%; min-height: 3; padding: 0 1; background: $surface; }
        #edit { display: none; height: 1; border: none; padding: 0 1; background: $panel; }
        #edit:focus { border: none; }
        #edit.-shown { display: block; }
    }
    """

    class DraftChanged(Message):
        """There is another draft.

        Args:
            config_changed: False where only a value was typed that cannot be.
            begun: the form was filled anew: from a preset, a file or a run.
        """

        def __init__(self, config_changed: bool, begun: bool = False) -> None:
            super().__init__()
            self.config_changed, self.begun = config_changed, begun

    def __init__(self, workspace: Workspace, id: str | None = None) -> None:
        super().__init__(id=id)
        self._workspace = workspace
        self._device = machine.device()
        self._editing = ""  # the setting in the edit line
        self.draft = self._preset_for(0)  # until it is mounted: what fits the data is read then
        self.last: TuneConfig | None = None  # the last run's configuration
        self._only_texts = False  # no document stands on a page
        self.parent_run: str | None = None  # the run whose settings these began as

    def compose(self) -> ComposeResult:
        yield OptionForm()
        yield Static(id="licence")
        yield Static(id="guide")
        yield Input(id="edit", compact=True)

    def on_mount(self) -> None:
        self.draft = self._fitting_preset(loop_task.usual(self._workspace))
        self.reread_last_run()

    @property
    def _options(self) -> OptionForm:
        return self.query_one(OptionForm)

    def focus_setting(self, key: str = "") -> None:
        """Focus the form, at a setting where one is named."""
        self._options.focus()
        if key:
            self._options.focus_key(key)

    # the draft

    def _fitting_preset(self, task: LoopTask) -> Draft:
        """The preset that fits the task, the data and the machine."""
        with self._workspace.db.read() as connection:
            count = retraining.labelled_documents(connection, task)
        if task.field:
            is_only = len(self._workspace.schema.classes) == 1
            return Draft.of(presets.of_classes(count, "" if is_only else task.field, self._device), presets.CLASSES)
        return self._preset_for(count)

    def _preset_for(self, documents: int) -> Draft:
        """The preset that fits so many labelled documents."""
        preset = presets.preset(presets.choose_preset(documents, documents, self._device), self._device)
        return Draft.of(preset.config, preset.name)

    def begin(self, draft: Draft, parent: str | None = None) -> None:
        """Fill the form: from a preset, a file, or the run `parent`."""
        self.draft, self.parent_run = draft, parent
        self.reread_last_run()
        self.post_message(self.DraftChanged(config_changed=True, begun=True))

    def apply(self, sets: Sequence[str]) -> None:
        """Change settings, each as "key=value"."""
        config = config_files.apply_sets(self.draft.config, sets)
        self._take(Draft(config, self.draft.origin, self.draft.preset))

    def _take(self, draft: Draft) -> None:
        before, self.draft = self.draft, self._for_family(draft)
        self._show()
        self.post_message(self.DraftChanged(self.draft.config != before.config))

    def _for_family(self, draft: Draft) -> Draft:
        """The draft with what the preset of classes has for another family, where the settings are as it had them."""
        before, family = self.draft.config.model.family, draft.config.model.family
        if family == before or draft.origin.model.task != "classes":
            return draft
        with self._workspace.db.read() as connection:
            count = retraining.labelled_documents(connection, self._trained)
        of_family = partial(presets.of_classes, count, draft.origin.model.class_field, self._device)
        return draft.based_on(of_family(family)) if draft.origin == of_family(before) else draft

    def reread_last_run(self) -> None:
        """Show the form; the marks of what differs from the last run are of the run that is the last now."""
        with self._workspace.db.read() as connection:
            listed = run_store.listed(connection)
            self._only_texts = label_queries.are_all_texts(connection)
        with screen_of(self).guarded():
            self.last = config_files.from_dict(listed[0].config) if listed else None
        self._show()

    def _show(self) -> None:
        of_task = _OF_TASK if self.draft.config.model.task == "classes" else _OF_TASK[:1]
        chosen = [key for key in of_task if len(self._tasks(key)) > 1]
        self._options.show(self.draft, self.last, only_texts=self._only_texts, chosen=chosen)
        spec = families.spec(self.draft.config.model.family)
        licence = Content.assemble(("Weights: ", "bold"), f"{spec.licence}. {spec.commercial}")
        self.query_one("#licence", Static).update(licence)
        self._guide(self._options.key)

    def _guide(self, key: str, problem: str = "") -> None:
        """Explain a setting, or say what is wrong with its value."""
        setting = drafts.SETTINGS.get(key)
        problem = problem or (self.draft.problems[key][1] if key in self.draft.problems else "")
        if problem:
            text = Content.styled(problem, "$error")
        elif key == PRESET:
            preset = presets.presets(self._device).get(self.draft.preset)
            text = Content(f"{preset.title}: {preset.when}." if preset else "Settings of your own.")
        elif setting is None:
            text = Content("Enter folds or unfolds the group. The groups stand in the order of tuning.")
        else:
            text = _explanation(setting, self.draft)
            if without_effect(key, task=self.draft.config.model.task, only_texts=self._only_texts):
                text = Content.assemble(text, "\n", ("Without effect ", "bold $warning"), "in this run.")
        self.query_one("#guide", Static).update(text)

    # changing a setting

    @on(OptionForm.Moved)
    def _moved(self, event: OptionForm.Moved) -> None:
        self._guide(event.key)

    @on(OptionForm.Stepped)
    def _stepped(self, event: OptionForm.Stepped) -> None:
        if event.key == PRESET:
            names = list(presets.presets(self._device))
            at = names.index(self.draft.preset) if self.draft.preset in names else -1
            self._choose_preset(names[(at + event.by) % len(names)])
        elif event.key in _OF_TASK and (tasks := self._tasks(event.key)):
            at = tasks.index(self._trained) if self._trained in tasks else -1
            self._use_task(tasks[(at + event.by) % len(tasks)])
        else:
            self._with_consent(event.key, lambda: self._take(self.draft.stepped(event.key, event.by)))

    @on(OptionForm.Wanted)
    def _wanted(self, event: OptionForm.Wanted) -> None:
        setting = drafts.SETTINGS.get(event.key)
        if event.key == PRESET:
            self.action_preset()
        elif event.key in _OF_TASK and (tasks := self._tasks(event.key)):
            self._choose_task(event.key, tasks)
        elif setting is not None and setting.choices and "class_weights" not in setting.key:
            self._choose_value(setting)
        elif setting is not None and setting.type == "bool":
            self._take(self.draft.stepped(event.key, 1))
        elif setting is not None:
            self._with_consent(event.key, lambda: self._edit(event.key, event.typed))

    @property
    def _trained(self) -> LoopTask:
        """What these settings train."""
        model, tasks = self.draft.config.model, loop_task.of_schema(self._workspace.schema)
        of_kind = [task for task in tasks if task.kind == model.task]
        named = [task for task in of_kind if model.class_field in (task.field, task.name)]
        return next(iter(named or of_kind or tasks))

    def _tasks(self, key: str) -> list[LoopTask]:
        """The tasks to choose from; those of the workspace's class fields where one of these is asked for."""
        tasks = loop_task.of_schema(self._workspace.schema)
        return [task for task in tasks if key == "model.task" or task.field]

    def _choose_task(self, key: str, tasks: Sequence[LoopTask]) -> None:
        named = {task.field or "words": task for task in tasks}
        options = [(name, task.name or "the fields on words", "") for name, task in named.items()]

        def choose(name: str | None) -> None:
            if name:
                self._use_task(named[name])

        setting = drafts.SETTINGS[key]
        self.app.push_screen(Choice(setting.title, options, setting.does), choose)

    def _use_task(self, task: LoopTask) -> None:
        """Begin with the preset that fits a task; another class field leaves the other settings as they are."""
        if task.kind != self.draft.config.model.task:
            self.begin(self._fitting_preset(task))
        elif task.field:
            self._take(self.draft.change("model.class_field", task.field))

    def _choose_value(self, setting: Setting) -> None:
        options = [(name, _choice_text(setting.key, name), "") for name in self.draft.choices(setting.key)]

        def choose(name: str | None) -> None:
            if name:
                self._take(self.draft.change(setting.key, name))

        self.app.push_screen(Choice(setting.title, options, setting.does), choose)

    def _with_consent(self, key: str, act: Callable[[], None]) -> None:
        """A setting of the structure costs the pretrained weights: say so before it is touched for the first time."""
        setting = drafts.SETTINGS[key]
        if setting.group is Group.STRUCTURE and not self.draft.config.model.structure and key != "model.added_tokens":
            screen_of(self).confirm(Confirm(f"{setting.title}: build a new model?", setting.risk), act)
        else:
            act()

    # the edit line

    @property
    def _edit_line(self) -> Input:
        return self.query_one("#edit", Input)

    def _edit(self, key: str, typed: str) -> None:
        line = self._edit_line
        line.placeholder = f"{drafts.SETTINGS[key].title}: Enter to save, Esc to cancel"
        self._editing = key
        line.value = typed or self.draft.text(key)
        line.add_class("-shown")
        line.focus()
        line.cursor_position = len(line.value)

    @on(Input.Changed, "#edit")
    def _typing(self, event: Input.Changed) -> None:
        event.stop()
        if self._edit_line.has_class("-shown") and self._editing in drafts.SETTINGS:
            tried = self.draft.change(self._editing, event.value)
            self._guide(self._editing, tried.problems.get(self._editing, ("", ""))[1])

    @on(Input.Submitted, "#edit")
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        key = self._editing
        self._close_edit()
        self._take(self.draft.change(key, event.value))

    def _close_edit(self) -> None:
        self._edit_line.remove_class("-shown")
        self._options.focus()

    def key_escape(self) -> None:
        """Close the edit line; the value stays as it was."""
        if self._edit_line.has_class("-shown"):
            self._close_edit()
            self._guide(self._editing)

    # acts

    def action_fold(self) -> None:
        self._options.fold()

    def action_reset(self) -> None:
        if (key := self._options.key) in drafts.SETTINGS:
            self._take(self.draft.reset(key))

    def action_preset(self) -> None:
        known = presets.presets(self._device)
        listed = [(name, f"{name:<14} {preset.when}", "") for name, preset in known.items()]
        self.app.push_screen(Choice("Begin with a preset", listed), self._choose_preset)

    def _choose_preset(self, name: str | None) -> None:
        if name:
            preset = presets.preset(name, self._device)
            self.begin(Draft.of(preset.config, preset.name))

    def action_yaml(self) -> None:
        self.app.push_screen(TextPage("The settings as a file", config_files.dump(self.draft.config)))

    def action_difference(self) -> None:
        if self.last is None:
            self.notify("There is no run yet.")
            return
        changed = config_files.difference(self.last, self.draft.config)
        lines = [f"{key}: {drafts.shown(a) or '–'} → {drafts.shown(b) or '–'}" for key, (a, b) in changed.items()]
        self.app.push_screen(TextPage("Last run → these settings", "\n".join(lines) or "They are the same."))

    def action_load(self) -> None:
        screen_of(self).prompt(Prompt("Read settings from", "tune.yaml", "Path of a YAML file"), self._load)

    def _load(self, name: str) -> None:
        if name:
            path = typed(name)
            self.begin(Draft.of(config_files.load(path)))
            for note in config_files.notes_on(path):
                self.notify(note, markup=False)

    def action_save(self) -> None:
        screen_of(self).target(Prompt("Write the settings to", "tune.yaml", "Path of a YAML file"), self._save)

    def _save(self, target: Path) -> None:
        write_atomic(target, config_files.dump(self.draft.config), outside=True)
        self.notify(f"Written: {target}", markup=False)

    def action_augmentation(self) -> None:
        page = augmentation_page.preview(self._workspace, self.draft.config)
        self.app.push_screen(TextPage("One draw; every epoch has its own", page))


_OF_TASK = ("model.task", "model.class_field")
"""Settings whose values are tasks of the workspace."""


def _explanation(setting: Setting, draft: Draft) -> Content:
    """What a setting does, when to change it, what it costs, and how it began."""
    key = setting.key
    section, _, name = key.partition(".")
    parts: list[tuple[str, str] | str] = [(f"{setting.title} ", "bold"), (f"{key}\n", "$text-muted"), setting.does]
    if key == "model.family":
        family = families.spec(draft.config.model.family)
        parts += ["\n", (f"{family.name} has learned from ", "bold"), family.learned_from]
    if setting.when:
        parts += ["\n", ("When ", "bold"), setting.when]
    if setting.risk:
        parts += ["\n", ("Risk ", "bold $warning"), setting.risk]
    if draft.changed(key):
        began = drafts.shown(getattr(getattr(draft.origin, section), name)) or "empty"
        parts += ["\n", (f"At first it was {began}.", "$text-muted")]
    return Content.assemble(*parts)


def _choice_text(key: str, name: str) -> str:
    if key != "model.family":
        return name
    spec = families.spec(name)
    return f"{name:<11} {spec.licence}: {spec.commercial}"
