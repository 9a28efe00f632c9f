"""A table of counts with a cursor on its cells, coloured by how much a cell weighs. Sortable by its columns."""

from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from screens.themes import legible


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what it says, and how strongly it is coloured (0..1; negative: the quiet colour of what is right)."""

    text: str
    heat: float = 0.0


@dataclass(frozen=True, slots=True)
class Table:
    """A table's content. `rows` are (id, shown name, colour or "", cells); `columns` (id, shown name, width)."""

    corner: str
    columns: tuple[tuple[str, str, int], ...]
    rows: tuple[tuple[str, str, str, tuple[Cell, ...]], ...]
    sorted_by: str = ""
    label_width: int = 18


class HeatGrid(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows a `Table`; posts `Pointed` when the cursor moves, `Chosen` on Enter or a click, `Sorted` on a head."""

    DEFAULT_CSS = "HeatGrid { background: $background; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; }"

    class Pointed(Message):
        """The cursor stands on another cell."""

        def __init__(self, grid: "HeatGrid", row: str, column: str) -> None:
            super().__init__()
            self.grid, self.row, self.column = grid, row, column

        @property
        def control(self) -> "HeatGrid":
            """The grid, for selectors of handlers."""
            return self.grid

    class Chosen(Pointed):
        """Enter was pressed on a cell, or it was clicked."""

    class Sorted(Message):
        """A column's head was clicked."""

        def __init__(self, grid: "HeatGrid", column: str) -> None:
            super().__init__()
            self.grid, self.column = grid, column

        @property
        def control(self) -> "HeatGrid":
            """The grid, for selectors of handlers."""
            return self.grid

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._table = Table("", (), ())
        self._at = (0, 0)

    def show(self, table: Table) -> None:
        """Show a table; the cursor stays on the same row and column where they still exist."""
        before = self.pointed
        self._table = table
        rows = [row[0] for row in table.rows]
        columns = [column[0] for column in table.columns]
        if before is not None and before[0] in rows and before[1] in columns:
            self._at = (rows.index(before[0]), columns.index(before[1]))
        else:
            self._at = (0, 0)
        width = table.label_width + sum(column[2] for column in table.columns)
        self.virtual_size = Size(width, len(table.rows) + 1)
        self.refresh(layout=True)

    @property
    def pointed(self) -> tuple[str, str] | None:
        """(row id, column id) under the cursor."""
        row, column = self._at
        if row < len(self._table.rows) and column < len(self._table.columns):
            return self._table.rows[row][0], self._table.columns[column][0]
        return None

    def start_at_hottest(self) -> None:
        """Put the cursor on the cell that weighs most, without posting it."""
        cells = [(-cell.heat, row, at) for row, line in enumerate(self._table.rows) for at, cell in enumerate(line[3])]
        if cells:
            _, row, column = min(cells)
            self._at = (row, column)

    def point(self, row: str, column: str) -> None:
        """Put the cursor on a cell, where it exists, and post it."""
        rows = [row_id for row_id, *_ in self._table.rows]
        columns = [column_id for column_id, *_ in self._table.columns]
        if row in rows and column in columns:
            self._go(rows.index(row), columns.index(column))

    def _go(self, row: int, column: int, chosen: bool = False) -> None:
        rows, columns = len(self._table.rows), len(self._table.columns)
        if not rows or not columns:
            return
        self._at = (min(max(row, 0), rows - 1), min(max(column, 0), columns - 1))
        left = self._table.label_width + sum(width for *_, width in self._table.columns[: self._at[1]])
        # the head stays in view: one row above the cursor's
        region = Region(left, self._at[0], self._table.columns[self._at[1]][2], 2)
        if self._at[1] == 0:
            region = Region(0, self._at[0], left + region.width, 2)
        self.scroll_to_region(region, animate=False, immediate=True, force=True)
        self.refresh()
        if (cell := self.pointed) is not None:
            self.post_message((self.Chosen if chosen else self.Pointed)(self, *cell))

    def on_key(self, event: events.Key) -> None:
        """Arrows, Home, End and Enter."""
        row, column = self._at
        steps = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
        steps |= {"home": (0, -99), "end": (0, 99), "pageup": (1 - self.size.height, 0)}
        steps |= {"pagedown": (self.size.height - 1, 0)}
        if event.key == "enter":
            self._go(row, column, chosen=True)
        elif event.key in steps:
            down, right = steps[event.key]
            self._go(row + down, column + right)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_click(self, event: events.Click) -> None:
        """A click on a cell chooses it, on a head sorts by it."""
        x, y = event.x + int(self.scroll_x), event.y
        column, edge = -1, self._table.label_width
        for number, (_, _, width) in enumerate(self._table.columns):
            if edge <= x < edge + width:
                column = number
            edge += width
        if y == 0:
            self.post_message(self.Sorted(self, self._table.columns[column][0] if column >= 0 else "field"))
        elif 0 <= (row := y - 1 + int(self.scroll_y)) < len(self._table.rows):
            self._go(row, max(column, 0), chosen=True)

    # drawing

    def render_line(self, y: int) -> Strip:
        """The head, which stays, or one row."""
        width = self.size.width
        if y == 0:
            strip = self._head()
        else:
            row = y - 1 + int(self.scroll_y)
            if row >= len(self._table.rows):
                return Strip.blank(width, self.rich_style)
            strip = self._row(row)
        x = int(self.scroll_x)
        return strip.crop_extend(x, x + width, self.rich_style)

    def _head(self) -> Strip:
        quiet = self.rich_style + Style(dim=True)
        segments = [Segment(set_cell_size(" " + self._table.corner, self._table.label_width), quiet)]
        for number, (name, shown, width) in enumerate(self._table.columns):
            here = number == self._at[1] and self.has_focus
            text = shown + ("▾" if name == self._table.sorted_by else "")
            style = self.rich_style + Style(bold=here, dim=not here)
            segments.append(Segment(_right(text, width - 1) + " ", style))
        return Strip(segments)

    def _row(self, number: int) -> Strip:
        _, shown, colour, cells = self._table.rows[number]
        here = number == self._at[0]
        style = self.rich_style + Style(bold=here)
        if colour:
            style += Style(color=legible(colour, self.background_colors[1].hex6).rich_color)
        pointer = "▸" if here else " "
        segments = [Segment(set_cell_size(pointer + shown, self._table.label_width - 1) + " ", style)]
        for column, cell in enumerate(cells):
            width = self._table.columns[column][2]
            segments.append(
                Segment(_right(cell.text, width - 1) + " ", self._style(cell, here and column == self._at[1]))
            )
        return Strip(segments)

    def _style(self, cell: Cell, here: bool) -> Style:
        theme = self.app.current_theme
        behind = self.background_colors[1]
        if here:
            accent = Color.parse(theme.accent or theme.primary)
            back = accent if self.has_focus else behind.blend(accent, 0.45)
            return Style.from_color(back.get_contrast_text(1).rich_color, back.rich_color) + Style(bold=True)
        if not cell.heat:
            return self.rich_style + Style(dim=True)
        wanted = Color.parse((theme.error if cell.heat > 0 else theme.success) or theme.primary)
        back = behind.blend(wanted, 0.12 + 0.6 * min(abs(cell.heat), 1.0))
        return Style.from_color(back.get_contrast_text(1).rich_color, back.rich_color)

    def on_focus(self) -> None:
        """The cursor is drawn otherwise where the keys are."""
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()


def _right(text: str, width: int) -> str:
    """Text at the right edge, cut at its end."""
    return set_cell_size(text, width) if cell_len(text) >= width else " " * (width - cell_len(text)) + text
