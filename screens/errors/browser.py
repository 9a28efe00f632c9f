"""Walking through a run's errors: tables, groups, and the list of a cell's errors."""

from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from screens.base import ModeScreen
from screens.errors import tables
from screens.errors.doctor_panel import DoctorPanel
from screens.errors.error_list import ErrorDetail, ErrorList
from screens.errors.heat_grid import HeatGrid
from screens.errors.tables import ALL_KINDS
from storage import runs as run_store
from storage.records import Run
from workbench.evaluation import error_review
from workbench.evaluation.doctor import consultation
from workbench.evaluation.doctor.consultation import ENDED
from workbench.evaluation.error_review import ErrorItem, ErrorReview, Verdict
from workbench.evaluation.metrics import ErrorKind
from workbench.runs.watch import RunUpdate

VIEWS = {
    "matrix": "Fields",
    "confusion": "Confusion",
    "piles": "Groups",
    "rules": "Repair rules",
    "doctor": "Doctor",
}
TOGETHER = ("matrix", "confusion", "piles")
"""Views that stand below each other on wide terminals."""
ALONE = ("rules", "doctor")
"""Views that are about no errors in particular: no list stands below them."""


def _selector(view: str) -> str:
    return "DoctorPanel" if view == "doctor" else f"#{view}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the screen shows; one snapshot drives its widgets."""

    run: Run
    survey: ErrorReview
    verdicts: dict[int, Verdict | None]
    evaluation: dict[str, Any]


