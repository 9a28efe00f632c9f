"""A table of counts with a cursor on its cells, coloured by how much a cell weighs. Sortable by its columns."""

from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text
from textual import events
from textual.color import Color
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from screens.themes import legible

_LABEL = ""
"""The key of the first column, which names the rows."""


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

    @property
    def width(self) -> int:
        """Cells that it needs."""
        return self.label_width + sum(width for *_, width in self.columns)


class HeatGrid(DataTable[Text]):
    """Shows a `Table`. Posts `CellHighlighted`, `CellSelected` and `HeaderSelected`; the keys are the ids."""

    DEFAULT_CSS = """
    HeatGrid {
        background: $background; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1;
        & > .datatable--header, & > .datatable--header-hover {
            background: $background; color: $foreground; text-style: dim;
        }
        & > .datatable--fixed, & > .datatable--hover { background: $background; color: $foreground; }
        & > .datatable--cursor { background: $accent 45%; color: auto; text-style: bold; }
        &:focus { background-tint: $foreground 0%; }
        &:focus > .datatable--header { background-tint: $foreground 0%; }
        &:focus > .datatable--cursor { background: $accent; color: auto; text-style: bold; }
    }
    """

    def __init__(self, id: str) -> None:
        super().__init__(id=id, cursor_type="cell", fixed_columns=1, cell_padding=0, cursor_background_priority="css")
        self._table = Table("", (), ())

    def on_mount(self) -> None:
        """Another theme has other colours."""
        self.watch(self.app, "theme", self._recolour, init=False)

    def _recolour(self) -> None:
        self.call_after_refresh(lambda: self.show(self._table))

    def on_click(self, event: events.Click) -> None:
        """The first click on a cell selects it, too; DataTable waits for a second one."""
        row, column = event.style.meta.get("row", -1), event.style.meta.get("column", -1)
        outside = event.style.meta.get("out_of_bounds", False)
        if row >= 0 and not outside and Coordinate(row, column) != self.cursor_coordinate:
            self.call_next(self.action_select_cursor)

    def show(self, table: Table) -> None:
        """Show a table; the cursor stays on the same row and column where they still exist. Posts nothing."""
        before = self.pointed
        self._table = table
        with self.prevent(DataTable.CellHighlighted):
            self.clear(columns=True)
            self.add_column(
                Text(set_cell_size(f" {table.corner}", table.label_width)), width=table.label_width, key=_LABEL
            )
            for name, shown, width in table.columns:
                heading = shown + ("▾" if name == table.sorted_by else "")
                self.add_column(_right(heading, width), width=width, key=name)
            widths = [width for *_, width in table.columns]
            for number, (name, *_, cells) in enumerate(table.rows):
                texts = [self._cell(cell, width) for cell, width in zip(cells, widths, strict=True)]
                self.add_row(self._label(number, here=False), *texts, key=name)
            self.point(*(before or ("", "")))

    @property
    def pointed(self) -> tuple[str, str] | None:
        """(row id, column id) under the cursor."""
        row, column = self.cursor_coordinate
        if row < len(self._table.rows) and 0 < column <= len(self._table.columns):
            return self._table.rows[row][0], self._table.columns[column - 1][0]
        return None

    def start_at_hottest(self) -> None:
        """Put the cursor on the cell that weighs most, without posting it."""
        cells = [(-cell.heat, row, at) for row, line in enumerate(self._table.rows) for at, cell in enumerate(line[3])]
        if cells:
            _, row, column = min(cells)
            with self.prevent(DataTable.CellHighlighted):
                self.cursor_coordinate = Coordinate(row, column + 1)

    def point(self, row: str, column: str) -> None:
        """Put the cursor on a cell; where there is no such cell, on the first."""
        rows = [name for name, *_ in self._table.rows]
        columns = [name for name, *_ in self._table.columns]
        if row in rows and column in columns:
            self.cursor_coordinate = Coordinate(rows.index(row), columns.index(column) + 1)
        else:
            self.cursor_coordinate = Coordinate(0, 1)
        self._mark(self.cursor_row, here=True)

    def validate_cursor_coordinate(self, value: Coordinate) -> Coordinate:
        """The cursor does not go to the rows' names."""
        row, column = super().validate_cursor_coordinate(value)
        return Coordinate(row, max(column, 1))

    def watch_cursor_coordinate(self, old_coordinate: Coordinate, new_coordinate: Coordinate) -> None:
        super().watch_cursor_coordinate(old_coordinate, new_coordinate)
        if old_coordinate.row != new_coordinate.row:
            self._mark(old_coordinate.row, here=False)
            self._mark(new_coordinate.row, here=True)

    def _mark(self, row: int, here: bool) -> None:
        if 0 <= row < self.row_count:
            self.update_cell_at(Coordinate(row, 0), self._label(row, here))

    def _label(self, row: int, here: bool) -> Text:
        _, shown, colour, _ = self._table.rows[row]
        style = Style(bold=here)
        if colour:
            style += Style(color=legible(colour, self.background_colors[1].hex6).rich_color)
        pointer = "▸" if here else " "
        return Text(set_cell_size(pointer + shown, self._table.label_width - 1) + " ", style)

    def _cell(self, cell: Cell, width: int) -> Text:
        text = _right(cell.text, width)
        if not cell.heat:
            text.stylize(Style(dim=True))
            return text
        theme = self.app.current_theme
        wanted = Color.parse((theme.error if cell.heat > 0 else theme.success) or theme.primary)
        behind = self.background_colors[1].blend(wanted, 0.12 + 0.6 * min(abs(cell.heat), 1.0))
        text.stylize(Style.from_color(behind.get_contrast_text(1).rich_color, behind.rich_color))
        return text


def _right(text: str, width: int) -> Text:
    """Text at the right edge of so many cells, the last of which is free; cut at its end."""
    space = width - 1
    line = set_cell_size(text, space) if cell_len(text) >= space else " " * (space - cell_len(text)) + text
    return Text(f"{line} ")
