"""The queue screen: choose what to label next, answer yes or no, see what the rounds brought."""

from collections.abc import Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import ContentSwitcher, OptionList, Static

from screens.keys import bindings
from screens.navigation import ChooseLike, OpenDocument, Request
from screens.queue.batch_control import Choosing
from screens.queue.batch_pane import BatchPane
from screens.queue.choice_list import Rows
from screens.queue.hints import Moment, hint_of
from screens.queue.keys import BELONGS, QUEUE, VIEWS
from screens.queue.quality_pane import QualityPane
from screens.queue.review_pane import ReviewPane
from screens.queue.rounds_pane import RoundsPane
from screens.widgets.dialogs import Choice, Confirm
from storage import queue
from storage.exceptions import UsageProblem
from storage.records import Run
from workbench.active_learning import overview, retraining, selection
from workbench.active_learning.overview import AgreementOverview, LoopOverview, RoundHistory
from workbench.active_learning.retraining import Offer, TrainingWay
from workbench.annotation import adjudication, rounds
from workbench.annotation.adjudication import Decided
from workbench.runs.watch import RunUpdate

GLANCE_SECONDS = 2.0
"""How often another terminal's work is looked for."""
_TITLES = {"batch": "Batch", "review": "Yes/no", "rounds": "Rounds", "quality": "Quality"}


