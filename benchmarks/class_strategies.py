"""How many labels each way of choosing needs for a class field, with the head that learns after every label.

    python benchmarks/class_strategies.py ../shared/data/claims/train.jsonl --positive claim --half 0 --orders 24
    python benchmarks/class_strategies.py sample_data/mails.jsonl --pool 260 --test 140 --start 10 --batch 5 --most 100

The texts are encoded once (`--vectors FILE` keeps that), and heads are fitted to the vectors, as the learner does it.
Of a half of the texts (`--half`: one to choose a strategy with, the other to confirm it) or of all, each order draws a
pool and a test side. A way is BEGIN:STRATEGY: its first texts, and what chooses the further ones; ways that begin at
random begin with the same texts. A line a way: the labels until macro F1, and the F1 of the class at equal shares, are
95 % of those with the whole pool's labels, as mean and median of the orders, each with its share of random's (an order
that never gets there counts as `--most`); macro F1 with 40, 60 and 100 labels; and the mean of its curve against the
first way's, with a standard error.

Beginnings are `random`, `typical` (the program's, by the encoder's vectors), `typical_words` (its, by counted words).
Strategies are the program's, and some that are measured here alone: `kinds` (the default before: one of each kind of
the five times as many least sure), `density` (that, doubt times how near the nearest hundredth of the pool lies),
`variance` (greedily what lowers the variance of the head's predictions over the pool most, by Fisher information), and
`best_of_pool` and `best_of_test`, which know the labels of one side and take of 20 texts the one that helps there most.
"""

import argparse
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.active_learning.class_selection import scores_of, words_to_vectors
from workbench.active_learning.strategies import coverage, diversity, registry
from workbench.active_learning.strategies.pool import Pool, unit
from workbench.fields import FieldType
from workbench.fields.schema import Field, FieldKind
from workbench.training.learner import class_head
from workbench.training.learner.text_encoder import TextEncoder

Vectors = NDArray[np.float32]
Curve = list[tuple[int, float, float]]
TARGET, CURVE, TRIES, DIRECTIONS, UNSURE = 0.95, (40, 60, 100), 20, 100, 5


@dataclass
class Order:
    """A pool to choose from and a test side, and what is labelled of the pool."""

    texts: list[str]
    x: Vectors
    y: NDArray[Any]
    test_x: Vectors
    test_y: NDArray[Any]
    options: tuple[str, ...]
    positive: str
    labelled: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.unit = unit(self.x.copy(), self.x.mean(0))
        left, strengths, _ = np.linalg.svd(self.x - self.x.mean(0), full_matrices=False)
        self.reduced = np.hstack([left[:, :DIRECTIONS] * strengths[:DIRECTIONS], np.ones((len(self.x), 1))])

    def shares(self, numbers: list[int], of: Vectors) -> NDArray[Any]:
        """What a head that learned these texts says of vectors, (texts, options)."""
        spec = Field("class", "class", FieldType.ID, "1", "#ffffff", kind=FieldKind.CLASS, options=self.options)
        head = class_head.fit(self.x[numbers], [[self.y[number]] for number in numbers], spec)
        if head is None:
            return np.full((len(of), len(self.options)), 1 / len(self.options))
        return np.array([[row.get(option, 0.0) for option in self.options] for row in head.shares(of)])

    def figures(self, numbers: list[int], x: Vectors, y: NDArray[Any]) -> tuple[float, float]:
        """Macro F1, and the F1 of the positive class if half of the texts were of it."""
        taken = np.array(self.options)[self.shares(numbers, x).argmax(1)]
        each = [2 * ((taken == o) & (y == o)).sum() / max(1, (taken == o).sum() + (y == o).sum()) for o in self.options]
        is_taken, is_so = taken == self.positive, y == self.positive
        recall, alarms = is_taken[is_so].mean(), is_taken[~is_so].mean()
        return float(np.mean(each)), float(2 * recall / (1 + recall + alarms))


Shares = NDArray[Any]
Free = NDArray[Any]
Choose = Callable[[Order, Shares, Free, int, np.random.Generator], list[int]]
"""(order, shares of the pool, numbers without a label, size, random generator) -> numbers."""


def of_program(name: str) -> Choose:
    strategy = registry.get(name, "classes").load()

    def choose(order: Order, shares: Shares, free: Free, size: int, rng: np.random.Generator) -> list[int]:
        counts = [int((order.y[order.labelled] == option).sum()) for option in order.options]
        scores = scores_of(np.clip(shares[free], 1e-6, None), counts)
        pool = Pool(free.astype(np.int64), scores, order.unit[free], order.unit[order.labelled])
        return [int(free[index]) for index, _ in strategy(pool, size, rng)]

    return choose


