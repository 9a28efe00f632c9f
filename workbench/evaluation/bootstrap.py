"""How sure a figure is: the bootstrap over documents, intervals, and the paired comparison of two runs.

Every figure with an interval is a ratio of sums over documents (F1 = 2·TP / (predicted + gold), exact match =
right / asked, …), so that a resample needs only how often each document was drawn: one product of matrices
gives all figures of all resamples. numpy and scipy are imported where they are used: the terminal loads this module.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.evaluation.metrics import Counts, count, total
from workbench.predictions.calibration import wilson_lower
from workbench.predictions.cases import Case

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float64]
    """A figure's value in every resample; NaN where a resample has nothing to divide by."""

Ratio = tuple[int, int]
"""A document's share of a figure: numerator and denominator, both >= 0 and summed over documents."""

Interval = tuple[float, float]

_AT_ONCE = 4_000_000
"""Counts of drawn documents that are held in memory together."""


def resample(figures: Mapping[str, Sequence[Ratio]], resamples: int = 1000, seed: int = 0) -> "dict[str, Samples]":
    """Bootstrap over documents: every figure recomputed on documents drawn with replacement.

    All figures see the same draws, so that their samples can be combined (differences, means).

    Args:
        figures: name -> one (numerator, denominator) a document; all of the same length.
        resamples: how often to draw.
        seed: the same seed gives the same samples.

    Returns:
        name -> `resamples` values, NaN where a draw has nothing to divide by; none where there is no document.
    """
    import numpy as np

    documents = len(next(iter(figures.values()), ()))
    if not documents:
        return {name: np.empty(0) for name in figures}
    table = np.array(list(figures.values()), dtype=np.float64)
    above, below = table[..., 0].T, table[..., 1].T  # documents x figures
    draw, even = np.random.default_rng(seed), np.full(documents, 1 / documents)
    parts = []
    step = max(1, _AT_ONCE // documents)
    for done in range(0, resamples, step):
        drawn = draw.multinomial(documents, even, min(step, resamples - done)).astype(np.float64)
        sums = drawn @ below
        parts.append(np.divide(drawn @ above, sums, out=np.full_like(sums, np.nan), where=sums > 0))
    return dict(zip(figures, np.concatenate(parts).T, strict=True))


def interval(samples: "Samples", documents: int, level: float = 0.95) -> Interval | None:
    """The percentile interval of a bootstrap, widened for few documents.

    Hesterberg's expanded percentiles (What Teachers Should Know about the Bootstrap, 2015, section 4.3): the
    quantiles of Student's t and of n / (n - 1) in place of the normal ones. Where no resample differs (all right, or
    all wrong) the bootstrap knows nothing; Wilson's interval for that many documents is given instead.

    Args:
        samples: values of `resample`, 0..1 or differences in -1..1.
        documents: how many documents carry the figure.
        level: the coverage wished.

    Returns:
        (low, high); None for fewer than two documents, or without any sample.
    """
    import numpy as np
    from scipy.special import ndtri

    known = np.sort(samples[~np.isnan(samples)])
    if not known.size or documents < 2:
        return None
    if known[0] == known[-1] and known[0] in (0.0, 1.0):
        all_right = wilson_lower(documents, documents, float(ndtri(0.5 + level / 2)))
        return (0.0, 1.0 - all_right) if known[0] == 0.0 else (all_right, 1.0)
    tail = _tail(level, documents)
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def _tail(level: float, documents: int) -> float:
    """The share of resamples to leave out on each side for an interval of this level."""
    from scipy.special import ndtr, stdtrit

    student = stdtrit(documents - 1, 0.5 + level / 2)
    return float(ndtr(-math.sqrt(documents / (documents - 1)) * student))


def p_value(share: float, documents: int) -> float:
    """The two-sided p of a share of resamples on the other side of 0.

    The inverse of `_tail`: an interval of the level 1 - p just touches 0, so that the two never contradict each other.
    """
    from scipy.special import ndtri, stdtr

    if documents < 2 or share >= 0.5:
        return 1.0
    student = -ndtri(share) / math.sqrt(documents / (documents - 1))
    return float(2 * stdtr(documents - 1, -student))


def quotient(ratios: Sequence[Ratio]) -> float | None:
    """The figure itself; None where there is nothing to divide by."""
    below = sum(ratio[1] for ratio in ratios)
    return sum(ratio[0] for ratio in ratios) / below if below else None


def carrying(ratios: Sequence[Ratio]) -> int:
    """How many documents have anything to divide by."""
    return sum(1 for _, below in ratios if below)


def f1_ratio(counts: Counts) -> Ratio:
    """A document's share of an F1: 2·TP over predicted + gold."""
    return 2 * counts.right, counts.predicted + counts.gold


@dataclass(frozen=True, slots=True)
class Difference:
    """How run B differs from run A in one figure, over the documents that both have."""

    a: float
    b: float
    difference: float  # b - a
    ci95: Interval | None
    p_value: float  # two-sided

    @property
    def certain(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.ci95 is not None and not self.ci95[0] <= 0.0 <= self.ci95[1]


def compare(
    a: Sequence[Case], b: Sequence[Case], resamples: int = 1000, seed: int = 0
) -> tuple[int, dict[str, Difference]]:
    """Paired bootstrap of two runs' F1.

    A document is known by its name and words: a run from another workspace numbers its documents otherwise.

    Returns:
        how many documents both have, and the difference in `micro` and in every field
    """
    counts_a, counts_b = ({(case.name, case.words): count(case) for case in cases} for cases in (a, b))
    shared = [document for document in counts_a if document in counts_b]
    if not shared:
        return 0, {}
    rows_a, rows_b = ([counts[document] for document in shared] for counts in (counts_a, counts_b))
    return len(shared), compare_counts(rows_a, rows_b, resamples, seed)


def compare_counts(
    a: Sequence[Mapping[str, Counts]], b: Sequence[Mapping[str, Counts]], resamples: int = 1000, seed: int = 0
) -> dict[str, Difference]:
    """The paired bootstrap of F1 from the counts of the same documents: in `micro`, and by name."""
    names = sorted({name for rows in (a, b) for row in rows for name in row})
    nothing = Counts(0, 0, 0)
    figures: dict[str, list[Ratio]] = {}
    for side, rows in (("a", a), ("b", b)):
        figures[f"{side} micro"] = [f1_ratio(total(row.values())) for row in rows]
        for name in names:
            figures[f"{side} {name}"] = [f1_ratio(row.get(name, nothing)) for row in rows]
    samples = resample(figures, resamples, seed)
    return {name: _difference(figures, samples, name) for name in ("micro", *names)}


def _difference(figures: Mapping[str, Sequence[Ratio]], samples: "Mapping[str, Samples]", name: str) -> Difference:
    import numpy as np

    ratios_a, ratios_b = figures[f"a {name}"], figures[f"b {name}"]
    a, b = (quotient(ratios) or 0.0 for ratios in (ratios_a, ratios_b))
    drawn = samples[f"b {name}"] - samples[f"a {name}"]
    drawn = drawn[~np.isnan(drawn)]
    documents = sum(1 for x, y in zip(ratios_a, ratios_b, strict=True) if x[1] or y[1])
    # Two runs that agree everywhere are an exact tie, not an interval of Wilson's.
    ci95 = (0.0, 0.0) if drawn.size and not drawn.any() else interval(drawn, documents)
    share = (min(int((drawn <= 0).sum()), int((drawn >= 0).sum())) + 1) / (drawn.size + 1)
    return Difference(a, b, b - a, ci95, p_value(share, documents))
