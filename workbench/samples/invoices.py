"""A4 invoices: arrangements of blocks, on several pages if needed."""

from dataclasses import dataclass
from random import Random

from workbench.samples.blocks import Blocks
from workbench.samples.content import Facts
from workbench.samples.page import InvoicePage
from workbench.samples.placed_words import MONO, SANS, SERIF, Paper

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Rows of blocks from top to bottom; the blocks of a row stand side by side. "" leaves the place empty."""

    rows: Rows
    kind: str = "invoice"
    pages: bool = False  # goods for several pages
    seller_below: bool = False  # the seller is printed in the footer only


_HEADS: tuple[Rows, ...] = (
    (("seller", "title+meta"), ("buyer", "ship")),
    (("title", "seller"), ("buyer", "meta")),
    (("seller",), ("title",), ("buyer", "meta")),
    (("title",), ("seller", "buyer"), ("meta_table",)),
    (("seller_centred",), ("title_centred",), ("meta", "buyer")),
    (("meta", "seller"), ("title",), ("buyer", "ship")),
    (("", "seller"), ("window", "meta"), ("title",)),
    (("window", "seller+meta"), ("sentence",)),
    (("title",), ("meta_stacked",), ("from", "buyer")),
    (("from", "buyer", "meta"), ("title",)),
    (("buyer", "seller"), ("sentence",), ("meta_table",)),
    (("seller_line",), ("title", "meta"), ("buyer", "ship")),
    (("sentence",), ("card_meta",), ("card_seller", "card_buyer")),
    (("title", ""), ("buyer", "meta"), ("meta_stacked",)),
    (("seller", "buyer"), ("title",), ("meta", "terms")),
)
_TAILS: tuple[Rows, ...] = (
    (("", "totals"), ("pay",), ("notes",)),
    (("pay", "totals"), ("notes",)),
    (("tax_table", "totals"), ("pay",)),
    (("totals_wide",), ("pay",)),
    (("totals", "pay"), ("notes",)),
    (("notes", "totals"), ("tax_table",)),
    (("", "totals"), ("tax_table", ""), ("pay",)),
)

ARRANGEMENTS: dict[str, Arrangement] = {
    "invoice-classic": Arrangement((*_HEADS[0], ("items",), *_TAILS[1])),
    "invoice-window": Arrangement((*_HEADS[6], ("items",), *_TAILS[0])),
    "invoice-boxed": Arrangement((*_HEADS[3], ("items",), *_TAILS[2])),
    "invoice-centred": Arrangement((*_HEADS[4], ("items",), *_TAILS[3])),
    "invoice-cards": Arrangement((*_HEADS[12], ("items",), *_TAILS[3])),
    "invoice-stacked": Arrangement((*_HEADS[8], ("items",), *_TAILS[4])),
    "invoice-footer": Arrangement(
        (("brand",), ("buyer", "meta"), ("title",), ("items",), *_TAILS[0]), seller_below=True
    ),
    "invoice-account": Arrangement(
        (("seller", "meta"), ("title",), ("summary",), ("buyer", ""), ("items",), *_TAILS[0])
    ),
    "invoice-three": Arrangement((*_HEADS[9], ("items",), *_TAILS[6])),
    "invoice-letter": Arrangement((("brand",), *_HEADS[7], ("items",), *_TAILS[5])),
    "invoice-long": Arrangement((*_HEADS[5], ("items",), *_TAILS[2]), pages=True),
    "invoice-credit": Arrangement((*_HEADS[1], ("items",), *_TAILS[0]), kind="credit"),
    "invoice-reminder": Arrangement((*_HEADS[1], ("opening",), ("items",), *_TAILS[0]), kind="reminder"),
    "invoice-free": Arrangement(()),
}


def compose(facts: Facts, house: Random, template: str, plain_print: bool) -> Paper:
    """An A4 (or letter) invoice of this template."""
    arrangement = ARRANGEMENTS[template]
    rows = arrangement.rows or (*house.choice(_HEADS), ("items",), *house.choice(_TAILS))
    seller_below = arrangement.seller_below
    names = {name for row in rows for block in row for name in block.split("+")}
    if not arrangement.rows and house.random() < 0.12:
        rows = tuple(tuple("brand" if block == "seller" else block for block in row) for row in rows)
        seller_below = not names & {"window", "from", "card_seller", "seller_line", "seller_centred"}
    if arrangement.kind != "reminder" and house.random() < 0.45:
        rows = tuple(row for part in rows for row in ([("opening",), part] if part == ("items",) else [part]))
    if house.random() < 0.6:
        rows = (*rows, ("closing",))
    font = house.choice((SANS, SANS, SANS, SERIF, MONO if not plain_print else SANS))
    size = house.uniform(8, 10.5) * (0.85 if font == MONO else 1)
    width, height = house.choice(((595.0, 842.0), (595.0, 842.0), (612.0, 792.0)))
    zh = facts.language == "zh"
    paper = Paper(width, height, font, size, glued=zh, upper=not zh and house.random() < 0.08)
    blocks = Blocks(InvoicePage(facts, house, paper))
    for row in rows:
        blocks.row(row)
    if seller_below or house.random() < 0.5:
        blocks.footer()
    blocks.page_numbers()
    return paper
