"""The upper part of a receipt: shop, customer, numbers and dates."""

from workbench.samples.placed_words import Piece, plain
from workbench.samples.receipt_paper import ReceiptStyle, Roll


class ReceiptHead:
    """Writes the upper part of a receipt on its roll."""

    def __init__(self, roll: Roll, style: ReceiptStyle) -> None:
        self.roll, self.style = roll, style
        self.facts, self.house, self.rng = roll.facts, roll.house, roll.rng
        self.date_below = False  # the date is printed at the foot

    def shop(self) -> None:
        """The shop: name, registration, address, ways to reach it; a title or a slogan here and there."""
        facts, house, seller = self.facts, self.house, self.facts.seller
        if self.rng.random() < 0.15:
            self.roll.line(plain(facts.text("junk")))
        if self.roll.title_place == "top" and house.random() < 0.5:
            self.roll.line(facts.label("receipt_title"))
        scale = house.choice((1, 1, 1.2, 1.5, 1.8))
        bold = house.random() < 0.4
        if seller.brand:
            self.roll.line(plain(seller.brand), scale=house.choice((1, 1.6, 2)), bold=bold)
        name: list[Piece] = [(seller.name, facts.mark("seller_name"))]
        reg_place = house.choice(("beside", "below", "below", "none", "late"))
        if reg_place == "beside":
            name.append((seller.reg, None))
        parts = seller.name.split(" ")
        if len(parts) > 2 and house.random() < 0.1:
            at = house.randrange(1, len(parts))
            self.roll.line([(" ".join(parts[:at]), name[0][1])], scale=scale, bold=bold)
            name[0] = (" ".join(parts[at:]), name[0][1])
        self.roll.line(name, scale=scale, bold=bold)
        if house.random() < 0.04:
            self.bare_date(house.random() < 0.6)
        if reg_place == "below":
            self.roll.line(plain(seller.reg))
        tax_early = house.random() < 0.25
        if tax_early:
            self.tax_id()
        if house.random() < 0.1:
            self.roll.line(plain(facts.fill("<core>")))
        if house.random() < 0.93:
            self.address()
        rows = [("phone", seller.phone), ("fax", seller.fax), ("mail", seller.mail), ("web", seller.web)]
        shown = [row for row, chance in zip(rows, (0.7, 0.3, 0.2, 0.15), strict=True) if house.random() < chance]
        if len(shown) > 1 and {"phone", "fax"} <= {key for key, _ in shown} and house.random() < 0.4:
            both = [
                piece for key, value in shown[:2] for piece in ((facts.word(key) + self.roll.mark, None), (value, None))
            ]
            self.roll.line(both)
            shown = shown[2:]
        for key, value in shown:
            self.roll.line(plain(value if key == "web" else f"{facts.word(key)}{self.roll.mark} {value}"))
        if not tax_early and house.random() < 0.75:
            self.tax_id()
        if reg_place == "late":
            self.roll.line(plain(seller.reg))
        if house.random() < 0.08:
            self.roll.line(plain(facts.text("policy")))
        if house.random() < 0.3:
            self.roll.y += self.roll.pitch * house.random() * 2

    def address(self) -> None:
        """The address as its own lines, or run together and broken where the paper ends."""
        mark = self.facts.mark("seller_address")
        seller = self.facts.seller
        printed = seller.printed(mark)
        lines = [[piece] for piece in printed]
        if self.house.random() < 0.35 and self.facts.language != "zh":
            lines = [[(" ".join(seller.lines), mark), *printed[len(seller.lines) :]]]
        for pieces in lines:
            self.roll.line(pieces)

    def tax_id(self) -> None:
        """The shop's tax number, now and then in brackets."""
        facts = self.facts
        brackets = self.house.random() < 0.12 and facts.language != "zh"
        label = facts.word("seller_tax_id") + self.roll.mark
        if brackets:
            self.roll.line([(f"({label}", None), (f"{facts.seller.tax})", facts.mark("seller_tax_id"))])
        else:
            self.roll.line([(label, None), (facts.seller.tax, facts.mark("seller_tax_id"))])

    def customer(self) -> None:
        """The buyer, on some kinds of receipts."""
        facts = self.facts
        self.roll.line(plain(facts.word("bill_to") + self.roll.mark), centre=False)
        if self.rng.random() < 0.3:
            self.roll.line(
                plain(facts.fill(self.rng.choice(("CASH", "Walk-in", "C001", "Cash Sales", "300-C###")))), centre=False
            )
            return
        self.roll.line([(facts.buyer.name, facts.mark("buyer_name"))], centre=False)
        if self.rng.random() < 0.7:
            mark = facts.mark("buyer_address")
            for piece in facts.buyer.printed(mark):
                self.roll.line([piece], centre=False)

    def meta(self) -> None:
        """Number, date, time and till, with or without labels, one or two to a line."""
        facts, house, style = self.facts, self.house, self.style
        tab = house.choice((0, 0, 0, 0.3, 0.38)) * self.roll.inner
        self.date_below = house.random() < 0.2
        rows: list[tuple[str, list[Piece]]] = []
        if house.random() < 0.85:
            rows.append(("receipt_no", [(facts.number, facts.mark("invoice_no"))]))
        time_form = house.choice(("beside", "beside", "own", "none", "labelled"))
        bare_date = house.random() < 0.25
        dated = facts.is_marked("invoice_date")
        if not self.date_below and not bare_date and not dated:
            value = facts.dated("invoice_date")
            if time_form == "beside":
                value.append((facts.clock(), None))
            elif time_form == "labelled":
                value += [(facts.word("time") + self.roll.mark, None), (facts.clock(), None)]
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
            self.bare_date(time_form != "none")
        two = house.random() < 0.25
        pending: tuple[str, list[Piece]] | None = None
        for key, value in rows:
            row = [(facts.word(key) + self.roll.mark, None), *value]
            if two and pending:
                first = [(facts.word(pending[0]) + self.roll.mark, None), *pending[1]]
                self.roll.pair(first, row)
                pending = None
            elif two:
                pending = (key, value)
            else:
                self.roll.labelled(key, value, tab)
        if pending:
            self.roll.labelled(*pending, tab)

    def bare_date(self, clock: bool) -> None:
        """A date without a label, often with a time or a till number on its line."""
        value = self.facts.dated("invoice_date")
        if not clock:
            self.roll.line(value)
        elif self.house.random() < 0.3:
            self.roll.pair(value, plain(self.facts.clock()))
        elif self.house.random() < 0.2:
            self.roll.line([(self.facts.fill("##"), None), *value, (self.facts.clock(), None)])
        else:
            self.roll.line([*value, (self.facts.clock(), None)])

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
