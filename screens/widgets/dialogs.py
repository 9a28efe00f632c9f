"""Dialogs that every screen shares: a question, a line of text, a choice, a page to read."""

from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar, cast

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message_pump import MessagePump
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input, Label, OptionList, SelectionList, Static
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection

Answer = TypeVar("Answer")


class _KeyHolder(Protocol):
    def hold_until_answered(self, requester: MessagePump) -> None:
        """Hold keys until the requester has run its callbacks."""


class _Shell(Protocol):
    """The application, as dialogs know it."""

    @property
    def dialog_keys(self) -> _KeyHolder:
        """What holds keys back between dialogs."""


class Typed:
    """A screen, a dialog or a line of text that does something with keys which are no bindings."""

    def typed(self, event: events.Key) -> bool:
        """Handle a key that is no binding; False where it means nothing here."""
        return False


class Dialog(Typed, ModalScreen[Answer], Generic[Answer]):
    """A box over the screen; Escape always closes it without an answer. It answers once.

    Its keys are handled by screens/dialog_keys.py: in the application's queue, when the dialog is ready.

    Attributes:
        is_ready: its widgets are there, and the first that can has the focus.
    """

    is_ready = False
    _is_answered = False

    BINDINGS = [Binding("escape", "cancel", "Cancel", id="dialog.cancel")]

    DEFAULT_CSS = """
    Dialog {
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
    Dialog.wide .box { width: 110; }
    Dialog.explained OptionList { max-height: 40vh; }
    """

    def on_mount(self) -> None:
        self.call_next(self._begin)

    def _begin(self) -> None:
        """After the handlers of subclasses."""
        if self.focused is None:
            self.set_focus(next(iter(self.focus_chain), None))
        self.is_ready = True

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close with an answer; a second one, or one from behind another dialog, is no answer."""
        if self._is_answered or self.app.screen is not self:
            return AwaitComplete()
        self._is_answered = True
        callback = self._result_callbacks[-1] if self._result_callbacks else None
        is_awaited = callback is not None and callback.callback is not None
        closed = super().dismiss(result)
        if callback is not None and is_awaited:
            cast("_Shell", self.app).dialog_keys.hold_until_answered(callback.requester)
        return closed

    def action_cancel(self) -> None:
        self.dismiss(None)


class Confirm(Dialog[bool]):
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
        self.dismiss(False)


class _Line(Input):
    """A line whose Enter is the dialog's: at once, not when a message arrives, so that no later key is in the text."""

    async def action_submit(self) -> None:
        await self.screen.run_action("take")


class _Options(OptionList):
    """A list whose Enter is the dialog's, at once."""

    def action_select(self) -> None:
        if self.highlighted_option is not None:
            self.screen.dismiss(self.highlighted_option.id)


class Prompt(Dialog[str]):
    """One line of text; dismissed with the text, or None.

    Args:
        title: what is typed.
        value: what is there already.
        hint: the keys.
        placeholder: what is shown while there is no text.
        cursor: before which letter typing begins; None: what is typed takes the place of `value`.
    """

    def __init__(
        self, title: str, value: str = "", hint: str = "", placeholder: str = "", cursor: int | None = None
    ) -> None:
        super().__init__()
        self._title, self._value, self._hint, self._placeholder = title, value, hint, placeholder
        self._cursor = cursor

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(Content(self._title), classes="title")
            yield _Line(self._value, placeholder=self._placeholder, select_on_focus=False)
            yield Label(Content(self._hint or "Enter: OK   Esc: cancel"), classes="hint")

    def on_mount(self) -> None:
        line = self.query_one(Input)
        if self._cursor is None:
            line.select_all()
        else:
            line.cursor_position = self._cursor

    def action_take(self) -> None:
        """Close with the text as it is now."""
        self.dismiss(self.query_one(Input).value)


class Choice(Dialog[str]):
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
            yield _Options(
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
            self.dismiss(choice)  # not awaited: it would wait for this very message
        return choice is not None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)


class TextPage(Dialog[None]):
    """A page to read: help, history, a problem."""

    BINDINGS = [Binding("q,enter,question_mark,f1", "cancel", "Close", id="dialog.close")]

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


class Several(Dialog[tuple[str, ...]]):
    """Any number of choices; dismissed with the ids in their order, or None. A choice's key switches it.

    Args:
        title: what is chosen.
        options: (id, text, key) of each; the key may be "".
        chosen: ids that are switched on at first.
    """

    BINDINGS = [Binding("enter", "take", "OK", id="dialog.take", priority=True)]
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
            yield Label("Space or its key: on, off   Enter: OK   Esc: cancel", classes="hint")

    def typed(self, event: events.Key) -> bool:
        """A choice's key switches it, in view."""
        place = next((n for n, (_, _, key) in enumerate(self._options) if key and event.character == key), None)
        if place is not None:
            self._switch(place)
        return place is not None

    def _switch(self, place: int) -> None:
        boxes = self.query_one(_Boxes)
        boxes.highlighted = place
        boxes.toggle(self._options[place][0])

    def action_take(self) -> None:
        """Close with what is switched on; nothing means all."""
        on = set(self.query_one(_Boxes).selected)
        self.dismiss(tuple(name for name, _, _ in self._options if name in on))
