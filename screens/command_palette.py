"""What the command palette offers: screens, themes, key presets, and every binding of the screen by name."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from textual.app import SystemCommand

from screens import modes, themes
from screens.base import ModeScreen
from screens.keys import arriving, key_label
from workbench.settings import KEY_PRESETS


def commands(screen: ModeScreen | None, keys: Mapping[str, str], run: Callable[..., object]) -> Iterator[SystemCommand]:
    """Every command, the screens first.

    Args:
        screen: the one in view.
        keys: binding id -> keys, of those that were remapped.
        run: runs a Textual action, such as "app.help"; a second argument is the node that has it.
    """
    for mode in modes.available():
        yield SystemCommand(f"Go to {mode.title}", mode.summary, partial(run, f"app.show_mode('{mode.id}')"))
    listed: set[str] = set()
    owner_key = screen.key_of if screen else str
    for binding, owner in screen.all_bindings() if screen else ():
        if binding.id and binding.id not in listed and not binding.id.startswith("mode."):
            listed.add(binding.id)
            key = key_label(arriving(keys[binding.id])) if binding.id in keys else owner_key(binding.id)
            yield SystemCommand(binding.description, f"{binding.id} ({key})", partial(run, binding.action, owner))
    for theme in themes.THEMES:
        action = f"app.choose_theme('{theme.name}')"
        yield SystemCommand(f"Theme: {theme.name}", "Kept in workbench.toml", partial(run, action))
    for preset in KEY_PRESETS:
        yield SystemCommand(f"Keys: {preset}", "Kept in workbench.toml", partial(run, f"app.choose_keys('{preset}')"))
