"""What the next labels will bring: a power law per field through (labels, F1), with its uncertainty.

F1(n) = ceiling - scale * n ** -rate. The rate is taken from a grid, ceiling and scale by least squares; every rate
that fits the points about as well as the best one stays in, and so do fits that leave one point out. What they
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
    """One fitted power law."""

    ceiling: float  # 0..1
    scale: float  # >= 0
    rate: float

    def at(self, labels: float) -> float:
        """The F1 that the law gives, held within 0..1."""
        return min(1.0, max(0.0, self.ceiling - self.scale * float(labels**-self.rate)))


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the next labels are expected to bring for one field."""

    field: str
    labels: int  # so far
    more: int  # the next
    gain: float | None  # of F1, expected; None: too little to say
    low: float | None  # the gain's range
    high: float | None
    curves: tuple[Curve, ...]
    why: str = ""  # why nothing is said

    @property
    def saturated(self) -> bool:
        """Whether even the brightest view gains next to nothing."""
        return self.high is not None and self.high < _SATURATED

    def sentence(self) -> str:
        """As it is said to the analyst."""
        if self.gain is None or self.low is None or self.high is None:
            return f"{self.field}: {self.why}"
        if self.saturated:
            return f"{self.field}: saturated, the next {self.more} labels bring less than {_SATURATED} F1"
        return (
            f"{self.field}: the next {self.more} labels bring about {self.gain:+.3f} F1 "
            f"(between {self.low:+.3f} and {self.high:+.3f})"
        )


def forecast(field: str, points: Sequence[Point], more: int = 20) -> Forecast:
    """Fit one field's points. Several F1 for the same count (seeds, rounds) are averaged.

    Args:
        field: named in what is said.
        points: evaluations on growing subsets, or of past rounds; on the same evaluated documents.
        more: how many labels the question is about.
    """
    grouped: dict[int, list[float]] = {}
    for labels, f1 in points:
        if labels > 0:
            grouped.setdefault(labels, []).append(f1)
    known = [(labels, sum(values) / len(values)) for labels, values in sorted(grouped.items())]
    so_far = known[-1][0] if known else 0

    def silent(why: str) -> Forecast:
        return Forecast(field, so_far, more, None, None, None, (), f"too little to say: {why}")

    if len(known) < ENOUGH:
        return silent(f"{len(known)} of {ENOUGH} counts of labels were tried")
    if known[-1][0] < 2 * known[0][0]:
        return silent(f"from {known[0][0]} to {known[-1][0]} labels is less than twofold")
    if known[-1][1] < max(f1 for _, f1 in known) - 0.05:
        return silent("F1 fell with more labels, the points are too noisy")
    curves = _plausible(known)
    for left_out in range(len(known)) if len(known) > ENOUGH else ():
        curves += _plausible([point for position, point in enumerate(known) if position != left_out])
    if not curves:
        return silent("no rising curve fits the points")
    gains = sorted(curve.at(so_far + more) - curve.at(so_far) for curve in curves)
    return Forecast(field, so_far, more, median(gains), gains[0], gains[-1], tuple(curves))


def forecasts(points: Mapping[str, Sequence[Point]], more: int = 20) -> list[Forecast]:
    """Every field's forecast: where labels pay most first, fields that nothing can be said of last."""
    found = [forecast(name, points[name], more) for name in sorted(points)]
    return sorted(found, key=lambda one: (one.gain is None, -(one.gain or 0.0)))


def _plausible(known: Sequence[Point]) -> list[Curve]:
    fits = [(error, curve) for rate in _RATES if (fit := _fit(known, rate)) for error, curve in [fit]]
    if not fits:
        return []
    best = min(error for error, _ in fits)
    return [curve for error, curve in fits if error <= best + _TOLERANCE]


def _fit(known: Sequence[Point], rate: float) -> tuple[float, Curve] | None:
    """Root mean square error and curve; None where the points do not rise along this rate."""
    xs = [labels**-rate for labels, _ in known]
    ys = [f1 for _, f1 in known]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    if spread == 0:
        return None
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    if slope > 0:  # falling with more labels: no gain is the nearest law
        slope = 0.0
    ceiling = mean_y - slope * mean_x
    if ceiling > 1:  # F1 ends at 1: the best scale under that ceiling
        ceiling = 1.0
        slope = min(0.0, sum(x * (y - 1) for x, y in zip(xs, ys, strict=True)) / sum(x * x for x in xs))
    curve = Curve(ceiling, -slope, rate)
    error = (sum((y - curve.at(labels)) ** 2 for labels, y in known) / len(known)) ** 0.5
    return error, curve
