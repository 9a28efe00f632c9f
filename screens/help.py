"""The page of all keys of a screen."""

from collections.abc import Iterable, Mapping, Sequence

from textual.binding import ActiveBinding
from textual.content import Content

from screens.keys import key_label

GROUPS = {
    "app": "Everywhere",
    "mode": "Screens",
    "document": "Document",
    "label": "Labelling",
    "suggestion": "Suggestions",
    "select": "Selecting",
    "span": "Adjusting a label",
    "move": "Moving",
    "history": "Undo and history",
    "view": "View",
    "list": "Document list",
    "error": "Errors",
    "error_walk": "Going through a model's errors",
    "run": "Runs",
    "form": "Settings",
    "compare": "Comparing",
}
"""Headings, by the first part of a binding's id; other groups are shown under their own name."""

Rows = Sequence[tuple[str, str]]


def help_text(active: Mapping[str, ActiveBinding], notes: Rows, signs: Rows, commands_key: str) -> Content:
    """The bindings by group, with the keys as they are mapped now, then keys that are no bindings, and signs.

    Args:
        active: key -> binding.
        notes: (key, what it does).
        signs: (sign, what it means).
        commands_key: of the command palette.
    """
    keys: dict[str, list[str]] = {}
    descriptions: dict[str, str] = {}
    for key, (_, binding, enabled, _) in active.items():
        if binding.id and binding.description and enabled:
            keys.setdefault(binding.id, []).append(key_label(key))
            descriptions[binding.id] = binding.description
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, text in descriptions.items():
        groups.setdefault(name.partition(".")[0], []).append((" ".join(keys[name]), text))
    order = [*GROUPS, *(group for group in groups if group not in GROUPS)]
    parts: list[Content | str | tuple[str, str]] = []
    for group in sorted(groups, key=lambda name: (name in ("app", "mode"), order.index(name))):
        parts += _section(GROUPS.get(group, group.capitalize()), groups[group])
    parts += _section("Fields", notes)
    parts += _section("Signs", signs)
    note = f"{commands_key} lists them with their names, under which [bindings] of workbench.toml gives other keys."
    return Content.assemble(*parts, (note, "$text-muted"))


def _section(title: str, rows: Rows) -> Iterable[str | tuple[str, str]]:
    if rows:
        yield (f"{title}\n", "bold $primary")
        for sign, text in rows:
            yield (f"  {sign:<16} ", "bold $accent")
            yield f"{text}\n"
        yield "\n"
