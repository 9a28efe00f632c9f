"""Receipts: narrow paper from shops, restaurants, petrol stations and trades, put together from blocks."""

from dataclasses import dataclass, replace
from random import Random

from workbench.samples.content import Facts, Item
from workbench.samples.sheet import MONO, SANS, SERIF, Paper, Piece, Pieces, plain, text_width

_RULES = ("-", "-", "=", "*", "- ", ".", "")


@dataclass(frozen=True, slots=True)
class ReceiptStyle:
    """What one kind of receipt always has; everything else is drawn per shop."""

    goods: tuple[str, ...]  # forms of the item list, see Receipt.items
    table: float = 0.0  # chance of table and guests rows
    buyer: float = 0.0  # chance of a customer block
    fuel: bool = False
    bare: bool = False  # a short slip: few rows, no tax table


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
        room = self.inner * at - self.paper.measure(value, size, bold) - size
        if room < self.paper.measure(label, size, bold):
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
        facts = self.facts
        brackets = self.house.random() < 0.12 and facts.language != "zh"
        label = facts.word("seller_tax_id") + self.mark
        if brackets:
            self.line([(f"({label}", None), (f"{facts.seller.tax})", facts.mark("seller_tax_id"))])
        else:
            self.line([(label, None), (facts.seller.tax, facts.mark("seller_tax_id"))])

    def customer(self) -> None:
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
        edge = self.left
        for key, at in columns:
            label = self.facts.label(key)
            width = self.paper.measure(label)
            start = self.left + at * self.inner - (0 if at < 0.5 else width)
            if start >= edge and start + width <= self.right + 0.1:
                self.paper.put(start, self.y, label)
                edge = start + width + self.paper.size * 0.7
        self.y += self.pitch
        if self.house.random() < 0.6:
            self.rule()

    def _item(self, form: str, item: Item, value: list[Piece]) -> None:
        facts, house = self.facts, self.house
        price = facts.amount(item.price)
        times = f"{item.quantity} {house.choice(('x', 'X', '@', '*'))} {price}"
        match form:
            case "coded":
                self.line(plain(f"{item.code} {item.text}" if house.random() < 0.3 else item.text), centre=False)
                self.pair(plain(f"{item.code}  {times}" if house.random() < 0.5 else times), value)
            case "named":
                self.line(plain(item.text), centre=False)
                self.pair(plain(f"  {times}"), value)
            case "tagged":
                self.pair(plain(item.text), value)
                if not item.quantity.startswith("1"):
                    self.line(plain(f"   {times}"), centre=False)
            case "counted":
                self.pair(plain(f"{item.quantity} {item.text}"), value)
            case "table":
                self._columns(item, price, value)
            case _:
                self.pair(plain(item.text), value)

    def _columns(self, item: Item, price: str, value: list[Piece]) -> None:
        """Description, quantity, price and amount under their heads; the description above when it is long."""
        paper = self.paper
        if paper.measure(plain(item.text)) > self.inner * 0.44:
            self.line(plain(item.text), centre=False)
            paper.put(self.left, self.y, plain(item.code))
        else:
            paper.put(self.left, self.y, plain(item.text))
        room = self.inner * 0.2 - paper.size * 0.5
        if paper.measure(value) < room and paper.measure(plain(price)) < room:
            paper.put(self.left + self.inner * 0.78, self.y, plain(price), align="r")
            if (
                paper.measure(plain(item.quantity)) < self.inner * 0.14 - paper.size
                and paper.measure(plain(item.code)) < self.inner * 0.44
            ):
                paper.put(self.left + self.inner * 0.58, self.y, plain(item.quantity), align="r")
        paper.put(self.right, self.y, value, align="r")
        self.y += self.pitch

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
            self.pair(plain(facts.word("qty_total") + self.mark), count, at=house.choice((0.5, 1)))
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
        scale = self.total_size
        bold = house.random() < 0.4
        if house.random() < 0.3:
            self.rule()
        label = facts.label(last, value=True)
        label[-1] = (label[-1][0] + self.mark.strip(), label[-1][1])
        carries_code = any(mark for _, mark in label)
        value = facts.priced(facts.total, "amount_total", sign=False if carries_code else signed or None)
        if house.random() < 0.12:
            self.line([*label, *value], centre=house.random() < 0.3, scale=scale, bold=bold)
        else:
            self.pair(label, value, at=at, scale=scale, bold=bold)
        if house.random() < 0.4:
            self.rule()

    def _sum_row(self, key: str, cents: int, field: str, at: float, signed: bool, *, gross: bool = False) -> None:
        facts = self.facts
        label = plain(facts.word(key)) if gross else facts.label(key, value=True)
        label[-1] = (label[-1][0] + self.mark.strip(), label[-1][1])
        self.pair(label, facts.priced(cents, field, sign=signed or None), at=at)

    def payment(self) -> None:
        facts, house, rng = self.facts, self.house, self.rng
        if house.random() < 0.15:
            return
        signed = house.random() < 0.3
        if rng.random() < 0.65:
            step = rng.choice((100, 500, 1000, 5000))
            given = -(-facts.total // step) * step
            self.pair(plain(facts.word("cash")), facts.priced(given, sign=signed or None))
            if house.random() < 0.85:
                self.pair(plain(facts.word("change")), facts.priced(given - facts.total, sign=signed or None))
        else:
            self.pair(plain(facts.text("card")), facts.priced(facts.total, sign=signed or None))
            if rng.random() < 0.5:
                self.line(
                    plain(facts.fill(rng.choice(("XXXXXXXXXXXX####", "************####", "XXXX-XXXX-XXXX-####")))),
                    centre=False,
                )
            if rng.random() < 0.4:
                self.line(plain(facts.fill("AID: A0000000##### APPR ######")), centre=False)

    def tax_table(self) -> None:
        facts = self.facts
        if facts.rate == "0":
            return
        if self.house.random() < 0.6:
            self.line(facts.label("tax_table"))
        heads = facts.text("tax_cols").split(",")
        code = f"{facts.word('exempt')} = {facts.rate_text}%" if self.house.random() < 0.3 else f"{facts.rate_text}%"
        cells = [code, facts.amount(facts.net), facts.amount(facts.tax), facts.amount(facts.net + facts.tax)][
            : len(heads)
        ]
        widths = self.inner / len(heads)
        rows = [heads, cells]
        if self.house.random() < 0.25:
            rows.append([facts.word("before_round").split(" ")[0], *cells[1:]])
        for row in rows:
            if all(self.paper.measure(plain(cell)) < widths - 2 for cell in row):
                for column, cell in enumerate(row):
                    self.paper.put(self.left + widths * (column + 1), self.y, plain(cell), align="r")
                self.y += self.pitch

    def foot(self) -> None:
        facts, house, rng = self.facts, self.house, self.rng
        if self.date_below and not facts.given("invoice_date"):
            self._bare_date(house.random() < 0.7)
        if house.random() < 0.75:
            self.line(facts.label("thanks"), centre=True)
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
            self.line(plain(facts.text("policy")), centre=True)
        if rng.random() < 0.08:
            self.line(plain(f"{facts.other_date()} {facts.clock()}"), centre=house.random() < 0.5)

    def fuel(self) -> None:
        facts, rng = self.facts, self.rng
        item = facts.items[0]
        fuel = facts.text("fuel")
        facts.items[0] = replace(item, text=fuel, quantity="1")
        self.line(plain(f"{facts.word('pump')}{self.mark} {rng.randrange(1, 13)}"), centre=False)
        price = rng.randrange(120, 260)
        self.pair(facts.label("litres"), plain(facts.amount(max(item.amount * 100 // price, 1))))
        self.pair(facts.label("per_litre"), plain(facts.amount(price)))

    def write(self) -> Paper:
        facts, house, style = self.facts, self.house, self.style
        self.date_below = False
        self.head()
        if self.title_place == "mid" or (self.title_place == "top" and house.random() < 0.5):
            self.line(facts.label("receipt_title"), bold=house.random() < 0.5)
        if house.random() < 0.4:
            self.rule()
        customer_first = house.random() < 0.5
        has_customer = house.random() < style.buyer
        if has_customer and customer_first:
            self.customer()
        self.meta()
        if has_customer and not customer_first:
            self.customer()
        self.rule()
        if style.fuel:
            self.fuel()
        self.items()
        self.rule()
        self.totals()
        pay_first = house.random() < 0.7
        if pay_first:
            self.payment()
        if not style.bare and house.random() < 0.4:
            self.tax_table()
        if not pay_first:
            self.payment()
        self.foot()
        height = self.y + self.paper.size * house.choice((1, 1, 1, 6)) * house.uniform(0.5, 6)
        self.paper.height = self.paper.sheet.height = height
        return self.paper
