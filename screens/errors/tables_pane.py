"""The left side of the errors screen: tables of a run's errors, groups, repair rules, and the Doctor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.data_table import CellKey
from textual.widgets.option_list import Option

from screens.errors import table_contents
from screens.errors.doctor_panel import DoctorPanel
from screens.errors.heat_grid import HeatGrid
from screens.errors.table_contents import ALL_KINDS
from screens.widgets.columns import folded
from screens.widgets.status_lines import key_part
from workbench.evaluation import error_review
from workbench.evaluation.error_review import ErrorItem, ErrorReview
from workbench.evaluation.metrics import ErrorKind
from workbench.fields import Schema

VIEWS = {
    "matrix": ("view.matrix", "Fields"),
    "confusion": ("view.confusion", "Confusion"),
    "concentrations": ("view.piles", "Groups"),
    "rules": ("view.rules", "Repair rules"),
    "doctor": ("view.doctor", "Doctor"),
}
"""The views, with the id of the key that shows each, and its title."""
TOGETHER = ("matrix", "confusion", "concentrations")
"""Views that stand below each other on wide terminals."""
ALONE = ("rules", "doctor")
"""Views that are about no errors in particular: no list stands below them."""


@dataclass(frozen=True, slots=True)
class CellErrors:
    """The errors of a cell or a group, and what they have in common."""

    items: tuple[ErrorItem, ...]
    title: str


class ErrorTables(Vertical):
    """One view at a time; on wide terminals the tables of errors below each other."""

    class CellChosen(Message):
        """The cursor stands on another cell or group; `enter` where its errors are to be gone through."""

        def __init__(self, errors: CellErrors, enter: bool) -> None:
            super().__init__()
            self.errors, self.enter = errors, enter

    class RuleChosen(Message):
        """Enter was pressed on a repair rule."""

        def __init__(self, rule: str) -> None:
            super().__init__()
            self.rule = rule

    def __init__(self, schema: Schema) -> None:
        super().__init__(id="left")
        self.view = "matrix"
        self._schema = schema
        self._review: ErrorReview | None = None
        self._figures: list[Content] = []
        self._order = "errors"

    def compose(self) -> ComposeResult:
        yield Static(id="views")
        yield Static(id="figures")
        yield HeatGrid("matrix")
        yield HeatGrid("confusion")
        yield Static(id="reading")
        yield OptionList(id="concentrations")
        yield Static(id="slices")
        yield HeatGrid("rules")
        yield Static(id="does")
        yield DoctorPanel(id="doctor")

    def show(self, review: ErrorReview, evaluation: Mapping[str, Any], schema: Schema) -> None:
        """Show a run's errors; cursors stay where they are, that of a first confusion matrix goes to the worst cell."""
        self._review, self._schema = review, schema
        self._grid("matrix").show(table_contents.matrix(review, schema, self._order))
        first = self._grid("confusion").pointed is None
        self._figures = table_contents.figures(evaluation, review.split)
        self._fit()
        if first:
            self._grid("confusion").start_at_hottest()
        self.query_one("#slices", Static).update(table_contents.slices(evaluation, review.split))
        groups = self.query_one("#concentrations", OptionList)
        groups.clear_options()
        groups.add_options(
            [Option(Content(table_contents.group(group, schema))) for group in review.groups]
            or [Option(table_contents.no_group(review.documents), disabled=True)]
        )

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Draw what depends on the width: figures are not broken, and the confusion matrix has all its columns."""
        if self._review is None:
            return
        self.query_one("#figures", Static).update(folded(self._figures, self.size.width - 2))
        table, note = table_contents.confusion(self._review, self._schema, self.size.width - 1)
        self._grid("confusion").show(table)
        scroll = "" if table.width < self.size.width else "← → go on to the columns at the right."
        self.query_one("#reading", Static).update(Content(" ".join(filter(None, (note, scroll)))))

    def show_rules(self, effects: Mapping[str, Mapping[str, Any]], switched: Mapping[str, bool]) -> None:
        """Show what the repair rules did, and which were switched by hand."""
        self._grid("rules").show(table_contents.rules(effects, switched))

    def show_message(self, text: str) -> None:
        """Show a text in place of the views' names."""
        self.query_one("#views", Static).update(text)

    def _grid(self, view: str) -> HeatGrid:
        return self.query_one(f"#{view}", HeatGrid)

    # views

    def show_view(self, view: str, wide: bool, keys: Mapping[str, str]) -> None:
        """Show the widgets of a view, and name the views.

        Args:
            view: one of VIEWS.
            wide: whether the terminal has space for all of TOGETHER.
            keys: view -> the key that shows it.
        """
        self.view = view
        visible = TOGETHER if wide and view in TOGETHER else (view,)
        for name in VIEWS:
            self.query_one(f"#{name}").display = name in visible
        self.query_one("#does").display = view == "rules"
        self.query_one("#reading").display = "confusion" in visible
        self.query_one("#slices").display = "concentrations" in visible
        parts: list[tuple[str, str] | str] = []
        for name, (_, title) in VIEWS.items():
            style = "bold $foreground" if name in visible else "$text-muted"
            parts += [key_part(keys[name], self.app.no_color), (f" {title}  ", style)]
        self.query_one("#views", Static).update(Content.assemble(*parts))

    @property
    def shown_view(self) -> Widget:
        """The widget that the keys of the view move."""
        return self.query_one(f"#{self.view}")

    def sort(self, column: str = "") -> None:
        """Order the fields by a column, by default that under the cursor; a second time by name."""
        grid = self._grid("matrix")
        if self._review is not None and grid.pointed is not None:
            column = column or grid.pointed[1]
            self._order = column if column != self._order else "field"
            grid.show(table_contents.matrix(self._review, self._schema, self._order))

    @on(HeatGrid.HeaderSelected, "#matrix")
    def _heading_clicked(self, event: HeatGrid.HeaderSelected) -> None:
        self.sort(event.column_key.value or "field")

    # cells

    @property
    def pointed(self) -> CellErrors | None:
        """What is under the cursor of the view; None before a run is shown."""
        if self._review is None:
            return None
        if self.view == "concentrations":
            groups = self.query_one("#concentrations", OptionList)
            if groups.highlighted is None and self._review.groups:
                groups.highlighted = 0
            return self._group(groups.highlighted)
        view = "confusion" if self.view == "confusion" else "matrix"
        pointed = self._grid(view).pointed
        return self._cell(view, *pointed) if pointed is not None else CellErrors((), "No errors")

    def _cell(self, view: str, row: str, column: str) -> CellErrors | None:
        if self._review is None:
            return None
        if view == "matrix":
            kind = None if column in ALL_KINDS else ErrorKind(column)
            what = "all errors" if kind is None else table_contents.KINDS[kind]
            return CellErrors(self._review.of_cell(row, kind), f"{self._field_name(row)} · {what}")
        items = self._review.of_pair(row, column)
        if row == column:
            return CellErrors(items, f"{self._field_name(row)} · boundary")
        return CellErrors(items, f"{self._field_name(row)} taken for {self._field_name(column)}")

    def _group(self, number: int | None) -> CellErrors | None:
        if self._review is None or number is None or number >= len(self._review.groups):
            return None
        group = self._review.groups[number]
        return CellErrors(self._review.of_group(group), table_contents.group_title(group, self._schema))

    def _field_name(self, field: str) -> str:
        return {error_review.TOTAL: "All fields", "none": "nothing"}.get(field, self._schema.name(field))

    def _post(self, errors: CellErrors | None, enter: bool) -> None:
        if errors is not None:
            self.post_message(self.CellChosen(errors, enter))

    @on(HeatGrid.CellHighlighted, "#matrix,#confusion")
    def _cell_pointed(self, event: HeatGrid.CellHighlighted) -> None:
        self._post(self._cell(event.data_table.id or "", *_ids(event.cell_key)), enter=False)

    @on(HeatGrid.CellSelected, "#matrix,#confusion")
    def _cell_chosen(self, event: HeatGrid.CellSelected) -> None:
        self._post(self._cell(event.data_table.id or "", *_ids(event.cell_key)), enter=True)

    @on(OptionList.OptionHighlighted, "#concentrations")
    def _group_pointed(self, event: OptionList.OptionHighlighted) -> None:
        if self.view == "concentrations":
            self._post(self._group(event.option_index), enter=False)

    @on(OptionList.OptionSelected, "#concentrations")
    def _group_chosen(self, event: OptionList.OptionSelected) -> None:
        self._post(self._group(event.option_index), enter=True)

    @on(HeatGrid.CellHighlighted, "#rules")
    def _rule_pointed(self, event: HeatGrid.CellHighlighted) -> None:
        self.query_one("#does", Static).update(table_contents.RULES_DO[_ids(event.cell_key)[0]])

    @on(HeatGrid.CellSelected, "#rules")
    def _rule_chosen(self, event: HeatGrid.CellSelected) -> None:
        self.post_message(self.RuleChosen(_ids(event.cell_key)[0]))


def _ids(key: CellKey) -> tuple[str, str]:
    return key.row_key.value or "", key.column_key.value or ""
