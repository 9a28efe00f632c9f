"""Which words speak for a class: each is left out in turn, and the model asked again. [worker]

Occlusion (Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4; of words: Li,
Monroe and Jurafsky 2016, "Understanding Neural Networks through Representation Erasure").
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from workbench.evaluation.classes import speaking_words
from workbench.evaluation.classes.several import THRESHOLD
from workbench.evaluation.classes.speaking_words import SpeakingWords
from workbench.runs import parquet

_SECONDS = 10.0
"""All documents together, so that a slow model does not end much later for it."""
_MOST_DOCUMENTS = 60  # of a side
_MOST_PARTS = 60  # of a longer document neighbouring words are left out together

Ask = Callable[[Sequence[parquet.FrozenDocument]], NDArray[Any]]
"""Documents -> their probabilities (documents × options)."""
Judged = Sequence[tuple[parquet.FrozenDocument, Sequence[int], NDArray[Any]]]
"""Documents with the indices of their options and the probabilities of all options."""


def write(folder: Path, sides: Mapping[str, Judged], labels: Sequence[str], ask: Ask, *, multiple: bool) -> None:
    """Ask about the misjudged documents of each side, the surest wrong ones first, until the time is over."""
    speaking_words.write(folder, _weighed(sides, labels, ask, multiple))


def _weighed(sides: Mapping[str, Judged], labels: Sequence[str], ask: Ask, multiple: bool) -> Iterator[SpeakingWords]:
    until = time.monotonic() + _SECONDS
    for side, judged in sides.items():
        wrong = [(_wrong(gold, shares, multiple), row, shares) for row, gold, shares in judged]
        listed = sorted(((max(shares[i] for i in at), row, at, shares) for at, row, shares in wrong if at), key=_surest)
        for _, row, options, shares in listed[:_MOST_DOCUMENTS]:
            if time.monotonic() > until:
                return
            if len(row.words) > 1:
                weights = _weights(row, options, shares, ask)
                for option in options:
                    yield SpeakingWords(row.document, side, labels[option], tuple(weights[option]))


def _surest(item: tuple[float, parquet.FrozenDocument, list[int], NDArray[Any]]) -> tuple[float, int]:
    return -item[0], item[1].document


def _wrong(gold: Sequence[int], shares: NDArray[Any], multiple: bool) -> list[int]:
    """The options that a document was wrongly taken for; of several also those that were not seen."""
    if multiple:
        return [i for i, share in enumerate(shares) if (share >= THRESHOLD) != (i in gold)]
    likeliest = int(shares.argmax())
    return [] if likeliest in gold else [likeliest]


def _weights(
    row: parquet.FrozenDocument, options: Sequence[int], shares: NDArray[Any], ask: Ask
) -> dict[int, list[float]]:
    """Option -> by how much its probability falls without each word."""
    size = math.ceil(len(row.words) / _MOST_PARTS)
    starts = range(0, len(row.words), size)
    without = ask([_without(row, start, start + size) for start in starts])
    return {
        option: [round(float(shares[option] - without[at // size, option]), 4) for at in range(len(row.words))]
        for option in options
    }


def _without(row: parquet.FrozenDocument, start: int, stop: int) -> parquet.FrozenDocument:
    """A document without some neighbouring words."""
    left = {
        name: getattr(row, name)[:start] + getattr(row, name)[stop:]
        for name in ("words", "boxes", "lines", "pages", "confidences")
    }
    return replace(row, **left, tags=None)
