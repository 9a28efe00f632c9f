"""The blocks of an A4 invoice. Each takes its place (x, y, width) and returns the y below itself."""

from collections.abc import Callable, Sequence
from random import Random

from workbench.samples.content import Facts, Item, chinese_capitals
from workbench.samples.sheet import Paper, Piece, plain

Row = tuple[str, list[Piece]]
_COLUMNS = (
    # (key, share of the width); the description takes what is left
    (("col_pos", 0.06), ("col_desc", 0), ("col_qty", 0.09), ("col_price", 0.16), ("col_amount", 0.17)),
    (("col_desc", 0), ("col_qty", 0.1), ("col_price", 0.17), ("col_amount", 0.18)),
    (
        ("col_code", 0.19),
        ("col_desc", 0),
        ("col_qty", 0.09),
        ("col_unit", 0.08),
        ("col_price", 0.14),
        ("col_amount", 0.16),
    ),
    (("col_qty", 0.1), ("col_desc", 0), ("col_amount", 0.2)),
    (("col_desc", 0), ("col_amount", 0.2)),
    (
        ("col_pos", 0.06),
        ("col_code", 0.18),
        ("col_desc", 0),
        ("col_qty", 0.09),
        ("col_price", 0.15),
        ("col_rate", 0.1),
        ("col_amount", 0.16),
    ),
    (
        ("col_qty", 0.09),
        ("col_unit", 0.09),
        ("col_desc", 0),
        ("col_price", 0.16),
        ("col_rate", 0.1),
        ("col_amount", 0.17),
    ),
    (("col_desc", 0), ("col_price", 0.17), ("col_qty", 0.1), ("col_rate", 0.11), ("col_amount", 0.17)),
)


