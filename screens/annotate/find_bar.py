"""Find a value: typed at the foot of the page, selected while it is typed."""

from collections.abc import Sequence

from textual.actions import SkipAction
from textual.binding import Binding
from textual.message import Message
from textual.widgets import Input

from screens.annotate.keys import Act
from storage.records import Token


class FindBar(Input):
    """Hidden until opened; Enter keeps what was found, the arrows go to the next and previous place, Escape closes."""

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

    class Closed(Message):
        """The bar was closed; what was found last stays selected."""

    def __init__(self) -> None:
        super().__init__(placeholder="Find: 1234.5 finds 1,234.50   ↑ ↓ other places   Enter done", compact=True)
        self._tokens: Sequence[Token] = ()
        self._places: list[tuple[int, ...]] = []
        self._at = 0

    def open(self, tokens: Sequence[Token]) -> None:
        """Show the bar for a document's tokens."""
        self._tokens, self._places = tokens, []
        self.value = ""
        self.add_class("-shown")
        self.screen.set_focus(self)  # at once: what is typed next is looked for

    def on_input_changed(self, event: Input.Changed) -> None:
        from workbench.locate.search import find

        event.stop()
        self._places, self._at = find(self._tokens, event.value), 0
        self._report()

    def _report(self) -> None:
        """Have the place selected, and say which it is; what stands nowhere leaves nothing selected."""
        keys = (("↑ ↓", "other places"), ("Enter", "keep it selected; then a field's key labels it"))
        if self._places:
            words = self._places[self._at]
            place = f"Found {self._at + 1} of {len(self._places)}."
            self.post_message(Act(lambda session: session.cursor.select(words), (place, keys)))
        elif self.value.strip():
            self.post_message(Act(lambda session: session.cursor.drop_selection(), ("Not found.", keys)))

    def action_step(self, by: int) -> None:
        if not self._places:
            raise SkipAction  # the key is for the page
        self._at = (self._at + by) % len(self._places)
        self._report()

    def action_close(self) -> None:
        self.remove_class("-shown")
        self.post_message(self.Closed())