class Looked(Message):
    """A run's errors were read, or what people did about them was looked up again."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self.shown = shown


class Surveying(ModeScreen):
    """Tables on the left, the errors of a cell on the right. Subclasses say what can be done about them in `say`."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: Shown | None = None
        self.wanted = ""  # the run that was chosen; "" is the newest that ended
        self.view = "matrix"
        self._order = "errors"
        self.items: tuple[ErrorItem, ...] = ()
        self._title = ""

    def body(self) -> ComposeResult:
        with Horizontal(id="work"):
            with Vertical(id="left"):
                yield Static(id="views")
                yield Static(id="figures")
                yield HeatGrid("matrix")
                yield HeatGrid("confusion")
                yield OptionList(id="piles")
                yield Static(id="slices")
                yield HeatGrid("rules")
                yield Static(id="does")
                yield DoctorPanel()
            with Vertical(id="right"):
                yield Static(id="title")
                yield ErrorList(lambda: self.workspace.schema)
                yield ErrorDetail()

    def on_mount(self) -> None:
        """Read the newest run that ended."""
        self._arrange()
        self.look()

    def on_screen_resume(self) -> None:
        """Labels may have been fixed in the meantime."""
        super().on_screen_resume()
        if self.shown is not None:
            self.look()

    def runs_changed(self, news: RunUpdate) -> None:
        """A run that ended is read, where none was chosen by hand."""
        if self.is_mounted and news.ended and not self.wanted:
            self.look()

    def on_resize(self) -> None:
        """On wide terminals the two tables stand below each other."""
        self.call_after_refresh(self._arrange)
        if self.shown is not None:
            self.call_after_refresh(self.head)

    def say(self) -> None:
        """Say what can be done now."""

    def another_run(self) -> None:
        """Another run, or another side of the split, was read."""

    # reading

    def look(self, run_id: str = "", split: str | None = None) -> None:
        before = self.shown
        run_id = run_id or self.wanted

        def work() -> None:
            with self.workspace.db.read() as connection:
                ended = run_store.listed(connection, ENDED)
            run = next((one for one in ended if run_id in ("", one.id)), None)
            if run is None:
                self.app.call_from_thread(self._nothing)
                return
            known = before is not None and before.run.id == run.id and split in (None, before.survey.split)
            if known and before is not None:
                found, evaluation = before.survey, before.evaluation
            else:
                folder = self.workspace.files.run(run.id)
                found, evaluation = error_review.look(folder, split), consultation.evaluation_of(folder)
            self.post_message(Looked(Shown(run, found, error_review.verdicts(self.workspace, found), evaluation)))

        if before is None or run_id not in ("", before.run.id):
            self.query_one("#title", Static).update("Reading the run …")
        self.in_background(work, "look")

    def _nothing(self) -> None:
        self.query_one("#title", Static).update("")
        self.query_one("#views", Static).update("No run has ended with predictions yet.")
        self.hint("Train a model first.", ("F4", "set up a run"), ("F5", "follow the runs"))
        self.facts("no run")

    def on_looked(self, message: Looked) -> None:
        """Show a run; the cell and the error in view stay where the run is the same."""
        before, self.shown = self.shown, message.shown
        same = before is not None and before.survey is message.shown.survey
        self._tables()
        if same:
            self.query_one(ErrorList).show(self.items, message.shown.verdicts)
            self.head()
        else:
            self._list_pointed()
            self.another_run()
            if self.focused is None:
                self.query_one("#matrix").focus()
        self.say()

    # the tables

    def _tables(self) -> None:
        assert self.shown is not None
        found, schema = self.shown.survey, self.workspace.schema
        self.query_one("#matrix", HeatGrid).show(tables.matrix(found, schema, self._order))
        confusion = self.query_one("#confusion", HeatGrid)
        fresh = confusion.pointed is None
        confusion.show(tables.confusion(found, schema))
        if fresh:
            confusion.start_at_hottest()
        self.query_one("#figures", Static).update(tables.figures(self.shown.evaluation, found.split))
        effects = self.shown.evaluation.get("postprocess") or {}
        self.query_one("#rules", HeatGrid).show(tables.rules(effects, self.workspace.settings.postprocess))
        piles = self.query_one("#piles", OptionList)
        piles.clear_options()
        options = [Option(Content(tables.pile(one, schema)), id=str(n)) for n, one in enumerate(found.piles)]
        piles.add_options(options or [Option("Errors are spread evenly: no group stands out.", disabled=True)])
        self.query_one("#slices", Static).update(tables.slices(self.shown.evaluation, found.split))

    def _arrange(self) -> None:
        """Show the widgets of the view, and name the views."""
        self.set_class(self.view in ALONE, "-alone")
        shown = TOGETHER if self.has_class("-wide") and self.view in TOGETHER else (self.view,)
        for name in VIEWS:
            self.query_one(_selector(name)).display = name in shown
        self.query_one("#does").display = self.view == "rules"
        self.query_one("#slices").display = "piles" in shown
        parts: list[tuple[str, str] | str] = []
        for name, title in VIEWS.items():
            style = "bold $foreground" if name in shown else "$text-muted"
            parts += [(self.key_of(f"view.{name}"), "bold $accent"), (f" {title}  ", style)]
        self.query_one("#views", Static).update(Content.assemble(*parts))

    def action_view(self, name: str) -> None:
        """Another view on the left; the list shows the cell under its cursor."""
        before, self.view = self.view, name
        self.remove_class("-listing")
        self._arrange()
        shown = self.query_one(_selector(name))
        shown.focus()
        if name != before and name not in ALONE:
            self._list_pointed()
        self.say()

    def action_sort(self) -> None:
        """Order the fields by the column under the cursor."""
        pointed = self.query_one("#matrix", HeatGrid).pointed
        if pointed is not None:
            self._sort(pointed[1])

    def _sort(self, column: str) -> None:
        if self.shown is not None:
            self._order = column if column != self._order else "field"
            self.query_one("#matrix", HeatGrid).show(
                tables.matrix(self.shown.survey, self.workspace.schema, self._order)
            )

    @on(HeatGrid.Sorted, "#matrix")
    def _head_clicked(self, event: HeatGrid.Sorted) -> None:
        self._sort(event.column)

    def _list_pointed(self) -> None:
        """List the errors of what is under the cursor of the view."""
        if self.shown is None:
            return
        if self.view == "piles":
            piles = self.query_one("#piles", OptionList)
            if piles.highlighted is None and self.shown.survey.piles:
                piles.highlighted = 0
            self._list_pile(piles.highlighted)
            return
        view = "confusion" if self.view == "confusion" else "matrix"
        pointed = self.query_one(f"#{view}", HeatGrid).pointed
        if pointed is None:
            self._list((), "No errors")
        elif view == "matrix":
            self._list_cell(*pointed)
        else:
            self._list_pair(*pointed)

    def _list_cell(self, field: str, column: str) -> None:
        assert self.shown is not None
        kind = None if column in ALL_KINDS else ErrorKind(column)
        what = "all errors" if kind is None else tables.KINDS[kind]
        self._list(self.shown.survey.of_cell(field, kind), f"{self._shown_name(field)} · {what}")

    def _list_pair(self, gold: str, predicted: str) -> None:
        assert self.shown is not None
        title = f"{self._shown_name(gold)} taken for {self._shown_name(predicted)}"
        listed = self.shown.survey.of_pair(gold, predicted)
        self._list(listed, f"{self._shown_name(gold)} · boundary" if gold == predicted else title)

    def _list_pile(self, number: int | None) -> None:
        assert self.shown is not None
        if number is not None and number < len(self.shown.survey.piles):
            pile = self.shown.survey.piles[number]
            self._list(self.shown.survey.of_pile(pile), tables.pile_title(pile, self.workspace.schema))

    @on(HeatGrid.Pointed, "#matrix,#confusion")
    def _cell_pointed(self, event: HeatGrid.Pointed) -> None:
        if self.shown is not None:
            (self._list_cell if event.grid.id == "matrix" else self._list_pair)(event.row, event.column)

    @on(HeatGrid.Chosen, "#matrix,#confusion")
    def _cell_chosen(self, event: HeatGrid.Chosen) -> None:
        self._cell_pointed(event)
        self.into_list()

    @on(OptionList.OptionHighlighted, "#piles")
    def _pile_pointed(self, event: OptionList.OptionHighlighted) -> None:
        if self.shown is not None and self.view == "piles":
            self._list_pile(event.option_index)

    @on(OptionList.OptionSelected, "#piles")
    def _pile_chosen(self, event: OptionList.OptionSelected) -> None:
        self.into_list()

    def _shown_name(self, field: str) -> str:
        return {error_review.TOTAL: "All fields", "none": "nothing"}.get(field, self.workspace.schema.name(field))

    @on(HeatGrid.Pointed, "#rules")
    def _rule_pointed(self, event: HeatGrid.Pointed) -> None:
        self.query_one("#does", Static).update(tables.RULES_DO[event.row])

    @on(HeatGrid.Chosen, "#rules")
    def _rule_switched(self, event: HeatGrid.Chosen) -> None:
        """On, off, as measured, in turn."""
        own = dict(self.workspace.settings.postprocess)
        order: list[bool | None] = [None, True, False]
        now = order[(order.index(own.pop(event.row, None)) + 1) % 3]
        self.switch_rules({**own, **({} if now is None else {event.row: now})})

    def switch_rules(self, rules: dict[str, bool]) -> None:
        self.workspace.change_settings(postprocess=rules)
        self._tables()
        self.notify("Kept in workbench.toml; the next suggestions follow it.")

    # the list

    def _list(self, items: tuple[ErrorItem, ...], title: str) -> None:
        assert self.shown is not None
        self.items, self._title = items, title
        self.query_one(ErrorList).show(items, self.shown.verdicts)
        self.head()

    def head(self) -> None:
        assert self.shown is not None
        done = [self.shown.verdicts.get(id(item)) for item in self.items]
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
        width = line.content_size.width or self.size.width - 2  # in a narrow terminal the list is still to be shown
        # of a long title rather the end is lost than the count
        line.update(title.truncate(max(8, width - tail.cell_length), ellipsis=True) + tail)

    @on(ErrorList.Pointed)
    def _error_pointed(self) -> None:
        listed = self.query_one(ErrorList)
        verdict = self.shown.verdicts.get(id(listed.item)) if self.shown is not None else None
        self.query_one(ErrorDetail).tell(listed.item, verdict, self.workspace.schema, listed.place)

    def into_list(self) -> None:
        if not self.items:
            self.notify("Nothing is wrong here: there is no list to go into.")
            return
        self.add_class("-listing")
        self.query_one(ErrorList).focus()
        self.say()

    def action_doubts(self) -> None:
        """The labels that the model confidently disagrees with."""
        if self.shown is not None:
            self._list(self.shown.survey.doubts, "Labels to doubt")
            self.into_list()

    def action_other_side(self) -> None:
        """From the table into the list, and back."""
        if self.query_one(ErrorList).has_focus:
            self.action_view(self.view)
        else:
            self.into_list()

    def action_back(self) -> None:
        """Back to the table."""
        self.action_view(self.view)

    def action_step(self, by: int) -> None:
        """The next error that nothing was done about."""
        if not self.query_one(ErrorList).step(by, only_open=True):
            self.notify("No further open error in this list.")
