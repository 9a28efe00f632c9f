"""Dialogs that every screen shares: a question, a line of text, a choice, a page to read."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input, Label, OptionList, SelectionList, Static
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection

Answer = TypeVar("Answer")


class Typed:
    """A screen or a dialog that does something with keys which are no bindings."""

    def typed(self, event: events.Key) -> bool:
        """Handle a key that is no binding; False where it means nothing here."""
        return False


class _Dialog(Typed, ModalScreen[Answer], Generic[Answer]):
    """A box over the screen; Escape always closes it without an answer.

    Its keys may be typed while it opens: `typed` does nothing at once, it has it done when the widgets are there.
    """

    BINDINGS = [Binding("escape", "cancel", "Cancel", id="dialog.cancel")]

    DEFAULT_CSS = """
    _Dialog {
        align: center middle;
        .box {
            width: 64; max-width: 96%; height: auto; max-height: 100%;
            padding: 1 2; background: $panel; border: round $primary;
        }
        .title { text-style: bold; margin-bottom: 1; width: 1fr; }
        .hint { color: $text-muted; margin-top: 1; width: 1fr; }
        Input { background: $surface; }
        OptionList { background: $surface; height: auto; max-height: 45vh; border: none; padding: 0; }
        VerticalScroll { height: auto; max-height: 65vh; }
        .page { width: 1fr; }
        .explanation { width: 1fr; height: 3; margin-top: 1; }
    }
    _Dialog.wide .box { width: 110; }
    _Dialog.explained OptionList { max-height: 40vh; }
    """

    def action_cancel(self) -> None:
        self.dismiss(None)


class Confirm(_Dialog[bool]):
    """A yes-or-no question. Enter is yes; of what cannot be undone it is no, and only y is yes.

    Args:
        question: in one line.
        detail: what a yes does.
        final: it cannot be undone.
    """

    BINDINGS = [
        Binding("y", "answer(True)", "Yes", id="dialog.yes"),
        Binding("n", "answer(False)", "No", id="dialog.no"),
        Binding("enter", "usual", "The usual answer", id="dialog.usual"),
    ]

    def __init__(self, question: str, detail: str = "", *, final: bool = False) -> None:
        super().__init__()
        self._question, self._detail, self._final = question, detail, final

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(Content(self._question), classes="title")
            if self._detail:
                yield Label(Content(self._detail), classes="page")
            yes, no = ("[b]y[/b]", "[b]n[/b]/[b]Enter[/b]") if self._final else ("[b]y[/b]/[b]Enter[/b]", "[b]n[/b]")
            yield Label(f"{yes} yes   {no}/[b]Esc[/b] no", classes="hint")

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def action_usual(self) -> None:
        self.dismiss(not self._final)

    def action_cancel(self) -> None:
        """Escape is no."""
        self.dismiss(False)


class Prompt(_Dialog[str]):
    """One line of text; dismissed with the text, or None."""

    def __init__(self, title: str, value: str = "", hint: str = "", placeholder: str = "") -> None:
        super().__init__()
        self._title, self._value, self._hint, self._placeholder = title, value, hint, placeholder

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(Content(self._title), classes="title")
            yield Input(self._value, placeholder=self._placeholder, select_on_focus=True)
            yield Label(Content(self._hint or "Enter: take it   Esc: cancel"), classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value)


class Choice(_Dialog[str]):
    """One of several; dismissed with the chosen id, or None. Typing a choice's key picks it at once.

    Args:
        title: what is chosen.
        options: (id, text, key) of each; the key may be "".
        detail: a text above the list.
        explained: id -> text below the list while that choice is under the cursor.
        current: the id that the cursor begins at.
    """

    def __init__(
        self,
        title: str,
        options: Sequence[tuple[str, str, str]],
        detail: str = "",
        explained: Mapping[str, str] | None = None,
        current: str = "",
    ) -> None:
        super().__init__(classes="explained" if explained else "")
        self._title, self._options, self._detail = title, options, detail
        self._explained, self._current = explained or {}, current

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(Content(self._title), classes="title")
            if self._detail:
                yield Label(Content(self._detail), classes="page")
            yield OptionList(
                *(
                    Option(Content(f"{key:>2}  {text}" if any(o[2] for o in self._options) else text), id=choice)
                    for choice, text, key in self._options
                )
            )
            if self._explained:
                yield Label("", classes="explanation")
            yield Label("Enter: choose   Esc: cancel", classes="hint")

    def on_mount(self) -> None:
        if self._current:
            self.query_one(OptionList).highlighted = [choice for choice, *_ in self._options].index(self._current)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self._explained:
            self.query_one(".explanation", Label).update(Content(self._explained.get(event.option.id or "", "")))

    def typed(self, event: events.Key) -> bool:
        choice = next((name for name, _, key in self._options if key and event.character == key), None)
        if choice is not None:
            self.call_later(self._pick, choice)
        return choice is not None

    def _pick(self, choice: str) -> None:
        self.dismiss(choice)  # not awaited: it would wait for this very message

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)


class TextPage(_Dialog[None]):
    """A page to read: help, history, a problem."""

    BINDINGS = [Binding("q,enter,question_mark", "cancel", "Close", id="dialog.close")]

    def __init__(self, title: str, body: Content | str, wide: bool = False) -> None:
        super().__init__(classes="wide" if wide else "")
        self._title, self._body = title, body

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(Content(self._title), classes="title")
            with VerticalScroll():
                yield Static(self._body if isinstance(self._body, Content) else Content(self._body), classes="page")
            yield Label("Esc: close   ↑ ↓ PgUp PgDn: scroll", classes="hint")


class _Boxes(SelectionList[str]):
    """Textual tells a box that is on from one that is off by its colour alone; here the latter is empty."""

    def render_line(self, y: int) -> Strip:
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
