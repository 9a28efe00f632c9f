"""Switching repair rules: it asks before workbench.toml is written, and what was written can be taken back."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from screens.base import ModeScreen
from screens.widgets.dialogs import Choice, Confirm
from workbench.predictions import repair_rules
from workbench.settings import Settings

_DETAIL = "For the next suggestions of every model. It is kept in workbench.toml."


Rules = Mapping[str, bool | None]
"""Rule -> whether it is on; None as measured."""


class RuleSwitches:
    """What the errors screen does with the [postprocess] settings; `changed` is called when they were written."""

    def __init__(self, screen: ModeScreen, changed: Callable[[], None]) -> None:
        self._screen, self._changed = screen, changed
        self._before: list[Rules] = []

    def ask(self, rule: str, effects: Mapping[str, Mapping[str, Any]]) -> None:
        """Ask whether a rule is on, off, or as measured.

        Args:
            rule: its id.
            effects: what was measured of the rules (`repair_rules.chosen`).
        """
        switched = self._screen.workspace.settings.postprocess.get(rule)
        now = {None: "measured", True: "on", False: "off"}[switched]
        measured = "on" if getattr(repair_rules.chosen(effects, {}), rule) else "off"
        options = [("measured", f"as measured: {measured}", "m"), ("on", "on", "o"), ("off", "off", "f")]

        def take(answer: str | None) -> None:
            if answer is not None and answer != now:
                self._switch({rule: None if answer == "measured" else answer == "on"})

        title = f"The rule “{rule.replace('_', ' ')}”"
        self._screen.app.push_screen(Choice(title, options, _DETAIL, current=now), take)

    def propose(self, title: str, changes: Mapping[str, bool]) -> None:
        """Ask whether rules are switched as the Doctor advises."""
        self._screen.confirm(Confirm(f"{title}?", _DETAIL), partial(self._switch, changes))

    def undo(self) -> None:
        """Take back the last change."""
        if not self._before:
            self._screen.notify("No repair rule was changed here.")
            return
        self._keep(self._before.pop())
        self._screen.notify("Taken back: the repair rules in workbench.toml are as before.")

    def _switch(self, rules: Rules) -> None:
        self._before.append(self._keep(rules))
        key = self._screen.key_of("rule.undo")
        self._screen.notify(f"Kept in workbench.toml; the next suggestions follow it. {key} takes it back.")

    def _keep(self, rules: Rules) -> Rules:
        """Write these rules, whatever others were switched elsewhere meanwhile; how they were before."""
        before: dict[str, bool | None] = {}

        def switched(now: Settings) -> Settings:
            before.update({rule: now.postprocess.get(rule) for rule in rules})
            together = {**now.postprocess, **rules}
            return replace(now, postprocess={rule: is_on for rule, is_on in together.items() if is_on is not None})

        self._screen.workspace.change(switched)
        self._changed()
        return before
