"""Chinese fapiao-like forms: wide sheets with framed parties, goods and sums in figures and in capitals."""

from random import Random

from workbench.samples.content import Facts, chinese_capitals
from workbench.samples.placed_words import SANS, SERIF, Paper, Piece, plain

TEMPLATES = ("fapiao-framed", "fapiao-digital", "fapiao-roll")


def compose(facts: Facts, house: Random, template: str, plain_print: bool) -> Paper:
    """A fapiao-like form of this template."""
    return _Fapiao(facts, house, template).write()


class _Fapiao:
    def __init__(self, facts: Facts, house: Random, template: str) -> None:
        self.facts, self.house, self.template = facts, house, template
        roll = template == "fapiao-roll"
        facts.number = facts.fill(house.choice(("########", "########", "##################", "2#################")))
        if template == "fapiao-digital":
            facts.number = facts.fill("2###%000000#########")
        facts.known["invoice_no"] = facts.number
        facts.items = facts.items[: 7 if not roll else 5]
        self._resum()
        width, height = (190.0, 420.0) if roll else (house.choice((610.0, 595.0)), house.choice((396.0, 410.0)))
        self.paper = Paper(width, height, house.choice((SANS, SERIF)), 8.5 if not roll else 8, glued=True)
        self.left, self.right = (10.0, width - 10) if roll else (32.0, width - 32)
        self.mark = house.choice(("：", ":", "："))

    def _resum(self) -> None:
        """The form has space for few goods: the sums are those of the printed ones."""
        facts = self.facts
        facts.discount = facts.shipping = 0
        facts.net = sum(item.amount for item in facts.items)
        facts.tax = round(facts.net * float(facts.rate) / 100)
        facts.total = facts.net + facts.tax
        for field, cents in (("amount_net", facts.net), ("amount_tax", facts.tax), ("amount_total", facts.total)):
            facts.known[field] = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"

    def pair(self, label: str, value: list[Piece] | str, sep: str | None = None) -> list[Piece]:
        """`label：value` as pieces."""
        pieces = plain(value) if isinstance(value, str) else value
        return [(label + (self.mark if sep is None else sep), None), *pieces]

    def party(self, buyer: bool, x: float, y: float, width: float) -> float:
        """Name, tax number, address with phone, bank with account, one line each."""
        facts = self.facts
        who = facts.buyer if buyer else facts.seller
        side = "buyer" if buyer else "seller"
        spaced = self.house.random() < 0.3
        lines = [
            self.pair("名 称" if spaced else "名称", [(who.name, facts.mark(f"{side}_name"))]),
            self.pair(
                "统一社会信用代码/纳税人识别号" if self.template == "fapiao-digital" else "纳税人识别号",
                [(who.tax, facts.mark(f"{side}_tax_id"))],
            ),
        ]
        if self.template != "fapiao-digital":
            lines.append(
                self.pair(
                    "地址、电话" if self.template == "fapiao-framed" else "地址",
                    [(who.lines[0], facts.mark(f"{side}_address")), (f" {who.phone}", None)],
                )
            )
            lines.append(self.pair("开户行及账号", f"{who.bank} {who.account}"))
        return self.paper.column(x, y, width, lines, leading=1.45)

    def write(self) -> Paper:
        if self.template == "fapiao-roll":
            return self._roll()
        facts, paper, house = self.facts, self.paper, self.house
        digital = self.template == "fapiao-digital"
        short = facts.locale.rules["short"]
        kind = house.choice(("普通发票", "专用发票", "普通发票"))
        title = f"电子发票（{kind}）" if digital else f"{house.choice(short)}增值税{house.choice(('', '电子'))}{kind}"
        paper.put(paper.width / 2, 22, plain(title), size=16, align="c")
        paper.rule(paper.width / 2 - 95, 42, paper.width / 2 + 95)
        rows = [
            self.pair("发票号码", [(facts.number, facts.mark("invoice_no"))]),
            self.pair("开票日期", facts.dated("invoice_date")),
        ]
        if not digital:
            rows.insert(0, self.pair("发票代码", facts.fill("0%##00######")))
            rows.append(self.pair("校验码", facts.fill("##### ##### ##### #####")))
        side = self.right - 150
        paper.column(side, 20, 150, rows, size=8, leading=1.4)
        if not digital:
            paper.column(self.left, 34, 130, [self.pair("机器编号", facts.fill("6%##########"))], size=8)
        y = self._parties(74 if not digital else 66, digital)
        y = self._goods(y)
        y = self._sums(y)
        return self._foot(y, digital)

    def _parties(self, y: float, digital: bool) -> float:
        paper, middle = self.paper, self.paper.width / 2
        if digital:
            for buyer, x in ((True, self.left), (False, middle)):
                head = "购买方信息" if buyer else "销售方信息"
                paper.put(x + 6, y + 4, plain(head), size=8)
                end = self.party(buyer, x + 6, y + 19, middle - self.left - 14)
            paper.box(self.left, y, middle, end + 2)
            paper.box(middle, y, self.right, end + 2)
            return end + 2
        paper.put(self.left + 4, y + 4, plain("购买方"), size=8)
        end = self.party(True, self.left + 44, y + 4, middle - self.left - 20)
        cipher = [
            plain(self.facts.fill("#<#*##>/##-##+#<##*##>##".replace("<", "‹").replace(">", "›"))) for _ in range(3)
        ]
        paper.column(middle + 50, y + 4, self.right - middle - 54, cipher, size=8, leading=1.5)
        paper.put(middle + 34, y + 4, plain("密"), size=8)
        paper.box(self.left, y, self.right, end + 2)
        return end + 2

    def _goods(self, y: float) -> float:
        facts, paper = self.facts, self.paper
        width = self.right - self.left
        heads = (
            ("货物或应税劳务、服务名称" if self.template == "fapiao-framed" else "项目名称", 0.0, "l"),
            ("规格型号", 0.29, "l"),
            ("单位", 0.4, "l"),
            ("数量", 0.53, "r"),
            ("单价", 0.66, "r"),
            ("金额", 0.8, "r"),
            ("税率", 0.87, "r"),
            ("税额", 0.99, "r"),
        )
        for text, share, align in heads:
            paper.put(self.left + 4 + share * width, y + 3, plain(text), size=8, align=align)
        top = y
        y += 17
        left_tax = facts.tax
        for number, item in enumerate(facts.items, 1):
            tax = left_tax if number == len(facts.items) else round(item.amount * float(facts.rate) / 100)
            left_tax -= tax
            size = facts.fill("<size>") if facts.rng.random() < 0.4 else ""
            cells = (
                item.text,
                size,
                item.unit,
                item.quantity,
                facts.amount(item.price),
                facts.amount(item.amount),
                f"{facts.rate}%",
                facts.amount(tax),
            )
            ends = [y]
            for cell, (_, share, align) in zip(cells, heads, strict=True):
                if share == 0:
                    ends.append(paper.column(self.left + 4, y, width * 0.27, [plain(cell)], size=8))
                elif cell:
                    paper.put(self.left + 4 + share * width, y, plain(cell), size=8, align=align)
            y = max(*ends, y + 11)
        y = max(y, top + 105)
        if facts.rng.random() < 0.85:
            paper.put(self.left + 40, y, plain("合 计" if self.house.random() < 0.4 else "合计"), size=8)
            sign = facts.sign if facts.sign in "¥￥" else "¥"
            paper.put(
                self.left + 4 + 0.8 * width,
                y,
                [(sign + facts.amount(facts.net), facts.mark("amount_net"))],
                size=8,
                align="r",
            )
            paper.put(
                self.left + 4 + 0.99 * width,
                y,
                [(sign + facts.amount(facts.tax), facts.mark("amount_tax"))],
                size=8,
                align="r",
            )
            y += 14
        paper.box(self.left, top, self.right, y)
        return y

    def _sums(self, y: float) -> float:
        facts, paper = self.facts, self.paper
        sign = facts.sign if facts.sign in "¥￥" else "¥"
        paper.put(self.left + 10, y + 5, plain("价税合计（大写）"))
        paper.put(self.left + 120, y + 5, plain(chinese_capitals(facts.total)))
        paper.put(
            self.right - 190,
            y + 5,
            [("（小写）", None), (sign + facts.amount(facts.total), facts.mark("amount_total"))],
        )
        paper.box(self.left, y, self.right, y + 19)
        return y + 19

    def _foot(self, y: float, digital: bool) -> Paper:
        facts, paper = self.facts, self.paper
        middle = paper.width / 2
        if digital:
            paper.column(self.left + 6, y + 5, middle, [self.pair("备注", facts.fill("订单号%#########"))], size=8)
            end = y + 42
        else:
            paper.put(self.left + 4, y + 5, plain("销售方"), size=8)
            end = self.party(False, self.left + 44, y + 4, middle - self.left - 10)
            paper.column(
                middle + 40,
                y + 5,
                self.right - middle - 44,
                [self.pair("备注", facts.fill("合同号HT-20##-###"))],
                size=8,
            )
        paper.box(self.left, y, self.right, end + 2)
        y = end + 8
        share = (self.right - self.left) / 4
        names = ("开票人",) if digital else ("收款人", "复核", "开票人", "销售方（章）")
        for number, name in enumerate(names):
            value = "" if "章" in name else facts.fill("<surname><first>")
            paper.put(self.left + 12 + share * number, y, self.pair(name, value), size=8)
        paper.height = paper.sheet.height = max(paper.height, y + 24)
        return paper

    def _roll(self) -> Paper:
        """The narrow form that tills and taxis print."""
        facts, paper = self.facts, self.paper
        width = self.right - self.left
        paper.put(
            paper.width / 2,
            14,
            plain(facts.house.choice(facts.locale.rules["city"])[:2] + "通用机打发票"),
            size=11,
            align="c",
        )
        seller, buyer = facts.seller, facts.buyer
        rows: list[list[Piece]] = [
            self.pair("发票代码", facts.fill("1%##########")),
            self.pair("发票号码", [(facts.number, facts.mark("invoice_no"))]),
            self.pair("机打号码", facts.fill("########")),
            self.pair("销售方名称", [(seller.name, facts.mark("seller_name"))]),
            self.pair("纳税人识别号", [(seller.tax, facts.mark("seller_tax_id"))]),
            self.pair("开票日期", facts.dated("invoice_date")),
            self.pair("收款员", facts.fill("<surname><first>")),
            self.pair("购买方名称", [(buyer.name, facts.mark("buyer_name"))]),
        ]
        y = paper.column(self.left, 34, width, rows, leading=1.5)
        y = paper.column(self.left, y + 3, width, [plain("项目 数量 金额")], leading=1.5)
        for item in facts.items:
            y = paper.column(self.left, y, width, [plain(item.text)], leading=1.4)
            amount = plain(facts.amount(item.amount))
            paper.put(self.left + width * 0.3, y, plain(item.quantity))
            paper.put(self.right, y, amount, align="r")
            y += paper.size * 1.4
        for label, field, cents in (
            ("合计金额", "amount_net", facts.net),
            ("税额", "amount_tax", facts.tax),
            ("价税合计", "amount_total", facts.total),
        ):
            paper.put(self.left, y, plain(label + self.mark))
            paper.put(self.right, y, facts.priced(cents, field, sign=True), align="r")
            y += paper.size * 1.6
        y = paper.column(self.left, y, width, [plain("大写" + self.mark + chinese_capitals(facts.total))])
        paper.height = paper.sheet.height = y + 20
        return paper
