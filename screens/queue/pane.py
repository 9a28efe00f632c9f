"""What the panes of the queue screen share."""

from typing import cast

from textual.containers import Vertical
from textual.message import Message
from textual.widgets import OptionList

from screens.base import ModeScreen, Shell
from screens.queue.choice_list import Rows
from screens.widgets.status_lines import Hint
from workbench.active_learning.overview import LoopOverview
from workbench.fields import Schema
from workbench.workspace import Workspace


class Pane(Vertical):
    """One view of the queue screen: with state, keys and actions of its own, which are live while it has the focus.

    What an action raises is shown by the application; handlers of messages use `with self.owner.guarded()`.
    """

    class Changed(Message):
        """A pane changed something.

        Args:
            stale: whether what the screen has read no longer holds; otherwise only hint and status follow.
            overview: the relabel loop as it is now, where the pane has read it already.
        """

        def __init__(self, stale: bool = False, overview: LoopOverview | None = None) -> None:
            super().__init__()
            self.stale, self.overview = stale, overview

    @property
    def owner(self) -> ModeScreen:
        """The screen that the pane stands in."""
        return cast(ModeScreen, self.screen)

    @property
    def workbench(self) -> Shell:
        return self.owner.workbench

    @property
    def workspace(self) -> Workspace:
        return self.owner.workspace

    @property
    def schema(self) -> Schema:
        """The fields as they are now."""
        return self.workspace.schema

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The command palette lists the actions of all panes; those of a hidden one do nothing."""
        return self.display

    def hint(self) -> Hint:
        """What the next key will do in this pane."""
        raise NotImplementedError

    def take_focus(self) -> None:
        """Give the focus to what the pane's keys move. At once: what is typed ahead belongs to this pane."""
        rows = next((rows for rows in self.query(Rows) if rows.option_count and rows.display), None)
        self.screen.set_focus(rows or self)

    def pass_focus_on(self) -> None:
        """After lines were read: the list takes the focus that the pane held while it was empty."""
        if self.has_focus:
            self.take_focus()

    def explain(self) -> None:
        """Show what belongs to the line under the cursor."""

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self.explain()
