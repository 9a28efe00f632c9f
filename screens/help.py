"""The page of all keys of a screen: in columns, narrowed by typing."""

import textwrap
from collections.abc import Mapping, Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, Static

from screens.keys import key_label
from screens.widgets.dialogs import Dialog

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
    "class_errors": "Errors of classes",
    "run": "Runs",
    "form": "Settings",
    "compare": "Comparing",
}
"""Headings, by the first part of a binding's id; other groups are shown under their own name."""

Rows = Sequence[tuple[str, str]]
Section = tuple[str, Rows]
"""A heading, and (key or sign, what it does) below it."""

COLUMN = 46
"""The least width of a column that is read easily."""


def sections(active: Mapping[str, ActiveBinding], notes: Rows, signs: Rows) -> list[Section]:
    """The bindings by group, with the keys as they are mapped now, then keys that are no bindings, and signs.

    Args:
        active: key -> binding.
        notes: (key, what it does).
        signs: (sign, what it means).
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
    listed: list[Section] = [
        (GROUPS.get(group, group.capitalize()), groups[group])
        for group in sorted(groups, key=lambda name: (name in ("app", "mode"), order.index(name)))
    ]
    return [*listed, *((title, rows) for title, rows in (("Keys of the fields", notes), ("Signs", signs)) if rows)]


def narrowed(listed: Sequence[Section], searched: str) -> list[Section]:
    """The rows in which every searched word stands: in the text, the heading, or as the key itself."""
    words = searched.casefold().split()

    def fits(title: str, sign: str, text: str) -> bool:
        return searched.strip() in sign.split() or all(word in f"{title} {text}".casefold() for word in words)

    kept = [(title, [row for row in rows if fits(title, *row)]) for title, rows in listed]
    return [(title, rows) for title, rows in kept if rows]


def columns(listed: Sequence[Section], width: int) -> list[Content]:
    """The sections side by side, in as many columns of about equal height as fit into `width` cells."""
    count = max(1, width // COLUMN)
    across = width // count - 2
    blocks = [_lines(section, across) for section in listed]
    tallest = -(-sum(map(len, blocks)) // count)
    filled: list[list[Content]] = [[]]
    for block in blocks:
        # half of a section may stand below the others: a column more would be lower still
        if filled[-1] and len(filled) < count and len(filled[-1]) + len(block) / 2 > tallest:
            filled.append([])
        filled[-1] += block
    return [Content("\n").join(lines) for lines in filled]


def _lines(section: Section, width: int) -> list[Content]:
    title, rows = section
    keys = max(len(sign) for sign, _ in rows) + 3  # an indent of two, and a space
    lines = [Content.styled(title, "bold $primary")]
    for sign, text in rows:
        first, *others = textwrap.wrap(text, max(width - keys, 10)) or [""]
        lines.append(Content.assemble((f"  {sign}".ljust(keys), "bold $accent"), first))
        lines += [Content(" " * keys + other) for other in others]
    return [*lines, Content("")]


class HelpPage(Dialog[None]):
    """All keys and signs of a screen. What is typed narrows them.

    Args:
        title: of the page.
        listed: what there is.
        note: the last line.
    """

    BINDINGS = [
        Binding("enter,f1", "cancel", "Close", id="dialog.close", priority=True),
        Binding("up", "scroll(-1)", "Up", show=False, priority=True),
        Binding("down", "scroll(1)", "Down", show=False, priority=True),
        Binding("pageup", "scroll(-20)", "A screenful up", show=False, priority=True),
        Binding("pagedown", "scroll(20)", "A screenful down", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    HelpPage {
        .box { width: 96%; height: auto; max-height: 100%; padding: 0 2; }
        .title { margin: 0; }
        Input { height: 1; border: none; padding: 0; margin: 0 0 1 0; }
        VerticalScroll { max-height: 100vh; }
        Horizontal { height: auto; }
        .column { width: 1fr; height: auto; padding-right: 2; }
        .hint { margin: 0; }
    }
    """

    def __init__(self, title: str, listed: Sequence[Section], note: str) -> None:
        super().__init__()
        self._title, self._listed, self._note = title, listed, note

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(Content(self._title), classes="title")
            typed = Input(placeholder="type to search", compact=True)
            typed.cursor_blink = False
            yield typed
            with VerticalScroll(can_focus=False):
                yield Horizontal()
            yield Label("", classes="hint")

    def on_resize(self, event: events.Resize) -> None:
        """Lay the columns out anew; the box has a border, a title, a hint and a line to search."""
        self.query_one(VerticalScroll).styles.max_height = max(event.size.height - 6, 3)
        hint = "Esc: close   ↑ ↓ PgUp PgDn: scroll"
        self.query_one(".hint", Label).update(
            Content(f"{hint}   {self._note}" if event.size.width >= COLUMN * 2 else hint)
        )
        self._show()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        if event.value == "?":  # the key that opened the page; the other one, F1, is no letter
            self.dismiss(None)
        else:
            self._show()

    def _show(self) -> None:
        width = int(self.size.width * 0.96) - 8
        kept = narrowed(self._listed, self.query_one(Input).value)
        shown = columns(kept, width) if kept else [Content("Nothing matches. Esc closes.")]
        row = self.query_one(Horizontal)
        row.remove_children()
        row.mount_all(Static(content, classes="column") for content in shown)

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
