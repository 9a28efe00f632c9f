"""The list of documents: drawn line by line, read from the store page by page, as smooth at 100,000 as at ten."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from screens.widgets.line_view import Drawn
from storage import document_list
from storage.database import Database
from storage.records import Document, State

PAGE = 100
"""Rows that are read at a time."""

_KEPT = 40  # pages of rows kept in memory
_SIGNS = {State.NEW: "·", State.STARTED: "◐", State.LABELLED: "✓", State.SKIPPED: "»", State.UNUSABLE: "✗"}


class DocumentList(Drawn, can_focus=True, inherit_bindings=False):
    """Documents in a fixed order of ids; posts `Chosen`."""

    DEFAULT_CSS = "DocumentList { background: $surface; scrollbar-size-vertical: 1; }"

    BINDINGS = [
        Binding("up", "move(-1)", id="list.up", show=False),
        Binding("down", "move(1)", id="list.down", show=False),
        Binding("pageup", "page(-1)", id="list.page-up", show=False),
        Binding("pagedown", "page(1)", id="list.page-down", show=False),
        Binding("home", "first", id="list.first", show=False),
        Binding("end", "last", id="list.last", show=False),
        Binding("enter", "open", id="list.open", show=False),
        Binding("escape", "leave", id="list.leave", show=False),
    ]

    class Chosen(Message):
        """A document was chosen in the list."""

        def __init__(self, document: int) -> None:
            super().__init__()
            self.document = document

    class Searched(Message):
        """Letters were typed in the list: the documents that have them in their name, and which one is pointed at."""

        def __init__(self, text: str, number: int, count: int) -> None:
            super().__init__()
            self.message = f"“{text}”: document {number} of {count}." if count else f"“{text}”: no document."

    class Left(Message):
        """Escape: back to the page."""

    def __init__(self, db: Database) -> None:
        super().__init__()
        self._db = db
        self._ids: Sequence[int] = array("q")
        self._blind: Mapping[int, bool] = {}
        self._pages: dict[int, dict[int, Document]] = {}
        self._at = -1  # the open document's position
        self._searched = ""  # letters that were typed
        self._pointer = 0  # where the keys are, while the list has the focus

    def show(self, ids: Sequence[int], at: int, blind: Mapping[int, bool] = MappingProxyType({})) -> None:
        """Show these documents; `at` is the position of the open one, -1 for none.

        Of those in `blind` nothing shows but whether they are decided: the rest would give their labels away.
        """
        self._blind = blind
        if ids is not self._ids:
            self._ids = ids
            self._pages.clear()
            self.virtual_size = Size(self.size.width, len(ids))
            self.refresh(layout=True)
            self.call_after_refresh(self._follow)  # only then is it known how far the list can scroll
        self._at = at
        self._pointer = max(at, 0)
        self._follow()
        self.refresh()

    def reread_open(self) -> None:
        """The open document changed: its row is read again."""
        self._pages.pop(self._at // PAGE, None)
        if 0 <= self._at < len(self._ids):
            self.refresh_lines(self._at)

    def reread_all(self) -> None:
        """Anything may have changed: what is in view is read again."""
        self._pages.clear()
        self.refresh()

    def _row(self, position: int) -> Document | None:
        page = position // PAGE
        if page not in self._pages:
            wanted = tuple(self._ids[page * PAGE : (page + 1) * PAGE])
            with self._db.read() as connection:
                read = document_list.page(connection, document_list.Filter(ids=wanted), 0, PAGE)
                shown = document_list.shown_names(connection, (row.name for row in read))
            while len(self._pages) >= _KEPT:
                self._pages.pop(next(iter(self._pages)))
            self._pages[page] = {row.id: replace(row, name=shown.get(row.id, row.name)) for row in read}
        document = self._pages[page].get(self._ids[position])
        if document is None or document.id not in self._blind:
            return document
        state = State.LABELLED if self._blind[document.id] else State.NEW
        return replace(document, state=state, labels=0, suggestions=0, disagreements=0, problems=0, note="")

    def _follow(self) -> None:
        if self._ids and self.size.height:
            self.scroll_to_region(Region(0, max(self._pointer - 2, 0), 1, 5), animate=False, immediate=True, force=True)

    def render_line(self, y: int) -> Strip:
        """One document."""
        position = y + int(self.scroll_y)
        width = self.size.width
        if position >= len(self._ids):
            return Strip.blank(width, self.rich_style)
        document = self._row(position)
        if document is None:
            return Strip([Segment(" (removed)", self.rich_style + Style(dim=True))]).adjust_cell_length(width)
        base = self.rich_style
        theme = self.app.current_theme
        if position == self._at:
            behind = self.background_colors[1].blend(Color.parse(theme.primary), 0.3)
            base = Style.from_color(behind.get_contrast_text(1).rich_color, behind.rich_color) + Style(bold=True)
        if self.has_focus and position == self._pointer:
            base += Style(reverse=True)
        facts = ""
        if document.suggestions:
            facts += f" {document.suggestions}?"
        if document.labels:
            facts += f" {document.labels}"
        if document.disagreements or document.problems:
            facts += " !"
        if document.note:
            facts += " ⚑"
        space = max(width - len(facts) - 4, 4)
        sign = base
        if document.state is State.LABELLED and position != self._at:
            sign += Style(color=Color.parse(theme.success or theme.primary).rich_color)
        return Strip(
            [
                Segment("▸" if position == self._at else " ", base),
                Segment(_SIGNS[document.state], sign),
                Segment(" " + _fitted(document.name, space), base),
                Segment(facts + " ", base),
            ]
        ).adjust_cell_length(width, base)

    def on_resize(self) -> None:
        """The open document stays in view."""
        self._follow()

    def typed(self, event: events.Key) -> bool:
        """Letters look for a document by its name; they run no commands."""
        if event.key == "backspace" and self._searched:
            self._search(self._searched[:-1])
        elif event.is_printable and event.character and event.key != "question_mark":
            self._search(self._searched + event.character)
        else:
            return False
        return True

    def _search(self, text: str) -> None:
        self._searched = text
        with self._db.read() as connection:
            matching = document_list.named(connection, text) if text else set()
        places = [place for place, number in enumerate(self._ids) if number in matching]
        if places:
            self._pointer = next((place for place in places if place >= self._pointer), places[0])
            self._follow()
            self.refresh()
        number = places.index(self._pointer) + 1 if places else 0
        self.post_message(self.Searched(text, number, len(places)))

    def _next_match(self, by: int) -> bool:
        """While letters are looked for, the arrows go from one match to the next."""
        if not self._searched:
            return False
        with self._db.read() as connection:
            matching = document_list.named(connection, self._searched)
        places = [place for place, number in enumerate(self._ids) if number in matching]
        following = [place for place in places if (place - self._pointer) * by > 0]
        if following:
            self._point_at(following[0] if by > 0 else following[-1])
            self.post_message(self.Searched(self._searched, places.index(self._pointer) + 1, len(places)))
        return True

    def on_blur(self) -> None:
        self._searched = ""

    def action_move(self, by: int) -> None:
        if not self._next_match(by):
            self._point_at(self._pointer + by)

    def action_page(self, direction: int) -> None:
        self._point_at(self._pointer + direction * (self.size.height - 1))

    def action_first(self) -> None:
        self._point_at(0)

    def action_last(self) -> None:
        self._point_at(len(self._ids) - 1)

    def _point_at(self, position: int) -> None:
        self._pointer = max(min(position, len(self._ids) - 1), 0)
        self._follow()
        self.refresh()

    def action_open(self) -> None:
        if self._ids:
            self.post_message(self.Chosen(self._ids[self._pointer]))

    def action_leave(self) -> None:
        if self._searched:
            self._search("")
        else:
            self.post_message(self.Left())

    def on_click(self, event: events.Click) -> None:
        """A click opens the document."""
        position = event.y + int(self.scroll_y)
        if position < len(self._ids):
            self.post_message(self.Chosen(self._ids[position]))


def _fitted(name: str, space: int) -> str:
    """A name in exactly `space` cells; of a long one the beginning and the end, where names differ, are kept."""
    if cell_len(name) > space:
        tail = (space - 1) // 2
        name = set_cell_size(name, space - 1 - tail).rstrip() + "…" + name[-tail:]
    return set_cell_size(name, space)
