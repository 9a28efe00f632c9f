"""The queue screen: choose what to label next, answer yes or no, see what the rounds brought."""

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.dom import DOMNode
from textual.message import Message
from textual.widgets import ContentSwitcher, Static

from screens.base import ModeScreen
from screens.keys import bindings
from screens.navigation import ChooseLike, Request
from screens.queue.batch_pane import BatchPane
from screens.queue.keys import SCREEN, VIEWS
from screens.queue.pane import Pane
from screens.queue.quality_pane import QualityPane
from screens.queue.review_pane import ReviewPane
from screens.queue.rounds_pane import RoundsPane
from screens.widgets.dialogs import Choice, Several
from storage import queue
from storage.exceptions import UsageProblem
from workbench.active_learning import overview as loop
from workbench.active_learning import retraining, selection
from workbench.active_learning.loop_task import LoopTask
from workbench.active_learning.overview import AgreementOverview, LoopOverview, RoundHistory
from workbench.active_learning.retraining import Offer, TrainingWay
from workbench.runs import machine, progress
from workbench.runs.watch import RunUpdate

GLANCE_SECONDS = 2.0
"""How often another terminal's work is looked for."""


class QueueScreen(ModeScreen):
    """The panes as tabs, the state of the relabel loop, and training; what a pane changes, the others show."""

    mode = "queue"
    CSS_PATH = "queue.tcss"
    BINDINGS = bindings(SCREEN)

    class OverviewRead(Message):
        def __init__(self, overview: LoopOverview) -> None:
            super().__init__()
            self.overview = overview

    class HistoryRead(Message):
        """The rounds' history and the annotators' agreement were read."""

        def __init__(self, history: RoundHistory, quality: AgreementOverview) -> None:
            super().__init__()
            self.history, self.quality = history, quality

    class OfferRead(Message):
        """The ways to train were looked up."""

        def __init__(self, offer: Offer) -> None:
            super().__init__()
            self.offer = offer

    def __init__(self) -> None:
        super().__init__()
        self.overview = LoopOverview()
        self.view = "batch"
        self.batch_pane, self.review_pane = BatchPane(), ReviewPane()
        self.rounds_pane, self.quality_pane = RoundsPane(), QualityPane()
        self._ready = False
        self._schema: object = None  # with which the overview was drawn
        self._stamp: tuple[object, ...] = ()

    def body(self) -> ComposeResult:
        yield Static(id="tabs")
        with ContentSwitcher(initial="batch"):
            yield from self.panes

    @property
    def panes(self) -> tuple[Pane, ...]:
        return (self.batch_pane, self.review_pane, self.rounds_pane, self.quality_pane)

    @property
    def pane(self) -> Pane:
        return self.panes[list(VIEWS).index(self.view)]

    def on_mount(self) -> None:
        self._ready = True
        self._reread()
        self.pane.take_focus()
        self.set_interval(GLANCE_SECONDS, self.glance)
        self.call_after_refresh(machine.warm_up)  # libraries are loaded while a strategy is chosen

    def on_screen_resume(self) -> None:
        """Documents may have been labelled meanwhile."""
        if self._ready:
            self._reread()

    def fields_changed(self) -> None:
        self._reread()

    def runs_changed(self, news: RunUpdate) -> None:
        """A run went on or ended: with a new model there are new suggestions."""
        if self._ready:
            self.look(history=bool(news.ended))
            if news.ended:
                self.review_pane.collect()

    def receive(self, request: Request) -> None:
        match request:
            case ChooseLike():
                if self.view != "batch":
                    self.action_view("batch")
                self.batch_pane.choose_like(request.documents)
            case _:
                super().receive(request)

    # reading

    def glance(self) -> None:
        """Look whether another terminal did something that is shown here."""
        if self.is_current and not self.batch_pane.work.is_going_on:
            self.in_background(self._compare, "glance")

    def others_wrote(self) -> None:
        self.glance()

    def _compare(self) -> None:
        with self.workspace.db.read() as connection:
            now = queue.stamp(connection)
        if now != self._stamp:
            self._stamp = now
            self.app.call_from_thread(self.look)

    def look(self, history: bool = True) -> None:
        """Read the loop anew, in the background; rounds and agreement too, if wanted, where they are in view."""
        task = self.batch_pane.chosen_task
        self.read_in_background(lambda: self.post_message(self.OverviewRead(loop.read(self.workspace, task))), "look")
        if history and self.view in ("rounds", "quality"):
            self.read_in_background(
                partial(self._read_history, self.batch_pane.batch_size, self.overview.task), "history"
            )

    def _read_history(self, batch: int, task: LoopTask) -> None:
        history, quality = loop.history(self.workspace, batch, task), loop.quality(self.workspace)
        self.post_message(self.HistoryRead(history, quality))

    def _reread(self) -> None:
        self.look()
        self.review_pane.collect()

    def on_queue_screen_overview_read(self, event: OverviewRead) -> None:
        self._show(event.overview)

    def _show(self, overview: LoopOverview) -> None:
        before, schema = self.overview, self.workspace.schema
        fields = tuple(field.id for field in schema.active if field.id in self.review_pane.focus_fields)
        self.review_pane.focus_fields = fields
        self.batch_pane.focus_fields = tuple(field.id for field in schema.spans if field.id in fields)
        if overview == before and schema is self._schema:
            return  # a look every second must not move the list
        self.overview, self._schema = overview, schema
        self.batch_pane.show(overview)
        if (before.round is None) != (overview.round is None):
            self.pane.take_focus()
        self.refresh_status()

    def on_queue_screen_history_read(self, event: HistoryRead) -> None:
        self.rounds_pane.show(event.history)
        self.quality_pane.show(event.quality)
        self.refresh_status()

    @on(Pane.Changed)
    def _pane_changed(self, event: Pane.Changed) -> None:
        if event.overview is not None:
            self._show(event.overview)
        if event.stale:
            self._reread()
            self.call_later(self._focus_pane)  # the view may be another one then
        self.refresh_status()

    def _focus_pane(self) -> None:
        self.pane.take_focus()

    # the views

    def action_view(self, view: str) -> None:
        self.view = view
        self.query_one(ContentSwitcher).current = view
        self.batch_pane.clear_problem()
        if view == "review":
            self.review_pane.collect()
        self.look()
        self.pane.take_focus()
        self.refresh_status()

    def action_turn(self, by: int) -> None:
        views = list(VIEWS)
        self.action_view(views[(views.index(self.view) + by) % len(views)])

    def refresh_status(self) -> None:
        """Tabs, hint and status line as things stand."""
        now, model = self.overview.round, self.overview.model
        counts = {"review": len(self.review_pane.questions or ()), "batch": len(now.left) if now else 0}
        tabs: list[Content] = []
        for number, (view, title) in enumerate(VIEWS.items(), 1):
            count = f" ({counts[view]:,})" if counts.get(view) else ""
            text = f"[@click=screen.view('{view}')][$accent bold]{number}[/] {title}{count}[/]"
            tabs.append(Content.from_markup(f" {text} ").stylize("reverse bold" if view == self.view else ""))
        self.query_one("#tabs", Static).update(Content("").join(tabs))
        lead, pairs = self.pane.hint()
        self.hint(lead, *((self.key_of(name), text) for name, text in pairs))
        self.facts(
            f"round {now.round.id}: {len(now.entries) - len(now.left)}/{len(now.entries)}" if now else "no round open",
            f"pool {self.overview.pool:,}",
            progress.headline(model.report) or progress.figures_line(None, model.f1) if model else "",
        )

    def key_owners(self) -> tuple[DOMNode, ...]:
        return (self, *self.panes, self.app)

    def action_fields(self) -> None:
        """Ask for the fields in focus: only their doubt counts, only they are asked about."""
        fields = [(field.id, field.name, field.key) for field in self.workspace.schema.active]
        title = "Fields in focus (none: all)"
        self.app.push_screen(Several(title, fields, self.review_pane.focus_fields), self._focus_on)

    def _focus_on(self, fields: tuple[str, ...] | None) -> None:
        if fields is not None:
            schema = self.workspace.schema
            fields = () if len(fields) == len(schema.active) else fields
            self.batch_pane.focus_on(tuple(field.id for field in schema.spans if field.id in fields))
            self.review_pane.focus_on(fields)

    def action_stop(self) -> None:
        if self.batch_pane.work.is_going_on:
            self.batch_pane.work.stop()

    def help_notes(self) -> list[tuple[str, str]]:
        """The fields' keys, where a question asks for one."""
        return [(f.key, f"{f.name}, after “wrong field”") for f in self.workspace.schema.spans if f.key]

    # training

    def action_train(self) -> None:
        """Offer the ways to train, with the Doctor's view.

        Raises:
            UsageProblem: a run is running.
        """
        if self.overview.training is not None:
            raise UsageProblem(
                f"Run {self.overview.training.name} is at work: {self.overview.share:.0%} done.",
                "Follow it on the runs screen.",
            )
        task = self.overview.task
        self.in_background(lambda: self.post_message(self.OfferRead(retraining.offer(self.workspace, task))), "offer")

    def on_queue_screen_offer_read(self, event: OfferRead) -> None:
        offer, now = event.offer, self.overview.round
        ways = {way.id: way for way in (offer.warm, offer.base) if way is not None}
        keys = {"warm": "l", "base": "b"}
        listed = sorted(ways.values(), key=lambda way: way.id != offer.recommended)
        grown = "" if offer.before is None else f" ({offer.before} the last time)"
        left = f"\nRound {now.round.id} ends; back to the pool: {len(now.left)}." if now and now.left else ""

        def train(chosen: str | None) -> None:
            if chosen is not None:
                closing = self.overview.round.round.id if self.overview.round else None
                self.in_background(partial(self._train, ways[chosen], closing), "train")

        self.app.push_screen(
            Choice(
                f"Train on {self.overview.next_run.sentence}{grown}",
                [(way.id, way.title, keys[way.id]) for way in listed],
                f"The Doctor: {offer.view}{left}",
            ),
            train,
        )

    def _train(self, way: TrainingWay, closing: int | None) -> None:
        if closing is not None:
            selection.close(self.workspace, closing)
        run = retraining.train(self.workspace, way)
        self.app.call_from_thread(self.notify, f"Training has begun: {run.name}. You can go on working meanwhile.")
        self.app.call_from_thread(self._reread)
