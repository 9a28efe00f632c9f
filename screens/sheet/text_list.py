"""The list of a sheet: one line a text, drawn line by line and read by the hundred, as smooth at 100,000 as at ten."""

from array import array
from collections.abc import Mapping, Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from screens.themes import legible
from screens.widgets.line_view import ReadWhenDrawn
from storage import document_list
from storage.database import Database
from storage.records import State
from workbench.annotation.classes.sheet import SheetRow
from workbench.fields import Field
from workbench.fields.values import joined

_PAGE = 100  # texts that are read at a time
_KEPT = 40  # such pages in memory
_WORDS = 120  # of a text's beginning
_WIDEST_OPTION = 18
_SIGNS = {State.SKIPPED: "»", State.UNUSABLE: "✗"}


class TextList(ReadWhenDrawn, can_focus=True, inherit_bindings=False):
    """Texts with a cursor and a selection; posts `Moved`."""

    DEFAULT_CSS = "TextList { background: $background; scrollbar-size-vertical: 1; height: 1fr; }"

    class Moved(Message):
        """The cursor stands on another text, or other texts are in view or selected."""

    def __init__(self, db: Database) -> None:
        super().__init__()
        self._db = db
        self._rows: Mapping[int, SheetRow] = {}
        self._ids: Sequence[int] = array("q")
        self._pages: dict[int, dict[int, str]] = {}
        self.field: Field | None = None  # whose options are shown
        self._threshold = 1.0
        self._cursor = 0
        self._anchor: int | None = None  # where a selection by Shift began
        self.selected: set[int] = set()  # documents

    # what is shown

    def show(self, rows: Mapping[int, SheetRow], ids: Sequence[int], field: Field, keep: int | None = None) -> None:
        """Show texts in this order; the cursor goes to `keep` where it is listed, else to the first."""
        self._rows, self._ids, self.field = rows, array("q", ids), field
        self._pages.clear()
        self.let_go()
        self._cursor = self._ids.index(keep) if keep is not None and keep in self._ids else 0
        self.virtual_size = Size(1, len(self._ids))
        self.refresh(layout=True)
        self.call_after_refresh(self._follow)
        self.post_message(self.Moved())

    def redraw(self, threshold: float) -> None:
        """Labels changed, or the threshold from which suggestions are taken together."""
        self._threshold = threshold
        self.refresh()

    @property
    def document(self) -> int | None:
        """The text under the cursor."""
        return self._ids[self._cursor] if 0 <= self._cursor < len(self._ids) else None

    @property
    def place(self) -> tuple[int, int]:
        """(number of the text under the cursor, from 1; how many are listed)."""
        return (self._cursor + 1 if self._ids else 0, len(self._ids))

    @property
    def targets(self) -> list[int]:
        """What a key labels: the selected texts in their order, else the one under the cursor."""
        if self.selected:
            return [number for number in self._ids if number in self.selected]
        return [self.document] if self.document is not None else []

    def in_view(self) -> list[int]:
        """The texts whose lines are seen."""
        top = int(self.scroll_y)
        return list(self._ids[top : top + self.size.height])

    def coming(self) -> list[int]:
        """The texts without a label that are in view or come after the cursor, as far as they are soon labelled."""
        top = min(int(self.scroll_y), self._cursor)
        listed = self._ids[top : self._cursor + 2 * max(self.size.height, 1)]
        return [number for number in listed if number in self._rows and self._rows[number].is_open]

    def text(self, document: int) -> str:
        """The beginning of a listed text."""
        position = self._cursor if document == self.document else self._ids.index(document)
        return self._text(position)

    def _text(self, position: int) -> str:
        page = position // _PAGE
        if page not in self._pages:
            wanted = list(self._ids[page * _PAGE : (page + 1) * _PAGE])
            with self._db.read() as connection:
                read = document_list.beginnings(connection, wanted, _WORDS)
            while len(self._pages) >= _KEPT:
                self._pages.pop(next(iter(self._pages)))
            self._pages[page] = {
                number: "".join(c if c.isprintable() else " " for c in joined(words)) for number, words in read.items()
            }
        return self._pages[page].get(self._ids[position], "(removed)")

    # moving and selecting

    def move(self, by: int, extend: bool = False) -> None:
        """Move the cursor; with `extend` select what it goes over."""
        if not self._ids:
            return
        before = self._cursor
        self._cursor = max(min(self._cursor + by, len(self._ids) - 1), 0)
        if extend:
            if self._anchor is None:
                self._anchor, self.selected = before, set()
            first, last = sorted((self._anchor, self._cursor))
            self.selected = set(self._ids[first : last + 1])
        self._moved()

    def page(self, direction: int) -> None:
        """Go a screenful on: the line that follows the last one seen becomes the first."""
        rows = max(self.size.height, 1)
        self._cursor = max(min(int(self.scroll_y) + direction * rows, len(self._ids) - 1), 0)
        self.scroll_to(y=self._cursor, animate=False, immediate=True, force=True)
        self._moved(follow=False)

    def go_to(self, position: int) -> None:
        """Put the cursor on a line; -1 is the last one."""
        self.move((position if position >= 0 else len(self._ids) + position) - self._cursor)

    def to_next_open(self) -> None:
        """After a label: to the next text that has none, the next one where all of them have."""
        following = range(self._cursor + 1, len(self._ids))
        self.move(next((n for n in following if self._rows[self._ids[n]].is_open), self._cursor + 1) - self._cursor)

    def toggle(self) -> None:
        """Put the text under the cursor into the selection, or take it out, and go on."""
        if self.document is not None:
            self.selected ^= {self.document}
            self._anchor = None
            self.move(1)

    def let_go(self) -> None:
        """Select nothing."""
        self.selected, self._anchor = set(), None
        self.refresh()

    def _moved(self, follow: bool = True) -> None:
        if follow:
            self._follow()
        self.refresh()
        self.post_message(self.Moved())

    def _follow(self) -> None:
        if self._ids and self.size.height:
            margin = min(2, self.size.height // 4)
            top = max(self._cursor - margin, 0)
            self.scroll_to_region(
                Region(0, top, 1, self._cursor + margin - top + 1), animate=False, immediate=True, force=True
            )

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on a text; with Shift it selects up to it."""
        row = event.y + int(self.scroll_y)
        if row < len(self._ids):
            self.move(row - self._cursor, extend=event.shift)

    def on_resize(self) -> None:
        """The cursor stays in view; other texts are seen."""
        self._follow()
        self.post_message(self.Moved())

    # drawing

    def line(self, y: int) -> Strip:
        """One text: selected, its state, what it is or is taken for, its beginning."""
        position, width = y + int(self.scroll_y), self.size.width
        if position >= len(self._ids) or self.field is None:
            return Strip.blank(width, self.rich_style)
        row = self._rows[self._ids[position]]
        here, is_selected = position == self._cursor, row.document in self.selected
        theme = self.app.current_theme
        behind = self.background_colors[1]
        if here or is_selected:
            behind = behind.blend(Color.parse(theme.primary), 0.4 if here else 0.2)
        base = Style.from_color(behind.get_contrast_text(1).rich_color, behind.rich_color)
        coloured = base + Style(color=legible(self.field.colour, behind.hex6).rich_color)
        sure = row.is_open and bool(row.likely) and row.probability >= self._threshold
        good = base + Style(color=legible(theme.success or theme.primary, behind.hex6).rich_color)
        sign = "✓" if row.options else "∅" if row.cannot_say else _SIGNS.get(row.state, "·")
        column = min(max(map(cell_len, (*self.field.options, "–"))), _WIDEST_OPTION)
        name, share = ", ".join(row.options), ""
        style = coloured + Style(bold=True)
        if not row.options and row.likely:
            name, share, style = row.likely, f"{row.probability:.0%}", coloured + Style(italic=True, dim=not sure)
        head = [
            Segment("▸" if here else " ", base),
            Segment("●" if is_selected else "▌" if sure else " ", good),
            Segment(f"{sign} ", good if row.options else base),
            Segment(_fitted(name, column), style),
            Segment(f" {share:>4} ", style),
        ]
        space = max(width - sum(segment.cell_length for segment in head), 4)
        text = Segment(_fitted(self._text(position), space), base + Style(dim=not (row.is_open or here), bold=here))
        return Strip([*head, text]).adjust_cell_length(width, base)


def _fitted(text: str, width: int) -> str:
    return set_cell_size(text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…", width)
