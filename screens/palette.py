"""What the command palette offers: screens, themes, key presets, and every binding of the screen by name."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from screens import modes, themes
from screens.keys import shown
from workbench.settings import KEY_PRESETS

if TYPE_CHECKING:
    from screens.app import WorkbenchApp


def commands(app: "WorkbenchApp") -> Iterator[SystemCommand]:
    """Every command, the screens first."""
    for mode in modes.available():
        yield SystemCommand(
            f"Go to {mode.title}", mode.summary, lambda m=mode.id: app.call_later(app.action_show_mode, m)
        )
    screen = app.mode_screen
    if screen is not None:
        seen = set()
        for binding in screen.all_bindings():
            if binding.id and binding.id not in seen and not binding.id.startswith("mode."):
                seen.add(binding.id)
                yield SystemCommand(
                    binding.description,
                    f"{binding.id} ({shown(app.keys.get(binding.id, binding.key).split(',')[0])})",
                    lambda b=binding, r=screen: app.call_later(app.run_action, b.action, r),
                )
    for theme in themes.THEMES:
        yield SystemCommand(f"Theme: {theme.name}", "Kept in workbench.toml", lambda n=theme.name: app.choose_theme(n))
    for preset in KEY_PRESETS:
        yield SystemCommand(f"Keys: {preset}", "Kept in workbench.toml", lambda n=preset: app.choose_keys(n))
