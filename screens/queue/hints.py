"""What the next key of the queue screen will do, in one line, for each view. Pure."""

from screens.widgets.status_lines import Hint
from workbench.active_learning.overview import LoopOverview
from workbench.fields.plain_text import counted


def review(asked: bool, concluding: bool, is_class: bool = False) -> Hint:
    """Yes/no: a question, the end of a document, or neither.

    Args:
        asked: whether a question is in view.
        concluding: whether the end of a document is in view.
        is_class: whether the question is what the document is.
    """
    if concluding:
        return "Complete?", (
            ("review.yes", "yes, it is done"),
            ("review.no", "leave it open"),
            ("review.back", "back"),
            ("review.open", "open it"),
        )
    if asked:
        return "", (
            ("review.yes", "yes"),
            ("review.no", "no"),
            ("review.other", "another one" if is_class else "wrong field"),
            ("review.later", "later"),
            ("review.back", "back"),
            ("review.open", "open"),
            ("review.fields", "fields"),
        )
    return "Nothing to ask.", (("queue.batch", "choose a batch"), ("queue.train", "train"))


def quality(disputed: bool, pairs: int, decided: bool) -> Hint:
    """Agreement and disputes.

    Args:
        disputed: whether there is something to settle.
        pairs: how many pairs of annotators were measured.
        decided: whether there is a decision that can be taken back.
    """
    back = (("quality.back", "back"),) if decided else ()
    others = (*back, ("quality.pair", "next pair")) if pairs > 1 else back
    if disputed:
        return "Who is right?", (
            ("quality.label", "the label"),
            ("quality.opinion", "the opinion"),
            ("quality.open", "open it"),
            *others,
        )
    return "", (*others, ("queue.batch", "back to the batch"), ("queue.next-view", "next view"))


def rounds() -> Hint:
    return "", (("queue.train", "train"), ("queue.batch", "back to the batch"))


def batch(overview: LoopOverview, size: int, working: bool) -> Hint:
    """The batch, or what can be done before there is one.

    Args:
        size: of the next batch.
        working: whether something is being chosen or suggested.
    """
    if working:
        return "", (("queue.stop", "stop"), ("queue.next-view", "next view"))
    if overview.complete:
        return "All decided.", (
            ("queue.train", "train the next round"),
            ("batch.close", "end the round"),
            ("batch.label", "look again"),
            ("queue.rounds", "rounds"),
        )
    if overview.round is not None:
        return "", (
            ("batch.label", "label from here on"),
            ("queue.review", "yes/no"),
            ("queue.train", "train"),
            ("batch.strategy", "strategy"),
            ("batch.choose", "choose again"),
            ("batch.close", "end the round"),
        )
    if not overview.pool:
        return "The pool is empty.", (("queue.train", "train"),) if overview.labelled else ()
    first: tuple[tuple[str, str], ...] = (("batch.choose", f"choose {counted(size, 'document')}"),)
    if overview.model is None and not overview.suggested and not overview.task.field:
        first = (("batch.starter", "starter suggests"), *first)
    elif overview.labelled and overview.training is None:
        first = (*first, ("queue.train", "train"))
    return "", (
        *first,
        ("batch.strategy", "strategy"),
        ("batch.more", "more"),
        ("batch.fewer", "fewer"),
        ("batch.fields", "fields"),
    )
