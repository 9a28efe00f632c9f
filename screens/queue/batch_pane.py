"""The batch: what is chosen next and how; what was chosen, with scores and reasons; what became of it."""

from collections.abc import Sequence
from functools import partial

from msgspec import structs
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static

from screens.keys import bindings
from screens.navigation import OpenDocument
from screens.queue import batch_text, hints
from screens.queue.choice_list import Rows
from screens.queue.keys import BATCH
from screens.queue.pane import Pane
from screens.widgets.bars import bar
from screens.widgets.dialogs import Choice, Confirm
from screens.widgets.status_lines import Hint
from storage.exceptions import RunProblem, UsageProblem, WorkbenchError
from storage.records import QueueEntry
from workbench.active_learning import loop_task, selection
from workbench.active_learning import overview as loop
from workbench.active_learning.overview import LoopOverview
from workbench.active_learning.selection import RunningSelection
from workbench.active_learning.selection_request import SelectionRequest
from workbench.active_learning.strategies import registry as strategies
from workbench.annotation import rounds
from workbench.evaluation import prediction_process
from workbench.fields.plain_text import counted
from workbench.workspace import Workspace

_SHOWN = 1000
_SIZES = (5, 500)
_SCORING = "Scoring"


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

    class Worked(Message):
        """The work in the background went on (`text` says what is done), or ended (text "")."""

        def __init__(
            self,
            text: str = "",
            done: int = 0,
            total: int = 0,
            notice: str = "",
            error: WorkbenchError | None = None,
            overview: LoopOverview | None = None,
        ) -> None:
            super().__init__()
            self.text, self.done, self.total = text, done, total
            self.notice, self.error, self.overview = notice, error, overview

    def __init__(self) -> None:
        super().__init__(id="batch")
        self.overview = LoopOverview()
        self.batch_size = 20
        self.chosen_task: loop_task.LoopTask | None = None  # None: what the workspace is about
        self.focus_fields: tuple[str, ...] = ()
        self.working = False
        self._strategy = ""
        self._like: tuple[int, ...] = ()  # documents that `similar` looks for; empty: the one under the cursor
        self._entries: dict[str, QueueEntry] = {}
        self._stopping = False
        self._selection: RunningSelection | None = None

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
        self.stop()

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
        """The strategies that need no model."""
        return strategies.CLASSES_UNLEARNED if self.overview.task.field else selection.UNLEARNED

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
        if not self.working:
            self.show_work("")

    def hint(self) -> Hint:
        return hints.batch(self.overview, self.batch_size, self.working)

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
        self._check_idle()
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
        self._begin("Choosing")
        work = partial(self._select, self.workspace, self.request, closing, known.round.id if known else None)
        self.owner.in_background(work, "work")

    def _select(
        self, workspace: Workspace, request: SelectionRequest, closing: int | None, known_round: int | None
    ) -> None:
        """In a thread: close the old round, let a child process choose, keep the choice as a round."""
        running = None
        try:
            now = rounds.current(workspace)
            if now is not None and now.round.id != known_round:
                raise UsageProblem(f"Round {now.round.id} was opened in another terminal.", "It is shown now.")
            selection.check(workspace, request)
            if closing is not None:
                selection.close(workspace, closing)
            self._selection = running = selection.start(workspace, request)
            running.wait(partial(self._tick, _SCORING))
            selection.open_round(workspace, running)
            # read here, so that the list is the new one when the work has ended
            self.post_message(self.Worked(overview=loop.read(workspace, self.chosen_task)))
        except WorkbenchError as error:
            self._post_failure(error, "Stopped; no batch was chosen.")
        finally:
            if running is not None:
                running.stop()  # stopped before it was known here, it would go on

    def action_starter(self) -> None:
        self._check_idle()
        self._begin("The starter reads")
        self.owner.in_background(partial(self._suggest, self.workspace), "work")

    def _suggest(self, workspace: Workspace) -> None:
        try:
            result = prediction_process.suggest(workspace, tick=partial(self._tick, "The starter reads"))
            self.post_message(self.Worked(notice=batch_text.suggested(result)))
        except WorkbenchError as error:
            self._post_failure(error, "Stopped; nothing was changed.")

    def stop(self) -> None:
        """End what goes on in the background."""
        self._stopping = True
        if self._selection is not None:
            self._selection.stop()

    def _check_idle(self) -> None:
        if self.working:
            raise UsageProblem("Another task is still running.", f"{self.owner.key_of('queue.stop')} stops it.")

    def _begin(self, text: str) -> None:
        self.working, self._stopping, self._selection = True, False, None
        self.show_work(f"{text} …")
        self.post_message(self.Changed())

    def _tick(self, text: str, done: int, total: int) -> None:
        if self._stopping:
            raise RunProblem("Stopped.", "")
        self.post_message(self.Worked(text, done, total))

    def _post_failure(self, error: WorkbenchError, stopped: str) -> None:
        by_user = self._stopping and isinstance(error, RunProblem)
        self.post_message(self.Worked(notice=stopped) if by_user else self.Worked(error=error))

    def on_batch_pane_worked(self, event: Worked) -> None:
        event.stop()
        if event.text:
            self.show_work(self._progress_text(event))
            return
        self.working = False
        error = event.error
        self.show_work(f"{error.message} {error.remedy}" if error else "", failed=error is not None)
        if error is not None and not self.display:
            self.workbench.show_problem(error)
        if event.notice:
            self.notify(event.notice)
        self.post_message(self.Changed(stale=True, overview=event.overview))

    def _progress_text(self, event: Worked) -> str:
        stops = f"   {self.owner.key_of('queue.stop')} stops"
        if not event.total:
            return f"{event.text} …{stops}"
        if event.done == event.total and event.text == _SCORING:
            return f"All are scored; choosing {self.batch_size} of them …{stops}"
        return f"{event.text} {bar(event.done / event.total, 20)} {event.done:,} of {event.total:,}{stops}"

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
