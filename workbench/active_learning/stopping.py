"""Learning curves: labels needed for an F1, when to stop labelling, and intervals over seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.evaluation.learning_curve_fit import forecast
from workbench.fields.plain_text import counted


@dataclass(frozen=True, slots=True)
class Point:
    """A model's F1 on the same held-out documents, after so many labelled documents."""

    labels: int
    f1: float


def labels_needed(points: Sequence[Point], f1: float) -> float | None:
    """Labels at which the F1 is reached for good, between the points linearly; None where it is not reached."""
    ordered = sorted(points, key=lambda point: point.labels)
    below = next((i for i in range(len(ordered) - 1, -1, -1) if ordered[i].f1 < f1), None)
    if below is None:
        return float(ordered[0].labels) if ordered else None
    if below == len(ordered) - 1:
        return None
    a, b = ordered[below], ordered[below + 1]
    return a.labels + (b.labels - a.labels) * (f1 - a.f1) / (b.f1 - a.f1)


@dataclass(frozen=True, slots=True)
class Advice:
    """Whether to go on labelling, and why, in a sentence."""

    stop: bool
    reason: str


LEAST_DOCUMENTS = 50
"""Fewer labelled training documents are no ground for ending."""
LEAST_ROUNDS = 3
"""Nor are fewer closed rounds."""
WIDEST = 0.12
"""Nor is an F1 whose 95 % interval is wider: it does not show what the last labels brought."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a decision to stop would stand on."""

    documents: int  # labelled, that the newest model was trained on
    rounds: int  # closed
    ci95: tuple[float, float] | None  # of the newest model's F1

    def missing(self) -> str:
        """What it lacks, as a sentence; "" where it is enough."""
        if self.documents < LEAST_DOCUMENTS or self.rounds < LEAST_ROUNDS:
            documents = counted(self.documents, "training document")
            rounds = counted(self.rounds, "closed round")
            return (
                f"{documents} and {rounds} are too few to say that labelling no longer pays "
                f"(at least {LEAST_DOCUMENTS} and {LEAST_ROUNDS})"
            )
        if self.ci95 is None:
            return "the newest model was not evaluated with an interval, so it is not known what its labels gained"
        low, high = self.ci95
        if high - low > WIDEST:
            return f"the F1 lies between {low:.2f} and {high:.2f}, too wide to say that labelling no longer pays"
        return ""


def advise(
    points: Sequence[Point],
    batch: int,
    ground: Ground,
    error_batch: float | None = None,
    error_pool: float | None = None,
    least_gain: float = 0.0005,
) -> Advice:
    """When the next batch is not worth its labels. Never to stop where the ground for that is too thin.

    Args:
        points: the models so far, all measured on the same documents.
        batch: documents of the next one.
        ground: what is known.
        error_batch, error_pool: mean expected value error of the picked documents and of the whole pool, 0..1.
        least_gain: F1 that one more document must be expected to bring.
    """
    expected = forecast("All fields", [(point.labels, point.f1) for point in points], batch)
    sentence = expected.sentence()
    reason = ""
    if error_batch is not None and error_pool is not None and len(points) > 1 and error_batch <= error_pool * 1.05:
        reason = (
            f"The queue's documents are as sure as the rest (expected errors {error_batch:.2f} against "
            f"{error_pool:.2f}): choosing no longer helps."
        )
    elif expected.high is not None and expected.high < least_gain * batch:
        reason = f"{sentence}. That is less than {least_gain} for each."
    if not reason:
        return Advice(False, sentence)
    if missing := ground.missing():
        return Advice(False, f"{sentence}. {missing[0].upper()}{missing[1:]}.")
    return Advice(True, reason)


def interval(values: Sequence[float], low: float = -math.inf, high: float = math.inf) -> tuple[float, float] | None:
    """The 95 % interval of a mean over seeds (Student's t), cut to what is possible.

    None below three values: of two it would be nine times as wide as they are apart, which says nothing.

    Args:
        values: one a seed.
        low, high: the bounds of any such value, 0 and 1 of an F1 for example.
    """
    from scipy.stats import t  # not at the top: the terminal starts without it

    count = len(values)
    if count < 3:
        return None
    mean = sum(values) / count
    error = math.sqrt(sum((value - mean) ** 2 for value in values) / (count - 1) / count)
    half = float(t.ppf(0.975, count - 1)) * error
    return max(mean - half, low), min(mean + half, high)
