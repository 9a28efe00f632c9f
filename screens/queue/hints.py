"""What the next key of the queue screen will do, in one line. Pure: (sentence, (binding id, text) pairs)."""

from dataclasses import dataclass

from screens.widgets.status_lines import Hint
from workbench.active_learning.overview import LoopOverview


@dataclass(frozen=True, slots=True)
class Moment:
    """What the hint depends on, besides the loop."""

    view: str
    size: int  # of the next batch
    working: bool = False  # something is being chosen or suggested
    asked: bool = False  # a question is in view
    concluding: bool = False  # ... or the end of a document
    disputed: bool = False  # there is something to settle
    pairs: int = 0  # of annotators that were measured
    decided: bool = False  # there is a decision that can be taken back


def hint_of(loop: LoopOverview, now: Moment) -> Hint:
    """The most useful key first."""
    if now.working and now.view == "batch":
        return "", (("queue.stop", "stop"), ("queue.next-view", "next view"))
    return {"review": _review, "quality": _quality, "rounds": _rounds}.get(now.view, _batch)(loop, now)


def _review(loop: LoopOverview, now: Moment) -> Hint:
    if now.concluding:
        return "Complete?", (
            ("review.yes", "yes, it is done"),
            ("review.no", "leave it open"),
            ("review.back", "back"),
            ("review.open", "open it"),
        )
    if now.asked:
        return "", (
            ("review.yes", "yes"),
            ("review.no", "no"),
            ("review.other", "wrong field"),
            ("review.later", "later"),
            ("review.back", "back"),
            ("review.open", "open"),
            ("review.fields", "fields"),
        )
    return "Nothing to ask.", (("queue.batch", "choose a batch"), ("queue.train", "train"))


def _quality(loop: LoopOverview, now: Moment) -> Hint:
    back = (("quality.back", "back"),) if now.decided else ()
    others = (*back, ("quality.pair", "next pair")) if now.pairs > 1 else back
    if now.disputed:
        return "Who is right?", (
            ("quality.label", "the label"),
            ("quality.opinion", "the opinion"),
            ("quality.open", "open it"),
            *others,
        )
    return "", (*others, ("queue.batch", "back to the batch"), ("queue.next-view", "next view"))


def _rounds(loop: LoopOverview, now: Moment) -> Hint:
    return "", (("queue.train", "train"), ("queue.batch", "back to the batch"))


def _batch(loop: LoopOverview, now: Moment) -> Hint:
    if loop.complete:
        return "All decided.", (
            ("queue.train", "train the next round"),
            ("batch.close", "end the round"),
            ("batch.label", "look again"),
            ("queue.rounds", "rounds"),
        )
    if loop.round is not None:
        return "", (
            ("batch.label", "label from here on"),
            ("queue.review", "yes/no"),
            ("queue.train", "train"),
            ("batch.strategy", "strategy"),
            ("batch.choose", "choose anew"),
            ("batch.close", "end the round"),
        )
    if not loop.pool:
        return "The pool is empty.", (("queue.train", "train"),) if loop.labelled else ()
    first: tuple[tuple[str, str], ...] = (("batch.choose", f"choose {now.size} documents"),)
    if loop.model is None and not loop.suggested:
        first = (("batch.starter", "starter suggests"), *first)
    elif loop.labelled and loop.training is None:
        first = (*first, ("queue.train", "train"))
    return "", (
        *first,
        ("batch.strategy", "strategy"),
        ("batch.more", "more"),
        ("batch.fewer", "fewer"),
        ("batch.fields", "fields"),
    )
