"""A dialog that asks for several of a list."""

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.strip import Strip
from textual.widgets import Label, SelectionList
from textual.widgets.selection_list import Selection

from screens.widgets.dialogs import _Dialog


class _Boxes(SelectionList[str]):
    """Textual tells a box that is on from one that is off by its colour alone; here the latter is empty."""

    def render_line(self, y: int) -> Strip:
        """One box and its text."""
        line, at = super().render_line(y), y + int(self.scroll_y)
        if at >= self.option_count or self.get_option_at_index(at).value in self.selected:
            return line
        left, inner, *rest = line
        return Strip([left, Segment(" ", inner.style), *rest])


class Several(_Dialog[tuple[str, ...]]):
    """Any number of choices; dismissed with the ids in their order, or None. A choice's key switches it.

    Args:
        title: what is chosen.
        options: (id, text, key) of each; the key may be "".
        chosen: ids that are switched on at first.
    """

    BINDINGS = [Binding("enter", "take", "Take these", id="dialog.take", priority=True)]
    DEFAULT_CSS = "Several _Boxes { background: $surface; height: auto; max-height: 45vh; border: none; }"

    def __init__(self, title: str, options: Sequence[tuple[str, str, str]], chosen: Sequence[str]) -> None:
        super().__init__()
        self._title, self._options, self._chosen = title, options, chosen

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(Content(self._title), classes="title")
            yield _Boxes(
                *(
                    Selection(Content(f"{key:>2}  {text}"), name, name in self._chosen)
                    for name, text, key in self._options
                )
            )
            yield Label("Space or its key: on, off   Enter: take these   Esc: cancel", classes="hint")

    def typed(self, event: events.Key) -> bool:
        """A choice's key switches it, in view; Enter comes here where it was typed while the dialog opened."""
        place = next((n for n, (_, _, key) in enumerate(self._options) if key and event.character == key), None)
        if place is not None:
            self.call_later(self._switch, place)
        elif event.key == "enter":
            self.call_later(self.action_take)
        return place is not None or event.key == "enter"

    def _switch(self, place: int) -> None:
        boxes = self.query_one(_Boxes)
        boxes.highlighted = place
        boxes.toggle(self._options[place][0])

    def action_take(self) -> None:
        """Close with what is switched on; nothing means all."""
        on = set(self.query_one(_Boxes).selected)
        self.dismiss(tuple(name for name, _, _ in self._options if name in on))
