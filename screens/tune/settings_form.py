"""Setting a run up: the form of its settings, the check of the data, the estimate. The tune screen is one of these."""

import time
from collections.abc import Callable
from pathlib import Path

from textual import on
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from screens.base import ModeScreen
from screens.tune.check_panel import check_text
from screens.tune.option_form import PRESET, OptionForm
from screens.widgets.dialogs import Choice, Confirm, Prompt, TextPage
from storage import document_list, documents
from storage import runs as run_store
from storage.exceptions import RunProblem
from storage.files import write_atomic
from storage.records import Split
from workbench.fields import FieldType, tags_of
from workbench.runs import augmentation, machine
from workbench.runs.config import draft as drafts
from workbench.runs.config import families, presets
from workbench.runs.config import files as config_files
from workbench.runs.config.draft import Draft
from workbench.runs.config.tune import Group, TuneConfig
from workbench.runs.data_check import DataCheck, DataChecker
from workbench.runs.estimate import Estimate, estimate

SETTLE_SECONDS = 0.4
"""How long a value must stand before the machine is measured for it."""

PREVIEWED = 5
NAMED = 30
"""Documents whose parties lend their names to those that are previewed; in training all do."""
"""Documents in the preview of the augmentation."""

MOVING = ("box_jitter", "rotation", "blur")
"""Augmentations that leave the words as they are."""


class Checked(Message):
    """The data check, and then the estimate, for a configuration."""

    def __init__(self, config: TuneConfig, check: DataCheck, estimated: Estimate | str | None) -> None:
        super().__init__()
        self.config, self.check, self.estimated = config, check, estimated


