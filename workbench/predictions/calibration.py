"""How far a confidence can be trusted: temperature scaling, calibration error, and thresholds for business.

Everything is measured on predicted chunks, never on `O` words: those are nearly always right and flatter
any figure. A chunk's confidence c is scaled as sigmoid(logit(c) / T): the order of the chunks stays, T > 1
makes them humbler.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Judged = tuple[float, bool]
"""A predicted chunk's confidence (0..1) and whether it was right."""

_EDGE = 1e-4  # nothing that was learned from examples is surer than this
_COLDEST, _HOTTEST = 0.2, 20.0
ENOUGH = 20
"""Fewer judged chunks (or none of them wrong, or none right) carry no temperature."""


def _logit(confidence: float) -> float:
    inside = min(max(confidence, _EDGE), 1 - _EDGE)
    return math.log(inside / (1 - inside))


def scale(confidence: float, temperature: float) -> float:
    """The calibrated confidence, 0..1."""
    return confidence if temperature == 1.0 else 1 / (1 + math.exp(-_logit(confidence) / temperature))


def scale_all(confidences: "NDArray[np.float32]", temperature: float) -> "NDArray[np.float32]":
    """`scale` of an array."""
    if temperature == 1.0:
        return confidences
    import numpy as np

    inside = np.clip(confidences, _EDGE, 1 - _EDGE)
    scaled: NDArray[np.float32] = 1 / (1 + np.exp(-np.log(inside / (1 - inside)) / temperature))
    return scaled


def fit_temperature(judged: Sequence[Judged]) -> float | None:
    """The temperature under which the outcomes are least surprising (mean negative log likelihood).

    None where there is too little to fit.
    """
    if len(judged) < ENOUGH or len({right for _, right in judged}) < 2:
        return None
    import numpy as np  # heavy, as scipy is: only a run's evaluation needs them
    from scipy.optimize import minimize_scalar

    margins = np.array([_logit(c) if right else -_logit(c) for c, right in judged])

    def surprise(log_temperature: float) -> float:
        return float(np.logaddexp(0, -margins / math.exp(log_temperature)).mean())

    bounds = (math.log(_COLDEST), math.log(_HOTTEST))
    return math.exp(minimize_scalar(surprise, bounds=bounds, method="bounded", options={"xatol": 1e-6}).x)


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability diagram."""

    low: float
    high: float
    count: int
    confidence: float  # mean, 0..1
    accuracy: float  # share right, 0..1


def reliability(judged: Iterable[Judged], bins: int = 10) -> list[Bin]:
    """The bars that hold anything, of equal width, from low to high confidence."""
    held: dict[int, list[Judged]] = {}
    for chunk in judged:
        held.setdefault(min(int(chunk[0] * bins), bins - 1), []).append(chunk)
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            len(chunks),
            sum(c for c, _ in chunks) / len(chunks),
            sum(right for _, right in chunks) / len(chunks),
        )
        for number, chunks in sorted(held.items())
    ]


def expected_calibration_error(judged: Sequence[Judged], bins: int = 10) -> float | None:
    """Mean distance between confidence and share right, weighted by the bars' counts.

    None without any chunk.
    """
    if not judged:
        return None
    return sum(bar.count * abs(bar.confidence - bar.accuracy) for bar in reliability(judged, bins)) / len(judged)


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which confidence on a field can go without a look."""

    confidence: float
    precision: float  # of the chunks at or above it
    lower: float  # the precision's 95 % lower bound (Wilson): what so few chunks really promise
    passing: int
    of: int


def threshold(judged: Iterable[Judged], precision: float) -> Threshold | None:
    """The lowest confidence at and above which the wished precision holds.

    None where no confidence reaches it.
    """
    ordered = sorted(judged, key=lambda chunk: -chunk[0])
    best = None
    right = 0
    for position, (confidence, good) in enumerate(ordered, start=1):
        right += good
        tied = position < len(ordered) and ordered[position][0] == confidence
        if not tied and right / position >= precision:
            best = Threshold(confidence, right / position, wilson_lower(right, position), position, len(ordered))
    return best


def wilson_lower(right: int, count: int, z: float = 1.645) -> float:
    """One-sided lower bound (95 % by default) of a share; 0 without any observation."""
    if not count:
        return 0.0
    share = right / count
    centre = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, (centre - spread) / (1 + z * z / count))


@dataclass(frozen=True, slots=True)
class Judgement:
    """A document as the thresholds see it.

    Confidence of each field's value, and whether nothing in it is wrong.
    """

    confidences: Mapping[str, float]
    right: bool


@dataclass(frozen=True, slots=True)
class Passing:
    """What a set of thresholds means for the work."""

    automatic_pass_rate: float  # share of documents that no person needs to see
    human_review_rate: float  # the rest
    passed_right: float | None  # of the passed, the share without any wrong or missing value; None: none passed


def passes(
    confidences: Mapping[str, float], thresholds: Mapping[str, float | None], expected: Iterable[str] = ()
) -> bool:
    """A document passes when something was found, nothing expected is missing, and every found field is sure enough.

    A field without a threshold (None, or not named) never passes by itself: its documents go to a person.
    """
    limits = [(confidence, thresholds.get(name)) for name, confidence in confidences.items()]
    return (
        bool(limits)
        and all(limit is not None and confidence >= limit for confidence, limit in limits)
        and all(name in confidences for name in expected)
    )


def passing(
    documents: Sequence[Judgement], thresholds: Mapping[str, float | None], expected: Iterable[str] = ()
) -> Passing:
    """How many documents pass by their thresholds, and how many of these are right."""
    needed = frozenset(expected)
    passed = [document for document in documents if passes(document.confidences, thresholds, needed)]
    rate = len(passed) / len(documents) if documents else 0.0
    return Passing(rate, 1.0 - rate, sum(document.right for document in passed) / len(passed) if passed else None)


def rollback_rate(passed: Iterable[int], corrected: Iterable[int]) -> float | None:
    """Of the documents that passed without review, the share that a person had to correct later; None: none passed."""
    automatic = set(passed)
    return len(automatic & set(corrected)) / len(automatic) if automatic else None