class QueueScreen(Choosing):
    """Four views of the relabel loop; everything slow happens in threads and child processes."""

    mode = "queue"
    CSS_PATH = "queue.tcss"
    BINDINGS = bindings(QUEUE)

    class Looked(Message):
        """The loop was read."""

        def __init__(self, loop: LoopOverview) -> None:
            super().__init__()
            self.loop = loop

    class Told(Message):
        """The rounds' history and the quality were read."""

        def __init__(self, history: RoundHistory, quality: AgreementOverview) -> None:
            super().__init__()
            self.history, self.quality = history, quality

    class Offered(Message):
        """The ways to train were found."""

        def __init__(self, offer: Offer) -> None:
            super().__init__()
            self.offer = offer

    def __init__(self) -> None:
        super().__init__()
        self._ready = False
        self._offer: Offer | None = None
        self._decided: list[Decided] = []
        self._stamp: tuple[object, ...] = ()

    def body(self) -> ComposeResult:
        schema = self.workspace.schema
        yield Static(id="tabs")
        with ContentSwitcher(initial="batch"):
            yield BatchPane(schema)
            yield ReviewPane(schema, self.workspace.files)
            yield RoundsPane(schema)
            yield QualityPane(schema)

    def on_mount(self) -> None:
        """Look for the first time."""
        self._ready = True
        self.look()
        self.collect()
        self.focus_view()
        self.set_interval(GLANCE_SECONDS, self.glance)

    def glance(self) -> None:
        """Look whether another terminal did something that is shown here."""
        if self.is_current and not self._working:
            self.in_background(self._compare, "glance")

    def _compare(self) -> None:
        with self.workspace.db.read() as connection:
            now = queue.stamp(connection)
        if now != self._stamp:
            before, self._stamp = self._stamp, now
            if before:
                self.app.call_from_thread(self.look)

    def on_screen_resume(self) -> None:
        """Coming back: documents were labelled meanwhile."""
        if self._ready:
            self.look()
            self.collect()

    def on_unmount(self) -> None:
        """Nothing goes on in the background when the program ends."""
        self._stop()

    def fields_changed(self) -> None:
        """Nothing is shown or asked of a field that was retired."""
        self.look()
        self.collect()

    def runs_changed(self, news: RunUpdate) -> None:
        """A run went on or ended: with a new model there are new suggestions."""
        if self._ready:
            self.look(told=bool(news.ended))
            if news.ended:
                self.collect()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of one view do nothing in another."""
        views = BELONGS.get(action)
        return views is None or self.now in views

    # what is shown

    def look(self, told: bool = True) -> None:
        """Read the loop anew, in the background; with `told` the rounds and opinions too, where they are in view."""
        self.in_background(self.read, "look")
        if told and self.now in ("rounds", "quality"):
            self.in_background(self._tell, "tell")

    def read(self) -> None:
        """Read the loop anew: in a thread."""
        self.post_message(self.Looked(overview.read(self.workspace)))

    def _tell(self) -> None:
        self.post_message(
            self.Told(overview.history(self.workspace, self.batch_size), overview.quality(self.workspace))
        )

    def on_queue_screen_looked(self, event: Looked) -> None:
        """Draw what was read; the cursor goes to the first document that wants a decision."""
        before, self.loop = self.loop, event.loop
        known = {field.id for field in self.workspace.schema.active}
        self.focus_fields = tuple(name for name in self.focus_fields if name in known)
        pane = self.query_one(BatchPane)
        now = self.loop.round
        if before == self.loop and pane.schema is self.workspace.schema:
            return  # a look every second must not move the list under her eyes
        pane.schema = self.workspace.schema
        pane.show(self.loop, self.order, self.key_of)
        if now is not None and now.left and (before.documents != self.loop.documents or pane.decided):
            pane.query_one(Rows).highlighted = now.entries.index(now.left[0])
        if (before.round is None) != (now is None):
            self.focus_view()
        self.said()

    def on_queue_screen_told(self, event: Told) -> None:
        """Draw rounds and quality."""
        rounds_pane, quality_pane = self.query_one(RoundsPane), self.query_one(QualityPane)
        rounds_pane.schema = quality_pane.schema = self.workspace.schema
        rounds_pane.show(event.history)
        quality_pane.show(event.quality)
        self.said()

    def action_view(self, view: str) -> None:
        """Another view."""
        self.now = view
        self.query_one(ContentSwitcher).current = view
        self.forgive()
        if view == "review":
            self.collect()
        self.look()
        self.focus_view()
        self.said()

    def receive(self, request: Request) -> None:
        match request:
            case ChooseLike():
                self.choose_like(request.documents)
            case _:
                super().receive(request)

    def choose_like(self, documents: Sequence[int]) -> None:
        """Order documents that are like these; it is seen in the batch's view."""
        if self.now != "batch":
            self.action_view("batch")
        super().choose_like(documents)

    def action_turn(self, by: int) -> None:
        """The view beside this one."""
        self.action_view(VIEWS[(VIEWS.index(self.now) + by) % len(VIEWS)])

    def focus_view(self) -> None:
        """Give the focus to what the view's keys move."""
        pane = self.query_one(f"#{self.now}")
        rows = next((r for r in pane.query(Rows) if r.option_count and r.display), None)
        empty = self.now == "batch" and self.loop.round is None
        (self.query_one("#nothing") if empty else rows or pane).focus()

    def said(self) -> None:
        """Tabs, hint and status line as things stand."""
        counts = {"review": len(self.questions or ()), "batch": len(self.loop.round.left) if self.loop.round else 0}
        parts: list[Content] = []
        for number, view in enumerate(VIEWS, 1):
            count = f" ({counts[view]:,})" if counts.get(view) else ""
            style = "reverse bold" if view == self.now else ""
            text = f"[@click=screen.view('{view}')][$accent bold]{number}[/] {_TITLES[view]}{count}[/]"
            parts.append(Content.from_markup(f" {text} ").stylize(style))
        self.query_one("#tabs", Static).update(Content("").join(parts))
        lead, pairs = hint_of(
            self.loop,
            Moment(
                self.now,
                self.batch_size,
                self._working,
                self.asked is not None,
                self._concluding,
                self.query_one(QualityPane).dispute is not None,
                self.query_one(QualityPane).pairs,
                bool(self._decided),
            ),
        )
        self.hint(lead, *((self.key_of(name), text) for name, text in pairs))
        now = self.loop.round
        self.facts(
            f"round {now.round.id}: {len(now.entries) - len(now.left)}/{len(now.entries)}" if now else "no round open",
            f"pool {self.loop.pool:,}",
            f"F1 {self.loop.model.f1:.2f}" if self.loop.model and self.loop.model.f1 is not None else "",
        )

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        if self.now == "batch":
            self.query_one(BatchPane).explain()
        elif self.now == "rounds":
            self.query_one(RoundsPane).explain()
        elif self.now == "quality":
            self.query_one(QualityPane).explain()

    @on(OptionList.OptionSelected)
    async def _entered(self) -> None:
        with self.guarded():
            if self.now == "batch":
                await self.action_label()
            elif self.now == "quality":
                await self.action_open_dispute()

    # the batch

    async def action_label(self) -> None:
        """Label the batch from the cursor on."""
        now, entry = self.loop.round, self.query_one(BatchPane).entry
        if now is None or entry is None:
            return
        fresh = rounds.look(self.workspace, now.round.id)  # another terminal may have replaced it
        if fresh.round.closed is not None:
            self.look()
            raise UsageProblem(f"Round {now.round.id} was ended in another terminal.", "Choose a batch.")
        await self.workbench.visit("annotate", OpenDocument(entry.document, now.round.id))

    def action_close(self) -> None:
        """End the round."""
        now = self.loop.round
        if now is None:
            return
        if now.left:
            question = f"End round {now.round.id}? {len(now.left)} documents are not decided."
            self.app.push_screen(Confirm(question, "They go back to the pool; nothing is lost."), self._ended)
        else:
            self._ended(True)

    def _ended(self, yes: bool | None) -> None:
        if yes and self.loop.round is not None:
            with self.guarded():
                selection.close(self.workspace, self.loop.round.round.id)
            self.look()
            self.call_later(self.focus_view)

    # training

    def action_train(self) -> None:
        """The ways to train, with the Doctor's view."""
        if self.loop.training is not None:
            raise UsageProblem(
                f"Run {self.loop.training.name} is at work: {self.loop.share:.0%} done.", "The runs screen follows it."
            )
        self.in_background(lambda: self.post_message(self.Offered(retraining.offer(self.workspace))), "offer")

    def on_queue_screen_offered(self, event: Offered) -> None:
        """Ask which."""
        self._offer = offer = event.offer
        ways = [way for way in (offer.warm, offer.base) if way is not None]
        ways.sort(key=lambda way: way.id != offer.recommended)
        keys = {"warm": "l", "base": "b"}
        grown = "" if offer.before is None else f" ({offer.before} the last time)"
        now = self.loop.round
        left = f"\nRound {now.round.id} ends; {len(now.left)} documents go back." if now and now.left else ""
        self.app.push_screen(
            Choice(
                f"Train on {offer.documents} documents{grown}",
                [(way.id, way.title, keys[way.id]) for way in ways],
                f"The Doctor: {offer.view}{left}",
            ),
            self._trained,
        )

    def _trained(self, chosen: str | None) -> None:
        offer = self._offer
        if chosen is None or offer is None:
            return
        way = offer.warm if chosen == "warm" and offer.warm else offer.base
        closing = self.loop.round.round.id if self.loop.round else None
        self.in_background(partial(self._train, way, closing), "train")

    def _train(self, way: TrainingWay, closing: int | None) -> None:
        if closing is not None:
            selection.close(self.workspace, closing)
        run: Run = retraining.train(self.workspace, way)
        self.post_message(self.Worked("", notice=f"Training has begun: {run.name}. You can go on working meanwhile."))

    # quality

    async def action_open_dispute(self) -> None:
        """Open the disputed document."""
        if (dispute := self.query_one(QualityPane).dispute) is not None:
            await self.workbench.visit("annotate", OpenDocument(dispute.document))

    def action_settle(self, who: str) -> None:
        """Decide a dispute: the label stays, or the opinion becomes the label."""
        pane = self.query_one(QualityPane)
        if (dispute := pane.dispute) is not None:
            try:
                self._decided.append(adjudication.decide(self.workspace, dispute, take=who == "opinion"))
                self.workbench.say_saved("saved ✓")
                pane.decided()
                self.said()
            finally:
                self.look()

    def action_unsettle(self) -> None:
        """Take the last decision back."""
        if not self._decided:
            self.notify("There is no decision to take back.")
            return
        adjudication.take_back(self.workspace, self._decided.pop())
        self.workbench.say_saved("taken back")
        self.look()

    def action_pair(self, by: int) -> None:
        """Another pair of annotators, field by field."""
        self.query_one(QualityPane).turn(by)

    def help_notes(self) -> list[tuple[str, str]]:
        """The fields' keys, where a question asks for one."""
        return [(f.key, f"{f.name}, after “wrong field”") for f in self.workspace.schema.active if f.key]
