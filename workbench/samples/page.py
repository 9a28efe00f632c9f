"""The page of an A4 invoice while its blocks are written: margins, style, and how far down it is filled."""

from collections.abc import Sequence
from random import Random

from workbench.samples.content import Facts
from workbench.samples.placed_words import Paper, Piece


class InvoicePage:
    """What all blocks of an invoice share; `y` is where the next row of blocks begins."""

    def __init__(self, facts: Facts, house: Random, paper: Paper) -> None:
        self.facts, self.house, self.paper, self.rng = facts, house, paper, facts.rng
        self.margin = house.uniform(36, 70)
        self.left, self.right = self.margin, paper.width - self.margin
        self.y = house.uniform(28, 85)
        self.bottom = paper.height - 105
        self.leading = house.uniform(1.15, 1.5)
        self.gap = paper.size * house.uniform(1.0, 3.2)
        zh = facts.language == "zh"
        self.mark = house.choice((":", ":", "", " :", " :") if not zh else ("：", ":", "："))
        self.title_size = paper.size * house.uniform(1.1, 2.1)
        self.bold_labels = house.random() < 0.3
        self.grid = house.random() < 0.3
        self.shade = house.random() < 0.35
        self.columns = house.random()  # which columns the goods have, decided before documents can differ
        self.goods_at = house.choice(
            (0.0, 0.0, house.uniform(0.28, 0.5))
        )  # the goods begin here or lower, of the height
        self.details = house.random() < 0.3  # goods have a second line
        self.signed_goods = house.random() < 0.35  # amounts of goods have the currency beside them
        self.percent = house.choice(("%", "%", " %"))

    def turn(self) -> None:
        self.paper.turn()
        self.y = self.margin * 0.8

    def lines(self, x: float, y: float, width: float, rows: Sequence[Sequence[Piece]], **style: object) -> float:
        """Lines wrapped to a width; returns the y below them."""
        return self.paper.column(x, y, width, rows, leading=self.leading, **style)  # type: ignore[arg-type]

    def labelled(self, key: str, value: Sequence[Piece]) -> list[Piece]:
        return [(self.facts.word(key) + self.mark, None), *value]
