"""The errors of a class run: its tables on the left, the texts of a cell on the right, and what is done about them."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from screens.base import screen_of
from screens.errors import class_tables
from screens.errors.class_tables import Shares
from screens.errors.heat_grid import HeatGrid
from screens.keys import bindings
from screens.navigation import ChooseLike, OpenDocument, ShowSheet
from screens.widgets.status_lines import Hint
from storage.exceptions import RunProblem
from storage.records import Run
from workbench.evaluation.classes import errors
from workbench.evaluation.classes.errors import EVERY, ClassItem, ClassReview
from workbench.evaluation.error_review import Verdict

_MOST = 1000  # texts that are listed of a cell
_SIGNS = {Verdict.OPEN: " ", Verdict.FIXED: "✎", Verdict.QUEUED: "»", Verdict.CONFIRMED: "=", None: "·"}

KEYS = (
    ("class_errors.shares", "v", "shares", "Counts, shares of the label, shares of the prediction"),
    ("class_errors.table", "m", "table", "Switch table: classes, or which is taken for which"),
    ("class_errors.side", "tab,shift+tab", "side", "Go to the list, or back to the tables"),
    ("class_errors.next", "n", "step(1)", "Next text still to check"),
    ("class_errors.previous", "p", "step(-1)", "Previous text still to check"),
    ("class_errors.queue", "q", "enqueue", "Add the text to the relabel queue"),
    ("class_errors.sheet", "t", "sheet", "Open these texts in the sheet, to relabel many at once"),
    ("class_errors.like", "w", "choose_like", "Choose more texts like these from the pool"),
    ("class_errors.back", "escape", "back", "Back to the tables"),
)


class ClassErrors(Horizontal):
    """Shows a `ClassReview`; is the error walk of the annotate screen while one of its texts is open."""

    BINDINGS = bindings(KEYS)
    DEFAULT_CSS = """
    ClassErrors {
        display: none; height: 1fr;
        #class-left { width: 1fr; }
        #class-right { width: 1fr; border-left: vkey $panel; }
        #class-figures { height: auto; padding: 0 1; background: $surface; }
        #class-title { height: 1; padding: 0 1; background: $panel; }
        #class-text { height: auto; max-height: 40%; padding: 0 1; background: $surface; border-top: hkey $panel; }
        HeatGrid { height: auto; max-height: 50%; }
        #class-confusion { height: 1fr; max-height: 100%; border-top: hkey $panel; }
        OptionList {
            height: 1fr; border: none; padding: 0; background: $surface; scrollbar-size-vertical: 1;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
        OptionList:focus { border: none; background-tint: $foreground 0%; }
    }
    """

    class Changed(Message):
        """Something else is pointed at, or was done."""

    def __init__(self) -> None:
        super().__init__()
        self.run: Run | None = None
        self.review: ClassReview | None = None
        self._verdicts: dict[int, Verdict | None] = {}
        self._cell = ("", "")
        self._items: Sequence[ClassItem] = ()
        self._shares = Shares.COUNTS

    def compose(self) -> ComposeResult:
        with Vertical(id="class-left"):
            yield Static(id="class-figures")
            yield HeatGrid("class-table")
            yield HeatGrid("class-confusion")
        with Vertical(id="class-right"):
            yield Static(id="class-title")
            yield OptionList(id="class-texts")
            yield Static(id="class-text")

    # what is shown

    def show(self, run: Run, review: ClassReview, verdicts: dict[int, Verdict | None]) -> None:
        """Show a run's errors; what is pointed at stays where the run is the same."""
        same = self.review is not None and (self.review.run, self.review.split) == (review.run, review.split)
        self.run, self.review, self._verdicts = run, review, verdicts
        self.query_one("#class-figures", Static).update(class_tables.figures(review))
        self._grid("class-table").show(class_tables.classes(review))
        self._grid("class-confusion").show(class_tables.confusion(review, self._shares))
        if not same:
            self._grid("class-confusion").start_at_hottest()
            self.remove_class("-listing")
            self._grid("class-confusion").focus()
            self._point("class-confusion")
        else:
            self._list(self._cell)

    def _grid(self, name: str) -> HeatGrid:
        return self.query_one(f"#{name}", HeatGrid)

    @property
    def texts(self) -> OptionList:
        """The list of a cell's texts."""
        return self.query_one("#class-texts", OptionList)

    def _point(self, grid: str) -> None:
        """List the texts of the cell under a table's cursor; of a class those that are taken for another one."""
        pointed = self._grid(grid).pointed
        if pointed is not None:
            row, column = pointed
            if grid == "class-table":
                self._list((EVERY, row) if column == "precision" else (row, EVERY))
            else:
                self._list((row, column))

    def _list(self, cell: tuple[str, str]) -> None:
        if self.review is None:
            return
        before = self.item
        self._cell, self._items = cell, self.review.of_cell(*cell)[:_MOST]
        texts = self.texts
        texts.clear_options()
        texts.add_options([Option(self._line(item), id=str(item.document)) for item in self._items])
        if self._items:
            ids = [item.document for item in self._items]
            texts.highlighted = ids.index(before.document) if before is not None and before.document in ids else 0
        self.query_one("#class-title", Static).update(self._title())
        self._explain()

    def _title(self) -> Content:
        label, predicted = self._cell
        what = f"{label or 'others'} taken for {predicted or 'others'}" if label != predicted else f"{label}: right"
        done = [self._verdicts.get(item.document) for item in self._items]
        fixed = f" · {done.count(Verdict.FIXED)} relabelled" if Verdict.FIXED in done else ""
        queued = f" · {done.count(Verdict.QUEUED)} queued" if Verdict.QUEUED in done else ""
        return Content.assemble((what, "bold"), f" · {len(self._items)}{fixed}{queued}")

    def _line(self, item: ClassItem) -> Content:
        verdict = self._verdicts.get(item.document)
        style = "$text-muted" if verdict else ""
        return Content.assemble((f"{_SIGNS[verdict]} {item.probability:4.0%} ", "$accent"), (item.text, style))

    @property
    def item(self) -> ClassItem | None:
        """The text under the cursor of the list."""
        at = self.texts.highlighted
        return self._items[at] if at is not None and at < len(self._items) else None

    def _explain(self) -> None:
        item = self.item
        line = self.query_one("#class-text", Static)
        if item is None:
            line.update("This cell has no texts.")
        else:
            facts = f"{item.name}: labelled {item.label} ({item.of_label:.0%}), taken for {item.predicted} "
            line.update(Content.assemble((f"{facts}({item.probability:.0%})\n", "$text-muted"), item.text))
        self.post_message(self.Changed())

    @on(HeatGrid.CellHighlighted)
    def _pointed(self, event: HeatGrid.CellHighlighted) -> None:
        event.stop()
        if event.data_table.has_focus:
            self._point(event.data_table.id or "")

    @on(HeatGrid.CellSelected)
    def _chosen(self, event: HeatGrid.CellSelected) -> None:
        event.stop()
        self._point(event.data_table.id or "")
        self._enter_list()

    @on(OptionList.OptionHighlighted, "#class-texts")
    def _text_pointed(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._explain()

    @on(OptionList.OptionSelected, "#class-texts")
    async def _text_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        with screen_of(self).guarded():
            await self.open()

    def facts(self) -> tuple[str, ...]:
        """The run, its side, and how much of it is wrong."""
        if self.run is None or self.review is None:
            return ()
        return f"{self.run.name} · {self.review.split}", f"{len(self.review.wrong)} of {len(self.review.items)} wrong"

    def hint(self) -> Hint:
        """What the next key does."""
        if self.texts.has_focus or self.has_class("-listing"):
            return "", (
                ("Enter", "open it, to relabel"),
                ("class_errors.sheet", "all of these in the sheet"),
                ("class_errors.queue", "relabel queue"),
                ("class_errors.next", "next to check"),
                ("class_errors.like", "more like these"),
                ("Esc", "back"),
            )
        return "", (
            ("Enter", "its texts, the surest first"),
            ("class_errors.shares", "shares"),
            ("class_errors.table", "other table"),
            ("run.split", "other split"),
            ("run.choose", "other run"),
        )

    # keys

    def action_shares(self) -> None:
        ways = list(Shares)
        self._shares = ways[(ways.index(self._shares) + 1) % len(ways)]
        if self.review is not None:
            self._grid("class-confusion").show(class_tables.confusion(self.review, self._shares))
            screen_of(self).show_message(f"The cells say: {self._shares.value}.")

    def action_table(self) -> None:
        other = "class-table" if self._grid("class-confusion").has_focus else "class-confusion"
        self.remove_class("-listing")
        self._grid(other).focus()
        self._point(other)

    def action_side(self) -> None:
        if self.texts.has_focus:
            self.action_back()
        else:
            self._enter_list()

    def action_back(self) -> None:
        self.remove_class("-listing")
        self._grid("class-confusion").focus()
        self.post_message(self.Changed())

    def _enter_list(self) -> None:
        if not self._items:
            screen_of(self).notify("This cell has no texts.")
            return
        self.add_class("-listing")
        self.texts.focus()
        self.post_message(self.Changed())

    def action_step(self, by: int) -> None:
        if not self._step(by):
            screen_of(self).notify("No more texts to check in this list.")

    def _step(self, by: int) -> bool:
        """Go to the next text of the list that nothing was done about; False at the end."""
        at = (self.texts.highlighted if self.texts.highlighted is not None else -1) + by
        while 0 <= at < len(self._items) and self._verdicts.get(self._items[at].document):
            at += by
        if not 0 <= at < len(self._items):
            return False
        self.texts.highlighted = at
        return True

    def _pointed_item(self) -> tuple[ClassReview, ClassItem]:
        """The text under the cursor.

        Raises:
            RunProblem: there is none, or it is not in this workspace.
        """
        if self.review is None or (item := self.item) is None:
            raise RunProblem("No text is chosen.", "Choose a cell with texts first.")
        if self._verdicts.get(item.document, Verdict.OPEN) is None:
            raise RunProblem(
                f"{item.name} is not a document of this workspace.",
                "The run was made elsewhere: its errors can be read.",
            )
        return self.review, item

    def action_enqueue(self) -> None:
        review, item = self._pointed_item()
        screen = screen_of(self)
        number = errors.enqueue(screen.workspace, review, item)
        screen.workbench.count_progress()
        screen.notify(f"{item.name} waits in round {number}.", markup=False, timeout=3)
        self._verdicts[item.document] = Verdict.QUEUED
        self._list(self._cell)
        self._step(1)

    async def action_sheet(self) -> None:
        """Show the list's texts in the sheet."""
        review, _ = self._pointed_item()
        here = tuple(item.document for item in self._items if self._verdicts.get(item.document) is not None)
        title = self._title().plain.partition(" · ")[0]
        await screen_of(self).workbench.visit("sheet", ShowSheet(here, title, review.field))

    async def action_choose_like(self) -> None:
        self._pointed_item()
        documents = tuple(item.document for item in self._items)
        await screen_of(self).workbench.visit("queue", ChooseLike(documents))

    # from the annotate screen

    async def open(self) -> None:
        """Open the text in the annotate screen, to relabel it."""
        _, item = self._pointed_item()
        shell = screen_of(self).workbench
        shell.error_walk = self
        await shell.visit("annotate", OpenDocument(item.document, task=self._task_of(item)))

    @staticmethod
    def _task_of(item: ClassItem) -> Hint:
        lead = f"Labelled {item.label}, taken for {item.predicted} {item.probability:.0%}:"
        return lead, (
            ("option key", "relabel"),
            ("error_walk.next", "it is right; next"),
            ("error_walk.queue", "queue"),
        )

    @property
    def document(self) -> int:
        """The document of the text that is being looked at."""
        return self.item.document if self.item is not None else 0

    async def next_error(self) -> None:
        """Open the next text that nothing was done about."""
        if self.review is not None:
            self._verdicts = errors.verdicts(screen_of(self).workspace, self.review)
        if self._step(1):
            await self.open()
        else:
            screen_of(self).notify("That was the last text of the list.")
            await screen_of(self).workbench.visit("errors")

    async def confirm_error(self) -> None:
        """The label is right: the next text."""
        await self.next_error()

    async def queue_error(self) -> None:
        """The document into the relabel queue; the next text."""
        self.action_enqueue()
        await self.open()
