"""How far a confidence can be trusted: temperature scaling, calibration error, and thresholds for business.

Everything is measured on predicted chunks, never on `O` words: those are nearly always right and flatter
any figure. A chunk's confidence c is scaled as sigmoid(logit(c) / T): the order of the chunks stays, T > 1
makes them humbler.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

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


def negative_log_likelihood(judged: Sequence[Judged], temperature: float) -> float:
    """Mean surprise (nats) at the outcomes under scaled confidences."""
    return _surprise([_logit(c) if right else -_logit(c) for c, right in judged], temperature)


def _surprise(margins: Sequence[float], temperature: float) -> float:
    return sum(math.log1p(math.exp(-margin / temperature)) for margin in margins) / len(margins)


def fit_temperature(judged: Sequence[Judged]) -> float | None:
    """The temperature under which the outcomes are least surprising.

    None where there is too little to fit.
    """
    if len(judged) < ENOUGH or len({right for _, right in judged}) < 2:
        return None
    margins = [_logit(c) if right else -_logit(c) for c, right in judged]
    return math.exp(golden_section(lambda t: _surprise(margins, math.exp(t)), math.log(_COLDEST), math.log(_HOTTEST)))


def golden_section(of: Callable[[float], float], low: float, high: float, width: float = 1e-3) -> float:
    """Where a function with one valley is lowest between two bounds, within `width`."""
    shrink = (math.sqrt(5) - 1) / 2
    a, b = high - shrink * (high - low), low + shrink * (high - low)
    at_a, at_b = of(a), of(b)
    while high - low > width:
        if at_a <= at_b:
            high, b, at_b = b, a, at_a
            a = high - shrink * (high - low)
            at_a = of(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + shrink * (high - low)
            at_b = of(b)
    return (low + high) / 2


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
    for one in judged:
        held.setdefault(min(int(one[0] * bins), bins - 1), []).append(one)
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            len(here),
            sum(c for c, _ in here) / len(here),
            sum(right for _, right in here) / len(here),
        )
        for number, here in sorted(held.items())
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
    ordered = sorted(judged, key=lambda one: -one[0])
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

    automatic_pass_rate: float  # share of documents that nobody needs to see
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
    """Of the documents that passed without a look, the share that a person had to correct later; None: none passed."""
    automatic = set(passed)
    return len(automatic & set(corrected)) / len(automatic) if automatic else None
