"""The form of a run's settings: groups in the order of tuning, the most important settings first, the rest folded."""

from collections.abc import Collection

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from workbench.runs.config import draft as drafts
from workbench.runs.config.draft import Draft
from workbench.runs.config.setting_descriptions import without_effect
from workbench.runs.config.tune import Group, TuneConfig

PRESET = "preset"
_MORE = " more"


class OptionForm(OptionList):
    """Settings as rows: arrows up and down move, left and right change a value, typing or Enter edits it.

    Marks of a row: `!` cannot be, `•` changed, `Δ` differs from the last run.
    """

    DEFAULT_CSS = """
    OptionForm { border: none; padding: 0; background: $background; height: 1fr; scrollbar-size-vertical: 1; }
    OptionForm:focus { border: none; }
    OptionForm:focus > .option-list--option-highlighted { background: $primary-muted; color: $foreground; }
    """

    class Wanted(Message):
        """A row was chosen to be edited; `typed` is the key that began it."""

        def __init__(self, key: str, typed: str = "") -> None:
            super().__init__()
            self.key, self.typed = key, typed

    class Stepped(Message):
        """A value is to become the next or the previous of its range."""

        def __init__(self, key: str, by: int) -> None:
            super().__init__()
            self.key, self.by = key, by

    class Moved(Message):
        """Another row is in focus; "" for a heading."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._draft: Draft | None = None
        self._last: TuneConfig | None = None
        self._only_texts = False
        self._chosen: Collection[str] = ()
        self.unfolded: set[Group] = set()

    def show(
        self, draft: Draft, last: TuneConfig | None, *, only_texts: bool = False, chosen: Collection[str] = ()
    ) -> None:
        """Show a draft, and where it differs from the last run.

        Settings that change nothing are left out unless they were changed: those of pages where there are only texts.
        Those of `chosen` are not folded: what they are is for this workspace to choose.
        """
        self._draft, self._last, self._only_texts, self._chosen = draft, last, only_texts, chosen
        self._fill()

    @property
    def key(self) -> str:
        """The key of the row in focus; "" on a heading."""
        option = self.highlighted_option
        return option.id or "" if option is not None and not (option.id or "").startswith("group ") else ""

    def focus_key(self, key: str) -> None:
        """Go to a row; its group is unfolded where it must be."""
        setting = drafts.SETTINGS.get(key)
        if setting is not None and key not in self._option_ids() and setting.group not in self.unfolded:
            self.unfolded.add(setting.group)
            self._fill()
        if key in self._option_ids():
            self.highlighted = self.get_option_index(key)

    def fold(self, group: Group | None = None) -> None:
        """Fold or unfold a group; None does so for all."""
        chosen = set(Group) if group is None else {group}
        self.unfolded = self.unfolded - chosen if chosen <= self.unfolded else self.unfolded | chosen
        self._fill()

    def _option_ids(self) -> set[str]:
        return {option.id or "" for option in self.options}

    def _fill(self) -> None:
        if self._draft is None:
            return
        at = self.highlighted_option
        kept, scrolled = at.id if at is not None else PRESET, self.scroll_y
        rows = [Option(self._row("Preset", self._draft.preset or "none", ""), id=PRESET)]
        for group, settings in drafts.visible(self.unfolded, self._chosen):
            settings = [k for k in settings if self._is_shown(k.key)]
            hidden = sum(k.group is group and self._is_shown(k.key) for k in drafts.SETTINGS.values()) - len(settings)
            sign = f"▸ {hidden}{_MORE}" if hidden else "▾"
            rows.append(Option(self._heading(group.value, sign), id=f"group {group}"))
            rows += [Option(self._row(k.title, self._draft.text(k.key), self._mark(k.key)), id=k.key) for k in settings]
        with self.prevent(OptionList.OptionHighlighted):
            self.set_options(rows)
            if kept in self._option_ids():
                self.highlighted = self.get_option_index(kept)
        self.scroll_to(y=scrolled, animate=False, immediate=True)

    def _is_shown(self, key: str) -> bool:
        assert self._draft is not None
        task = self._draft.config.model.task
        is_touched = self._draft.changed(key) or key in self._draft.problems
        return is_touched or not without_effect(key, task=task, only_texts=self._only_texts)

    def _mark(self, key: str) -> str:
        assert self._draft is not None
        if key in self._draft.problems:
            return "!"
        if self._draft.changed(key):
            return "•"
        section, _, name = key.partition(".")
        if self._last is not None and getattr(getattr(self._last, section), name) != self._draft.value(key):
            return "Δ"
        return " "

    def _heading(self, title: str, sign: str) -> Content:
        space = max(8, self.size.width - 4 - len(sign))
        if len(title) > space:
            space, sign = space + len(_MORE), sign.removesuffix(_MORE)
        title = title if len(title) <= space else title[: space - 1] + "…"
        return Content.assemble((title, "bold $primary"), "  ", (sign, "$text-muted"))

    def _row(self, title: str, value: str, mark: str) -> Content:
        width = max(20, self.size.width - 4)
        title = title if len(title) <= width - 8 else title[: width - 9] + "…"
        space = width - len(title) - 3
        value = value or "–"
        value = value if len(value) <= space else "…" + value[-(space - 1) :]
        style = {"!": "bold $error", "•": "bold $accent", "Δ": "$warning"}.get(mark, "bold $foreground")
        return Content.assemble((mark or " ", style), f" {title}", " " * (space - len(value) + 1), (value, style))

    def on_resize(self) -> None:
        self._fill()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self.post_message(self.Moved(self.key))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter or a click: edit, or fold a group."""
        event.stop()
        name = event.option_id or ""
        if name.startswith("group "):
            self.fold(Group(name.removeprefix("group ")))
        else:
            self.post_message(self.Wanted(name))

    def on_key(self, event: events.Key) -> None:
        """Left and right change a value, a digit begins to edit it."""
        setting = drafts.SETTINGS.get(self.key)
        if event.key in ("left", "right") and self.key:
            event.stop()
            event.prevent_default()
            self.post_message(self.Stepped(self.key, 1 if event.key == "right" else -1))
        elif event.character and setting and setting.type in ("int", "float") and event.character in "0123456789.-":
            event.stop()
            event.prevent_default()
            self.post_message(self.Wanted(self.key, event.character))
