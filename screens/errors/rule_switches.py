"""Switching repair rules: it asks before workbench.toml is written, and what was written can be taken back."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from screens.base import ModeScreen
from screens.widgets.dialogs import Choice, Confirm
from workbench.predictions import repair_rules

_DETAIL = "For the next suggestions of every model. It is kept in workbench.toml."


class RuleSwitches:
    """What the errors screen does with the [postprocess] settings; `changed` is called when they were written."""

    def __init__(self, screen: ModeScreen, changed: Callable[[], None]) -> None:
        self._screen, self._changed = screen, changed
        self._before: list[dict[str, bool]] = []

    @property
    def _now(self) -> dict[str, bool]:
        return dict(self._screen.workspace.settings.postprocess)

    def ask(self, rule: str, effects: Mapping[str, Mapping[str, Any]]) -> None:
        """Ask whether a rule is on, off, or as measured.

        Args:
            rule: its id.
            effects: what was measured of the rules (`repair_rules.chosen`).
        """
        others = self._now
        now = {None: "measured", True: "on", False: "off"}[others.pop(rule, None)]
        measured = "on" if getattr(repair_rules.chosen(effects, {}), rule) else "off"
        options = [("measured", f"as measured: {measured}", "m"), ("on", "on", "o"), ("off", "off", "f")]

        def take(answer: str | None) -> None:
            if answer is not None and answer != now:
                self._switch(others if answer == "measured" else {**others, rule: answer == "on"})

        title = f"The rule “{rule.replace('_', ' ')}”"
        self._screen.app.push_screen(Choice(title, options, _DETAIL, current=now), take)

    def propose(self, title: str, changes: Mapping[str, bool]) -> None:
        """Ask whether rules are switched as the Doctor advises."""
        self._screen.confirm(Confirm(f"{title}?", _DETAIL), partial(self._switch, {**self._now, **changes}))

    def undo(self) -> None:
        """Take back the last change."""
        if not self._before:
            self._screen.notify("No repair rule was changed here.")
            return
        self._keep(self._before.pop())
        self._screen.notify("Taken back: the repair rules in workbench.toml are as before.")

    def _switch(self, rules: dict[str, bool]) -> None:
        self._before.append(self._now)
        self._keep(rules)
        key = self._screen.key_of("rule.undo")
        self._screen.notify(f"Kept in workbench.toml; the next suggestions follow it. {key} takes it back.")

    def _keep(self, rules: dict[str, bool]) -> None:
        self._screen.workspace.change_settings(postprocess=rules)
        self._changed()
