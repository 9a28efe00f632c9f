"""Learning curves: F1 against labels, what more labels would bring, and when to stop."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_DECAYS = tuple(step / 20 for step in range(2, 41))  # 0.1 .. 2.0


@dataclass(frozen=True, slots=True)
class Point:
    """A model's F1 on the same held-out documents, after so many labelled documents."""

    labels: int
    f1: float


@dataclass(frozen=True, slots=True)
class Curve:
    """f1 = ceiling - gap * labels ** -decay: what learning curves of this kind look like."""

    ceiling: float  # 0..1
    gap: float
    decay: float

    def at(self, labels: float) -> float:
        """The F1 expected with so many labels, 0..1."""
        return min(1.0, max(0.0, self.ceiling - self.gap * math.pow(max(labels, 1), -self.decay)))

    def gain(self, labels: int, more: int) -> float:
        """F1 that each of `more` labels is expected to bring, on average."""
        return (self.at(labels + more) - self.at(labels)) / more if more else 0.0


def fit(points: Sequence[Point]) -> Curve | None:
    """The curve nearest to the points (least squares); None below three different counts of labels.

    A curve that would fall, or pass 1, is not considered.
    """
    if len({point.labels for point in points}) < 3:
        return None
    best: tuple[float, Curve] | None = None
    y = [point.f1 for point in points]
    middle_y = sum(y) / len(y)
    for decay in _DECAYS:
        x = [max(point.labels, 1) ** -decay for point in points]
        middle_x = sum(x) / len(x)
        spread = sum((a - middle_x) ** 2 for a in x)
        slope = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)) / spread
        gap = max(0.0, -slope)
        ceiling = middle_y + gap * middle_x
        if ceiling > 1:  # the best line through (0, 1)
            ceiling, gap = 1.0, sum(a * (1 - b) for a, b in zip(x, y, strict=True)) / sum(a * a for a in x)
        error = sum((ceiling - gap * a - b) ** 2 for a, b in zip(x, y, strict=True))
        if best is None or error < best[0] - 1e-12:
            best = error, Curve(ceiling, gap, decay)
    assert best is not None
    return best[1]


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


def advise(
    points: Sequence[Point],
    batch: int,
    error_batch: float | None = None,
    error_pool: float | None = None,
    least_gain: float = 0.0005,
) -> Advice:
    """When the next batch is not worth its labels.

    Args:
        points: the rounds so far.
        batch: documents of the next one.
        error_batch, error_pool: mean expected value error of the picked documents and of the whole pool, 0..1.
        least_gain: F1 that one more document must be expected to bring.
    """
    if error_batch is not None and error_pool is not None and len(points) > 1 and error_batch <= error_pool * 1.05:
        return Advice(
            True,
            f"The queue's documents are as sure as the rest (expected errors {error_batch:.2f} against "
            f"{error_pool:.2f}): choosing no longer helps.",
        )
    curve = fit(points)
    if curve is None:
        return Advice(False, "Three rounds are needed to see what more labels bring.")
    now = max(point.labels for point in points)
    gain = curve.gain(now, batch)
    told = f"{batch} more documents are expected to bring {100 * gain * batch:.1f} points of F1"
    if gain < least_gain:
        return Advice(True, f"{told}: less than {100 * least_gain:.2f} for each.")
    return Advice(False, f"{told} (F1 {curve.at(now + batch):.2f}).")


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of a mean over seeds (Student's t); None below two values."""
    count = len(values)
    if count < 2:
        return None
    mean = sum(values) / count
    error = math.sqrt(sum((value - mean) ** 2 for value in values) / (count - 1) / count)
    t = _STUDENT[min(count - 2, len(_STUDENT) - 1)]
    return mean - t * error, mean + t * error


_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
"""The 97.5 % points for 1, 2, ... degrees of freedom; beyond, the last one (a little wide)."""
