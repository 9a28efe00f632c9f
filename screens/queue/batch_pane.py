"""The batch: what was chosen, with scores and reasons; before that, what can be done; after it, what was changed."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from screens.queue.choice_list import MUTED, Rows, bar, fit, sentence
from storage.records import QueueEntry, State
from workbench.active_learning import strategies
from workbench.active_learning.overview import LoopOverview
from workbench.active_learning.selection_request import SelectionRequest
from workbench.active_learning.strategies import Strategy
from workbench.fields import Schema

_SIGNS = {State.NEW: "·", State.STARTED: "◐", State.LABELLED: "✓", State.SKIPPED: "»", State.UNUSABLE: "✗"}
_SHOWN = 1000
_UNLEARNED = {
    "per_vendor": "Documents of many vendors, drawn at random: there is no model yet that could be unsure.",
    "random": "Drawn at random: there is no model yet that could be unsure.",
}
"""What the strategies do before the first model."""
Key = Callable[[str], str]
"""Binding id -> the key as it is mapped now."""


class BatchPane(Vertical):
    """Draws a `LoopOverview` and an `SelectionRequest`; knows nothing else."""

    DEFAULT_CSS = """
    BatchPane {
        #order { padding: 0 1; height: auto; background: $surface; }
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

    def __init__(self, schema: Schema) -> None:
        super().__init__(id="batch")
        self.schema = schema
        self._entries: dict[str, QueueEntry] = {}
        self._loop = LoopOverview()

    def compose(self) -> ComposeResult:
        yield Static(id="order")
        yield Static(id="doing")
        with Container(id="listed"):
            yield Rows()
            with VerticalScroll(id="beside", can_focus=False):
                yield Static(id="why")
        with VerticalScroll(id="nothing", can_focus=True):
            yield Static(id="guide")

    @property
    def entry(self) -> QueueEntry | None:
        """The document under the cursor."""
        return self._entries.get(self.query_one(Rows).at or "")

    def show(self, loop: LoopOverview, order: SelectionRequest, key: Key) -> None:
        """Draw everything anew."""
        self._loop = loop
        self.query_one("#order", Static).update(self._order(loop, order))
        now = loop.round
        self.set_class(now is None, "-empty")
        self.set_class(loop.complete, "-done")
        if now is None:
            self.query_one("#guide", Static).update(guide(loop, key))
            self._entries = {}
            return
        shown = now.entries[:_SHOWN]
        self._entries = {str(entry.document): entry for entry in shown}
        self.query_one(Rows).show([(str(e.document), self._line(e)) for e in shown])
        self.explain()

    def busy(self, text: str, failed: bool = False) -> None:
        """What is being done in the background, or why it came to nothing; "" for nothing."""
        self.query_one("#doing", Static).update(Content(text))
        self.set_class(bool(text), "-busy")
        self.set_class(failed, "-failed")

    @property
    def decided(self) -> bool:
        """Whether the document under the cursor is decided, or there is none."""
        return self.entry is None or self.entry.done

    def explain(self) -> None:
        """Beside the list: why the document under the cursor was picked, or what became of a whole batch."""
        beside = self.query_one("#why", Static)
        if self._loop.complete:
            beside.update(Content.assemble(summary(self._loop.figures, self.schema), *warning(self._loop)))
        elif (entry := self.entry) is not None:
            beside.update(self._why(entry))
        else:
            beside.update("")

    def named(self, text: str) -> str:
        """Field ids in a reason by their names."""
        for field in self.schema:
            if field.id != field.name:
                text = re.sub(rf"\b{re.escape(field.id)}\b", field.name, text)
        return text

    def _order(self, loop: LoopOverview, order: SelectionRequest) -> Content:
        if loop.round is not None:
            now, entries = loop.round.round, loop.round.entries
            title = strategies.STRATEGIES[now.strategy].title if now.strategy in strategies.STRATEGIES else now.strategy
            done = len(entries) - len(loop.round.left)
            return Content.assemble(
                (f"Round {now.id}", "bold"),
                f" · {title} · {f'model {now.run}' if now.run else 'no model yet'} · ",
                (f"{done} of {len(entries)} decided ", "bold"),
                (bar(done / (len(entries) or 1), 12), "$accent"),
            )
        strategy = strategies.STRATEGIES[order.strategy]
        focus = ", ".join(self.schema.name(f) for f in order.focus) or "all fields"
        return Content.assemble(
            ("Next batch: ", "bold"),
            (strategy.title, "$accent bold"),
            " · ",
            (f"{order.size} documents", "$accent bold"),
            " · ",
            (focus, "$accent bold"),
            f" · like {len(order.like)} documents" if order.like else "",
            f"\n{explanation(strategy, loop)}",
        )

    def _line(self, entry: QueueEntry) -> Content:
        state = self._loop.states.get(entry.document, State.NEW)
        # whether a blind one is decided is its opinion's business, its own state would give it away
        sign = ("✓" if entry.done else "·") if entry.blind else _SIGNS[state]
        why = "once more, without its labels" if entry.blind else self.named("; ".join(entry.reasons))
        style = MUTED if entry.done else ""
        return Content.assemble(
            (f"{entry.rank:>3} ", MUTED),
            (f"{sign} ", "$success" if entry.done else ""),
            (fit(self._loop.names.get(entry.document, str(entry.document)), 20), style or "bold"),
            (f" {'' if entry.blind or not entry.score else f'{entry.score:.2f}':>5}  ", "$accent"),
            (why, style),
        )

    def _why(self, entry: QueueEntry) -> Content:
        name = self._loop.names.get(entry.document, "")
        if entry.blind:
            text = "It was labelled before and comes back without its labels, to see whether they come out the same."
            return Content.assemble((name, "bold"), f"\n{text}")
        parts: list[Content | str | tuple[str, str]] = [(name, "bold")]
        parts += [f"\n· {self.named(reason)}" for reason in entry.reasons]
        if entry.fields:
            parts.append(("\nHow sure the model is:", MUTED))
        for field, sure in sorted(entry.fields.items(), key=lambda item: item[1]):
            colour = "$error" if sure < 0.5 else "$warning" if sure < 0.85 else "$success"
            parts += [f"\n{fit(self.schema.name(field), 16)} ", (bar(sure, 14), colour), f" {sure:4.0%}"]
        return Content.assemble(*parts)


def explanation(strategy: Strategy, loop: LoopOverview) -> str:
    """How a strategy chooses, as things stand."""
    return strategy.explanation if loop.model else _UNLEARNED.get(strategy.name, strategy.explanation)


def summary(figures: Mapping[str, Any], schema: Schema) -> Content:
    """What was made of the suggestions of a decided batch, field by field."""
    minutes = figures.get("seconds", 0) / 60
    agreement = figures.get("agreement")
    kept = "there were no suggestions" if agreement is None else f"{agreement:.0%} of the suggestions were right"
    parts: list[Content | str | tuple[str, str]] = [
        ("The batch is decided. ", "bold $success"),
        f"{figures.get('documents', 0)} labelled, {figures.get('skipped', 0)} set aside, "
        f"{figures.get('labels', 0)} labels in {minutes:.0f} min; {kept}.",
    ]
    if figures.get("retired"):
        parts.append(f" {figures['retired']} labels are of fields that were retired meanwhile.")
    fields = figures.get("fields") or {}
    if fields:
        parts.append(("\n\nAgainst the suggestions      kept changed rejected added", MUTED))
    for name, row in fields.items():
        wrong = row["changed"] + row["rejected"] + row["added"]
        colour = "$success" if not wrong else "$warning" if wrong <= row["kept"] else "$error"
        parts += [
            f"\n{fit(schema.name(name), 20)} ",
            (bar(row["kept"] / (row["kept"] + wrong), 6), colour),
            f" {row['kept']:>5} {row['changed']:>7} {row['rejected']:>8} {row['added']:>5}",
        ]
    for who, level in (figures.get("consistency") or {}).items():
        told = "–" if level["f1"] is None else f"{level['f1']:.0%}"
        parts.append(f"\n\n{level['documents']} came back blind: {told} of the labels came out the same ({who}).")
    return Content.assemble(*parts)


def guide(loop: LoopOverview, key: Key) -> Content:
    """What can be done while no round is open; the most useful first."""
    parts: list[Content | str | tuple[str, str]] = []

    def step(binding: str, text: str) -> None:
        parts.extend(("\n  ", (fit(key(binding), 6), "bold $accent"), text))

    def title(text: str) -> None:
        parts.append((text, "bold"))

    if not loop.labelled and not loop.pool:
        title("There are no documents on the training side.\n")
        parts.append("\nImport some with `workbench import FOLDER`, then come back.")
    elif not loop.pool:
        title("Every document of the training side is decided: the pool is empty.\n")
        step("queue.train", f"train on all {loop.labelled} labelled documents")
        step("queue.rounds", "see what the rounds brought")
        parts.append("\n\nTo go on labelling, import more: workbench import FOLDER")
    elif loop.training is not None:
        title(f"The model is being trained: {loop.share:.0%} done.\n")
        parts.append("\nIts suggestions for the pool appear here when it has finished. Meanwhile:\n")
        step("queue.review", "answer yes or no to what is suggested already")
        step("batch.choose", "choose a batch with the model before" if loop.model else "choose a batch at random")
    elif loop.model is None:
        title("There is no model yet. The loop begins with a first handful of labels.\n")
        have = f"{loop.labelled} labelled" if loop.labelled else "none labelled yet"
        parts.append(f"\n{loop.pool:,} documents wait, {have}; five to ten are enough for a first model.\n")
        if not loop.suggested:
            step("batch.starter", "let the starter model suggest: quicker than labelling")
        else:
            step("queue.review", f"answer yes or no to what is suggested ({loop.suggested:,} documents)")
        step("batch.choose", "choose a first batch: different vendors, drawn at random")
        if loop.labelled:
            step("queue.train", f"train a first model on the {loop.labelled} labelled")
    else:
        f1 = "" if loop.model.f1 is None else f", F1 {loop.model.f1:.2f}"
        title(f"The model {loop.model.name} is ready{f1}.\n")
        some = f"{loop.suggested:,} of them" if loop.suggested else "none"
        parts.append(f"\n{loop.pool:,} documents wait, {some} with suggestions.\n")
        step("batch.choose", "choose what the model would learn most from")
        step("queue.review", "answer yes or no to its least certain suggestions")
        step("batch.strategy", "another way of choosing")
        parts += warning(loop)
    if loop.measuring:
        verb, them = ("document is", "it") if loop.measuring == 1 else ("documents are", "them")
        kept = f"\n\n{loop.measuring:,} more {verb} kept for measuring (validation, test): "
        parts.append((f"{kept}label {them} in the annotate screen.", MUTED))
    return Content.assemble(*parts)


def warning(loop: LoopOverview) -> list[Content | str | tuple[str, str]]:
    """That more labels hardly pay, where it is so."""
    if loop.advice is None or not loop.advice.stop:
        return []
    return [("\n\nIt may be time to stop. ", "bold $warning"), sentence(loop.advice.reason)]
