"""The upper part of a receipt: lines of text on narrow paper, shop, customer, numbers and dates."""

from dataclasses import dataclass
from random import Random

from workbench.samples.content import Facts
from workbench.samples.sheet import MONO, SANS, SERIF, Paper, Piece, Pieces, plain, text_width

_RULES = ("-", "-", "=", "*", "- ", ".", "")


@dataclass(frozen=True, slots=True)
class ReceiptStyle:
    """What one kind of receipt always has; everything else is drawn per shop."""

    goods: tuple[str, ...]  # forms of the item list, see receipts.py
    table: float = 0.0  # chance of table and guests rows
    buyer: float = 0.0  # chance of a customer block
    fuel: bool = False
    bare: bool = False  # a short slip: few rows, no tax table


class Roll:
    """Writes a receipt's head line by line; `y` is how far down the paper is written."""

    def __init__(self, facts: Facts, house: Random, style: ReceiptStyle, plain_print: bool) -> None:
        self.facts, self.house, self.rng, self.style = facts, house, facts.rng, style
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
        self.date_below = False

    # ---- lines -------------------------------------------------------------------------------------------------
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
        screen = self.inner * at - self.paper.measure(value, size, bold) - size
        if screen < self.paper.measure(label, size, bold):
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

    # ---- blocks ------------------------------------------------------------------------------------------------
    def head(self) -> None:
        """The shop: name, registration, address, ways to reach it; a title or a slogan here and there."""
        facts, house, seller = self.facts, self.house, self.facts.seller
        if self.rng.random() < 0.15:
            self.line(plain(facts.text("junk")))
        if self.title_place == "top" and house.random() < 0.5:
            self.line(facts.label("receipt_title"))
        scale = house.choice((1, 1, 1.2, 1.5, 1.8))
        bold = house.random() < 0.4
        if seller.brand:
            self.line(plain(seller.brand), scale=house.choice((1, 1.6, 2)), bold=bold)
        name: list[Piece] = [(seller.name, facts.mark("seller_name"))]
        reg_place = house.choice(("beside", "below", "below", "none", "late"))
        if reg_place == "beside":
            name.append((seller.reg, None))
        parts = seller.name.split(" ")
        if len(parts) > 2 and house.random() < 0.1:
            at = house.randrange(1, len(parts))
            self.line([(" ".join(parts[:at]), name[0][1])], scale=scale, bold=bold)
            name[0] = (" ".join(parts[at:]), name[0][1])
        self.line(name, scale=scale, bold=bold)
        if house.random() < 0.04:
            self._bare_date(house.random() < 0.6)
        if reg_place == "below":
            self.line(plain(seller.reg))
        tax_early = house.random() < 0.25
        if tax_early:
            self.tax_id()
        if house.random() < 0.1:
            self.line(plain(facts.fill("<core>")))
        if house.random() < 0.93:
            self.address()
        rows = [("phone", seller.phone), ("fax", seller.fax), ("mail", seller.mail), ("web", seller.web)]
        shown = [row for row, chance in zip(rows, (0.7, 0.3, 0.2, 0.15), strict=True) if house.random() < chance]
        if len(shown) > 1 and {"phone", "fax"} <= {key for key, _ in shown} and house.random() < 0.4:
            both = [piece for key, value in shown[:2] for piece in ((facts.word(key) + self.mark, None), (value, None))]
            self.line(both)
            shown = shown[2:]
        for key, value in shown:
            self.line(plain(value if key == "web" else f"{facts.word(key)}{self.mark} {value}"))
        if not tax_early and house.random() < 0.75:
            self.tax_id()
        if reg_place == "late":
            self.line(plain(seller.reg))
        if house.random() < 0.08:
            self.line(plain(facts.text("policy")))
        if house.random() < 0.3:
            self.y += self.pitch * house.random() * 2

    def address(self) -> None:
        """The address as its own lines, or run together and broken where the paper ends."""
        mark = self.facts.mark("seller_address")
        lines = self.facts.seller.lines
        if self.house.random() < 0.35 and self.facts.language != "zh":
            lines = [" ".join(lines)]
        for text in lines:
            self.line([(text, mark)])

    def tax_id(self) -> None:
        """The shop's tax number, now and then in brackets."""
        facts = self.facts
        brackets = self.house.random() < 0.12 and facts.language != "zh"
        label = facts.word("seller_tax_id") + self.mark
        if brackets:
            self.line([(f"({label}", None), (f"{facts.seller.tax})", facts.mark("seller_tax_id"))])
        else:
            self.line([(label, None), (facts.seller.tax, facts.mark("seller_tax_id"))])

    def customer(self) -> None:
        """Who bought, on receipts that say so."""
        facts = self.facts
        self.line(plain(facts.word("bill_to") + self.mark), centre=False)
        if self.rng.random() < 0.3:
            self.line(
                plain(facts.fill(self.rng.choice(("CASH", "Walk-in", "C001", "Cash Sales", "300-C###")))), centre=False
            )
            return
        self.line([(facts.buyer.name, facts.mark("buyer_name"))], centre=False)
        if self.rng.random() < 0.7:
            mark = facts.mark("buyer_address")
            for text in facts.buyer.lines:
                self.line([(text, mark)], centre=False)

    def meta(self) -> None:
        """Number, date, time and till, with or without labels, one or two to a line."""
        facts, house, style = self.facts, self.house, self.style
        tab = house.choice((0, 0, 0, 0.3, 0.38)) * self.inner
        self.date_below = house.random() < 0.2
        rows: list[tuple[str, list[Piece]]] = []
        if house.random() < 0.85:
            rows.append(("receipt_no", [(facts.number, facts.mark("invoice_no"))]))
        time_form = house.choice(("beside", "beside", "own", "none", "labelled"))
        bare_date = house.random() < 0.25
        dated = facts.given("invoice_date")
        if not self.date_below and not bare_date and not dated:
            value = facts.dated("invoice_date")
            if time_form == "beside":
                value.append((facts.clock(), None))
            elif time_form == "labelled":
                value += [(facts.word("time") + self.mark, None), (facts.clock(), None)]
            rows.append(("date", value))
            if time_form == "own":
                rows.append(("time", plain(facts.clock())))
        extras = ["cashier", "till", "trans", "sales", "customer_no", "delivery_no", "terms"]
        for key in house.sample(extras, house.randrange(0, 2 if style.bare else 4)):
            rows.append((key, plain(self._extra(key))))
        if house.random() < style.table:
            rows.append(("table", plain(str(self.rng.randrange(1, 60)))))
        if house.random() < 0.06:
            rows.append(("purchase_order", [(facts.order, facts.mark("purchase_order"))]))
        if house.random() < 0.4:
            house.shuffle(rows)
        if bare_date and not self.date_below and not dated:
            self._bare_date(time_form != "none")
        two = house.random() < 0.25
        pending: tuple[str, list[Piece]] | None = None
        for key, value in rows:
            row = [(facts.word(key) + self.mark, None), *value]
            if two and pending:
                first = [(facts.word(pending[0]) + self.mark, None), *pending[1]]
                self.pair(first, row)
                pending = None
            elif two:
                pending = (key, value)
            else:
                self.labelled(key, value, tab)
        if pending:
            self.labelled(*pending, tab)

    def _bare_date(self, clock: bool) -> None:
        """A date without a label, often with a time or a till number on its line."""
        value = self.facts.dated("invoice_date")
        if not clock:
            self.line(value)
        elif self.house.random() < 0.3:
            self.pair(value, plain(self.facts.clock()))
        elif self.house.random() < 0.2:
            self.line([(self.facts.fill("##"), None), *value, (self.facts.clock(), None)])
        else:
            self.line([*value, (self.facts.clock(), None)])

    def _extra(self, key: str) -> str:
        facts = self.facts
        match key:
            case "cashier" | "sales":
                return facts.fill(self.rng.choice(("<first>", "<first> <surname>", "##", "@@##", "<first>")))
            case "terms":
                return facts.text("terms_value")
            case "till":
                return facts.fill(self.rng.choice(("#", "0#", "POS##", "@#", "T#")))
        return facts.fill(self.rng.choice(("######", "####", "@##-###", "%#######", "##########")))
