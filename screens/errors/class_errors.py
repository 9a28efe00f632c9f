"""The errors of a class run: its tables on the left, the texts of a cell on the right, and what is done about them."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import OptionList, Static

from screens.base import screen_of
from screens.errors import class_tables
from screens.errors.class_tables import Shares
from screens.errors.class_texts import ClassTexts
from screens.errors.doctor_panel import DoctorPanel
from screens.errors.heat_grid import HeatGrid
from screens.keys import bindings
from screens.navigation import ChooseLike, OpenDocument, ShowSheet
from screens.widgets.dialogs import Confirm
from screens.widgets.status_lines import Hint
from storage.exceptions import RunProblem
from storage.records import Run
from workbench.evaluation.classes import errors
from workbench.evaluation.classes.errors import EVERY, ClassItem, ClassReview, Key
from workbench.evaluation.error_review import Verdict
from workbench.fields.plain_text import counted
from workbench.runs import progress

KEYS = (
    ("class_errors.shares", "v", "shares", "Counts, shares of the label, shares of the prediction"),
    ("class_errors.table", "m", "table", "Switch table: classes, or which is taken for which"),
    ("class_errors.doctor", "d", "doctor", "The Doctor: what to change next"),
    ("class_errors.doubts", "l", "doubts", "Doubtful labels, the most doubtful first"),
    ("class_errors.side", "tab,shift+tab", "side", "Go to the list, or back to the tables"),
    ("class_errors.next", "n", "step(1)", "Next text still to check"),
    ("class_errors.previous", "p", "step(-1)", "Previous text still to check"),
    ("class_errors.confirm", "y", "confirm", "The label is right, the model is wrong"),
    ("class_errors.queue", "q", "enqueue", "Add the text to the relabel queue"),
    (
        "class_errors.queue-all",
        "Q",
        "enqueue_all",
        "Add all texts of the list still to check to the relabel queue",
    ),
    ("class_errors.sheet", "t", "sheet", "Open these texts in the sheet, to relabel many at once"),
    ("class_errors.like", "w", "choose_like", "Choose more texts like these from the pool"),
    ("class_errors.back", "escape", "back", "Back to the tables"),
)
_DOUBTS = "Doubtful labels"


class ClassErrors(Horizontal):
    """Shows a `ClassReview`; is the error walk of the annotate screen while one of its texts is open."""

    BINDINGS = bindings(KEYS)
    DEFAULT_CSS = """
    ClassErrors {
        display: none; height: 1fr;
        #class-left { width: 1fr; }
        ClassTexts { width: 1fr; border-left: vkey $panel; }
        #class-figures { height: auto; padding: 0 1; background: $surface; }
        HeatGrid { height: auto; max-height: 50%; }
        #class-confusion { height: 1fr; max-height: 100%; border-top: hkey $panel; }
        DoctorPanel { display: none; height: 1fr; }
        &.-doctor HeatGrid, &.-doctor ClassTexts { display: none; }
        &.-doctor DoctorPanel { display: block; }
    }
    """

    class Changed(Message):
        """Something else is pointed at, or was done."""

    def __init__(self) -> None:
        super().__init__()
        self.run: Run | None = None
        self.review: ClassReview | None = None
        self._option = ""  # whose table is shown, where documents can have several
        self._cell = ("", "")
        self._shares = Shares.COUNTS

    def compose(self) -> ComposeResult:
        with Vertical(id="class-left"):
            yield Static(id="class-figures")
            yield HeatGrid("class-table")
            yield HeatGrid("class-confusion")
            yield DoctorPanel("class-doctor")
        yield ClassTexts()

    # what is shown

    def show(self, run: Run, review: ClassReview, verdicts: dict[Key, Verdict | None]) -> None:
        """Show a run's errors; what is pointed at stays where the run is the same."""
        same = self.review is not None and (self.review.run, self.review.split) == (review.run, review.split)
        self.run, self.review, self.texts.verdicts = run, review, verdicts
        if not same or self._option not in review.labels:
            self._option = class_tables.worst_option(review)
        self.query_one("#class-figures", Static).update(class_tables.figures(review))
        self._grid("class-table").show(class_tables.classes(review))
        self._show_confusion()
        if not same:
            main = "class-table" if review.several else "class-confusion"
            self._grid("class-confusion").start_at_hottest()
            self._grid("class-table").point(self._option, "wrong")
            self.remove_class("-listing", "-doctor")
            self._grid(main).focus()
            self._point(main)
        else:
            self._list(self._cell)

    def _show_confusion(self) -> None:
        if self.review is not None:
            space = self.query_one("#class-left").size.width - 1  # beside it the scroll bar
            self._grid("class-confusion").show(class_tables.confusion(self.review, self._shares, self._option, space))

    def on_resize(self) -> None:
        """All columns of the confusion matrix are to be seen."""
        self._show_confusion()

    def _grid(self, name: str) -> HeatGrid:
        return self.query_one(f"#{name}", HeatGrid)

    @property
    def texts(self) -> ClassTexts:
        """The list of a cell's texts."""
        return self.query_one(ClassTexts)

    @property
    def list(self) -> OptionList:
        return self.texts.list

    @property
    def item(self) -> ClassItem | None:
        """The text under the cursor of the list."""
        return self.texts.item

    @property
    def doctor(self) -> DoctorPanel:
        return self.query_one(DoctorPanel)

    def _point(self, grid: str) -> None:
        """List the texts of the cell under a table's cursor; of a class those that are taken for another one."""
        pointed, review = self._grid(grid).pointed, self.review
        if pointed is None or review is None:
            return
        row, column = pointed
        if grid == "class-confusion":
            self._list((row, column))
            return
        if review.several and row != self._option:
            self._option = row
            self._show_confusion()
        self._list((EVERY, row) if column == "precision" else (row, EVERY))

    def _list(self, cell: tuple[str, str]) -> None:
        review = self.review
        if review is None:
            return
        self._cell = cell
        if cell == (_DOUBTS, _DOUBTS):
            self.texts.show(review.doubts, _DOUBTS)
        elif review.several and cell == (self._option, EVERY):
            self.texts.show(review.of_option(self._option), f"{self._option}: wrong")
        else:
            self.texts.show(review.of_cell(*cell), class_tables.cell_name(*cell))

    @on(ClassTexts.Pointed)
    def _text_pointed(self, event: ClassTexts.Pointed) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(ClassTexts.Chosen)
    async def _text_chosen(self, event: ClassTexts.Chosen) -> None:
        event.stop()
        with screen_of(self).guarded():
            await self.open()

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

    def facts(self) -> tuple[str, ...]:
        """The run, its side, and how much of it is wrong."""
        if self.run is None or self.review is None:
            return ()
        wrong = len({item.document for item in self.review.wrong})
        side = progress.side_of(self.review.split, self.run.report)
        return f"{self.run.name} · {side}", f"{wrong} of {len(self.review.lengths)} wrong"

    def hint(self) -> Hint:
        """What the next key does."""
        if self.has_class("-doctor"):
            take = (("Enter", "do what is advised"),) if self.doctor.leads else ()
            return "", (*take, ("Esc", "back to the tables"), ("run.choose", "other run"))
        if self.list.has_focus or self.has_class("-listing"):
            return "", (
                ("Enter", "open it, to relabel"),
                ("class_errors.confirm", "it is right"),
                ("class_errors.sheet", "all of these in the sheet"),
                ("class_errors.queue", "relabel queue"),
                ("class_errors.queue-all", "queue all"),
                ("class_errors.next", "next to check"),
                ("class_errors.like", "more like these"),
                ("Esc", "back"),
            )
        return "", (
            ("Enter", "its texts, the surest first"),
            ("class_errors.doctor", "what to change"),
            ("class_errors.doubts", "doubtful labels"),
            ("class_errors.shares", "shares"),
            ("class_errors.table", "other table"),
            ("run.split", "other split"),
            ("run.choose", "other run"),
        )

    # keys

    def action_shares(self) -> None:
        ways = list(Shares)
        self._shares = ways[(ways.index(self._shares) + 1) % len(ways)]
        self._show_confusion()
        screen_of(self).show_message(f"The cells say: {self._shares.value}.")

    def action_table(self) -> None:
        other = "class-table" if self._grid("class-confusion").has_focus else "class-confusion"
        self.remove_class("-listing", "-doctor")
        self._grid(other).focus()
        self._point(other)

    def action_doctor(self) -> None:
        """Read what the Doctor says; again: back to the tables."""
        if self.has_class("-doctor"):
            self.action_back()
            return
        self.remove_class("-listing")
        self.add_class("-doctor")
        self.doctor.focus()
        self.post_message(self.Changed())

    def action_doubts(self) -> None:
        """List the labels that the model confidently disagrees with."""
        if self.review is not None and not self.review.doubts:
            screen_of(self).notify("No label is in doubt: where the model is sure, it agrees with them.")
            return
        self.remove_class("-doctor")
        self._list((_DOUBTS, _DOUBTS))
        self._enter_list()

    def action_side(self) -> None:
        if self.list.has_focus:
            self.action_back()
        else:
            self._enter_list()

    def action_back(self) -> None:
        several = self.review is not None and self.review.several
        self.remove_class("-listing", "-doctor")
        self._grid("class-table" if several else "class-confusion").focus()
        self.post_message(self.Changed())

    def _enter_list(self) -> None:
        if not self.texts.items:
            screen_of(self).notify("This cell has no texts.")
            return
        self.add_class("-listing")
        self.list.focus()
        self.post_message(self.Changed())

    def action_step(self, by: int) -> None:
        if not self.texts.step(by):
            screen_of(self).notify("No more texts to check in this list.")

    def _pointed_item(self) -> tuple[ClassReview, ClassItem]:
        """The text under the cursor.

        Raises:
            RunProblem: there is none, or it is not in this workspace.
        """
        if self.review is None or (item := self.item) is None:
            raise RunProblem("No text is chosen.", "Choose a cell with texts first.")
        if self.texts.verdicts.get(item.key, Verdict.OPEN) is None:
            raise RunProblem(
                f"{item.name} is not a document of this workspace.",
                "The run was made elsewhere: its errors can be read.",
            )
        return self.review, item

    def _look_again(self) -> None:
        """See what was done about the texts."""
        if self.review is not None:
            self.texts.mark(errors.verdicts(screen_of(self).workspace, self.review))

    def _confirm(self) -> None:
        review, item = self._pointed_item()
        errors.confirm(screen_of(self).workspace, review, item)
        self._look_again()

    def action_confirm(self) -> None:
        self._confirm()
        self.texts.step(1)

    def action_enqueue(self) -> None:
        review, item = self._pointed_item()
        screen = screen_of(self)
        number = errors.enqueue(screen.workspace, review, item)
        screen.workbench.count_progress()
        screen.notify(f"{item.name} waits in round {number}.", markup=False, timeout=3)
        self._look_again()
        self.texts.step(1)

    def action_enqueue_all(self) -> None:
        """Ask, and put the list's open texts into the queue, as a batch to look at again."""
        review, _ = self._pointed_item()
        waiting = [item for item in self.texts.items if self.texts.verdicts.get(item.key) is Verdict.OPEN]
        texts = list({item.document: item for item in waiting}.values())
        if not texts:
            screen_of(self).notify("Something was done about every text of this list.")
            return
        screen = screen_of(self)

        def enqueue() -> None:
            numbers = {errors.enqueue(screen.workspace, review, item) for item in texts}
            screen.notify(f"{len(texts)} texts wait in round {max(numbers)}.", timeout=3)
            screen.workbench.count_progress()
            self._look_again()

        detail = f"{self.texts.heading}. Their labels count again when they were looked at."
        screen.confirm(Confirm(f"Put {counted(len(texts), 'text')} into the relabel queue?", detail), enqueue)

    async def action_sheet(self) -> None:
        """Show the list's texts in the sheet."""
        review, _ = self._pointed_item()
        here = [item.document for item in self.texts.items if self.texts.verdicts.get(item.key) is not None]
        request = ShowSheet(tuple(dict.fromkeys(here)), self.texts.heading, review.field)
        await screen_of(self).workbench.visit("sheet", request)

    async def action_choose_like(self) -> None:
        self._pointed_item()
        documents = dict.fromkeys(item.document for item in self.texts.items)
        await screen_of(self).workbench.visit("queue", ChooseLike(tuple(documents)))

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
            ("error_walk.confirm", "it is right; next"),
            ("error_walk.queue", "queue"),
        )

    @property
    def document(self) -> int:
        """The document of the text that is being looked at."""
        return self.item.document if self.item is not None else 0

    async def next_error(self) -> None:
        """Open the next text that nothing was done about."""
        self._look_again()
        if self.texts.step(1):
            await self.open()
        else:
            screen_of(self).notify("That was the last text of the list.")
            await screen_of(self).workbench.visit("errors")

    async def confirm_error(self) -> None:
        """The label is right: the next text."""
        self._confirm()
        await self.next_error()

    async def queue_error(self) -> None:
        """The document into the relabel queue; the next text."""
        self.action_enqueue()
        await self.open()