def by_worth(worth: Callable[[Order, Shares, Free], Shares]) -> Choose:
    """One of each kind of the five times as many that are worth most."""

    def choose(order: Order, shares: Shares, free: Free, size: int, rng: np.random.Generator) -> list[int]:
        scores = worth(order, shares, free)
        among = np.argsort(-scores, kind="stable")[: UNSURE * size]
        pool = Pool(free[among].astype(np.int64), {"value_error": scores[among]}, order.unit[free[among]])
        return [int(free[among[index]]) for index, _ in diversity.per_cluster(pool, size, rng)]

    return choose


def doubt(order: Order, shares: Shares, free: Free) -> Shares:
    found: Shares = 1 - shares[free].max(1)
    return found


def dense_doubt(order: Order, shares: Shares, free: Free) -> Shares:
    nearness = order.unit[free] @ order.unit[free].T
    typicality = np.sort(nearness, axis=1)[:, -1 - max(1, len(free) // 100) : -1].mean(1)
    worth: Shares = doubt(order, shares, free) * np.clip(typicality, 1e-3, None)
    return worth


def by_variance(order: Order, shares: Shares, free: Free, size: int, rng: np.random.Generator) -> list[int]:
    z, doubt = order.reduced, np.clip(1 - (shares**2).sum(1), 2e-3, None) / 2
    of_pool = (z[free] * doubt[free, None]).T @ z[free] / len(free)
    known = (z[order.labelled] * doubt[order.labelled, None]).T @ z[order.labelled]
    inverse = np.linalg.inv(known + np.eye(z.shape[1]))
    chosen: list[int] = []
    for _ in range(size):
        reached = z[free] @ inverse
        gain = ((reached @ of_pool) * reached).sum(1) / (1 / doubt[free] + (reached * z[free]).sum(1))
        gain[np.isin(free, chosen)] = -1
        best = int(free[gain.argmax()])
        chosen.append(best)
        column = inverse @ z[best]
        inverse = inverse - np.outer(column, column) / (1 / doubt[best] + z[best] @ column)
    return chosen


def by_labels(on_test: bool) -> Choose:
    def choose(order: Order, shares: Shares, free: Free, size: int, rng: np.random.Generator) -> list[int]:
        x, y = (order.test_x, order.test_y) if on_test else (order.x, order.y)
        chosen: list[int] = []
        for _ in range(size):
            tried = rng.choice(np.setdiff1d(free, chosen), TRIES, replace=False).tolist()
            chosen.append(max(tried, key=lambda number: order.figures([*order.labelled, *chosen, number], x, y)[0]))
        return chosen

    return choose


OWN: dict[str, Choose] = {
    "kinds": by_worth(doubt), "density": by_worth(dense_doubt), "variance": by_variance,
    "best_of_pool": by_labels(False), "best_of_test": by_labels(True),
}  # fmt: skip


def beginning(order: Order, how: str, size: int, rng: np.random.Generator) -> list[int]:
    if how == "random":
        return [int(number) for number in rng.choice(len(order.x), size, replace=False)]
    vectors = words_to_vectors(order.texts) if how == "typical_words" else order.unit
    return [index for index, _ in coverage.typical(Pool(np.arange(len(vectors)), {}, vectors), size, rng)]


def labelled_on(
    order: Order, choose: Choose, full: tuple[float, float], batch: int, most: int, rng: np.random.Generator
) -> Curve:
    """Label batch after batch until both figures were reached once; (labels, macro F1, F1 at equal shares) of each."""
    curve: Curve = []
    while True:
        curve.append((len(order.labelled), *order.figures(order.labelled, order.test_x, order.test_y)))
        reached = all(any(point[column] >= TARGET * full[column - 1] for point in curve) for column in (1, 2))
        if len(order.labelled) >= most or (reached and len(order.labelled) >= max(CURVE)):
            return curve
        free = np.setdiff1d(np.arange(len(order.x)), order.labelled)
        shares = order.shares(order.labelled, order.x)
        order.labelled = [*order.labelled, *choose(order, shares, free, batch, rng)]


def needed(curves: list[Curve], full: list[tuple[float, float]], column: int, most: int) -> list[int]:
    """The labels until a figure (1: macro, 2: at equal shares) is first 95 % of the full one, for each order."""
    wanted = [TARGET * figures[column - 1] for figures in full]
    return [next((p[0] for p in c if p[column] >= f), most) for c, f in zip(curves, wanted, strict=bool(curves))]


def shown(labels: list[int], of_random: list[int]) -> str:
    mean, median = np.mean(labels), np.median(labels)
    shares = f" ({mean / np.mean(of_random):.2f}, {median / np.median(of_random):.2f})" if of_random else ""
    return f"{mean:5.1f}, {median:5.1f}{shares}"


def table(curves: dict[str, list[Curve]], full: list[tuple[float, float]], most: int, columns: tuple[int, ...]) -> None:
    first = next(iter(curves.values()))
    control = curves.get("random:random", [])
    for way, mine in curves.items():
        counts = [
            shown(needed(mine, full, column, most), needed(control, full, column, most) if control else [])
            for column in columns
        ]
        at = [np.mean([next((p[1] for p in c if p[0] >= count), c[-1][1]) for c in mine]) for count in CURVE]
        pairs = [([p[1] for p in a], [p[1] for p in b]) for a, b in zip(mine, first, strict=True)]
        means = [np.mean(a[: len(b)]) - np.mean(b[: len(a)]) for a, b in pairs]
        error = np.std(means, ddof=1) / len(means) ** 0.5 if len(means) > 1 else 0.0
        figures = " ".join(f"{figure:.3f}" for figure in at)
        print(f"{way:26} {'  equal '.join(counts)}  {figures}  {np.mean(means):+.3f} ± {error:.3f}", flush=True)


def halves(count: int, half: int | None) -> NDArray[Any]:
    mixed = np.array(random.Random(77).sample(range(count), count))
    return mixed if half is None else np.array_split(mixed, 2)[half]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, help="JSONL with text and label")
    parser.add_argument("--positive", default="", help="the class whose F1 at equal shares is shown")
    usual = "random,random:per_cluster,typical_words:per_cluster,typical:per_cluster,random:kinds,typical:random"
    parser.add_argument("--strategies", default=usual, help="BEGIN:STRATEGY, …; without BEGIN at random")
    parser.add_argument("--half", type=int, choices=(0, 1), help="of the texts; all without it")
    parser.add_argument("--orders", type=int, default=12)
    parser.add_argument("--first-order", type=int, default=0)
    parser.add_argument("--pool", type=int, default=2000)
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--start", type=int, default=20)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--most", type=int, default=200)
    parser.add_argument("--vectors", type=Path, help="a .npy file that is read, or written where it is missing")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.texts.read_text(encoding="utf-8").splitlines()]
    texts, labels = [row["text"].casefold() for row in rows], np.array([str(row["label"]) for row in rows])
    if options.vectors is not None and options.vectors.is_file():
        vectors = np.load(options.vectors)
    else:
        encoder = TextEncoder()
        vectors = np.vstack([encoder.vectors(texts[first : first + 64]) for first in range(0, len(texts), 64)])
        if options.vectors is not None:
            np.save(options.vectors, vectors)
    half = halves(len(texts), options.half)
    ways = [way if ":" in way else f"random:{way}" for way in options.strategies.split(",")]
    chooses = {way: OWN.get(name) or of_program(name) for way in ways for name in [way.partition(":")[2]]}
    curves: dict[str, list[Curve]] = {way: [] for way in ways}
    full: list[tuple[float, float]] = []
    for number in range(options.first_order, options.first_order + options.orders):
        drawn = half[random.Random(1000 + number).sample(range(len(half)), options.pool + options.test)]
        pool, test = drawn[: options.pool], drawn[options.pool :]
        order = Order(
            [texts[i] for i in pool], vectors[pool].astype(np.float32), labels[pool], vectors[test].astype(np.float32),
            labels[test], tuple(sorted(set(labels.tolist()))), options.positive or str(labels[0]),
        )  # fmt: skip
        full.append(order.figures(list(range(len(pool))), order.test_x, order.test_y))
        for way, choose in chooses.items():
            rng = np.random.default_rng(number)
            order.labelled = beginning(order, way.partition(":")[0], options.start, rng)
            curves[way].append(labelled_on(order, choose, full[-1], options.batch, options.most, rng))
    macro, equal = np.mean(full, axis=0)
    also = f", at equal shares {equal:.3f}" if options.positive else ""
    print(f"{options.orders} orders; all {options.pool} labels: macro F1 {macro:.3f}{also}")
    table(curves, full, options.most, (1, 2) if options.positive else (1,))


if __name__ == "__main__":
    main()
