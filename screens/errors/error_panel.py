"""The right side of the errors screen: the errors of a cell, and all that is known of the one under the pointer."""

from collections.abc import Callable, Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from screens.errors.error_list import ErrorDetail, ErrorList
from workbench.evaluation.error_review import ErrorItem, Verdict
from workbench.fields import Schema


class ErrorPanel(Vertical):
    """A title with counts, the list, and the details; what is done about an error is the screen's part."""

    def __init__(self, schema: Callable[[], Schema]) -> None:
        super().__init__(id="right")
        self.items: tuple[ErrorItem, ...] = ()
        self._title = ""
        self._verdicts: Mapping[int, Verdict | None] = {}
        self._schema = schema

    def compose(self) -> ComposeResult:
        yield Static(id="title")
        yield ErrorList(self._schema)
        yield ErrorDetail()

    @property
    def list(self) -> ErrorList:
        return self.query_one(ErrorList)

    @property
    def item(self) -> ErrorItem | None:
        """The error under the pointer."""
        return self.list.item

    def show(self, items: tuple[ErrorItem, ...], title: str, verdicts: Mapping[int, Verdict | None]) -> None:
        self.items, self._title = items, title
        self.show_verdicts(verdicts)

    def show_verdicts(self, verdicts: Mapping[int, Verdict | None]) -> None:
        """Show what was done about the errors meanwhile; they and the pointer stay."""
        self._verdicts = verdicts
        self.list.show(self.items, verdicts)
        self.show_title()

    def show_message(self, text: str) -> None:
        """Show a text in place of the title."""
        self.query_one("#title", Static).update(text)

    def show_title(self) -> None:
        """The title with counts, as wide as there is space."""
        done = [self._verdicts.get(id(item)) for item in self.items]
        counts = [
            (f" · {done.count(verdict)} {text}", colour)
            for verdict, text, colour in (
                (Verdict.FIXED, "label error" if done.count(Verdict.FIXED) == 1 else "label errors", "$success"),
                (Verdict.CONFIRMED, "confirmed", "$text-muted"),
                (Verdict.QUEUED, "queued", "$text-muted"),
            )
            if verdict in done
        ]
        line = self.query_one("#title", Static)
        tail = Content.assemble(f" · {len(self.items)}", *counts)
        title = Content.styled(self._title, "bold")
        width = line.content_size.width or self.screen.size.width - 2  # in a narrow terminal it is still to be shown
        # of a long title rather the end is lost than the count
        line.update(title.truncate(max(8, width - tail.cell_length), ellipsis=True) + tail)

    @on(ErrorList.Pointed)
    def _error_pointed(self) -> None:
        item = self.item
        verdict = self._verdicts.get(id(item))
        self.query_one(ErrorDetail).show(item, verdict, self._schema(), self.list.place)
