"""The blocks at the head of an A4 invoice: seller, buyer, title, numbers and dates."""

from collections.abc import Callable, Sequence

from workbench.samples.page import InvoicePage
from workbench.samples.placed_words import Piece, plain

Block = Callable[[float, float, float], float]
"""Writes itself at x and y with a width, and returns the y below itself."""

Row = tuple[str, list[Piece]]
"""The key of a label's wording, and the value beside it."""

_ATTENTION = {
    "en": "Attn. <first> <surname>",
    "de": "z.Hd. <first> <surname>",
    "fr": "À l'attention de <first> <surname>",
    "nl": "t.a.v. <first> <surname>",
    "zh": "<surname><first>",
    "es": "A la atención de <first> <surname>",
    "it": "Alla c.a. di <first> <surname>",
    "pl": "do rąk <first> <surname>",
}


_TITLES = {"credit": "credit_title", "reminder": "reminder_title"}
"""Kind of document -> what its title is called in the wording."""


class HeadBlocks:
    """The blocks of an invoice's head; `blocks` has them by name."""

    def __init__(self, page: InvoicePage) -> None:
        self.page, self.paper = page, page.paper
        self.facts, self.house, self.rng = page.facts, page.house, page.rng
        self._has_rows = False  # numbers and dates are printed once
        self.blocks: dict[str, Block] = {
            "seller": self._seller,
            "seller_centred": self._seller_centred,
            "from": self._from,
            "seller_line": self._seller_line,
            "brand": self._brand,
            "window": self._window,
            "buyer": self._buyer,
            "ship": self._ship,
            "card_seller": self._card_seller,
            "card_buyer": self._card_buyer,
            "title": self._title,
            "title_centred": self._title_centred,
            "sentence": self._sentence,
            "meta": self._meta,
            "card_meta": self._card_meta,
            "meta_table": self._meta_table,
            "meta_stacked": self._meta_stacked,
            "terms": self._terms,
            "summary": self._summary,
        }

    # ---- parties -----------------------------------------------------------------------------------------------
    def _seller(self, x: float, y: float, width: float, align: str | None = None) -> float:
        facts, house, seller = self.facts, self.house, self.facts.seller
        align = align or house.choice("lllr")
        size = self.paper.size
        if seller.brand:
            y = self.page.lines(
                x, y, width, [plain(seller.brand)], size=size * house.uniform(1.2, 1.8), bold=True, align=align
            )
        name: list[Piece] = [(seller.name, facts.mark("seller_name"))]
        y = self.page.lines(
            x, y, width, [name], size=size * house.choice((1, 1.2, 1.6)), bold=house.random() < 0.6, align=align
        )
        mark = facts.mark("seller_address")
        lines: list[list[Piece]] = [[piece] for piece in seller.printed(mark)]
        if house.random() < 0.25 and facts.language != "zh":
            lines = [[(", ".join(line.rstrip(",") for line in seller.lines), mark)]]
            lines[0] += [(f", {seller.country}", None)] * bool(seller.country)
        for key, value, chance in (("phone", seller.phone, 0.6), ("fax", seller.fax, 0.2), ("mail", seller.mail, 0.4)):
            if house.random() < chance:
                lines.append(self.page.labelled(key, plain(value)))
        if house.random() < 0.3:
            lines.append(plain(seller.web))
        if house.random() < 0.35:
            lines.append(plain(seller.reg))
        if house.random() < 0.55:
            lines.append(self.page.labelled("seller_tax_id", [(seller.tax, facts.mark("seller_tax_id"))]))
        return self.page.lines(x, y, width, lines, align=align)

    def _seller_centred(self, x: float, y: float, width: float) -> float:
        return self._seller(x, y, width, "c")

    def _from(self, x: float, y: float, width: float) -> float:
        y = self.page.lines(x, y, width, [plain(self.facts.word("from") + self.page.mark)], bold=True)
        return self._seller(x, y, width, "l")

    def _seller_line(self, x: float, y: float, width: float) -> float:
        """Name and address in one line across the page."""
        facts = self.facts
        address = facts.mark("seller_address")
        sep = self.house.choice((" - ", " · ", " | ", ", "))
        pieces: list[Piece] = [(facts.seller.name, facts.mark("seller_name"))]
        for piece in facts.seller.printed(address):
            pieces += [(sep.strip(), None), piece]
        if self.house.random() < 0.4:
            pieces += [(sep.strip(), None), *self.page.labelled("phone", plain(facts.seller.phone))]
        return self.page.lines(x, y, width, [pieces], align=self.house.choice("lcr"))

    def _brand(self, x: float, y: float, width: float) -> float:
        """Only a mark at the top: the first words of the name, or nothing."""
        name = self.facts.seller.brand or self.facts.seller.name.split(" ")[0][:12]
        return self.page.lines(
            x,
            y,
            width,
            [plain(name)],
            size=self.paper.size * self.house.uniform(1.3, 2.2),
            bold=True,
            align=self.house.choice("lrc"),
        )

    def _window(self, x: float, y: float, width: float) -> float:
        """The address window of a business letter: a small sender line above the buyer."""
        facts, seller = self.facts, self.facts.seller
        y += self.paper.size * 2
        small = self.paper.size * 0.7
        mark_name, mark_lines = facts.mark("seller_name"), facts.mark("seller_address")
        sep = self.house.choice((" - ", " · ", ", ", " * "))
        pieces: list[Piece] = [(seller.name + ("," if sep == ", " else ""), mark_name)]
        printed = seller.printed(mark_lines)
        for number, (line, mark) in enumerate(printed):
            if sep != ", ":
                pieces.append((sep.strip(), None))
            is_last = number + 1 == len(printed)
            pieces.append((line + ("," if sep == ", " and not is_last and line[-1] != "," else ""), mark))
        y = self.page.lines(x, y, width, [pieces], size=small)
        return self._party(x, y + self.paper.size * 0.6, width)

    def _buyer(self, x: float, y: float, width: float) -> float:
        heading = self.house.random()
        label = self.facts.word("bill_to") + self.page.mark
        if heading < 0.65:
            y = self.page.lines(x, y, width, [plain(label)], bold=self.house.random() < 0.6)
            return self._party(x, y, width)
        return self._party(x, y, width, label if heading < 0.85 else "")

    def _party(self, x: float, y: float, width: float, label: str = "") -> float:
        facts, buyer = self.facts, self.facts.buyer
        name: list[Piece] = [(buyer.name, facts.mark("buyer_name"))]
        lines: list[list[Piece]] = [[*plain(label), *name] if label else name]
        if self.rng.random() < 0.2:
            lines.append(plain(facts.fill(_ATTENTION[facts.language])))
        mark = facts.mark("buyer_address")
        lines += [[piece] for piece in buyer.printed(mark)]
        if self.rng.random() < 0.2:
            lines.append(self.page.labelled("phone", plain(buyer.phone)))
        if self.rng.random() < 0.3:
            lines.append(self.page.labelled("buyer_tax_id", [(buyer.tax, facts.mark("buyer_tax_id"))]))
        return self.page.lines(x, y, width, lines, bold=False)

    def _ship(self, x: float, y: float, width: float) -> float:
        facts = self.facts
        if self.house.random() < 0.4:
            return self.page.lines(x, y, width, [self.page.labelled(*self._extra())])
        same = self.rng.random() < 0.6
        name = facts.buyer.name if same else facts.fill("<core>")
        address = [*facts.buyer.lines, facts.buyer.country] if same else facts.fill("<address>").split("|")
        lines = [plain(facts.word("ship_to") + self.page.mark), plain(name), *(plain(line) for line in address if line)]
        return self.page.lines(x, y, width, lines)

    def _card(self, x: float, y: float, width: float, rows: Sequence[Row], head: str) -> float:
        """A heading and `label: value` lines, the values at one tab stop."""
        y = self.page.lines(x, y, width, [plain(self.facts.word(head))], bold=True, size=self.paper.size * 1.15)
        return self._tabbed(x, y, width, rows)

    def _card_seller(self, x: float, y: float, width: float) -> float:
        facts, seller = self.facts, self.facts.seller
        mark = facts.mark("seller_address")
        rows: list[Row] = [("name", [(seller.name, facts.mark("seller_name"))])]
        rows += [("address" if not number else "", [piece]) for number, piece in enumerate(seller.printed(mark))]
        rows.append(("seller_tax_id", [(seller.tax, facts.mark("seller_tax_id"))]))
        if self.house.random() < 0.5:
            rows.append(("phone", plain(seller.phone)))
        return self._card(x, y, width, rows, "seller_head")

    def _card_buyer(self, x: float, y: float, width: float) -> float:
        facts, buyer = self.facts, self.facts.buyer
        mark = facts.mark("buyer_address")
        rows: list[Row] = [("name", [(buyer.name, facts.mark("buyer_name"))])]
        rows += [("address" if not number else "", [piece]) for number, piece in enumerate(buyer.printed(mark))]
        if self.house.random() < 0.6:
            rows.append(("buyer_tax_id", [(buyer.tax, facts.mark("buyer_tax_id"))]))
        return self._card(x, y, width, rows, "buyer_head")

    # ---- title and numbers -------------------------------------------------------------------------------------
    def _title_key(self) -> str:
        return _TITLES.get(self.facts.kind, "title")

    def _title(self, x: float, y: float, width: float, align: str = "l") -> float:
        facts = self.facts
        pieces = facts.label(self._title_key())
        if self.house.random() < 0.25 and not facts.is_marked("invoice_no"):
            pieces = [
                *pieces,
                (self.house.choice(("", "#", "Nr.", "No.")) if facts.language != "zh" else "", None),
                (facts.number, facts.mark("invoice_no")),
            ]
        return self.page.lines(
            x, y, width, [pieces], size=self.page.title_size, bold=self.house.random() < 0.7, align=align
        )

    def _title_centred(self, x: float, y: float, width: float) -> float:
        return self._title(x, y, width, "c")

    def _sentence(self, x: float, y: float, width: float) -> float:
        """Number and date within the title: "Invoice 4711 dated 3 May 2024"."""
        facts = self.facts
        if facts.is_marked("invoice_no"):
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
        return self.page.lines(x, y, width, [pieces], size=self.page.title_size * 0.75, bold=self.house.random() < 0.5)

    def _rows(self) -> list[Row]:
        """The numbers and dates that the head of an invoice carries; without those printed before."""
        facts, house = self.facts, self.house
        if self._has_rows:
            return [self._extra() for _ in range(house.randrange(1, 4))]
        self._has_rows = True
        rows: list[Row] = []
        if not facts.is_marked("invoice_no"):
            key = "credit_no" if facts.kind == "credit" else "invoice_no"
            rows.append((key, [(facts.number, facts.mark("invoice_no"))]))
        if not facts.is_marked("invoice_date"):
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
        if house.random() < 0.1 and not facts.is_marked("seller_tax_id"):
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
        """A row without a field, as a distraction for models."""
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
        tab = max(
            (self.paper.measure(plain(self.facts.word(key) + self.page.mark)) for key, _ in rows if key), default=0
        )
        tab = min(tab + self.paper.size * 1.2, width * 0.55)
        for key, value in rows:
            ends = [y]
            if key:
                ends.append(
                    self.page.lines(
                        x, y, tab - 4, [plain(self.facts.word(key) + self.page.mark)], bold=self.page.bold_labels
                    )
                )
            ends.append(self.page.lines(x + tab, y, width - tab, [value]))
            y = max(ends)
        return y

    def _meta(self, x: float, y: float, width: float) -> float:
        rows = self._rows()
        form = self.house.random()
        if form < 0.5:
            return self._tabbed(x, y, width, rows)
        if form < 0.8:
            align = "r" if form > 0.72 else "l"
            return self.page.lines(x, y, width, [self.page.labelled(key, value) for key, value in rows], align=align)
        for key, value in rows:
            fits = self.paper.measure(plain(self.facts.word(key))) + self.paper.measure(value) < width - 12
            end = self.page.lines(
                x, y, width, [plain(self.facts.word(key) + self.page.mark)], bold=self.page.bold_labels
            )
            y = max(end, self.page.lines(x, y if fits else end, width, [value], align="r"))
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
                self.page.lines(
                    x + share * n + 3, y + 2, share - 8, [plain(self.facts.word(k))], bold=self.page.bold_labels
                )
                for n, (k, _) in enumerate(part)
            )
            end = max(self.page.lines(x + share * n + 3, head, share - 8, [v]) for n, (_, v) in enumerate(part))
            if self.page.grid:
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
                below = self.page.lines(left, y, share - 10, [plain(self.facts.word(key))], size=self.paper.size * 0.85)
                ends.append(self.page.lines(left, below, share - 10, [value], bold=self.page.bold_labels))
            y = max(ends) + self.paper.size * 0.4
        return y

    def _terms(self, x: float, y: float, width: float) -> float:
        return self.page.lines(x, y, width, [self.page.labelled("terms", plain(self.facts.text("terms_value")))])

    def _summary(self, x: float, y: float, width: float) -> float:
        """A bill's summary before the details: with balances and dates that are no fields."""
        facts, rng = self.facts, self.rng
        y = self.page.lines(x, y, width, [plain(facts.word("account_summary"))], bold=True, size=self.paper.size * 1.2)
        period = f"{facts.other_date()} - {facts.date(facts.day)}"
        rows: list[Row] = [("customer_no", plain(facts.fill("#### #### ####"))), ("period", plain(period))]
        rows.append(("previous", facts.priced(rng.randrange(500, 90_000))))
        rows.append(("total", facts.priced(facts.total)))
        return self._tabbed(x, y, width * 0.75, rows)
