"""The list of documents: drawn line by line, read from the store page by page, as smooth at 100,000 as at ten."""

from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.binding import Binding
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.worker import Worker, WorkerError

from screens.annotate import list_columns
from screens.annotate.list_order import ListOrder, Wish
from screens.base import screen_of
from screens.widgets.line_view import ReadWhenDrawn
from screens.widgets.marks import STATE_SIGNS
from storage import document_list, label_queries
from storage.records import Document, State
from workbench.active_learning import loop_task
from workbench.active_learning.loop_task import LoopTask
from workbench.fields import FieldType
from workbench.fields.plain_text import counted
from workbench.workspace import Workspace

PAGE = 100
"""Rows that are read at a time."""

_WIDEST = 110  # cells, of the list while it has the keys
_LONG_SORT = 2_000  # documents from which sorting says how far it is
_KEPT = 40  # pages of rows kept in memory


class DocumentList(ReadWhenDrawn, can_focus=True, inherit_bindings=False):
    """Documents in a fixed order of ids; posts `Chosen`."""

    DEFAULT_CSS = "DocumentList { background: $surface; scrollbar-size-vertical: 1; }"

    BINDINGS = [
        Binding("up", "move(-1)", id="list.up", show=False),
        Binding("down", "move(1)", id="list.down", show=False),
        Binding("pageup", "page(-1)", id="list.page-up", show=False),
        Binding("pagedown", "page(1)", id="list.page-down", show=False),
        Binding("home", "first", id="list.first", show=False),
        Binding("end", "last", id="list.last", show=False),
        Binding("left", "sort(-1)", id="list.sort-back", show=False),
        Binding("right", "sort(1)", id="list.sort", show=False),
        Binding("enter", "open", id="list.open", show=False),
        Binding("escape", "leave", id="list.leave", show=False),
    ]

    class Chosen(Message):
        """A document was chosen in the list; `order` is that of the list where it was sorted by a column."""

        def __init__(self, document: int, order: Sequence[int] | None = None) -> None:
            super().__init__()
            self.document, self.order = document, order

    class Searched(Message):
        """The list was narrowed by what was typed, or sorted: what is said of it."""

        def __init__(self, message: str) -> None:
            super().__init__()
            self.message = message

    class Left(Message): ...

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace, self._db = workspace, workspace.db
        self._about: LoopTask | None = None  # whose labels the marks speak of; None: not looked up yet
        self._ids: Sequence[int] = array("q")
        self._blind: Mapping[int, bool] = {}
        self._pages: dict[int, dict[int, Document]] = {}
        self._longest = 0  # cells of the longest name
        self._listed: Sequence[int] = self._ids  # of the worklist, in its order
        self._open = 0  # the open document
        self._sort = ""  # of list_columns.SORTS
        self._columns: tuple[list_columns.Column, ...] = ()  # while the list has the keys, and the space
        self._values: dict[int, list_columns.Values] = {}
        self._searched = ""  # what was typed
        self._shown_for = ""  # the search whose documents are shown
        self._matches: dict[int, str] = {}  # of a search: where it found a document
        self._pointer = 0  # where the keys are, while the list has the focus
        self._pointed = 0  # the document that was there when the list was sorted
        self._order = ListOrder(self._db, self._take, self._reading)
        self._looking: Worker[None] | None = None

    def show(self, ids: Sequence[int], at: int, blind: Mapping[int, bool] = MappingProxyType({})) -> None:
        """Show these documents; `at` is the position of the open one, -1 for none.

        Of those in `blind` nothing shows but whether they are decided: the rest would give their labels away.
        """
        self._blind = blind
        self._open = ids[at] if 0 <= at < len(ids) else 0
        if ids is not self._listed:
            self._order.drop()
            self._listed, self._sort, self._searched = ids, "", ""
            self._use(ids)
        self._pointer = max(self._at, 0)
        self._follow()
        self.refresh()

    def _use(self, ids: Sequence[int]) -> None:
        """Show these in place of those before."""
        self._ids, self._about = ids, None
        self._pages.clear()
        self._values.clear()
        self._matches.clear()
        self.virtual_size = Size(1, len(ids) + self._head)
        self.refresh(layout=True)
        self.call_after_refresh(self._follow)  # only then is it known how far the list can scroll

    @property
    def _at(self) -> int:
        """The open document's position, -1 where it is not shown."""
        try:
            return self._ids.index(self._open) if self._open else -1
        except ValueError:
            return -1

    @property
    def _head(self) -> int:
        """Lines above the documents."""
        return 1 if self._columns else 0

    def reread_open(self) -> None:
        """The open document changed: its row is read again."""
        if (at := self._at) >= 0:
            self._pages.pop(at // PAGE, None)
            self.refresh_lines(at + self._head)

    def reread_all(self) -> None:
        """Anything may have changed: what is in view is read again."""
        self._pages.clear()
        self._about = None
        self.refresh()

    def _row(self, position: int) -> Document | None:
        page = position // PAGE
        if page not in self._pages:
            wanted = tuple(self._ids[page * PAGE : (page + 1) * PAGE])
            with self._db.read() as connection:
                read = document_list.page(connection, document_list.Filter(ids=wanted), 0, PAGE)
                shown = document_list.shown_names(connection, (row.name for row in read))
                several = bool(self._workspace.schema.classes)  # tasks, for one of which more may be wanted
                accepted = [row.id for row in read if several and row.state is State.LABELLED]
                if accepted and self._about is None:
                    self._about = loop_task.usual(self._workspace)
                half = label_queries.wanting(connection, self._about.field, accepted) if self._about else set()
                if self._shown_for:
                    self._matches.update(document_list.matches(connection, wanted, self._shown_for))
                if self._columns:
                    open_ones = [number for number in wanted if number not in self._blind]  # labels stay hidden
                    self._values.update(document_list.listed_values(connection, open_ones, list_columns.FIELDS))
            while len(self._pages) >= _KEPT:
                for number in self._pages.pop(next(iter(self._pages))):
                    self._values.pop(number, None)
            self._pages[page] = {
                row.id: replace(
                    row, name=shown.get(row.id, row.name), state=State.STARTED if row.id in half else row.state
                )
                for row in read
            }
        document = self._pages[page].get(self._ids[position])
        if document is None or document.id not in self._blind:
            return document
        state = State.LABELLED if self._blind[document.id] else State.NEW
        return replace(document, state=state, labels=0, suggestions=0, disagreements=0, problems=0, note="")

    def _follow(self) -> None:
        if self._ids and self.size.height:
            self.scroll_to_region(
                Region(0, max(self._pointer - 2, 0), 1, 5 + self._head), animate=False, immediate=True, force=True
            )

    def line(self, y: int) -> Strip:
        width = self.size.width
        if self._columns and y == 0:
            return self._heading(width)
        position = y - self._head + int(self.scroll_y)
        if position >= len(self._ids):
            return Strip.blank(width, self.rich_style)
        document = self._row(position)
        if document is None:
            return Strip([Segment(" (removed)", self.rich_style + Style(dim=True))]).adjust_cell_length(width)
        base = self.rich_style
        theme = self.app.current_theme
        is_open = document.id == self._open
        if is_open:
            behind = self.background_colors[1].blend(Color.parse(theme.primary), 0.3)
            base = Style.from_color(behind.get_contrast_text(1).rich_color, behind.rich_color) + Style(bold=True)
        if self.has_focus and position == self._pointer:
            base += Style(reverse=True)
        facts = list_columns.marks(document)
        cells = self._cells(document, base)
        if cells:
            facts = set_cell_size(facts, list_columns.MARKS - 1)
        space = max(width - len(facts) - 4 - sum(cell.cell_length for cell in cells), 4)
        sign = base
        if document.state is State.LABELLED and not is_open:
            sign += Style(color=Color.parse(theme.success or theme.primary).rich_color)
        return Strip(
            [
                Segment("▸" if is_open else " ", base),
                Segment(STATE_SIGNS[document.state], sign),
                *self._named(document, space, base),
                *(cells if self._columns else ()),
                Segment(facts + " ", base),
            ]
        ).adjust_cell_length(width, base)

    def _named(self, document: Document, space: int, base: Style) -> list[Segment]:
        """The name in `space` cells; in a search, dim behind it, what was found where no column shows that."""
        match = self._matches.get(document.id, "") if document.id not in self._blind else ""
        left = space - cell_len(document.name) - 2
        values = self._values.get(document.id, {})
        if not match or left < 4 or list_columns.holds(self._columns, document, values, match, self._shown_for):
            return [Segment(" " + list_columns.fitted(document.name, space), base)]
        return [Segment(f" {document.name}  ", base), Segment(list_columns.fitted(match, left), base + Style(dim=True))]

    def _cells(self, document: Document, base: Style) -> list[Segment]:
        """The values of the columns; those that are only suggested are dim."""
        values = self._values.get(document.id, {})
        segments = []
        for column in self._columns if document.id not in self._blind else ():
            text, is_suggested = list_columns.shown(column, document, values)
            right = column.type is FieldType.AMOUNT
            text = list_columns.cut(text, column.width)
            text = text.rjust(column.width) if right else set_cell_size(text, column.width)
            segments.append(Segment(" " + text, base + Style(dim=is_suggested)))
        return segments

    def _heading(self, width: int) -> Strip:
        """The heads of the columns, which of them sorts, and what the marks at the end are."""
        text, style = list_columns.heading(self._columns, self._sort, width), self.rich_style + Style(bold=True)
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)

    def on_resize(self) -> None:
        """The open document stays in view."""
        self._arrange()
        self._follow()

    def _arrange(self) -> None:
        """While the list has the keys it takes the space for columns, and gives it back afterwards."""
        longest = self._longest + (list_columns.MATCH if self._shown_for else 0)
        columns = list_columns.columns_for(self.size.width, longest) if self.has_focus else ()
        if columns != self._columns:
            self._columns = columns
            self._pages.clear()
            self._values.clear()
            self.virtual_size = Size(1, len(self._ids) + self._head)
            self.refresh(layout=True)

    def on_focus(self) -> None:
        """Wider, as far as the page beside it can do without."""
        with self._db.read() as connection:
            self._longest = document_list.longest_name(connection)
        screen = self.app.size.width
        self.call_after_refresh(self._arrange)
        self.styles.width = min(_WIDEST, screen - (30 if screen < 100 else 60))

    def typed(self, event: events.Key) -> bool:
        """What is typed narrows the list; it runs no commands. The key that finds elsewhere begins the search here."""
        if event.key in ("slash", "backspace", "delete") and not self._searched:  # the page's would remove a label
            self.post_message(self.Searched("Type what to look for: a name, vendor, number, amount or word."))
        elif event.key in ("backspace", "delete"):
            self._search(self._searched[:-1])
        elif event.is_printable and event.character and event.key != "question_mark":
            self._search(self._searched + event.character)
        else:
            return False
        return True

    def _search(self, text: str) -> None:
        """Show the documents of the workspace that have it in name, vendor, values or words, recent ones first."""
        self._searched, self._sort = text, ""
        if text.strip():
            self.post_message(self.Searched(f"“{text}”: looking …"))
        self._wish_for(text, "")

    def _wish_for(self, text: str, sort: str) -> None:
        """Show other documents, or in another order, once they are found; typing never waits for it."""
        self._pointed = self._ids[self._pointer] if self._ids and sort else 0
        if self._order.want(Wish(text, sort, self._listed, frozenset(self._blind))):
            self._looking = self.run_worker(self._order.follow(), name="list", exit_on_error=False)

    def _take(self, wish: Wish, ids: Sequence[int]) -> None:
        self._shown_for = wish.text.strip()
        self._use(ids)
        self._arrange()
        if wish.sort:
            self._pointer = ids.index(self._pointed) if self._pointed in ids else 0
        else:
            self._pointer = 0 if wish.text.strip() else max(self._at, 0)
        self._follow()
        self._say()

    def _reading(self, done: int, count: int) -> None:
        """From the thread that sorts."""
        if count > _LONG_SORT and self.has_focus:
            text = f"Sorting by {self._sort}: {done:,} of {counted(count, 'document')} read."
            self.post_message(self.Searched(text))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What goes wrong while documents are looked for is shown as it is for the screen's own work."""
        screen_of(self).on_worker_state_changed(event)

    async def _settled(self) -> None:
        """Wait for what is looked for: the key that follows is about it."""
        if self._order.is_at_work and self._looking is not None:
            with suppress(WorkerError):  # what went wrong is shown elsewhere
                await self._looking.wait()

    @on(Searched)
    def _show_searched(self, event: Searched) -> None:
        event.stop()
        pairs = (("Enter", "open"), ("Esc", "all documents"), ("↑ ↓", "choose"), ("← →", "sort"))
        screen_of(self).hint(event.message, *pairs)

    def _say(self) -> None:
        """What the list shows, for the hint line."""
        count = len(self._ids)
        about = f"“{self._searched}”: " if self._searched else ""
        place = f"document {self._pointer + 1} of {count}" if count else "no document"
        by = f", by {self._sort}" if self._sort else ""
        self.post_message(self.Searched(f"{about}{place}{by}.{self._of_page()}"))

    def _of_page(self) -> str:
        """Which document the page shows, where it is not the one that the keys are on."""
        if not self._open or not self._ids or self._ids[self._pointer] == self._open:
            return ""
        with self._db.read() as connection:
            row = next(iter(document_list.page(connection, document_list.Filter(ids=(self._open,)), 0, 1)), None)
            name = document_list.shown_names(connection, [row.name]).get(row.id, row.name) if row else ""
        return f" The page shows {list_columns.fitted(name, min(cell_len(name), 16))}." if name else ""

    def on_blur(self) -> None:
        """As narrow as before, and with the documents of the worklist."""
        self._order.drop()
        self.styles.width = None
        self._columns, self._searched, self._sort, self._shown_for = (), "", "", ""
        self._use(self._listed)
        self._pointer = max(self._at, 0)

    def action_sort(self, by: int) -> None:
        """Sort by the next column; after the last in the list's own order."""
        there = ("", list_columns.NAME, *(column.head for column in self._columns))
        sorts = [sort for sort in list_columns.SORTS if sort in there]
        self._sort = sorts[(sorts.index(self._sort if self._sort in sorts else "") + by) % len(sorts)]
        self._wish_for(self._searched, self._sort)

    async def action_move(self, by: int) -> None:
        await self._settled()
        self._point_at(self._pointer + by)
        self._say()

    async def action_page(self, direction: int) -> None:
        await self._settled()
        self._point_at(self._pointer + direction * (self.size.height - 1 - self._head))

    async def action_first(self) -> None:
        await self._settled()
        self._point_at(0)

    async def action_last(self) -> None:
        await self._settled()
        self._point_at(len(self._ids) - 1)

    def _point_at(self, position: int) -> None:
        self._pointer = max(min(position, len(self._ids) - 1), 0)
        self._follow()
        self.refresh()

    async def action_open(self) -> None:
        await self._settled()
        if self._ids:
            self._choose(self._pointer)

    def action_leave(self) -> None:
        if self._searched:
            self._search("")
        else:
            self.post_message(self.Left())

    def on_click(self, event: events.Click) -> None:
        """A click opens the document."""
        position = event.y - self._head + int(self.scroll_y)
        if 0 <= position < len(self._ids):
            self._choose(position)

    def _choose(self, position: int) -> None:
        self.post_message(self.Chosen(self._ids[position], self._ids if self._sort and not self._searched else None))