class Blocks:
    """Writes blocks on a paper, from the top down."""

    def __init__(
        self, facts: Facts, house: Random, paper: Paper, *, seller_below: bool, has_stacked_meta: bool
    ) -> None:
        self.facts, self.house, self.paper, self.rng = facts, house, paper, facts.rng
        self.seller_below, self.stacked = seller_below, has_stacked_meta
        self.margin = house.uniform(36, 70)
        self.left, self.right = self.margin, paper.width - self.margin
        self.y = house.uniform(30, 70)
        self.bottom = paper.height - 105
        self.leading = house.uniform(1.15, 1.5)
        self.gap = paper.size * house.uniform(1.0, 2.2)
        zh = facts.language == "zh"
        self.mark = house.choice((":", ":", "", " :") if not zh else ("：", ":", "："))
        self.title_size = paper.size * house.uniform(1.3, 2.6)
        self.bold_labels = house.random() < 0.3
        self.meta_done = False
        self.columns = house.choice(_COLUMNS)
        self.grid = house.random() < 0.3
        self.shade = house.random() < 0.35

    # ---- arrangement -------------------------------------------------------------------------------------------
    def row(self, names: Sequence[str]) -> None:
        """Blocks side by side; the next row begins below the longest."""
        if self.y > self.bottom - 60 and names != ("items",):
            self._turn()
        share = (self.right - self.left) / len(names)
        if len(names) == 2:
            split = self.house.uniform(0.46, 0.56)
            places = [(self.left, share * 2 * split - 14), (self.left + share * 2 * split, share * 2 * (1 - split))]
        else:
            places = [(self.left + share * number, share - 12) for number in range(len(names))]
        ends = [self.y]
        for (x, width), name in zip(places, names, strict=True):
            y = self.y
            for part in filter(None, name.split("+")):
                block: Callable[[float, float, float], float] = getattr(self, f"_{part}")
                y = block(x, y, width)
                ends.append(y)
        self.y = max([self.y, *ends[1:]]) + (self.gap if len(ends) > 1 else 0)

    def _turn(self) -> None:
        self.paper.turn()
        self.y = self.margin * 0.8

    def _lines(self, x: float, y: float, width: float, lines: Sequence[Sequence[Piece]], **style: object) -> float:
        return self.paper.column(x, y, width, lines, leading=self.leading, **style)  # type: ignore[arg-type]

    def _labelled(self, key: str, value: Sequence[Piece]) -> list[Piece]:
        return [(self.facts.word(key) + self.mark, None), *value]

    # ---- parties -----------------------------------------------------------------------------------------------
    def _seller(self, x: float, y: float, width: float, align: str | None = None) -> float:
        facts, house, seller = self.facts, self.house, self.facts.seller
        align = align or house.choice("lllr")
        size = self.paper.size
        if seller.brand:
            y = self._lines(x, y, width, [plain(seller.brand)], size=size * 1.8, bold=True, align=align)
        name: list[Piece] = [(seller.name, facts.mark("seller_name"))]
        y = self._lines(
            x, y, width, [name], size=size * house.choice((1, 1.2, 1.6)), bold=house.random() < 0.6, align=align
        )
        mark = facts.mark("seller_address")
        lines: list[list[Piece]] = [[(line, mark)] for line in seller.lines]
        if house.random() < 0.25 and facts.language != "zh":
            lines = [[(", ".join(line.rstrip(",") for line in seller.lines), mark)]]
        for key, value, chance in (("phone", seller.phone, 0.6), ("fax", seller.fax, 0.2), ("mail", seller.mail, 0.4)):
            if house.random() < chance:
                lines.append(self._labelled(key, plain(value)))
        if house.random() < 0.3:
            lines.append(plain(seller.web))
        if house.random() < 0.35:
            lines.append(plain(seller.reg))
        if house.random() < 0.55:
            lines.append(self._labelled("seller_tax_id", [(seller.tax, facts.mark("seller_tax_id"))]))
        return self._lines(x, y, width, lines, align=align)

    def _seller_centred(self, x: float, y: float, width: float) -> float:
        return self._seller(x, y, width, "c")

    def _from(self, x: float, y: float, width: float) -> float:
        y = self._lines(x, y, width, [plain(self.facts.word("from") + self.mark)], bold=True)
        return self._seller(x, y, width, "l")

    def _seller_line(self, x: float, y: float, width: float) -> float:
        """Name and address in one line across the page."""
        facts = self.facts
        address = facts.mark("seller_address")
        sep = self.house.choice((" - ", " · ", " | ", ", "))
        pieces: list[Piece] = [(facts.seller.name, facts.mark("seller_name"))]
        for line in facts.seller.lines:
            pieces += [(sep.strip(), None), (line, address)]
        if self.house.random() < 0.4:
            pieces += [(sep.strip(), None), *self._labelled("phone", plain(facts.seller.phone))]
        return self._lines(x, y, width, [pieces], align=self.house.choice("lcr"))

    def _brand(self, x: float, y: float, width: float) -> float:
        """Only a mark at the top: the first words of the name, or nothing."""
        name = self.facts.seller.brand or self.facts.seller.name.split(" ")[0][:12]
        return self._lines(
            x, y, width, [plain(name)], size=self.paper.size * 2.2, bold=True, align=self.house.choice("lrc")
        )

    def _window(self, x: float, y: float, width: float) -> float:
        """The address window of a business letter: a small sender line above the buyer."""
        facts, seller = self.facts, self.facts.seller
        y += self.paper.size * 2
        small = self.paper.size * 0.7
        mark_name, mark_lines = facts.mark("seller_name"), facts.mark("seller_address")
        sep = self.house.choice((" - ", " · ", ", ", " * "))
        pieces: list[Piece] = [(seller.name + ("," if sep == ", " else ""), mark_name)]
        for number, line in enumerate(seller.lines):
            if sep != ", ":
                pieces.append((sep.strip(), None))
            pieces.append(
                (line + ("," if sep == ", " and number + 1 < len(seller.lines) and line[-1] != "," else ""), mark_lines)
            )
        y = self._lines(x, y, width, [pieces], size=small)
        return self._party(x, y + self.paper.size * 0.6, width)

    def _buyer(self, x: float, y: float, width: float) -> float:
        heading = self.house.random()
        label = self.facts.word("bill_to") + self.mark
        if heading < 0.65:
            y = self._lines(x, y, width, [plain(label)], bold=self.house.random() < 0.6)
            return self._party(x, y, width)
        return self._party(x, y, width, label if heading < 0.85 else "")

    def _party(self, x: float, y: float, width: float, label: str = "") -> float:
        facts, buyer = self.facts, self.facts.buyer
        name: list[Piece] = [(buyer.name, facts.mark("buyer_name"))]
        lines: list[list[Piece]] = [[*plain(label), *name] if label else name]
        if self.rng.random() < 0.2:
            lines.append(
                plain(
                    facts.fill(
                        {"de": "z.Hd. <first> <surname>", "zh": "<surname><first>"}.get(
                            facts.language, "Attn. <first> <surname>"
                        )
                    )
                )
            )
        mark = facts.mark("buyer_address")
        lines += [[(line, mark)] for line in buyer.lines]
        if self.rng.random() < 0.2:
            lines.append(self._labelled("phone", plain(buyer.phone)))
        if self.rng.random() < 0.3:
            lines.append(self._labelled("buyer_tax_id", [(buyer.tax, facts.mark("buyer_tax_id"))]))
        return self._lines(x, y, width, lines, bold=False)

    def _ship(self, x: float, y: float, width: float) -> float:
        facts = self.facts
        if self.house.random() < 0.4:
            return self._lines(x, y, width, [self._labelled(*self._extra())])
        same = self.rng.random() < 0.6
        name = facts.buyer.name if same else facts.fill("<core>")
        address = facts.buyer.lines if same else facts.fill("<address>").split("|")
        lines = [plain(facts.word("ship_to") + self.mark), plain(name), *(plain(line) for line in address)]
        return self._lines(x, y, width, lines)

    def _card(self, x: float, y: float, width: float, rows: Sequence[Row], head: str) -> float:
        """A heading and `label: value` lines, the values at one tab stop."""
        y = self._lines(x, y, width, [plain(self.facts.word(head))], bold=True, size=self.paper.size * 1.15)
        return self._tabbed(x, y, width, rows)

    def _card_seller(self, x: float, y: float, width: float) -> float:
        facts, seller = self.facts, self.facts.seller
        mark = facts.mark("seller_address")
        rows: list[Row] = [("name", [(seller.name, facts.mark("seller_name"))])]
        rows += [("address" if not number else "", [(line, mark)]) for number, line in enumerate(seller.lines)]
        rows.append(("seller_tax_id", [(seller.tax, facts.mark("seller_tax_id"))]))
        if self.house.random() < 0.5:
            rows.append(("phone", plain(seller.phone)))
        return self._card(x, y, width, rows, "seller_head")

    def _card_buyer(self, x: float, y: float, width: float) -> float:
        facts, buyer = self.facts, self.facts.buyer
        mark = facts.mark("buyer_address")
        rows: list[Row] = [("name", [(buyer.name, facts.mark("buyer_name"))])]
        rows += [("address" if not number else "", [(line, mark)]) for number, line in enumerate(buyer.lines)]
        if self.house.random() < 0.6:
            rows.append(("buyer_tax_id", [(buyer.tax, facts.mark("buyer_tax_id"))]))
        return self._card(x, y, width, rows, "buyer_head")

    # ---- title and numbers -------------------------------------------------------------------------------------
    def _title_key(self) -> str:
        return "credit_title" if self.facts.kind == "credit" else "title"

    def _title(self, x: float, y: float, width: float, align: str = "l") -> float:
        facts = self.facts
        pieces = facts.label(self._title_key())
        if self.house.random() < 0.25 and not facts.given("invoice_no"):
            pieces = [
                *pieces,
                (self.house.choice(("", "#", "Nr.", "No.")) if facts.language != "zh" else "", None),
                (facts.number, facts.mark("invoice_no")),
            ]
        return self._lines(x, y, width, [pieces], size=self.title_size, bold=self.house.random() < 0.7, align=align)

    def _title_centred(self, x: float, y: float, width: float) -> float:
        return self._title(x, y, width, "c")

    def _sentence(self, x: float, y: float, width: float) -> float:
        """Number and date within the title: "Invoice 4711 dated 3 May 2024"."""
        facts = self.facts
        if facts.given("invoice_no"):
            return self._title(x, y, width)
        sentence = facts.text("number_sentence", title=facts.word(self._title_key()))
        pieces: list[Piece] = []
        for part in sentence.replace("{no}", "\x00{no}\x00").replace("{date}", "\x00{date}\x00").split("\x00"):
            if part == "{no}":
                pieces.append((facts.number, facts.mark("invoice_no")))
            elif part == "{date}":
                pieces += facts.dated("invoice_date")
            elif part.strip() or (part and facts.language == "zh"):
                pieces.append((part if facts.language == "zh" else part.strip(), None))
        return self._lines(x, y, width, [pieces], size=self.title_size * 0.75, bold=self.house.random() < 0.5)

    def _rows(self) -> list[Row]:
        """The numbers and dates that the head of an invoice carries; what was printed before is not repeated."""
        facts, house = self.facts, self.house
        if self.meta_done:
            return [self._extra() for _ in range(house.randrange(1, 4))]
        self.meta_done = True
        rows: list[Row] = []
        if not facts.given("invoice_no"):
            key = "credit_no" if facts.kind == "credit" else "invoice_no"
            rows.append((key, [(facts.number, facts.mark("invoice_no"))]))
        if not facts.given("invoice_date"):
            rows.append(("invoice_date", facts.dated("invoice_date")))
        if facts.kind != "credit" and house.random() < 0.55:
            rows.append(("due_date", facts.dated("due_date")))
        if house.random() < 0.35:
            rows.append(("purchase_order", [(facts.order, facts.mark("purchase_order"))]))
        if house.random() < 0.2:
            rows.append(("currency", [(facts.currency, facts.mark("currency"))]))
        if facts.kind == "credit":
            rows.append(("against", plain(facts.fill("######"))))
        if house.random() < 0.12:
            rows.append(("total", facts.priced(facts.total)))
        if house.random() < 0.1 and not facts.given("seller_tax_id"):
            rows.append(("seller_tax_id", [(facts.seller.tax, facts.mark("seller_tax_id"))]))
        used = {key for key, _ in rows}
        for _ in range(house.randrange(0, 5)):
            extra = self._extra()
            if extra[0] not in used:
                used.add(extra[0])
                rows.append(extra)
        if house.random() < 0.5:
            house.shuffle(rows)
        return rows

    def _extra(self) -> Row:
        """A row that no field is about: what a model must not be led astray by."""
        facts, rng = self.facts, self.rng
        key = self.house.choice(
            ("customer_no", "delivery_no", "sales", "order_date", "delivery_date", "terms", "customer_no", "phone")
        )
        if key.endswith("_date"):
            return key, plain(facts.other_date())
        if key == "terms":
            return key, plain(facts.text("terms_value"))
        if key == "sales":
            return key, plain(facts.fill("<surname><first>" if facts.language == "zh" else "<first> <surname>"))
        if key == "phone":
            return key, plain(facts.fill("<phone>"))
        return key, plain(facts.fill(rng.choice(("######", "%####", "K-#####", "@@-####", "20##-###", "%#######"))))

    def _tabbed(self, x: float, y: float, width: float, rows: Sequence[Row]) -> float:
        tab = max((self.paper.measure(plain(self.facts.word(key) + self.mark)) for key, _ in rows if key), default=0)
        tab = min(tab + self.paper.size * 1.2, width * 0.55)
        for key, value in rows:
            ends = [y]
            if key:
                ends.append(
                    self._lines(x, y, tab - 4, [plain(self.facts.word(key) + self.mark)], bold=self.bold_labels)
                )
            ends.append(self._lines(x + tab, y, width - tab, [value]))
            y = max(ends)
        return y

    def _meta(self, x: float, y: float, width: float) -> float:
        rows = self._rows()
        form = self.house.random()
        if form < 0.5:
            return self._tabbed(x, y, width, rows)
        if form < 0.8:
            align = "r" if form > 0.72 else "l"
            return self._lines(x, y, width, [self._labelled(key, value) for key, value in rows], align=align)
        for key, value in rows:
            fits = self.paper.measure(plain(self.facts.word(key))) + self.paper.measure(value) < width - 12
            end = self._lines(x, y, width, [plain(self.facts.word(key) + self.mark)], bold=self.bold_labels)
            y = max(end, self._lines(x, y if fits else end, width, [value], align="r"))
        return y

    def _card_meta(self, x: float, y: float, width: float) -> float:
        return self._tabbed(x, y, width, self._rows())

    def _meta_table(self, x: float, y: float, width: float) -> float:
        """Labels in a line, their values in the line below."""
        rows = self._rows()
        while rows:
            part, rows = rows[:4], rows[4:]
            share = width / len(part)
            head = max(
                self._lines(x + share * n + 3, y + 2, share - 8, [plain(self.facts.word(k))], bold=self.bold_labels)
                for n, (k, _) in enumerate(part)
            )
            end = max(self._lines(x + share * n + 3, head, share - 8, [v]) for n, (_, v) in enumerate(part))
            if self.grid:
                for number in range(len(part)):
                    self.paper.box(x + share * number, y - 1, x + share * (number + 1), end)
            y = end + 3
        return y

    def _meta_stacked(self, x: float, y: float, width: float) -> float:
        """Each label above its value, one pair below the other or side by side in threes."""
        rows = self._rows()
        columns = self.house.choice((1, 2, 3))
        share = width / columns
        for start in range(0, len(rows), columns):
            ends = []
            for number, (key, value) in enumerate(rows[start : start + columns]):
                left = x + share * number
                below = self._lines(left, y, share - 10, [plain(self.facts.word(key))], size=self.paper.size * 0.85)
                ends.append(self._lines(left, below, share - 10, [value], bold=self.bold_labels))
            y = max(ends) + self.paper.size * 0.4
        return y

    def _terms(self, x: float, y: float, width: float) -> float:
        return self._lines(x, y, width, [self._labelled("terms", plain(self.facts.text("terms_value")))])

    def _summary(self, x: float, y: float, width: float) -> float:
        """A bill's summary before the details: balances and dates that look like totals and are none."""
        facts, rng = self.facts, self.rng
        y = self._lines(x, y, width, [plain(facts.word("account_summary"))], bold=True, size=self.paper.size * 1.2)
        period = f"{facts.other_date()} - {facts.date(facts.day)}"
        rows: list[Row] = [("customer_no", plain(facts.fill("#### #### ####"))), ("period", plain(period))]
        rows.append(("previous", facts.priced(rng.randrange(500, 90_000))))
        rows.append(("total", facts.priced(facts.total)))
        return self._tabbed(x, y, width * 0.75, rows)

    # ---- goods -------------------------------------------------------------------------------------------------
    def _items(self, x: float, y: float, width: float) -> float:
        shares = dict(self.columns)
        rest = 1 - sum(shares.values())
        places: list[tuple[str, float, float]] = []
        at = x
        for key, share in self.columns:
            places.append((key, at, (share or rest) * width))
            at += places[-1][2]
        y = self._items_head(places, y, width)
        carried = 0
        with_carry = self.house.random() < 0.5
        for number, item in enumerate(self.facts.items, 1):
            if y > self.bottom - 30:
                if with_carry:
                    self._total_row(x, y, width, plain(self.facts.word("carried")), plain(self.facts.amount(carried)))
                self._turn()
                y = self._items_head(places, self.y, width)
                if with_carry:
                    y = self._total_row(
                        x, y, width, plain(self.facts.word("brought")), plain(self.facts.amount(carried))
                    )
            top = y
            y = self._item(places, y, number, item)
            carried += item.amount
            if self.grid:
                for _, left, room in places:
                    self.paper.box(left, top - 1, left + room, y)
        self.paper.rule(x, y + 1, x + width)
        return y + 3

    def _items_head(self, places: Sequence[tuple[str, float, float]], y: float, width: float) -> float:
        x = places[0][1]
        if self.shade:
            self.paper.box(x, y - 2, x + width, y + self.paper.size * 1.3, 0.88, fill=True)
        ends = []
        for key, left, room in places:
            align = "l" if key in ("col_pos", "col_desc", "col_code") else "r"
            ends.append(
                self._lines(
                    left + 2, y, room - 5, [self.facts.label(key)], bold=True, align=align, size=self.paper.size * 0.9
                )
            )
        self.paper.rule(x, max(ends), x + width)
        return max(ends) + 3

    def _item(self, places: Sequence[tuple[str, float, float]], y: float, number: int, item: Item) -> float:
        facts = self.facts
        cells = {
            "col_pos": str(number),
            "col_code": item.code,
            "col_desc": item.text,
            "col_qty": item.quantity,
            "col_unit": item.unit,
            "col_price": facts.amount(item.price),
            "col_rate": f"{facts.rate_text}%",
            "col_amount": facts.amount(item.amount),
        }
        ends = []
        for key, left, room in places:
            align = "l" if key in ("col_pos", "col_desc", "col_code") else "r"
            ends.append(self._lines(left + 2, y, room - 5, [plain(cells[key])], align=align))
        if self.rng.random() < 0.08:
            desc = next(place for place in places if place[0] == "col_desc")
            note = f"{facts.word('delivery_date')}{self.mark} {facts.other_date()}"
            ends.append(self._lines(desc[1] + 2, max(ends), desc[2] - 5, [plain(note)], size=self.paper.size * 0.85))
        return max(ends) + self.paper.size * 0.15

    # ---- sums --------------------------------------------------------------------------------------------------
    def _total_row(
        self, x: float, y: float, width: float, label: Sequence[Piece], value: Sequence[Piece], bold: bool = False
    ) -> float:
        room = width - self.paper.measure(value, 0, bold) - 8
        end = self._lines(x, y, max(room, width * 0.3), [label], bold=bold)
        below = self.paper.measure(label, 0, bold) > room and self.paper.measure(value, 0, bold) > width * 0.7
        return max(end, self._lines(x, end if below else y, width, [value], bold=bold, align="r"))

    def _totals(self, x: float, y: float, width: float) -> float:
        facts, house = self.facts, self.house
        if house.random() < 0.3:
            x, width = x + width * 0.15, width * 0.85
        signed = house.random() < 0.5
        split = bool(facts.discount or facts.shipping)
        if split:
            y = self._total_row(
                x, y, width, plain(facts.word("col_amount")), facts.priced(facts.goods, sign=signed or None)
            )
            for key, cents in (("discount", facts.discount), ("shipping", facts.shipping)):
                if cents:
                    y = self._total_row(x, y, width, plain(facts.word(key)), facts.priced(cents, sign=signed or None))
        if house.random() < 0.92:
            y = self._total_row(
                x, y, width, facts.label("net", value=True), facts.priced(facts.net, "amount_net", sign=signed or None)
            )
            label = facts.label("tax", value=True)
            y = self._total_row(x, y, width, label, facts.priced(facts.tax, "amount_tax", sign=signed or None))
        paid = facts.kind != "credit" and self.rng.random() < 0.08
        key = "credit_total" if facts.kind == "credit" else "total"
        label = facts.label(key, value=True)
        label[-1] = (label[-1][0] + self.mark.strip(), label[-1][1])
        code = any(mark for _, mark in label)
        bold = house.random() < 0.65
        if bold and self.shade:
            self.paper.box(x, y - 1, x + width, y + self.paper.size * 1.2, 0.88, fill=True)
        y = self._total_row(
            x, y, width, label, facts.priced(facts.total, "amount_total", sign=False if code else signed or None), bold
        )
        if paid:
            y = self._total_row(x, y, width, plain(facts.word("paid")), facts.priced(-facts.total // 2))
        if facts.language == "zh" and house.random() < 0.4:
            y = self._lines(x, y, width, [plain("大写：" + chinese_capitals(facts.total))])
        return y

    def _totals_wide(self, x: float, y: float, width: float) -> float:
        return self._totals(x + width * 0.45, y, width * 0.55)

    def _tax_table(self, x: float, y: float, width: float) -> float:
        facts = self.facts
        heads = facts.text("tax_cols").split(",")
        values = [f"{facts.rate_text}%", facts.amount(facts.net), facts.amount(facts.tax), facts.amount(facts.total)]
        size = self.paper.size * 0.85
        share = width * 0.95 / len(heads)
        y = self._lines(x, y, width, [facts.label("tax_table")], size=size, bold=True)
        for row in (heads, values[: len(heads)]):
            y = max(
                self._lines(x + share * n, y, share - 5, [plain(cell)], size=size, align="r")
                for n, cell in enumerate(row)
            )
        return y

    # ---- payment and the rest ----------------------------------------------------------------------------------
    def _bank_rows(self) -> list[list[Piece]]:
        facts, seller = self.facts, self.facts.seller
        if seller.iban:
            rows = [
                self._labelled("bank", plain(seller.bank)),
                self._labelled("iban", [(seller.iban, facts.mark("iban"))]),
                self._labelled("bic", plain(seller.bic)),
            ]
            return rows if self.house.random() < 0.7 else rows[1:]
        if seller.account:
            return [self._labelled("bank", plain(seller.bank)), self._labelled("account", plain(seller.account))]
        return [self._labelled("account", plain(facts.fill("##-##-## %#######")))]

    def _pay(self, x: float, y: float, width: float) -> float:
        facts = self.facts
        sentence = facts.text(
            "pay_text", total=f"{facts.amount(facts.total)} {facts.currency}", seller=facts.seller.name
        )
        before, due, after = sentence.partition("{due}")
        text: list[Piece] = plain(before.strip())
        if due and facts.kind != "credit":
            text += [*facts.dated("due_date"), (after.strip(), None)]
            if after and facts.language != "zh" and after[0] == ".":
                text = [*text[:-2], (text[-2][0] + after.strip(), text[-2][1])]
        elif due:
            text = plain(facts.text("thanks"))
        y = self._lines(x, y, width, [text])
        return self._lines(x, y, width, self._bank_rows()) if self.house.random() < 0.6 else y

    def _notes(self, x: float, y: float, width: float) -> float:
        facts = self.facts
        lines = [
            plain(facts.text(self.rng.choice(("notes", "thanks", "policy")))) for _ in range(self.rng.randrange(1, 3))
        ]
        return self._lines(x, y, width, lines, size=self.paper.size * 0.9)

    def footer(self) -> None:
        """Small columns at the foot of the last page: the seller, ways to reach it, bank, register."""
        facts, seller = self.facts, self.facts.seller
        size = self.paper.size * 0.75
        top = self.paper.height - 78
        if self.y > top - 4:
            self._turn()
        mark = facts.mark("seller_address")
        columns: list[list[list[Piece]]] = [
            [[(seller.name, facts.mark("seller_name"))], *([(line, mark)] for line in seller.lines)],
            [self._labelled("phone", plain(seller.phone)), plain(seller.mail), plain(seller.web)],
            self._bank_rows(),
            [plain(seller.reg), self._labelled("seller_tax_id", [(seller.tax, facts.mark("seller_tax_id"))])],
        ]
        if "steuer" in facts.words and self.house.random() < 0.6:
            columns[3].append([(f"{facts.word('steuer')}{self.mark} {facts.fill('<steuer>')}", None)])
        share = (self.right - self.left) / len(columns)
        self.paper.rule(self.left, top - 4, self.right)
        for number, lines in enumerate(columns):
            self.paper.column(self.left + share * number, top, share - 8, lines, size=size, leading=1.15)

    def page_numbers(self) -> None:
        """`Page 1 of 2` on each page, where this house prints it."""
        sheets = self.paper.sheets
        if len(sheets) == 1 and self.house.random() < 0.7:
            return
        wording = self.facts.word("page")
        for number, sheet in enumerate(sheets, 1):
            text = wording.replace("{a}", str(number)).replace("{b}", str(len(sheets)))
            pen = Paper(sheet.width, sheet.height, self.paper.font, self.paper.size)
            pen.sheets = [sheet]
            cells = max((word.cell for word in sheet.words), default=0)
            start = len(sheet.words)
            pen.put(sheet.width / 2, sheet.height - 22, plain(text), size=self.paper.size * 0.8, align="c")
            for word in sheet.words[start:]:
                word.cell += cells
