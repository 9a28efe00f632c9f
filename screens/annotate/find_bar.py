"""Find a value: typed at the foot of the page, selected while it is typed."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding
from textual.widgets import Input

from screens.annotate.keys import Act
from screens.dialog_keys import insert
from screens.widgets.dialogs import Typed
from storage.records import Token

if TYPE_CHECKING:
    from workbench.locate.search import Places


class FindBar(Typed, Input):
    """Hidden until opened; Enter keeps what was found, the arrows go to the next and previous place, Escape closes.

    What is found is selected at once, not by a message: the key that follows is about it.

    Args:
        do: does something with the session, and shows the hint.
        closed: called when the bar was closed; what was found last stays selected.
    """

    DEFAULT_CSS = """
    FindBar { display: none; height: 1; border: none; background: $panel; padding: 0 1; }
    FindBar:focus { border: none; }
    FindBar.-shown { display: block; }
    """

    BINDINGS = [
        Binding("down", "step(1)", id="find.next", show=False),
        Binding("up", "step(-1)", id="find.previous", show=False),
        Binding("enter,escape", "close", id="find.close", show=False),
    ]

    def __init__(self, do: Callable[[Act], None], closed: Callable[[], None]) -> None:
        super().__init__(placeholder="Find: 1234.5 finds 1,234.50   ↑ ↓ other places   Enter done", compact=True)
        self._work, self._leave = do, closed
        self._looked_for = ""
        self._tokens: Sequence[Token] = ()
        self._found: Places | None = None
        self._places: Sequence[tuple[int, ...]] = ()
        self._at = 0

    def open(self, tokens: Sequence[Token]) -> None:
        """Show the bar for a document's tokens."""
        self._tokens, self._found, self._places = tokens, None, ()
        self.value = self._looked_for = ""
        self.add_class("-shown")
        self.screen.set_focus(self)  # at once: what is typed next is looked for

    def typed(self, event: events.Key) -> bool:
        if event.is_printable:
            insert(self, event)
        return event.is_printable

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._look()

    def _look(self) -> None:
        """Look for what is typed by now, unless that was done; a closed bar looks for nothing."""
        from workbench.locate.search import find

        if self.has_class("-shown") and self.value != self._looked_for:
            self._looked_for = self.value
            self._found = find(self._tokens, self.value)
            self._places, self._at = self._found.all, 0
            self._report()

    def _report(self) -> None:
        """Have the place selected, and say which it is; what stands nowhere leaves nothing selected."""
        keys = (("↑ ↓", "other places"), ("Enter", "keep it selected; then a field's key labels it"))
        if self._found is not None and self._places:
            words, place = self._places[self._at], _which(self._at, self._found)
            self._work(Act(lambda session: session.cursor.select(words), (place, keys)))
        elif self.value.strip():
            self._work(Act(lambda session: session.cursor.drop_selection(), ("Not found.", keys)))

    def action_step(self, by: int) -> None:
        self._look()
        if not self._places:
            raise SkipAction  # the key is for the page
        self._at = (self._at + by) % len(self._places)
        self._report()

    def action_close(self) -> None:
        self._look()
        self.remove_class("-shown")
        self._leave()


def _which(at: int, listed: "Places") -> str:
    """Which of the places one is at: those inside other words are counted by themselves."""
    whole, inside = len(listed.whole), len(listed.inside)
    if at < whole:
        return f"Found {at + 1} of {whole}{f' (and {inside} inside other words)' * bool(inside)}."
    return f"Found {at - whole + 1} of {inside}{' inside other words' * bool(whole)}."
