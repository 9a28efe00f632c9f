"""What the batch pane says: the batch's head, its lines, why a document was picked, and what can be done. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from textual.content import Content

from screens.queue.choice_list import MUTED, fit, sentence
from screens.widgets.bars import bar
from screens.widgets.columns import named
from screens.widgets.marks import STATE_SIGNS
from storage.records import QueueEntry, State
from workbench.active_learning.overview import LoopOverview
from workbench.active_learning.selection_request import SelectionRequest
from workbench.active_learning.strategies import registry as strategies
from workbench.active_learning.strategies.registry import Strategy
from workbench.fields import Schema
from workbench.fields.plain_text import counted
from workbench.runs import progress

_UNLEARNED = {
    "per_vendor": "Documents of many vendors, drawn at random: there is no model of your own yet.",
    "random": "Drawn at random: there is no model of your own yet.",
}
"""What the strategies do before the first model."""
Key = Callable[[str], str]
"""Binding id -> the key as it is mapped now."""


def suggested(result: Mapping[str, Any]) -> str:
    """What is suggested now, after a model read the documents."""
    documents = counted(result["documents"], "document")
    return f"{counted(result['suggestions'], 'open suggestion')} on {documents}."


def head(overview: LoopOverview, request: SelectionRequest, schema: Schema) -> Content:
    """The open round and how far it is; where none is open, what would be chosen next; what labels brought so far."""
    learned = Content(f"\n{overview.learned}" if overview.learned else "")
    order = Content("\nLive order: the least sure document comes next." if overview.is_live else "")
    automatic = Content(f"\n{overview.automatic}" if overview.automatic else "")
    return Content.assemble(_head(overview, request, schema), learned, order, automatic)


def _head(overview: LoopOverview, request: SelectionRequest, schema: Schema) -> Content:
    if overview.round is not None:
        now, entries = overview.round.round, overview.round.entries
        known = strategies.STRATEGIES | strategies.CLASS_ONLY
        title = known[now.strategy].title if now.strategy in known else now.strategy
        done = len(entries) - len(overview.round.left)
        by_labels = strategies.DEFAULT if overview.task.field else ""  # without a run it asks what they tell
        without = "chosen by the labels so far" if now.strategy == by_labels else "chosen without a model"
        return Content.assemble(
            (f"Round {now.id}", "bold"),
            f" · {title} · {f'model {now.run}' if now.run else without} · ",
            (f"{done} of {len(entries)} decided ", "bold"),
            (bar(done / (len(entries) or 1), 12), "$accent"),
        )
    strategy = next(s for s in strategies.of_task(overview.task.kind) if s.name == request.strategy)
    focus = overview.task.name or ", ".join(schema.name(field) for field in request.focus) or "all fields"
    return Content.assemble(
        ("Next batch: ", "bold"),
        (strategy.title, "$accent bold"),
        " · ",
        (counted(request.size, "document"), "$accent bold"),
        " · ",
        (focus, "$accent bold"),
        f" · like {counted(len(request.like), 'document')}" if request.like else "",
        f"\n{explanation(strategy, overview)}",
    )


def line(entry: QueueEntry, overview: LoopOverview, schema: Schema) -> Content:
    """A document of the batch: rank, state, name, score, reasons."""
    state = overview.states.get(entry.document, State.NEW)
    # of a blind document its state would give its labels away: only whether the second opinion is there is shown
    sign = ("✓" if entry.done else "·") if entry.blind else STATE_SIGNS[state]
    why = "once more, without its labels" if entry.blind else named("; ".join(entry.reasons), schema)
    style = MUTED if entry.done else ""
    if overview.task.field:  # the text says more than its name; the reasons stand beside the list
        return Content.assemble(
            (f"{entry.rank:>3} ", MUTED),
            (f"{sign} ", "$success" if entry.done else ""),
            (f"{'' if entry.blind or not entry.score else f'{entry.score:.2f}':>5}  ", "$accent"),
            (overview.names.get(entry.document, str(entry.document)), style),
        )
    return Content.assemble(
        (f"{entry.rank:>3} ", MUTED),
        (f"{sign} ", "$success" if entry.done else ""),
        (fit(overview.names.get(entry.document, str(entry.document)), 20), style or "bold"),
        (f" {'' if entry.blind or not entry.score else f'{entry.score:.2f}':>5}  ", "$accent"),
        (why, style),
    )


def why(entry: QueueEntry, overview: LoopOverview, schema: Schema) -> Content:
    """Why a document was picked, and how sure the model is of its fields."""
    name = overview.names.get(entry.document, "")
    if entry.blind:
        text = "It was labelled before and comes back without its labels, to see whether they come out the same."
        return Content.assemble((name, "bold"), f"\n{text}")
    parts: list[Content | str | tuple[str, str]] = [(name, "bold")]
    parts += [f"\n· {named(reason, schema)}" for reason in entry.reasons]
    if entry.fields:
        parts.append(("\nHow sure the model is:", MUTED))
    for field, confidence in sorted(entry.fields.items(), key=lambda item: item[1]):
        colour = "$error" if confidence < 0.5 else "$warning" if confidence < 0.85 else "$success"
        parts += [f"\n{fit(schema.name(field), 16)} ", (bar(confidence, 14), colour), f" {confidence:4.0%}"]
    return Content.assemble(*parts)


def explanation(strategy: Strategy, overview: LoopOverview) -> str:
    """How a strategy chooses, as things stand."""
    if overview.task.field and strategy.name != "random":
        return strategy.explanation
    return strategy.explanation if overview.model else _UNLEARNED.get(strategy.name, strategy.explanation)


def summary(figures: Mapping[str, Any], schema: Schema) -> Content:
    """What became of the suggestions of a decided batch, field by field."""
    minutes = figures.get("seconds", 0) / 60
    agreement = figures.get("agreement")
    kept = "there were no suggestions" if agreement is None else f"{agreement:.0%} of the suggestions were right"
    parts: list[Content | str | tuple[str, str]] = [
        ("The batch is decided. ", "bold $success"),
        f"{figures.get('documents', 0)} labelled, {figures.get('skipped', 0)} set aside, "
        f"{counted(figures.get('labels', 0), 'label')} in {minutes:.0f} min; {kept}.",
    ]
    if figures.get("retired"):
        parts.append(f" Labels of fields that were retired meanwhile: {figures['retired']}.")
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
        same = "–" if level["f1"] is None else f"{level['f1']:.0%}"
        parts.append(f"\n\n{level['documents']} came back blind: {same} of the labels came out the same ({who}).")
    return Content.assemble(*parts)


def guide(overview: LoopOverview, key: Key) -> Content:
    """What can be done while no round is open; the most useful first."""
    parts: list[Content | str | tuple[str, str]] = []

    def step(binding: str, text: str) -> None:
        parts.extend(("\n  ", (fit(key(binding), 6), "bold $accent"), text))

    def title(text: str) -> None:
        parts.append((text, "bold"))

    if not overview.labelled and not overview.pool:
        title("There are no documents on the training side.\n")
        parts.append("\nImport some with `workbench import FOLDER`, then come back.")
    elif not overview.pool:
        title("Every document of the training side is decided: the pool is empty.\n")
        step("queue.train", f"train on {overview.next_run.sentence}")
        step("queue.rounds", "see what the rounds brought")
        parts.append("\n\nTo go on labelling, import more: workbench import FOLDER")
    elif overview.training is not None:
        title(f"The model is being trained: {overview.share:.0%} done.\n")
        parts.append("\nIts suggestions for the pool appear here when it has finished. Meanwhile:\n")
        step("queue.review", "answer yes or no to what is suggested already")
        step("batch.choose", "choose a batch with the model before" if overview.model else "choose a batch at random")
    elif overview.model is None:
        title("There is no model of your own yet. The loop begins with a first handful of labels.\n")
        have = f"{overview.labelled} labelled" if overview.labelled else "none labelled yet"
        parts.append(
            f"\n{counted(overview.pool, 'document')} to label, {have}; five to ten are enough for a first model.\n"
        )
        if overview.task.field:
            typical, unsure = "a first batch: typical texts", "a batch: unsure texts, by what the labels tell so far"
            step("batch.choose", f"choose {unsure if overview.labelled else typical}")
            step("mode.sheet", "or label in the sheet, many at once")
        elif not overview.suggested:
            step("batch.starter", "let the starter model suggest: quicker than labelling")
        else:
            step("queue.review", f"answer yes or no to what is suggested ({counted(overview.suggested, 'document')})")
        if not overview.task.field:
            step("batch.choose", "choose a first batch: different vendors, drawn at random")
        if overview.labelled:
            step("queue.train", f"train a first model on {overview.next_run.sentence}")
    else:
        figures = progress.figures_line(overview.model.report, overview.model.f1)
        title(f"The model {overview.model.name} is ready{f': {figures}' if figures else ''}.\n")
        some = f"{overview.suggested:,} of them" if overview.suggested else "none"
        parts.append(f"\n{counted(overview.pool, 'document')} to label, {some} with suggestions.\n")
        step("batch.choose", "choose what the model would learn most from")
        if overview.task.field:
            step("mode.sheet", "label in the sheet: the surest, or the least sure first")
        else:
            step("queue.review", "answer yes or no to its least certain suggestions")
        step("batch.strategy", "another way of choosing")
        parts += warning(overview)
    if overview.measuring:
        verb, them = ("document is", "it") if overview.measuring == 1 else ("documents are", "them")
        kept = f"\n\n{overview.measuring:,} more {verb} kept for measuring (validation, test): "
        parts.append((f"{kept}label {them} in the annotate screen.", MUTED))
    return Content.assemble(*parts)


def warning(overview: LoopOverview) -> list[Content | str | tuple[str, str]]:
    """That more labels hardly pay, where it is so."""
    if overview.advice is None or not overview.advice.stop:
        return []
    return [("\n\nIt may be time to stop. ", "bold $warning"), sentence(overview.advice.reason)]
