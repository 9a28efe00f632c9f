"""Quality: whether annotators agree with each other, and with themselves; and what is disputed."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from screens.base import taken_from
from screens.keys import bindings
from screens.navigation import OpenDocument
from screens.queue import hints
from screens.queue.choice_list import MUTED, Rows, fit
from screens.queue.keys import QUALITY
from screens.queue.pane import Pane
from screens.widgets.bars import bar
from screens.widgets.status_lines import Hint
from workbench.active_learning.overview import AgreementOverview
from workbench.annotation import adjudication
from workbench.annotation.adjudication import Decided, Dispute
from workbench.annotation.agreement import Agreement, AgreementLevel


class QualityPane(Pane, can_focus=True):
    """Shows an `AgreementOverview`; what is disputed is decided here."""

    BINDINGS = bindings(QUALITY)
    DEFAULT_CSS = """
    QualityPane {
        #measured { height: auto; max-height: 60%; }
        #agreement { padding: 1 1 0 1; height: auto; }
        #disputed { padding: 1 1 0 1; height: auto; color: $text-muted; }
        Rows { height: 1fr; min-height: 2; }
        #dispute { padding: 0 1; height: auto; max-height: 40%; background: $surface; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="quality")
        self._disputes: dict[str, Dispute] = {}
        self._measured: dict[str, Agreement] = {}  # by the annotators' names
        self._pair = ""  # whose fields are shown
        self._decisions: list[Decided] = []  # that can be taken back

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="measured", can_focus=False):
            yield Static(id="agreement")
        yield Static(id="disputed")
        yield Rows()
        yield Static(id="dispute")

    @property
    def dispute(self) -> Dispute | None:
        """The dispute under the cursor."""
        return self._disputes.get(self.query_one(Rows).at or "")

    def hint(self) -> Hint:
        return hints.quality(self.dispute is not None, len(self._measured), bool(self._decisions))

    def show(self, quality: AgreementOverview) -> None:
        self._measured = {
            f"{opinion}, first and second time" if labels == opinion else f"{labels} and {opinion}": agreement
            for (labels, opinion), agreement in quality.agreement.items()
        }
        if self._pair not in self._measured:
            self._pair = next(iter(self._measured), "")
        self.query_one("#agreement", Static).update(self._agreement())
        self._list(quality.disputes)

    def _list(self, disputes: Sequence[Dispute]) -> None:
        self._disputes = {f"{d.document}/{d.opinion.annotator}/{d.opinion.round}": d for d in disputes}
        rows = self.query_one(Rows)
        rows.show([(name, self._line(dispute)) for name, dispute in self._disputes.items()])
        rows.display = bool(self._disputes)
        self.pass_focus_on()
        count = len(self._disputes)
        text = f"{count} to decide: the label, or the second opinion?" if count else "Nothing is disputed."
        self.query_one("#disputed", Static).update(text)
        self.explain()

    def explain(self) -> None:
        """What differs on the document under the cursor."""
        parts: list[Content | str | tuple[str, str]] = []
        if (dispute := self.dispute) is not None:
            if dispute.text:
                parts.append((f"{dispute.text}\n", MUTED))
            for difference in dispute.differences:
                label, opinion = dispute.answers(difference)
                parts += [
                    (f"{fit(self.schema.name(difference.field), 16)} ", "bold"),
                    "label ",
                    (f"“{label}”", "$primary") if label else "nothing",
                    "  opinion ",
                    (f"“{opinion}”", "$accent") if opinion else "nothing",
                    "\n",
                ]
        self.query_one("#dispute", Static).update(Content.assemble(*parts).rstrip())

    def _line(self, dispute: Dispute) -> Content:
        labelled = " + ".join(dispute.annotators) or "?"
        who = "first and second time" if dispute.same_person else f"{labelled} and {dispute.opinion.annotator}"
        fields = ", ".join(dict.fromkeys(self.schema.name(d.field) for d in dispute.differences))
        return Content.assemble(
            (fit(dispute.text or dispute.name, 24), "bold"),
            (fit(f" {dispute.opinion.annotator}, {who}" if dispute.same_person else f" {who}", 26), MUTED),
            f" {fields}",
        )

    def _agreement(self) -> Content:
        if not self._measured:
            return Content(
                "Nothing has been labelled twice yet.\n\n"
                "A small share of every batch (5 %) comes back without its labels: whether they come out the same says "
                "how far labels can be trusted, and no model gets better than that. With two annotators on a "
                "workspace, it is measured between them; `workbench queue --blind 0.5` brings back more."
            )
        parts: list[Content | str | tuple[str, str]] = [
            (f"  {'':<26}{'documents':>9}{'kappa':>7}{'F1':>7}{'labels':>8}\n", MUTED)
        ]
        for pair, agreement in self._measured.items():
            here = pair == self._pair
            parts += [
                ("▸ " if here else "  ", "$accent"),
                *_level(pair, agreement.overall, f"{agreement.documents}", "bold" if here else ""),
            ]
        parts.append((f"\n  {self._pair}, by field\n", MUTED))
        fields = self._measured[self._pair].fields
        for name, level in sorted(fields.items(), key=lambda item: item[1].f1 or 0.0):
            parts += ["  ", *_level(self.schema.name(name), level)]
        return Content.assemble(*parts).rstrip()

    # decisions

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter on a dispute, or a click."""
        event.stop()
        with self.owner.guarded():
            await self.action_open_dispute()

    async def action_open_dispute(self) -> None:
        if (dispute := self.dispute) is not None:
            await self.workbench.visit("annotate", OpenDocument(dispute.document))

    def action_settle(self, right: str) -> None:
        """Decide the dispute under the cursor: the label stays, or the opinion becomes the label.

        Raises:
            WorkbenchError: it was decided elsewhere, or the document was labelled anew.
        """
        if (dispute := self.dispute) is None:
            return
        try:
            self._decisions.append(adjudication.decide(self.workspace, dispute, take=right == "opinion"))
            self.workbench.say_saved("saved ✓")
            decided = self.query_one(Rows).at  # the next one is there before all is read again
            self._list([dispute for name, dispute in self._disputes.items() if name != decided])
        finally:
            self.post_message(self.Changed(stale=True))

    def action_unsettle(self) -> None:
        """Take the last decision back."""
        if not self._decisions:
            self.notify("There is no decision to undo.")
            return
        with taken_from(self._decisions) as last:
            adjudication.take_back(self.workspace, last)
        self.workbench.say_saved("undone")
        self.post_message(self.Changed(stale=True))

    def action_pair(self, by: int) -> None:
        """Show the fields of another pair."""
        names = list(self._measured)
        if names:
            self._pair = names[(names.index(self._pair) + by) % len(names)]
            self.query_one("#agreement", Static).update(self._agreement())


def _level(name: str, level: AgreementLevel, documents: str = "", style: str = "") -> list[str | tuple[str, str]]:
    kappa = "–" if level.kappa is None else f"{level.kappa:.2f}"
    f1 = "–" if level.f1 is None else f"{level.f1:.2f}"
    good = level.f1 if level.f1 is not None else 1.0
    colour = "$success" if good >= 0.9 else "$warning" if good >= 0.7 else "$error"
    figures = f"{documents:>9}{kappa:>7}{f1:>7}{level.labels:>8}  "
    return [(fit(name, 26), style), figures, (bar(good, 16), colour), "\n"]
