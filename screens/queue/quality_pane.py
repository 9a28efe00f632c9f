"""Quality: do annotators agree with each other, and with themselves; and what is disputed."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from screens.queue.choice_list import MUTED, Rows, bar, fit
from workbench.active_learning.overview import AgreementOverview
from workbench.annotation.adjudication import Dispute
from workbench.annotation.agreement import Agreement, AgreementLevel
from workbench.fields import Schema


class QualityPane(Vertical, can_focus=True):
    """Draws a `AgreementOverview`; the list is of disputed documents."""

    DEFAULT_CSS = """
    QualityPane {
        #measured { height: auto; max-height: 60%; }
        #agreement { padding: 1 1 0 1; height: auto; }
        #disputed { padding: 1 1 0 1; height: auto; color: $text-muted; }
        Rows { height: 1fr; min-height: 2; }
        #dispute { padding: 0 1; height: auto; max-height: 40%; background: $surface; }
    }
    """

    def __init__(self, schema: Schema) -> None:
        super().__init__(id="quality")
        self.schema = schema
        self._disputes: dict[str, Dispute] = {}
        self._measured: dict[str, Agreement] = {}  # by who they are
        self._pair = ""  # of whom the fields are shown

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="measured", can_focus=False):
            yield Static(id="agreement")
        yield Static(id="disputed")
        yield Rows()
        yield Static(id="dispute")

    @property
    def dispute(self) -> Dispute | None:
        """The one under the cursor."""
        return self._disputes.get(self.query_one(Rows).at or "")

    @property
    def pairs(self) -> int:
        """How many pairs of annotators were measured."""
        return len(self._measured)

    def turn(self, by: int) -> None:
        """Show the fields of another pair."""
        names = list(self._measured)
        if names:
            self._pair = names[(names.index(self._pair) + by) % len(names)]
            self.query_one("#agreement", Static).update(self._agreement())

    def show(self, quality: AgreementOverview) -> None:
        """Draw everything anew."""
        self._measured = {
            f"{opinion} with herself" if labels == opinion else f"{labels} and {opinion}": found
            for (labels, opinion), found in quality.agreement.items()
        }
        if self._pair not in self._measured:
            self._pair = next(iter(self._measured), "")
        self.query_one("#agreement", Static).update(self._agreement())
        self._list(quality.disputes)

    def decided(self) -> None:
        """The dispute under the cursor was decided: the next one is there before all is read again."""
        gone = self.query_one(Rows).at
        self._list([dispute for name, dispute in self._disputes.items() if name != gone])

    def _list(self, disputes: Sequence[Dispute]) -> None:
        self._disputes = {f"{d.document}/{d.opinion.annotator}/{d.opinion.round}": d for d in disputes}
        rows = self.query_one(Rows)
        rows.show([(name, self._line(dispute)) for name, dispute in self._disputes.items()])
        rows.display = bool(self._disputes)
        count = len(self._disputes)
        told = f"{count} to decide: the label, or the second opinion?" if count else "Nothing is disputed."
        self.query_one("#disputed", Static).update(told)
        self.explain()

    def explain(self) -> None:
        """What differs on the document under the cursor."""
        parts: list[Content | str | tuple[str, str]] = []
        if (dispute := self.dispute) is not None:
            for one in dispute.differences:
                parts += [
                    (f"{fit(self.schema.name(one.field), 16)} ", "bold"),
                    "label ",
                    (f"“{dispute.words[one.first]}”", "$primary") if one.first else "nothing",
                    "  opinion ",
                    (f"“{dispute.words[one.second]}”", "$accent") if one.second else "nothing",
                    "\n",
                ]
        self.query_one("#dispute", Static).update(Content.assemble(*parts).rstrip())

    def _line(self, dispute: Dispute) -> Content:
        labelled = " + ".join(dispute.annotators) or "?"
        who = "with herself" if dispute.same_person else f"{labelled} and {dispute.opinion.annotator}"
        fields = ", ".join(dict.fromkeys(self.schema.name(d.field) for d in dispute.differences))
        return Content.assemble(
            (fit(dispute.name, 24), "bold"),
            (fit(f" {dispute.opinion.annotator}, {who}" if dispute.same_person else f" {who}", 26), MUTED),
            f" {fields}",
        )

    def _agreement(self) -> Content:
        if not self._measured:
            return Content(
                "Nothing was labelled twice yet.\n\n"
                "A small share of every batch (5 %) comes back without its labels: whether they come out the same says "
                "how far labels can be trusted, and no model gets better than that. With two annotators on a "
                "workspace, it is measured between them; `workbench queue --blind 0.5` brings back more."
            )
        parts: list[Content | str | tuple[str, str]] = [
            (f"  {'':<26}{'documents':>9}{'kappa':>7}{'F1':>7}{'labels':>8}\n", MUTED)
        ]
        for who, found in self._measured.items():
            here = who == self._pair
            parts += [
                ("▸ " if here else "  ", "$accent"),
                *_level(who, found.overall, f"{found.documents}", "bold" if here else ""),
            ]
        parts.append((f"\n  {self._pair}, by field\n", MUTED))
        fields = self._measured[self._pair].fields
        for name, level in sorted(fields.items(), key=lambda item: item[1].f1 or 0.0):
            parts += ["  ", *_level(self.schema.name(name), level)]
        return Content.assemble(*parts).rstrip()


def _level(name: str, level: AgreementLevel, documents: str = "", style: str = "") -> list[str | tuple[str, str]]:
    kappa = "–" if level.kappa is None else f"{level.kappa:.2f}"
    f1 = "–" if level.f1 is None else f"{level.f1:.2f}"
    good = level.f1 if level.f1 is not None else 1.0
    colour = "$success" if good >= 0.9 else "$warning" if good >= 0.7 else "$error"
    figures = f"{documents:>9}{kappa:>7}{f1:>7}{level.spans:>8}  "
    return [(fit(name, 26), style), figures, (bar(good, 16), colour), "\n"]
