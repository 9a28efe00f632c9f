"""The head of a class field: logistic regression over texts' vectors, fitted anew after every label. [worker]"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.annotation.classes.states import LIKELY
from workbench.fields import Field
from workbench.training.learner import head as heads
from workbench.training.learner.head import Head

LEAST = 3
"""Labelled texts from which on there is something to learn."""
_BALANCE = 1.0  # a rare class is found as surely as a common one; probabilities stay cautious (docs/measurements.md)
_NO, _YES = "no", "yes"
Shares = dict[str, float]
"""Option -> probability; options without a label are left out."""


@dataclass(frozen=True, slots=True)
class ClassHead:
    """A fitted head: one for all options, or, where a document can have several, one for each option."""

    centre: NDArray[np.float32]
    of_options: Mapping[str, Head]  # each: whether it is so
    of_all: Head | None

    def shares(self, vectors: NDArray[Any]) -> list[Shares]:
        """The probabilities of texts, (texts, width)."""
        centred = np.asarray(vectors, np.float32) - self.centre
        if self.of_all is not None:
            columns, labels = np.exp(self.of_all.log_probabilities(centred)), self.of_all.labels
        else:
            labels = tuple(self.of_options)
            columns = np.stack([np.exp(h.log_probabilities(centred))[:, 1] for h in self.of_options.values()], 1)
        return [dict(zip(labels, row, strict=True)) for row in columns.astype(float).tolist()]


def fit(vectors: NDArray[Any], labels: Sequence[Sequence[str]], field: Field) -> ClassHead | None:
    """A head for labelled texts; None where they are too few, or all alike. The same texts give the same head.

    Args:
        vectors: (texts, width).
        labels: the options of each text.
        field: the class field; options that are no longer its own are not learned.
    """
    known = [[option for option in options if option in field.options] for options in labels]
    rows = [row for row, options in enumerate(known) if options]
    if len(rows) < LEAST:
        return None
    used = np.asarray(vectors, np.float32)[rows]
    centre: NDArray[np.float32] = used.mean(0)
    listed = [known[row] for row in rows]
    having = {option: sum(option in options for options in listed) for option in field.options}
    if field.multiple:
        told_apart = [option for option, count in having.items() if 0 < count < len(rows)]
        of_options = {
            option: heads.fit(
                [used - centre], [[_YES if option in o else _NO for o in listed]], (_NO, _YES), None, _BALANCE
            )
            for option in told_apart
        }
        return ClassHead(centre, of_options, None) if of_options else None
    told_apart = [option for option, count in having.items() if count]
    if len(told_apart) < 2:
        return None
    one_each = [options[0] for options in listed]
    return ClassHead(centre, {}, heads.fit([used - centre], [one_each], tuple(told_apart), None, _BALANCE))


def suggested(shares: Shares, field: Field) -> frozenset[str]:
    """What is suggested of these probabilities, as the screens do: the likeliest, or all that are likely."""
    likely = {option: share for option, share in shares.items() if option in field.options}
    if not likely:
        return frozenset()
    above = {option for option, share in likely.items() if field.multiple and share >= LIKELY}
    return frozenset(above or {max(likely, key=lambda option: likely[option])})


def sureness(shares: Shares, field: Field) -> float:
    """How sure a reader is, 0..1: of the likeliest option, or of its least sure yes or no."""
    if not shares:
        return 0.0
    return min(max(s, 1 - s) for s in shares.values()) if field.multiple else max(shares.values())
