"""What the next labels will bring: a power law per field through (labels, F1), with its uncertainty.

F1(n) = ceiling - scale * n ** -rate. The rate is taken from a grid, ceiling and scale by least squares; every rate
that fits the points about as well as the best one stays in, and so do fits that leave a point out. What they
disagree about is the uncertainty.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Point = tuple[int, float]
"""Labelled documents (or labels of the field) and the F1 reached with them, 0..1."""

ENOUGH = 3
"""Fewer different counts of labels carry no curve."""
_RATES = tuple(rate / 10 for rate in range(1, 21))
_TOLERANCE = 0.01  # F1 that two runs of the same data differ by anyway
_SATURATED = 0.005


@dataclass(frozen=True, slots=True)
class Curve:
    """A fitted power law."""

    ceiling: float  # 0..1
    scale: float  # >= 0
    rate: float

    def at(self, labels: float) -> float:
        """The F1 that the law gives, held within 0..1."""
        return min(1.0, max(0.0, self.ceiling - self.scale * float(labels**-self.rate)))


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the next labels are expected to bring for a field."""

    field: str
    labels: int  # so far
    more: int  # the next
    gain: float | None  # of F1, expected; None: too few points
    low: float | None  # the gain's range
    high: float | None
    curves: tuple[Curve, ...]
    why: str = ""  # there is no gain

    @property
    def saturated(self) -> bool:
        """Whether even the brightest view gains next to nothing."""
        return self.high is not None and self.high < _SATURATED

    def sentence(self) -> str:
        if self.gain is None or self.low is None or self.high is None:
            return f"{self.field}: {self.why}"
        if self.saturated:
            return f"{self.field}: saturated, the next {self.more} labels bring less than {_SATURATED} F1"
        return (
            f"{self.field}: the next {self.more} labels bring about {self.gain:+.3f} F1 "
            f"(between {self.low:+.3f} and {self.high:+.3f})"
        )


def forecast(field: str, points: Sequence[Point], more: int = 20) -> Forecast:
    """Fit a field's points. Several F1 for the same count (seeds, rounds) are averaged.

    Args:
        field: named in the sentence.
        points: evaluations on growing subsets, or of past rounds; on the same evaluated documents.
        more: how many labels the question is about.
    """
    grouped: dict[int, list[float]] = {}
    for labels, f1 in points:
        if labels > 0:
            grouped.setdefault(labels, []).append(f1)
    averaged = [(labels, sum(values) / len(values)) for labels, values in sorted(grouped.items())]
    so_far = averaged[-1][0] if averaged else 0

    def refusal(why: str) -> Forecast:
        return Forecast(field, so_far, more, None, None, None, (), f"too little to say: {why}")

    if len(averaged) < ENOUGH:
        return refusal(f"{len(averaged)} of {ENOUGH} counts of labels were tried")
    if averaged[-1][0] < 2 * averaged[0][0]:
        return refusal(f"from {averaged[0][0]} to {averaged[-1][0]} labels is less than twofold")
    if averaged[-1][1] < max(f1 for _, f1 in averaged) - 0.05:
        return refusal("F1 fell with more labels, the points are too noisy")
    curves = _plausible(averaged)
    for left_out in range(len(averaged)) if len(averaged) > ENOUGH else ():
        curves += _plausible([point for position, point in enumerate(averaged) if position != left_out])
    gains = sorted(curve.at(so_far + more) - curve.at(so_far) for curve in curves)
    return Forecast(field, so_far, more, median(gains), gains[0], gains[-1], tuple(curves))


def forecasts(points: Mapping[str, Sequence[Point]], more: int = 20) -> list[Forecast]:
    """Every field's forecast: where labels pay most first, fields without a gain last."""
    by_name = [forecast(name, points[name], more) for name in sorted(points)]
    return sorted(by_name, key=lambda item: (item.gain is None, -(item.gain or 0.0)))


def _plausible(points: Sequence[Point]) -> list[Curve]:
    fits = [_fit(points, rate) for rate in _RATES]
    best = min(error for error, _ in fits)
    return [curve for error, curve in fits if error <= best + _TOLERANCE]


def _fit(points: Sequence[Point], rate: float) -> tuple[float, Curve]:
    """Root mean square error and curve of the best ceiling and scale for a rate.

    The ceiling is at most 1, the scale at least 0: points that fall with more labels give a flat curve.
    """
    import numpy as np

    labels, f1 = np.array(points, dtype=np.float64).T
    lost = (labels / labels[0]) ** -rate  # counted from the first point, so that a high rate keeps its digits
    ceiling, slope = np.linalg.lstsq(np.column_stack([np.ones_like(lost), lost]), f1)[0]
    if slope > 0:
        ceiling, slope = f1.mean(), 0.0
    if ceiling > 1:
        ceiling, slope = 1.0, min(0.0, np.linalg.lstsq(lost[:, None], f1 - 1)[0][0])
    curve = Curve(float(ceiling), float(-slope * labels[0] ** rate), rate)
    error = float(np.sqrt(np.mean((f1 - np.clip(ceiling + slope * lost, 0, 1)) ** 2)))
    return error, curve
