"""Receipts: narrow paper from shops, restaurants, petrol stations and trades, put together from blocks."""

from dataclasses import replace
from random import Random

from workbench.samples.content import Facts, LineItem
from workbench.samples.placed_words import Paper, Piece, plain
from workbench.samples.receipt_head import ReceiptHead
from workbench.samples.receipt_paper import ReceiptStyle, Roll

STYLES: dict[str, ReceiptStyle] = {
    "receipt-market": ReceiptStyle(("coded", "named", "tagged")),
    "receipt-dine": ReceiptStyle(("counted", "counted", "named"), table=0.8),
    "receipt-fuel": ReceiptStyle(("counted",), fuel=True),
    "receipt-trade": ReceiptStyle(("table", "table", "coded"), buyer=0.6),
    "receipt-slip": ReceiptStyle(("counted", "plain"), bare=True),
    "receipt-free": ReceiptStyle(("coded", "named", "tagged", "counted", "table", "plain"), table=0.2, buyer=0.2),
}


def compose(facts: Facts, house: Random, template: str, plain_print: bool) -> Paper:
    """A receipt of this template."""
    return _Receipt(facts, house, STYLES[template], plain_print).write()


class _Receipt:
    def __init__(self, facts: Facts, house: Random, style: ReceiptStyle, plain_print: bool) -> None:
        self.roll = Roll(facts, house, plain_print)
        self.paper, self.style = self.roll.paper, style
        self.facts, self.house, self.rng = facts, house, facts.rng
        self.head = ReceiptHead(self.roll, style)

    def items(self) -> None:
        facts, house = self.facts, self.house
        form = house.choice(self.style.goods)
        priced = house.random() < 0.15 and facts.sign_place in ("glued", "before")
        tag = " " + facts.word("exempt") if house.random() < 0.2 else ""
        columns = {
            "table": (("col_desc", 0), ("col_qty", 0.58), ("col_price", 0.78), ("col_amount", 1)),
            "counted": (("col_qty", 0), ("col_desc", 0.14), ("col_amount", 1)),
        }.get(form, (("col_desc", 0), ("col_amount", 1)))
        if house.random() < 0.6:
            self._heads(columns)
        for item in facts.items:
            value = facts.priced(item.amount) if priced else plain(facts.amount(item.amount) + tag)
            self._item(form, item, value)

    def _heads(self, columns: tuple[tuple[str, float], ...]) -> None:
        edge = self.roll.left
        for key, at in columns:
            label = self.facts.label(key)
            width = self.paper.measure(label)
            start = self.roll.left + at * self.roll.inner - (0 if at < 0.5 else width)
            if start >= edge and start + width <= self.roll.right + 0.1:
                self.paper.put(start, self.roll.y, label)
                edge = start + width + self.paper.size * 0.7
        self.roll.y += self.roll.pitch
        if self.house.random() < 0.6:
            self.roll.rule()

    def _item(self, form: str, item: LineItem, value: list[Piece]) -> None:
        facts, house = self.facts, self.house
        price = facts.amount(item.price)
        times = f"{item.quantity} {house.choice(('x', 'X', '@', '*'))} {price}"
        match form:
            case "coded":
                self.roll.line(plain(f"{item.code} {item.text}" if house.random() < 0.3 else item.text), centre=False)
                self.roll.pair(plain(f"{item.code}  {times}" if house.random() < 0.5 else times), value)
            case "named":
                self.roll.line(plain(item.text), centre=False)
                self.roll.pair(plain(f"  {times}"), value)
            case "tagged":
                self.roll.pair(plain(item.text), value)
                if not item.quantity.startswith("1"):
                    self.roll.line(plain(f"   {times}"), centre=False)
            case "counted":
                self.roll.pair(plain(f"{item.quantity} {item.text}"), value)
            case "table":
                self._columns(item, price, value)
            case _:
                self.roll.pair(plain(item.text), value)

    def _columns(self, item: LineItem, price: str, value: list[Piece]) -> None:
        """Description, quantity, price and amount under their heads; the description above when it is long."""
        paper = self.paper
        if paper.measure(plain(item.text)) > self.roll.inner * 0.44:
            self.roll.line(plain(item.text), centre=False)
            paper.put(self.roll.left, self.roll.y, plain(item.code))
        else:
            paper.put(self.roll.left, self.roll.y, plain(item.text))
        space = self.roll.inner * 0.2 - paper.size * 0.5
        if paper.measure(value) < space and paper.measure(plain(price)) < space:
            paper.put(self.roll.left + self.roll.inner * 0.78, self.roll.y, plain(price), align="r")
            if (
                paper.measure(plain(item.quantity)) < self.roll.inner * 0.14 - paper.size
                and paper.measure(plain(item.code)) < self.roll.inner * 0.44
            ):
                paper.put(self.roll.left + self.roll.inner * 0.58, self.roll.y, plain(item.quantity), align="r")
        paper.put(self.roll.right, self.roll.y, value, align="r")
        self.roll.y += self.roll.pitch

    def totals(self) -> None:
        facts, house, rng = self.facts, self.house, self.rng
        at = house.choice((1, 1, 1, 1, 0.8))
        if house.random() < 0.35:
            count = plain(
                str(
                    len(facts.items)
                    if rng.random() < 0.5
                    else sum(int(float(i.quantity.replace(",", "."))) for i in facts.items)
                )
            )
            self.roll.pair(plain(facts.word("qty_total") + self.roll.mark), count, at=house.choice((0.5, 1)))
        signed = house.random() < 0.35
        before = facts.service or facts.discount or not facts.gross or house.random() < 0.5
        if facts.gross and before:
            self._sum_row("before_round" if rng.random() < 0.3 else "net", facts.goods, "", at, signed, gross=True)
        if facts.discount:
            self._sum_row("discount", facts.discount, "", at, signed)
        if facts.service:
            self._sum_row("service", facts.service, "", at, signed)
        net_row = not facts.gross or house.random() < 0.25
        if net_row:
            self._sum_row("net", facts.net, "amount_net", at, signed)
            self._sum_row("tax", facts.tax, "amount_tax", at, signed)
        last = "receipt_total"
        if facts.rounding and house.random() < 0.85:
            self._sum_row("before_round", facts.unrounded, "", at, signed)
            self._sum_row("rounding", facts.rounding, "", at, signed)
            last = house.choice(("after_round", "after_round", "receipt_total"))
        elif house.random() < 0.15 and not facts.rounding:
            self._sum_row("receipt_total", facts.total, "", at, signed)
            if house.random() < 0.5:
                self._sum_row("rounding", 0, "", at, signed)
            last = "after_round"
        scale = self.roll.total_size
        bold = house.random() < 0.4
        if house.random() < 0.3:
            self.roll.rule()
        label = facts.label(last, value=True)
        label[-1] = (label[-1][0] + self.roll.mark.strip(), label[-1][1])
        carries_code = any(mark for _, mark in label)
        value = facts.priced(facts.total, "amount_total", sign=False if carries_code else signed or None)
        if house.random() < 0.12:
            self.roll.line([*label, *value], centre=house.random() < 0.3, scale=scale, bold=bold)
        else:
            self.roll.pair(label, value, at=at, scale=scale, bold=bold)
        if house.random() < 0.4:
            self.roll.rule()

    def _sum_row(self, key: str, cents: int, field: str, at: float, signed: bool, *, gross: bool = False) -> None:
        facts = self.facts
        label = plain(facts.word(key)) if gross else facts.label(key, value=True)
        label[-1] = (label[-1][0] + self.roll.mark.strip(), label[-1][1])
        self.roll.pair(label, facts.priced(cents, field, sign=signed or None), at=at)

    def payment(self) -> None:
        facts, house, rng = self.facts, self.house, self.rng
        if house.random() < 0.15:
            return
        signed = house.random() < 0.3
        if rng.random() < 0.65:
            step = rng.choice((100, 500, 1000, 5000))
            tendered = -(-facts.total // step) * step
            self.roll.pair(plain(facts.word("cash")), facts.priced(tendered, sign=signed or None))
            if house.random() < 0.85:
                self.roll.pair(plain(facts.word("change")), facts.priced(tendered - facts.total, sign=signed or None))
        else:
            self.roll.pair(plain(facts.text("card")), facts.priced(facts.total, sign=signed or None))
            if rng.random() < 0.5:
                self.roll.line(
                    plain(facts.fill(rng.choice(("XXXXXXXXXXXX####", "************####", "XXXX-XXXX-XXXX-####")))),
                    centre=False,
                )
            if rng.random() < 0.4:
                self.roll.line(plain(facts.fill("AID: A0000000##### APPR ######")), centre=False)

    def tax_table(self) -> None:
        facts = self.facts
        if facts.rate == "0":
            return
        if self.house.random() < 0.6:
            self.roll.line(facts.label("tax_table"))
        heads = facts.text("tax_cols").split(",")
        code = f"{facts.word('exempt')} = {facts.rate_text}%" if self.house.random() < 0.3 else f"{facts.rate_text}%"
        cells = [code, facts.amount(facts.net), facts.amount(facts.tax), facts.amount(facts.net + facts.tax)][
            : len(heads)
        ]
        widths = self.roll.inner / len(heads)
        rows = [heads, cells]
        if self.house.random() < 0.25:
            rows.append([facts.word("before_round").split(" ")[0], *cells[1:]])
        for row in rows:
            if all(self.paper.measure(plain(cell)) < widths - 2 for cell in row):
                for column, cell in enumerate(row):
                    self.paper.put(self.roll.left + widths * (column + 1), self.roll.y, plain(cell), align="r")
                self.roll.y += self.roll.pitch

    def foot(self) -> None:
        facts, house, rng = self.facts, self.house, self.rng
        if self.head.date_below and not facts.is_marked("invoice_date"):
            self.head.bare_date(house.random() < 0.7)
        if house.random() < 0.75:
            self.roll.line(facts.label("thanks"), centre=True)
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
            self.roll.line(plain(facts.text("policy")), centre=True)
        if rng.random() < 0.08:
            self.roll.line(plain(f"{facts.other_date()} {facts.clock()}"), centre=house.random() < 0.5)

    def fuel(self) -> None:
        facts, rng = self.facts, self.rng
        item = facts.items[0]
        fuel = facts.text("fuel")
        facts.items[0] = replace(item, text=fuel, quantity="1")
        self.roll.line(plain(f"{facts.word('pump')}{self.roll.mark} {rng.randrange(1, 13)}"), centre=False)
        price = rng.randrange(120, 260)
        self.roll.pair(facts.label("litres"), plain(facts.amount(max(item.amount * 100 // price, 1))))
        self.roll.pair(facts.label("per_litre"), plain(facts.amount(price)))

    def write(self) -> Paper:
        facts, house, style = self.facts, self.house, self.style
        self.head.shop()
        if self.roll.title_place == "mid" or (self.roll.title_place == "top" and house.random() < 0.5):
            self.roll.line(facts.label("receipt_title"), bold=house.random() < 0.5)
        if house.random() < 0.4:
            self.roll.rule()
        customer_first = house.random() < 0.5
        has_customer = house.random() < style.buyer
        if has_customer and customer_first:
            self.head.customer()
        self.head.meta()
        if has_customer and not customer_first:
            self.head.customer()
        self.roll.rule()
        if style.fuel:
            self.fuel()
        self.items()
        self.roll.rule()
        self.totals()
        pay_first = house.random() < 0.7
        if pay_first:
            self.payment()
        if not style.bare and house.random() < 0.4:
            self.tax_table()
        if not pay_first:
            self.payment()
        self.foot()
        height = self.roll.y + self.paper.size * house.choice((1, 1, 1, 6)) * house.uniform(0.5, 6)
        self.paper.height = self.paper.sheet.height = height
        return self.paper
