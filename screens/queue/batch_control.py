"""The choosing part of the queue screen: strategy, size and fields of a batch, and what goes on in the background."""

from collections.abc import Sequence
from functools import partial

from msgspec import structs
from textual.message import Message

from screens.queue.batch_pane import BatchPane, explanation
from screens.queue.choice_list import bar
from screens.queue.review_control import Answering
from screens.widgets.dialogs import Choice, Confirm
from screens.widgets.several import Several
from storage.exceptions import RunProblem, UsageProblem, WorkbenchError
from workbench.active_learning import selection as queueing
from workbench.active_learning import strategies
from workbench.active_learning.overview import LoopOverview
from workbench.active_learning.selection import RunningSelection
from workbench.active_learning.selection_request import SelectionRequest
from workbench.annotation import rounds
from workbench.evaluation import inference

_SIZES = (5, 500)
SCORING = "Scoring"


class Choosing(Answering):
    """Chooses batches in a child process, lets the starter suggest, and can stop either."""

    class Worked(Message):
        """Something in the background went on, or ended (text "")."""

        def __init__(
            self, text: str, done: int = 0, total: int = 0, notice: str = "", failed: WorkbenchError | None = None
        ) -> None:
            super().__init__()
            self.text, self.done, self.total, self.notice, self.failed = text, done, total, notice, failed

    def __init__(self) -> None:
        super().__init__()
        self.loop = LoopOverview()
        self.now = "batch"
        self.batch_size = 20
        self._strategy = ""
        self._like: tuple[int, ...] = ()  # documents that `similar` looks for; none: the one under the cursor
        self._working = False
        self._stopping = False
        self._selection: RunningSelection | None = None

    def look(self) -> None:
        """Have the loop read anew, in the background."""

    def read(self) -> None:
        """Read the loop anew: in a thread."""

    def focus_view(self) -> None:
        """Give the focus to what the view's keys move."""

    @property
    def order(self) -> SelectionRequest:
        """What choosing a batch would choose now."""
        usual = strategies.DEFAULT if self.loop.model else queueing.UNLEARNED[0]
        order = SelectionRequest(self._strategy or usual, self.batch_size, focus=self.focus_fields)
        entry = self.query_one(BatchPane).entry
        if order.strategy == "similar":
            order = structs.replace(order, like=self._like or ((entry.document,) if entry else ()))
        return order

    def choose_like(self, documents: Sequence[int]) -> None:
        """Order documents that are like these, such as those of a cell of the errors."""
        self._strategy, self._like = "similar", tuple(documents)
        self.query_one(BatchPane).show(self.loop, self.order, self.key_of)
        self._tell_order()

    def action_strategy(self) -> None:
        """Which way of choosing."""
        some = self.query_one(BatchPane).entry is not None or bool(self._like)
        listed = [
            s
            for s in strategies.STRATEGIES.values()
            if (self.loop.model or s.name in queueing.UNLEARNED) and (some or s.name != "similar")
        ]
        note = "" if self.loop.model else "Without a model there is nothing to be unsure of; the others come with it."
        names = [s.name for s in listed]
        dialog = Choice(
            "How documents are chosen", [(s.name, s.title, "") for s in listed], note,
            {s.name: explanation(s, self.loop) for s in listed},
            now if (now := self.order.strategy) in names else names[0],
        )  # fmt: skip
        self.app.push_screen(dialog, self._ordered)

    def _ordered(self, strategy: str | None) -> None:
        if strategy is not None:
            self._strategy = strategy
            if self.query_one(BatchPane).entry is not None:
                self._like = ()  # chosen here, it is about the document under the cursor
            self._redraw()

    def action_size(self, by: int) -> None:
        """A larger or smaller batch."""
        self.batch_size = min(max(self.batch_size + by, _SIZES[0]), _SIZES[1])
        self._redraw()

    def action_fields(self) -> None:
        """The fields in focus."""
        fields = [(f.id, f.name, f.key) for f in self.workspace.schema.active]
        self.app.push_screen(Several("Fields in focus (none: all)", fields, self.focus_fields), self._focused)

    def _focused(self, fields: tuple[str, ...] | None) -> None:
        if fields is not None:
            self.focus_fields = () if len(fields) == len(self.workspace.schema.active) else fields
            self._redraw()
            if self.now == "review":
                self.collect()

    def _redraw(self) -> None:
        order = self.order
        self.forgive()
        self.query_one(BatchPane).show(self.loop, order, self.key_of)
        if self.loop.round is not None and self.now == "batch":
            self._tell_order()
        self.said()

    def _tell_order(self) -> None:
        """What the next batch would be: while a round is in view, nothing else says it."""
        order = self.order
        title, name = strategies.STRATEGIES[order.strategy].title, self.workspace.schema.name
        like = f", like {len(order.like)} documents" if order.like else ""
        focus = "".join(f", {name(field)}" for field in order.focus)
        chooses = f"{self.key_of('batch.choose')} chooses it."
        self.notify(f"The next batch: {title}{like}, {order.size} documents{focus}. {chooses}", markup=False)

    def forgive(self) -> None:
        """Say no longer why what was ordered before came to nothing."""
        if not self._working:
            self.query_one(BatchPane).busy("")

    def action_choose(self) -> None:
        """Choose a batch in the background; a round that was begun is asked about."""
        self._idle()
        now = self.loop.round
        if now is not None and now.left and self.loop.begun:
            question = f"Round {now.round.id} still has {len(now.left)} documents. End it?"
            self.app.push_screen(Confirm(question, "They go back to the pool; nothing is lost."), self._confirmed)
        else:
            self._choose(now.round.id if now is not None and not now.left else None)

    def _confirmed(self, yes: bool | None) -> None:
        if yes and self.loop.round is not None:
            self._choose(self.loop.round.round.id)

    def _choose(self, closing: int | None) -> None:
        self._begin("Choosing")
        self.in_background(partial(self._select, self.order, closing), "work")

    def _select(self, order: SelectionRequest, closing: int | None) -> None:
        """In a thread: close the old round, let a child process choose, keep the choice as a round."""
        selection = None
        try:
            now, known = rounds.current(self.workspace), self.loop.round
            if now is not None and (known is None or now.round.id != known.round.id):
                raise UsageProblem(f"Round {now.round.id} was begun in another terminal.", "It is shown now.")
            queueing.check(self.workspace, order)
            if closing is not None:
                queueing.close(self.workspace, closing)
            self._selection = selection = queueing.start(self.workspace, order)
            selection.wait(lambda done, total: self._tick(SCORING, done, total))
            queueing.open_round(self.workspace, selection)
            self.read()  # the list is the new one when it is said to be done
            self.post_message(self.Worked(""))
        except WorkbenchError as error:
            self._ended_early(error, "Stopped; no batch was chosen.")
        finally:
            if selection is not None:
                selection.stop()  # stopped before it was known here, it would go on

    def action_starter(self) -> None:
        """The starter suggests."""
        self._idle()
        self._begin("The starter reads")
        self.in_background(self._suggest, "work")

    def _idle(self) -> None:
        if self._working:
            raise UsageProblem("Something is being done already.", f"{self.key_of('queue.stop')} stops it.")

    def _suggest(self) -> None:
        try:
            made = inference.suggest(self.workspace, inference.STARTER, tick=partial(self._tick, "The starter reads"))
            notice = f"{made['suggestions']:,} suggestions on {made['documents']:,} documents."
            self.post_message(self.Worked("", notice=notice))
        except WorkbenchError as error:
            self._ended_early(error, "Stopped; nothing was changed.")

    def _ended_early(self, error: WorkbenchError, stopped: str) -> None:
        stop = self._stopping and isinstance(error, RunProblem)
        self.post_message(self.Worked("", notice=stopped) if stop else self.Worked("", failed=error))

    def _begin(self, text: str) -> None:
        self._working, self._stopping, self._selection = True, False, None
        self.query_one(BatchPane).busy(f"{text} …")
        self.said()

    def _tick(self, text: str, done: int, total: int) -> None:
        if self._stopping:
            raise RunProblem("Stopped.", "")
        self.post_message(self.Worked(text, done, total))

    def on_choosing_worked(self, event: Worked) -> None:
        """Progress, or the end."""
        if event.text:
            share = event.done / event.total if event.total else 0.0
            stop = f"   {self.key_of('queue.stop')} stops"
            told = f"{event.text} {bar(share, 20)} {event.done:,} of {event.total:,}{stop}"
            if not event.total:
                told = f"{event.text} …{stop}"
            elif event.done == event.total and event.text == SCORING:
                told = f"All are scored; choosing {self.batch_size} of them …{stop}"
            self.query_one(BatchPane).busy(told)
            return
        self._working = False
        failed = event.failed
        self.query_one(BatchPane).busy(f"{failed.message} {failed.remedy}" if failed else "", failed=bool(failed))
        self.said()
        if failed is not None and self.now != "batch":
            self.workbench.show_problem(failed)
        if event.notice:
            self.notify(event.notice)
        self.collect()
        self.look()
        self.call_later(self.focus_view)

    def action_stop(self) -> None:
        """Stop what goes on in the background."""
        if self._working:
            self._stop()

    def _stop(self) -> None:
        self._stopping = True
        if self._selection is not None:
            self._selection.stop()
