"""Lines of text on the narrow paper of a receipt."""

from dataclasses import dataclass
from random import Random

from workbench.samples.content import Facts
from workbench.samples.placed_words import MONO, SANS, SERIF, Paper, Pieces, plain, text_width

_RULES = ("-", "-", "=", "*", "- ", ".", "")


@dataclass(frozen=True, slots=True)
class ReceiptStyle:
    """What one kind of receipt always has; the rest is drawn per shop."""

    goods: tuple[str, ...]  # forms of the item list, see receipts.py
    table: float = 0.0  # chance of table and guests rows
    buyer: float = 0.0  # chance of a customer block
    fuel: bool = False
    bare: bool = False  # a short slip: few rows, no tax table


class Roll:
    """Writes a receipt line by line; `y` is where the next line begins."""

    def __init__(self, facts: Facts, house: Random, plain_print: bool) -> None:
        self.facts, self.house, self.rng = facts, house, facts.rng
        font = house.choice((MONO, MONO, MONO, SANS, SANS, SERIF))
        size = house.uniform(8, 11)
        columns = house.randrange(34, 50) if font == MONO else house.randrange(40, 64)
        self.inner = columns * size * (0.6 if font == MONO else 0.5)
        self.margin = self.inner * (0.07 if plain_print else house.choice((0.02, 0.05, 0.1, 0.15, 0.3)))
        width = self.inner + 2 * self.margin
        zh = facts.language == "zh"
        self.paper = Paper(width, 10_000, font, size, glued=zh, upper=not zh and house.random() < 0.5)
        self.left, self.right = self.margin, self.margin + self.inner
        self.y = size * house.uniform(0.5, 5)
        self.pitch = size * house.uniform(1.15, 1.6)
        self.centred = house.random() < 0.75
        self.mark = house.choice((":", ":", " :", "", ".", ":") if not zh else ("：", ":", "："))
        self.dash = house.choice(_RULES)
        self.title_place = house.choice(("top", "mid", "mid", "none", "none", "meta"))
        self.total_size = house.choice((1, 1, 1, 1.3, 1.6))

    def line(self, pieces: Pieces, *, centre: bool | None = None, scale: float = 1, bold: bool = False) -> None:
        """One line, wrapped where the paper is too narrow."""
        size = self.paper.size * scale
        align = "c" if (self.centred if centre is None else centre) else "l"
        leading = self.pitch / self.paper.size
        self.y = self.paper.column(
            self.left, self.y, self.inner, [pieces], size=size, bold=bold, align=align, leading=leading
        )

    def pair(self, label: Pieces, value: Pieces, *, at: float = 1.0, scale: float = 1, bold: bool = False) -> None:
        """A label on the left and its value ending at a share `at` of the width; below it when both do not fit."""
        size = self.paper.size * scale
        space = self.inner * at - self.paper.measure(value, size, bold) - size
        if space < self.paper.measure(label, size, bold):
            if self.paper.measure(label, size, bold) > self.inner or self.paper.measure(value, size, bold) > self.inner:
                self.line(label, centre=False)
                self.line(value, centre=False)
                return
            self.paper.put(self.left, self.y, label, size=size, bold=bold)
            self.y += self.pitch * scale
        else:
            self.paper.put(self.left, self.y, label, size=size, bold=bold)
        self.paper.put(self.left + self.inner * at, self.y, value, size=size, bold=bold, align="r")
        self.y += self.pitch * scale

    def labelled(self, key: str, value: Pieces, tab: float) -> None:
        """`Label: value`, right behind it or at a tab stop."""
        text = self.facts.word(key)
        label = plain(text + self.mark)
        if tab:
            start = self.left + tab
            fits = tab + self.paper.measure([(":", None), *value]) <= self.inner
            if fits and self.paper.measure(plain(text)) < tab - self.paper.size:
                self.paper.put(self.left, self.y, plain(text))
                colon = [(":", None)] if self.mark.strip() else []
                self.paper.put(start, self.y, [*colon, *value])
                self.y += self.pitch
                return
        self.line([*label, *value], centre=False)

    def rule(self) -> None:
        """A line of dashes, printed as characters or drawn."""
        if self.dash and self.house.random() < 0.7:
            count = int(self.inner * 0.98 / (text_width(self.paper.font, self.dash) * self.paper.size))
            self.paper.put(self.left, self.y, plain(self.dash * count))
            self.y += self.pitch
        else:
            self.paper.rule(self.left, self.y + self.pitch * 0.3, self.right)
            self.y += self.pitch * 0.7