class SettingUp(ModeScreen):
    """The form and what follows from it. Subclasses say what can be done with it in `refresh_status`."""

    def __init__(self) -> None:
        super().__init__()
        self._check: DataCheck | None = None
        self._estimate: Estimate | str | None = None
        self._last: TuneConfig | None = None
        self._cloned: str | None = None  # the run whose settings these began as
        self._editing = ""

    def prepare(self) -> None:
        """Begin with the preset that fits the data and the machine."""
        self._device = machine.device()
        self._checker = DataChecker(self.workspace)
        self.draft = self._auto()

    def refresh_status(self) -> None:
        """Say what can be done now."""

    # the form

    def _auto(self) -> Draft:
        with self.workspace.db.read() as connection:
            number = document_list.count(connection, document_list.Filter("labelled", split=Split.TRAIN))
        chosen = presets.preset(presets.choose_preset(number, number, self._device), self._device)
        return Draft.of(chosen.config, chosen.name)

    def begin_with(self, config: TuneConfig, preset: str = "", parent: str | None = None) -> None:
        """Fill the form with a configuration: of a file, of another run, or one that the Doctor proposes."""
        self.draft, self._cloned = Draft.of(config, preset), parent
        self._changed()

    def propose(self, config: TuneConfig, changed: TuneConfig, preset: str, parent: str) -> None:
        """Fill the form with a run's configuration and changes to it, which are marked."""
        self.draft, self._cloned = Draft(changed, config, preset), parent
        self._changed()

    def _changed(self) -> None:
        self.remove_class("-live")
        self.show_form()
        self.check_data()

    def show_form(self) -> None:
        with self.workspace.db.read() as connection:
            listed = run_store.listed(connection)
        with self.guarded():
            self._last = config_files.from_dict(listed[0].config) if listed else None
        self.query_one(OptionForm).show(self.draft, self._last)
        spec = families.spec(self.draft.config.model.family)
        self.query_one("#licence", Static).update(
            Content.assemble(("Weights: ", "bold"), f"{spec.licence}. {spec.commercial}")
        )
        self._guide(self.query_one(OptionForm).key)
        self.refresh_status()

    def _guide(self, key: str, problem: str = "") -> None:
        setting = drafts.SETTINGS.get(key)
        problem = problem or (self.draft.problems[key][1] if key in self.draft.problems else "")
        if problem:
            text = Content.styled(problem, "$error")
        elif key == PRESET:
            known = presets.presets(self._device).get(self.draft.preset)
            text = Content(f"{known.title}: {known.when}." if known else "Settings of your own.")
        elif setting is None:
            text = Content.styled("Enter folds or unfolds the group. The groups stand in the order of tuning.", "")
        else:
            section, _, name = key.partition(".")
            began = drafts.shown(getattr(getattr(self.draft.origin, section), name)) or "empty"
            parts: list[tuple[str, str] | str] = [
                (f"{setting.title} ", "bold"),
                (f"{key}\n", "$text-muted"),
                setting.does,
            ]
            if key == "model.family":
                family = families.spec(self.draft.config.model.family)
                parts += ["\n", (f"{family.name} has learned from ", "bold"), family.learned_from]
            if setting.when:
                parts += ["\n", ("When ", "bold"), setting.when]
            if setting.risk:
                parts += ["\n", ("Risk ", "bold $warning"), setting.risk]
            if self.draft.changed(key):
                parts += ["\n", (f"It began as {began}.", "$text-muted")]
            text = Content.assemble(*parts)
        self.query_one("#guide", Static).update(text)

    @on(OptionForm.Moved)
    def _moved(self, event: OptionForm.Moved) -> None:
        self._guide(event.key)

    @on(OptionForm.Stepped)
    def _stepped(self, event: OptionForm.Stepped) -> None:
        if event.key == PRESET:
            names = list(presets.presets(self._device))
            at = names.index(self.draft.preset) if self.draft.preset in names else -1
            self._choose_preset(names[(at + event.by) % len(names)])
        else:
            self._asking_for_structure(event.key, lambda: self._take(self.draft.stepped(event.key, event.by)))

    @on(OptionForm.Wanted)
    def _wanted(self, event: OptionForm.Wanted) -> None:
        setting = drafts.SETTINGS.get(event.key)
        if event.key == PRESET:
            self.action_preset()
        elif setting is not None and setting.choices and "class_weights" not in setting.key:
            self.app.push_screen(
                Choice(
                    setting.title,
                    [(name, _choice_text(setting.key, name), "") for name in setting.choices],
                    setting.does,
                ),
                lambda name: self._take(self.draft.change(event.key, name)) if name else None,
            )
        elif setting is not None and setting.type == "bool":
            self._take(self.draft.stepped(event.key, 1))
        elif setting is not None:
            self._asking_for_structure(event.key, lambda: self._edit(event.key, event.typed))

    def _asking_for_structure(self, key: str, act: Callable[[], None]) -> None:
        """A setting of the structure costs the pretrained weights: say so before it is touched for the first time."""
        setting = drafts.SETTINGS[key]
        if setting.group is Group.STRUCTURE and not self.draft.config.model.structure and key != "model.added_tokens":
            self.app.push_screen(
                Confirm(f"{setting.title}: build a new model?", setting.risk), lambda yes: act() if yes else None
            )
        else:
            act()

    def _edit(self, key: str, typed: str) -> None:
        line = self.query_one("#edit", Input)
        line.placeholder = f"{drafts.SETTINGS[key].title}: Enter takes it, Esc leaves it"
        self._editing = key
        line.value = typed or self.draft.text(key)
        line.add_class("-shown")
        line.focus()
        line.cursor_position = len(line.value)

    @on(Input.Changed, "#edit")
    def _typing(self, event: Input.Changed) -> None:
        event.stop()
        if self.query_one("#edit", Input).has_class("-shown") and self._editing in drafts.SETTINGS:
            tried = self.draft.change(self._editing, event.value)
            self._guide(self._editing, tried.problems.get(self._editing, ("", ""))[1])

    @on(Input.Submitted, "#edit")
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        key = self._editing
        self._close_edit()
        self._take(self.draft.change(key, event.value))

    def _close_edit(self) -> None:
        self.query_one("#edit", Input).remove_class("-shown")
        self.query_one(OptionForm).focus()

    def key_escape(self) -> None:
        """Leave a value as it was."""
        if self.query_one("#edit", Input).has_class("-shown"):
            self._close_edit()
            self._guide(self._editing)

    def _take(self, draft: Draft) -> None:
        before, self.draft = self.draft, draft
        self.show_form()
        if draft.config != before.config:
            self.check_data()

    def action_fold(self) -> None:
        """All groups."""
        self.query_one(OptionForm).fold()

    def action_reset(self) -> None:
        """The setting as it began."""
        key = self.query_one(OptionForm).key
        if key in drafts.SETTINGS:
            self._take(self.draft.reset(key))

    def action_preset(self) -> None:
        """Choose where to begin."""
        found = presets.presets(self._device)
        listed = [(name, f"{name:<14} {one.when}", "") for name, one in found.items()]
        self.app.push_screen(Choice("Begin with a preset", listed), lambda name: self._choose_preset(name or ""))

    def _choose_preset(self, name: str) -> None:
        if name:
            chosen = presets.preset(name, self._device)
            self.draft, self._cloned = Draft.of(chosen.config, chosen.name), None
            self._changed()

    def action_yaml(self) -> None:
        """Read the whole file."""
        self.app.push_screen(TextPage("The settings as a file", config_files.dump(self.draft.config)))

    def action_difference(self) -> None:
        """To the run before."""
        if self._last is None:
            self.notify("There is no run yet.")
            return
        changed = config_files.difference(self._last, self.draft.config)
        lines = [f"{key}: {drafts.shown(a) or '–'} → {drafts.shown(b) or '–'}" for key, (a, b) in changed.items()]
        self.app.push_screen(TextPage("Last run → these settings", "\n".join(lines) or "They are the same."))

    def action_load(self) -> None:
        """Import a file."""
        self.app.push_screen(Prompt("Read settings from", "tune.yaml", "Path of a YAML file"), self._load)

    def _load(self, name: str | None) -> None:
        if name:
            with self.guarded():
                path = Path(name).expanduser()
                self.begin_with(config_files.load(path))
                for note in config_files.notes_on(path):
                    self.notify(note, markup=False)

    def action_save(self) -> None:
        """Export a file."""
        self.app.push_screen(Prompt("Write the settings to", "tune.yaml", "Path of a YAML file"), self._save)

    def _save(self, name: str | None) -> None:
        if name:
            with self.guarded():
                write_atomic(Path(name).expanduser().absolute(), config_files.dump(self.draft.config))
                self.notify(f"Written: {name}", markup=False)

    def action_augmentation(self) -> None:
        """What training would see of a few documents."""
        settings = self.draft.config.augmentation
        if not settings.active:
            raise RunProblem("No augmentation is on.", "Group 3 of the form has it: header synonyms, box jitter …")
        parties = [field.id for field in self.workspace.schema.active if field.type is FieldType.PARTY]
        trained = document_list.Filter("labelled", split=Split.TRAIN)
        with self.workspace.db.read() as connection:
            listed = document_list.page(connection, trained, 0, NAMED)
            opened = [documents.open_document(connection, document.id) for document in listed]
        read = [[token.text for token in content.tokens] for content in opened]
        tags = [tags_of(content.annotations.spans, len(words)) for content, words in zip(opened, read, strict=True)]
        names = augmentation.PartyNames.of(zip(read, tags, strict=True), parties)
        parts: list[tuple[str, str] | str] = []
        for document, words, labels in zip(listed[:PREVIEWED], read, tags, strict=False):
            changed = augmentation.preview(words, labels, settings, self.draft.config.train.seed, names)
            parts.append((f"{document.name}: {len(changed)} of {len(words)} words read otherwise\n", "bold"))
            parts += [f"  {before or '(nothing)'} → {after or '(nothing)'}\n" for before, after in changed]
        moved = [f"{name} up to {getattr(settings, name):g}" for name in MOVING if getattr(settings, name) > 0]
        if moved:
            parts.append((f"\nOf the boxes and the picture: {', '.join(moved)}.", "$text-muted"))
        self.app.push_screen(TextPage("One draw; every epoch has its own", Content.assemble(*parts)))

    # the data check

    def check_data(self) -> None:
        """Check the data for the configuration, then estimate; in a thread, the newest wish wins."""
        config = self.draft.config

        def work() -> None:
            worker = get_current_worker()
            check = self._checker.check(config)
            self.post_message(Checked(config, check, None))
            told: Estimate | str = "Estimated when it can work."
            if not check.refused:
                time.sleep(SETTLE_SECONDS)  # a held key goes through many values: only the last is measured
                if worker.is_cancelled:
                    return
                try:
                    told = estimate(self.workspace, config, check, lambda: worker.is_cancelled)
                except RunProblem as problem:
                    told = f"{problem.message} {problem.remedy}"
                if get_current_worker().is_cancelled:
                    return  # what it says is not asked for any more
            self.post_message(Checked(config, check, told))

        self.in_background(work, "check")

    def on_checked(self, message: Checked) -> None:
        """Show it, when it still is what is asked."""
        if message.config == self.draft.config:
            self._check, self._estimate = message.check, message.estimated
            self._show_check()
            self.refresh_status()

    def _show_check(self) -> None:
        names = {f.id: f.name for f in self.workspace.schema.active}
        facts = self.query_one("#facts", Static)
        facts.update(check_text(self._check, self._estimate, names, facts.content_size.width))

    def on_resize(self) -> None:
        """The panel has another width."""
        self.call_after_refresh(self._show_check)

    def action_smaller(self) -> None:
        """Take the estimate's smaller choice."""
        if not isinstance(self._estimate, Estimate) or not self._estimate.smaller:
            self.notify("These settings fit.")
            return
        changed = config_files.apply_sets(self.draft.config, self._estimate.smaller)
        self._take(Draft(changed, self.draft.origin, self.draft.preset))


def _choice_text(key: str, name: str) -> str:
    if key != "model.family":
        return name
    spec = families.spec(name)
    return f"{name:<11} {spec.licence}: {spec.commercial}"
