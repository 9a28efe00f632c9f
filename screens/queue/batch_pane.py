"""The batch: what is chosen next and how; what was chosen, with scores and reasons; what became of it."""

from collections.abc import Callable, Sequence

from msgspec import structs
from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from screens.keys import bindings
from screens.navigation import OpenDocument
from screens.queue import batch_text, hints
from screens.queue.batch_work import BatchWork
from screens.queue.choice_list import Rows
from screens.queue.keys import BATCH
from screens.queue.pane import Pane
from screens.widgets.dialogs import Choice, Confirm, Prompt
from screens.widgets.status_lines import Hint
from storage.exceptions import UsageProblem
from storage.records import QueueEntry
from workbench import pool_order
from workbench.active_learning import loop_task, selection, train_after
from workbench.active_learning.overview import LoopOverview
from workbench.active_learning.selection_request import SelectionRequest
from workbench.active_learning.strategies import registry as strategies
from workbench.annotation import rounds
from workbench.fields.plain_text import counted
from workbench.settings import MOST_TRAIN_AFTER

_SHOWN = 1000
_SIZES = (5, 500)


class BatchPane(Pane):
    """Chooses batches in a child process, lets the starter suggest, and can stop either."""

    BINDINGS = bindings(BATCH)
    DEFAULT_CSS = """
    BatchPane {
        #request { padding: 0 1; height: auto; background: $surface; }
        #doing { padding: 0 1; height: auto; display: none; color: $accent; }
        &.-failed #doing { color: $error; }
        &.-busy #doing { display: block; }
        #listed { height: 1fr; }
        Rows { width: 1fr; }
        #beside { background: $surface; padding: 0 1; width: 46; }
        #nothing { height: 1fr; padding: 1 2; display: none; }
        &.-empty #nothing { display: block; }
        &.-empty #listed { display: none; }
        &.-done #beside { width: 1fr; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="batch")
        self.overview = LoopOverview()
        self.batch_size = 20
        self.chosen_task: loop_task.LoopTask | None = None  # None: what the workspace is about
        self.focus_fields: tuple[str, ...] = ()
        self.work = BatchWork(self)
        self._strategy = ""
        self._like: tuple[int, ...] = ()  # documents that `similar` looks for; empty: the one under the cursor
        self._entries: dict[str, QueueEntry] = {}

    def compose(self) -> ComposeResult:
        yield Static(id="request")
        yield Static(id="doing")
        with Container(id="listed"):
            yield Rows()
            with VerticalScroll(id="beside", can_focus=False):
                yield Static(id="why")
        with VerticalScroll(id="nothing", can_focus=True):
            yield Static(id="guide")

    def on_unmount(self) -> None:
        """Nothing goes on in the background when the program ends."""
        self.work.stop()

    # what is shown

    @property
    def entry(self) -> QueueEntry | None:
        """The document under the cursor."""
        return self._entries.get(self.query_one(Rows).at or "")

    @property
    def request(self) -> SelectionRequest:
        """What choosing a batch would choose now."""
        task = self.overview.task
        usual = strategies.DEFAULT if self.overview.model else self._unlearned[0]
        names = [strategy.name for strategy in strategies.of_task(task.kind)]
        strategy = self._strategy if self._strategy in names else usual
        focus = () if task.field else self.focus_fields
        request = SelectionRequest(strategy, self.batch_size, focus=focus, class_field=task.field)
        entry = self.entry
        if request.strategy == "similar":
            request = structs.replace(request, like=self._like or ((entry.document,) if entry else ()))
        return request

    @property
    def _unlearned(self) -> tuple[str, ...]:
        """The strategies that need no model, the usual one first."""
        if not self.overview.task.field:
            return selection.UNLEARNED
        by_labels = (strategies.DEFAULT,) if self.overview.labelled else ()
        return (*by_labels, *strategies.CLASSES_UNLEARNED)

    def show(self, overview: LoopOverview) -> None:
        """Draw the loop; of a new batch, and after a decision, the cursor goes to the first document without one."""
        before, self.overview = self.overview, overview
        self._draw()
        now, entry = overview.round, self.entry
        if now is None or not now.left:
            return
        if before.documents != overview.documents or entry is None or entry.done:
            self.query_one(Rows).highlighted = now.entries.index(now.left[0])

    def focus_on(self, fields: tuple[str, ...]) -> None:
        """Let only the doubt about these fields count; empty: all."""
        self.focus_fields = fields
        self._request_changed()

    def _draw(self) -> None:
        overview, now = self.overview, self.overview.round
        self.query_one("#request", Static).update(batch_text.head(overview, self.request, self.schema))
        self.set_class(now is None, "-empty")
        self.set_class(overview.complete, "-done")
        if now is None:
            self.query_one("#guide", Static).update(batch_text.guide(overview, self.owner.key_of))
            self._entries = {}
            return
        entries = now.entries[:_SHOWN]
        self._entries = {str(entry.document): entry for entry in entries}
        lines = [(str(entry.document), batch_text.line(entry, overview, self.schema)) for entry in entries]
        self.query_one(Rows).show(lines)
        self.explain()

    def explain(self) -> None:
        """Beside the list: why the document under the cursor was picked, or what became of a whole batch."""
        beside, overview = self.query_one("#why", Static), self.overview
        if overview.complete:
            summary = batch_text.summary(overview.figures, self.schema)
            beside.update(Content.assemble(summary, *batch_text.warning(overview)))
        elif (entry := self.entry) is not None:
            beside.update(batch_text.why(entry, overview, self.schema))
        else:
            beside.update("")

    def show_work(self, text: str, failed: bool = False) -> None:
        """What is done in the background, or why it came to nothing; "" for nothing."""
        self.query_one("#doing", Static).update(Content(text))
        self.set_class(bool(text), "-busy")
        self.set_class(failed, "-failed")

    def clear_problem(self) -> None:
        """Show no longer why what was asked for before came to nothing."""
        if not self.work.is_going_on:
            self.show_work("")

    def hint(self) -> Hint:
        return hints.batch(self.overview, self.batch_size, self.work.is_going_on)

    def take_focus(self) -> None:
        if self.overview.round is None:
            self.screen.set_focus(self.query_one("#nothing"))
        else:
            super().take_focus()

    # what is chosen next

    def choose_like(self, documents: Sequence[int]) -> None:
        """Ask for documents that are like these, such as those of a cell of the errors."""
        self._strategy, self._like = "similar", tuple(documents)
        self._draw()
        self._announce_request()

    def action_strategy(self) -> None:
        overview = self.overview
        some = self.entry is not None or bool(self._like)
        listed = [
            strategy
            for strategy in strategies.of_task(overview.task.kind)
            if (overview.model or strategy.name in self._unlearned) and (some or strategy.name != "similar")
        ]
        note = "" if overview.model else "The other strategies need a model."
        names = [strategy.name for strategy in listed]
        chosen = self.request.strategy
        dialog = Choice(
            "How documents are chosen",
            [(strategy.name, strategy.title, "") for strategy in listed],
            note,
            {strategy.name: batch_text.explanation(strategy, overview) for strategy in listed},
            chosen if chosen in names else names[0],
        )
        self.app.push_screen(dialog, self._use_strategy)

    def _use_strategy(self, strategy: str | None) -> None:
        if strategy is not None:
            self._strategy = strategy
            if self.entry is not None:
                self._like = ()  # chosen here, it is about the document under the cursor
            self._request_changed()

    def action_task(self) -> None:
        """Choose for the fields on words, or for a class field."""
        tasks = {task.field: task for task in loop_task.of_schema(self.schema)}
        listed = [(name or "words", task.name or "the fields on words", "") for name, task in tasks.items()]

        def use(chosen: str | None) -> None:
            if chosen is not None:
                self.chosen_task = tasks["" if chosen == "words" else chosen]
                self.post_message(self.Changed(stale=True))

        self.app.push_screen(Choice("What documents are chosen for", listed), use)

    def action_size(self, by: int) -> None:
        self.batch_size = min(max(self.batch_size + by, _SIZES[0]), _SIZES[1])
        self._request_changed()

    def action_order(self) -> None:
        """Have documents come in the learner's order, or as they are listed."""
        is_live = self.workspace.settings.order == pool_order.LIVE
        self.workspace.change_settings(order=pool_order.LIST if is_live else pool_order.LIVE)
        self.notify(pool_order.sentence(self.workspace.settings.order, has_learner=self.workspace.settings.learner))
        self.post_message(self.Changed(stale=True))

    def action_train_after(self) -> None:
        """Ask after how many accepted documents a run begins by itself."""
        asked = Prompt("Train by itself after so many accepted documents", str(self._train_after or ""), "0: never")
        self.owner.prompt(asked, self._use_train_after)

    @property
    def _train_after(self) -> int:
        return self.workspace.settings.train_after

    def _use_train_after(self, text: str) -> None:
        number = text.strip() or "0"
        if not number.isdecimal() or int(number) > MOST_TRAIN_AFTER:
            raise UsageProblem(f"'{text}' is no number of documents.", "Type a number, such as 20; 0 for never.")
        self.workspace.change_settings(train_after=int(number))
        self.notify(train_after.standing(self.workspace).sentence or "No run begins by itself.")
        self.post_message(self.Changed(stale=True))

    def _request_changed(self) -> None:
        self.clear_problem()
        self._draw()
        if self.overview.round is not None and self.display:
            self._announce_request()
        self.post_message(self.Changed())

    def _announce_request(self) -> None:
        """What the next batch would be: while a round is in view, nothing else says it."""
        request = self.request
        title, name = strategies.get(request.strategy).title, self.schema.name
        like = f", like {counted(len(request.like), 'document')}" if request.like else ""
        chooses = f"{self.owner.key_of('batch.choose')} chooses it."
        documents = counted(request.size, "document") + "".join(f", {name(field)}" for field in request.focus)
        self.notify(f"The next batch: {title}{like}, {documents}. {chooses}", markup=False)

    # choosing

    def action_choose(self) -> None:
        """Choose a batch in the background; a round that was begun is asked about."""
        self.work.check_idle(self.owner.key_of("queue.stop"))
        now = self.overview.round
        if now is not None and now.left and self.overview.begun:
            question = f"Round {now.round.id} still has {counted(len(now.left), 'document')}. End it?"
            dialog = Confirm(question, "They go back to the pool; nothing is lost.")
            self.app.push_screen(dialog, self._choose_after_closing)
        else:
            self._choose(now.round.id if now is not None and not now.left else None)

    def _choose_after_closing(self, yes: bool | None) -> None:
        if yes and self.overview.round is not None:
            self._choose(self.overview.round.round.id)

    def _choose(self, closing: int | None) -> None:
        known = self.overview.round
        number = known.round.id if known else None
        task = self.work.choosing(self.workspace, self.request, closing, number, self.chosen_task)
        self._begin("Choosing", task)

    def action_starter(self) -> None:
        self.work.check_idle(self.owner.key_of("queue.stop"))
        self._begin("The starter reads", self.work.suggesting(self.workspace))

    def _begin(self, text: str, task: Callable[[], None]) -> None:
        self.show_work(f"{text} …")
        self.post_message(self.Changed())
        self.owner.in_background(task, "work")

    @on(BatchWork.Worked)
    def _worked(self, event: BatchWork.Worked) -> None:
        event.stop()
        if event.text:
            self.show_work(event.progress(self.batch_size, self.owner.key_of("queue.stop")))
            return
        self.work.is_going_on = False
        error = event.error
        self.show_work(f"{error.message} {error.remedy}" if error else "", failed=error is not None)
        if error is not None and not self.display:
            self.workbench.show_problem(error)
        if event.notice:
            self.notify(event.notice)
        self.post_message(self.Changed(stale=True, overview=event.overview))

    # the open round

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter on a document, or a click."""
        event.stop()
        with self.owner.guarded():
            await self.action_label()

    async def action_label(self) -> None:
        """Label the batch from the cursor on.

        Raises:
            UsageProblem: the round was ended in another terminal.
            RunProblem: another terminal replaced it.
        """
        now, entry = self.overview.round, self.entry
        if now is None or entry is None:
            return
        if rounds.look(self.workspace, now.round.id).round.closed is not None:
            self.post_message(self.Changed(stale=True))
            raise UsageProblem(f"Round {now.round.id} was ended in another terminal.", "Choose a batch.")
        await self.workbench.visit("annotate", OpenDocument(entry.document, now.round.id))

    def action_close(self) -> None:
        """End the round; one with undecided documents is asked about."""
        now = self.overview.round
        if now is None:
            return
        if now.left:
            question = f"End round {now.round.id}? Not decided: {counted(len(now.left), 'document')}."
            self.app.push_screen(Confirm(question, "They go back to the pool; nothing is lost."), self._close)
        else:
            self._close(True)

    def _close(self, yes: bool | None) -> None:
        if yes and self.overview.round is not None:
            with self.owner.guarded():
                selection.close(self.workspace, self.overview.round.round.id)
            self.post_message(self.Changed(stale=True))
