"""What the command palette offers: screens, themes, key presets, and every binding of the screen by name."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from textual.app import SystemCommand

from screens import modes, themes
from screens.base import ModeScreen
from screens.keys import arriving, key_label
from screens.widgets.dialogs import Prompt
from workbench.fields.plain_text import counted
from workbench.settings import KEY_PRESETS


def commands(screen: ModeScreen | None, keys: Mapping[str, str], run: Callable[..., object]) -> Iterator[SystemCommand]:
    """Every command, the screens first.

    Args:
        screen: the one in view.
        keys: binding id -> keys, of those that were remapped.
        run: runs a Textual action, such as "app.help"; a second argument is the node that has it.
    """
    for mode in modes.named(screen is not None and bool(screen.workspace.schema.classes)):
        yield SystemCommand(f"Go to {mode.title}", mode.summary, partial(run, f"app.show_mode('{mode.id}')"))
    listed: set[str] = set()
    owner_key = screen.key_of if screen else str
    for binding, owner in screen.all_bindings() if screen else ():
        if binding.id and binding.id not in listed and not binding.id.startswith("mode."):
            listed.add(binding.id)
            key = key_label(arriving(keys[binding.id])) if binding.id in keys else owner_key(binding.id)
            yield SystemCommand(binding.description, f"{binding.id} ({key})", partial(run, binding.action, owner))
    if screen is not None:
        yield SystemCommand(
            "Export the values (XLSX)",
            "A workbook, a row a document, a column a field",
            partial(screen.call_later, export_values, screen),
        )
    for theme in themes.THEMES:
        action = f"app.choose_theme('{theme.name}')"
        yield SystemCommand(f"Theme: {theme.name}", "Kept in workbench.toml", partial(run, action))
    for preset in KEY_PRESETS:
        yield SystemCommand(f"Keys: {preset}", "Kept in workbench.toml", partial(run, f"app.choose_keys('{preset}')"))


_TABLE = "A row a document, a column a field. Enter: write it   Esc: cancel"


def export_values(screen: ModeScreen) -> None:
    """Ask where the values of all documents go as a workbook, at first beside the workspace, and write it."""
    root = screen.workspace.files.root

    def write(target: Path) -> None:
        screen.notify("The values are being written …", timeout=2)
        screen.in_background(partial(_write, screen, target), "export")

    screen.target(Prompt("Values as XLSX", str(root.parent / f"{root.name}-values.xlsx"), _TABLE), write)


def _write(screen: ModeScreen, target: Path) -> None:
    from workbench.exchange.exporters.documents import write_values  # the frame is painted before the store is loaded

    written = write_values(screen.workspace, target)
    words = f"The values of {counted(written.documents, 'document')} are written to {target}."
    screen.app.call_from_thread(screen.notify, words, markup=False)
