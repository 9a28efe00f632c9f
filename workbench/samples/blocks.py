"""The blocks of an A4 invoice below its head: goods, sums, payment; and their arrangement in rows."""

from collections.abc import Sequence

from workbench.samples.content import LineItem, chinese_capitals
from workbench.samples.heads import Block, HeadBlocks
from workbench.samples.page import InvoicePage
from workbench.samples.placed_words import Paper, Piece, plain

_COLUMNS = (
    # (key, share of the width); the description takes the rest
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
    """Writes rows of blocks on an invoice, from the top down."""

    def __init__(self, page: InvoicePage) -> None:
        self.page, self.paper = page, page.paper
        self.facts, self.house, self.rng = page.facts, page.house, page.rng
        self._blocks: dict[str, Block] = {
            **HeadBlocks(page).blocks,
            "items": self._items,
            "totals": self._totals,
            "totals_wide": self._totals_wide,
            "tax_table": self._tax_table,
            "pay": self._pay,
            "notes": self._notes,
            "opening": self._opening,
            "closing": self._closing,
        }

    def row(self, names: Sequence[str]) -> None:
        """Blocks side by side; the next row begins below the longest."""
        space = 120 if names == ("closing",) else 60
        if self.page.y > self.page.bottom - space and names != ("items",):
            self.page.turn()
        if names == ("items",) and len(self.paper.sheets) == 1:
            self.page.y = max(self.page.y, self.page.goods_at * self.paper.height)
        share = (self.page.right - self.page.left) / len(names)
        if len(names) == 2:
            split = self.house.uniform(0.46, 0.56)
            places = [
                (self.page.left, share * 2 * split - 14),
                (self.page.left + share * 2 * split, share * 2 * (1 - split)),
            ]
        else:
            places = [(self.page.left + share * number, share - 12) for number in range(len(names))]
        ends = [self.page.y]
        for (x, width), name in zip(places, names, strict=True):
            y = self.page.y
            for part in filter(None, name.split("+")):
                y = self._blocks[part](x, y, width)
                ends.append(y)
        self.page.y = max([self.page.y, *ends[1:]]) + (self.page.gap if len(ends) > 1 else 0)

    # ---- goods -------------------------------------------------------------------------------------------------
    def _items(self, x: float, y: float, width: float) -> float:
        columns = _COLUMNS[int(self.page.columns * len(_COLUMNS))]
        shares = dict(columns)
        rest = 1 - sum(shares.values())
        places: list[tuple[str, float, float]] = []
        at = x
        for key, share in columns:
            places.append((key, at, (share or rest) * width))
            at += places[-1][2]
        y = self._items_head(places, y, width)
        carried = 0
        with_carry = self.house.random() < 0.5
        for number, item in enumerate(self.facts.items, 1):
            if y > self.page.bottom - 30:
                if with_carry:
                    self._total_row(x, y, width, plain(self.facts.word("carried")), plain(self.facts.amount(carried)))
                self.page.turn()
                y = self._items_head(places, self.page.y, width)
                if with_carry:
                    y = self._total_row(
                        x, y, width, plain(self.facts.word("brought")), plain(self.facts.amount(carried))
                    )
            top = y
            y = self._item(places, y, number, item)
            carried += item.amount
            if self.page.grid:
                for _, left, space in places:
                    self.paper.box(left, top - 1, left + space, y)
        self.paper.rule(x, y + 1, x + width)
        return y + 3

    def _items_head(self, places: Sequence[tuple[str, float, float]], y: float, width: float) -> float:
        x = places[0][1]
        if self.page.shade:
            self.paper.box(x, y - 2, x + width, y + self.paper.size * 1.3, 0.88, fill=True)
        ends = []
        for key, left, space in places:
            align = "l" if key in ("col_pos", "col_desc", "col_code") else "r"
            ends.append(
                self.page.lines(
                    left + 2, y, space - 5, [self.facts.label(key)], bold=True, align=align, size=self.paper.size * 0.9
                )
            )
        self.paper.rule(x, max(ends), x + width)
        return max(ends) + 3

    def _item(self, places: Sequence[tuple[str, float, float]], y: float, number: int, item: LineItem) -> float:
        facts = self.facts
        signed = self.page.signed_goods
        cells = {
            "col_pos": plain(str(number)),
            "col_code": plain(item.code),
            "col_desc": plain(item.text),
            "col_qty": plain(item.quantity),
            "col_unit": plain(item.unit),
            "col_price": facts.priced(item.price, sign=signed),
            "col_rate": plain(facts.rate_text + self.page.percent),
            "col_amount": facts.priced(item.amount, sign=signed),
        }
        ends = []
        for key, left, space in places:
            align = "l" if key in ("col_pos", "col_desc", "col_code") else "r"
            ends.append(self.page.lines(left + 2, y, space - 5, [cells[key]], align=align))
        notes = [facts.text("detail")] if self.page.details else []
        if self.rng.random() < 0.08:
            notes.append(f"{facts.word('delivery_date')}{self.page.mark} {facts.other_date()}")
        if notes:
            desc = next(place for place in places if place[0] == "col_desc")
            lines = [plain(note) for note in notes]
            ends.append(self.page.lines(desc[1] + 2, max(ends), desc[2] - 5, lines, size=self.paper.size * 0.85))
        return max(ends) + self.paper.size * 0.15

    # ---- sums --------------------------------------------------------------------------------------------------
    def _total_row(
        self, x: float, y: float, width: float, label: Sequence[Piece], value: Sequence[Piece], bold: bool = False
    ) -> float:
        space = width - self.paper.measure(value, 0, bold) - 8
        end = self.page.lines(x, y, max(space, width * 0.3), [label], bold=bold)
        below = self.paper.measure(label, 0, bold) > space and self.paper.measure(value, 0, bold) > width * 0.7
        return max(end, self.page.lines(x, end if below else y, width, [value], bold=bold, align="r"))

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
        label[-1] = (label[-1][0] + self.page.mark.strip(), label[-1][1])
        code = any(mark for _, mark in label)
        bold = house.random() < 0.65
        if bold and self.page.shade:
            self.paper.box(x, y - 1, x + width, y + self.paper.size * 1.2, 0.88, fill=True)
        y = self._total_row(
            x, y, width, label, facts.priced(facts.total, "amount_total", sign=False if code else signed or None), bold
        )
        if paid:
            y = self._total_row(x, y, width, plain(facts.word("paid")), facts.priced(-facts.total // 2))
        if facts.language == "zh" and house.random() < 0.4:
            y = self.page.lines(x, y, width, [plain("大写：" + chinese_capitals(facts.total))])
        return y

    def _totals_wide(self, x: float, y: float, width: float) -> float:
        return self._totals(x + width * 0.45, y, width * 0.55)

    def _tax_table(self, x: float, y: float, width: float) -> float:
        facts = self.facts
        heads = facts.text("tax_cols").split(",")
        values = [f"{facts.rate_text}%", facts.amount(facts.net), facts.amount(facts.tax), facts.amount(facts.total)]
        size = self.paper.size * 0.85
        share = width * 0.95 / len(heads)
        y = self.page.lines(x, y, width, [facts.label("tax_table")], size=size, bold=True)
        for row in (heads, values[: len(heads)]):
            y = max(
                self.page.lines(x + share * n, y, share - 5, [plain(cell)], size=size, align="r")
                for n, cell in enumerate(row)
            )
        return y

    # ---- payment and the rest ----------------------------------------------------------------------------------
    def _bank_rows(self) -> list[list[Piece]]:
        facts, seller = self.facts, self.facts.seller
        if seller.iban:
            rows = [
                self.page.labelled("bank", plain(seller.bank)),
                self.page.labelled("iban", [(seller.iban, facts.mark("iban"))]),
                self.page.labelled("bic", plain(seller.bic)),
            ]
            return rows if self.house.random() < 0.7 else rows[1:]
        if seller.account:
            return [
                self.page.labelled("bank", plain(seller.bank)),
                self.page.labelled("account", plain(seller.account)),
            ]
        return [self.page.labelled("account", plain(facts.fill("##-##-## %#######")))]

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
        y = self.page.lines(x, y, width, [text])
        return self.page.lines(x, y, width, self._bank_rows()) if self.house.random() < 0.6 else y

    def _notes(self, x: float, y: float, width: float) -> float:
        facts = self.facts
        lines = [
            plain(facts.text(self.rng.choice(("notes", "thanks", "policy")))) for _ in range(self.rng.randrange(1, 3))
        ]
        return self.page.lines(x, y, width, lines, size=self.paper.size * 0.9)

    def _opening(self, x: float, y: float, width: float) -> float:
        """A letter's first sentences, above the goods."""
        key = "reminder_opening" if self.facts.kind == "reminder" else "opening"
        return self._prose(key, self.house.randrange(1, 4), x, y, width, self.paper.size)

    def _closing(self, x: float, y: float, width: float) -> float:
        """Terms and courtesies below the sums, in sentences without a value."""
        size = self.paper.size * self.house.choice((0.75, 0.85, 1))
        return self._prose("closing", self.house.randrange(2, 7), x, y, width, size)

    def _prose(self, key: str, count: int, x: float, y: float, width: float, size: float) -> float:
        """Sentences of a vendor, one below the other or as a paragraph."""
        texts = self.facts.words[key]
        chosen = sorted(self.house.sample(range(len(texts)), min(count, len(texts))))  # the greeting stays first
        lines = [plain(self.facts.fill(texts[number])) for number in chosen]
        if self.house.random() < 0.5:
            lines = [[piece for line in lines for piece in line]]
        return self.page.lines(x, y, width, lines, size=size)

    def footer(self) -> None:
        """The seller, ways to reach it, bank and register at the foot of the last page, in columns or lines."""
        facts, seller = self.facts, self.facts.seller
        size = self.paper.size * 0.75
        top = self.paper.height - 78
        if self.page.y > top - 4:
            self.page.turn()
        mark = facts.mark("seller_address")
        columns: list[list[list[Piece]]] = [
            [[(seller.name, facts.mark("seller_name"))], *([piece] for piece in seller.printed(mark))],
            [self.page.labelled("phone", plain(seller.phone)), plain(seller.mail), plain(seller.web)],
            self._bank_rows(),
            [plain(seller.reg), self.page.labelled("seller_tax_id", [(seller.tax, facts.mark("seller_tax_id"))])],
        ]
        if "steuer" in facts.words and self.house.random() < 0.6:
            columns[3].append([(f"{facts.word('steuer')}{self.page.mark} {facts.fill('<steuer>')}", None)])
        share = (self.page.right - self.page.left) / len(columns)
        self.paper.rule(self.page.left, top - 4, self.page.right)
        if self.house.random() < 0.3:
            self._footer_lines(columns, top, size)
            return
        for number, lines in enumerate(columns):
            self.paper.column(self.page.left + share * number, top, share - 8, lines, size=size, leading=1.15)

    def _footer_lines(self, columns: Sequence[Sequence[list[Piece]]], y: float, size: float) -> None:
        """A line for each group, its parts divided by a sign."""
        sign = self.house.choice(("|", "-", "·", "/"))
        for parts in columns:
            line = [piece for part in parts for piece in ((sign, None), *part)][1:]
            y = self.page.lines(self.page.left, y, self.page.right - self.page.left, [line], size=size, align="c")

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
